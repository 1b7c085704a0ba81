"""The worked example, by looking at every pattern; and the counting formula behind it."""

from collections import Counter
from functools import cache
from itertools import combinations

from sympy import Function, Rational, Sum, Symbol, binomial

from theorylab.sdr.derivations.symbols import b, written_out
from theorylab.symbolic import Derivation, Enumerate, Integers, Interval, Rewrite

_N = Function("N", integer=True, nonnegative=True)
_missed = Function("N_-", integer=True, nonnegative=True)
_share = Function("I", nonnegative=True)
_F, _FN, _U = (
    Symbol("F", positive=True),
    Symbol(r"F_-", positive=True),
    Symbol("F_U", positive=True),
)
_l = Symbol(r"\ell", integer=True, nonnegative=True)
_j = Symbol("j", integer=True, nonnegative=True)

# The sizes of the example: small enough that every pattern can be looked at.
CELLS, ACTIVE, SYNAPSES = 10, 4, 5


@cache
def patterns_with_overlap() -> Counter:
    """Of all 210 patterns of 4 among 10 cells, how many meet the first 5 cells in b of them."""
    segment = set(range(SYNAPSES))
    return Counter(
        len(segment.intersection(pattern)) for pattern in combinations(range(CELLS), ACTIVE)
    )


@cache
def silenced_with_loss() -> Counter:
    """Of the 6 ways to silence 2 of 4 cells, how many take l of the 3 synapses on them."""
    return Counter(len({0, 1, 2}.intersection(silenced)) for silenced in combinations(range(4), 2))


@cache
def unions_meeting_a_pattern() -> Counter:
    """Of all ways to draw three subsets of 3 among 12 cells, how many meet 4 cells in b of them."""
    subsets = [sum(1 << cell for cell in chosen) for chosen in combinations(range(12), 3)]
    unions = Counter({0: 1})
    for _ in range(3):
        grown: Counter = Counter()
        for union, ways in unions.items():
            for subset in subsets:
                grown[union | subset] += ways
        unions = grown
    found: Counter = Counter()
    for union, ways in unions.items():
        found[(union & 0b1111).bit_count()] += ways
    return found


COUNTING = Derivation(
    "sdr/counting",
    title="Counting",
    about=(
        "Ten cells, four of them active, a segment with five synapses that fires at an overlap of "
        "three: small enough to look at every pattern, and the general formula gives the same "
        "numbers."
    ),
    domain={
        b: Integers(0, 4),
        _l: Integers(0, 2),
        _j: Integers(0, 4),
        _N(b): Integers(0, 100),
        _missed(_l): Integers(0, 4),
        _share(b): Interval(0, 1),
        **{x: Interval(Rational(1, 10), 1) for x in (_F, _FN, _U)},
    },
)


def _example(d: Derivation) -> None:
    counted = {_N: lambda value: patterns_with_overlap()[int(value)]}
    d.step(
        "patterns",
        _N(b),
        binomial(SYNAPSES, b) * binomial(CELLS - SYNAPSES, ACTIVE - b),
        by=Enumerate({b: range(ACTIVE + 1)}, functions=counted),
        why="The number of patterns with overlap b, counted one by one: b cells of the segment's "
        "five, and the rest of the other five.",
    )
    d.assume(
        "false-positive",
        _F,
        Sum(_N(b), (b, 3, 4)) / binomial(CELLS, ACTIVE),
        why="The share of the patterns that reach the threshold of three.",
    )
    d.step(
        "example",
        _F,
        Rational(11, 42),
        by=Rewrite(how=written_out),
        using=("false-positive", "patterns"),
        why="The false-positive probability of the example.",
    )


def _noise_example(d: Derivation) -> None:
    counted = {_missed: lambda value: silenced_with_loss()[int(value)]}
    d.step(
        "silenced",
        _missed(_l),
        binomial(3, _l) * binomial(1, 2 - _l),
        by=Enumerate({_l: range(3)}, functions=counted),
        why="Ways to silence two of the pattern's four cells that take l of the three synapses.",
    )
    d.assume(
        "false-negative",
        _FN,
        Sum(_missed(_l), (_l, 2, 2)) / binomial(4, 2),
        why="With a threshold of two, losing two of three synapses is one too many.",
    )
    d.step(
        "noise-example",
        _FN,
        Rational(1, 2),
        by=Rewrite(how=written_out),
        using=("false-negative", "silenced"),
        why="The false-negative probability of the example.",
    )


def _union_example(d: Derivation) -> None:
    total = binomial(12, 3) ** 3
    counted = {_share: lambda value: Rational(unions_meeting_a_pattern()[int(value)], total)}
    missed = (binomial(12 - (4 - b + _j), 3) / binomial(12, 3)) ** 3
    d.step(
        "intersections",
        _share(b),
        binomial(4, b) * Sum((-1) ** _j * binomial(b, _j) * missed, (_j, 0, b)),
        by=Enumerate({b: range(5)}, functions=counted),
        why="Three subsets of three of twelve cells: the share of all ways to draw them in which "
        "their union meets four given cells in b of them.",
    )
    d.assume(
        "union",
        _U,
        Sum(_share(b), (b, 2, 4)),
        why="A random pattern of four cells meets the union in at least two.",
    )
    d.step(
        "union-example",
        _U,
        Rational(137563, 166375),
        by=Rewrite(how=written_out),
        using=("union", "intersections"),
        why="The false-positive probability of the union.",
    )


_example(COUNTING)
_noise_example(COUNTING)
_union_example(COUNTING)
