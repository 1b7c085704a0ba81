"""Exact scaling laws: what one more cell, one more synapse or a higher threshold does."""

from sympy import Function, Sum, Symbol

from theorylab.sdr.derivations.symbols import (
    CELLS,
    F,
    P,
    a,
    b,
    hypergeometric,
    n,
    overlap,
    s,
    summand_by_summand,
    theta,
    whole_ranges,
)
from theorylab.symbolic import Derivation, Interval, Rewrite, Telescoping

_P = {x: Function(f"P^{{({x}+1)}}", nonnegative=True) for x in (n, a, s)}
_F = {x: Symbol(f"F^{{({x}+1)}}", positive=True) for x in (n, a, s)}
_F_theta = Symbol(r"F_{\theta+1}", positive=True)

SCALING = Derivation(
    "sdr/scaling",
    title="Exact scaling laws",
    about=(
        "How the false-positive probability changes when the population has one cell more, a "
        "pattern one active cell more, a segment one synapse more, or the threshold is one higher. "
        "Each change telescopes: summed over all overlaps from the threshold up, everything "
        "cancels but one term."
    ),
    domain={
        **CELLS,
        **{f(b): Interval(0, 1) for f in _P.values()},
        **{symbol: Interval(0, 1) for symbol in (*_F.values(), _F_theta)},
    },
)

_ONE_MORE = {
    n: "one cell more in the population",
    a: "one active cell more in the pattern",
    s: "one synapse more on the segment",
}


def _definitions(d: Derivation) -> None:
    places = (b, theta, theta - 1)
    d.assume(
        "overlap",
        tuple(P(place) for place in places),
        tuple(overlap(place) for place in places),
        why="The overlap distribution, at the places where it is used.",
    )
    d.assume(
        "tail",
        (F, _F_theta),
        (Sum(P(b), (b, theta, s)), Sum(P(b), (b, theta + 1, s))),
        why="The false-positive probability: an overlap at or above the threshold.",
    )
    for x, shifted in ((n, (n + 1, a, s)), (a, (n, a + 1, s)), (s, (n, a, s + 1))):
        top = s + 1 if x == s else s
        d.assume(
            f"overlap-{x}",
            _P[x](b),
            overlap(b, *shifted),
            why=f"The overlap distribution with {_ONE_MORE[x]}.",
        )
        d.assume(
            f"tail-{x}",
            _F[x],
            Sum(_P[x](b), (b, theta, top)),
            why=f"The false-positive probability with {_ONE_MORE[x]}.",
        )


def _law(d: Derivation, x, change, certificate) -> None:
    """`change` is what the tail changes by; `certificate` telescopes the difference."""
    top = s + 1 if x == s else s
    d.step(
        f"sum-{x}",
        Sum(_P[x](b) - P(b), (b, theta, top)),
        change,
        by=Telescoping(certificate, b, how=hypergeometric),
        using=("overlap", f"overlap-{x}"),
        why="The difference of the two distributions is itself a difference of neighbours, "
        f"$G(b+1) - G(b)$ with $G(b) = {_CERTIFICATES[x]}$, so its sum has only two ends.",
    )
    d.step(
        f"difference-{x}",
        _F[x] - F,
        Sum(_P[x](b) - P(b), (b, theta, top)),
        by=Rewrite(how=(whole_ranges, summand_by_summand)),
        using=("tail", f"tail-{x}", "overlap") if x == s else ("tail", f"tail-{x}"),
        why="The difference of two sums is the sum of the differences.",
    )
    d.step(
        f"law-{x}",
        _F[x] - F,
        change,
        by=Rewrite(),
        using=(f"difference-{x}", f"sum-{x}"),
        why=f"What {_ONE_MORE[x]} does to the false-positive probability.",
    )


_CERTIFICATES = {
    n: r"\frac{b}{n+1} P(b)",
    a: r"-\frac{s-b+1}{n-a} P(b-1)",
    s: r"-\frac{a-b+1}{n-s} P(b-1)",
}


def _laws(d: Derivation) -> None:
    _law(d, n, -theta * P(theta) / (n + 1), b / (n + 1) * overlap(b))
    change = (s - theta + 1) * P(theta - 1) / (n - a)
    _law(d, a, change, -(s - b + 1) / (n - a) * overlap(b - 1))
    change = (a - theta + 1) * P(theta - 1) / (n - s)
    _law(d, s, change, -(a - b + 1) / (n - s) * overlap(b - 1))
    d.step(
        "law-theta",
        _F_theta - F,
        -P(theta),
        by=Rewrite(how=(whole_ranges, summand_by_summand)),
        using=("tail",),
        why="A threshold that is one higher loses the overlaps that just reached it.",
    )


def _exponent(d: Derivation) -> None:
    d.step(
        "local-exponent",
        (n + 1) * (_F[n] - F) / F,
        -theta * P(theta) / F,
        by=Rewrite(),
        using=("law-n",),
        why="The relative change of the false-positive probability over the relative change of "
        "the number of cells: the slope in a plot with two logarithmic axes.",
    )


_definitions(SCALING)
_laws(SCALING)
_exponent(SCALING)
