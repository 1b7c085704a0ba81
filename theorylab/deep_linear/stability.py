"""Which minima gradient descent can sit in: sharpness, and the largest stable step."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.deep_linear.arrays import as_float
from theorylab.lab.require import require, whole


def sharpness(k: Real[ArrayLike, "*batch P"], depth: int) -> Float[Array, " *batch"]:
    """Largest Hessian eigenvalue of one mode at a minimum: $\\sum_a D K_a^{2-2/D}$.

    The only eigenvalue that is not zero: moving mass between pathways costs nothing.

    Args:
        k: strengths of the balanced pathways, (..., P), at least 0, that add up to the target.
        depth: D.

    Raises:
        ValueError: negative strength, depth below 1.

    Source: derived here; claims `deep_linear/sharpness/...`.

    >>> float(sharpness(jnp.array([1.5, 1.5]), depth=2))
    6.0
    """
    k = as_float(k)
    depth = whole("depth", depth, low=1)
    require("k", k, low=0.0)
    return jnp.sum(depth * k ** (2 - 2 / depth), axis=-1)


def max_stable_lr(s: ArrayLike, depth: int, pathways: int = 1) -> Float[Array, "..."]:
    """Largest learning rate at which the equal split of S among P pathways is stable.

    $$\\eta_{\\max} = \\frac{2}{D\\,S^{2-2/D}}\\,P^{1-2/D}.$$

    With `pathways=1` this is the limit for a single winner, the sharpest minimum: a learning
    rate below it is stable everywhere.

    Args:
        s: target singular value; of several modes, the largest decides.
        depth: D.  pathways: P.

    Source: derived here; claims `deep_linear/sharpness/...`.

    >>> round(float(max_stable_lr(3.0, depth=2)), 6)
    0.333333
    """
    s = as_float(s)
    require("s", s, above=0.0)
    depth = whole("depth", depth, low=1)
    pathways = whole("pathways", pathways, low=1)
    split = jnp.broadcast_to((s / pathways)[..., None], (*s.shape, pathways))
    return 2 / sharpness(split, depth)
