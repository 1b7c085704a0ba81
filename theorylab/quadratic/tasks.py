"""The tasks on which quadratic neurons are tried: points in a space, and their classes."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from theorylab.lab.arrays import Scalar
from theorylab.lab.datasets import handwritten_digits
from theorylab.lab.require import require, whole


class Task(NamedTuple):
    """Labelled points.

    Attributes:
        x: points, (n, D).
        y: classes 0, 1, ..., (n,).
    """

    x: Float[Array, "n D"]
    y: Int[Array, " n"]


class Mixture(NamedTuple):
    """A mixture of Gaussians, one component for each class, all equally likely.

    Attributes:
        means: (K, D).
        covariances: (K, D, D).
    """

    means: Float[Array, "K D"]
    covariances: Float[Array, "K D D"]


def xor(low: Scalar = 0.0) -> Task:
    """The four points of exclusive or, with coordinates `low` and 1; class 1 where they differ.

    >>> xor().y.tolist(), xor(-1.0).x.min().item()
    ([0, 1, 1, 0], -1.0)
    """
    require("low", low, below=1.0)
    corners = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return Task(low + (1 - low) * corners, jnp.array([0, 1, 1, 0]))


def ring(key: PRNGKeyArray, n: int) -> Task:
    """A disc (class 0, radius below 0.8) inside a ring (class 1, radius 1.2 to 2).

    Points are uniform on each; the first half is class 0.

    Args:
        n: number of points, even.

    Raises:
        ValueError: n is not allowed.

    >>> task = ring(jax.random.key(0), 100)
    >>> radius = jnp.linalg.norm(task.x, axis=1)
    >>> bool(jnp.all((radius > 1) == (task.y == 1)))
    True
    """
    y = _halves(n)
    angle, area = jax.random.uniform(key, (2, n))
    inner, outer = jnp.where(y == 1, 1.2, 0.0), jnp.where(y == 1, 2.0, 0.8)
    radius = jnp.sqrt(inner**2 + area * (outer**2 - inner**2))
    return Task(_polar(radius, 2 * jnp.pi * angle), y)


def ellipse(key: PRNGKeyArray, n: int) -> Task:
    """The ring of `ring`, stretched by 1.5 and 0.6, turned by 30 degrees, moved to (1, -0.5).

    >>> ellipse(jax.random.key(0), 100).x.shape
    (100, 2)
    """
    task = ring(key, n)
    turn = math.pi / 6
    axes = jnp.array([[1.5 * math.cos(turn), 1.5 * math.sin(turn)],
                      [-0.6 * math.sin(turn), 0.6 * math.cos(turn)]])  # fmt: skip
    return Task(task.x @ axes + jnp.array([[1.0, -0.5]]), task.y)


def two_spirals(key: PRNGKeyArray, n: int, noise: Scalar = 0.02, turns: Scalar = 1.5) -> Task:
    """Two spirals wound around each other, one for each class, of outer radius 1.

    Args:
        n: number of points, even; the first half is class 0.
        noise: standard deviation of the noise of each coordinate, at least 0.
        turns: of each spiral, above 0.

    Raises:
        ValueError: a number is not allowed.

    >>> task = two_spirals(jax.random.key(0), 100, noise=0.0)
    >>> bool(jnp.linalg.norm(task.x, axis=1).max() <= 1)
    True
    """
    y = _halves(n)
    require("noise", noise, low=0.0)
    require("turns", turns, above=0.0)
    place, spread = jax.random.split(key)
    along = jnp.sqrt(jax.random.uniform(place, (n,)))
    angle = 2 * jnp.pi * turns * along + jnp.pi * y.astype(along.dtype)
    return Task(_polar(along, angle) + noise * jax.random.normal(spread, (n, 2)), y)


def gaussian_mixture(key: PRNGKeyArray, dim: int, classes: int, spread: Scalar = 2.0) -> Mixture:
    """Draw a mixture: means from $N(0, \\mathrm{spread}^2)$, covariances $B B^T/D + 0.1$.

    B is D x D with independent standard normal entries.

    Args:
        dim: D.  classes: K, at least 2.
        spread: standard deviation of the coordinates of the means, at least 0.

    Raises:
        ValueError: a number is not allowed.

    >>> gaussian_mixture(jax.random.key(0), 3, 5).covariances.shape
    (5, 3, 3)
    """
    dim, classes = whole("dim", dim, low=1), whole("classes", classes, low=2)
    require("spread", spread, low=0.0)
    centre, shape = jax.random.split(key)
    root = jax.random.normal(shape, (classes, dim, dim))
    covariances = root @ root.mT / dim + 0.1 * jnp.eye(dim)[None]
    return Mixture(spread * jax.random.normal(centre, (classes, dim)), covariances)


def sample_mixture(key: PRNGKeyArray, mixture: Mixture, each: int) -> Task:
    """Draw `each` points of every component, in turn: 0, 1, ..., K - 1, 0, 1, ...

    >>> mixture = gaussian_mixture(jax.random.key(0), 2, 3)
    >>> sample_mixture(jax.random.key(1), mixture, 2).y.tolist()
    [0, 1, 2, 0, 1, 2]
    """
    each = whole("each", each, low=1)
    classes, dim = mixture.means.shape
    roots = jnp.linalg.cholesky(mixture.covariances)
    draw = jax.random.normal(key, (each, classes, dim), mixture.means.dtype)
    x = mixture.means[None] + jnp.einsum("kij,nkj->nki", roots, draw)
    return Task(x.reshape(-1, dim), jnp.tile(jnp.arange(classes), each))


def digits() -> tuple[Task, Task]:
    """Handwritten digits of 8 x 8 pixels: 1297 to train on and 500 to test on, shuffled once.

    Pixels are divided by 16, and the mean of each over the training images is taken off.

    Raises:
        ImportError: scikit-learn, which ships them, is not installed (extra `book`).
    """
    pixels, y = handwritten_digits()
    x = pixels / 16
    x = x - x[:1297].mean(axis=0)
    train, test = slice(1297), slice(1297, None)
    return tuple(Task(jnp.asarray(x[part]), jnp.asarray(y[part])) for part in (train, test))


def _halves(n: int) -> Int[Array, " n"]:
    n = whole("n", n, low=2)
    if n % 2:
        raise ValueError(f"n is {n}; allowed: an even number")
    return jnp.repeat(jnp.arange(2), n // 2)


def _polar(radius: Array, angle: Array) -> Array:
    return jnp.stack([radius * jnp.cos(angle), radius * jnp.sin(angle)], axis=1)
