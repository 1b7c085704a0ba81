"""Hermite coefficients and Gaussian moments of activations, to quadrature accuracy.

All of this is done once per activation, on the host and in double precision, whatever the
precision of the kernels that use it.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation

REACH = 13.0  # exp(-13^2 / 4) is 4e-19
_ORDER = 16
_PANELS = 48
_DOUBLINGS = 5


class Average(NamedTuple):
    """A Gaussian average and an estimate of its absolute error."""

    value: np.ndarray
    error: float


class Moments(NamedTuple):
    """Gaussian averages of an activation at variance q.

    `mean` E phi, `slope` E phi', `square` E phi^2, `slope_square` E phi'^2. The dimensionless
    `A`, `A1`, `B1` are those of $\\varphi(\\sqrt q z)/\\sqrt{E\\varphi^2}$: its mean, the mean of
    its derivative and the mean square of its derivative.
    """

    mean: float
    slope: float
    square: float
    slope_square: float
    q: float

    @property
    def A(self) -> float:
        """Normalised mean: $\\check\\varphi(0) = A^2$."""
        return self.mean / math.sqrt(self.square)

    @property
    def A1(self) -> float:
        """Normalised mean slope: $\\check\\varphi'(0) = A'^2$."""
        return self.slope * math.sqrt(self.q / self.square)

    @property
    def B1(self) -> float:
        """Normalised mean square slope: $\\check\\varphi'(1) = B'$."""
        return self.slope_square * self.q / self.square


def host(function: Callable, z: np.ndarray) -> np.ndarray:
    """An elementwise JAX function on the host in double precision, also while tracing."""
    with jax.ensure_compile_time_eval(), jax.enable_x64(True):
        return np.asarray(function(jnp.asarray(z, jnp.float64)), np.float64)


def gaussian_rule(
    kinks: tuple[float, ...] = (), panels: int = _PANELS, reach: float = REACH
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of E g(z), z a standard Gaussian, for g smooth between the kinks."""
    inside = [kink for kink in kinks if -reach < kink < reach]
    edges = np.unique(np.concatenate([np.linspace(-reach, reach, panels + 1), inside]))
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    half = np.diff(edges)[:, None] / 2
    z = ((edges[:-1] + edges[1:])[:, None] / 2 + half * x).ravel()
    weights = (half * w).ravel() * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return z, weights


def gaussian_average(
    function: Callable[[np.ndarray], np.ndarray],
    kinks: tuple[float, ...] = (),
    tol: float = 1e-14,
) -> Average:
    """E g(z) for a standard Gaussian z, with panels doubled until two results agree.

    Args:
        function: from nodes (k,) to values (..., k), in NumPy; growing no faster than a
            polynomial times exp(z).
        kinks: where g is not smooth.
        tol: stop when the change is below `tol` times the size of the result.

    Raises:
        ValueError: g is not finite at a node.

    >>> round(float(gaussian_average(np.abs, kinks=(0.0,)).value), 12)
    0.797884560803
    """
    before, error = None, math.inf
    for doubling in range(_DOUBLINGS):
        z, w = gaussian_rule(kinks, _PANELS * 2**doubling)
        values = function(z)
        require("integrand of the Gaussian average", values)
        now = values @ w
        if before is not None:
            error = float(np.max(np.abs(now - before)))
            if error <= tol * max(float(np.max(np.abs(now))), 1e-300):
                break
        before = now
    return Average(now, error)


def normalised_hermite(n: int, z: np.ndarray) -> np.ndarray:
    """h_0, ..., h_{n-1} at the points z: (n,) + z.shape, orthonormal under a unit Gaussian.

    >>> normalised_hermite(3, np.array([2.0]))[:, 0].round(6).tolist()
    [1.0, 2.0, 2.12132]
    """
    require("n", n, low=1, integer=True)
    out = np.empty((n, *z.shape))
    out[0] = 1.0
    if n > 1:
        out[1] = z
    for i in range(2, n):
        out[i] = (z * out[i - 1] - math.sqrt(i - 1) * out[i - 2]) / math.sqrt(i)
    return out


def _scaled_kinks(activation: Activation, q: float) -> tuple[float, ...]:
    return tuple(kink / math.sqrt(q) for kink in activation.kinks) if q > 0 else ()


@lru_cache(maxsize=512)
def coefficients64(activation: Activation, n: int, q: float = 1.0) -> Average:
    """a_0, ..., a_{n-1} of $\\varphi(\\sqrt q z)$ in double precision, with their error."""
    if activation.coefficients is not None and q == 1:
        own = activation.scale * np.array(activation.coefficients)
        own[0] += activation.shift
        return Average(np.concatenate([own, np.zeros(max(n - own.size, 0))])[:n], 0.0)

    def integrand(z):
        return normalised_hermite(n, z) * host(activation, math.sqrt(q) * z)

    return gaussian_average(integrand, _scaled_kinks(activation, q))


@references("daniely2016toward")
def hermite_coefficients(
    activation: Activation | str, n: int, q: float = 1.0
) -> Float[Array, " n"]:
    """The first n Hermite coefficients $a_i = E\\,\\varphi(\\sqrt q z)\\,h_i(z)$.

    Exact for polynomials at q = 1, else by quadrature between the kinks, to about 1e-14.

    Args:
        activation: an `Activation` or its name.
        n: how many.
        q: the variance, a concrete number.

    Raises:
        ValueError: n below 1, q negative, an activation that grows too fast.

    Source: daniely2016toward.

    >>> a = hermite_coefficients("relu", 3)
    >>> [round(float(x), 5) for x in a]  # 1/sqrt(2 pi), 1/2, 1/sqrt(4 pi)
    [0.39894, 0.5, 0.28209]
    """
    require("n", n, low=1, integer=True)
    require("q", q, low=0.0)
    found = coefficients64(get_activation(activation), int(n), float(q))
    return jnp.asarray(found.value, jnp.result_type(float))


def monomial_coefficients(coefficients: Float[Array, " n"] | list[float]) -> list[float]:
    """$b_j$ with $\\sum_j b_j z^j = \\sum_i a_i h_i(z)$: the other way round from `polynomial`.

    >>> [round(b, 12) for b in monomial_coefficients([0.0, 0.0, math.sqrt(2)])]
    [-1.0, 0.0, 1.0]
    """
    require("coefficients", coefficients, shape=(None,))
    out = [0.0] * len(coefficients)
    for i, a in enumerate(coefficients):
        for m in range(i // 2 + 1):
            out[i - 2 * m] += (
                float(a)
                * (-1) ** m
                * math.sqrt(math.factorial(i))
                / (math.factorial(m) * 2**m * math.factorial(i - 2 * m))
            )
    return out


def moments(activation: Activation | str, q: float = 1.0) -> Moments:
    """Mean, mean slope and their squares under a Gaussian of variance q, as Python numbers.

    Args:
        activation: an `Activation` or its name.
        q: the variance, above 0, concrete.

    Raises:
        ValueError: q not positive.

    >>> m = moments("relu")
    >>> round(m.A, 6), round(m.A1, 6), round(m.B1, 6)  # 1/sqrt(pi), 1/sqrt(2), 1
    (0.56419, 0.707107, 1.0)
    """
    require("q", q, above=0.0)
    return _moments(get_activation(activation), float(q))


@lru_cache(maxsize=512)
def _moments(activation: Activation, q: float) -> Moments:
    root = math.sqrt(q)
    scale, shift, rule = activation.scale, activation.shift, activation.rule
    if activation.coefficients is not None:
        a = coefficients64(activation, 2, q).value
        slope = a[1] / root
    else:
        # E phi' = E z phi / sqrt(q), which also holds where phi jumps
        kinks = _scaled_kinks(activation, q)
        slope = gaussian_average(lambda z: z * host(activation, root * z) / root, kinks).value
    if rule is not None:
        with jax.ensure_compile_time_eval(), jax.enable_x64(True):
            at = jnp.asarray(q, jnp.float64)
            one, zero = jnp.ones_like(at), jnp.zeros_like(at)
            mean, square = float(rule.mean(at)), float(rule.moment(at))
            slope_square = scale**2 * float(rule.dual(at, at, one, zero).kdot)
        square = scale**2 * square + 2 * scale * shift * mean + shift**2
        mean = scale * mean + shift
    else:

        def integrand(z):
            f, df = host(activation, root * z), host(activation.derivative, root * z)
            return np.stack([f, f * f, df * df])

        found = gaussian_average(integrand, _scaled_kinks(activation, q)).value
        mean, square, slope_square = map(float, found)
        if activation.jumps:
            slope_square = math.inf
    return Moments(mean, float(slope), square, slope_square, q)
