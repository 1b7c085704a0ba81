"""How the false-positive probability changes with each parameter: exact laws of one step.

One more cell, active cell, synapse or unit of threshold changes the tail by a rational factor
times a single overlap probability. The laws are those of the derivation `sdr/scaling`; here the
factor is compiled from it and multiplied in log space.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab import symbolic
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import evaluate, ordered, whole
from theorylab.sdr.tails import _log_pmf, check_cells, log_binomial_tail, log_false_positive


def step_law_n(n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike) -> Float[Array, "..."]:
    """Log of what one more cell takes from the false-positive probability.

    $$\\mathrm{FP}(n) - \\mathrm{FP}(n+1) = \\frac{\\theta}{n+1} P(\\theta).$$

    Args:
        n, a, s, theta: as in `log_false_positive`.

    Returns:
        log of the fall; -inf where nothing changes.

    Raises:
        ValueError: as in `log_false_positive`.

    Source: claim `sdr/scaling/law-n`.

    >>> round(float(jnp.exp(step_law_n(10, 4, 5, 3))), 6)  # 3/11 * 5/21
    0.064935
    """
    check_cells(n, a, s)
    whole(low=None, theta=theta)
    return evaluate(_by_n, n, a, s, theta)


def step_law_a(n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike) -> Float[Array, "..."]:
    """Log of what one more active cell adds to the false-positive probability.

    $$\\mathrm{FP}(a+1) - \\mathrm{FP}(a) = \\frac{s-\\theta+1}{n-a} P(\\theta-1).$$

    Args:
        n, a, s, theta: as in `log_false_positive`; a below n.

    Returns:
        log of the rise; -inf where nothing changes.

    Raises:
        ValueError: as in `log_false_positive`; a is n.

    Source: claim `sdr/scaling/law-a`.

    >>> round(float(jnp.exp(step_law_a(10, 4, 5, 3))), 6)  # 3/6 * 10/21
    0.238095
    """
    check_cells(n, a, s)
    _below("a", a, n)
    whole(low=None, theta=theta)
    return evaluate(_by_a, n, a, s, theta)


def step_law_s(n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike) -> Float[Array, "..."]:
    """Log of what one more synapse adds to the false-positive probability.

    $$\\mathrm{FP}(s+1) - \\mathrm{FP}(s) = \\frac{a-\\theta+1}{n-s} P(\\theta-1).$$

    Args:
        n, a, s, theta: as in `log_false_positive`; s below n.

    Returns:
        log of the rise; -inf where nothing changes.

    Raises:
        ValueError: as in `log_false_positive`; s is n.

    Source: claim `sdr/scaling/law-s`.

    >>> round(float(jnp.exp(step_law_s(10, 4, 5, 3))), 6)  # 2/5 * 10/21
    0.190476
    """
    check_cells(n, a, s)
    _below("s", s, n)
    whole(low=None, theta=theta)
    return evaluate(_by_s, n, a, s, theta)


def step_law_theta(
    n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike
) -> Float[Array, "..."]:
    """Log of what a threshold higher by one takes from the false-positive probability.

    $$\\mathrm{FP}(\\theta) - \\mathrm{FP}(\\theta+1) = P(\\theta).$$

    Args:
        n, a, s, theta: as in `log_false_positive`.

    Returns:
        log of the fall; -inf where nothing changes.

    Raises:
        ValueError: as in `log_false_positive`.

    Source: claim `sdr/scaling/law-theta`.

    >>> round(float(jnp.exp(step_law_theta(10, 4, 5, 3))), 6)  # 5/21
    0.238095
    """
    check_cells(n, a, s)
    whole(low=None, theta=theta)
    return evaluate(_log_pmf, n, a, s, theta)


def local_exponent(
    n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike
) -> Float[Array, "..."]:
    """Slope of the false-positive probability against population size, both in logarithms.

    $$\\frac{\\mathrm{FP}(n+1) - \\mathrm{FP}(n)}{\\mathrm{FP}(n)} (n+1) =
    -\\theta\\,\\frac{P(\\theta)}{\\mathrm{FP}},$$

    with fixed numbers of active cells and synapses. It tends to -theta: a power law.

    Args:
        n, a, s, theta: as in `log_false_positive`.

    Returns:
        the exponent; 0 where FP is 1 whatever n; -theta where FP is 0, its limit.

    Raises:
        ValueError: as in `log_false_positive`.

    Source: claim `sdr/scaling/local-exponent`.

    >>> round(float(local_exponent(4000, 128, 24, 12)), 2)
    -11.67
    """
    log_fp = log_false_positive(n, a, s, theta)
    return evaluate(_exponent, n, a, s, theta, log_fp)


def fixed_sparsity_limit(s: ArrayLike, p: ArrayLike, theta: ArrayLike) -> Float[Array, "..."]:
    """Log of the floor that the false-positive probability reaches in a large population.

    $$\\lim_{n\\to\\infty} \\mathrm{FP}(n, pn, s, \\theta) =
    \\sum_{b\\ge\\theta} \\binom{s}{b} p^b (1-p)^{s-b}.$$

    At fixed sparsity more cells do not help: for thresholds above the mean the floor is
    approached from below (`fixed_sparsity_approach`).

    Args:
        s: synapses.
        p: sparsity a / n, in [0, 1].
        theta: threshold, inclusive.

    Raises:
        ValueError: as in `log_binomial_tail`.

    Source: derivation `sdr/floor`.

    >>> round(float(jnp.exp(fixed_sparsity_limit(24, 0.032, 12)) * 1e12), 4)
    2.1764
    """
    return log_binomial_tail(s, p, theta)


def fixed_sparsity_approach(s: ArrayLike, p: ArrayLike, theta: ArrayLike) -> Float[Array, "..."]:
    """Coefficient c of the approach to the floor: FP = floor + c / n + O(1 / n^2).

    Args:
        s: synapses, at least 1.
        p: sparsity, between 0 and 1.
        theta: threshold, 1 to s.

    Returns:
        c, negative where the floor is approached from below: for theta - 1 > p (s - 1).

    Raises:
        ValueError: arguments outside these ranges.

    Source: claim `sdr/floor/approach`.

    >>> float(fixed_sparsity_approach(24, 0.032, 12)) < 0
    True
    """
    whole(low=1, s=s, theta=theta)
    ordered("theta", theta, "s", s)
    require("p", p, above=0.0, below=1.0)
    return evaluate(_approach, s, p, theta)


@jax.jit
def _by_n(n, a, s, theta):
    factor = symbolic.compiled("sdr/scaling/law-n", args=("n", "theta", "P"))
    return _scaled(factor(n, theta, jnp.ones_like(n)), _log_pmf(n, a, s, theta))


@jax.jit
def _by_a(n, a, s, theta):
    factor = symbolic.compiled("sdr/scaling/law-a", args=("n", "a", "s", "theta", "P"))
    return _scaled(factor(n, a, s, theta, jnp.ones_like(n)), _log_pmf(n, a, s, theta - 1))


@jax.jit
def _by_s(n, a, s, theta):
    factor = symbolic.compiled("sdr/scaling/law-s", args=("n", "a", "s", "theta", "P"))
    return _scaled(factor(n, a, s, theta, jnp.ones_like(n)), _log_pmf(n, a, s, theta - 1))


@jax.jit
def _exponent(n, a, s, theta, log_fp):
    share = jnp.exp(_log_pmf(n, a, s, theta) - jnp.where(log_fp > -jnp.inf, log_fp, 0.0))
    share = jnp.where(log_fp > -jnp.inf, share, 1.0)
    exponent = symbolic.compiled("sdr/scaling/local-exponent", args=("theta", "P", "F"))
    return exponent(theta, share, jnp.ones_like(share))


@jax.jit
def _approach(s, p, theta):
    return symbolic.compiled("sdr/floor/approach", args=("s", "theta", "p"))(s, theta, p)


def _scaled(factor, log_pmf):
    """log of |factor| times a probability; -inf where either is zero."""
    some = (factor != 0) & (log_pmf > -jnp.inf)
    size = jnp.log(jnp.abs(jnp.where(some, factor, 1.0)))
    return jnp.where(some, size + jnp.where(some, log_pmf, 0.0), -jnp.inf)


def _below(name, value, n):
    if not is_traced(value, n):
        room = np.asarray(n) - np.asarray(value)
        require(f"n - {name}", room if room.ndim else int(room), low=1)
