"""How networks of finite width approach the limit: Monte Carlo kernels and their scaling."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.empirical import layers_ntk
from theorylab.ntk.networks import INPUTS, forward, init_layers, pointwise


class MonteCarlo(NamedTuple):
    """Kernels of random finite networks: mean and standard deviation over networks.

    Attributes:
        nngp: mean covariance of the last hidden layer's outputs, (n, n), times w_std^2 and with
            b_std^2 added: the NNGP kernel that this network's output layer realises.
        ntk: mean tangent kernel, (n, n).
        nngp_std, ntk_std: standard deviations over networks, (n, n).
        samples: number of networks.
    """

    nngp: Float[Array, "n n"]
    ntk: Float[Array, "n n"]
    nngp_std: Float[Array, "n n"]
    ntk_std: Float[Array, "n n"]
    samples: int


@references("jacot2018neural", "novak2020neural")
def monte_carlo_kernels(
    key: Key[Array, ""],
    activation: Any,
    x: Real[ArrayLike, "n D"],
    width: int,
    depth: int,
    samples: int,
    w_std: float = 1.0,
    b_std: float = 0.0,
    inputs: str = "scaled",
    batch_size: int = 16,
) -> MonteCarlo:
    """NNGP and NTK of random networks of a given width, by simulation.

    The deviation of a single network from the limit is of order width^(-1/2), that of the mean
    over networks of order 1/width.

    Args:
        activation: a function on arrays, an `Activation`, or a name.
        x: inputs, (n, D).  width: of every hidden layer.  depth: L >= 1 hidden layers.
        samples: number of independent networks, at least 2.
        w_std, b_std, inputs: as in `MLP`.
        batch_size: networks held in memory at a time.

    Raises:
        ValueError: a value out of range, inputs that are not finite.

    Source: jacot2018neural; the Monte Carlo check of novak2020neural.

    >>> found = monte_carlo_kernels(jax.random.key(0), jnp.tanh, jnp.eye(2), 32, 2, 4)
    >>> found.ntk.shape, found.samples
    ((2, 2), 4)
    """
    x = as_float(x)
    require("x", x, shape=(None, None))
    require("x", x)
    for name, value, low in (("width", width, 1), ("depth", depth, 1), ("samples", samples, 2)):
        require(name, value, low=low, integer=True)
    require("w_std", w_std, above=0.0)
    require("b_std", b_std, low=0.0)
    require("inputs", inputs, choices=INPUTS)
    require("batch_size", batch_size, low=1, integer=True)
    nngp, ntk = _sampled(
        jax.random.split(key, samples),
        x,
        activation=pointwise(activation),
        widths=(x.shape[1], *(width,) * depth, 1),
        settings=(float(w_std), float(b_std), inputs),
        batch_size=min(batch_size, samples),
    )
    spread = partial(jnp.std, axis=0, ddof=1)
    return MonteCarlo(nngp.mean(0), ntk.mean(0), spread(nngp), spread(ntk), samples)


@partial(jax.jit, static_argnames=("activation", "widths", "settings", "batch_size"))
def _sampled(keys, x, *, activation, widths, settings, batch_size):
    w_std, b_std, _ = settings

    def one(key):
        layers = init_layers(key, widths, x.dtype)
        _, hidden, _ = forward(layers, x, activation, *settings)
        last = hidden[-1]
        nngp = w_std**2 * (last @ last.T) / last.shape[1] + b_std**2
        return nngp, layers_ntk(layers, x, x, activation, *settings)[:, :, 0, 0]

    return jax.lax.map(one, keys, batch_size=batch_size)


class ScalingFit(NamedTuple):
    """A power law $c\\, w^{p}$ fitted to errors at several widths.

    Attributes:
        exponent: p; -1/2 for one network, -1 for the mean and for the variance.
        error: standard error of the exponent, from the scatter about the line.
        coefficient: c.
    """

    exponent: Float[Array, ""]
    error: Float[Array, ""]
    coefficient: Float[Array, ""]


def width_scaling_fit(widths: Real[ArrayLike, " k"], errors: Real[ArrayLike, " k"]) -> ScalingFit:
    """Least squares through log error against log width.

    Args:
        widths: at least three, positive, not all equal.  errors: positive, one for each width.

    Raises:
        ValueError: too few widths, or a value out of range.

    >>> fit = width_scaling_fit(jnp.array([10.0, 20.0, 40.0]), jnp.array([0.4, 0.2, 0.1]))
    >>> round(float(fit.exponent), 6), round(float(fit.coefficient), 6)
    (-1.0, 4.0)
    """
    widths, errors = as_float(widths), as_float(errors)
    require("number of widths", widths.size, low=3)
    require("widths", widths, above=0.0)
    require("errors", errors, above=0.0, shape=widths.shape)
    x, y = jnp.log(widths), jnp.log(errors)
    x = x - x.mean()
    spread = jnp.sum(x**2)
    if not isinstance(spread, jax.core.Tracer) and not float(spread) > 0:
        raise ValueError("widths are all equal; allowed: at least two different ones")
    slope = jnp.sum(x * y) / spread
    rest = y - y.mean() - slope * x
    error = jnp.sqrt(jnp.sum(rest**2) / (widths.size - 2) / spread)
    return ScalingFit(slope, error, jnp.exp(y.mean() - slope * jnp.log(widths).mean()))
