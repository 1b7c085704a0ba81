"""How the size of the activities changes from layer to layer in a wide random network.

With weights from $N(0, \\sigma^2/n)$ and all biases zero but $b_g$, a neuron before its ReLU is

$$z = u (b_g + v) + s, \\qquad u \\sim N(0, \\sigma_r^2 q),\\; v \\sim N(0, \\sigma_g^2 q),\\;
  s \\sim N(0, \\sigma_b^2 m_4)$$

with independent u, v, s, where $q = E h^2$ and $m_4 = E h^4$ over the units of the layer below.
As z is symmetric, the ReLU keeps half of every even moment.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float
from theorylab.lab.require import require, whole

HALF_MOMENTS = ("q", "m_4", "v_r", "v_g", "v_b", "b")


class NaiveFixedPoint(NamedTuple):
    """The unstable fixed point of the closed gate, $b_g = 0$.

    Attributes:
        rho: the fixed ratio $m_4/q^2$.
        kappa: the map is $q' = \\kappa q^2$ there.
        q_star: $1/\\kappa$; a larger q explodes, a smaller one vanishes.
    """

    rho: Array
    kappa: Array
    q_star: Array


@references("poole2016exponential")
def length_map(
    q0: Scalar,
    m40: Scalar,
    sigma_r2: Scalar,
    sigma_g2: Scalar,
    sigma_b2: Scalar,
    b_g: Scalar,
    depth: int,
) -> Float[Array, "layer 2"]:
    """The moments q and m_4 of every layer, in the limit of infinite width.

    $$q' = \\tfrac12 E z^2, \\qquad m_4' = \\tfrac12 E z^4.$$

    Args:
        q0, m40: $E h^2 > 0$ and $E h^4 > 0$ of the inputs; 1 and 3 for standard normal ones.
        sigma_r2, sigma_g2, sigma_b2: variance of the weights times the fan-in, at least 0.
        b_g: bias of the gate; 1 at the reference, 0 for the closed gate.
        depth: number of layers.

    Returns:
        (depth + 1, 2), from the inputs on; infinite where the numbers overflow.

    Raises:
        ValueError: a number is not allowed.

    Source: derived here, in the manner of poole2016exponential.

    >>> length_map(1.0, 3.0, 2.0, 2.0, 2.0, 0.0, 2)[:, 0].tolist()
    [1.0, 5.0, 248.0]
    """
    values = {"q0": q0, "m40": m40}
    for name, value in values.items():
        require(name, value, above=0.0)
    for name, value in (("sigma_r2", sigma_r2), ("sigma_g2", sigma_g2), ("sigma_b2", sigma_b2)):
        require(name, value, low=0.0)
    require("b_g", b_g)
    depth = whole("depth", depth, low=0)
    start = jnp.stack([as_float(q0), as_float(m40)])
    rest = [as_float(value) for value in (sigma_r2, sigma_g2, sigma_b2, b_g)]

    second = symbolic.compiled("quadratic/moments/length", args=HALF_MOMENTS)
    fourth = symbolic.compiled("quadratic/moments/tail", args=HALF_MOMENTS)

    def layer(now, _):
        # 0 * inf is NaN: there the largest number stands for infinity.
        largest = jnp.minimum(now, jnp.finfo(now.dtype).max)
        after, instead = (jnp.stack([second(*x, *rest), fourth(*x, *rest)]) for x in (now, largest))
        after = jnp.where(jnp.isnan(after), instead, after)
        after = jnp.where(jnp.isnan(after) | jnp.isinf(now[0]), jnp.inf, after)
        return after, after

    return jnp.vstack([start[None], jax.lax.scan(layer, start, None, depth)[1]])


def naive_fixed_point(sigma_r2: Scalar, sigma_g2: Scalar, sigma_b2: Scalar) -> NaiveFixedPoint:
    """Where the closed gate ($b_g = 0$) would keep the length of the activities, and cannot.

    The ratio $\\rho = m_4/q^2$ goes to the fixed point of
    $\\rho' = 6 + 12\\alpha^2/(\\alpha + \\beta\\rho)^2$, with $\\beta = \\sigma_b^2$ and
    $\\alpha = \\sigma_r^2\\sigma_g^2$. Then $q' = \\kappa q^2$ with
    $\\kappa = (\\alpha + \\beta\\rho)/2$: in logarithms a map of slope 2, whatever the variances.

    Args:
        sigma_r2, sigma_g2, sigma_b2: variance of the weights times the fan-in, at least 0; not
            all zero.

    Raises:
        ValueError: a number is not allowed.

    Source: derived here.

    >>> point = naive_fixed_point(2.0, 2.0, 2.0)
    >>> [round(float(value), 3) for value in point]
    [6.643, 8.643, 0.116]
    """
    for name, value in (("sigma_r2", sigma_r2), ("sigma_g2", sigma_g2), ("sigma_b2", sigma_b2)):
        require(name, value, low=0.0)
    alpha, beta = as_float(sigma_r2) * as_float(sigma_g2), as_float(sigma_b2)
    require("alpha + sigma_b2", alpha + beta, above=0.0)

    args = ("rho", "alpha", "beta")
    step = symbolic.compiled("quadratic/collapse/ratio-map", args=args)
    start = jnp.full_like(alpha + beta, 6.0)
    # A contraction whose slope is at most 16/27 ("quadratic/collapse/contraction").
    rho = jax.lax.fori_loop(0, 80, lambda _, rho: step(rho, alpha, beta), start)
    kappa = symbolic.compiled("quadratic/collapse/kappa", args=args)(rho, alpha, beta)
    return NaiveFixedPoint(rho, kappa, 1 / kappa)


def naive_log_length(
    layer: Real[ArrayLike, " *l"], kappa: Scalar, q0: Scalar
) -> Float[Array, " *l"]:
    """The logarithm of the length behind a closed gate: $2^l \\ln(\\kappa q_0) - \\ln\\kappa$.

    Exact once the ratio $m_4/q^2$ is at its fixed point.

    Args:
        layer: depth l, any shape.
        kappa: of `naive_fixed_point`, above 0.
        q0: length of the first layer, above 0.

    Source: derived here.

    >>> naive_log_length(jnp.array([0, 1]), 2.0, 1.0).round(4).tolist()
    [0.0, 0.6931]
    """
    require("kappa", kappa, above=0.0)
    require("q0", q0, above=0.0)
    function = symbolic.compiled("quadratic/collapse/log-length", args=("L", "kappa", "q_0"))
    return function(as_float(layer), as_float(kappa), as_float(q0))


def blowup_depth(eps: Scalar, q0: Scalar = 1.0) -> Float[Array, "..."]:
    """The depth at which activities near the reference become infinite, $1/(8\\epsilon^2 q_0)$.

    With $\\sigma_r^2 = 2$, $b_g = 1$ and $\\sigma_g^2 = \\sigma_b^2 = 2\\epsilon^2$ the length
    obeys $dq/dl = 8\\epsilon^2 q^2$ to leading order in $\\epsilon$, once $m_4 = 6 q^2$.

    Args:
        eps: size of the quadratic weights relative to He's, above 0.
        q0: $E h^2$ of the inputs, above 0.

    Raises:
        ValueError: a number is not allowed.

    Source: derived here.

    >>> round(float(blowup_depth(0.05)), 6)
    50.0
    """
    require("eps", eps, above=0.0)
    require("q0", q0, above=0.0)
    depth = symbolic.compiled("quadratic/blow-up/depth", args=("varepsilon", "q_0"))
    return depth(as_float(eps), as_float(q0))


def length_near_reference(
    layer: Real[ArrayLike, " *l"], eps: Scalar, q0: Scalar = 1.0
) -> Float[Array, " *l"]:
    """The length $q(l) = q_0/(1 - 8\\epsilon^2 q_0 l)$ near the reference; NaN from its pole on.

    Args:
        layer: depth l, any shape.
        eps, q0: as in `blowup_depth`.

    Source: derived here.

    >>> length_near_reference(jnp.array([0.0, 25.0]), 0.05).round(6).tolist()
    [1.0, 2.0]
    """
    pole, layer = blowup_depth(eps, q0), as_float(layer)
    length = symbolic.compiled("quadratic/blow-up/in-depths", args=("q_0", "l", r"\ell_*"))
    return jnp.where(layer < pole, length(as_float(q0), layer, pole), jnp.nan)


def simulate_length(
    key: PRNGKeyArray,
    width: int,
    depth: int,
    sigma_r2: Scalar,
    sigma_g2: Scalar,
    sigma_b2: Scalar,
    b_g: Scalar,
) -> Float[Array, "layer 2"]:
    """The moments q and m_4 of every layer of one random network, for one standard normal input.

    For several networks, `jax.lax.map` over keys.

    Args:
        width: neurons of every layer, and inputs.
        depth: number of layers.
        sigma_r2, sigma_g2, sigma_b2, b_g: as in `length_map`.

    Raises:
        ValueError: a number is not allowed.

    >>> simulate_length(jax.random.key(0), 50, 2, 2.0, 2.0, 2.0, 0.0).shape
    (3, 2)
    """
    width, depth = whole("width", width, low=1), whole("depth", depth, low=0)
    values = {"sigma_r2": sigma_r2, "sigma_g2": sigma_g2, "sigma_b2": sigma_b2}
    for name, value in values.items():
        require(name, value, low=0.0)
    require("b_g", b_g)
    scales = jnp.stack([jnp.sqrt(as_float(value) / width) for value in values.values()])
    return _simulate(key, scales, as_float(b_g), width=width, depth=depth)


@partial(jax.jit, static_argnames=("width", "depth"))
def _simulate(key, scales, b_g, *, width, depth):
    def moments(h):
        return jnp.stack([jnp.mean(h**2), jnp.mean(h**4)])

    def layer(h, key):
        draw = jax.random.normal(key, (3, width, width), h.dtype)
        u, v = scales[0] * (h @ draw[0]), scales[1] * (h @ draw[1])
        z = u * (b_g + v) + scales[2] * ((h * h) @ draw[2])
        h = jax.nn.relu(z)
        return h, moments(h)

    first, rest = jax.random.split(key)
    h = jax.random.normal(first, (width,), scales.dtype)
    seen = jax.lax.scan(layer, h, jax.random.split(rest, depth))[1]
    return jnp.vstack([moments(h)[None], seen])
