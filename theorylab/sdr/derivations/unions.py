"""Unions: several patterns on one segment, and several segments on one neuron."""

from sympy import Function, Integer, Rational, Sum, Symbol, binomial, log, simplify

from theorylab.sdr.derivations.symbols import (
    F,
    M,
    a,
    b,
    hypergeometric,
    j,
    joined,
    k,
    n,
    s,
    signs_of_sums,
    summand_by_summand,
)
from theorylab.symbolic import (
    Bound,
    Derivation,
    Induction,
    Integers,
    Interval,
    Inverse,
    Rewrite,
    Telescoping,
)

_u, _pairs = Function("U", positive=True), Function("Y", positive=True)
_p0, _p00 = Symbol("p_0", positive=True), Symbol("p_{00}", positive=True)
_w1, _w2 = Symbol("w_1", positive=True), Symbol("w_2", positive=True)
_size = Symbol("u", positive=True)
_missed_subsets = Function("m", positive=True)
_missed = Function("z", positive=True)
_m = Symbol("m", integer=True, positive=True)
_others = Function("o", nonnegative=True)
_neuron = Symbol("F_M", positive=True)

UNIONS = Derivation(
    "sdr/unions",
    title="Unions and ensembles",
    about=(
        "A segment that stores M patterns holds the union of M random sets of s synapses each. "
        "Its size has an exact mean and variance, and the overlap of a random pattern with it has "
        "an exact distribution."
    ),
    domain={
        n: Integers(8, 14),
        s: Integers(1, 3),
        a: Integers(2, 5),
        b: Integers(0, a),
        M: Integers(0, 6),
        j: Integers(0, 4),
        k: Integers(0, 4),
        _m: Integers(1, 5),
        F: Interval(Rational(1, 100), Rational(1, 2)),
        _u(M): Interval(0, 9),
        _pairs(M): Interval(0, 90),
        _p0: Interval(Rational(1, 10), Rational(9, 10)),
        _p00: Interval(Rational(1, 10), Rational(9, 10)),
        _w1: Interval(Rational(1, 10), Rational(9, 10)),
        _w2: Interval(Rational(1, 10), Rational(9, 10)),
        _size: Interval(Rational(1, 2), 7),
        _missed_subsets(b): Interval(0, 9),
        _missed(b): Interval(Rational(1, 10), 1),
        _others(k): Interval(0, 1),
        _neuron: Interval(0, 1),
    },
)


def _union_size(d: Derivation) -> None:
    d.assume(
        "misses-one-pattern",
        (_w1, _w2),
        (binomial(n - 1, s) / binomial(n, s), binomial(n - 2, s) / binomial(n, s)),
        why="The probabilities that one subset of s cells misses a given cell, and two given "
        "cells.",
    )
    d.step(
        "miss-one",
        _w1,
        1 - s / n,
        by=Rewrite(how=hypergeometric),
        using=("misses-one-pattern",),
        why="The probability that a subset of s of n cells misses a given cell.",
    )
    miss_two = (n - s) * (n - s - 1) / (n * (n - 1))
    d.step(
        "miss-two",
        _w2,
        miss_two,
        by=Rewrite(how=hypergeometric),
        using=("misses-one-pattern",),
        why="And that it misses two given cells.",
    )
    d.assume(
        "chain",
        (_u(M + 1), _pairs(M + 1)),
        (n - (n - _u(M)) * _w1, _pairs(M) * _w2),
        why="One more pattern leaves a share $w_1$ of the missed cells missed, and a share $w_2$ "
        "of the ordered pairs of missed cells.",
    )
    d.assume(
        "empty",
        (_u(Integer(0)), _pairs(Integer(0))),
        (0, n * (n - 1)),
        why="Without patterns the union is empty, and every pair of cells is missed.",
    )
    d.step(
        "chain-mean",
        _u(M + 1),
        _u(M) + s - s * _u(M) / n,
        by=Rewrite(how=simplify),
        using=("chain", "miss-one"),
        why="A new pattern brings s cells, less those that the union has already.",
    )
    d.step(
        "mean",
        _u(M),
        n * (1 - (1 - s / n) ** M),
        by=Induction(M, start=0, how=simplify),
        using=("chain-mean", "empty"),
        why="The mean size of the union.",
    )
    d.step(
        "chain-pairs",
        _pairs(M + 1),
        _pairs(M) * miss_two,
        by=Rewrite(),
        using=("chain", "miss-two"),
        why="Each pattern thins the pairs of missed cells.",
    )
    d.step(
        "pairs",
        _pairs(M),
        n * (n - 1) * miss_two**M,
        by=Induction(M, start=0, how=simplify),
        using=("chain-pairs", "empty"),
        why="The mean number of ordered pairs of missed cells.",
    )
    d.assume(
        "misses",
        (_p0, _p00),
        ((1 - s / n) ** M, miss_two**M),
        why="The probabilities that all M subsets miss a given cell, and two given cells.",
    )
    missed = n - _u(M)
    d.step(
        "variance",
        _pairs(M) + missed - missed**2,
        n * _p0 + n * (n - 1) * _p00 - n**2 * _p0**2,
        by=Rewrite(how=simplify),
        using=("pairs", "mean", "misses"),
        why="The variance of the number of missed cells, which is that of the size of the union.",
    )


def _capacity(d: Derivation) -> None:
    d.assume("size", _size, n * (1 - _w1**M), why="The mean size, with $w_1 = 1 - s/n$.")
    d.step(
        "capacity",
        M,
        log(1 - _size / n) / log(_w1),
        by=Inverse(how=simplify),
        using=("size",),
        why="How many patterns make a union of a given mean size.",
    )


def _intersection(d: Derivation) -> None:
    d.step(
        "alternating",
        Sum((-1) ** j * binomial(_m, j), (j, 0, _m)),
        0,
        by=Telescoping(-((-1) ** j) * binomial(_m - 1, j - 1), j, how=hypergeometric),
        why="Even and odd subsets are equally many: this is why counting in and out works.",
    )
    d.step(
        "inversion",
        (-1) ** j * binomial(k + j, k) * binomial(k + _m, k + j),
        binomial(k + _m, k) * (-1) ** j * binomial(_m, j),
        by=Rewrite(how=hypergeometric),
        why="So subsets of more than k missed cells, counted with alternating signs, cancel "
        "wherever more than k cells are missed.",
    )
    d.assume(
        "missed-subsets",
        _missed_subsets(a - b + j),
        binomial(a, a - b + j) * _missed(a - b + j),
        why="The mean number of subsets of a pattern's cells that the union misses: $z_i$ is the "
        "probability that it misses i given cells, "
        "$\\left(\\binom{n-i}{s}/\\binom ns\\right)^M$.",
    )
    d.step(
        "intersection",
        Sum((-1) ** j * binomial(a - b + j, a - b) * _missed_subsets(a - b + j), (j, 0, b)),
        binomial(a, b) * Sum((-1) ** j * binomial(b, j) * _missed(a - b + j), (j, 0, b)),
        by=Rewrite(how=summand_by_summand),
        using=("missed-subsets",),
        why="The probability that a random pattern and the union share b cells.",
    )


def _ensemble(d: Derivation) -> None:
    d.assume(
        "others",
        (_others(k), _others(M)),
        (1 - (1 - F) ** k, 1 - (1 - F) ** M),
        why="The probability that one of the k segments before has fired already.",
    )
    d.step(
        "overcount",
        F * Sum(_others(k), (k, 0, M - 1)),
        M * F - (1 - (1 - F) ** M),
        by=Induction(M, start=0, how=simplify),
        using=("others",),
        why="The union bound counts a false match once for every segment that makes it.",
    )
    d.assume(
        "ensemble",
        _neuron,
        1 - (1 - F) ** M,
        why="The probability that any of M segments fires.",
        source="ahmad2016neurons, Eqs. 8-9",
    )
    d.step(
        "ensemble-counted",
        _neuron,
        M * F - F * Sum(_others(k), (k, 0, M - 1)),
        by=Rewrite(),
        using=("ensemble", "overcount"),
        why="The same, with the overcount explicit.",
    )
    d.step(
        "union-bound",
        _neuron,
        M * F,
        relation="<=",
        by=Bound(how=(joined, signs_of_sums)),
        using=("ensemble-counted",),
        why="The union bound: sharp as long as $MF$ is small.",
    )


_union_size(UNIONS)
_capacity(UNIONS)
_intersection(UNIONS)
_ensemble(UNIONS)
