"""Order and chaos: what depth does to lengths and angles, as weights and biases vary.

A layer maps a variance q to $V(q) = \\sigma_w^2 E\\varphi(\\sqrt q z)^2 + \\sigma_b^2$ and, at the
fixed point q*, a correlation c to
$(\\sigma_w^2 E\\varphi\\varphi' + \\sigma_b^2)/q^*$, with slope
$\\chi_1 = \\sigma_w^2 E\\varphi'(\\sqrt{q^*}z)^2$ at c = 1: below 1 all inputs become alike
(order), above 1 they separate (chaos).
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from scipy.optimize import brentq

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation
from theorylab.ntk.duals import dual_parts, moment_at, slope_moment_at
from theorylab.ntk.hermite import host

_LOG_Q = (-14.0, 14.0)  # natural logarithms of the variances that are searched
_GRID = 113
_BISECTIONS = 60


class PhaseDiagram(NamedTuple):
    """Fixed points on a grid: (ns, nb) each, weights along the first axis.

    `q` variance, `chi1` slope of the correlation map at 1, `c` stable correlation, `chi` its
    slope there, `depth_scale` = -1/log chi, layers over which correlations settle.
    """

    q: Float[Array, "ns nb"]
    chi1: Float[Array, "ns nb"]
    c: Float[Array, "ns nb"]
    chi: Float[Array, "ns nb"]
    depth_scale: Float[Array, "ns nb"]


def variance_map(
    activation: Activation | str, q: ArrayLike, sw2: ArrayLike, sb2: ArrayLike = 0.0
) -> Float[Array, "..."]:
    """$V(q) = \\sigma_w^2 E\\varphi(\\sqrt q z)^2 + \\sigma_b^2$.

    Args:
        activation: an `Activation` or its name.
        q: variance of the preactivations, at least 0.
        sw2, sb2: $\\sigma_w^2$ above 0 and $\\sigma_b^2$ at least 0.

    Raises:
        ValueError: values outside the above, where concrete.

    >>> float(variance_map("relu", 3.0, 2.0, 0.5))
    3.5
    """
    activation, (q, sw2, sb2) = _arguments(activation, q=q, sw2=sw2, sb2=sb2)
    return sw2 * moment_at(activation, q) + sb2


def variance_stability(activation: Activation | str, q: float | Array = 1.0) -> Float[Array, ""]:
    """V'(q) at $\\sigma_w = 1$, $\\sigma_b = 0$: below 1, small changes of the variance die out.

    The signs of the Hermite coefficients, which no kernel sees, matter here.

    Args:
        activation: normalise it for q = 1 to be a fixed point.
        q: a scalar variance, above 0.

    Raises:
        ValueError: q not positive.

    Source: claims of the derivation `ntk/variance`.

    >>> from theorylab.ntk import optimal_activation
    >>> [round(float(variance_stability(optimal_activation(2, signs=s))), 4)
    ...  for s in ((1, 1), (1, -1))]
    [3.2247, 0.7753]
    """
    activation, q = get_activation(activation), as_float(q)
    require("q", q, above=0.0, shape=())
    return jax.grad(partial(moment_at, activation))(q)


@references("poole2016exponential", "schoenholz2017deep")
def fixed_point_variance(
    activation: Activation | str, sw2: ArrayLike, sb2: ArrayLike = 0.0
) -> Float[Array, "..."]:
    """The largest stable variance $q^* = V(q^*)$: where deep layers end from above.

    Infinite where V grows beyond every variance up to exp(14); 1 for a homogeneous activation
    at the weights for which every variance is fixed. Differentiates in sw2 and sb2 (once).

    Args:
        activation: an `Activation` or its name.
        sw2, sb2: as in `variance_map`; they broadcast.

    Raises:
        ValueError: as `variance_map`.

    Source: poole2016exponential.

    >>> round(float(fixed_point_variance("relu", 1.0, 0.5)), 9)  # sb2 / (1 - sw2 / 2)
    1.0
    """
    activation, (sw2, sb2) = _arguments(activation, sw2=sw2, sb2=sb2)
    return _fixed_point(activation, sw2, sb2)


@partial(jax.jit, static_argnames="activation")
def _fixed_point(activation, sw2, sb2):
    sw2, sb2 = jnp.broadcast_arrays(sw2, sb2)
    still = jax.lax.stop_gradient

    def excess(q):
        """V(q) - q, with everything held fixed."""
        return still(sw2) * moment_at(activation, q) + still(sb2) - q

    grid = jnp.exp(jnp.linspace(*_LOG_Q, _GRID, dtype=sw2.dtype))
    curve = moment_at(activation, grid)
    spread = (1,) * sw2.ndim
    values = still(sw2)[..., None] * curve.reshape(*spread, -1) + still(sb2)[..., None]
    above = values > grid.reshape(*spread, -1)
    last = _GRID - 1 - jnp.argmax(above[..., ::-1], axis=-1)  # the last with V > q
    none = ~above.any(-1)
    lower = jnp.where(none, 0.0, grid[last])
    upper = jnp.where(none, grid[0], grid[jnp.minimum(last + 1, _GRID - 1)])

    def halve(_, ends):
        low, high = ends
        middle = jnp.where(low > 0, jnp.sqrt(low * high), high / 2)
        rising = excess(middle) > 0
        return jnp.where(rising, middle, low), jnp.where(rising, high, middle)

    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (lower, upper))
    q = jnp.where(none & (low == 0) & (still(sb2) == 0), 0.0, (low + high) / 2)
    # One Newton step: it polishes the root and carries the implicit derivative.
    slope = jax.jvp(lambda p: moment_at(activation, p), (q,), (jnp.ones_like(q),))[1]
    away = 1 - still(sw2 * slope)
    flat = jnp.abs(away) < 1e-6
    step = (sw2 * moment_at(activation, q) + sb2 - q) / jnp.where(flat, 1.0, away)
    q = jnp.where(flat | (q == 0), q, q + step)
    everything = jnp.all(jnp.abs(values / grid.reshape(*spread, -1) - 1) < 1e-5, axis=-1)
    q = jnp.where(above[..., -1], jnp.inf, q)
    return jnp.where(everything, 1.0, q)


def correlation_map(
    activation: Activation | str,
    c: ArrayLike,
    sw2: ArrayLike,
    sb2: ArrayLike = 0.0,
    *,
    q: ArrayLike | None = None,
) -> Float[Array, "..."]:
    """Correlation after one more layer, $(\\sigma_w^2 E\\varphi\\varphi' + \\sigma_b^2)/q^*$.

    Args:
        activation, sw2, sb2: as in `variance_map`; they broadcast with c.
        c: correlation in [-1, 1].
        q: the fixed point, if already known.

    Raises:
        ValueError: as `variance_map`; c outside [-1, 1].

    >>> round(float(correlation_map("erf", 1.0, 2.0, 0.1)), 12)
    1.0
    """
    activation, (c, sw2, sb2) = _arguments(activation, c=c, sw2=sw2, sb2=sb2)
    q = _fixed_point(activation, sw2, sb2) if q is None else as_float(q)
    q, c, sw2, sb2 = jnp.broadcast_arrays(q, c, sw2, sb2)
    parts = dual_parts(activation, q, q, c, 1 - c)
    return (sw2 * parts.k + sb2) / q


@references("schoenholz2017deep")
def chi1(activation: Activation | str, sw2: ArrayLike, sb2: ArrayLike = 0.0) -> Float[Array, "..."]:
    """$\\chi_1 = \\sigma_w^2 E\\varphi'(\\sqrt{q^*}z)^2$: the slope of the correlation map at 1.

    Arguments and errors as in `fixed_point_variance`.

    Source: schoenholz2017deep.

    >>> float(chi1("relu", 1.5, 0.3))
    0.75
    """
    activation, (sw2, sb2) = _arguments(activation, sw2=sw2, sb2=sb2)
    q = _fixed_point(activation, sw2, sb2)
    return sw2 * slope_moment_at(activation, jnp.clip(q, 1e-30, math.exp(_LOG_Q[1])))


def fixed_point_correlation(
    activation: Activation | str, sw2: ArrayLike, sb2: ArrayLike = 0.0
) -> Float[Array, "..."]:
    """The stable correlation in [0, 1]: 1 in the ordered phase, below 1 in the chaotic one.

    Arguments and errors as in `fixed_point_variance`.

    >>> float(fixed_point_correlation("tanh", 1.0, 0.2))
    1.0
    """
    activation, (sw2, sb2) = _arguments(activation, sw2=sw2, sb2=sb2)
    return _point(activation, *jnp.broadcast_arrays(sw2, sb2)).c


@partial(jax.jit, static_argnames="activation")
def _fixed_distance(activation, sw2, sb2, q):
    """1 - c*, by bisection of its logarithm: the map is convex, so that it has one root."""
    after = sw2 * moment_at(activation, q) + sb2  # q itself, unless the variance diverges

    def kept(log_eps):
        """(1 - c) after a layer over (1 - c) before it."""
        eps = jnp.exp(log_eps)
        return sw2 * dual_parts(activation, q, q, 1 - eps, eps).gap / (after * eps)

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        away = kept(middle) > 1
        return jnp.where(away, middle, low), jnp.where(away, high, middle)

    tiny = jnp.finfo(q.dtype).eps
    start = (jnp.full_like(q, jnp.log(tiny)), jnp.zeros_like(q))
    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, start)
    chaotic = sw2 * slope_moment_at(activation, q) * q > after
    orthogonal = kept(jnp.zeros_like(q)) > 1 - 8 * tiny
    eps = jnp.where(orthogonal, 1.0, jnp.exp((low + high) / 2))
    return jnp.where(chaotic, eps, 0.0)


@references("schoenholz2017deep")
def correlation_length(
    activation: Activation | str, sw2: ArrayLike, sb2: ArrayLike = 0.0
) -> Float[Array, "..."]:
    """$-1/\\log\\chi$ at the stable correlation: layers over which correlations settle.

    Infinite at the edge of chaos. Arguments and errors as in `fixed_point_variance`.

    Source: schoenholz2017deep; claim `ntk/order-chaos/depth-scale`.

    >>> round(float(correlation_length("relu", 1.0)), 6)  # 1 / log 2
    1.442695
    """
    activation, (sw2, sb2) = _arguments(activation, sw2=sw2, sb2=sb2)
    return _point(activation, *jnp.broadcast_arrays(sw2, sb2)).depth_scale


def _point(activation, sw2, sb2):
    q = _fixed_point(activation, sw2, sb2)
    # Slopes at q = 0 and at infinity are limits.
    inner = jnp.clip(q, 1e-30, math.exp(_LOG_Q[1]))
    eps = _fixed_distance(activation, sw2, sb2, inner)
    at_one = sw2 * slope_moment_at(activation, inner)
    chi = sw2 * dual_parts(activation, inner, inner, 1 - eps, eps).kdot
    chi = jnp.where(eps > 0, chi, at_one)
    # Where the variance diverges, correlations are taken relative to the growing variance.
    grown = sw2 * moment_at(activation, inner) + sb2
    chi = jnp.where(jnp.isinf(q), chi * inner / grown, chi)
    scale = symbolic.compiled("ntk/order-chaos/depth-scale", args=("chi",))
    critical = jnp.abs(chi - 1) < 8 * jnp.finfo(chi.dtype).eps
    inside = (chi > 0) & ~critical
    length = jnp.where(inside, scale(jnp.where(inside, chi, 0.5)), jnp.where(critical, jnp.inf, 0))
    return PhaseDiagram(q, at_one, 1 - eps, chi, length)


def phase_diagram(
    activation: Activation | str, sw2: Float[Array, " ns"], sb2: Float[Array, " nb"]
) -> PhaseDiagram:
    """Fixed points and slopes on the grid of all sw2 and sb2.

    Args:
        activation: an `Activation` or its name.
        sw2, sb2: vectors.

    Returns:
        arrays (ns, nb). Where the variance diverges, q is infinite and chi1 its limit.

    Raises:
        ValueError: as `variance_map`.

    >>> d = phase_diagram("erf", jnp.array([0.5, 3.0]), jnp.array([0.1]))
    >>> (d.chi1[:, 0] > 1).tolist()
    [False, True]
    """
    activation, (sw2, sb2) = _arguments(activation, sw2=sw2, sb2=sb2)
    require("sw2", sw2, shape=(None,))
    require("sb2", sb2, shape=(None,))
    weights, biases = jnp.meshgrid(sw2, sb2, indexing="ij")
    return _point(activation, weights, biases)


@references("schoenholz2017deep")
def edge_of_chaos(activation: Activation | str, sb2: ArrayLike = 0.0) -> Float[Array, "..."]:
    """$\\sigma_w^2$ at which $\\chi_1 = 1$ for a given bias.

    Along the edge $\\sigma_w^2 = 1/E\\varphi'(\\sqrt q z)^2$ and
    $\\sigma_b^2 = q - \\sigma_w^2 E\\varphi(\\sqrt q z)^2$; the smallest such q is taken. On the
    host, in double precision; neither traced nor differentiated.

    Args:
        activation: an `Activation` or its name.
        sb2: $\\sigma_b^2$, at least 0; any shape, concrete.

    Raises:
        ValueError: sb2 negative; no edge at that bias (ReLU has one only without bias).

    Source: schoenholz2017deep; claims `ntk/order-chaos/...`.

    >>> round(float(edge_of_chaos("relu")), 9)
    2.0
    """
    activation = get_activation(activation)
    wanted = as_float(sb2)
    require("sb2", wanted, low=0.0)
    if activation.jumps:
        raise ValueError(f"activation is {activation.name}, which jumps; allowed: a finite slope")

    def weight(q):
        return 1 / float(host(partial(slope_moment_at, activation), np.array(q)))

    def bias(q):
        return q - weight(q) * float(host(partial(moment_at, activation), np.array(q)))

    grid = np.exp(np.linspace(*_LOG_Q, _GRID))
    slopes = 1 / host(partial(slope_moment_at, activation), grid)
    biases = grid - slopes * host(partial(moment_at, activation), grid)

    def solve(target):
        if target <= 1e-12 and abs(biases[0]) < 1e-9:
            return weight(1e-30)  # the edge ends at q = 0
        beyond = np.flatnonzero((biases[:-1] <= target) & (biases[1:] > target))
        if not beyond.size:
            allowed = f"a bias at which {activation.name} has an edge of chaos"
            raise ValueError(f"sb2 is {target:g}; allowed: {allowed}")
        ends = grid[beyond[0]], grid[beyond[0] + 1]
        return weight(brentq(lambda q: bias(q) - target, *ends, xtol=1e-15, rtol=1e-14))

    found = np.vectorize(solve, otypes=[float])(np.asarray(wanted, float))
    return jnp.asarray(found, wanted.dtype)


def _arguments(activation, **values):
    values = {name: as_float(value) for name, value in values.items()}
    low = {"q": 0.0, "sb2": 0.0}
    for name, value in values.items():
        if name == "sw2":
            require(name, value, above=0.0)
        elif name == "c":
            require(name, value, low=-1.0, high=1.0)
        else:
            require(name, value, low=low[name])
    return get_activation(activation), list(values.values())
