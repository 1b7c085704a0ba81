"""What noise does to a stored pattern: false negatives, and the match curve behind them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import (
    NOISE,
    Noise,
    bucket,
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
    _log_tail,
    log_false_positive,
    sum_length,
)


@references("ahmad2016neurons")
def log_false_negative(
    a: ArrayLike,
    s: ArrayLike,
    v: ArrayLike,
    theta: ArrayLike,
    noise: Noise = "swap",
    n: ArrayLike | None = None,
    terms: int | None = None,
) -> Float[Array, "..."]:
    """Log probability that a stored pattern, disturbed by noise, fails to excite its segment.

    The segment samples s of the a active cells of its pattern; it loses L of them and fails when
    fewer than theta are left:

    $$\\mathrm{FN} = P(L \\ge s - \\theta + 1), \\qquad L \\sim \\mathrm{Hyp}(a, s, v),$$

    zero exactly where v is at most s - theta. The population does not enter. Noise models:

    - "swap": v of the a cells fall silent and v cells outside the pattern become active.
    - "drop": v of the a cells fall silent, no other becomes active. On a segment that holds one
      pattern it has the same effect; on a union it has not (`log_union_fn`).
    - "swap_readd": v cells fall silent, then v of all the n - a + v cells that are inactive now
      become active, so R of the silenced return, $R \\sim \\mathrm{Hyp}(n-a+v, v, v)$.
    - "bernoulli": each active cell falls silent independently with probability v / a, so that v
      is a mean: $L \\sim \\mathrm{Binomial}(s, v/a)$.

    Args:
        a: active cells of the stored pattern.
        s: synapses, at most a.
        v: noise, in cells, at most a; a real number for "bernoulli".
        theta: threshold, inclusive; 0 or less gives probability 0, more than s gives 1.
        noise: one of the four models.
        n: cells in the population, at least a; needed for "swap_readd" only.
        terms: as in `log_false_positive`.

    Returns:
        log FN, in the broadcast shape. Differentiable in a and v. NaN where `terms` terms were
        not enough. For "swap_readd" v must be concrete.

    Raises:
        ValueError: an unknown model, numbers that are not whole or negative, s or v above a,
            "swap_readd" without n.

    Source: ahmad2016neurons; claims `sdr/noise/kept`, `sdr/noise/independent-noise`.

    >>> round(float(jnp.exp(log_false_negative(4, 3, 2, 2))), 6)
    0.5
    >>> float(log_false_negative(128, 30, 18, 12))  # v = s - theta
    -inf
    """
    require("noise", noise, choices=NOISE)
    whole(a=a, s=s)
    whole(low=None, theta=theta)
    if noise == "bernoulli":
        require("v", v, low=0)
    else:
        whole(v=v)
    ordered("s", s, "a", a)
    ordered("v", v, "a", a)
    if terms is None:
        terms = TERMS if is_traced(s) else sum_length(s)
    whole(low=1, terms=terms)
    if noise == "swap_readd":
        if n is None:
            raise ValueError("n is None; allowed: the size of the population, for 'swap_readd'")
        whole(n=n)
        ordered("a", a, "n", n)
        if is_traced(v):
            raise ValueError("v is traced; allowed: a number known before compilation")
        most = bucket(int(np.max(np.asarray(v), initial=0)), 16)
        return evaluate(_readd, a, s, v, theta, n, most=most, terms=terms)
    kernel = _independent if noise == "bernoulli" else _swap
    return evaluate(kernel, a, s, v, theta, terms=terms)


@references("ahmad2016neurons")
def match_curve(a: int, s: int, theta: ArrayLike) -> Float[Array, "... c"]:
    """Log probability that a pattern excites the segment, by how many stored cells it shares.

    $$\\mathrm{Match}(c) = P(\\mathrm{Hyp}(a, c, s) \\ge \\theta), \\qquad c = 0, \\dots, a,$$

    the psychometric curve of a segment: 1 - FN at c = a - v, and FP when averaged over the
    overlap c of two random patterns.

    Args:
        a: active cells of the stored pattern, one number.
        s: synapses, one number, at most a.
        theta: threshold, one or many.

    Returns:
        log Match, with an axis of length a + 1 added at the end.

    Raises:
        ValueError: as in `log_false_negative`; a or s is an array or traced.

    Source: claim `sdr/noise/match`.

    >>> [round(float(x), 6) for x in jnp.exp(match_curve(128, 30, 12))[jnp.array([32, 64])]]
    [0.029661, 0.928301]
    """
    single(a=a, s=s)
    return log_false_positive(a, np.arange(int(a) + 1), s, np.asarray(theta)[..., None])


def half_noise(s: ArrayLike, theta: ArrayLike) -> Float[Array, "..."]:
    """Fraction of noise at which about half of the stored patterns are missed.

    $$\\nu_{1/2} \\approx 1 - \\frac{\\theta - 1/2}{s}.$$

    An approximation: it sets the median of the number of hits to its mean.

    Args:
        s: synapses, at least 1.
        theta: threshold.

    Raises:
        ValueError: not whole numbers, s below 1.

    >>> round(float(half_noise(30, 12)), 3)
    0.617
    """
    whole(low=1, s=s)
    whole(low=None, theta=theta)
    s, theta = floats(s, theta)
    return 1 - (theta - 0.5) / s


@partial(jax.jit, static_argnames="terms")
def _swap(a, s, v, theta, terms):
    return _log_tail(a, v, s, s - theta + 1, terms)


@partial(jax.jit, static_argnames="terms")
def _independent(a, s, v, theta, terms):
    some = a > 0
    lost = jnp.where(some, v / jnp.where(some, a, 1.0), 0.0)
    kept = jnp.where(some, (a - v) / jnp.where(some, a, 1.0), 1.0)
    return _log_binomial_tail(s, lost, kept, s - theta + 1, terms)


@partial(jax.jit, static_argnames=("most", "terms"))
def _readd(a, s, v, theta, n, most, terms):
    """Average over the number of silenced cells that come back."""
    back = jnp.arange(most + 1, dtype=a.dtype)
    a, s, v, theta, n, back = jnp.broadcast_arrays(
        *(x[..., None] for x in (a, s, v, theta, n)), back.reshape((1,) * a.ndim + (-1,))
    )
    weight = _log_pmf(n - a + v, v, v, back)
    missed = _log_tail(a, jnp.maximum(v - back, 0), s, s - theta + 1, terms)
    return jax.nn.logsumexp(weight + missed, axis=-1)
