"""The same probabilities as fractions of whole numbers: the reference for everything fast here.

Plain Python integers, no rounding and no approximation, one case at a time. A case takes from
microseconds (n = 1000) to seconds (n = 200,000 with a = 50,000).
"""

from fractions import Fraction
from functools import cache
from math import comb

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.sdr.arrays import NOISE, Noise


@references("ahmad2016neurons")
def pmf(n: int, a: int, s: int, b: int) -> Fraction:
    """Probability that s given cells and a random a of n cells overlap in exactly b.

    $$P(b) = \\binom{s}{b}\\binom{n-s}{a-b} \\Big/ \\binom{n}{a}.$$

    Raises:
        ValueError: not whole numbers, a or s outside 0..n.

    Source: ahmad2016neurons.

    >>> pmf(10, 4, 5, 3)
    Fraction(5, 21)
    """
    _domain(n, a, s, b=b)
    return _pmf(n, a, s, b)


@references("ahmad2016neurons")
def fp(n: int, a: int, s: int, theta: int) -> Fraction:
    """False positive: a random pattern of a of n cells meets at least theta of s synapses.

    Raises:
        ValueError: as in `pmf`.

    Source: ahmad2016neurons.

    >>> fp(10, 4, 5, 3)
    Fraction(11, 42)
    """
    _domain(n, a, s, theta=theta)
    return _tail(n, a, s, theta)


@references("ahmad2016neurons")
def fn(a: int, s: int, v: int, theta: int, noise: Noise = "swap", n: int | None = None) -> Fraction:
    """False negative: a stored pattern, disturbed by v of its a cells, meets fewer than theta.

    The noise models are those of `theorylab.sdr.log_false_negative`.

    Raises:
        ValueError: as in `pmf`; s or v above a; noise "swap_readd" without n, or n below a + v.

    Source: ahmad2016neurons.

    >>> fn(4, 3, 2, 2)
    Fraction(1, 2)
    """
    require("noise", noise, choices=NOISE)
    _domain(a, v, s, theta=theta, names=("a", "v", "s"))
    if noise == "swap_readd":
        require("n", n, low=a, integer=True)
        return sum(
            (_pmf(n - a + v, v, v, r) * (1 - _tail(a, a - v + r, s, theta)) for r in range(v + 1)),
            Fraction(0),
        )
    if noise == "bernoulli":
        kept = Fraction(a - v, a) if a else Fraction(1)
        return 1 - binomial(s, kept, theta)
    return 1 - _tail(a, a - v, s, theta)


def match(a: int, c: int, s: int, theta: int) -> Fraction:
    """A pattern that shares c of the a stored cells meets at least theta of the s sampled ones.

    Raises:
        ValueError: as in `pmf`; c or s above a.

    >>> float(match(128, 64, 30, 12))  # doctest: +ELLIPSIS
    0.928301...
    """
    _domain(a, c, s, theta=theta, names=("a", "c", "s"))
    return _tail(a, c, s, theta)


def binomial(size: int, p: Fraction, theta: int) -> Fraction:
    """At least theta of `size` independent events of probability p.

    Raises:
        ValueError: size or theta not whole, p outside [0, 1].

    >>> binomial(2, Fraction(1, 2), 1)
    Fraction(3, 4)
    """
    require("size", size, low=0, integer=True)
    require("theta", theta, integer=True)
    require("p", float(p), low=0, high=1)
    return sum(
        (comb(size, b) * p**b * (1 - p) ** (size - b) for b in range(max(theta, 0), size + 1)),
        Fraction(0),
    )


def ensemble(p: Fraction, segments: int) -> Fraction:
    """At least one of independent segments, each with probability p.

    Raises:
        ValueError: a negative number of segments.

    >>> ensemble(Fraction(1, 2), 3)
    Fraction(7, 8)
    """
    require("segments", segments, low=0, integer=True)
    return 1 - (1 - p) ** segments


def union_pmf(n: int, a: int, s: int, patterns: int, b: int) -> Fraction:
    """The union X of random s-subsets and a random a of n cells overlap in exactly b.

    By inclusion and exclusion over the cells of the pattern that X misses:

    $$P(|A \\cap X| = b) = \\binom{a}{b} \\sum_{j=0}^{b} (-1)^j \\binom{b}{j}
    \\left[\\binom{n-a+b-j}{s} \\Big/ \\binom{n}{s}\\right]^M.$$

    In floating point this sum cancels to noise, or below zero.

    Raises:
        ValueError: as in `pmf`; a negative number of patterns.

    >>> union_pmf(12, 4, 3, 1, 2) == pmf(12, 4, 3, 2)
    True
    """
    _domain(n, a, s, b=b)
    require("patterns", patterns, low=0, integer=True)
    if not 0 <= b <= a:
        return Fraction(0)
    total = sum((-1) ** j * comb(b, j) * comb(n - a + b - j, s) ** patterns for j in range(b + 1))
    return Fraction(comb(a, b) * total, comb(n, s) ** patterns)


@references("ahmad2016neurons")
def union(n: int, a: int, s: int, patterns: int, theta: int) -> Fraction:
    """False positive of a segment that holds the union of random s-subsets, exactly.

    Raises:
        ValueError: as in `union_pmf`.

    >>> union(12, 4, 3, 3, 2)
    Fraction(137563, 166375)
    """
    require("theta", theta, integer=True)
    few = min(max(theta, 0), a + 1)
    return 1 - sum((union_pmf(n, a, s, patterns, b) for b in range(few)), Fraction(0))


def union_fn(n: int, a: int, s: int, v: int, patterns: int, theta: int) -> Fraction:
    """False negative of a union: one of its patterns, with v of a cells swapped, fails.

    Of the s synapses of that pattern h are hit; each of the other a - h active cells may hit a
    synapse of the other patterns by chance.

    Raises:
        ValueError: as in `fn` and `union_pmf`; no pattern; v above n - a.

    >>> union_fn(12, 4, 3, 2, 1, 2) == fn(4, 3, 2, 2)
    True
    """
    require("patterns", patterns, low=1, integer=True)
    _domain(a, v, s, theta=theta, names=("a", "v", "s"))
    require("n", n, low=a + v, integer=True)
    return 1 - sum(
        (
            _pmf(a, a - v, s, h) * union(n, a - h, s, patterns - 1, theta - h)
            for h in range(min(s, a - v) + 1)
        ),
        Fraction(0),
    )


def union_sizes(n: int, s: int, patterns: int) -> list[Fraction]:
    """Distribution of the size of the union of random s-subsets of n cells, 0 to n.

    The chain $U' = U + s - \\mathrm{Hyp}(n, U, s)$, in fractions.

    Raises:
        ValueError: as in `union_pmf`.

    >>> union_sizes(4, 2, 2)[2:]
    [Fraction(1, 6), Fraction(2, 3), Fraction(1, 6)]
    """
    _domain(n, 0, s)
    require("patterns", patterns, low=0, integer=True)
    return list(_union_sizes(n, s, patterns))


@cache
def _union_sizes(n, s, patterns):
    now = [Fraction(1)] + [Fraction(0)] * n
    for _ in range(patterns):
        then = [Fraction(0)] * (n + 1)
        for u, weight in enumerate(now):
            if weight:
                for b in range(max(0, u + s - n), min(u, s) + 1):
                    then[u + s - b] += weight * _pmf(n, u, s, b)
        now = then
    return tuple(now)


def _pmf(n, a, s, b):
    if not max(0, a + s - n) <= b <= min(a, s):
        return Fraction(0)
    return Fraction(comb(s, b) * comb(n - s, a - b), comb(n, a))


def _tail(n, a, s, theta):
    """Sum of whole numbers; the next term by the exact ratio of binomials."""
    low, high = max(theta, a + s - n, 0), min(a, s)
    if low > high:
        return Fraction(0)
    term = comb(s, low) * comb(n - s, a - low)
    total = 0
    for b in range(low, high + 1):
        total += term
        term = term * (s - b) * (a - b) // ((b + 1) * (n - s - a + b + 1))
    return Fraction(total, comb(n, a))


def _domain(n, a, s, names=("n", "a", "s"), **others):
    require(names[0], n, low=0, integer=True)
    require(names[1], a, low=0, high=n, integer=True)
    require(names[2], s, low=0, high=n, integer=True)
    for name, value in others.items():
        require(name, value, integer=True)
