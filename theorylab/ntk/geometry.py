"""Distances and correlations between points, exact where points are close."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.blocks import over_rows
from theorylab.ntk.closed_duals import root

_UNROLLED = 64  # coordinates up to which a written-out sum, several times faster, stays short


def squared_distances(x: Float[Array, "D n"], z: Float[Array, "D m"]) -> Float[Array, "n m"]:
    """$|x-z|^2$ from coordinate differences, never from inner products; no n m D temporaries.

    Points are columns: then the loop over z reads memory in order, three times as fast.

    >>> squared_distances(jnp.eye(2), jnp.zeros((2, 1)))[:, 0].tolist()
    [1.0, 1.0]
    """
    if x.shape[0] > _UNROLLED:
        return jnp.sum((x[:, :, None] - z[:, None, :]) ** 2, axis=0)
    return sum((a[:, None] - b[None, :]) ** 2 for a, b in zip(x, z, strict=True))


def lengths(x: Float[Array, "n D"]) -> Float[Array, " n"]:
    """$|x|$, with derivative 0 at the origin."""
    return root(jnp.sum(x**2, axis=-1))


def unit_columns(x: Float[Array, "n D"], sphere: bool = False) -> Float[Array, "D n"]:
    """The directions of the rows of x as columns; with `sphere` the rows as they are."""
    if not sphere:
        size = lengths(x)[:, None]
        x = x / jnp.where(size > 0, size, 1.0)
    return x.T


def eps_of_units(x: Float[Array, "D n"], z: Float[Array, "D m"]) -> Float[Array, "n m"]:
    """$1-\\cos$ of the angle between unit vectors, the columns: half their squared distance."""
    return jnp.minimum(squared_distances(x, z) / 2, 2.0)


def pairwise_eps(
    x: ArrayLike, z: ArrayLike | None = None, *, sphere: bool = False, block: int | None = None
) -> Float[Array, "n m"]:
    """$\\varepsilon = 1 - \\cos\\angle(x, z)$ for all pairs, from differences of coordinates.

    $$\\varepsilon = \\tfrac12\\,|x/|x| - z/|z||^2$$

    keeps a relative accuracy of about (unit roundoff) / u at distance u, where $1-x\\cdot z$
    keeps only (unit roundoff) / u^2. The diagonal is exactly 0 for `z=None`.

    Args:
        x: (n, D); no row 0.
        z: (m, D); x itself if left out.
        sphere: the rows are unit vectors as they are; skips the division by their lengths.
        block: rows at a time; by default as many as fit the cache.

    Raises:
        ValueError: shapes that do not fit; a row of zeros; with `sphere`, rows that are not
            unit vectors to 1e-3 in single and 1e-6 in double precision.

    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> pairwise_eps(x).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    x, z = as_points(x, z, sphere=sphere)
    for name, rows in (("x", x), ("z", z)):
        require(f"length of the rows of {name}", lengths(rows), above=0.0)

    unit_x, unit_z = unit_columns(x, sphere), unit_columns(z, sphere)
    return over_rows(lambda part: eps_of_units(part, unit_z), (unit_x,), z.shape[0], block)


def pairwise_correlation(
    x: ArrayLike, z: ArrayLike | None = None, *, sphere: bool = False, block: int | None = None
) -> Float[Array, "n m"]:
    """$\\xi = \\cos\\angle(x, z)$ for all pairs, in [-1, 1], exactly 1 for equal points.

    Args and errors as in `pairwise_eps`.

    >>> pairwise_correlation(jnp.array([[3.0, 0.0], [0.0, 2.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return 1 - pairwise_eps(x, z, sphere=sphere, block=block)


def as_points(
    x: ArrayLike, z: ArrayLike | None, *, sphere: bool
) -> tuple[Float[Array, "n D"], Float[Array, "m D"]]:
    """Both sets of points in one floating dtype, with their shapes and lengths checked."""
    x = as_float(x)
    require("x", x, shape=(None, None))
    require("number of columns of x", x.shape[1], low=1)
    require("x", x)
    if z is None:
        z = x
    else:
        z = as_float(z)
        require("z", z, shape=(None, x.shape[1]))
        require("z", z)
        if z.dtype != x.dtype:
            raise ValueError(f"z has dtype {z.dtype}; allowed: that of x, {x.dtype}")
    if sphere:
        slack = 1e-3 if x.dtype.itemsize < 8 else 1e-6
        for name, rows in (("x", x), ("z", z)):
            require(f"length of the rows of {name}", lengths(rows), low=1 - slack, high=1 + slack)
    return x, z
