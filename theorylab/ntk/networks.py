"""Fully connected networks of finite width, in the NTK parameterisation.

With $h_0 = x$ and weights and biases drawn from N(0, 1),

$$a_l = \\frac{\\sigma_w}{\\sqrt{n_{l-1}}} W_l h_{l-1} + \\sigma_b b_l, \\qquad h_l = \\phi(a_l),
  \\qquad f(x) = a_{L+1}$$

with L hidden layers. For inputs of length one ("sphere") the first layer is not divided by
the root of the dimension, so that $a_1$ has unit variance at sigma_w = 1.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Key

from theorylab.lab.require import require
from theorylab.ntk.activations import get_activation

INPUTS = ("scaled", "sphere")
Layers = tuple[tuple[Array, Array], ...]


class MLP(nnx.Module):
    """A fully connected network in the NTK parameterisation, as a Flax NNX module.

    The equation stands at the head of `theorylab.ntk.networks`. Learning rates need no
    rescaling with width: the tangent kernel has a limit.

    Args:
        widths: (D, n_1, ..., n_L, o): inputs, hidden layers, outputs.
        activation: a function on arrays, an `Activation`, or a name.
        rngs: the random state of Flax, `nnx.Rngs(0)`.
        w_std, b_std: sigma_w > 0 and sigma_b >= 0.
        inputs: "scaled" divides the first layer by sqrt(D), "sphere" does not.
        dtype: of the weights.

    Raises:
        ValueError: fewer than two widths, or a value out of range.

    Source: jacot2018neural.

    >>> model = MLP((3, 16, 16, 2), jnp.tanh, rngs=nnx.Rngs(0))
    >>> model(jnp.ones((5, 3))).shape
    (5, 2)
    """

    __references__ = ("jacot2018neural",)

    def __init__(
        self,
        widths: Sequence[int],
        activation: Callable[[Array], Array] | str,
        *,
        rngs: nnx.Rngs,
        w_std: float = 1.0,
        b_std: float = 0.0,
        inputs: str = "scaled",
        dtype: Any = None,
    ) -> None:
        layers = init_layers(rngs.params(), widths, dtype)
        require("w_std", w_std, above=0.0)
        require("b_std", b_std, low=0.0)
        require("inputs", inputs, choices=INPUTS)
        self.weights = nnx.List([nnx.Param(w) for w, _ in layers])
        self.biases = nnx.List([nnx.Param(b) for _, b in layers])
        self.activation = pointwise(activation)
        self.w_std, self.b_std, self.inputs = float(w_std), float(b_std), inputs

    def layers(self) -> Layers:
        """The weights and biases as plain arrays."""
        return tuple((w[...], b[...]) for w, b in zip(self.weights, self.biases, strict=True))

    def __call__(self, x: Float[Array, "n D"]) -> Float[Array, "n o"]:
        """Outputs for a batch of inputs."""
        return forward(self.layers(), x, self.activation, self.w_std, self.b_std, self.inputs)[0]


def pointwise(activation: Any) -> Callable[[Array], Array]:
    """The function of an activation, given as a function, an `Activation` or a name.

    Raises:
        ValueError: it is none of these.

    >>> float(pointwise("relu")(jnp.array(-1.0)))
    0.0
    """
    if isinstance(activation, str):
        return get_activation(activation)
    if not callable(activation):
        raise ValueError(f"activation is {activation!r}; allowed: a function, Activation or name")
    return activation


def init_layers(key: Key[Array, ""], widths: Sequence[int], dtype: Any = None) -> Layers:
    """Weights (n_out, n_in) and biases (n_out,) of every layer, all from N(0, 1).

    Raises:
        ValueError: fewer than two widths, or one below 1.

    >>> [w.shape for w, _ in init_layers(jax.random.key(0), (3, 8, 1))]
    [(8, 3), (1, 8)]
    """
    if len(widths) < 2:
        raise ValueError(f"widths is {tuple(widths)}; allowed: at least inputs and outputs")
    for width in widths:
        require("widths", width, low=1, integer=True)
    dtype = jnp.zeros(()).dtype if dtype is None else dtype
    layers = []
    for into, out in itertools.pairwise(widths):
        key, w, b = jax.random.split(key, 3)
        layers.append(
            (jax.random.normal(w, (out, into), dtype), jax.random.normal(b, (out,), dtype))
        )
    return tuple(layers)


def forward(
    layers: Layers,
    x: Float[Array, "n D"],
    activation: Callable[[Array], Array],
    w_std: float = 1.0,
    b_std: float = 0.0,
    inputs: str = "scaled",
) -> tuple[Array, list[Array], list[Array]]:
    """Outputs (n, o), the inputs h of every layer, and its values a before the nonlinearity.

    >>> layers = init_layers(jax.random.key(0), (2, 4, 1))
    >>> out, h, a = forward(layers, jnp.ones((3, 2)), jnp.tanh)
    >>> out.shape, [array.shape for array in h], [array.shape for array in a]
    ((3, 1), [(3, 2), (3, 4)], [(3, 4), (3, 1)])
    """
    h, hidden, values = x, [], []
    for index, (w, b) in enumerate(layers):
        hidden.append(h)
        scale = jnp.asarray(weight_scale(index, w.shape[1], w_std, inputs), w.dtype)
        a = scale * (h @ w.T) + (jnp.asarray(b_std, w.dtype) * b)[None, :]
        values.append(a)
        h = activation(a)
    return values[-1], hidden, values


def weight_scale(index: int, fan_in: int, w_std: float, inputs: str) -> float:
    """What multiplies the weights of a layer, counted from 0.

    >>> weight_scale(0, 4, 1.0, "scaled"), weight_scale(0, 4, 1.0, "sphere")
    (0.5, 1.0)
    """
    return w_std if index == 0 and inputs == "sphere" else w_std / float(np.sqrt(fan_in))
