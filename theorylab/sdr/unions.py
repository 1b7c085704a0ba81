"""Several patterns mixed on one segment: the size of their union, and what it costs.

The union X of M random s-subsets of the n cells is itself random. Three ways to the
false-positive probability of a segment on X, each named for what it is:

- "exact": the distribution of |X| from the Markov chain $U' = U + s - \\mathrm{Hyp}(n, U, s)$,
  and for each size the hypergeometric tail.
- "plugin": the tail at the expected size, rounded half up to a whole number, as in the
  literature.
- "bloom": each active cell belongs to X independently with the right probability, as in a Bloom
  filter.
"""

import math
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import (
    bucket,
    common_dtype,
    evaluate,
    floats,
    ordered,
    single,
    whole,
)
from theorylab.sdr.tails import (
    TERMS,
    _log_binomial_tail,
    _log_pmf,
    at_most,
    log_false_positive,
    log_ratio,
    sum_length,
)

Method = Literal["exact", "plugin", "bloom"]
METHODS = ("exact", "plugin", "bloom")


@references("ahmad2016neurons")
def union_size_moments(
    n: ArrayLike, s: ArrayLike, patterns: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Mean and variance of the number of distinct synapses that hold M random patterns.

    $$E[U] = n(1 - p_0), \\quad \\mathrm{Var}\\,U = n p_0 + n(n-1) p_{00} - n^2 p_0^2,$$
    $$p_0 = \\Big(1-\\frac{s}{n}\\Big)^M, \\quad
    p_{00} = \\Big(\\frac{(n-s)(n-s-1)}{n(n-1)}\\Big)^M.$$

    Args:
        n: cells, at least 1.
        s: synapses per pattern, at most n.
        patterns: M.

    Returns:
        the mean and the variance, in the broadcast shape; without cancellation where both
        powers are near 1.

    Raises:
        ValueError: not whole or negative numbers, n below 1, s above n.

    Source: claims `sdr/unions/mean`, `sdr/unions/variance`; ahmad2016neurons for the mean.

    >>> mean, variance = union_size_moments(12, 3, 3)
    >>> float(mean) == 111 / 16
    True
    """
    whole(low=1, n=n)
    whole(s=s, patterns=patterns)
    ordered("s", s, "n", n)
    return evaluate(_moments, n, s, patterns)


def log_union_size_pmf(n: int, s: int, patterns: int) -> Float[Array, " u"]:
    """Log distribution of the size of the union of M random s-subsets, exactly.

    $$P_{m+1}(u) = \\sum_{b=0}^{s} P_m(u - s + b)\\, P(\\mathrm{Hyp}(n, u-s+b, s) = b).$$

    Args:
        n, s, patterns: as in `union_size_moments`, one number each.

    Returns:
        array of n + 1 log probabilities, for sizes 0 to n.

    Raises:
        ValueError: as in `union_size_moments`; an argument is an array or traced.

    Source: derivation `sdr/unions` for the chain.

    >>> [round(float(p), 4) for p in jnp.exp(log_union_size_pmf(4, 2, 2))]
    [0.0, 0.0, 0.1667, 0.6667, 0.1667]
    """
    single(n=n, s=s, patterns=patterns)
    whole(n=n, s=s, patterns=patterns)
    ordered("s", s, "n", n)
    n, s, patterns = int(n), int(s), int(patterns)
    sizes = np.asarray(_size_chain(n, s, (patterns,))[0])[: n + 1]
    return jnp.asarray(np.pad(sizes, (0, n + 1 - sizes.size), constant_values=-np.inf))


@references("ahmad2016neurons")
def log_union_fp(
    n: ArrayLike,
    a: ArrayLike,
    s: ArrayLike,
    patterns: ArrayLike,
    theta: ArrayLike,
    method: Method = "exact",
) -> Float[Array, "..."]:
    """Log probability that a random pattern excites a segment that holds M mixed patterns.

    $$\\text{exact: } \\sum_u P(U = u)\\,\\mathrm{FP}(n, a, u, \\theta), \\qquad
    \\text{plugin: } \\mathrm{FP}(n, a, \\lfloor E[U] + 1/2 \\rfloor, \\theta),$$
    $$\\text{bloom: } P\\big(\\mathrm{Binomial}(a, 1 - (1 - s/n)^M) \\ge \\theta\\big).$$

    For theta = a = s the last is the false-positive rate of a Bloom filter.

    Args:
        n: cells, at least 1.
        a: active cells of the presented pattern, at most n.
        s: synapses per stored pattern, at most n.
        patterns: M.
        theta: threshold, inclusive.
        method: "exact", "plugin" or "bloom".

    Returns:
        log probability, in the broadcast shape. "exact" and "plugin" need concrete n, s and
        patterns; a and theta may be traced.

    Raises:
        ValueError: an unknown method, numbers that are not whole or outside their range, traced
            arguments where concrete ones are needed.

    Source: ahmad2016neurons for "plugin"; claims `sdr/unions/intersection`, `sdr/bloom/bloom`.

    >>> round(float(jnp.exp(log_union_fp(12, 4, 3, 3, 2))), 5)  # 137563/166375
    0.82682
    >>> round(float(jnp.exp(log_union_fp(12, 4, 3, 3, 2, method="plugin"))), 5)  # 28/33
    0.84848
    """
    require("method", method, choices=METHODS)
    whole(low=1, n=n)
    whole(a=a, s=s, patterns=patterns)
    whole(low=None, theta=theta)
    ordered("a", a, "n", n)
    ordered("s", s, "n", n)
    if method == "bloom":
        terms = TERMS if is_traced(a) else sum_length(a)
        return evaluate(_bloom, n, a, s, patterns, theta, terms=terms)
    for name, value in (("n", n), ("s", s), ("patterns", patterns)):
        if is_traced(value):
            raise ValueError(f"{name} is traced; allowed: a number known before compilation")
    if method == "plugin":
        return log_false_positive(n, a, plugin_size(n, s, patterns), theta)
    return _exact_union(n, a, s, patterns, theta)


def plugin_size(n: ArrayLike, s: ArrayLike, patterns: ArrayLike) -> np.ndarray:
    """Expected size of the union rounded to a whole number, halves up.

    Args:
        n, s, patterns: as in `union_size_moments`, concrete.

    Returns:
        integers, on the host: rounding in single precision would move some of them.

    Raises:
        ValueError: as in `union_size_moments`.

    Source: ahmad2016neurons, ahmad2015properties.

    >>> plugin_size(20000, 25, 10)
    array(249)
    """
    whole(low=1, n=n)
    whole(s=s, patterns=patterns)
    ordered("s", s, "n", n)
    n, s, m = (np.asarray(x, np.float64) for x in (n, s, patterns))
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.where(m > 0, m * np.log1p(-s / n), 0.0)
    return np.asarray(np.floor(-n * np.expm1(missed) + 0.5), np.int64)


def union_capacity(n: int, a: int, s: int, theta: int, eps: float, method: Method = "exact") -> int:
    """Largest number M of patterns on one segment with false-positive probability at most eps.

    Args:
        n, a, s, theta: as in `log_union_fp`, one number each; theta from 1 to a.
        eps: bound on the probability, in (0, 1).
        method: as in `log_union_fp`.

    Returns:
        M; 0 if even one pattern is too much.

    Raises:
        ValueError: as in `log_union_fp`; eps outside (0, 1); theta above a or s below 1, where
            the number has no limit.

    Source: claim `sdr/unions/intersection`; derived here.

    >>> union_capacity(20000, 200, 25, 15, 1e-9, method="plugin")
    7
    """
    single(n=n, a=a, s=s, theta=theta, eps=eps)
    require("eps", eps, above=0.0, below=1.0)
    require("a", a, low=1, integer=True)
    require("theta", theta, low=1, high=a, integer=True)
    require("s", s, low=1, integer=True)
    # The largest union that is still safe says about how many patterns fit, and so where to look.
    alone = log_false_positive(n, a, np.arange(int(n) + 1), theta)
    safe = np.flatnonzero(at_most(alone, np.log(eps)))[-1]
    many = 16 if s == n else 16 + 2 * int(np.log1p(-min(safe, n - 1) / n) / np.log1p(-s / n))
    while True:
        # FP rises with M: the first M that is too much ends the list.
        fp = log_union_fp(n, a, s, np.arange(1, many + 1), theta, method)
        too_much = np.flatnonzero(~at_most(np.asarray(fp), np.log(eps)))
        if too_much.size:
            return int(too_much[0])
        many *= 2


def bloom_optimum(n: ArrayLike, patterns: ArrayLike) -> Float[Array, "..."]:
    """Number of active cells per pattern at which the union confuses exact matches least.

    $$a^* = \\frac{n}{M} \\ln 2,$$

    where half of the cells are in the union.

    Args:
        n: cells, at least 1.
        patterns: M, at least 1.

    Returns:
        a*, a real number.

    Raises:
        ValueError: not whole numbers, or below 1.

    Source: claim `sdr/bloom/bloom-optimum`; bloom1970space.

    >>> round(float(bloom_optimum(2048, 40)), 2)
    35.49
    """
    whole(low=1, n=n, patterns=patterns)
    optimum = symbolic.compiled("sdr/bloom/bloom-optimum", args=("n", "M"))
    return optimum(*floats(n, patterns))


def log_union_fn(
    n: int,
    a: int,
    s: int,
    v: ArrayLike,
    patterns: int,
    theta: ArrayLike,
    noise: Literal["swap", "drop"] = "swap",
) -> Float[Array, "..."]:
    """Log probability that a union misses one of its patterns, hits by chance included.

    Of the s synapses of the pattern, $H \\sim \\mathrm{Hyp}(a, s, a-v)$ are hit; each other
    active cell may belong to the union of the other M - 1 patterns:

    $$\\mathrm{FN} = \\sum_h P(H = h)\\,\\big[1 - \\mathrm{FP}_{\\cup}(n, A - h, s, M-1,
    \\theta - h)\\big],$$

    A = a for "swap", where v other cells become active, A = a - v for "drop". At most the FN
    of the pattern alone: mixing adds no misses.

    Args:
        n: cells, one number; at least a, for "swap" at least a + v.
        a: active cells per pattern, one number.
        s: synapses per pattern, one number, at most a.
        v: noise, in cells, at most a.
        patterns: M, one number, at least 1.
        theta: threshold, inclusive.
        noise: "swap" or "drop".

    Returns:
        log FN, in the broadcast shape of v and theta.

    Raises:
        ValueError: an unknown model, an array or traced value for n, a, s or patterns, numbers
            that are not whole or outside their range.

    Source: derived here.

    >>> round(float(jnp.exp(log_union_fn(12, 4, 3, 2, 1, 2))), 6)
    0.5
    """
    require("noise", noise, choices=("swap", "drop"))
    single(n=n, a=a, s=s, patterns=patterns)
    require("n", n, low=1, integer=True)
    require("a", a, low=0, high=n, integer=True)
    require("s", s, low=0, high=a, integer=True)
    require("patterns", patterns, low=1, integer=True)
    require("v", v, low=0, high=a if noise == "drop" else min(a, n - a), integer=True)
    require("theta", theta, integer=True)
    n, a, s, others = int(n), int(a), int(s), int(patterns) - 1
    sizes = _size_chain(n, s, (others,))
    v, theta, hit = np.broadcast_arrays(
        np.asarray(v)[..., None], np.asarray(theta)[..., None], np.arange(s + 1)
    )
    possible = (hit <= a - v) & (hit >= s - v)
    active = np.where(possible, (a if noise == "swap" else a - v) - hit, 0)
    weight = evaluate(_log_pmf, a, a - v, s, hit)
    missed = _over_sizes(sizes, 0, n, active, theta - hit, below=True)
    return jnp.minimum(jax.nn.logsumexp(weight + missed, axis=-1), 0.0)


@partial(jax.jit, static_argnames="terms")
def _bloom(n, a, s, m, theta, terms):
    missed = _missed(n, s, m)
    return _log_binomial_tail(a, -jnp.expm1(missed), jnp.exp(missed), theta, terms)


def _missed(n, s, m):
    """log of the probability that a cell is in none of m random s-subsets."""
    some = (m > 0) & (s > 0)
    free = some & (s < n)
    share = jnp.where(free, s / n, 0.5)
    missed = m * log_ratio(-share, 1 - share)
    return jnp.where(free, missed, jnp.where(some, -jnp.inf, 0.0))


@jax.jit
def _moments(n, s, m):
    missed = _missed(n, s, m)
    p0 = jnp.exp(missed)
    # p00 = p0^2 (1 - d)^m: the two cells compete for the same s places.
    spread = (n - 1) * (n - s)
    d = jnp.where(spread > 0, s / jnp.where(spread > 0, spread, 1.0), 0.0)
    last = d >= 1  # one cell is left out each time: never both of two
    apart = jnp.where(
        last, jnp.where(m > 0, -1.0, 0.0), jnp.expm1(m * jnp.log1p(-jnp.where(last, 0.0, d)))
    )
    variance = n * p0 * (-jnp.expm1(missed) + (n - 1) * p0 * apart)
    return -n * jnp.expm1(missed), jnp.maximum(variance, 0.0)


def _size_chain(n, s, patterns):
    """Log distributions of the union's size after each of the given numbers of patterns.

    One row for each, from size 0 up to at least what the largest number can fill. Lengths are
    rounded up, so that few are compiled.
    """
    many = max(patterns)
    top = bucket(min(n, many * s) + 1, 64)
    slots = np.full(bucket(many, 16) + 1, len(patterns))
    slots[list(patterns)] = np.arange(len(patterns))
    overlap = np.arange(-(-(s + 1) // 32) * 32)[None, :]
    size = np.arange(top)[:, None] - s + overlap
    known = (size >= 0) & (size <= n)
    size = np.where(known, size, 0)
    table = evaluate(_log_pmf, n, size, s, overlap)
    rows = bucket(len(patterns), 16)
    with jax.ensure_compile_time_eval():
        return _chain(np.where(known, table, -np.inf).astype(table.dtype), size, slots, rows)


@partial(jax.jit, static_argnames="rows")
def _chain(table, size, slots, rows):
    nothing = jnp.full(table.shape[0], -jnp.inf, table.dtype)
    start = nothing.at[0].set(0.0)
    kept = jnp.broadcast_to(nothing[None, :], (rows, nothing.size))

    def step(state, slot):
        now, kept = state
        now = jax.nn.logsumexp(now[size] + table, axis=1)
        return (now, kept.at[slot].set(now, mode="drop")), None

    state = (start, kept.at[slots[0]].set(start, mode="drop"))
    return jax.lax.scan(step, state, slots[1:])[0][1]


def _over_sizes(sizes, slot, n, a, theta, below=False):
    """log of the sum over u of P(U = u) P(overlap of a cells with u reaches theta, or not).

    `slot` names the row of `sizes` that goes with each a and theta.
    """
    known = not is_traced(a, theta)
    shape = np.broadcast_shapes(np.shape(a), np.shape(theta), np.shape(slot))
    xp = np if known else jnp
    a, theta, slot = (xp.broadcast_to(xp.asarray(x), shape).ravel() for x in (a, theta, slot))
    which = np.arange(a.size)
    if known:  # equal tails once
        (a, theta), which = np.unique(np.stack([a, theta]), axis=1, return_inverse=True)
    a, theta, u = a[:, None], theta[:, None], np.minimum(np.arange(sizes.shape[1]), n)
    if below:
        tail = log_false_positive(n, n - a, u, u - theta + 1)
    else:
        tail = log_false_positive(n, a, u, theta)
    if not known:
        return _mix(sizes, slot, tail, which).reshape(shape)
    padding = (0, bucket(which.size, 16) - which.size)
    slot, which = np.pad(slot, padding, mode="edge"), np.pad(which, padding, mode="edge")
    rows = (0, bucket(len(tail), 16) - len(tail))
    with jax.ensure_compile_time_eval():
        out = _mix(sizes, slot, np.pad(tail, (rows, (0, 0))), which)
    return np.asarray(out)[: math.prod(shape)].reshape(shape)


@jax.jit
def _mix(sizes, slot, tail, which):
    """One element at a time, many in a batch: all at once could need gigabytes."""

    def one(pair):
        return jax.nn.logsumexp(sizes[pair[0]] + tail[pair[1]].astype(sizes.dtype))

    return jnp.minimum(
        jax.lax.map(one, (jnp.asarray(slot), jnp.asarray(which)), batch_size=64), 0.0
    )


def _exact_union(n, a, s, patterns, theta):
    """One chain for each pair of n and s, one tail for each pair of a and theta with it."""
    dtype = common_dtype(n, a, s, patterns, theta)
    shape = np.broadcast_shapes(*map(np.shape, (n, a, s, patterns, theta)))
    known = not is_traced(a, theta)
    n, s, m = (np.broadcast_to(np.asarray(x), shape).astype(int).ravel() for x in (n, s, patterns))
    xp = np if known else jnp
    a, theta = (xp.broadcast_to(xp.asarray(x), shape).ravel() for x in (a, theta))
    out = xp.zeros(n.size, dtype)
    for population, synapses in sorted(set(zip(n.tolist(), s.tolist(), strict=True))):
        here = np.flatnonzero((n == population) & (s == synapses))
        many, slot = np.unique(m[here], return_inverse=True)
        sizes = _size_chain(population, synapses, tuple(many.tolist()))
        values = _over_sizes(sizes, slot, population, a[here], theta[here]).astype(dtype)
        if known:
            out[here] = values
        else:
            out = out.at[here].set(values)
    return jnp.asarray(out.reshape(shape))
