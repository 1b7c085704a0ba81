"""The overlap distribution: ratio, symmetry, normalisation, moments."""

from sympy import Function, Integer, Rational, Sum, expand, ff, gammasimp, together

from theorylab.sdr.derivations.symbols import (
    CELLS,
    P,
    a,
    b,
    hypergeometric,
    n,
    overlap,
    p,
    r,
    ratio_of_gammas,
    s,
    summand_by_summand,
    whole_ranges,
)
from theorylab.symbolic import (
    Derivation,
    Induction,
    Instance,
    Integers,
    Interval,
    Rewrite,
    Telescoping,
)

_lesser = Function("P^{-}", nonnegative=True)
_more = Function("P^{(s+1)}", nonnegative=True)
_sum = Function("T", real=True)
_moment = Function("m", real=True)

OVERLAP = Derivation(
    "sdr/overlap",
    title="The overlap distribution",
    about=(
        "A segment has synapses on s of n cells, and a random pattern activates a of them. "
        "Counting gives the probability of every overlap; the ratio of neighbouring probabilities "
        "gives everything else."
    ),
    domain={
        **CELLS,
        r: Integers(0, 3),
        p: Interval(Rational(1, 10), Rational(1, 2)),
        _lesser(b): Interval(0, 1),
        _more(b): Interval(0, 1),
        _sum(s): Interval(0, 2),
        _moment(r): Interval(0, 9),
    },
)


def _ratio(at):
    return (s - at) * (a - at) / ((at + 1) * (n - s - a + at + 1))


def _shape(d: Derivation) -> None:
    d.assume(
        "overlap",
        P(b),
        overlap(b),
        why="Of the equally likely patterns, those with b active cells among the s presynaptic "
        "cells and a - b among the others.",
        source="ahmad2016neurons, Eq. 3",
    )
    d.assume("next", P(b + 1), overlap(b + 1), why="The same, one overlap further.")
    d.step(
        "ratio",
        P(b + 1) / P(b),
        _ratio(b),
        by=Rewrite(how=gammasimp),
        using=("overlap", "next"),
        why="Neighbouring probabilities differ by a rational factor.",
    )
    d.step(
        "symmetry",
        P(b),
        overlap(b, n, s, a),
        by=Rewrite(how=hypergeometric),
        using=("overlap",),
        why="Cells of the pattern and cells of the segment may change places.",
    )
    left = (n - s - a + b + 1) * (b + 1)
    d.step(
        "ratio-falls",
        _ratio(b) - _ratio(b + 1),
        ((s - b) * (a - b) * (n - s - a + 2 * b + 3) + (s + a - 2 * b - 1) * left)
        / (left * (b + 2) * (n - s - a + b + 2)),
        by=Rewrite(how=(together, expand)),
        why="The ratio falls from each overlap to the next (no factor on the right is negative), "
        "so the distribution has one peak.",
    )
    d.assume(
        "lesser",
        _lesser(b - 1),
        overlap(b - 1, n - 1, a - 1, s - 1),
        why="The overlap distribution with one cell less in the population, in the pattern and on "
        "the segment.",
    )
    d.step(
        "absorption",
        b * P(b),
        s * a / n * _lesser(b - 1),
        by=Rewrite(how=hypergeometric),
        using=("overlap", "lesser"),
        why="Mark one of the overlapping cells and take it out of the game.",
    )


def _total(d: Derivation) -> None:
    d.assume(
        "more",
        _more(b),
        overlap(b, n, a, s + 1),
        why="The overlap distribution with one synapse more on the segment.",
    )
    d.step(
        "sum-constant",
        Sum(_more(b) - P(b), (b, 0, s + 1)),
        0,
        by=Telescoping(-(a - b + 1) / (n - s) * overlap(b - 1), b, how=hypergeometric),
        using=("overlap", "more"),
        why="One synapse more moves probability from overlap to overlap and loses none of it.",
    )
    d.assume(
        "sum",
        (_sum(Integer(0)), _sum(s), _sum(s + 1)),
        (
            Sum(overlap(b, n, a, Integer(0)), (b, 0, 0)),
            Sum(P(b), (b, 0, s)),
            Sum(_more(b), (b, 0, s + 1)),
        ),
        why="All probabilities together, for a segment with none, with s, with s + 1 synapses.",
    )
    d.step(
        "sum-difference",
        _sum(s + 1),
        _sum(s) + Sum(_more(b) - P(b), (b, 0, s + 1)),
        by=Rewrite(how=(whole_ranges, summand_by_summand)),
        using=("sum", "overlap"),
        why="The difference of two sums is the sum of the differences.",
    )
    d.step(
        "sum-recurrence",
        _sum(s + 1),
        _sum(s),
        by=Rewrite(),
        using=("sum-difference", "sum-constant"),
        why="So the total does not depend on the number of synapses.",
    )
    d.step(
        "sum-start",
        _sum(Integer(0)),
        1,
        by=Rewrite(how=lambda expr: expr.doit()),
        using=("sum",),
        why="Without synapses the overlap is 0 for certain.",
    )
    d.step(
        "normalisation",
        _sum(s),
        1,
        by=Induction(s, start=0),
        using=("sum-recurrence", "sum-start"),
        why="The probabilities add up to one. This is Vandermonde's identity.",
    )
    _moments(d)


def _moments(d: Derivation) -> None:
    factor = (s - r) * (a - r) / (n - r)
    falling = ff(b, r)
    d.step(
        "moment-sum",
        Sum((b - r - factor) * falling * P(b), (b, 0, s)),
        0,
        by=Telescoping(
            -b * ff(b - 1, r) * (n - s - a + b) / (n - r) * overlap(b), b, how=hypergeometric
        ),
        using=("overlap",),
        why="Every factorial moment is a multiple of the one before.",
    )
    d.assume(
        "moment",
        (_moment(r), _moment(r + 1)),
        (
            Sum(falling * P(b), (b, 0, s)),
            Sum((b - r) * falling * P(b), (b, 0, s)),
        ),
        why="The factorial moments, the mean of $b(b-1)\\cdots(b-r+1)$.",
    )
    d.step(
        "moment-difference",
        _moment(r + 1),
        factor * _moment(r) + Sum((b - r - factor) * falling * P(b), (b, 0, s)),
        by=Rewrite(how=summand_by_summand),
        using=("moment",),
        why="The difference of two sums is the sum of the differences.",
    )
    d.step(
        "moment-recurrence",
        _moment(r + 1),
        factor * _moment(r),
        by=Rewrite(),
        using=("moment-difference", "moment-sum"),
        why="Each factorial moment from the one before.",
    )
    d.assume(
        "moment-start",
        _moment(Integer(0)),
        _sum(s),
        why="The zeroth factorial moment is the total probability.",
    )
    d.step(
        "moments",
        _moment(r),
        ff(s, r) * ff(a, r) / ff(n, r),
        by=Induction(r, start=0, how=hypergeometric),
        using=("moment-recurrence", "moment-start", "normalisation"),
        why="All factorial moments, in falling powers.",
    )
    _mean_and_variance(d)


def _mean_and_variance(d: Derivation) -> None:
    one, two = Integer(1), Integer(2)
    for name, value, order, words in (
        ("moment-one", s * a / n, one, "The first factorial moment is the mean."),
        ("moment-two", s * (s - 1) * a * (a - 1) / (n * (n - 1)), two, "The mean of $b(b-1)$."),
    ):
        d.step(
            name,
            _moment(order),
            value,
            by=Instance({r: order}, how=ratio_of_gammas),
            using=("moments",),
            why=words,
        )
    d.assume("sparsity", a, p * n, why="The sparsity p is the share of active cells.")
    d.step(
        "mean",
        _moment(one),
        s * p,
        by=Rewrite(),
        using=("moment-one", "sparsity"),
        why="The mean overlap.",
    )
    d.step(
        "variance",
        _moment(two) + _moment(one) - _moment(one) ** 2,
        s * p * (1 - p) * (n - s) / (n - 1),
        by=Rewrite(how=(together, expand)),
        using=("moment-one", "moment-two", "sparsity"),
        why="The variance: that of a binomial distribution, less what drawing without replacement "
        "takes away.",
    )


_shape(OVERLAP)
_total(OVERLAP)
