"""Sparse patterns: random ones of a fixed size, samples of them, noise, and overlaps.

A pattern is a row of cell indices `[..., a]`, a dense bool row `[..., n]`, or packed words
`[..., ceil(n / 32)]`. In an index row, -1 stands for no cell.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Int, PRNGKeyArray, UInt32

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.sdr.arrays import NOISE, Noise


@references("ahmad2016neurons")
def random_patterns(key: PRNGKeyArray, n: int, a: int, count: int) -> Int[Array, "count a"]:
    """Independent uniform subsets of fixed size: every one of the C(n, a) patterns alike.

    Drawn by Floyd's algorithm, whose cost is a and not n: for j = n - a, ..., n - 1 draw t from
    0, ..., j and take t, or j itself where t is in the set already.

    Args:
        key: a key of `jax.random`.
        n: number of cells.
        a: number of active cells of every pattern, 0 to n.
        count: number of patterns.

    Returns:
        cell indices, distinct in each row, in no particular order.

    Raises:
        ValueError: a size is not allowed.

    Source: the model of ahmad2016neurons, section 3; the algorithm is R. Floyd's.

    >>> rows = random_patterns(jax.random.key(0), 50, 5, 3)
    >>> rows.shape, len({int(cell) for cell in rows[0]})
    ((3, 5), 5)
    """
    require("n", n, low=1, integer=True)
    require("a", a, low=0, high=n, integer=True)
    require("count", count, low=1, integer=True)
    return _floyd(key, n=n, a=a, count=count)


@partial(jax.jit, static_argnames=("n", "a", "count"))
def _floyd(key, *, n, a, count):
    words = -(-n // 32)
    rows = jnp.arange(count)

    def take(i, state):
        chosen, held = state
        j = n - a + i
        t = jax.random.randint(jax.random.fold_in(key, i), (count,), 0, j + 1, jnp.int32)
        there = (held[rows, t // 32] >> (t % 32).astype(jnp.uint32)) & jnp.uint32(1)
        cell = jnp.where(there == 1, j.astype(jnp.int32), t)
        bit = jnp.uint32(1) << (cell % 32).astype(jnp.uint32)
        held = held.at[rows, cell // 32].add(bit)  # the bit is not set: j is new, and t was
        return chosen.at[:, i].set(cell), held

    start = jnp.zeros((count, a), jnp.int32), jnp.zeros((count, words), jnp.uint32)
    return jax.lax.fori_loop(0, a, take, start)[0]


def subsample(key: PRNGKeyArray, patterns: Int[Array, "M a"], s: int) -> Int[Array, "M s"]:
    """A uniform s-subset of each pattern: the cells on which a segment forms its synapses.

    Args:
        patterns: cell indices, one pattern a row.
        s: number of synapses, at most a.

    Raises:
        ValueError: s is larger than the patterns.

    >>> rows = random_patterns(jax.random.key(0), 50, 5, 3)
    >>> subsample(jax.random.key(1), rows, 2).shape
    (3, 2)
    """
    count, a = patterns.shape
    require("s", s, low=0, high=a, integer=True)
    if s == 0:
        return patterns[:, :0]
    places = random_patterns(key, a, s, count)
    return jnp.take_along_axis(patterns, places, axis=1)


@references("ahmad2016neurons")
def apply_noise(
    key: PRNGKeyArray,
    patterns: Int[Array, "M a"],
    n: int,
    v: int,
    kind: Noise = "swap",
) -> Int[Array, "M a"]:
    """Corrupt patterns, by one of four models that are often not told apart.

    - `"swap"`: v active cells fall silent, and v cells that were *not* active become active.
    - `"drop"`: v active cells fall silent.
    - `"swap_readd"`: v active cells fall silent, then v of all cells that are silent *now*
      become active: of these, R are old ones, R ~ Hyp(n - a + v, v, v).
    - `"bernoulli"`: each active cell falls silent with probability v / a, on its own.

    Args:
        patterns: cell indices, one pattern a row.
        n: number of cells.
        v: number of cells that change, 0 to a.
        kind: the model.

    Returns:
        cell indices; -1 where a cell fell silent and none took its place.

    Raises:
        ValueError: v is negative or larger than a; too few silent cells; no such model.

    Source: "swap" is the model of ahmad2016neurons, section 4.3; "swap_readd" is what the
    official simulation of a neuron does.

    >>> rows = random_patterns(jax.random.key(0), 50, 5, 1)
    >>> int(jnp.sum(apply_noise(jax.random.key(1), rows, 50, 2, "drop") == -1))
    2
    """
    a = patterns.shape[1]
    require("kind", kind, choices=NOISE)
    require("v", v, low=0, high=a, integer=True)
    if kind == "swap":
        require("n", n, low=a + v, integer=True)
    require("n", n, low=max(a, 1), integer=True)
    if v == 0 or a == 0:
        return patterns
    return _noise(key, patterns, n=n, v=v, kind=kind)


@partial(jax.jit, static_argnames=("n", "v", "kind"))
def _noise(key, patterns, *, n, v, kind):
    count, a = patterns.shape
    out, into = jax.random.split(key)
    if kind == "bernoulli":
        gone = jax.random.uniform(out, (count, a)) < v / a
        return jnp.where(gone, -1, patterns)
    # The first v places of each row, in random order, are those that change.
    order = _floyd(out, n=a, a=v, count=count)
    rows = jnp.arange(count)[:, None]
    if kind == "drop":
        return patterns.at[rows, order].set(-1)
    free = n - a if kind == "swap" else n - a + v
    ranks = jnp.sort(_floyd(into, n=free, a=v, count=count), axis=1)
    # Cells that may come back are no longer taken: out of range, and still distinct.
    away = jnp.broadcast_to(n + jnp.arange(v, dtype=patterns.dtype), (count, v))
    kept = patterns if kind == "swap" else patterns.at[rows, order].set(away)
    return patterns.at[rows, order].set(_unranked(ranks, jnp.sort(kept, axis=1)))


def _unranked(ranks, taken):
    # The r-th cell that is not taken (r from 0): r plus the number of taken cells below it,
    # which is the number of sorted taken cells t_i with t_i - i <= r.
    gaps = taken - jnp.arange(taken.shape[1], dtype=taken.dtype)[None, :]
    below = jax.vmap(lambda g, r: jnp.searchsorted(g, r, side="right"))(gaps, ranks)
    return ranks + below.astype(ranks.dtype)


def to_dense(patterns: Int[Array, "*batch a"], n: int) -> Bool[Array, "*batch n"]:
    """Dense bool rows from cell indices; entries of -1 are left out.

    Args:
        patterns: cell indices, -1 to n - 1.
        n: number of cells.

    Raises:
        ValueError: an index is out of range.

    >>> to_dense(jnp.array([0, 2]), 4).tolist()
    [True, False, True, False]
    """
    require("patterns", patterns, low=-1, high=n - 1, integer=True)
    return _to_dense(patterns, n=n)


@partial(jax.jit, static_argnames="n")
def _to_dense(patterns, *, n):
    flat = patterns.reshape((-1, patterns.shape[-1]))
    rows = jnp.arange(flat.shape[0])[:, None]
    place = jnp.where(flat < 0, n, flat)  # one column too many collects the -1
    dense = jnp.zeros((flat.shape[0], n + 1), bool).at[rows, place].set(True)[:, :n]
    return dense.reshape((*patterns.shape[:-1], n))


@jax.jit
def pack(dense: Bool[Array, "*batch n"]) -> UInt32[Array, "*batch words"]:
    """Dense bool rows as words of 32 bits: bit i of word w is cell 32 w + i.

    >>> pack(jnp.array([True, False, True])).tolist()
    [5]
    """
    n = dense.shape[-1]
    words = -(-n // 32)
    padding = [(0, 0)] * (dense.ndim - 1) + [(0, 32 * words - n)]
    bits = jnp.pad(dense, padding).reshape((*dense.shape[:-1], words, 32))
    shifts = jnp.arange(32, dtype=jnp.uint32)
    shifted = jax.lax.shift_left(bits.astype(jnp.uint32), jnp.broadcast_to(shifts, bits.shape))
    return jnp.sum(shifted, axis=-1, dtype=jnp.uint32)


def unpack(words: UInt32[Array, "*batch words"], n: int) -> Bool[Array, "*batch n"]:
    """Dense bool rows from packed words; the inverse of `pack`.

    Raises:
        ValueError: n cells do not fit the number of words.

    >>> unpack(pack(jnp.array([True, False, True])), 3).tolist()
    [True, False, True]
    """
    require("n", n, above=32 * (words.shape[-1] - 1), high=32 * words.shape[-1], integer=True)
    return _unpack(words, n=n)


@partial(jax.jit, static_argnames="n")
def _unpack(words, *, n):
    wide = jnp.broadcast_to(words[..., None], (*words.shape, 32))
    shifts = jnp.broadcast_to(jnp.arange(32, dtype=jnp.uint32), wide.shape)
    bits = jax.lax.shift_right_logical(wide, shifts) & jnp.uint32(1)
    return (bits == 1).reshape((*words.shape[:-1], -1))[..., :n]


@jax.jit
def overlaps(
    synapses: UInt32[Array, "M words"], active: UInt32[Array, "T words"]
) -> Int[Array, "T M"]:
    """Number of active synapses of every segment, for every pattern of activity.

    $D \\cdot A = |D \\cap A|$, by counting bits; one row of the result at a time, so that the
    memory is M words and not T M words.

    Args:
        synapses: packed segments.
        active: packed patterns of activity, with as many words.

    Source: ahmad2016neurons, section 3.

    >>> rows = to_dense(jnp.array([[0, 2], [1, 2]]), 4)
    >>> overlaps(pack(rows), pack(rows)).tolist()
    [[2, 1], [1, 2]]
    """

    def one(row):
        both = jax.lax.population_count(synapses & row[None, :])
        return jnp.sum(both, axis=1, dtype=jnp.uint32).astype(jnp.int32)

    return jax.lax.map(one, active)


def as_packed(patterns: ArrayLike, n: int) -> UInt32[Array, "*batch words"]:
    """Packed words from any form of pattern: cell indices, dense bool rows, packed words.

    Args:
        patterns: bool `[..., n]`, uint32 `[..., ceil(n / 32)]`, or other integers, which are
            cell indices.
        n: number of cells.

    Raises:
        ValueError: the array has another length, or neither kind of entries.

    >>> as_packed(jnp.array([0, 2]), 4).tolist()
    [5]
    """
    given = jnp.asarray(patterns)
    if given.dtype == jnp.bool_:
        require("patterns", given.astype(int), shape=(*[None] * (given.ndim - 1), n))
        return pack(given)
    if given.dtype == jnp.uint32:
        require("patterns", given, shape=(*[None] * (given.ndim - 1), -(-n // 32)))
        return given
    if not jnp.issubdtype(given.dtype, jnp.integer):
        raise ValueError(f"patterns holds {given.dtype}; allowed: bool, uint32 words or indices")
    return pack(to_dense(given.astype(jnp.int32), n))
