"""Kernels of infinitely wide fully connected networks, at any depth.

A network with L hidden layers maps x to
$W_{L+1}\\varphi(\\dots\\varphi(W_1 x + b_1)\\dots) + b_{L+1}$. At infinite width it is a Gaussian
process with the NNGP kernel, and gradient descent moves it along the neural tangent kernel
(NTK). Both follow from the dual activation, layer by layer.

The recursion carries, beside the correlation $\\xi$, its distance from one,
$\\varepsilon = 1-\\xi$: the fixed point $\\xi = 1$ repels in chaotic networks, and an error in
$\\varepsilon$ relative to $\\varepsilon$ itself is all that survives many layers.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation
from theorylab.ntk.blocks import over_rows
from theorylab.ntk.closed_duals import root
from theorylab.ntk.duals import dual_parts, moment_at
from theorylab.ntk.geometry import as_points, eps_of_rows, lengths, squared_distances

_BLOCK_OF_SERIES = 2**20


class Kernels(NamedTuple):
    """Kernels between the rows of x and of z; `None` for one that was not asked for.

    `nngp`, `ntk`: (n, m), or (L+1, n, m) layer by layer; `var1` (n,), `var2` (m,): the NNGP
    variance of each point, the diagonal of its own kernel.
    """

    nngp: Float[Array, "..."] | None
    ntk: Float[Array, "..."] | None
    var1: Float[Array, "*layers n"]
    var2: Float[Array, "*layers m"]


class Diagonals(NamedTuple):
    """K(x, x) for each point: both kernels, (n,) each."""

    nngp: Float[Array, " n"]
    ntk: Float[Array, " n"]


class Layers(NamedTuple):
    """What each layer does: squared weight and bias scales, and the factor of its own gradient."""

    w2: Float[Array, " layers"]
    b2: Float[Array, " layers"]
    own: Float[Array, " layers"]  # multiplies E phi phi' in the NTK
    bias: Float[Array, " layers"]  # is added to it


@references("jacot2018neural", "lee2019wide")
def mlp_kernels(
    x: ArrayLike,
    z: ArrayLike | None = None,
    *,
    activation: Activation | str,
    depth: int,
    w_std: ArrayLike = 1.0,
    b_std: ArrayLike = 0.0,
    get: str | tuple[str, ...] = ("nngp", "ntk"),
    parameterization: str = "ntk",
    width: int | tuple[int, ...] | None = None,
    inputs: str = "scaled",
    return_layers: bool = False,
    block: int | None = None,
) -> Kernels:
    """NNGP kernel and NTK of a fully connected network with `depth` hidden layers.

    $$\\Sigma^{(0)} = \\Theta^{(0)} = \\sigma_w^2\\, x\\cdot z/D + \\sigma_b^2, \\quad
    \\Sigma^{(l)} = \\sigma_w^2\\, E\\,\\varphi\\varphi' + \\sigma_b^2,$$
    $$\\Theta^{(l)} =
    \\Sigma^{(l)} + \\sigma_w^2\\, \\Theta^{(l-1)} E\\,\\dot\\varphi\\dot\\varphi'.$$

    The diagonal is exact at any depth, and near it both kernels keep the relative accuracy with
    which the distance of two points is known: in double precision the ReLU kernels agree with a
    60-digit reference to 1e-13 at depth 50 and any distance from 1e-12 up, in single precision
    to 3e-5. Where points differ in length and the activation is not homogeneous, the accuracy
    near the diagonal is rounding relative to the diagonal.

    Derivatives at coincident points take the derivative of $\\theta$ there, which does not
    exist, as 0. Memory beyond the result is a few blocks of rows.

    Args:
        x: (n, D).
        z: (m, D), of the same dtype; x itself if left out.
        activation: an `Activation` or its name.
        depth: L, the number of hidden layers, at least 0, a Python number.
        w_std, b_std: $\\sigma_w$ above 0 and $\\sigma_b$ at least 0; numbers, or one per layer,
            (L+1,).
        get: "nngp", "ntk" or both.
        parameterization: "ntk" (weights $\\sigma_w w/\\sqrt{n}$) or "standard" (weights of
            variance $\\sigma_w^2/n$, whose NTK grows with the width; biases are trained where
            `b_std` is above 0).
        width: of the hidden layers, a number or one per layer, for "standard".
        inputs: "scaled" as above, or "sphere": unit vectors with
            $\\Sigma^{(0)} = \\sigma_w^2\\, x\\cdot z + \\sigma_b^2$.
        return_layers: every layer's kernels, (L+1, n, m), instead of the last.
        block: rows at a time; by default as many as fit the cache.

    Raises:
        ValueError: shapes, dtypes or values outside the above; the NTK of an activation that
            jumps, which is infinite.

    Source: jacot2018neural, lee2019wide; claims of the derivation `ntk/recursion`.

    >>> x = jnp.array([[1.0, 0.0], [0.6, 0.8]])
    >>> relu = get_activation("relu").normalized()
    >>> k = mlp_kernels(x, activation=relu, depth=3, inputs="sphere")
    >>> [round(float(v), 4) for v in k.ntk[0]]  # L + 1 on the diagonal
    [4.0, 1.9523]
    """
    activation = get_activation(activation)
    get = (get,) if isinstance(get, str) else tuple(get)
    for one in get:
        require("get", one, choices=("nngp", "ntk"))
    require("inputs", inputs, choices=("scaled", "sphere"))
    _supported(activation, get)
    x, z = as_points(x, z, sphere=inputs == "sphere")
    layers = _layers(x, depth, w_std, b_std, parameterization, width)
    biased = isinstance(b_std, jax.core.Tracer) or bool(jnp.any(jnp.asarray(b_std) > 0))
    if block is None and activation.rule is None:
        block = max(1, _BLOCK_OF_SERIES // max(z.shape[0], 1))
    return _kernels(
        x, z, layers, activation, get, inputs == "sphere", biased, bool(return_layers), block
    )


def mlp_diagonals(
    x: ArrayLike,
    *,
    activation: Activation | str,
    depth: int,
    w_std: ArrayLike = 1.0,
    b_std: ArrayLike = 0.0,
    parameterization: str = "ntk",
    width: int | tuple[int, ...] | None = None,
    inputs: str = "scaled",
) -> Diagonals:
    """K(x, x) for each row of x, without the matrices: arguments as in `mlp_kernels`.

    Raises:
        ValueError: as `mlp_kernels`.

    >>> relu = get_activation("relu").normalized()
    >>> round(float(mlp_diagonals(jnp.array([[1.0]]), activation=relu, depth=50).ntk[0]), 4)
    51.0
    """
    activation = get_activation(activation)
    require("inputs", inputs, choices=("scaled", "sphere"))
    _supported(activation, ("ntk",))
    x, _ = as_points(x, None, sphere=inputs == "sphere")
    layers = _layers(x, depth, w_std, b_std, parameterization, width)
    return _diagonals(x, layers, activation, inputs == "sphere")


def _supported(activation, get):
    if activation.jumps and "ntk" in get:
        raise ValueError(
            f"activation is {activation.name}, which jumps: its NTK is infinite; "
            'allowed: get="nngp"'
        )


def _layers(x, depth, w_std, b_std, parameterization, width):
    require("depth", depth, low=0, integer=True)
    require("parameterization", parameterization, choices=("ntk", "standard"))
    require("w_std", w_std, above=0.0)
    require("b_std", b_std, low=0.0)
    count = int(depth) + 1
    scales = []
    for name, value in (("w_std", w_std), ("b_std", b_std)):
        value = jnp.asarray(value, x.dtype)
        if value.ndim:
            require(name, value, shape=(count,))
        scales.append(jnp.broadcast_to(value, (count,)) ** 2)
    w2, b2 = scales
    if parameterization == "ntk":
        if width is not None:
            raise ValueError(f"width is {width!r}; allowed: None for the NTK parameterization")
        return Layers(w2, b2, w2, b2)
    if width is None:
        raise ValueError('width is None; allowed: widths, with parameterization="standard"')
    require("width", width, low=1, integer=True)
    hidden = jnp.asarray(width, x.dtype)
    if hidden.ndim:
        require("width", hidden, shape=(count - 1,))
    hidden = jnp.broadcast_to(hidden, (count - 1,))
    fan_in = jnp.concatenate([jnp.full((1,), x.shape[1], x.dtype), hidden])
    return Layers(w2, b2, fan_in, (b2 > 0).astype(x.dtype))


def _first_variances(x, layers, sphere):
    """Per row $|x|^2$ (over D unless on the sphere) and the variance of its first layer."""
    square = jnp.ones_like(x[:, 0]) if sphere else jnp.mean(x**2, axis=-1)
    return square, layers.w2[0] * square + layers.b2[0]


@partial(jax.jit, static_argnames=("activation", "get", "sphere", "biased", "stacked", "block"))
def _kernels(x, z, layers, activation, get, sphere, biased, stacked, block):
    rest = jax.tree.map(lambda leaf: leaf[1:], layers)

    def sequence(points):
        """Root of E phi^2 in, and variances out, of every hidden layer: (L+1, n) each."""
        _, start = _first_variances(points, layers, sphere)

        def step(q, layer):
            square = moment_at(activation, q)
            after = layer.w2 * square + layer.b2
            return after, (root(square), after)

        _, (roots, after) = jax.lax.scan(step, start, rest)
        return roots, jnp.concatenate([start[None], after])

    roots_x, var_x = sequence(x)
    roots_z, var_z = (roots_x, var_x) if z is x else sequence(z)
    # On the sphere all variances agree: scalars instead of rows and columns.
    columns = tuple(v[:, 0] if sphere else v[:, None, :] for v in (roots_z, var_z))

    def rows(part, roots, variances):
        side = columns if sphere else (roots.T[:, :, None], variances.T[:, :, None])
        other = side if sphere else columns
        return _recursion(part, z, layers, activation, side, other, get, sphere, biased, stacked)

    out = over_rows(rows, (x, roots_x.T, var_x.T), z.shape[0], block)
    if stacked:
        out = {name: jnp.moveaxis(value, 1, 0) for name, value in out.items()}
        return Kernels(out.get("nngp"), out.get("ntk"), var_x, var_z)
    return Kernels(out.get("nngp"), out.get("ntk"), var_x[-1], var_z[-1])


def _recursion(x, z, layers, activation, side, other, get, sphere, biased, stacked):
    """Both kernels for a block of rows, {name: (b, m) or (b, L+1, m)}."""
    (roots1, var1), (roots2, var2) = side, other
    first = jax.tree.map(lambda leaf: leaf[0], layers)
    if sphere:
        eps = jnp.minimum(squared_distances(x, z) / 2, 2.0)
        size_in = jnp.ones((), x.dtype)
    else:
        eps = eps_of_rows(x, z)
        size_in = lengths(x)[:, None] * lengths(z)[None, :] / x.shape[1]
    inner = size_in * (1 - eps)
    size = root(var1[0]) * root(var2[0])
    gap = first.w2 * size_in * eps
    if not sphere and biased:
        root_d = x.shape[1] ** 0.5
        long_x, long_z = lengths(x)[:, None] / root_d, lengths(z)[None, :] / root_d
        gap = gap + _bias_defect(first, long_x, long_z, size)
    nngp = first.w2 * inner + first.b2
    if biased:
        safe = jnp.where(size > 0, size, 1.0)
        xi, eps = nngp / safe, gap / safe
    else:
        xi = 1 - eps
    ntk = first.own * inner + first.bias

    def step(carry, layer):
        (xi, eps, ntk), (l, r1, r2, q1, q2, q1_next, q2_next) = carry, layer
        parts = dual_parts(activation, q1, q1 if sphere else q2, xi, eps)
        size = root(q1_next) * root(q2_next)
        gap = l.w2 * parts.gap
        if biased and not sphere:
            gap = gap + _bias_defect(l, r1, r2, size)
        nngp = l.w2 * parts.k + l.b2
        safe = jnp.where(size > 0, size, 1.0)
        xi, eps = nngp / safe, gap / safe
        xi = jnp.where(xi > 1, 1.0, jnp.where(xi < -1, -1.0, xi))
        eps = jnp.where(eps > 2, 2.0, eps)
        if "ntk" in get:
            ntk = l.own * parts.k + l.bias + l.w2 * parts.kdot * ntk
        keep = {"nngp": nngp, "ntk": ntk}
        return (xi, eps, ntk), {name: keep[name] for name in get} if stacked else None

    rest = jax.tree.map(lambda leaf: leaf[1:], layers)
    scanned = (rest, roots1, roots2, var1[:-1], var2[:-1], var1[1:], var2[1:])
    (xi, eps, last), all_layers = jax.lax.scan(step, (xi, eps, ntk), scanned)
    if stacked:
        start = {"nngp": nngp, "ntk": ntk}
        return {
            name: jnp.concatenate([start[name][:, None], jnp.moveaxis(all_layers[name], 0, 1)], 1)
            for name in get
        }
    ends = {"nngp": root(var1[-1]) * root(var2[-1]) * xi, "ntk": last}
    return {name: ends[name] for name in get}


def _bias_defect(layer, r1, r2, size):
    """sqrt(q1 q2) - w2 r1 r2 - b2 for q = w2 r^2 + b2: what a bias adds to the gap.

    It vanishes for r1 = r2, and is written as a square.
    """
    total = size + layer.w2 * r1 * r2 + layer.b2
    safe = jnp.where(total > 0, total, 1.0)
    return layer.w2 * layer.b2 * (r1 - r2) ** 2 / safe


@partial(jax.jit, static_argnames=("activation", "sphere"))
def _diagonals(x, layers, activation, sphere):
    square, start = _first_variances(x, layers, sphere)
    one, zero = jnp.ones_like(start), jnp.zeros_like(start)

    def step(carry, layer):
        q, ntk = carry
        parts = dual_parts(activation, q, q, one, zero)
        square = moment_at(activation, q)
        ntk = layer.own * square + layer.bias + layer.w2 * parts.kdot * ntk
        return (layer.w2 * square + layer.b2, ntk), None

    rest = jax.tree.map(lambda leaf: leaf[1:], layers)
    begin = (start, layers.own[0] * square + layers.bias[0])
    (nngp, ntk), _ = jax.lax.scan(step, begin, rest)
    return Diagonals(nngp, ntk)
