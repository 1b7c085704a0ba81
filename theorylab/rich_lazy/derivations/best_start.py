"""Which start is laziest for given tasks: the aligned exception and the theorem are one."""

from sympy import MatrixSymbol, Symbol, Trace, sqrt, symbols

from theorylab.rich_lazy.derivations.symbols import (
    K_0,
    ONE,
    SCALES,
    SIZES,
    C,
    M,
    n,
    omega,
    sigma,
)
from theorylab.symbolic import Bound, Derivation, Interval, Rewrite, expand_products

_T = MatrixSymbol("T", n, n)
_a, _b, _k, _c = symbols("a b k c", positive=True)
_mean = Symbol(r"\mathrm{E\,KA}", positive=True)
_gap = Symbol("v", real=True)

BEST_START = Derivation(
    "rich_lazy/best-start",
    title="The laziest start for given tasks",
    about=(
        "Averaged over tasks with covariance $C = \\mathrm{E}\\,bb^T$, the alignment is an inner "
        "product between the initial kernel, scaled to length one, and a fixed matrix $T = C + I$. "
        "The inequality of Cauchy and Schwarz then says which start is laziest: the one whose "
        "kernel is proportional to $T$. Isotropic tasks and a single task are its two ends."
    ),
    domain={
        **SIZES,
        **SCALES,
        **{symbol: Interval("1/10", 3) for symbol in (_a, _b, _k, _c)},
        _mean: Interval("1/10", 1),
        _gap: Interval(0, 3),
    },
)


def _bound(d: Derivation) -> None:
    d.assume("start", K_0, M + omega**2 * ONE, why="The kernel before training.")
    d.assume(
        "goal",
        _T,
        C + ONE,
        why="The matrix to which the average of the final kernels is proportional.",
    )
    d.step(
        "inner-product",
        Trace(K_0 * _T),
        Trace(M * C) + Trace(M) + omega**2 * Trace(C) + n * omega**2,
        by=Rewrite(how=expand_products),
        using=("start", "goal"),
        why="Its inner product with the initial kernel.",
    )
    d.assume(
        "norms",
        (Trace(M), Trace(C)),
        (sigma**2, 1),
        why="The norm of the first layer; and $b$ has length one, so that $C$ has trace one.",
    )
    d.step(
        "numerator",
        Trace(K_0 * _T),
        Trace(M * C) + sigma**2 + omega**2 * (n + 1),
        by=Rewrite(),
        using=("inner-product", "norms"),
        why="This is the numerator of the average alignment.",
    )
    d.assume("goal-norm", _a, Trace(_T * _T), why="The squared norm of $T$.")
    d.assume("product", _b, Trace(K_0 * _T), why="the inner product.")
    d.assume("kernel-norm", _k, Trace(K_0 * K_0), why="and the squared norm of the kernel.")
    d.step(
        "residual",
        Trace((_a * K_0 - _b * _T) * (_a * K_0 - _b * _T)),
        _a * (_a * _k - _b**2),
        by=Rewrite(how=expand_products),
        using=("goal-norm", "product", "kernel-norm"),
        why="How far the two are from being proportional.",
    )
    d.assume("distance", _gap, _a * (_a * _k - _b**2), why="This is a squared distance.")
    d.assume("nonnegative", _gap, 0, relation=">=", why="so it is not negative.")
    d.step(
        "at-most",
        _b**2 / (_k * (n + 3)),
        _a / (n + 3),
        relation="<=",
        by=Bound(multipliers={"nonnegative": 1 / (_a * _k * (n + 3))}),
        using=("distance", "nonnegative"),
        why="The left side is the square of the average alignment. It is largest where the kernel "
        "is proportional to $T$, and only there.",
    )
    d.step(
        "goal-square",
        Trace(_T * _T),
        Trace(C * C) + 2 * Trace(C) + n,
        by=Rewrite(how=expand_products),
        using=("goal",),
        why="The squared norm of $T$.",
    )
    d.assume("best-mean", _mean, sqrt(Trace(_T * _T)) / sqrt(n + 3), why="The largest value.")
    d.step(
        "largest",
        _mean,
        sqrt(Trace(C * C) + n + 2) / sqrt(n + 3),
        by=Rewrite(),
        using=("best-mean", "goal-square", "norms"),
        why="The largest average alignment. It is one for a single task, where "
        "$\\operatorname{Tr} C^2 = 1$, and smaller the more directions the tasks use.",
    )


def _attained(d: Derivation) -> None:
    d.assume("best", M, _c * (C + ONE) - omega**2 * ONE, why="The start whose kernel is $cT$.")
    d.step(
        "best-kernel",
        M + omega**2 * ONE,
        _c * (C + ONE),
        by=Rewrite(how=expand_products),
        using=("best",),
        why="Its kernel is proportional to $T$.",
    )
    d.step(
        "best-trace",
        Trace(M),
        _c * Trace(C) + n * (_c - omega**2),
        by=Rewrite(how=expand_products),
        using=("best",),
        why="Its norm fixes $c$.",
    )
    d.assume("unit", Trace(C), 1, why="$C$ has trace one.")
    d.assume("constant", _c, (sigma**2 + n * omega**2) / (n + 1), why="The right constant.")
    d.step(
        "best-norm",
        Trace(M),
        sigma**2,
        by=Rewrite(),
        using=("best-trace", "unit", "constant"),
        why="With it the first layer has the norm that is given.",
    )
    d.step(
        "least-eigenvalue",
        _c - omega**2,
        (sigma**2 - omega**2) / (n + 1),
        by=Rewrite(),
        using=("constant",),
        why="No eigenvalue of the best $M$ is below this: there is such a first layer whenever the "
        "readout does not start longer than the first layer, and there are at least as many hidden "
        "units as inputs. With fewer, $M$ is of lower rank and the bound is in general not "
        "reached.",
    )
    d.assume("equal", omega, sigma, why="Equal norms.")
    d.step(
        "best-equal",
        M,
        sigma**2 * C,
        by=Rewrite(how=expand_products),
        using=("best", "constant", "equal"),
        why="With equal norms the laziest first layer has the covariance of the tasks: isotropic "
        "for isotropic tasks, rank one along a single task.",
    )
    d.assume("no-readout", omega, 0, why="A readout that starts far smaller.")
    d.step(
        "best-small-readout",
        M,
        sigma**2 * (C + ONE) / (n + 1),
        by=Rewrite(how=expand_products),
        using=("best", "constant", "no-readout"),
        why="Without the readout's share the first layer has to bring all directions itself: the "
        "laziest start has full rank even for a single task, and an aligned start of rank one is "
        "no longer lazy.",
    )


_bound(BEST_START)
_attained(BEST_START)
