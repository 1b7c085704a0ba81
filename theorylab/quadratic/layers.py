"""Quadratic layers and networks as Flax NNX modules, and exact embeddings of conventional ones."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.quadratic.neurons import (
    QuadraticParams,
    conventional,
    forms,
    init_quadratic,
    parts_of,
    polarize,
    quadratic_apply,
    squared,
)

NORMS = (None, "batch", "layer")
RESIDUALS = (None, "rezero")


@references("fan2023expressivity")
class QuadraticDense(nnx.Module):
    """A layer of quadratic neurons, before the activation.

    $$z = (x W_r + b_r) \\odot (x W_g + b_g) + (x \\odot x) W_b + c$$

    for the variant "fan"; the others are in `theorylab.quadratic.neurons.FORMULAS`.

    Args:
        din, dout: inputs and neurons.
        variant: which neuron.
        init: how parameters are drawn; see `init_quadratic`.
        eps, std: its options.
        param_dtype: default: the default precision.
        rngs: Flax random streams; `params` is used.

    Raises:
        ValueError: an argument is not allowed; see `init_quadratic`.

    Source: the neuron and the initialisation "relinear" are those of fan2023expressivity.

    >>> layer = QuadraticDense(3, 2, rngs=nnx.Rngs(0))
    >>> layer(jnp.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self,
        din: int,
        dout: int,
        *,
        variant: str = "fan",
        init: str = "relinear",
        eps: float = 0.0,
        std: float = 0.01,
        param_dtype: Any = None,
        rngs: nnx.Rngs,
    ) -> None:
        drawn = init_quadratic(
            rngs.params(), din, dout, variant, init, eps=eps, std=std, dtype=param_dtype
        )
        self.variant = variant
        for name in parts_of(variant):
            setattr(self, name, nnx.Param(getattr(drawn, name)))

    def params(self) -> QuadraticParams:
        """The parameters as plain arrays."""
        return QuadraticParams(
            **{name: getattr(self, name)[...] for name in parts_of(self.variant)}
        )

    def __call__(self, x: Float[Array, "*batch din"]) -> Float[Array, "*batch dout"]:
        """The value of each neuron before the activation."""
        return quadratic_apply(self.params(), x, self.variant)


@references("fan2023expressivity")
class QuadraticMLP(nnx.Module):
    """Hidden layers of quadratic neurons, each followed by an activation; a linear output layer.

    Args:
        widths: (din, m_1, ..., m_L, dout); (din, dout) is the linear layer alone.
        variant, init, eps, std: of every hidden layer; see `QuadraticDense`.
        activation: a function on arrays.
        norm: "batch" or "layer" normalises between the quadratic map and the activation.
        residual: "rezero" adds the input to alpha times the output of each hidden layer whose
            input has the same width; alpha is trained and starts at 0.
        param_dtype: default: the default precision.
        rngs: Flax random streams; `params` is used.

    Raises:
        ValueError: fewer than two widths, or an argument that is not allowed.

    Source: fan2023expressivity; batch normalisation there is where it is here.

    >>> model = QuadraticMLP((2, 16, 16, 1), rngs=nnx.Rngs(0))
    >>> model(jnp.ones((5, 2))).shape
    (5, 1)
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        variant: str = "fan",
        init: str = "relinear",
        eps: float = 0.0,
        std: float = 0.01,
        activation: Callable[[Array], Array] = jax.nn.relu,
        norm: str | None = None,
        residual: str | None = None,
        param_dtype: Any = None,
        rngs: nnx.Rngs,
    ) -> None:
        if len(widths) < 2:
            raise ValueError(f"widths is {tuple(widths)}; allowed: at least inputs and outputs")
        for width in widths:
            require("widths", width, low=1, integer=True)
        require("norm", norm, choices=NORMS)
        require("residual", residual, choices=RESIDUALS)
        dtype = jnp.zeros(()).dtype if param_dtype is None else param_dtype
        *hidden, dout = widths
        options = {"variant": variant, "init": init, "eps": eps, "std": std, "param_dtype": dtype}
        sizes = list(pairwise(hidden))
        self.layers = nnx.List([QuadraticDense(*s, **options, rngs=rngs) for s in sizes])
        kinds = {"batch": nnx.BatchNorm, "layer": nnx.LayerNorm}
        self.norms = nnx.List(
            [kinds[norm](out, param_dtype=dtype, rngs=rngs) for _, out in sizes] if norm else []
        )
        self.gains = nnx.List(
            [nnx.Param(jnp.zeros((), dtype)) for into, out in sizes if into == out]
            if residual
            else []
        )
        self.output = nnx.Linear(hidden[-1], dout, param_dtype=dtype, rngs=rngs)
        self.activation = activation
        self.residual = residual

    def __call__(self, x: Float[Array, "*batch din"]) -> Float[Array, "*batch dout"]:
        """The outputs."""
        gains = iter(self.gains)
        for index, layer in enumerate(self.layers):
            z = layer(x)
            if self.norms:
                z = self.norms[index](z)
            h = self.activation(z)
            same = self.residual and x.shape[-1] == h.shape[-1]
            x = x + next(gains)[...] * h if same else h
        return self.output(x)


@references("fan2023expressivity")
def embed_dense(linear: nnx.Linear) -> QuadraticDense:
    """The quadratic layer that computes exactly the conventional one: $W_g = 0$, $b_g = 1$.

    Args:
        linear: a dense layer, with or without bias.

    Source: derived here.

    >>> linear = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    >>> x = jnp.ones((1, 3), jnp.float32)
    >>> bool(jnp.all(embed_dense(linear)(x) == linear(x)))
    True
    """
    return _layer(conventional(*_weights(linear)), "fan")


@references("fan2023expressivity")
def embed_square(linear: nnx.Linear) -> QuadraticDense:
    """The quadratic layer that computes the square of a conventional one: $w_g = w_r$, $b_g = b_r$.

    As a square is not negative, a ReLU behind it changes nothing: this embeds a layer with the
    activation $x^2$ in one of quadratic neurons with ReLU.

    Source: derived here.

    >>> linear = nnx.Linear(3, 2, rngs=nnx.Rngs(0))
    >>> x = jnp.ones((1, 3), jnp.float32)
    >>> bool(jnp.all(embed_square(linear)(x) == linear(x) ** 2))
    True
    """
    return _layer(squared(*_weights(linear)), "fan")


@references("fan2023expressivity")
def from_conventional(
    linears: Sequence[nnx.Linear], activation: Callable[[Array], Array] = jax.nn.relu
) -> QuadraticMLP:
    """A quadratic network that computes exactly a conventional one, as a start for training.

    Args:
        linears: its dense layers in order, the last without activation.
        activation: between them.

    Raises:
        ValueError: there are none, or their sizes do not fit.

    Source: the warm start of fan2023expressivity.

    >>> rngs = nnx.Rngs(0)
    >>> model = from_conventional([nnx.Linear(2, 8, rngs=rngs), nnx.Linear(8, 1, rngs=rngs)])
    >>> model(jnp.ones((5, 2), jnp.float32)).shape
    (5, 1)
    """
    if not linears:
        raise ValueError("linears holds no layer; allowed: at least the output layer")
    weights = [_weights(linear) for linear in linears]
    widths = [weights[0][0].shape[0], *(kernel.shape[1] for kernel, _ in weights)]
    for (kernel, _), size in zip(weights, pairwise(widths), strict=True):
        require("linears", kernel, shape=size)
    model = QuadraticMLP(
        widths, activation=activation, param_dtype=weights[0][0].dtype, rngs=nnx.Rngs(0)
    )
    model.layers = nnx.List([embed_dense(linear) for linear in linears[:-1]])
    model.output.kernel[...], model.output.bias[...] = weights[-1]
    return model


def quadratic_form(
    layer: QuadraticDense,
) -> tuple[Float[Array, "dout din din"], Float[Array, "dout din"], Float[Array, " dout"]]:
    """The layer as quadratic forms $z = x^T A x + \\beta^T x + \\kappa$; see `forms`.

    >>> layer = QuadraticDense(3, 2, rngs=nnx.Rngs(0))
    >>> [array.shape for array in quadratic_form(layer)]
    [(2, 3, 3), (2, 3), (2,)]
    """
    return forms(layer.params(), layer.variant)


def lift_to_square(layer: QuadraticDense) -> tuple[QuadraticDense, nnx.Linear]:
    """A "fan" layer as 2 dout + din squares followed by a linear layer; see `polarize`.

    Raises:
        ValueError: the layer is of another variant.

    >>> square, linear = lift_to_square(QuadraticDense(3, 2, init="he_all", rngs=nnx.Rngs(0)))
    >>> square.variant, linear(square(jnp.ones((5, 3)))).shape
    ('square', (5, 2))
    """
    require("variant of the layer", layer.variant, choices=("fan",))
    square, kernel, bias = polarize(layer.params())
    linear = nnx.Linear(*kernel.shape, param_dtype=kernel.dtype, rngs=nnx.Rngs(0))
    linear.kernel[...], linear.bias[...] = kernel, bias
    return _layer(square, "square"), linear


def _layer(params: QuadraticParams, variant: str) -> QuadraticDense:
    kernel = params.kernel_r
    layer = QuadraticDense(
        *kernel.shape, variant=variant, init="small", param_dtype=kernel.dtype, rngs=nnx.Rngs(0)
    )
    for name in parts_of(variant):
        getattr(layer, name)[...] = getattr(params, name)
    return layer


def _weights(linear: nnx.Linear) -> tuple[Array, Array]:
    kernel = linear.kernel[...]
    bias = None if linear.bias is None else linear.bias[...]
    return kernel, jnp.zeros(kernel.shape[1], kernel.dtype) if bias is None else bias
