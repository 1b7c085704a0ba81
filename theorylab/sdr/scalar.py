"""Matches of sparse vectors with real entries: weights of both signs, positive inputs.

The overlap b of the two supports is hypergeometric, as for binary patterns. Given b, the dot
product is a sum of b independent products, whose distribution is a b-fold convolution.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.sdr.tails import overlap_pmf_table


@references("ahmad2019dense")
def scalar_match_tails(k: int, threshold: float, log2_cells: int = 9) -> Float[Array, " k_plus_1"]:
    """Chance that b products reach the threshold, for every overlap b = 0, ..., k.

    A product is u x with u uniform on [-1, 1] and x on [0, 1]; its density is
    $-\\tfrac12 \\ln|z|$ on [-1, 1]. The density is put on a grid of 2^-log2_cells, each cell
    with its exact mass, and convolved by the fast Fourier transform; the error is of second
    order in the cell.

    Args:
        k: largest overlap.
        threshold: t, above 0; the probability is that of a sum of at least t.
        log2_cells: cells for a length of one.

    Returns:
        P(sum of b products >= t), one for each b; exactly 0 where b <= t.

    Raises:
        ValueError: a number is not allowed.

    Source: derived here, for the vectors of ahmad2019dense.

    >>> tails = scalar_match_tails(4, 0.5)
    >>> round(float(tails[1]), 4)  # (1 - t + t ln t) / 2
    0.0767
    """
    require("k", k, low=1, integer=True)
    require("threshold", threshold, above=0.0)
    require("log2_cells", log2_cells, low=2, high=14, integer=True)
    return _tails(jnp.asarray(threshold, float), k=k, cells=2**log2_cells)


@partial(jax.jit, static_argnames=("k", "cells"))
def _tails(threshold, *, k, cells):
    # Zero in the middle of a period that k products cannot leave.
    size = 2 ** (2 * k * cells + 2).bit_length()
    place = jnp.arange(size) - size // 2
    edges = jnp.clip((place.astype(float) + 0.5) / cells, -1.0, 1.0)
    before = jnp.clip((place.astype(float) - 0.5) / cells, -1.0, 1.0)
    mass = _primitive(edges) - _primitive(before)
    transform = jnp.fft.rfft(jnp.fft.ifftshift(mass))
    at = threshold * cells  # in cells; the cell that holds the threshold counts in part
    share = jnp.clip(place.astype(float) + 0.5 - at, 0.0, 1.0)

    def add(power, _):
        power = power * transform
        density = jnp.fft.fftshift(jnp.fft.irfft(power, size))
        return power, jnp.sum(density * share)

    tails = jax.lax.scan(add, jnp.ones_like(transform), length=k)[1]
    overlap = jnp.arange(1, k + 1).astype(float)
    tails = jnp.where(overlap > threshold, jnp.clip(tails, 0.0, 1.0), 0.0)
    return jnp.concatenate([jnp.zeros(1), tails])


def _primitive(z):
    # Of -ln|z| / 2, odd; 0 at 0.
    safe = jnp.where(z == 0, 1.0, jnp.abs(z))
    return jnp.where(z == 0, 0.0, z * (1 - jnp.log(safe)) / 2)


@references("ahmad2019dense")
def scalar_match_probability(
    n: ArrayLike,
    a: ArrayLike,
    k: int,
    scale: float = 1.0,
    threshold: float | None = None,
    log2_cells: int = 9,
) -> Float[Array, ""]:
    """Chance that a random sparse input matches a sparse weight vector by accident.

    k of n weights are uniform on [-1/k, 1/k], a of n inputs uniform on [0, 2 S / k], and the
    input matches if the dot product is at least t. In units of the largest product 2 S / k^2,

    $$P = \\sum_b P(b)\\; P\\Big(\\sum_{i \\le b} u_i x_i \\ge \\frac{t k^2}{2 S}\\Big).$$

    At fixed a it falls as the power of n whose exponent is the least overlap that can match at
    all, $\\lfloor t k^2 / 2S \\rfloor + 1$.

    Args:
        n: dimension.
        a: non-zero inputs.
        k: non-zero weights.
        scale: S, above 0.
        threshold: t; by default half the mean squared norm of the weights, 1 / (6 k).
        log2_cells: as in `scalar_match_tails`.

    Raises:
        ValueError: a number is not allowed.

    Source: the definitions are those of ahmad2019dense, section 3; the formula is derived here.

    >>> round(float(scalar_match_probability(250, 64, 24)), 5)
    0.00984
    """
    require("scale", scale, above=0.0)
    require("k", k, low=1, integer=True)
    threshold = 1 / (6 * k) if threshold is None else threshold
    require("threshold", threshold, above=0.0)
    log_p = overlap_pmf_table(n, a, k)
    tails = scalar_match_tails(k, threshold * k**2 / (2 * scale), log2_cells)
    return jnp.sum(jnp.exp(log_p) * tails.astype(log_p.dtype))
