"""The tangent kernel of a network as it is: any function of parameters and inputs.

$$\\Theta_{jk}(x, z) = \\sum_p \\frac{\\partial f_j(x)}{\\partial p}
  \\frac{\\partial f_k(z)}{\\partial p}$$

A network is a function `f(params, x)` from a pytree and inputs (n, ...) to outputs (n, o), in
which every example is treated by itself (no batch statistics). Flax Linen modules are such
functions already: `model.apply`; `functional` makes one of a Flax NNX module.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.networks import MLP, Layers, forward, weight_scale

METHODS = ("jacobian", "products", "blocks")
Network = Callable[[PyTree, Array], Array]


def functional(model: nnx.Module) -> tuple[Network, PyTree]:
    """A Flax NNX module as a function `f(params, x)` and its trainable parameters.

    >>> f, params = functional(MLP((3, 8, 2), jnp.tanh, rngs=nnx.Rngs(0)))
    >>> f(params, jnp.ones((4, 3))).shape
    (4, 2)
    """
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    return lambda p, x: nnx.merge(graph, p, rest)(x), params


@references("jacot2018neural", "novak2022fast")
def empirical_ntk(
    f: Network,
    params: PyTree,
    x: Float[Array, "n ..."],
    z: Float[Array, "m ..."] | None = None,
    *,
    method: str = "jacobian",
    trace_outputs: bool = False,
    batch_size: int | None = None,
) -> Float[Array, "n m *oo"]:
    """Empirical neural tangent kernel of any network.

    $$\\Theta_{jk}(x, z) = \\sum_p \\partial_p f_j(x)\\, \\partial_p f_k(z)$$

    Three routes to the same numbers. "jacobian" forms the Jacobians of all examples and
    contracts them: fastest where they fit into memory, (n + m) o |p| numbers. "products"
    never forms one: each column is a product of the kernel with a unit vector
    (`ntk_vector_product`); it holds `batch_size` copies of the parameters. "blocks" contracts
    the Jacobians of `batch_size` rows and columns at a time.

    For fully connected networks `layerwise_ntk` is far faster than any of them.

    Args:
        f, params: the network and its parameters; see `theorylab.ntk.empirical`.
        x, z: inputs, (n, ...) and (m, ...); z = x if not given.
        method: "jacobian", "products" or "blocks".
        trace_outputs: return $\\tfrac1o \\sum_j \\Theta_{jj}$, (n, m), instead.
        batch_size: columns, or rows and columns, at a time; 32 by default. Not for "jacobian".

    Returns:
        (n, m, o, o), or (n, m) with `trace_outputs`.

    Compiled once for each `f` (which must be hashable: a function or a bound method is) and shape.

    Raises:
        ValueError: inputs that are not finite, outputs that are not (n, o), a bad method.

    Source: jacot2018neural; "jacobian" and "products" are Jacobian contraction and
    NTK-vector products of novak2022fast.

    >>> f = lambda p, x: x @ p
    >>> empirical_ntk(f, jnp.ones((2, 1)), jnp.array([[1.0, 2.0]])).ravel().tolist()
    [5.0]
    """
    outputs = _checked(f, params, x, z)
    require("method", method, choices=METHODS)
    if batch_size is not None:
        if method == "jacobian":
            raise ValueError('batch_size is for the methods "products" and "blocks"')
        require("batch_size", batch_size, low=1, integer=True)
    step = 32 if batch_size is None else batch_size
    if method == "jacobian":
        return _contracted(f, params, x, z, trace_outputs)
    z = x if z is None else z
    if method == "products":
        full = _by_products(f, params, x, z, outputs, step)
        return jnp.einsum("nmjj->nm", full) / outputs if trace_outputs else full
    return _by_blocks(f, params, x, z, trace_outputs, step)


def _jacobian(f, params, x):
    """One row for each example and output, for each leaf: (n, o, ...)."""
    return jax.vmap(jax.jacrev(lambda p, one: f(p, one[None])[0]), (None, 0))(params, x)


@partial(jax.jit, static_argnames=("f", "trace"))
def _contracted(f, params, x, z, trace):
    left = jax.tree.leaves(_jacobian(f, params, x))
    right = left if z is None else jax.tree.leaves(_jacobian(f, params, z))
    total = None
    for a, b in zip(left, right, strict=True):
        a, b = (j.reshape(*j.shape[:2], -1) for j in (a, b))
        term = jnp.einsum("njp,mjp->nm", a, b) if trace else jnp.einsum("njp,mkp->nmjk", a, b)
        total = term if total is None else total + term
    return total / left[0].shape[1] if trace else total


@partial(jax.jit, static_argnames=("f", "outputs", "batch_size"))
def _by_products(f, params, x, z, outputs, batch_size):
    def column(index):
        example, output = index

        def entry(p):
            return f(p, z[example][None])[0, output]

        return jax.jvp(lambda p: f(p, x), (params,), (jax.grad(entry)(params),))[1]

    grid = jnp.meshgrid(jnp.arange(z.shape[0]), jnp.arange(outputs), indexing="ij")
    columns = jax.lax.map(column, tuple(g.ravel() for g in grid), batch_size=batch_size)
    columns = columns.reshape(z.shape[0], outputs, x.shape[0], outputs)
    return columns.transpose(2, 0, 3, 1)


@partial(jax.jit, static_argnames=("f", "trace", "batch_size"))
def _by_blocks(f, params, x, z, trace, batch_size):
    rows, columns = _in_blocks(x, batch_size), _in_blocks(z, batch_size)

    def row(block):
        return jax.lax.map(lambda other: _contracted(f, params, block, other, trace), columns)

    blocks = jax.lax.map(row, rows)  # (rows, columns, block, block, ...)
    blocks = jnp.moveaxis(blocks, 2, 1)
    size = (rows.shape[0] * batch_size, columns.shape[0] * batch_size)
    return blocks.reshape(*size, *blocks.shape[4:])[: x.shape[0], : z.shape[0]]


def _in_blocks(x, size):
    """Blocks of equal size; the last is filled up with copies of the last example."""
    missing = -x.shape[0] % size
    filled = jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)])
    return filled.reshape(-1, size, *x.shape[1:])


@references("novak2022fast")
def ntk_vector_product(
    f: Network,
    params: PyTree,
    x: Float[Array, "n ..."],
    v: Float[Array, "m o"],
    z: Float[Array, "m ..."] | None = None,
) -> Float[Array, "n o"]:
    """The tangent kernel times a vector, at the cost of a few passes: $\\sum_z \\Theta(x, z) v(z)$.

    It is the initial velocity of the outputs under gradient flow whose residuals are v.

    Args:
        f, params, x, z: as in `empirical_ntk`.  v: (m, o), one entry for each output at z.

    Raises:
        ValueError: inputs that are not finite, shapes that do not fit.

    Source: novak2022fast.

    >>> f = lambda p, x: x @ p
    >>> ntk_vector_product(f, jnp.ones((2, 1)), jnp.eye(2), jnp.array([[3.0], [4.0]])).tolist()
    [[3.0], [4.0]]
    """
    outputs = _checked(f, params, x, z)
    z = x if z is None else z
    require("v", v, shape=(z.shape[0], outputs))
    _, pull = jax.vjp(lambda p: f(p, z), params)
    return jax.jvp(lambda p: f(p, x), (params,), pull(v))[1]


@references("jacot2018neural", "novak2022fast")
def layerwise_ntk(
    model: MLP,
    x: Real[ArrayLike, "n D"],
    z: Real[ArrayLike, "m D"] | None = None,
    trace_outputs: bool = False,
) -> Float[Array, "n m *oo"]:
    """Empirical tangent kernel of a fully connected network, layer by layer.

    The gradient of a weight matrix is an outer product, so that a layer contributes

    $$\\Big( \\frac{\\sigma_w^2}{n_{l-1}} h_{l-1}(x) \\cdot h_{l-1}(z) + \\sigma_b^2 \\Big)\\,
      \\delta_l^j(x) \\cdot \\delta_l^k(z), \\qquad \\delta_l^j = \\partial f_j / \\partial a_l$$

    and no Jacobian is formed: $n m w$ operations for a layer of width w instead of $n m w^2$.

    Args:
        model: an `MLP`.  x, z: inputs, (n, D) and (m, D); z = x if not given.
        trace_outputs: return the mean of the diagonal over outputs, (n, m), instead.

    Returns:
        (n, m, o, o), or (n, m) with `trace_outputs`.

    Raises:
        ValueError: inputs that are not finite or have another dimension than the model.

    Source: the structure used by novak2022fast; the sum as in jacot2018neural.

    >>> model = MLP((2, 1), jnp.tanh, rngs=nnx.Rngs(0), b_std=1.0)
    >>> layerwise_ntk(model, jnp.array([[1.0, 3.0]])).ravel().round(12).tolist()
    [6.0]
    """
    layers = model.layers()
    require("x", x, shape=(None, layers[0][0].shape[1]))
    require("x", x)
    x = as_float(x).astype(layers[0][0].dtype)
    if z is not None:
        require("z", z, shape=(None, x.shape[1]))
        require("z", z)
        z = as_float(z).astype(x.dtype)
    return _layerwise(
        layers,
        x,
        z,
        activation=model.activation,
        settings=(model.w_std, model.b_std, model.inputs),
        trace=trace_outputs,
    )


@partial(jax.jit, static_argnames=("activation", "settings", "trace"))
def _layerwise(layers, x, z, *, activation, settings, trace):
    return layers_ntk(layers, x, z, activation, *settings, trace)


def layers_ntk(
    layers: Layers,
    x: Float[Array, "n D"],
    z: Float[Array, "m D"] | None,
    activation: Callable[[Array], Array],
    w_std: float = 1.0,
    b_std: float = 0.0,
    inputs: str = "scaled",
    trace: bool = False,
) -> Float[Array, "n m *oo"]:
    """What `layerwise_ntk` computes, on plain arrays: for use inside other transformations.

    >>> layers = ((jnp.array([[2.0, 3.0]]), jnp.zeros(1)),)
    >>> kernel = layers_ntk(layers, jnp.array([[1.0, 3.0]]), None, jnp.tanh, b_std=1.0)
    >>> round(float(kernel[0, 0, 0, 0]), 6)
    6.0
    """
    settings = (w_std, b_std, inputs)
    left = _factors(layers, x, activation, settings)
    right = left if z is None or z is x else _factors(layers, z, activation, settings)
    outputs = layers[-1][0].shape[0]
    total = None
    for index, (w, _) in enumerate(layers):
        (h, delta), (h2, delta2) = left[index], right[index]
        scale = jnp.asarray(weight_scale(index, w.shape[1], w_std, inputs) ** 2, w.dtype)
        forward_part = scale * (h @ h2.T) + jnp.asarray(b_std**2, w.dtype)
        if trace:
            term = forward_part * jnp.einsum("njw,mjw->nm", delta, delta2) / outputs
        else:
            backward = jnp.einsum("njw,mkw->nmjk", delta, delta2)
            term = forward_part[:, :, None, None] * backward
        total = term if total is None else total + term
    return total


def _factors(layers, x, activation, settings):
    """For each layer its inputs h, (n, w), and the derivatives of the outputs, (n, o, w')."""
    w_std, _, inputs = settings
    out, hidden, values = forward(layers, x, activation, *settings)
    n, o = out.shape
    delta = jnp.broadcast_to(jnp.eye(o, dtype=out.dtype), (n, o, o))
    deltas = [delta]
    for index in range(len(layers) - 1, 0, -1):
        w = layers[index][0]
        scale = jnp.asarray(weight_scale(index, w.shape[1], w_std, inputs), w.dtype)
        before = values[index - 1]
        slope = jax.jvp(activation, (before,), (jnp.ones_like(before),))[1]
        delta = scale * jnp.einsum("njk,kw->njw", delta, w) * slope[:, None, :]
        deltas.append(delta)
    return list(zip(hidden, reversed(deltas), strict=True))


def _checked(f, params, x, z):
    """The number of outputs, once inputs and outputs are what they must be."""
    for name, value in (("x", x), ("z", z)):
        if value is not None:
            require(name, value)
    out = jax.eval_shape(f, params, x)
    if len(getattr(out, "shape", ())) != 2 or out.shape[0] != x.shape[0]:
        raise ValueError(
            f"f returns {getattr(out, 'shape', type(out))} for {x.shape[0]} inputs; "
            f"allowed: shape ({x.shape[0]}, any)"
        )
    if z is not None and z.shape[1:] != x.shape[1:]:
        raise ValueError(f"z has examples of shape {z.shape[1:]}; allowed: {x.shape[1:]} as in x")
    return out.shape[1]
