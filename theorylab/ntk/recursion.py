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
from theorylab.ntk.duals import dual_parts, moment_at, slope_moment_at


class Layers(NamedTuple):
    """What each layer does: squared weight and bias scales, and the factor of its own gradient."""

    w2: Float[Array, " layers"]
    b2: Float[Array, " layers"]
    own: Float[Array, " layers"]  # multiplies E phi phi' in the NTK
    bias: Float[Array, " layers"]  # is added to it


class Side(NamedTuple):
    """One point of each pair, in a shape that broadcasts against the pairs.

    `size`: $|x|/\\sqrt D$; `roots`: $\\sqrt{E\\varphi^2}$ of each hidden layer, (L, ...); `var`:
    the variance of each layer, (L+1, ...).
    """

    size: Values
    roots: Values
    var: Values


def variances(activation: Activation, square: Values, layers: Layers) -> tuple[Values, Values]:
    """`Side.roots` and `Side.var` of points with $|x|^2/D$ = square."""
    start = layers.w2[0] * square + layers.b2[0]

    def step(q, layer):
        square = moment_at(activation, q)
        after = _settled(q, layer.w2 * square + layer.b2)
        return after, (root(square), after)

    _, (roots, after) = jax.lax.scan(step, start, _rest(layers))
    return roots, jnp.concatenate([start[None], after])


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
    equal = first is second

    def next_pair(k, gap, roots, variances, w2, b2):
        """Correlation of the next preactivations, and one minus it."""
        size = root(variances[0]) * root(variances[1])
        safe = jnp.where(size > 0, size, 1.0)
        gap = w2 * gap
        if biased and not equal:
            gap = gap + _bias_defect(w2, b2, *roots, size)
        eps, xi = gap / safe, (w2 * k + b2) / safe
        eps = jnp.where(eps > 2, 2.0, eps)
        # Near 1, the distance is the exact one of the two; near 0, the correlation.
        return jnp.where(eps < 0.5, 1 - eps, jnp.where(xi < -1, -1.0, xi)), eps

    start = jax.tree.map(lambda leaf: leaf[0], layers)
    size = first.size * second.size
    inner = size * (1 - eps)
    xi, eps = next_pair(
        inner,
        size * eps,
        (first.size, second.size),
        (first.var[0], second.var[0]),
        start.w2,
        start.b2,
    )
    ntk = start.own * inner + start.bias

    def step(carry, at):
        xi, eps, ntk = carry
        layer, roots, now, after = at
        parts = dual_parts(activation, now[0], now[0] if equal else now[1], xi, eps)
        xi, eps = next_pair(parts.k, parts.gap, roots, after, layer.w2, layer.b2)
        if "ntk" in get:
            ntk = layer.own * parts.k + layer.bias + layer.w2 * parts.kdot * ntk
        seen = {"nngp": layer.w2 * parts.k + layer.b2, "ntk": ntk}
        return (xi, eps, ntk), {name: seen[name] for name in get} if stacked else None

    roots, now, after = (
        (first.roots, second.roots),
        *((first.var[part], second.var[part]) for part in (slice(None, -1), slice(1, None))),
    )
    seen = {"nngp": start.w2 * inner + start.b2, "ntk": ntk}
    (xi, eps, ntk), later = jax.lax.scan(step, (xi, eps, ntk), (_rest(layers), roots, now, after))
    if stacked:
        return {
            name: jnp.concatenate([seen[name][:, None], jnp.moveaxis(later[name], 0, 1)], axis=1)
            for name in get
        }
    ends = {"nngp": root(first.var[-1]) * root(second.var[-1]) * xi, "ntk": ntk}
    return {name: ends[name] for name in get}


def _rest(layers):
    return jax.tree.map(lambda leaf: leaf[1:], layers)


def _bias_defect(w2, b2, r1, r2, size):
    """sqrt(q1 q2) - w2 r1 r2 - b2 for q = w2 r^2 + b2: what a bias adds to the gap.

    It vanishes for r1 = r2, and is written as a square.
    """
    total = size + w2 * r1 * r2 + b2
    safe = jnp.where(total > 0, total, 1.0)
    return w2 * b2 * (r1 - r2) ** 2 / safe
