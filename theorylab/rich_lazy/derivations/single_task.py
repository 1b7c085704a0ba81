"""Low rank and lazy: starts of rank one, aligned with a task or not; and two companions."""

from sympy import Function, MatrixSymbol, Symbol, Trace, simplify, sqrt

from theorylab.rich_lazy.derivations.symbols import (
    K_0,
    ONE,
    PR,
    SCALES,
    SIZES,
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
    start_norm,
)
from theorylab.symbolic import Derivation, Instance, Interval, Limit, Rewrite, expand_products

_v = MatrixSymbol("v", n, 1)
_M_f = MatrixSymbol("M_f", n, n)
_cos2 = Symbol("c^2", positive=True)
_KA = Symbol(r"\mathrm{KA}", positive=True)
_RA, _A0 = Function(r"\mathrm{RA}", positive=True), Function("A_0", positive=True)
_E_RA, _E_A0 = Symbol(r"\mathrm{E\,RA}", positive=True), Symbol(r"\mathrm{E}\,A_0", positive=True)
_kappa = Symbol("kappa", positive=True)

SINGLE_TASK = Derivation(
    "rich_lazy/single-task",
    title="Starts of rank one, and other measures",
    about=(
        "A start of low rank is rich on average, but not always: along the task a first layer of "
        "rank one is as lazy as can be, if the readout starts as large. Two companions of the "
        "kernel alignment, in the same limit: the representation alignment RA, which leaves out "
        "the readout, and the alignment $A_0$ of the initial kernel with the task."
    ),
    domain={
        **SIZES,
        **SCALES,
        PR: Interval(1, n),
        _kappa: Interval("1/10", 10),
        average_q: Interval("1/100", 3),
        q: Interval("1/100", 3),
        **{s: Interval("1/100", 1) for s in (_cos2, _KA, _RA(q), _A0(q), _E_RA, _E_A0)},
    },
)


def _rank_one(d: Derivation) -> None:
    d.assume(
        "unit",
        _cos2,
        inner(beta, _v) ** 2 / inner(beta, beta),
        why="The squared cosine $c^2$ of the angle between the task and the unit vector $v$.",
    )
    d.assume("norm", size, length(), why="The length of the target.")
    d.step(
        "strength",
        inner(beta, (sigma**2 * _v * _v.T) * beta),
        sigma**2 * _cos2 * size**2,
        by=Rewrite(how=expand_products),
        using=("unit", "norm"),
        why="A first layer of rank one along $v$, $M = \\sigma^2 vv^T$, has this strength on the "
        "task.",
    )
    d.assume(
        "one-task",
        _KA,
        alignment(q),
        why="The alignment for one task.",
        source="derived here, in rich_lazy/alignment",
    )
    d.assume("along", q, sigma**2 * _cos2, why="This strength.")
    d.assume("single", PR, 1, why="Rank one.")
    d.step(
        "rank-one",
        _KA,
        alignment(sigma**2 * _cos2, 1),
        by=Rewrite(),
        using=("one-task", "along", "single"),
        why="The alignment from a start of rank one.",
    )
    d.assume("equal", omega, sigma, why="Both layers start with the same norm.")
    d.step(
        "rank-one-equal",
        _KA,
        (_cos2 + n + 2) / (n + 3),
        by=Rewrite(how=_squared),
        using=("rank-one", "equal"),
        why="With equal norms: the more of the task the one direction catches, the lazier.",
    )
    d.assume("aligned", _cos2, 1, why="The direction of the task itself.")
    d.step(
        "aligned-equal",
        _KA,
        1,
        by=Rewrite(),
        using=("rank-one-equal", "aligned"),
        why="The exception: rank one and aligned, the kernel does not turn at all.",
        source="liu2024connectivity, in the form proved here",
    )
    d.step(
        "aligned-small-readout",
        alignment(sigma**2, 1),
        2 / sqrt(n + 3),
        by=Limit(omega, 0, how=simplify),
        why="It needs the readout. Where that starts far smaller, the aligned start of rank one "
        "turns like this, more than the flat start does.",
    )
    d.assume(
        "partial",
        _cos2,
        _kappa**2 / (1 + _kappa**2),
        why="A teacher reads features of which half are $\\kappa$ times as strong as the rest, and "
        "the start knows the strong ones. This is the share of the task that they carry, a ratio "
        "of average squared lengths; the share in one task scatters about it.",
    )
    d.step(
        "partial-equal",
        _KA,
        1 - 1 / ((n + 3) * (1 + _kappa**2)),
        by=Rewrite(how=simplify),
        using=("rank-one-equal", "partial"),
        why="The alignment at this share: half-aligned starts become lazy as $\\kappa$ grows.",
    )


def _companions(d: Derivation) -> None:
    d.assume(
        "gram-end",
        _M_f,
        beta * beta.T / size,
        why="The first layer at the end.",
        source="derived here, in rich_lazy/small-start",
    )
    d.step(
        "gram-overlap",
        Trace(M * _M_f),
        inner(beta, M * beta) / size,
        by=Rewrite(how=expand_products),
        using=("gram-end",),
        why="The overlap of the representations before and after; with whitened inputs the "
        "similarity of the hidden activities is that of the Gram matrices.",
    )
    d.step(
        "gram-norm",
        Trace(_M_f * _M_f),
        size**2,
        by=Rewrite(how=expand_products),
        using=("gram-end", "norm"),
        why="The norm at the end.",
    )
    d.assume(
        "representation",
        _RA(q),
        Trace(M * _M_f) / (sqrt(Trace(M * M)) * sqrt(Trace(_M_f * _M_f))),
        why="The representation alignment.",
        source="liu2024connectivity",
    )
    d.assume("spectrum", Trace(M * M), sigma**4 / PR, why="The participation ratio.")
    d.assume("strength-on-task", inner(beta, M * beta), q * size**2, why="Strength $q$.")
    d.step(
        "representation-alignment",
        _RA(q),
        q * sqrt(PR) / sigma**2,
        by=Rewrite(),
        using=("representation", "gram-overlap", "gram-norm", "spectrum", "strength-on-task"),
        why="It has no part from the readout, hence no floor.",
    )
    d.assume("isotropic", average_q, sigma**2 / n, why="The average over isotropic tasks.")
    d.assume("mean-representation", _E_RA, _RA(average_q), why="RA is linear in $q$.")
    d.step(
        "average-representation",
        _E_RA,
        average_q * sqrt(PR) / sigma**2,
        by=Instance({q: average_q}),
        using=("representation-alignment", "mean-representation"),
        why="The average over tasks.",
    )
    d.step(
        "expected-representation",
        _E_RA,
        sqrt(PR) / n,
        by=Rewrite(),
        using=("average-representation", "isotropic"),
        why="On average it grows with the root of the participation ratio.",
    )
    d.assume("kernel", K_0, M + omega**2 * ONE, why="The initial kernel.")
    d.step(
        "kernel-on-task",
        inner(beta, K_0 * beta) / size**2,
        inner(beta, M * beta) / size**2 + omega**2,
        by=Rewrite(how=expand_products),
        using=("kernel", "norm"),
        why="How strong the initial kernel is along the task.",
    )
    d.assume(
        "target-alignment",
        _A0(q),
        (q + omega**2) / sqrt(start_norm(omega)),
        why="The alignment of the initial kernel with the task, $b^T K_0 b / \\lVert K_0\\rVert$.",
    )
    d.assume("mean-target", _E_A0, _A0(average_q), why="It is linear in $q$ as well.")
    d.step(
        "average-target",
        _E_A0,
        (average_q + omega**2) / sqrt(start_norm(omega)),
        by=Instance({q: average_q}),
        using=("target-alignment", "mean-target"),
        why="The average over tasks.",
    )
    d.step(
        "expected-target",
        _E_A0,
        (1 + 1 / n) / sqrt(n + 2 + 1 / PR),
        by=Rewrite(how=_squared),
        using=("average-target", "isotropic", "equal"),
        why="On average, with equal norms, a start of low rank is less aligned with the task: "
        "there is more left to turn.",
    )
    d.assume(
        "end",
        K_f,
        end_kernel(),
        why="The final kernel.",
        source="derived here, in rich_lazy/small-start",
    )
    d.step(
        "final-target",
        inner(beta, K_f * beta) / (size**2 * sqrt(Trace(K_f * K_f))),
        2 / sqrt(n + 3),
        by=Rewrite(how=(expand_products, _squared)),
        using=("end", "norm"),
        why="After training the kernel's alignment with the task is the same for all starts.",
    )


def _squared(expr):
    """Zero if the first term and the rest have the same square; the points settle the sign."""
    first, *rest = expr.as_ordered_terms() if expr.is_Add else (expr,)
    return simplify(first**2 - sum(rest) ** 2)


_rank_one(SINGLE_TASK)
_companions(SINGLE_TASK)
