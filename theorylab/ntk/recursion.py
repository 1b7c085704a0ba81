"""From layer to layer: variances of points, correlations and tangents of pairs.

Beside the correlation $\\xi$ of a pair, its distance from one, $\\varepsilon = 1-\\xi$, is carried
on its own: the fixed point $\\xi = 1$ repels in chaotic networks, and an error in
$\\varepsilon$ relative to $\\varepsilon$ itself is all that survives many layers.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theorylab.ntk.activations import Activation
from theorylab.ntk.closed_duals import Values, root
from theorylab.ntk.duals import aligned_parts, homogeneous, moment_at, slope_moment_at


class Layers(NamedTuple):
    """What each layer does: squared weight and bias scales, and the factor of its own gradient."""

    w2: Float[Array, " layers"]
    b2: Float[Array, " layers"]
    own: Float[Array, " layers"]  # multiplies E phi phi' in the NTK
    bias: Float[Array, " layers"]  # is added to it


class Side(NamedTuple):
    """One point of each pair, in a shape that broadcasts against the pairs.

    `roots`: $|x|/\\sqrt D$, then $\\sqrt{E\\varphi^2}$ of each hidden layer; `var`: the variance of
    each layer; `inverse`: one over its root, 1 where it is 0. All (L+1, ...).
    """

    roots: Values
    var: Values
    inverse: Values


def variances(activation: Activation, size: Values, layers: Layers) -> Side:
    """What the layers make of points with $|x|/\\sqrt D$ = size, each on its own."""
    start = layers.w2[0] * size**2 + layers.b2[0]

    def step(q, layer):
        square = moment_at(activation, q)
        after = _settled(q, layer.w2 * square + layer.b2)
        return after, (root(square), after)

    _, (roots, after) = jax.lax.scan(step, start, _rest(layers))
    var = jnp.concatenate([start[None], after])
    positive = var > 0
    inverse = jnp.where(positive, 1 / jnp.sqrt(jnp.where(positive, var, 1.0)), 1.0)
    return Side(jnp.concatenate([size[None], roots]), var, inverse)


def _settled(before, after):
    """A variance that a layer leaves in place, up to rounding, stays exactly in place.

    Else rounding grows where the fixed point repels, as for the optimal Hermite activations.
    """
    still = jnp.abs(after - before) <= 16 * jnp.finfo(after.dtype).eps * before
    return after + jax.lax.stop_gradient(jnp.where(still, before - after, 0.0))


def diagonal(activation: Activation, square: Values, layers: Layers) -> tuple[Values, Values]:
    """NNGP kernel and NTK of points with themselves."""

    def step(carry, layer):
        q, ntk = carry
        square = moment_at(activation, q)
        slope = layer.w2 * slope_moment_at(activation, q)
        ntk = layer.own * square + layer.bias + slope * ntk
        return (_settled(q, layer.w2 * square + layer.b2), ntk), None

    begin = (layers.w2[0] * square + layers.b2[0], layers.own[0] * square + layers.bias[0])
    return jax.lax.scan(step, begin, _rest(layers))[0]


def recursion(
    eps: Values,
    first: Side,
    second: Side,
    layers: Layers,
    activation: Activation,
    get: tuple[str, ...] = ("nngp", "ntk"),
    biased: bool = True,
    stacked: bool = False,
) -> dict[str, Values]:
    """The kernels of pairs at x.z = |x| |z| (1 - eps), by name.

    Args:
        eps: $1-\\cos\\angle(x, z)$, of the shape of the result.
        first, second: both points; the same object says that all variances agree.
        biased: whether any bias is above 0.
        stacked: all layers, along axis 1, instead of the last.
    """
    equal, parallel = first is second, homogeneous(activation)
    size = first.roots[0] * second.roots[0]
    gap = size * eps
    k = size - gap
    ntk = layers.own[0] * k + layers.bias[0]
    seen = {"nngp": layers.w2[0] * k + layers.b2[0], "ntk": ntk}

    def step(carry, at):
        k, gap, ntk = carry
        before, layer, one, two = at
        scale = one.inverse * two.inverse
        xi, gap = (before.w2 * k + before.b2) * scale, before.w2 * gap
        if equal or not parallel:
            eps = gap * scale
        else:
            eps = (gap + _bias_defect(before.w2, before.b2, one, two)) * scale
        if not equal and not parallel:
            eps = jnp.where(one.var == two.var, eps, jnp.maximum(1 - xi, 0.0))
        eps = jnp.where(eps > 2, 2.0, eps)
        # Near 1, the distance is the exact one of the two; near 0, the correlation.
        xi = jnp.where(eps < 0.5, 1 - eps, jnp.where(xi < -1, -1.0, xi))
        k, gap, kdot = aligned_parts(activation, one.var, one.var if equal else two.var, xi, eps)
        if "ntk" in get:
            ntk = layer.own * k + layer.bias + layer.w2 * kdot * ntk
        seen = {"nngp": layer.w2 * k + layer.b2, "ntk": ntk}
        return (k, gap, ntk), {name: seen[name] for name in get} if stacked else None

    inner = jax.tree.map(lambda leaf: leaf[:-1], (layers, first, second))
    xs = (inner[0], _rest(layers), *inner[1:])
    if layers.w2.size == 2 and not stacked:
        (k, _, ntk), later = _once(step, (k, gap, ntk), xs), None
    else:
        (k, _, ntk), later = jax.lax.scan(step, (k, gap, ntk), xs)
    if stacked:
        return {
            name: jnp.concatenate([seen[name][:, None], jnp.moveaxis(later[name], 0, 1)], axis=1)
            for name in get
        }
    ends = {"nngp": layers.w2[-1] * k + layers.b2[-1], "ntk": ntk}
    return {name: ends[name] for name in get}


def _once(step, carry, xs):
    """`step` with the only entry of xs, in a loop that goes round a second time and does nothing.

    XLA dissolves a loop of one round into what surrounds it, where it computes a value again for
    each user: two to three times slower.
    """

    def round(carry, at):
        first, entry = at
        return jax.lax.cond(first, lambda c: step(c, entry)[0], lambda c: c, carry), None

    twice = jax.tree.map(lambda leaf: jnp.concatenate([leaf, leaf]), xs)
    return jax.lax.scan(round, carry, (jnp.array([True, False]), twice))[0]


def _rest(layers):
    return jax.tree.map(lambda leaf: leaf[1:], layers)


def _bias_defect(w2, b2, one, two):
    """sqrt(q1 q2) - w2 r1 r2 - b2 for q = w2 r^2 + b2: what a bias adds to the gap.

    It vanishes for r1 = r2, and is written as a square.
    """
    r1, r2 = one.roots, two.roots
    total = root(one.var) * root(two.var) + w2 * r1 * r2 + b2
    safe = jnp.where(total > 0, total, 1.0)
    return w2 * b2 * (r1 - r2) ** 2 / safe
