"""Thresholds between the two errors, and the limit of rare coincidences."""

from sympy import (
    Function,
    Rational,
    Symbol,
    binomial,
    combsimp,
    exp,
    expand,
    factorial,
    log,
    oo,
    together,
)

from theorylab.sdr.derivations.symbols import (
    F,
    P,
    b,
    hypergeometric,
    logarithms,
    nu,
    p,
    q,
    s,
    theta,
)
from theorylab.symbolic import Derivation, Integers, Interval, Inverse, Limit, Rewrite

_D_0, _D_1 = Symbol("D_0", positive=True), Symbol("D_1", positive=True)
_F_theta = Symbol(r"F_{\theta+1}", positive=True)
_N, _N_theta = Symbol("N", positive=True), Symbol(r"N_{\theta+1}", positive=True)
_gap, _mu = Symbol("Delta", real=True), Symbol("mu", positive=True)
_poisson_term = Function("B", positive=True)
_Q = Function("Q", positive=True)
_random, _stored = Function("B", positive=True), Function("C", positive=True)

THRESHOLDS = Derivation(
    "sdr/thresholds",
    title="The best threshold",
    about=(
        "A higher threshold has fewer false positives and more false negatives. The best one is "
        "where a random pattern and a noisy stored one are equally likely to just reach it."
    ),
    domain={
        s: Integers(2, 12),
        theta: Integers(1, s),
        b: Integers(0, s - 1),
        p: Interval(Rational(1, 50), Rational(1, 5)),
        nu: Interval(Rational(1, 10), Rational(1, 2)),
        q: Interval(Rational(1, 5), Rational(1, 2)),
        F: Interval(0, 1),
        _gap: Interval(-1, 1),
        P(theta): Interval(0, 1),
        **{f(b): Interval(Rational(1, 10), 1) for f in (_Q, _random, _stored)},
        **{x: Interval(Rational(1, 10), 1) for x in (_F_theta, _N, _N_theta, _D_0, _D_1)},
    },
)


def _exact(d: Derivation) -> None:
    d.assume(
        "false-positives",
        _F_theta,
        F - P(theta),
        why="A higher threshold loses the overlaps that just reached it: `sdr/scaling/law-theta`.",
    )
    d.assume(
        "false-negatives",
        _N_theta,
        _N + _Q(theta),
        why="And so does the recognition of the stored pattern; $Q_\\theta$ is its probability of "
        "just reaching the threshold.",
    )
    d.step(
        "exact",
        (_F_theta + _N_theta) - (F + _N),
        _Q(theta) - P(theta),
        by=Rewrite(),
        using=("false-positives", "false-negatives"),
        why="Raise the threshold as long as a random pattern is the likelier one to just reach it.",
    )


def _likelihood(d: Derivation) -> None:
    def terms(at, share):
        return binomial(s, at) * share**at * (1 - share) ** (s - at)

    d.assume(
        "overlaps",
        (_random(b), _random(b + 1), _stored(b), _stored(b + 1)),
        (terms(b, p), terms(b + 1, p), terms(b, 1 - nu), terms(b + 1, 1 - nu)),
        why="In a large population: the overlap with a random pattern, and with a stored pattern "
        "of which a share $\\nu$ is silenced.",
    )
    d.step(
        "likelihood-ratio",
        (_stored(b + 1) / _random(b + 1)) / (_stored(b) / _random(b)),
        (1 - nu) * (1 - p) / (nu * p),
        by=Rewrite(how=hypergeometric),
        using=("overlaps",),
        why="Every synapse more speaks for the stored pattern by the same factor, larger than 1 as "
        "long as $p < 1 - \\nu$. By the lemma of Neyman and Pearson no test beats a threshold.",
        source="neyman1933problem",
    )
    d.assume(
        "divergences",
        (_D_0, _D_1),
        (
            q * log(q / p) + (1 - q) * log((1 - q) / (1 - p)),
            q * log(q / (1 - nu)) + (1 - q) * log((1 - q) / nu),
        ),
        why="The exponents of the two errors for a threshold $\\theta = qs$.",
    )
    d.assume("gap", _gap, _D_0 - _D_1, why="By how much the exponents differ.")
    d.step(
        "line",
        _gap,
        q * log((1 - nu) / p) - (1 - q) * log((1 - p) / nu),
        by=Rewrite(how=logarithms),
        using=("gap", "divergences"),
        why="The difference of the exponents is a straight line in the threshold.",
    )
    d.step(
        "threshold-of-gap",
        q,
        (_gap + log((1 - p) / nu)) / (log((1 - nu) / p) + log((1 - p) / nu)),
        by=Inverse(how=(together, expand)),
        using=("line",),
        why="The threshold, as a share of the synapses, at which the exponents differ by a given "
        "amount.",
    )
    d.assume("equal", _gap, 0, why="Both errors are to have the same exponent.")
    d.step(
        "chernoff-point",
        q,
        log((1 - p) / nu) / (log((1 - nu) / p) + log((1 - p) / nu)),
        by=Rewrite(),
        using=("threshold-of-gap", "equal"),
        why="The threshold at which both errors have the same exponent.",
    )


POISSON = Derivation(
    "sdr/poisson",
    title="Rare coincidences",
    about=(
        "If many synapses each meet an active cell with a small probability, the overlap is a "
        "Poisson number: its ratios and its probability of zero tend to those of Poisson."
    ),
    domain={
        s: Integers(20, 60),
        b: Integers(0, 6),
        p: Interval(Rational(1, 50), Rational(1, 5)),
        _mu: Interval(Rational(1, 2), 3),
        _poisson_term(b): Interval(0, 1),
    },
)


def _poisson(d: Derivation) -> None:
    d.assume("mean", p, _mu / s, why="The mean overlap is fixed as the segment grows.")
    d.step(
        "zero",
        (1 - p) ** s,
        exp(-_mu),
        by=Limit(s, oo),
        using=("mean",),
        why="The probability of no overlap.",
    )
    d.step(
        "ratio",
        (s - b) * p / ((b + 1) * (1 - p)),
        _mu / (b + 1),
        by=Limit(s, oo),
        using=("mean",),
        why="The ratio of neighbouring overlaps.",
    )
    d.assume(
        "poisson",
        (_poisson_term(b), _poisson_term(b + 1)),
        tuple(exp(-_mu) * _mu**x / factorial(x) for x in (b, b + 1)),
        why="The Poisson distribution.",
    )
    d.step(
        "same-ratio",
        _poisson_term(b + 1) / _poisson_term(b),
        _mu / (b + 1),
        by=Rewrite(how=combsimp),
        using=("poisson",),
        why="The same ratio, so the same distribution.",
    )


_exact(THRESHOLDS)
_likelihood(THRESHOLDS)
_poisson(POISSON)
