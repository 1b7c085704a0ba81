"""Bounds on the false-positive probability: what one term, or one count, says about all."""

from sympy import Function, Rational, Sum, Symbol, binomial, ff, symbols

from theorylab.sdr.derivations.symbols import (
    CELLS,
    F,
    P,
    a,
    b,
    hypergeometric,
    j,
    joined,
    n,
    overlap,
    ratio_of_gammas,
    s,
    signs_of_sums,
    summand_by_summand,
    theta,
)
from theorylab.symbolic import (
    Bound,
    Derivation,
    Induction,
    Integers,
    Interval,
    Rewrite,
    Telescoping,
)

_ratio = Function("r", positive=True)
_fall = Function("delta", nonnegative=True)
_r_theta, _gap = Symbol(r"r_{\theta}", positive=True), Symbol("g", positive=True)
_count = Function(r"c_{\theta}", positive=True)
_count_next = Function(r"c_{\theta+1}", nonnegative=True)
_S, _S_next = Symbol(r"S_{\theta}", positive=True), Symbol(r"S_{\theta+1}", positive=True)
_i, _k = symbols("i k", integer=True, nonnegative=True)

BOUNDS = Derivation(
    "sdr/bounds",
    title="Bounds from one term and from one count",
    about=(
        "A tail is a sum, and a sum is awkward. Its first term alone gives a lower and an upper "
        "bound that agree to several digits for sparse patterns; counting subsets of synapses "
        "gives a bound that needs no probability at all."
    ),
    domain={
        **CELLS,
        j: Integers(0, s - theta),
        _i: Integers(0, theta - 1),
        P(b): Interval(Rational(1, 100), 1),
        _ratio(b): Interval(Rational(1, 10), Rational(1, 2)),
        _fall(b): Interval(0, Rational(1, 10)),
        _r_theta: Interval(Rational(1, 10), Rational(9, 10)),
        _gap: Interval(Rational(1, 10), Rational(9, 10)),
        _count(j): Interval(1, 3),
        _count_next(j): Interval(0, 1),
        _S: Interval(0, 2),
        _S_next: Interval(0, 2),
    },
)


def _one_term(d: Derivation) -> None:
    d.assume(
        "first-term",
        F,
        P(theta) + Sum(P(b), (b, theta + 1, s)),
        why="The false-positive probability, its first term written apart.",
    )
    d.step(
        "first-term-bound",
        P(theta),
        F,
        relation="<=",
        by=Bound(how=signs_of_sums),
        using=("first-term",),
        why="The other terms are not negative.",
    )
    d.assume(
        "overlap",
        (P(b), P(theta)),
        (overlap(b), overlap(theta)),
        why="The overlap distribution.",
    )
    d.assume(
        "ratio",
        _ratio(b),
        (s - b) * (a - b) / ((b + 1) * (n - s - a + b + 1)),
        why="The ratio of neighbouring probabilities, `sdr/overlap/ratio`.",
    )
    d.step(
        "gaps",
        Sum((1 - _ratio(b)) * P(b), (b, theta, s)),
        P(theta),
        by=Telescoping(-overlap(b), b, how=hypergeometric),
        using=("overlap", "ratio"),
        why="Each term less the next one: from the threshold up, this adds up to the first term.",
    )
    d.assume("tail", F, Sum(P(b), (b, theta, s)), why="The false-positive probability.")
    d.assume(
        "falls",
        _ratio(b),
        _r_theta - _fall(b),
        why="Above the threshold the ratio is smaller than at the threshold, by some "
        "$\\delta(b) \\ge 0$: see `sdr/overlap/ratio-falls`.",
    )
    d.step(
        "sum-of-gaps",
        P(theta),
        Sum((1 - _ratio(b)) * P(b), (b, theta, s)),
        by=Rewrite(),
        using=("gaps",),
        why="The telescoped sum, read from right to left.",
    )
    d.step(
        "ratio-bound",
        (1 - _r_theta) * F,
        P(theta),
        relation="<=",
        by=Bound(how=(summand_by_summand, signs_of_sums)),
        using=("sum-of-gaps", "tail", "falls"),
        why="Replacing every ratio by the largest makes the sum smaller.",
    )
    d.assume("gap", _r_theta, 1 - _gap, why="The threshold lies above the peak: $r_\\theta < 1$.")
    d.step(
        "sandwich-upper",
        F,
        P(theta) / (1 - _r_theta),
        relation="<=",
        by=Bound(multipliers={"ratio-bound": 1 / (1 - _r_theta)}),
        using=("ratio-bound", "gap"),
        also_true={"drop:gap": "the domain keeps the ratio below 1 as well"},
        why="As if the terms fell geometrically, at the slowest rate that occurs.",
    )


def _subsets(d: Derivation) -> None:
    d.step(
        "hockey-stick",
        Sum(binomial(theta + _k, theta - 1), (_k, 0, j - 1)),
        binomial(theta + j, theta) - 1,
        by=Induction(j, start=0, how=hypergeometric),
        why="A set of $\\theta + j$ active synapses has at least one subset of $\\theta$ of them, "
        "and this is how many more it has.",
    )
    d.step(
        "hockey-stick-next",
        Sum(_k * binomial(theta + _k, theta - 1), (_k, 0, j - 1)),
        1 - binomial(theta + j, theta) + theta * binomial(theta + j, theta + 1),
        by=Induction(j, start=0, how=hypergeometric),
        why="Taking off $\\theta$ times the number of subsets of $\\theta + 1$ takes off too much.",
    )
    terms = Sum(P(theta + j), (j, 0, s - theta))
    d.assume(
        "counts",
        (F, _S, _S_next),
        (terms, _weighted(_count), _weighted(_count_next)),
        why="The false-positive probability, and the mean numbers of subsets of $\\theta$ and of "
        "$\\theta + 1$ synapses that are all active, as sums over the overlap $\\theta + j$.",
    )
    d.assume(
        "subsets",
        (_count(j), _count_next(j)),
        (binomial(theta + j, theta), binomial(theta + j, theta + 1)),
        why="The number of subsets of an overlap of $\\theta + j$.",
    )
    d.step(
        "excess",
        _count(j),
        1 + Sum(binomial(theta + _k, theta - 1), (_k, 0, j - 1)),
        by=Rewrite(),
        using=("subsets", "hockey-stick"),
        why="At least one subset at or above the threshold.",
    )
    d.step(
        "excess-next",
        _count(j),
        1 + theta * _count_next(j) - Sum(_k * binomial(theta + _k, theta - 1), (_k, 0, j - 1)),
        by=Rewrite(),
        using=("subsets", "hockey-stick-next"),
        why="At most one subset, once $\\theta$ times the larger ones are taken off.",
    )
    d.step(
        "subset-bound",
        F,
        _S,
        relation="<=",
        by=Bound(how=(joined, signs_of_sums)),
        using=("counts", "excess"),
        why="A spike needs at least one subset of $\\theta$ synapses that are all active: the "
        "first moment bounds the probability.",
    )
    d.step(
        "bonferroni",
        _S - theta * _S_next,
        F,
        relation="<=",
        by=Bound(how=(joined, signs_of_sums)),
        using=("counts", "excess-next"),
        why="The second of Bonferroni's inequalities.",
    )


def _values(d: Derivation) -> None:
    d.assume(
        "subset",
        (_S, _S_next),
        tuple(binomial(s, x) * ff(a, x) / ff(n, x) for x in (theta, theta + 1)),
        why="The mean number of subsets is the factorial moment over $\\theta!$: "
        "`sdr/overlap/moments`.",
    )
    d.step(
        "subset-ratio",
        _S_next / _S,
        (s - theta) * (a - theta) / ((theta + 1) * (n - theta)),
        by=Rewrite(how=ratio_of_gammas),
        using=("subset",),
        why="How much of the first bound the second one takes back.",
    )
    share = ff(a, _i) * n**_i / (ff(n, _i) * a**_i)
    d.step(
        "replacement",
        Sum(share * _i * (n - a) / (a * (n - _i)), (_i, 0, theta - 1)),
        1 - share.subs(_i, theta),
        by=Telescoping(-share, _i, how=hypergeometric),
        why="The product $\\prod_{i<\\theta} \\frac{(a-i)/(n-i)}{a/n}$ is 1 less a sum of terms "
        "that are not negative: drawing without replacement makes full subsets rarer, so "
        "$S_\\theta \\le \\binom s\\theta p^\\theta$.",
    )


def _weighted(count):
    return Sum(count(j) * P(theta + j), (j, 0, s - theta))


_one_term(BOUNDS)
_subsets(BOUNDS)
_values(BOUNDS)
