"""Classifiers that deep networks turn into: singular kernels, nearest neighbour, majority.

All of them average labels. Each takes training points x (n, D) on the unit sphere, their labels
y (-1 or 1, or any targets, (n,) or (n, o)), and test points z (m, D), and gives scores (m,) or
(m, o); `decide` turns scores into labels. Weights are kept as logarithms and distances come
from differences of coordinates, so that neither overflows near a training point.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.lab.arrays import Scalar
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation
from theorylab.ntk.geometry import as_points
from theorylab.ntk.infinite_depth import classify_activation, schroder
from theorylab.ntk.matrices import targets

BATCH = 256  # test points at a time


@references("devroye1998hilbert")
def hilbert_estimator(
    x: Real[ArrayLike, "n D"],
    y: Real[ArrayLike, " n *o"],
    z: Real[ArrayLike, "m D"],
    exponent: Scalar,
) -> Float[Array, " m *o"]:
    """The Hilbert kernel estimate: labels averaged with weights $|x_i - z|^{-\\alpha}$.

    $$m(z) = \\sum_i y_i\\, |x_i - z|^{-\\alpha} \\Big/ \\sum_i |x_i - z|^{-\\alpha}$$

    It has no bandwidth, it interpolates, and with alpha equal to the dimension of the data it
    is consistent wherever they have a density.

    Args:
        x, y, z: as in `theorylab.ntk.classifiers`.
        exponent: alpha > 0. Data on a sphere in D coordinates have dimension D - 1.

    Raises:
        ValueError: points off the unit sphere, shapes that do not fit, an exponent that is
            not positive.

    Source: devroye1998hilbert.

    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> hilbert_estimator(x, jnp.array([1.0, -1.0]), x, 1.0).tolist()
    [1.0, -1.0]
    """
    require("exponent", exponent, above=0.0)
    x, y, z = _data(x, y, z)
    power = -0.5 * jnp.asarray(exponent, x.dtype)
    return average_labels(x, y, z, power, weight=_power_weight)


def _power_weight(eps, power):
    return power * jnp.log(2 * eps)


@references("radhakrishnan2023wide", "devroye1998hilbert")
def infinite_depth_classifier(
    activation: Activation | str,
    x: Real[ArrayLike, "n D"],
    y: Real[ArrayLike, " n *o"],
    z: Real[ArrayLike, "m D"],
) -> Float[Array, " m *o"]:
    """The classifier of an infinitely wide and infinitely deep network without a ridge.

    Its sign is that of $\\lim_L\\, y K_L(X, X)^{-1} K_L(X, z)$ for the NTK and the NNGP kernel
    alike. By the kind of the activation (`classify_activation`): the average with the singular
    weights $\\psi(x_i \\cdot z)$ of `schroder`; the label of the nearest neighbour; or the
    mean of all labels.

    Args:
        activation: normalised so that $E\\varphi(g)^2 = 1$, or a name.
        x, y, z: as in `theorylab.ntk.classifiers`, in the non-negative orthant.

    Raises:
        ValueError: as in `hilbert_estimator`; points with a negative inner product; an
            activation with $A \\ne 0$ and $B' < 1$, whose ridgeless limit is another, or a
            linear one.

    Source: radhakrishnan2023wide.

    >>> x = jnp.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> y, z = jnp.array([1.0, 1.0, -1.0]), jnp.array([[0.1, 0.9949874371066199]])
    >>> scores = infinite_depth_classifier("relu", x, y, z)  # majority vote
    >>> round(float(scores[0]), 4)
    0.3333
    """
    activation = get_activation(activation)
    x, y, z = _data(x, y, z)
    if not isinstance(x, jax.core.Tracer) and not isinstance(z, jax.core.Tracer):
        _orthant(x, z)
    kind = classify_activation(activation).kind
    if kind == "one_nn":
        return one_nn(x, y, z)
    if kind == "majority":
        return majority_vote(y, z.shape[0])
    if kind != "singular":
        raise ValueError(
            f"activation {activation.name!r} is of the kind {kind!r}; allowed: 'one_nn', "
            "'singular' or 'majority'. Without a ridge its deep limit is none of the three"
        )
    return singular_estimator(partial(_log_psi, activation), x, y, z)


def _log_psi(activation, eps):
    return schroder(activation, eps=eps, log=True)


def singular_estimator(
    log_weight: Callable[[Array], Array],
    x: Real[ArrayLike, "n D"],
    y: Real[ArrayLike, " n *o"],
    z: Real[ArrayLike, "m D"],
) -> Float[Array, " m *o"]:
    """Labels averaged with any weight that is infinite at distance zero (Nadaraya-Watson).

    $$m(z) = \\sum_i y_i\\, w(\\varepsilon_i) \\Big/ \\sum_i w(\\varepsilon_i), \\qquad
      \\varepsilon_i = 1 - x_i \\cdot z = \\tfrac12 |x_i - z|^2$$

    Args:
        log_weight: log w as a function of epsilon > 0, on arrays.
        x, y, z: as in `theorylab.ntk.classifiers`.

    Raises:
        ValueError: as in `hilbert_estimator`.

    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> z = jnp.array([[0.6, 0.8]])
    >>> even = singular_estimator(jnp.zeros_like, x, jnp.array([1.0, 0.0]), z)
    >>> round(float(even[0]), 6)
    0.5
    """
    x, y, z = _data(x, y, z)
    return average_labels(x, y, z, None, weight=_Given(log_weight))


class _Given:
    """A weight without a parameter; equal to another of the same function, so that jit keeps it."""

    def __init__(self, function):
        self.function = function

    def __call__(self, eps, _):
        return self.function(eps)

    def _key(self):
        f = self.function
        return (f.func, f.args) if isinstance(f, partial) else f

    def __eq__(self, other):
        return isinstance(other, _Given) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())


def one_nn(
    x: Real[ArrayLike, "n D"], y: Real[ArrayLike, " n *o"], z: Real[ArrayLike, "m D"]
) -> Float[Array, " m *o"]:
    """The label of the nearest training point; the first of several that are equally near.

    Args, Raises: as in `hilbert_estimator`.

    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> one_nn(x, jnp.array([1.0, -1.0]), jnp.array([[0.6, 0.8]])).tolist()
    [-1.0]
    """
    x, y, z = _data(x, y, z)
    return y[_nearest(x, z)]


def majority_vote(y: Real[ArrayLike, " n *o"], m: int) -> Float[Array, " m *o"]:
    """The mean of all labels, at each of m test points.

    Raises:
        ValueError: no labels, or fewer than one test point.

    >>> majority_vote(jnp.array([1.0, 1.0, -1.0, 1.0]), 2).tolist()
    [0.5, 0.5]
    """
    require("m", m, low=1, integer=True)
    require("number of labels", jnp.shape(y)[0], low=1)
    y = targets(y, jnp.zeros(jnp.shape(y)[0]))
    return jnp.broadcast_to(y.mean(axis=0), (m, *y.shape[1:]))


def _data(x, y, z):
    x, z = as_points(x, z, sphere=True)
    return x, targets(y, x), z


def _orthant(x, z):
    low = float(_least(x, z))
    if low < -1e-6:
        raise ValueError(
            f"the smallest inner product of a row of x with one of z is {low:.3g}; allowed: at "
            "least 0, as the limit is derived for correlations between 0 and 1"
        )


@jax.jit
def _least(x, z):
    return jnp.min(jax.lax.map(lambda one: jnp.min(x @ one), z, batch_size=BATCH))


def _eps(x, one):
    """Half the squared distances of one point from all of x, which keep their relative accuracy."""
    return 0.5 * jnp.sum((x - one[None, :]) ** 2, axis=1)


@jax.jit
def _nearest(x, z):
    return jax.lax.map(lambda one: jnp.argmin(_eps(x, one)), z, batch_size=BATCH)


def table_weight(eps: Array, table: tuple[Array, Array]) -> Array:
    """A weight interpolated from a table of log epsilon and log(w / xi)."""
    return jnp.interp(jnp.log(eps), *table) + jnp.log1p(-jnp.minimum(eps, 1 - 1e-15))


@partial(jax.jit, static_argnames=("weight",))
def average_labels(
    x: Float[Array, "n D"],
    y: Float[Array, " n *o"],
    z: Float[Array, "m D"],
    parameter: Any,
    *,
    weight: Callable[[Array, Any], Array],
) -> Float[Array, " m *o"]:
    """Labels averaged with weights whose logarithm is `weight(epsilon, parameter)`.

    >>> x = jnp.eye(2)
    >>> average_labels(x, jnp.array([3.0, 1.0]), x, None, weight=lambda eps, _: -eps).tolist()
    [3.0, 1.0]
    """
    labels = y.reshape(y.shape[0], -1)

    def at(one):
        eps = _eps(x, one)
        here = eps == 0
        logs = weight(jnp.where(here, jnp.ones_like(eps), eps), parameter)
        # A test point that is a training point gets its label.
        w = jnp.where(jnp.any(here), here.astype(logs.dtype), jnp.exp(logs - jnp.max(logs)))
        return (w @ labels) / jnp.sum(w)

    scores = jax.lax.map(at, z, batch_size=BATCH)
    return scores.reshape((z.shape[0], *y.shape[1:]))
