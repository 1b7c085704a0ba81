"""Chernoff's bound, line by line, and what it becomes with its prefactor."""

from sympy import (
    Derivative,
    Function,
    Rational,
    Sum,
    Symbol,
    binomial,
    exp,
    expand_log,
    log,
    simplify,
)

from theorylab.sdr.derivations.symbols import (
    F,
    P,
    as_exponentials,
    b,
    j,
    joined,
    one_sum,
    p,
    q,
    r,
    s,
    signs_of_sums,
    theta,
)
from theorylab.symbolic import Bound, Derivation, Integers, Interval, Rewrite, Stationary

_t, _lam, _D = (
    Symbol("t", positive=True),
    Symbol("lambda", positive=True),
    Symbol("D", positive=True),
)
_G, _below = Symbol("G", positive=True), Symbol("R", nonnegative=True)
_J = Symbol("J", real=True)
_weight = Function("w", positive=True)
_subsets = Function("S", positive=True)
_less = Function("delta", nonnegative=True)
_growth = Function("e", nonnegative=True)

CHERNOFF = Derivation(
    "sdr/chernoff",
    title="Chernoff's bound",
    about=(
        "Weigh every overlap by a factor that grows with it. The mean weight bounds the tail, "
        "sampling without replacement makes the mean weight smaller than for independent cells, "
        "and the best growth of the weight gives a bound in one exponential."
    ),
    domain={
        s: Integers(2, 6),
        theta: Integers(1, s),
        b: Integers(0, s),
        r: Integers(0, s),
        j: Integers(0, s - theta),
        p: Interval(Rational(1, 20), Rational(2, 5)),
        q: Interval(Rational(9, 20), Rational(19, 20)),
        _t: Interval(Rational(1, 10), 3),
        _lam: Interval(Rational(1, 10), 3),
        P(b): Interval(Rational(1, 100), 1),
        F: Interval(0, 1),
        _G: Interval(1, 9),
        _below: Interval(0, Rational(1, 10)),
        _D: Interval(Rational(1, 10), 1),
        _J: Interval(-1, 1),
        _weight(b): Interval(1, 9),
        _subsets(r): Interval(0, 9),
        _less(r): Interval(0, Rational(1, 10)),
        _growth(j): Interval(0, 1),
    },
)


def _mean_weight(d: Derivation) -> None:
    d.assume(
        "mean-weight",
        _G,
        Sum(_weight(b) * P(b), (b, 0, s)),
        why="The mean of the weight $w_b = (1+t)^b$ of a random overlap.",
    )
    d.assume(
        "weight",
        _weight(b),
        Sum(binomial(b, r) * _t**r, (r, 0, s)),
        why="The binomial theorem for $(1+t)^b$; terms with $r > b$ vanish.",
    )
    d.assume(
        "subsets",
        _subsets(r),
        Sum(binomial(b, r) * P(b), (b, 0, s)),
        why="The mean number of subsets of r synapses that are all active.",
    )
    d.step(
        "generating",
        _G,
        Sum(_t**r * _subsets(r), (r, 0, s)),
        by=Rewrite(how=one_sum),
        using=("mean-weight", "weight", "subsets"),
        why="The mean weight counts the subsets of each size: the two sums change places.",
    )
    d.assume(
        "replacement",
        _subsets(r),
        binomial(s, r) * (p**r - _less(r)),
        why="Drawing without replacement makes full subsets rarer, by some $\\delta_r \\ge 0$: see "
        "`sdr/bounds/replacement`.",
    )
    d.assume(
        "binomial-theorem",
        (1 + p * _t) ** s,
        Sum(binomial(s, r) * (p * _t) ** r, (r, 0, s)),
        why="The binomial theorem for independent cells.",
    )
    d.step(
        "dominated",
        _G,
        (1 + p * _t) ** s,
        relation="<=",
        by=Bound(how=(joined, signs_of_sums)),
        using=("generating", "replacement", "binomial-theorem"),
        also_true={"drop:binomial-theorem": "an identity of numbers, needed to see the sign"},
        why="The mean weight is at most that of a binomial overlap.",
        source="hoeffding1963probability, Theorem 4",
    )
    d.assume(
        "split",
        (_G, F),
        (
            _below + (1 + _t) ** theta * Sum((1 + _growth(j)) * P(theta + j), (j, 0, s - theta)),
            Sum(P(theta + j), (j, 0, s - theta)),
        ),
        why="What lies below the threshold has some mean weight $R \\ge 0$; above it the weight is "
        "$(1+t)^\\theta$ times $(1+t)^j = 1 + e_j$ with $e_j \\ge 0$.",
    )
    d.step(
        "markov",
        (1 + _t) ** theta * F,
        _G,
        relation="<=",
        by=Bound(how=(joined, signs_of_sums)),
        using=("split",),
        why="Every overlap in the tail weighs at least $(1+t)^\\theta$.",
    )
    d.step(
        "bound-any",
        F,
        (1 + p * _t) ** s / (1 + _t) ** theta,
        relation="<=",
        by=Bound(
            multipliers={"markov": (1 + _t) ** (-theta), "dominated": (1 + _t) ** (-theta)},
            how=simplify,
        ),
        using=("markov", "dominated"),
        why="A bound for every growth of the weight.",
    )


def _best_weight(d: Derivation) -> None:
    d.assume(
        "rate",
        _J,
        q * _lam - log(1 - p + p * exp(_lam)),
        why="With $t = e^\\lambda - 1$ and $\\theta = qs$ the bound is $e^{-sJ}$.",
    )
    d.step(
        "rate-curvature",
        Derivative(q * _lam - log(1 - p + p * exp(_lam)), _lam, 2),
        -p * (1 - p) * exp(_lam) / (1 - p + p * exp(_lam)) ** 2,
        by=Rewrite(how=simplify),
        why="The exponent is concave in $\\lambda$, so a stationary point is the maximum.",
    )
    tilt = log(q * (1 - p) / (p * (1 - q)))
    d.step(
        "tilt",
        _lam,
        tilt,
        by=Stationary(of="rate", how=simplify),
        using=("rate",),
        also_true={"rhs: drop 1": "then $1 - p + pe^\\lambda$ is 0: there is nothing to compare"},
        why="The best growth of the weight.",
    )
    d.assume(
        "divergence",
        _D,
        q * log(q / p) + (1 - q) * log((1 - q) / (1 - p)),
        why="The divergence of two coins, one with probability q and one with probability p.",
    )
    d.step(
        "value",
        _J,
        _D,
        by=Rewrite(how=(simplify, lambda e: expand_log(e, force=True).expand())),
        using=("rate", "tilt", "divergence"),
        why="The exponent at the best weight.",
    )
    d.assume(
        "tilted",
        (_t, theta),
        (exp(_lam) - 1, q * s),
        why="The weight by its logarithm, and the threshold as a share of the synapses.",
    )
    d.step(
        "at-the-tilt",
        (1 + p * _t) ** s / (1 + _t) ** theta,
        exp(-s * _D),
        by=Rewrite(how=as_exponentials),
        using=("tilted", "tilt", "divergence"),
        why="The bound at the best weight.",
    )
    d.step(
        "bound",
        F,
        exp(-s * _D),
        relation="<=",
        by=Bound(multipliers={"bound-any": 1}),
        using=("bound-any", "at-the-tilt"),
        why="Chernoff's bound, for thresholds above the mean.",
        source="chernoff1952measure",
    )
    d.assume("half-threshold", q, Rational(1, 2), why="A threshold of half the synapses.")
    d.step(
        "half",
        _D,
        -log(4 * p * (1 - p)) / 2,
        by=Rewrite(how=lambda e: expand_log(e, force=True).expand()),
        using=("divergence", "half-threshold"),
        why="So that two synapses more multiply the bound by $4p(1-p)$.",
    )


_mean_weight(CHERNOFF)
_best_weight(CHERNOFF)
