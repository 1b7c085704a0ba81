"""A kernel on the sphere as a table: one function of the angle, whatever the depth.

Between unit vectors every kernel of a fully connected network depends on $x\\cdot z$ alone. A
`Profile` holds polynomials on the cells of a one-dimensional grid; a kernel matrix is then a
look-up per pair, so that its cost no longer grows with the depth.

The grid is in $v = |x-z|/2 = \\sqrt{\\varepsilon/2}$ (on the far half in the same function of
-x.z), either even or, for kernels with a sharp peak, even in $\\log(1 + v/\\delta)$.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation
from theorylab.ntk.blocks import over_rows
from theorylab.ntk.geometry import as_points, eps_of_units
from theorylab.ntk.hermite import host
from theorylab.ntk.kernels import Kernels, layers_of, supported
from theorylab.ntk.recursion import recursion, variances

_DEGREE = 5
_HALF = math.sqrt(0.5)
_CELLS = (32, 128, 512, 2048, 8192)
_CHECKS = 3


class Profile(NamedTuple):
    """Tables of the NNGP kernel and the NTK of one network on the sphere; a pytree.

    `table`: (kernels, 2 cells, degree + 1), cells of the near half x.z >= 0 and of the far half;
    `delta`: width of the peak of the grid, infinite for an even grid; `diagonal`: both kernels
    at x = z; `error`: largest error found between the nodes, relative to the kernel there (or,
    where it is smaller than that, to its value at x.z = 1/2). Near the antipode of an odd
    activation or one with kinks, where the kernel is as steep as near the diagonal, the rounding
    of x.z is the larger error.
    """

    table: Float[Array, "kernels cells order"]
    delta: Float[Array, ""]
    diagonal: Float[Array, " kernels"]
    error: Float[Array, ""]

    def __call__(
        self,
        x: ArrayLike,
        z: ArrayLike | None = None,
        *,
        get: str | tuple[str, ...] = ("nngp", "ntk"),
        block: int | None = None,
    ) -> Kernels:
        """Kernels between unit vectors, as `mlp_kernels(..., inputs="sphere")` gives them.

        Raises:
            ValueError: rows that are not unit vectors, or of another dtype than the table.
        """
        get = (get,) if isinstance(get, str) else tuple(get)
        for one in get:
            require("get", one, choices=("nngp", "ntk"))
        x, z = as_points(x, z, sphere=True)
        require("dtype of x", str(x.dtype), choices=(str(self.table.dtype),))
        return _matrices(self, x, z, get, block)

    def nngp(self, xi: ArrayLike | None = None, *, eps: ArrayLike | None = None) -> Array:
        """NNGP kernel at x.z = xi, or at x.z = 1 - eps."""
        return _look_up(self, _distance(self, xi, eps), ("nngp",))["nngp"]

    def ntk(self, xi: ArrayLike | None = None, *, eps: ArrayLike | None = None) -> Array:
        """NTK at x.z = xi, or at x.z = 1 - eps."""
        return _look_up(self, _distance(self, xi, eps), ("ntk",))["ntk"]


def kernel_profile(
    activation: Activation | str,
    depth: int,
    *,
    w_std: ArrayLike = 1.0,
    b_std: ArrayLike = 0.0,
    tol: float = 1e-10,
    dtype: str = "",
) -> Profile:
    """Tabulate the kernels of a network of `depth` hidden layers on the unit sphere.

    Built on the host in double precision; the number of cells grows until the error at points
    between the nodes is below `tol`.

    Args:
        activation, depth, w_std, b_std: as in `mlp_kernels` with `inputs="sphere"`; concrete.
        tol: allowed error, relative to the kernel (see `Profile.error`).
        dtype: "float32" or "float64" of the tables; JAX's default if left out.

    Raises:
        ValueError: as `mlp_kernels`; a `tol` that 8192 cells do not reach.

    >>> from theorylab.ntk import get_activation
    >>> profile = kernel_profile(get_activation("relu").normalized(), 50)
    >>> round(float(profile.ntk(1.0)), 6), round(float(profile.ntk(0.0)), 3)
    (51.0, 14.62)
    """
    activation = get_activation(activation)
    require("tol", tol, above=0.0)
    dtype = str(dtype or jnp.result_type(float))
    require("dtype", dtype, choices=("float32", "float64"))

    supported(activation, ("ntk",))

    @jax.jit
    def exact(v):
        """Both kernels at v on the near half and at v on the far half: (kernels, 2, ...)."""
        layers = layers_of(1, v.dtype, depth, w_std, b_std)
        one = jnp.ones((), v.dtype)
        side = variances(activation, one, layers)
        eps = jnp.stack([2 * v * v, 2 - 2 * v * v])
        return jnp.stack(list(recursion(eps, side, side, layers, activation).values()))

    def sample(v):
        return host(exact, v)

    at_half = np.abs(sample(np.array([0.5]))[:, 0, 0])[:, None]
    diagonal = sample(np.array([0.0]))[:, 0, 0]
    for delta in (math.inf, _peak(sample, diagonal)):
        for cells in _CELLS:
            table = _tabulate(sample, cells, delta)
            error = _error(sample, table, delta, at_half, tol)
            if error <= tol:
                with jax.enable_x64(True):
                    parts = (table, np.array(delta), diagonal, np.array(error))
                    return Profile(*(jnp.asarray(part, dtype) for part in parts))
    raise ValueError(f"tol is {tol}; allowed: at least {error:.1e}, what {cells} cells reach")


def _grid(t, delta):
    """v from the grid variable t in [0, 1]."""
    if math.isinf(delta):
        return _HALF * t
    return delta * np.expm1(t * math.log1p(_HALF / delta))


def _peak(sample, diagonal):
    """The distance v at which the sharper kernel has lost a tenth of its diagonal."""
    v = np.geomspace(1e-100, _HALF, 2000)
    lost = np.abs(sample(v)[:, 0] - diagonal[:, None]) > 0.1 * np.abs(diagonal[:, None])
    first = np.where(lost.any(1), lost.argmax(1), v.size - 1).min()
    return float(v[first]) / 4


def _tabulate(sample, cells, delta):
    """Coefficients of the polynomials through Chebyshev-Lobatto points: (kernels, 2 cells, .)."""
    inner = (1 - np.cos(np.pi * np.arange(_DEGREE + 1) / _DEGREE)) / 2
    edges = _grid(np.linspace(0.0, 1.0, cells + 1), delta)
    t = (np.arange(cells)[:, None] + inner) / cells
    v = np.clip(_grid(t, delta), edges[:-1, None], edges[1:, None])
    values = sample(v.ravel()).reshape(-1, 2, cells, _DEGREE + 1)
    solve = np.linalg.inv(np.vander(inner, increasing=True))
    return (values @ solve.T).reshape(values.shape[0], 2 * cells, _DEGREE + 1)


def _error(sample, table, delta, at_half, tol):
    """The largest error between nodes, except where rounding of x.z near -1 exceeds `tol`."""
    cells = table.shape[1] // 2
    inner = (np.arange(_CHECKS) + 0.5) / _CHECKS
    t = (np.arange(cells)[:, None] + inner) / cells
    v = _grid(t, delta).ravel()
    true = sample(v)
    powers = np.vander(inner, _DEGREE + 1, increasing=True)
    found = (table @ powers.T).reshape(true.shape)
    error = np.abs(found - true) / (np.abs(true) + at_half[:, :, None])
    error[:, 1, v**2 < 4e-16 / tol] = 0.0
    return float(np.max(error))


def _distance(profile, xi, eps):
    if (xi is None) == (eps is None):
        raise ValueError("xi and eps: give one of the two")
    if xi is not None:
        xi = as_float(xi)
        require("xi", xi, low=-1.0, high=1.0)
        return 1 - xi
    eps = as_float(eps)
    require("eps", eps, low=0.0, high=2.0)
    return eps


def _look_up(profile, eps, get):
    """The kernels at 1 - eps, elementwise."""
    cells = profile.table.shape[1] // 2
    near = eps <= 1
    square = jnp.where(near, eps, 2 - eps) / 2
    v = jnp.sqrt(jnp.where(square > 0, square, 1.0))
    v = jnp.where(square > 0, v, 0.0)
    even = jnp.isinf(profile.delta)
    delta = jnp.where(even, 1.0, profile.delta)
    steep = jnp.log1p(v / delta) / jnp.log1p(_HALF / delta)
    t = jnp.where(even, v / _HALF, steep) * cells
    index = jnp.minimum(t.astype(jnp.int32), cells - 1)
    inside = t - index.astype(t.dtype)
    index = index + jnp.where(near, 0, cells)
    out = {}
    for name in get:
        table = profile.table[("nngp", "ntk").index(name)]
        value = table[:, _DEGREE][index]
        for power in range(_DEGREE - 1, -1, -1):
            value = value * inside + table[:, power][index]
        out[name] = value
    return out


@partial(jax.jit, static_argnames=("get", "block"))
def _matrices(profile, x, z, get, block):
    # All pairs, not half of them: a look-up costs less than writing its mirror image.
    columns = z.T

    def between(rows):
        return _look_up(profile, eps_of_units(rows, columns), get)

    out = over_rows(between, (x.T,), z.shape[0], block)
    variance = [jnp.full(points.shape[:1], profile.diagonal[0]) for points in (x, z)]
    return Kernels(out.get("nngp"), out.get("ntk"), *variance)
