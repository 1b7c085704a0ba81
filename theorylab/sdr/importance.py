"""Tails far out of reach of counting, by importance sampling: 1e-10 down to 1e-50 and beyond.

The urn of `monte_carlo` is tilted so that overlaps near the threshold are common, and each draw
is weighted by how much likelier the tilt made it. No formula for the distribution of the overlap
enters, so that this is an independent check of the exact tails.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.require import require

CHUNK = 2**17


class TailEstimate(NamedTuple):
    """A small probability from weighted draws.

    `log_p` is the natural logarithm of the estimate, `rel_se` its relative standard error,
    `log_lo` and `log_hi` the ends of a normal 95 % interval (`log_lo` is -inf where the error is
    not below one half), `ess` the effective number of draws beyond the threshold.
    """

    log_p: float
    rel_se: float
    log_lo: float
    log_hi: float
    ess: float
    draws: int


@references("ahmad2016neurons")
def is_false_positive(
    key: PRNGKeyArray,
    n: int,
    a: int,
    s: int,
    theta: int,
    draws: int = 100_000,
    chunk: int = CHUNK,
) -> TailEstimate:
    """Chance of a false positive, from draws that are biased towards the threshold.

    The synapses are looked at in turn. The next one is active with probability
    $p_j = (a - h_j)/(n - j)$, where $h_j$ were active so far; it is drawn with the odds
    $c\\,p_j/(1 - p_j)$ instead. The weight of a draw with h active synapses is

    $$w = c^{-h} \\prod_j (1 - p_j + c\\,p_j),$$

    and the mean of $w\\,[h \\ge \\theta]$ is the probability, whatever c > 0; c is chosen so that
    h is about theta on average. The relative error hardly depends on how small the probability
    is. Not for use inside `jax.jit`.

    Args:
        key: a key of `jax.random`; chunk i uses `fold_in(key, i)`.
        n: number of cells.
        a: number of active cells.
        s: number of synapses.
        theta: threshold, inclusive; at most min(a, s).
        draws: number of weighted draws.
        chunk: draws made at a time.

    Returns:
        the estimate with its error; in the precision of JAX's default floats.

    Raises:
        ValueError: a number is not allowed.

    Source: derived here, for the quantity of ahmad2016neurons, eq. (4).

    >>> found = is_false_positive(jax.random.key(0), 2000, 40, 20, 10, 10_000)
    >>> abs(found.log_p - math.log(4.943631e-13)) < 4 * found.rel_se < 0.1
    True
    """
    require("n", n, low=1, below=2**31, integer=True)
    require("a", a, low=0, high=n, integer=True)
    require("s", s, low=0, high=n, integer=True)
    require("theta", theta, high=min(a, s), integer=True)
    require("draws", draws, low=2, integer=True)
    require("chunk", chunk, low=1, integer=True)
    if theta <= max(0, a + s - n):  # every pattern reaches it
        return TailEstimate(0.0, 0.0, 0.0, 0.0, float(draws), draws)
    tilt = _tilt(n, a, s, theta)
    parts = []
    for i in range(math.ceil(draws / chunk)):
        size = min(draws, (i + 1) * chunk) - i * chunk
        at = jax.random.fold_in(key, i)
        found = _draw(at, float(n), float(a), float(theta), math.log(tilt), s=s, draws=size)
        parts.append(np.asarray(found, float))
    first, second = np.logaddexp.reduce(np.array(parts), axis=0)
    return _summary(float(first), float(second), draws)


def _tilt(n: int, a: int, s: int, theta: int) -> float:
    """The factor on the odds at which the mean path of the urn ends at theta; at least 1."""
    wanted = min(float(theta), min(a, s) - 0.25)

    def ends_at(log_c: float) -> float:
        active = 0.0
        for j in range(s):
            p = min(max((a - active) / (n - j), 0.0), 1.0)
            c = math.exp(log_c)
            active += c * p / (1 - p + c * p)
        return active

    low, high = 0.0, 80.0
    if ends_at(low) >= wanted:
        return 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if ends_at(middle) < wanted else (low, middle)
    return math.exp(low)


@partial(jax.jit, static_argnames=("s", "draws"))
def _draw(key, n, a, theta, log_c, *, s, draws):
    c = jnp.exp(log_c)

    def look(j, state):
        active, log_w = state
        p = (a - active) / (n - j)
        both = 1 - p + c * p
        hit = jax.random.uniform(jax.random.fold_in(key, j), (draws,)) * both < c * p
        return active + hit.astype(active.dtype), log_w + jnp.log(both)

    zero = jnp.zeros(draws)
    active, log_w = jax.lax.fori_loop(0, s, look, (zero, zero))
    log_w = jnp.where(active >= theta, log_w - active * log_c, -jnp.inf)
    return jax.nn.logsumexp(log_w), jax.nn.logsumexp(2 * log_w)


def _summary(first: float, second: float, draws: int) -> TailEstimate:
    # first = log sum w, second = log sum w^2.
    if first == -math.inf:
        return TailEstimate(-math.inf, math.inf, -math.inf, math.inf, 0.0, draws)
    log_p = first - math.log(draws)
    ratio = math.exp(second - 2 * first)  # 1 / effective number of draws
    spread = math.sqrt(max(ratio - 1 / draws, 0.0) * draws / (draws - 1))
    reach = 1.959963984540054 * spread
    low = math.log1p(-reach) if reach < 1 else -math.inf
    return TailEstimate(log_p, spread, log_p + low, log_p + math.log1p(reach), 1 / ratio, draws)
