"""Many segments: the probability that any of them responds."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import evaluate, whole
from theorylab.sdr.tails import log1mexp


@references("ahmad2016neurons")
def log_ensemble(logp: ArrayLike, segments: ArrayLike) -> Float[Array, "..."]:
    """Log probability that at least one of M independent segments responds.

    $$\\log\\big[1 - (1-p)^M\\big], \\qquad \\text{at most } \\log M + \\log p.$$

    Exact also where p is far below the smallest float: the logarithm of p is what goes in.
    A neuron is an ensemble of its segments, a layer an ensemble of its neurons.

    Args:
        logp: log of the probability of each, at most 0; -inf allowed.
        segments: M, at least 0.

    Returns:
        the log probability, in the broadcast shape; differentiable. Traced bad values give NaN.

    Raises:
        ValueError: logp above 0 or NaN, M not a whole number.

    Source: ahmad2016neurons, eq. (8) and (9).

    >>> round(float(jnp.exp(log_ensemble(jnp.log(0.5), 3))), 6)
    0.875
    >>> round(float(log_ensemble(-1000.0, 1000)), 3)
    -993.092
    """
    if not is_traced(logp):
        p = np.exp(np.asarray(logp, float))
        require("exp(logp)", p if p.ndim else float(p), low=0.0, high=1.0)
    whole(segments=segments)
    return evaluate(_any, logp, segments)


@jax.jit
def _any(logp, segments):
    dead = (logp == -jnp.inf) | (segments == 0)
    sure = (logp == 0) & ~dead
    logp = jnp.where(dead | sure, -1.0, logp)
    # log(-log(1 - p)) = log p + log(1 + p/2 + ...): log1mexp loses p below the rounding of 1.
    tiny = logp < 0.5 * jnp.log(jnp.finfo(logp.dtype).eps)
    p = jnp.exp(logp)
    rate = jnp.where(tiny, logp + p / 2, jnp.log(-log1mexp(jnp.where(tiny, -1.0, logp))))
    rate = rate + jnp.log(jnp.where(dead, 1.0, segments))
    # Now 1 - exp(-z) with z = exp(rate), for z that may underflow.
    slow = rate < 0.5 * jnp.log(jnp.finfo(logp.dtype).eps)
    z = jnp.exp(jnp.where(slow, 0.0, jnp.minimum(rate, 6.5)))  # beyond, exp(-z) is 0
    any_responds = jnp.where(slow, rate - jnp.exp(rate) / 2, log1mexp(-z))
    return jnp.where(dead, -jnp.inf, jnp.where(sure, 0.0, any_responds))
