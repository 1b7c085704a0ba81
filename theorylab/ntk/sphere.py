"""Kernels on the whole sphere: their eigenvalues, and how regression with them learns.

With points uniform on the unit sphere of R^D, the eigenfunctions of every kernel of x.z are the
spherical harmonics; all those of one degree share an eigenvalue.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float
from theorylab.lab.require import require

_BISECTIONS = 120


class SphereSpectrum(NamedTuple):
    """Eigenvalues of a kernel of x.z under the uniform measure, by degree.

    Attributes:
        eigenvalues: of the degrees 0 to K, (K+1,).
        multiplicity: number of spherical harmonics of each degree, (K+1,).
        remainder: k(1) less the sum of all these eigenvalues: what the higher degrees hold.
    """

    eigenvalues: Float[Array, " degrees"]
    multiplicity: Float[Array, " degrees"]
    remainder: Float[Array, ""]


class LearningCurve(NamedTuple):
    """What the eigenvalues say of kernel regression from n random points, for each n.

    Attributes:
        error: mean squared error at a new point, noise of that point not counted, (T,).
        kappa: the effective ridge $\\kappa$, (T,).
        learned: share $\\lambda/(\\lambda+\\kappa)$ of each mode that is learned, (T, modes).
    """

    error: Float[Array, " t"]
    kappa: Float[Array, " t"]
    learned: Float[Array, "t modes"]


@references("bach2017breaking")
def sphere_spectrum(
    kernel: Callable[[Array], Array], dimension: int, degrees: int, nodes: int = 400
) -> SphereSpectrum:
    """Eigenvalues of a kernel of x.z on the unit sphere of R^D, by the Funk-Hecke formula.

    $$\\lambda_k = \\frac{\\int_0^\\pi k(\\cos\\theta)\\, P_k(\\cos\\theta)\\,
      \\sin^{D-2}\\theta\\, d\\theta}{\\int_0^\\pi \\sin^{D-2}\\theta\\, d\\theta}$$

    with Legendre polynomials of D dimensions, $P_k(1) = 1$ (multiples of Gegenbauer's). The
    integral is a Gauss-Legendre rule in the angle, in which the kernels of networks are smooth
    at both ends even where they have a kink at x = z. In double precision its error is about
    1e-13 of k(1): smaller eigenvalues are noise.

    Args:
        kernel: k as a function of $\\varepsilon = 1 - x\\cdot z$, on arrays.
        dimension: D, at least 2; the sphere has dimension D - 1.
        degrees: K, the highest degree.
        nodes: of the rule; at least 2 K, more for a sharp peak.

    Raises:
        ValueError: a dimension below 2, a negative degree, too few nodes.

    Source: bach2017breaking, appendix on spherical harmonics.

    >>> found = sphere_spectrum(lambda eps: (1 - eps) ** 2, 3, 4)  # (x.z)^2 on the 2-sphere
    >>> found.multiplicity.tolist(), [abs(round(float(v), 4)) for v in found.eigenvalues]
    ([1.0, 3.0, 5.0, 7.0, 9.0], [0.3333, 0.0, 0.1333, 0.0, 0.0])
    """
    require("dimension", dimension, low=2, integer=True)
    require("degrees", degrees, low=0, integer=True)
    require("nodes", nodes, low=max(2 * degrees, 2), integer=True)
    unit, weight = np.polynomial.legendre.leggauss(nodes)
    theta = np.pi * (unit + 1) / 2
    measure = weight * np.sin(theta) ** (dimension - 2)
    measure, t = measure / measure.sum(), np.cos(theta)
    rows = [np.ones_like(t), t]
    for k in range(1, degrees):
        rows.append(((2 * k + dimension - 2) * t * rows[k] - k * rows[k - 1]) / (k + dimension - 2))
    values = kernel(jnp.asarray(2 * np.sin(theta / 2) ** 2))
    table = jnp.asarray(np.stack(rows[: degrees + 1]) * measure, values.dtype)
    eigenvalues = table @ values
    count = jnp.asarray([_harmonics(dimension, k) for k in range(degrees + 1)], values.dtype)
    at_one = kernel(jnp.zeros((), values.dtype))
    return SphereSpectrum(eigenvalues, count, at_one - jnp.sum(count * eigenvalues))


def _harmonics(dimension, k):
    """Number of independent harmonic polynomials of degree k."""
    lower = math.comb(dimension + k - 3, k - 2) if k > 1 else 0
    return float(math.comb(dimension + k - 1, k) - lower)


@references("bordelon2020spectrum", "canatar2021spectral", "simon2023eigenlearning")
def learning_curve(
    eigenvalues: Real[ArrayLike, " modes"],
    multiplicity: Real[ArrayLike, " modes"],
    power: Real[ArrayLike, " modes"],
    n: Real[ArrayLike, " t"],
    *,
    ridge: Scalar = 0.0,
    noise: Scalar = 0.0,
) -> LearningCurve:
    """Mean squared error of kernel regression against the number of training points.

    $$n = \\sum_i \\frac{m_i \\lambda_i}{\\lambda_i + \\kappa} + \\frac{\\delta}{\\kappa}, \\qquad
      E = \\frac{\\sum_i (1 - L_i)^2\\, v_i + \\sigma^2}{1 - \\frac1n \\sum_i m_i L_i^2}
      - \\sigma^2, \\qquad L_i = \\frac{\\lambda_i}{\\lambda_i + \\kappa}$$

    An approximation for random points, in which the eigenfunctions act as if independent and
    Gaussian; it is close to simulations already for tens of points. Degrees that a spectrum
    leaves out act as a ridge: add `SphereSpectrum.remainder` to `ridge`.

    Args:
        eigenvalues: lambda, (modes,), at least 0; entries that rounding made negative are
            taken as 0.
        multiplicity: m, (modes,).
        power: v, how much of $E f^2$ the target has in each group of modes, (modes,).
        n: numbers of training points, (T,), above 0.
        ridge: delta, added to the diagonal of the kernel matrix.
        noise: variance sigma^2 of the targets' noise.

    Raises:
        ValueError: shapes that do not fit; negative values; without a ridge an n that is not
            below the number of modes, which determines the target.

    Source: bordelon2020spectrum; canatar2021spectral; in this form simon2023eigenlearning.

    >>> one = jnp.ones(1)
    >>> found = learning_curve(one, 100 * one, one, 50 * one)
    >>> [round(float(v), 6) for v in (found.error[0], found.learned[0, 0])]
    [0.5, 0.5]
    """
    values = as_float(eigenvalues)
    require("eigenvalues", values, shape=(None,))
    require("eigenvalues", values)
    arrays = []
    for name, given in (("multiplicity", multiplicity), ("power", power)):
        require(name, given, shape=values.shape, low=0.0)
        arrays.append(as_float(given).astype(values.dtype))
    require("n", n, shape=(None,), above=0.0)
    require("ridge", ridge, low=0.0)
    require("noise", noise, low=0.0)
    n = as_float(n).astype(values.dtype)
    concrete = not any(isinstance(v, jax.core.Tracer) for v in (n, ridge, values, arrays[0]))
    if concrete and float(np.max(np.asarray(ridge))) == 0:
        modes = float(jnp.sum(jnp.where(values > 0, arrays[0], 0.0)))
        require("n (without a ridge)", n, below=modes)
    ridge, noise = (jnp.asarray(v, values.dtype) for v in (ridge, noise))
    return _curve(jnp.maximum(values, 0.0), *arrays, n, ridge, noise)


@jax.jit
def _curve(values, count, power, n, ridge, noise):
    def surplus(kappa, n):
        return jnp.sum(count * values / (values + kappa)) + ridge / kappa - n

    def at(n):
        high = jnp.log((jnp.sum(count * values) + ridge) / n)
        low = high - 100.0

        def halve(_, ends):
            low, high = ends
            middle = (low + high) / 2
            above = surplus(jnp.exp(middle), n) > 0
            return jnp.where(above, middle, low), jnp.where(above, high, middle)

        root = jax.lax.fori_loop(0, _BISECTIONS, halve, jax.lax.stop_gradient((low, high)))[0]
        root = jax.lax.stop_gradient(jnp.exp(root))
        # One step of Newton's method: it also carries the derivative of the root.
        slope = jax.lax.stop_gradient(jax.grad(surplus)(root, n))
        kappa = root - surplus(root, n) / slope
        learned = values / (values + kappa)
        lost = jnp.sum((1 - learned) ** 2 * power) + noise
        error = lost / (1 - jnp.sum(count * learned**2) / n) - noise
        return LearningCurve(error, kappa, learned)

    return jax.vmap(at)(n)
