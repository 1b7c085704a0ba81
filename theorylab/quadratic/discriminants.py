"""Classifiers that know, or estimate, that every class is a Gaussian: Bayes, QDA, LDA.

The best possible classifier of a mixture of Gaussians compares quadratic functions of x, one for
each class. Quadratic neurons followed by a softmax can be such functions, in up to three
dimensions all of them.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theorylab.lab.require import require, whole
from theorylab.quadratic.tasks import Task


class Gaussians(NamedTuple):
    """Classes as Gaussians.

    Attributes:
        means: (K, D).
        covariances: (K, D, D).
        log_priors: logarithms of the frequencies of the classes, (K,).
    """

    means: Float[Array, "K D"]
    covariances: Float[Array, "K D D"]
    log_priors: Float[Array, " K"]


def fit_gaussians(task: Task, classes: int) -> Gaussians:
    """Means, covariances (divided by n - 1) and frequencies of the classes: what QDA estimates.

    Args:
        task: labelled points; every class must have more points than dimensions.
        classes: K.

    Raises:
        ValueError: `classes` is not allowed.

    >>> task = Task(jnp.array([[0.0], [2.0], [5.0], [6.0]]), jnp.array([0, 0, 1, 1]))
    >>> fit_gaussians(task, 2).means[:, 0].tolist()
    [1.0, 5.5]
    """
    classes = whole("classes", classes, low=1)
    member = jax.nn.one_hot(task.y, classes, dtype=task.x.dtype)
    count = jnp.sum(member, axis=0)
    means = (member.T @ task.x) / count[:, None]
    away = task.x[None] - means[:, None]
    scatter = jnp.einsum("nk,kni,knj->kij", member, away, away)
    return Gaussians(means, scatter / (count - 1)[:, None, None], jnp.log(count / jnp.sum(count)))


def class_scores(gaussians: Gaussians, x: Float[Array, "n D"]) -> Float[Array, "n K"]:
    """The logarithm of prior times density of every class; the largest is Bayes' choice.

    With the true mixture this is the best possible classifier, with `fit_gaussians` it is
    quadratic discriminant analysis.

    Raises:
        ValueError: x has another dimension.

    >>> two = Gaussians(jnp.array([[0.0], [4.0]]), jnp.ones((2, 1, 1)), jnp.log(jnp.full(2, 0.5)))
    >>> jnp.argmax(class_scores(two, jnp.array([[1.0], [3.0]])), axis=1).tolist()
    [0, 1]
    """
    require("x", x, shape=(None, gaussians.means.shape[1]))
    roots = jnp.linalg.cholesky(gaussians.covariances)
    away = x[None] - gaussians.means[:, None]
    standard = jax.lax.linalg.triangular_solve(roots, away, transpose_a=True, lower=True)
    volume = jnp.sum(jnp.log(jnp.diagonal(roots, axis1=1, axis2=2)), axis=1)
    constant = gaussians.log_priors - volume - x.shape[1] * math.log(2 * math.pi) / 2
    return (constant[:, None] - jnp.sum(standard**2, axis=-1) / 2).T


def linear_discriminant(gaussians: Gaussians) -> Gaussians:
    """The same classes with their mean covariance, weighted by frequency: then scores are linear.

    `class_scores` of it is linear discriminant analysis.

    >>> two = Gaussians(jnp.zeros((2, 1)), jnp.array([[[1.0]], [[3.0]]]), jnp.log(jnp.full(2, 0.5)))
    >>> linear_discriminant(two).covariances[:, 0, 0].tolist()
    [2.0, 2.0]
    """
    shared = jnp.einsum("k,kij->ij", jnp.exp(gaussians.log_priors), gaussians.covariances)
    return gaussians._replace(
        covariances=jnp.broadcast_to(shared[None], gaussians.covariances.shape)
    )
