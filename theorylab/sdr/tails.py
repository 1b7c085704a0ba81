"""Overlaps of random fixed-size patterns: exact probabilities and tails, in log space.

A segment samples s cells of a population of n; a random pattern activates a of the n cells. Their
overlap is hypergeometric. Neither `lgamma` nor `1 - cdf` survives the tails that matter here
(1e-10 to 1e-300), so two other forms are used.

*Probability.* Write $\\pi(x|m) = e^{-m} m^x / x!$. The overlap is a two-by-two table with cells
$x = (b, s-b, a-b, n-s-a+b)$ and expectations $m$ under independence, and

$$P(b) = \\frac{\\pi(n|n) \\prod_i \\pi(x_i|m_i)}
{\\pi(s|s)\\,\\pi(n-s|n-s)\\,\\pi(a|a)\\,\\pi(n-a|n-a)},$$

in which the large logarithms have cancelled before anything is computed: every factor is at most
1, and $\\log\\pi(x|m)$ is a deviance plus Stirling's error.

*Tail.* $P(b)$ times $1 + r_b + r_b r_{b+1} + \\dots$ with the ratios $r_b = P(b+1)/P(b)$, positive
and decreasing. A threshold at or below the mean is turned round first ($s - b$ is again a
hypergeometric variable), so the sum always starts above the mean.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import bucket, evaluate, ordered, single, whole

_SHIFT = 8
# Stirling's series: log x! - x log x + x - log(2 pi x)/2 = sum of these over x, x^3, x^5, ...
_STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
    43867 / 244188,
)
TERMS = 256


@references("ahmad2016neurons")
def log_overlap_pmf(n: ArrayLike, a: ArrayLike, s: ArrayLike, b: ArrayLike) -> Float[Array, "..."]:
    """Log probability that s given cells and a random a of n cells overlap in exactly b.

    $$P(b) = \\binom{s}{b}\\binom{n-s}{a-b} \\Big/ \\binom{n}{a}.$$

    Args:
        n: cells in the population.
        a: active cells, at most n.
        s: synapses, at most n.
        b: overlap; outside its range the result is -inf.

    Returns:
        log P(b), in the broadcast shape. Differentiable in n, a and s, which under `jax.grad`
        may be real (binomials of real numbers). Traced values outside the domain give -inf.

    Raises:
        ValueError: not whole numbers, negative n, a or s, a or s above n.

    Source: ahmad2016neurons.

    >>> round(float(jnp.exp(log_overlap_pmf(10, 4, 5, 3))), 6)  # 5/21
    0.238095
    """
    check_cells(n, a, s)
    whole(low=None, b=b)
    return evaluate(_log_pmf, n, a, s, b)


@references("ahmad2016neurons")
def log_false_positive(
    n: ArrayLike,
    a: ArrayLike,
    s: ArrayLike,
    theta: ArrayLike,
    terms: int | None = None,
) -> Float[Array, "..."]:
    """Log probability that a random pattern excites a segment: overlap at least theta.

    $$\\mathrm{FP}(n,a,s,\\theta) = \\sum_{b=\\theta}^{\\min(a,s)}
    \\binom{s}{b}\\binom{n-s}{a-b} \\Big/ \\binom{n}{a}.$$

    Only the size of the presented pattern enters; that of the stored one does not. In double
    precision the result is within 1e-14 (1 + |result|) of exact integers, in single within 3e-4,
    for n up to 200,000.

    Args:
        n: cells in the population.
        a: active cells of the presented pattern, at most n.
        s: synapses on the segment, at most n.
        theta: threshold, inclusive; 0 or less gives probability 1, more than a or s gives 0.
        terms: length of the sum over overlaps. By default as many as the arguments need; where
            both a and s are traced 256, enough if the smaller is at most 2,500.

    Returns:
        log FP, in the broadcast shape. Differentiable as `log_overlap_pmf`. NaN where `terms`
        terms were not enough; traced values outside the domain give 0 or -inf.

    Raises:
        ValueError: not whole numbers, negative n, a or s, a or s above n, terms below 1.

    Source: ahmad2016neurons.

    >>> round(float(jnp.exp(log_false_positive(10, 4, 5, 3))), 6)  # 11/42
    0.261905
    >>> round(float(log_false_positive(200_000, 2000, 20, 10) / jnp.log(10)), 3)
    -14.783
    """
    check_cells(n, a, s)
    whole(low=None, theta=theta)
    if terms is None:
        terms = enough(n, a, s, theta)
    whole(low=1, terms=terms)
    return evaluate(_log_tail, n, a, s, theta, terms=terms)


@references("ahmad2016neurons")
def overlap_pmf_table(n: int, a: int, s: int) -> Float[Array, " b"]:
    """The whole distribution of the overlap: log P(b) for b = 0, ..., s.

    Args:
        n, a, s: as in `log_overlap_pmf`, one number each.

    Returns:
        array of s + 1 log probabilities.

    Raises:
        ValueError: as in `log_overlap_pmf`; s is traced.

    Source: ahmad2016neurons.

    >>> bool(jnp.isclose(jax.nn.logsumexp(overlap_pmf_table(2000, 40, 20)), 0.0, atol=1e-5))
    True
    """
    single(n=n, a=a, s=s)
    return log_overlap_pmf(n, a, s, np.arange(int(s) + 1))


def log_binomial_tail(
    size: ArrayLike, p: ArrayLike, theta: ArrayLike, terms: int | None = None
) -> Float[Array, "..."]:
    """Log probability that of `size` independent events, each of probability p, theta happen.

    $$P(X \\ge \\theta) = \\sum_{b=\\theta}^{s} \\binom{s}{b} p^b (1-p)^{s-b}.$$

    The overlap when each cell is active independently, and the limit of the false-positive
    probability in a large population at fixed sparsity.

    Args:
        size: number of events.
        p: probability of each, in [0, 1].
        theta: least number that counts.
        terms: as in `log_false_positive`; 256 are enough for sizes up to 2,500.

    Raises:
        ValueError: size or theta not whole, negative size, p outside [0, 1], terms below 1.

    Source: derivation `sdr/floor`; ahmad2016neurons.

    >>> round(float(jnp.exp(log_binomial_tail(24, 0.032, 12)) * 1e12), 3)
    2.176
    """
    whole(size=size)
    whole(low=None, theta=theta)
    require("p", p, low=0.0, high=1.0)
    if terms is None:
        terms = TERMS if is_traced(size, p, theta) else sum_length(size)
    whole(low=1, terms=terms)
    return evaluate(_log_binomial_tail, size, p, 1 - p, theta, terms=terms)


def log_poisson_tail(
    mean: ArrayLike, theta: ArrayLike, terms: int | None = None
) -> Float[Array, "..."]:
    """Log probability that a Poisson variable is at least theta.

    $$P(X \\ge \\theta) = e^{-\\mu} \\sum_{b\\ge\\theta} \\mu^b / b!.$$

    Args:
        mean: at least 0.
        theta: least number that counts.
        terms: as in `log_false_positive`; 256 are enough for means up to 150.

    Raises:
        ValueError: a negative mean, theta not whole, terms below 1.

    >>> round(float(jnp.exp(log_poisson_tail(1.0, 1))), 6)
    0.632121
    """
    require("mean", mean, low=0.0)
    whole(low=None, theta=theta)
    if terms is None:
        terms = TERMS if is_traced(mean, theta) else poisson_length(mean)
    whole(low=1, terms=terms)
    return evaluate(_log_poisson_tail, mean, theta, terms=terms)


def log1mexp(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """log(1 - exp(x)) for x at most 0, without loss of digits at either end.

    >>> float(log1mexp(jnp.array(-1e-10, "float32"))) < -23
    True
    """
    near = x > -math.log(2.0)
    small = jnp.where(near & (x < 0), x, -0.5)
    large = jnp.where(near, -1.0, x)
    small = jnp.where(x < 0, jnp.log(-jnp.expm1(small)), -jnp.inf)
    taken = jnp.exp(large)
    return jnp.where(near, small, log_ratio(-taken, 1 - taken))


def at_most(log_p, bound):
    """Whether a probability is at most a bound, both given by logarithms; NaN is not.

    A tie within rounding counts, so that 2/5 is at most 0.4 however its logarithm was rounded:
    the slack is what double-precision tails promise, and as many units in the last place in
    single precision.

    >>> at_most(math.log(0.4) + 1e-15, math.log(0.4)), at_most(-0.9, -1.0)
    (True, False)
    """
    dtype = log_p.dtype if hasattr(log_p, "dtype") else float
    return log_p <= bound + 64 * float(np.finfo(dtype).eps) * (1 + abs(bound))


def check_cells(n, a, s):
    """Refuse counts that no population has: not whole, or more active cells than cells."""
    whole(n=n, a=a, s=s)
    ordered("a", a, "n", n)
    ordered("s", s, "n", n)


def enough(n, a, s, theta):
    """Length of the longest sum that the arguments can need, as far as they are concrete."""
    if is_traced(n, a, s, theta):
        return min((sum_length(x) for x in (a, s) if not is_traced(x)), default=TERMS)
    n, a, s, theta = (np.asarray(v, np.float64) for v in (n, a, s, theta))
    flipped = (theta * n <= s * a) & (theta <= s)
    left = np.where(flipped, theta - 1, np.minimum(a, s) - theta)
    return min(sum_length(np.minimum(a, s)), _step(np.max(left, initial=0)))


def sum_length(longest: ArrayLike) -> int:
    """Terms after which the rest of a tail above the mean is below rounding.

    The product of k ratios from above the mean is at most P(mode + k) / P(mode); the numerator
    is at most exp(-2 (k - 1)^2 / m) (Hoeffding), the denominator at least 1 / (m + 1).
    """
    m = float(np.max(np.asarray(longest), initial=0))
    return _step(min(m, 2 + math.sqrt(m / 2 * (2 * math.log(m + 1) + 37))))


def poisson_length(mean):
    """Terms after which the rest of a Poisson tail above the mean is below rounding.

    From above the mean, the product of k ratios is at most exp(-k^2 / (2 (mean + k))).
    """
    return _step(85 + math.sqrt(85 * float(np.max(np.asarray(mean), initial=0))))


def _step(length: float) -> int:
    return bucket(math.ceil(length), 32)


def log_ratio(excess, ratio):
    """log of a ratio whose excess over 1 is given too.

    XLA's log1p is off by up to 120 units in the last place between -0.42 and -0.3.
    """
    near = jnp.abs(excess) < 0.25
    by_excess = jnp.log1p(jnp.where(near, excess, 0.0))
    return jnp.where(near, by_excess, jnp.log(jnp.where(near, 1.0, ratio)))


def _stirling_error(y):
    """log y! - y log y + y for y of at least 8."""
    w = 1 / (y * y)
    total = jnp.zeros_like(y)
    for c in reversed(_STIRLING):
        total = total * w + c
    return total / y + 0.5 * jnp.log(2 * jnp.pi * y)


def _log_poisson(x, m):
    """log of exp(-m) m^x / x!, for real x of at least 0 and m above 0.

    A deviance and Stirling's error. Below 8 the factorial is (x + 8)! over a product: there
    x log x never appears, so the value and its derivative are finite at x = 0 too.
    """
    small = x < _SHIFT
    low, high = jnp.where(small, x, 0.0), jnp.where(small, _SHIFT, x)
    rest = _stirling_error(jnp.where(small, x + _SHIFT, x))
    product = jnp.ones_like(x)
    for i in range(1, _SHIFT):
        product = product * ((low + i) / (low + _SHIFT))
    below = low * jnp.log((low + _SHIFT) / m) - (low + _SHIFT - m) - jnp.log(product)
    above = high * log_ratio((high - m) / m, high / m) - (high - m)
    return -jnp.where(small, below, above) - rest


@jax.jit
def _log_pmf(n, a, s, b):
    """log P(b) on arrays of one shape and dtype; -inf outside the range of b."""
    low, high = jnp.maximum(0, a + s - n), jnp.minimum(a, s)
    inside = (low <= b) & (b <= high)
    free = inside & (high > low)
    # Where nothing is random, compute something harmless instead, so that no gradient is NaN.
    n, a, s, b = (jnp.where(free, v, safe) for v, safe in ((n, 4), (a, 2), (s, 2), (b, 1)))
    p, q = a / n, (n - a) / n
    x = jnp.stack([n, s, n - s, a, n - a, b, s - b, a - b, n - s - a + b])
    m = jnp.stack([n, s, n - s, a, n - a, s * p, s * q, (n - s) * p, (n - s) * q])
    factors = _log_poisson(x, m)  # all in one: it compiles twice as fast
    own = factors[0] - jnp.sum(factors[1:5], axis=0) + jnp.sum(factors[5:], axis=0)
    return jnp.where(free, own, jnp.where(inside, 0.0, -jnp.inf))


def _log_series(ratio, start, terms):
    """log of 1 + r(start) + r(start) r(start + 1) + ...; NaN if `terms` terms were too few."""

    def add(k, state):
        product, total = state
        product = product * ratio(start + k)
        return product, total + product

    one = jnp.ones_like(start)
    product, total = jax.lax.fori_loop(0, terms, add, (one, one))
    following = ratio(start + terms)
    rest = product * following / jnp.where(following < 1, 1 - following, 1.0)
    enough = rest <= 4 * jnp.finfo(total.dtype).eps * total
    return jnp.where(enough, jnp.log(total), jnp.nan)


@partial(jax.jit, static_argnames="terms")
def _log_tail(n, a, s, theta, terms):
    flipped = (theta * n <= s * a) & (theta <= s)
    a = jnp.where(flipped, n - a, a)
    b = jnp.where(flipped, s - theta + 1, theta)
    inside = (jnp.maximum(0, a + s - n) <= b) & (b <= jnp.minimum(a, s))
    safe_n, safe_a, safe_s, safe_b = (
        jnp.where(inside, v, safe) for v, safe in ((n, 4), (a, 2), (s, 2), (b, 2))
    )

    def ratio(x):
        fewer = jnp.maximum(safe_s - x, 0) * jnp.maximum(safe_a - x, 0)
        return fewer / ((x + 1) * (safe_n - safe_s - safe_a + x + 1))

    log_tail = _log_pmf(n, a, s, b) + _log_series(ratio, safe_b, terms)
    return _turn(flipped, jnp.where(inside, jnp.minimum(log_tail, 0.0), -jnp.inf))


@partial(jax.jit, static_argnames="terms")
def _log_binomial_tail(size, p, q, theta, terms):
    """The tail with the complement q of p given, so that both can be small."""
    flipped = theta <= size * p
    p, q = jnp.where(flipped, q, p), jnp.where(flipped, p, q)
    b = jnp.where(flipped, size - theta + 1, theta)
    inside = (b >= 0) & (b <= size) & (p > 0)
    free = inside & (q > 0)
    n, p, q, x = (jnp.where(free, v, safe) for v, safe in ((size, 2), (p, 0.5), (q, 0.5), (b, 2)))
    pmf = _log_poisson(x, n * p) + _log_poisson(n - x, n * q) - _log_poisson(n, n)
    odds = p / q
    log_tail = pmf + _log_series(lambda x: jnp.maximum(n - x, 0) / (x + 1) * odds, x, terms)
    log_tail = jnp.where(free, jnp.minimum(log_tail, 0.0), 0.0)
    return _turn(flipped, jnp.where(inside, log_tail, -jnp.inf))


@partial(jax.jit, static_argnames="terms")
def _log_poisson_tail(mean, theta, terms):
    upper = theta > mean
    some = mean > 0
    m = jnp.where(some, mean, 1.0)
    up = jnp.where(upper & some, theta, jnp.ceil(m) + 1)
    log_up = _log_poisson(up, m) + _log_series(lambda x: m / (x + 1), up, terms)
    down = jnp.where(upper | (theta < 1), 0, theta - 1)
    log_down = _log_poisson(down, m) + _log_series(
        lambda x: jnp.maximum(2 * down - x, 0) / m, down, terms
    )
    log_up = jnp.where(some, log_up, -jnp.inf)
    log_down = jnp.where(theta < 1, -jnp.inf, log_down)
    return jnp.where(upper, log_up, log1mexp(jnp.minimum(log_down, 0.0)))


def _turn(flipped, log_tail):
    """The complement where the tail was turned round."""
    unlikely = jnp.where(flipped, log_tail, -1.0)
    return jnp.where(flipped, log1mexp(unlikely), log_tail)
