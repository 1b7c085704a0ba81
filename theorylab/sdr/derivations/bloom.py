"""Bloom filters: the union with full patterns and a complete match."""

from sympy import Rational, Symbol, exp, log, simplify, symbols

from theorylab.symbolic import Derivation, Interval, Rewrite, Stationary

_x, _M, _N = symbols("a M n", positive=True)  # as real numbers, to find an optimum
_phi, _log = Symbol("phi", positive=True), Symbol("beta", real=True)

BLOOM = Derivation(
    "sdr/bloom",
    title="The exact-match limit: Bloom filters",
    about=(
        "If a segment has a synapse on every cell of its patterns and asks for a complete match, "
        "it is a Bloom filter, and there is a best number of active cells."
    ),
    domain={
        _x: Interval(5, 30),
        _M: Interval(2, 20),
        _N: Interval(100, 400),
        _log: Interval(-9, 0),
        _phi: Interval(Rational(1, 10), Rational(9, 10)),
    },
)


def _bloom(d: Derivation) -> None:
    d.assume(
        "false-match",
        _log,
        _x * log(_phi),
        why="The logarithm of the probability that all a cells of a random pattern lie in the "
        "union, each cell by itself with the density $\\phi$ of the union.",
        source="bloom1970space",
    )
    d.assume(
        "density",
        _phi,
        1 - (1 - _x / _N) ** _M,
        why="The mean density of a union of M patterns of a cells.",
    )
    d.step(
        "bloom",
        _log,
        _x * log(1 - (1 - _x / _N) ** _M),
        by=Rewrite(),
        using=("false-match", "density"),
        why="The formula of the Bloom filter.",
    )
    d.assume(
        "objective",
        _log,
        _x * log(1 - exp(-_x * _M / _N)),
        why="In a large population $(1 - a/n)^M$ is $e^{-aM/n}$.",
    )
    d.step(
        "bloom-optimum",
        _x,
        _N * log(2) / _M,
        by=Stationary(of="objective", kind="min", how=simplify),
        using=("objective",),
        why="The best number of active cells makes the union half full.",
    )
    d.step(
        "bloom-minimum",
        _log,
        -_N * log(2) ** 2 / _M,
        by=Rewrite(how=simplify),
        using=("objective", "bloom-optimum"),
        why="What the best filter achieves: cells per pattern are all that counts.",
    )


_bloom(BLOOM)
