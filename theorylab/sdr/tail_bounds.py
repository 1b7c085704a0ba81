"""Bounds and approximations of the false-positive probability, each in log space."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import entr, xlogy
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import evaluate, floats, whole
from theorylab.sdr.tails import (
    TERMS,
    _log_binomial_tail,
    _log_pmf,
    _log_poisson,
    _log_poisson_tail,
    check_cells,
    poisson_length,
    sum_length,
)


@references("ahmad2016neurons")
def bounds(
    n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike
) -> dict[str, Float[Array, "..."]]:
    """Log of what encloses the false-positive probability, and of what approximates it.

    Certain, for all arguments:

    - "lower": the first term, $P(\\theta)$.
    - "upper": the geometric series, $P(\\theta) / (1 - r_\\theta)$, where $r_\\theta < 1$.
    - "subset": the expected number of subsets of theta synapses that are all active,
      $S_\\theta = \\binom{s}{\\theta} a^{\\underline\\theta} / n^{\\underline\\theta}$.
    - "bonferroni": from below, $S_\\theta - \\theta S_{\\theta+1}$; -inf where that is negative.
    - "chernoff": $e^{-s\\,\\mathrm{KL}(\\theta/s \\,\\|\\, a/n)}$, or the same with a and s
      exchanged, whichever is less.

    Not certain, either side:

    - "bahadur_rao": the Chernoff exponent with the prefactor of a binomial tail.
    - "binomial": independent activity of the cells, with a / n each.
    - "poisson": rare independent hits, mean sa / n.

    A bound from above is 0 (probability 1) where its condition fails: the threshold at or below
    the mean. So is "bahadur_rao", which also needs theta below s. Where the overlap reaches theta
    in any case all are 0, where it cannot all are -inf.

    Args:
        n, a, s, theta: as in `log_false_positive`; n at least 1.

    Returns:
        eight arrays of log probabilities, in the broadcast shape.

    Raises:
        ValueError: as in `log_false_positive`; n below 1.

    Source: derivations `sdr/bounds`, `sdr/chernoff`, `sdr/deviations`; ahmad2016neurons.

    >>> enclosed = bounds(4000, 128, 24, 12)
    >>> [round(float(jnp.exp(enclosed[k])) * 1e12, 3) for k in ("lower", "upper")]
    [1.306, 1.343]
    """
    check_cells(n, a, s)
    require("n", n, low=1)
    whole(low=None, theta=theta)
    if is_traced(n, a, s, theta):
        terms = TERMS
    else:
        n_, a_, s_ = (np.asarray(x, np.float64) for x in (n, a, s))
        terms = max(sum_length(s), poisson_length(s_ * a_ / n_))
    return evaluate(_bounds, n, a, s, theta, terms=terms)


def divergence(q: ArrayLike, p: ArrayLike) -> Float[Array, "..."]:
    """Kullback-Leibler divergence of two coins, the exponent in Chernoff's bound.

    $$\\mathrm{KL}(q\\|p) = q\\log\\frac{q}{p} + (1-q)\\log\\frac{1-q}{1-p}.$$

    Args:
        q: in [0, 1].
        p: in [0, 1]; inf where p is 0 or 1 and q is not.

    Raises:
        ValueError: outside [0, 1].

    Source: claim `sdr/chernoff/divergence`.

    >>> round(float(divergence(0.5, 0.032)), 4)
    1.0441
    """
    require("q", q, low=0.0, high=1.0)
    require("p", p, low=0.0, high=1.0)
    return _divergence(*floats(q, p))


@jax.jit
def _divergence(q, p):
    return xlogy(q, q / p) + xlogy(1 - q, (1 - q) / (1 - p))


def _log_choose(n, k):
    """log of n over k, for 0 <= k <= n, by entropy and Stirling's error."""
    some = jnp.where(n > 0, n, 1.0)
    entropy = n * (entr(k / some) + entr(1 - k / some))
    return entropy + _at_mean(k) + _at_mean(n - k) - _at_mean(n)


def _at_mean(x):
    """log of exp(-x) x^x / x!, 0 at x = 0."""
    return jnp.where(x > 0, _log_poisson(x, jnp.where(x > 0, x, 1.0)), 0.0)


@partial(jax.jit, static_argnames="terms")
def _bounds(n, a, s, theta, terms):
    low, high = jnp.maximum(0, a + s - n), jnp.minimum(a, s)
    never, always = theta > high, theta <= low
    open_ = ~never & ~always
    n, a, s, theta = (jnp.where(open_, v, safe) for v, safe in ((n, 8), (a, 4), (s, 4), (theta, 3)))
    p, mean = a / n, s * a / n

    def closed(value):
        return jnp.where(open_, value, jnp.where(never, -jnp.inf, 0.0))

    def from_above(value, holds):
        return closed(jnp.where(holds, jnp.minimum(value, 0.0), 0.0))

    first = _log_pmf(n, a, s, theta)
    ratio = symbolic.compiled("sdr/overlap/ratio", args=("n", "a", "s", "b"))(n, a, s, theta)
    shrinks = ratio < 1
    upper = first - jnp.log1p(-jnp.where(shrinks, ratio, 0.0))

    subset = _log_choose(s, theta) + _log_pmf(n, a, theta, theta)
    next_to = symbolic.compiled("sdr/bounds/subset-ratio", args=("n", "a", "s", "theta"))
    excess = theta * next_to(n, a, s, theta)
    useful = excess < 1
    bonferroni = subset + jnp.log1p(-jnp.where(useful, excess, 0.0))

    above = theta > mean
    q = theta / s
    exponent = s * _divergence(q, p)
    chernoff = -jnp.maximum(exponent, a * _divergence(theta / a, s / n))

    sharp = above & (theta < s)
    inner = jnp.where(sharp, q, (1 + p) / 2)
    sharpened = symbolic.compiled("sdr/deviations/bahadur-rao", args=("q", "s", "p", "D"))
    return {
        "lower": closed(first),
        "upper": from_above(upper, shrinks),
        "subset": from_above(subset, True),
        "bonferroni": closed(jnp.where(useful, bonferroni, -jnp.inf)),
        "chernoff": from_above(chernoff, above),
        "bahadur_rao": from_above(sharpened(inner, s, p, _divergence(inner, p)), sharp),
        "binomial": closed(_log_binomial_tail(s, p, 1 - p, theta, terms)),
        "poisson": closed(_log_poisson_tail(mean, theta, terms)),
    }
