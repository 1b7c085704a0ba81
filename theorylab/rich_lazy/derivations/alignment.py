"""How far the kernel turns: one task, and the average over tasks."""

from sympy import Derivative, Function, Symbol, Trace, factor, simplify, sqrt

from theorylab.rich_lazy.derivations.symbols import (
    K_0,
    ONE,
    PR,
    SCALES,
    SIZES,
    C,
    K_f,
    M,
    alignment,
    average_q,
    beta,
    end_kernel,
    inner,
    length,
    n,
    omega,
    q,
    sigma,
    size,
)
from theorylab.symbolic import (
    Bound,
    Derivation,
    Instance,
    Interval,
    Limit,
    Rewrite,
    expand_products,
)

_KA = Function(r"\mathrm{KA}", positive=True)
_mean = Symbol(r"\mathrm{E\,KA}", positive=True)
_A = Function("A", positive=True)(PR)

ALIGNMENT = Derivation(
    "rich_lazy/alignment",
    title="How far the kernel turns",
    about=(
        "The kernel alignment KA is the cosine of the angle between the kernel before and after "
        "training: one if the kernel kept its direction (lazy), small if it turned (rich). From a "
        "small start the end is known, so the alignment is a function of the start alone. "
        "$\\sigma = \\lVert W_1(0)\\rVert_F$ and $\\omega = \\lVert w_2(0)\\rVert$ are the scales "
        "of the two layers, and $M = W_1(0)^T W_1(0)$."
    ),
    domain={
        **SIZES,
        **SCALES,
        PR: Interval(1, n),
        q: Interval("1/100", 3),
        average_q: Interval("1/100", 3),
        _KA(q): Interval("1/10", 1),
        _mean: Interval("1/10", 1),
        _A: Interval("1/10", 1),
    },
)


def _task(d: Derivation) -> None:
    d.assume("start", K_0, M + omega**2 * ONE, why="The kernel before training.")
    d.assume(
        "end",
        K_f,
        end_kernel(),
        why="The kernel after training from a small start.",
        source="derived here, in rich_lazy/small-start",
    )
    d.assume("norm", size, length(), why="The length of the target.")
    d.step(
        "overlap",
        Trace(K_0 * K_f),
        size * (inner(beta, M * beta) / size**2 + Trace(M) + omega**2 * (n + 1)),
        by=Rewrite(how=expand_products),
        using=("start", "end", "norm"),
        why="The inner product of the two kernels sees of the first layer its squared norm, and "
        "its strength $b^T M b$ along the task.",
    )
    d.step(
        "start-norm",
        Trace(K_0 * K_0),
        Trace(M * M) + 2 * omega**2 * Trace(M) + n * omega**4,
        by=Rewrite(how=expand_products),
        using=("start",),
        why="The norm before training also sees how the strength is spread over directions.",
    )
    d.step(
        "end-norm",
        Trace(K_f * K_f),
        size**2 * (n + 3),
        by=Rewrite(how=expand_products),
        using=("end", "norm"),
        why="The norm after training.",
    )
    d.assume(
        "spectrum",
        (Trace(M), Trace(M * M)),
        (sigma**2, sigma**4 / PR),
        why="The squared norm of the first layer, and its participation ratio "
        "$\\mathrm{PR} = (\\operatorname{Tr} M)^2 / \\operatorname{Tr} M^2$, an effective rank.",
    )
    d.assume(
        "along", inner(beta, M * beta), q * size**2, why="The strength $q = b^T M b$ on the task."
    )
    d.assume(
        "definition",
        _KA(q),
        Trace(K_0 * K_f) / (sqrt(Trace(K_0 * K_0)) * sqrt(Trace(K_f * K_f))),
        why="The alignment of two kernels: the cosine of the angle between them.",
        source="liu2024connectivity",
    )
    d.step(
        "one-task",
        _KA(q),
        alignment(q),
        by=Rewrite(),
        using=("definition", "overlap", "start-norm", "end-norm", "spectrum", "along"),
        why="The alignment for one task.",
    )


def _average(d: Derivation) -> None:
    d.step(
        "along-trace",
        inner(beta, M * beta),
        Trace(M * (beta * beta.T)),
        by=Rewrite(how=expand_products),
        why="The strength along the task is linear in $bb^T$: its average over tasks needs of the "
        "tasks only their covariance $C = \\mathrm{E}\\,bb^T$.",
    )
    d.assume("tasks", average_q, Trace(M * C), why="The average strength along a task.")
    d.assume(
        "mean",
        _mean,
        _KA(average_q),
        why="The alignment is linear in $q$: its average is its value at the average of $q$.",
    )
    d.step(
        "average-strength",
        _mean,
        alignment(average_q),
        by=Instance({q: average_q}),
        using=("one-task", "mean"),
        why="So the average alignment is that of a task of average strength.",
    )
    d.step(
        "any-tasks",
        _mean,
        alignment(Trace(M * C)),
        by=Rewrite(),
        using=("average-strength", "tasks"),
        why="The average alignment, for tasks with any covariance.",
    )
    d.assume("isotropic", C, ONE / n, why="Tasks in all directions alike.")
    d.step(
        "isotropic-strength",
        Trace(M * C),
        Trace(M) / n,
        by=Rewrite(how=expand_products),
        using=("isotropic",),
        why="Then the average strength along a task depends on the norm alone.",
    )
    d.assume("average", _A, _mean, why="The average over tasks, as a function of the PR.")
    d.step(
        "expected",
        _A,
        alignment(sigma**2 / n),
        by=Rewrite(),
        using=("average", "any-tasks", "isotropic-strength", "spectrum"),
        why="The average alignment over isotropic tasks: of the spectrum of the first layer only "
        "the participation ratio is left.",
    )


def _monotone(d: Derivation) -> None:
    slope = (
        sigma**4
        * (n + 1) ** 2
        * (n * omega**2 + sigma**2) ** 2
        / (n**2 * (n + 3) * (PR * n * omega**4 + 2 * PR * omega**2 * sigma**2 + sigma**4) ** 2)
    )
    d.step(
        "slope",
        Derivative(_A**2, PR),
        slope,
        by=Rewrite(how=simplify),
        using=("expected",),
        why="How the squared average alignment changes with the participation ratio.",
    )
    d.step(
        "increasing",
        Derivative(_A**2, PR),
        0,
        relation=">",
        by=Bound(how=(simplify, factor)),
        using=("expected",),
        why="At fixed norms, the higher the effective rank, the less the kernel turns on average: "
        "lazier. All that holds in the limit of a small start.",
        source="liu2024connectivity, in the form proved here",
    )
    d.assume("equal", omega, sigma, why="Both layers start with the same norm.")
    d.step(
        "equal-norms",
        _A,
        (n + 1) ** 2 / (n * sqrt(n + 3) * sqrt(n + 2 + 1 / PR)),
        by=Rewrite(how=_squared),
        using=("expected", "equal"),
        why="With equal norms nothing is left of the scale.",
    )
    d.step(
        "small-readout",
        alignment(sigma**2 / n),
        (1 + 1 / n) * sqrt(PR / (n + 3)),
        by=Limit(omega, 0, how=simplify),
        why="With a readout that starts far smaller than the first layer, the alignment is "
        "proportional to the root of the effective rank.",
    )
    d.assume("flat", PR, n, why="All singular values of the first layer are equal.")
    d.step(
        "flat-start",
        _A,
        (n + 1) / (sqrt(n) * sqrt(n + 3)),
        by=Rewrite(how=_squared),
        using=("expected", "flat"),
        why="The laziest start; it takes as many hidden units as inputs. Its alignment does not "
        "depend on the ratio of the norms.",
    )
    d.assume("single", PR, 1, why="A first layer of rank one.")
    d.step(
        "rank-one",
        _A,
        (n + 1) ** 2 / (n * (n + 3)),
        by=Rewrite(how=_squared),
        using=("equal-norms", "single"),
        why="The richest start with equal norms.",
    )


def _squared(expr):
    """Zero if the first term and the rest have the same square, which decides up to the sign.

    The sign is settled by the points at which the decider evaluates the two sides.
    """
    first, *rest = expr.as_ordered_terms() if expr.is_Add else (expr,)
    return simplify(first**2 - sum(rest) ** 2)


_task(ALIGNMENT)
_average(ALIGNMENT)
_monotone(ALIGNMENT)
