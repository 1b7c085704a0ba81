"""The two-class tasks of the official code: Dirichlet mixtures on the sphere, with known odds."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require

#: Dirichlet parameters of the positive and the negative class, by intrinsic dimension d.
OFFICIAL = {
    1: ((1.0, 2.0), (2.0, 1.0)),
    2: ((0.5, 0.5, 2.5), (2.5, 0.1, 0.5)),
    4: ((3.0, 1.0, 2.0, 1.0, 1.0), (1.0, 2.0, 2.0, 2.0, 3.0)),
    8: (
        (1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        (1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 2.0, 2.0, 1.0),
    ),
}
PRIOR = 0.4  # probability of the positive class


class Sample(NamedTuple):
    """Points on the unit sphere, their labels, and the true odds.

    Attributes:
        x: (n, d + 1), of length one, no coordinate negative.
        y: labels -1 or 1, (n,).
        eta: probability of the label 1 given x, (n,).
    """

    x: Float[Array, "n D"]
    y: Float[Array, " n"]
    eta: Float[Array, " n"]


@references("radhakrishnan2023wide")
def dirichlet_task(key: Key[Array, ""], d: int, n: int) -> Sample:
    """A sample of the official two-class task in intrinsic dimension d.

    A label is 1 with probability 0.4; given it, Dirichlet weights w are drawn and
    x = w / |w|. Since w = x / sum(x), the odds of the labels at x are those of the two Dirichlet
    densities at w, and the Bayes rule is known exactly.

    Args:
        d: 1, 2, 4 or 8.  n: number of points.

    Raises:
        ValueError: another d, or n below 1.

    Source: settings of the official code of radhakrishnan2023wide.

    >>> found = dirichlet_task(jax.random.key(0), 2, 5)
    >>> found.x.shape, bool(jnp.allclose(jnp.sum(found.x**2, axis=1), 1.0))
    ((5, 3), True)
    """
    require("d", d, choices=tuple(OFFICIAL))
    require("n", n, low=1, integer=True)
    classes, draw = jax.random.split(key)
    positive = jax.random.uniform(classes, (n,)) < PRIOR
    plus, minus = (jnp.asarray(p) for p in OFFICIAL[d])
    shape = jnp.where(positive[:, None], plus[None, :], minus[None, :])
    # Logarithms: with a parameter of 0.1 a weight is below 1e-30 now and then.
    w = jax.nn.softmax(jax.random.loggamma(draw, shape), axis=1)
    x = w / jnp.linalg.norm(w, axis=1, keepdims=True)
    return Sample(x, jnp.where(positive, 1.0, -1.0).astype(x.dtype), positive_odds(x, d))


@references("radhakrishnan2023wide")
def positive_odds(x: Real[ArrayLike, "n D"], d: int) -> Float[Array, " n"]:
    """Probability of the label 1 at x in the official task, exactly; see `dirichlet_task`.

    >>> odds = positive_odds(jnp.array([[0.6, 0.8]]), 1)  # 0.4 w2 / (0.4 w2 + 0.6 w1)
    >>> round(float(odds[0]), 6)
    0.470588
    """
    require("d", d, choices=tuple(OFFICIAL))
    x = as_float(x)
    require("x", x, low=0.0, shape=(None, d + 1))
    tiny = jnp.finfo(x.dtype).tiny
    logs = jnp.log(jnp.maximum(x / jnp.sum(x, axis=1, keepdims=True), tiny))

    def density(shape):
        shape = jnp.asarray(shape, x.dtype)
        constant = gammaln(jnp.sum(shape)) - jnp.sum(gammaln(shape))
        return logs @ (shape - 1) + constant

    plus, minus = (density(shape) for shape in OFFICIAL[d])
    return jax.nn.sigmoid(plus - minus + jnp.log(PRIOR / (1 - PRIOR)))
