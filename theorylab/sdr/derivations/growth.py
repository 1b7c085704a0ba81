"""Growing populations: a power law at fixed activity, a floor at fixed sparsity."""

from sympy import (
    Derivative,
    Function,
    Rational,
    Sum,
    Symbol,
    binomial,
    expand,
    ff,
    log,
    oo,
)

from theorylab.sdr.derivations.symbols import (
    CELLS,
    F,
    P,
    a,
    b,
    hypergeometric,
    n,
    overlap,
    p,
    s,
    theta,
)
from theorylab.symbolic import (
    Bound,
    Derivation,
    Integers,
    Interval,
    Limit,
    Rewrite,
    Series,
    Telescoping,
)

_r_theta = Symbol(r"r_{\theta}", positive=True)
_S, _S_next = Symbol(r"S_{\theta}", positive=True), Symbol(r"S_{\theta+1}", positive=True)
_slope = Symbol(r"\alpha", real=True)
_B = Function("B", positive=True)
_i = Symbol("i", integer=True, nonnegative=True)
_L = Symbol("L", real=True)
_silent = Symbol(r"\bar{p}", positive=True)

POWER_LAW = Derivation(
    "sdr/power-law",
    title="Fixed activity: a power law",
    about=(
        "Let the population grow while the number of active cells stays as it is. The "
        "false-positive probability then falls as a power of the number of cells, and the exponent "
        "is the threshold."
    ),
    domain={
        **CELLS,
        n: Integers(a + s, 60),
        P(theta): Interval(Rational(1, 10), 1),
        F: Interval(Rational(1, 10), 1),
        _r_theta: Interval(Rational(1, 10), Rational(9, 10)),
        _slope: Interval(-9, 0),
        _S: Interval(0, 2),
        _S_next: Interval(0, 2),
    },
)

_RATIO = (s - theta) * (a - theta) / ((theta + 1) * (n - s - a + theta + 1))


def _power_law(d: Derivation) -> None:
    d.assume("first-term", P(theta), F, relation="<=", why="See `sdr/bounds/first-term-bound`.")
    d.assume(
        "ratio-bound",
        (1 - _r_theta) * F,
        P(theta),
        relation="<=",
        why="See `sdr/bounds/ratio-bound`.",
    )
    d.assume(
        "slope",
        _slope,
        -theta * P(theta) / F,
        why="The slope in a plot with two logarithmic axes: see `sdr/scaling/local-exponent`.",
    )
    d.step(
        "slope-lower",
        -theta,
        _slope,
        relation="<=",
        by=Bound(multipliers={"first-term": theta / F}),
        using=("first-term", "slope"),
        why="No slope is steeper than the threshold.",
    )
    d.step(
        "slope-upper",
        _slope,
        -theta * (1 - _r_theta),
        relation="<=",
        by=Bound(multipliers={"ratio-bound": theta / F}),
        using=("ratio-bound", "slope"),
        why="And it is nearly as steep as that as soon as the ratio at the threshold is small.",
    )
    d.assume("ratio", _r_theta, _RATIO, why="The ratio of neighbouring overlaps at the threshold.")
    d.step(
        "slope-limit",
        -theta * (1 - _r_theta),
        -theta,
        by=Limit(n, oo),
        using=("ratio",),
        why="In a large population the ratio vanishes, and the slope is minus the threshold.",
    )
    d.assume("overlap", P(theta), overlap(theta), why="The first term.")
    d.assume("lower", _S - theta * _S_next, F, relation="<=", why="See `sdr/bounds/bonferroni`.")
    share = theta * (s - theta) * (a - theta) / ((theta + 1) * (n - theta))
    d.assume(
        "next-subset",
        _S_next,
        _S * share / theta,
        why="See `sdr/bounds/subset-ratio`.",
    )
    d.step(
        "amplitude-lower",
        _S * (1 - share),
        F,
        relation="<=",
        by=Bound(multipliers={"lower": 1}),
        using=("lower", "next-subset"),
        why="The subset bound is not only a bound: what it exceeds is a share of order $1/n$.",
    )
    d.assume(
        "subset",
        _S,
        binomial(s, theta) * ff(a, theta) / ff(n, theta),
        why="The mean number of subsets of active synapses.",
    )
    d.step(
        "amplitude",
        _S * ff(n, theta),
        binomial(s, theta) * ff(a, theta),
        by=Rewrite(),
        using=("subset",),
        why="The subset bound is a pure power law, in falling powers.",
    )

    d.step(
        "falling-power",
        Sum(log(1 - _i / n), (_i, 0, theta - 1)),
        -theta * (theta - 1) / (2 * n),
        by=Series(n, oo, order=2, how=_carried_out),
        why="The logarithm of $n^{\\underline\\theta}/n^\\theta$: falling powers of a large number "
        "are powers.",
    )


def _first_term(d: Derivation) -> None:
    d.step(
        "one-by-one",
        P(theta),
        binomial(s, theta) * ff(a, theta) * ff(n - a, s - theta) / ff(n, s),
        by=Rewrite(how=hypergeometric),
        using=("overlap",),
        why="The synapses one by one: $\\theta$ of them find an active cell, the others do not.",
    )
    d.step(
        "first-term-slope",
        Sum(1 / (1 - (a + _i) / n), (_i, 0, s - theta - 1)) - Sum(1 / (1 - _i / n), (_i, 0, s - 1)),
        -theta + (2 * (s - theta) * (a - theta) - theta * (theta - 1)) / (2 * n),
        by=Series(n, oo, order=2, how=_carried_out),
        why="The slope of the first term, $n\\, d\\log P_\\theta/dn$ of the formula before, with "
        "its first correction.",
    )


def _carried_out(expr):
    return expand(expr.doit())


FLOOR = Derivation(
    "sdr/floor",
    title="Fixed sparsity: a floor",
    about=(
        "Let the population grow while the share of active cells stays as it is. The overlap then "
        "becomes binomial, and the false-positive probability stops depending on the population."
    ),
    domain={
        s: Integers(2, 9),
        theta: Integers(1, s),
        b: Integers(0, s),
        p: Interval(Rational(1, 20), Rational(1, 2)),
        _silent: Interval(Rational(1, 2), Rational(19, 20)),
        n: Integers(40, 400),
        _B(b): Interval(0, 1),
        _L: Interval(-9, 0),
    },
)

_binomial = binomial(s, b) * p**b * (1 - p) ** (s - b)


def _floor(d: Derivation) -> None:
    correction = s * (s - 1) / 2 - b * (b - 1) / (2 * p) - (s - b) * (s - b - 1) / (2 * _silent)
    d.assume(
        "log-overlap",
        _L,
        Sum(log(p - _i / n), (_i, 0, b - 1))
        + Sum(log(_silent - _i / n), (_i, 0, s - b - 1))
        - Sum(log(1 - _i / n), (_i, 0, s - 1)),
        why="The logarithm of $P_b$ over $\\binom sb$, synapse by synapse, with $a = pn$ active "
        "cells and $n - a = \\bar p n$ silent ones.",
    )
    d.step(
        "correction",
        _L,
        b * log(p) + (s - b) * log(_silent) + correction / n,
        by=Series(n, oo, order=2, how=_carried_out),
        using=("log-overlap",),
        why="The binomial distribution, and the first correction for a finite population.",
    )
    d.assume("silent", _silent, 1 - p, why="The share of silent cells.")
    d.assume("binomial", _B(b), _binomial, why="The binomial distribution.")
    d.step(
        "approach",
        Sum(correction * _B(b), (b, theta, s)),
        -theta
        * binomial(s, theta)
        * p ** (theta - 1)
        * (1 - p) ** (s - theta)
        * (theta - 1 - (s - 1) * p)
        / 2,
        by=Telescoping(
            b * binomial(s, b) * p ** (b - 1) * (1 - p) ** (s - b) * (b - 1 - (s - 1) * p) / 2,
            b,
            how=hypergeometric,
        ),
        using=("binomial", "silent"),
        why="The coefficient of $1/n$ of the tail. It is negative for a threshold above "
        "$1 + (s-1)p$: then the floor is reached from below.",
    )
    d.step(
        "floor-slope",
        Sum(Derivative(_binomial, p), (b, theta, s)),
        theta * binomial(s, theta) * p ** (theta - 1) * (1 - p) ** (s - theta),
        by=Telescoping(
            -b * binomial(s, b) * p ** (b - 1) * (1 - p) ** (s - b), b, how=hypergeometric
        ),
        why="How the floor rises with the sparsity.",
    )


_power_law(POWER_LAW)
_first_term(POWER_LAW)
_floor(FLOOR)
