"""Noise: lost synapses, the match curve, and random patterns as very noisy ones."""

from sympy import Function, Min, Rational, Sum, Symbol, binomial

from theorylab.sdr.derivations.symbols import (
    CELLS,
    P,
    a,
    b,
    hypergeometric,
    n,
    nu,
    overlap,
    s,
    summand_by_summand,
    theta,
    whole_ranges,
)
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite, Telescoping

_c, _v, _lost_count = (Symbol(name, integer=True, nonnegative=True) for name in ("c", "v", r"\ell"))
_Q = Function("Q", nonnegative=True)
_more = Function("Q^{(c+1)}", nonnegative=True)
_match, _match_more = Symbol(r"\Phi", positive=True), Symbol(r"\Phi^{(c+1)}", positive=True)
_lost = Function("Lambda", nonnegative=True)
_given = Function("H", nonnegative=True)
_shared = Function("W", positive=True)
_others = Function("R", nonnegative=True)
_noise, _one = Function("V", positive=True), Function("K", nonnegative=True)

NOISE = Derivation(
    "sdr/noise",
    title="Noise",
    about=(
        "A stored pattern comes back with some of its cells missing. A segment then sees a pattern "
        "that shares c of the a cells it knows; how likely it is to fire, as a function of c, "
        "holds both kinds of error."
    ),
    domain={
        **{symbol: CELLS[symbol] for symbol in (b, theta)},
        a: Integers(4, 9),
        s: Integers(2, a - 2),
        n: Integers(2 * a, 2 * a + 9),
        theta: Integers(1, s),
        b: Integers(0, Min(s, _c)),
        _c: Integers(2, a - 2),
        _v: Integers(1, a - 1),
        _lost_count: Integers(0, Min(_v, s)),
        nu: Interval(Rational(1, 10), Rational(9, 10)),
        **{
            f(b): Interval(0, 1)
            for f in (P, _Q, _more, _lost, _given, _shared, _others, _noise, _one)
        },
        _match: Interval(0, 1),
        _match_more: Interval(0, 1),
    },
)


def _shares(at, shared=_c):
    """The probability that `at` of the s synapses lie on the shared cells."""
    return binomial(shared, at) * binomial(a - shared, s - at) / binomial(a, s)


def _match_curve(d: Derivation) -> None:
    d.assume(
        "shared",
        (_Q(b), _Q(theta - 1)),
        (_shares(b), _shares(theta - 1)),
        why="Of the a cells that the segment may have synapses on, c are active.",
    )
    d.assume(
        "lost",
        _lost(s - b),
        binomial(_v, s - b) * binomial(a - _v, b) / binomial(a, s),
        why="Of v silenced cells, s - b had a synapse.",
    )
    d.assume("silenced", _v, a - _c, why="What is not shared has been silenced.")
    d.step(
        "kept",
        _lost(s - b),
        _Q(b),
        by=Rewrite(how=hypergeometric),
        using=("lost", "shared", "silenced"),
        why="Synapses that are lost and synapses that are kept tell the same.",
    )
    d.assume("match", _match, Sum(_Q(b), (b, theta, s)), why="The match curve at c shared cells.")
    d.assume(
        "shared-more",
        _more(b),
        _shares(b, _c + 1),
        why="With one more shared cell.",
    )
    d.assume(
        "match-more",
        _match_more,
        Sum(_more(b), (b, theta, s)),
        why="The match curve at one more shared cell.",
    )
    change = (s - theta + 1) * _Q(theta - 1) / (a - _c)
    d.step(
        "match-sum",
        Sum(_more(b) - _Q(b), (b, theta, s)),
        change,
        by=Telescoping(-(s - b + 1) / (a - _c) * _shares(b - 1), b, how=hypergeometric),
        using=("shared", "shared-more"),
        why="The difference telescopes, as for the false positives.",
    )
    d.step(
        "match-difference",
        _match_more - _match,
        Sum(_more(b) - _Q(b), (b, theta, s)),
        by=Rewrite(how=(whole_ranges, summand_by_summand)),
        using=("match", "match-more"),
        why="The difference of two sums is the sum of the differences.",
    )
    d.step(
        "match-slope",
        _match_more - _match,
        change,
        by=Rewrite(),
        using=("match-difference", "match-sum"),
        why="One more shared cell helps if the segment is just below threshold and one of the "
        "missing synapses sits on that cell.",
    )


def _mixtures(d: Derivation) -> None:
    rest = binomial(a - s, _c - b) * binomial(n - a, a - _c) / binomial(n - s, a - b)
    d.assume(
        "mixing",
        (_shared(_c), _given(_c), _others(_c), P(b)),
        (overlap(_c, n, a, a), _shares(b), rest, overlap(b)),
        why="The number of cells that a random pattern shares with the stored one; the overlap "
        "given this number; the shared cells among those without a synapse; the overlap.",
    )
    d.step(
        "conditional",
        _given(_c),
        P(b) * _others(_c) / _shared(_c),
        by=Rewrite(how=hypergeometric),
        using=("mixing",),
        why="The same pair of events, counted in the other order.",
    )
    d.assume(
        "normalised",
        Sum(P(b) * _others(_c), (_c, b, a)),
        P(b),
        why="The probabilities of the shared cells among the others add up to one.",
    )
    d.step(
        "thinning",
        Sum(_shared(_c) * _given(_c), (_c, b, a)),
        P(b),
        by=Rewrite(),
        using=("conditional", "normalised"),
        why="A random pattern is a noisy copy of the stored one that shares a random number of "
        "cells.",
    )
    _independent_noise(d)


def _independent_noise(d: Derivation) -> None:
    def binomial_law(at, trials):
        return binomial(trials, at) * nu**at * (1 - nu) ** (trials - at)

    one = _one(_v)
    d.assume(
        "noise-mixing",
        (_noise(_v), one, _others(_v)),
        (
            binomial_law(_v, a),
            binomial(_v, _lost_count) * binomial(a - _v, s - _lost_count) / binomial(a, s),
            binomial_law(_v - _lost_count, a - s),
        ),
        why="Cells silenced independently; the lost synapses given their number; the silenced "
        "cells without a synapse.",
    )
    d.step(
        "noise-conditional",
        one,
        binomial_law(_lost_count, s) * _others(_v) / _noise(_v),
        by=Rewrite(how=hypergeometric),
        using=("noise-mixing",),
        why="The same pair of events, counted in the other order.",
    )
    d.assume(
        "noise-normalised",
        Sum(binomial_law(_lost_count, s) * _others(_v), (_v, _lost_count, a)),
        binomial_law(_lost_count, s),
        why="The probabilities of the silenced cells among the others add up to one.",
    )
    d.step(
        "independent-noise",
        Sum(_noise(_v) * one, (_v, _lost_count, a)),
        binomial_law(_lost_count, s),
        by=Rewrite(),
        using=("noise-conditional", "noise-normalised"),
        why="If every cell fails independently, the lost synapses are binomial.",
    )


_match_curve(NOISE)
_mixtures(NOISE)
