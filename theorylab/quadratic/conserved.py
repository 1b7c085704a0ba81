"""The gauge freedom of a quadratic neuron, and what gradient flow conserves because of it.

With the bias appended to the weights, a neuron depends on $\\tilde w_r$ and $\\tilde w_g$ through
their product only: $(\\lambda \\tilde w_r, \\tilde w_g / \\lambda)$ is the same function.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.arrays import Scalar
from theorylab.lab.require import require
from theorylab.quadratic.neurons import QuadraticParams


@references("du2018algorithmic")
def gauge_invariants(params: QuadraticParams, gamma: Scalar = 1.0) -> Float[Array, " dout"]:
    """What each neuron conserves: $\\gamma\\|\\tilde w_r\\|^2 - \\|\\tilde w_g\\|^2$.

    Gradient flow keeps it, whatever the loss and whatever surrounds the layer, if the gate
    learns $\\gamma$ times as fast as the conventional weights. Gradient descent lets it drift in
    proportion to the learning rate, momentum likewise but more; Adam and weight decay do not
    conserve it.

    Args:
        params: of a layer that has both factors with biases.
        gamma: ratio of the two learning rates, at least 0.

    Raises:
        ValueError: the layer lacks a factor, or gamma is negative.

    Source: derived here; for two linear layers it is the balance of du2018algorithmic.

    >>> w, b = jnp.array([[3.0], [4.0]]), jnp.zeros(1)
    >>> gauge_invariants(QuadraticParams(w, b, 0 * w, 1 + b)).tolist()
    [24.0]
    """
    require("gamma", gamma, low=0.0)
    r, g = _squares(params)
    return jnp.asarray(gamma, r.dtype) * r - g


def balance(params: QuadraticParams) -> QuadraticParams:
    """The same function with $\\|\\tilde w_r\\| = \\|\\tilde w_g\\|$ for every neuron.

    Where one factor is zero nothing is changed.

    Raises:
        ValueError: the layer lacks a factor.

    Source: derived here.

    >>> w, b = jnp.array([[3.0], [4.0]]), jnp.zeros(1)
    >>> even = balance(QuadraticParams(w, b, 0 * w, 1 + b))
    >>> abs(float(gauge_invariants(even)[0])) < 1e-5
    True
    """
    r, g = _squares(params)
    free = (r > 0) & (g > 0)
    scale = jnp.where(free, (g / jnp.where(free, r, 1.0)) ** 0.25, 1.0)
    scale = jnp.where(free, scale, jnp.ones_like(scale))
    return params._replace(
        kernel_r=params.kernel_r * scale[None],
        bias_r=params.bias_r * scale,
        kernel_g=params.kernel_g / scale[None],
        bias_g=params.bias_g / scale,
    )


def _squares(params: QuadraticParams) -> tuple[Array, Array]:
    parts = (params.kernel_r, params.bias_r, params.kernel_g, params.bias_g)
    if any(part is None for part in parts):
        raise ValueError("params lacks a factor or its bias; allowed: both, with biases")
    kernel_r, bias_r, kernel_g, bias_g = parts
    return jnp.sum(kernel_r**2, axis=0) + bias_r**2, jnp.sum(kernel_g**2, axis=0) + bias_g**2
