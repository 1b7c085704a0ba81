"""Error rates by counting: overlaps drawn from an urn, hits counted with whole numbers.

No formula for the distribution of the overlap enters here. A segment's s synapses are looked
at one after the other, and each is active with the chance that the cells left allow, so that
a trial costs s random words whatever n is.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray, UInt32

from theorylab.citation import references
from theorylab.lab.require import require

CHUNK = 2**18
Report = Callable[[int, int], object]


class Estimate(NamedTuple):
    """A probability estimated by counting, with a Clopper-Pearson interval."""

    p: float
    lo: float
    hi: float
    hits: int
    trials: int


def clopper_pearson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of probabilities that are not refuted by `hits` in `trials`.

    The ends solve $P(X \\ge h) = (1 - c)/2$ and $P(X \\le h) = (1 - c)/2$ for a binomial X, so
    that the interval covers the truth with at least the probability c, for every truth. No
    hits give an upper end, not zero.

    Args:
        hits: number of successes h.
        trials: number of trials.
        level: coverage c, between 0 and 1.

    Raises:
        ValueError: more hits than trials, or a level outside (0, 1).

    >>> low, high = clopper_pearson(0, 1000)
    >>> low, round(high, 6)
    (0.0, 0.003682)
    """
    from scipy.special import betaincinv

    require("trials", trials, low=1, integer=True)
    require("hits", hits, low=0, high=trials, integer=True)
    require("level", level, above=0.0, below=1.0)
    tail = (1 - level) / 2
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


@references("ahmad2016neurons")
def mc_overlap_histogram(
    key: PRNGKeyArray,
    n: int,
    a: int,
    s: int,
    trials: int,
    chunk: int = CHUNK,
    progress: Report | None = None,
) -> np.ndarray:
    """How often each overlap of s synapses with a random pattern occurs, in `trials` draws.

    Chunk i of the trials uses the key `fold_in(key, i)`, and counts are whole numbers on the
    host: the result depends on the key, the trials and the chunk, and on nothing else. Not for
    use inside `jax.jit`.

    Args:
        key: a key of `jax.random`.
        n: number of cells, below 2^31.
        a: number of active cells.
        s: number of synapses.
        trials: number of independent draws.
        chunk: draws made at a time.
        progress: called with (trials done, trials) after each chunk.

    Returns:
        counts of the overlaps 0, ..., s, int64.

    Raises:
        ValueError: a number is not allowed.

    Source: the experiment of ahmad2016neurons, Fig. 4, with an urn in place of patterns.

    >>> counts = mc_overlap_histogram(jax.random.key(0), 100, 10, 4, 1000)
    >>> counts.shape, int(counts.sum())
    ((5,), 1000)
    """
    require("n", n, low=1, below=2**31, integer=True)
    require("a", a, low=0, high=n, integer=True)
    require("s", s, low=0, high=n, integer=True)
    require("trials", trials, low=1, integer=True)
    require("chunk", chunk, low=1, below=2**31, integer=True)
    counts = np.zeros(s + 1, np.int64)
    for i in range(math.ceil(trials / chunk)):
        done = min(trials, (i + 1) * chunk)
        size = done - i * chunk
        # A last, shorter chunk is its own program; the others share one.
        found = _histogram(jax.random.fold_in(key, i), jnp.uint32(n), jnp.int32(a), s, size)
        counts += np.asarray(found, np.int64)
        if progress is not None:
            progress(done, trials)
    return counts


def mc_false_positive(
    key: PRNGKeyArray,
    n: int,
    a: int,
    s: int,
    theta: int,
    trials: int,
    level: float = 0.95,
    chunk: int = CHUNK,
    progress: Report | None = None,
) -> Estimate:
    """How often a random pattern makes a segment fire: overlap of at least theta.

    Args:
        key: a key of `jax.random`.
        n: number of cells.
        a: number of active cells.
        s: number of synapses.
        theta: threshold, inclusive.
        trials: number of independent draws.
        level: coverage of the interval.
        chunk, progress: as in `mc_overlap_histogram`.

    Raises:
        ValueError: a number is not allowed.

    >>> found = mc_false_positive(jax.random.key(0), 10, 4, 5, 3, 10_000)
    >>> found.lo < 11 / 42 < found.hi
    True
    """
    require("theta", theta, integer=True)
    counts = mc_overlap_histogram(key, n, a, s, trials, chunk, progress)
    return _estimate(int(counts[max(theta, 0) :].sum()), trials, level)


def mc_false_negative(
    key: PRNGKeyArray,
    a: int,
    s: int,
    v: int,
    theta: int,
    trials: int,
    level: float = 0.95,
    chunk: int = CHUNK,
    progress: Report | None = None,
) -> Estimate:
    """How often a stored pattern, v of whose a cells fell silent, fails to make its segment fire.

    The number of cells in the population does not matter.

    Args:
        key: a key of `jax.random`.
        a: number of active cells of the stored pattern.
        s: number of synapses, at most a.
        v: number of cells that fell silent, at most a.
        theta: threshold, inclusive.
        trials: number of independent draws.
        level: coverage of the interval.
        chunk, progress: as in `mc_overlap_histogram`.

    Raises:
        ValueError: a number is not allowed.

    >>> found = mc_false_negative(jax.random.key(0), 4, 3, 2, 2, 10_000)
    >>> found.lo < 1 / 2 < found.hi
    True
    """
    require("a", a, low=1, integer=True)
    require("s", s, low=0, high=a, integer=True)
    require("v", v, low=0, high=a, integer=True)
    require("theta", theta, integer=True)
    counts = mc_overlap_histogram(key, a, a - v, s, trials, chunk, progress)
    return _estimate(int(counts[: max(theta, 0)].sum()), trials, level)


def _estimate(hits: int, trials: int, level: float) -> Estimate:
    return Estimate(hits / trials, *clopper_pearson(hits, trials, level), hits, trials)


@partial(jax.jit, static_argnames=("s", "trials"))
def _histogram(key, n, a, s, trials) -> Int[Array, " overlaps"]:
    def look(j, active):
        word = jax.random.bits(jax.random.fold_in(key, j), (trials,), jnp.uint32)
        left = n - jnp.uint32(j)
        # A whole number below `left`, each alike; the synapse is active if it is one of the
        # a - h first: that many of the `left` cells not yet looked at are active.
        drawn = scaled(word, left).astype(jnp.int32)
        return active + (drawn < a - active).astype(jnp.int32)

    active = jax.lax.fori_loop(0, s, look, jnp.zeros(trials, jnp.int32))
    return jnp.bincount(active, length=s + 1)


def scaled(word: UInt32[Array, "..."], m: UInt32[Array, ""]) -> UInt32[Array, "..."]:
    """The whole part of word m / 2^32: a random word as a whole number below m.

    Each number below m gets the same share of the 2^32 words, to one word. The product needs
    64 bits; it is made of 16-bit halves, so that no 64-bit type is needed.

    >>> int(scaled(jnp.uint32(2**31), jnp.uint32(10)))
    5
    """
    low16 = jnp.uint32(0xFFFF)
    shift = jnp.uint32(16)
    high, low = word >> shift, word & low16
    top, bottom = m >> shift, m & low16
    cross = high * bottom + ((low * bottom) >> shift)
    other = low * top + (cross & low16)
    return high * top + (cross >> shift) + (other >> shift)
