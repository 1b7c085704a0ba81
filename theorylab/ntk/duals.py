"""Dual activations: what a layer does to a covariance.

$\\check\\varphi(\\xi) = E\\,\\varphi(g)\\varphi(g')$ for unit Gaussians of correlation $\\xi$, and
its like for any variances. Closed forms where there are any (`closed_duals`); for other smooth
activations the Hermite series, with the coefficients at the variance of each point; for other
activations with kinks a Gauss-Legendre rule whose panels end at the kinks.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation
from theorylab.ntk.closed_duals import Values, root
from theorylab.ntk.hermite import REACH, coefficients64, gaussian_rule, moments, normalised_hermite

_MOST_TERMS = 256
_NODES = 20
_EDGES = (-11.0, -3.5, 0.0, 3.5, 11.0)


class Parts(NamedTuple):
    """Averages for two Gaussians: k = E phi phi', gap = sqrt(m1 m2) - k, kdot = dk / d c12."""

    k: Values
    gap: Values
    kdot: Values


def second_moment(activation: Activation | str, q: ArrayLike) -> Float[Array, "..."]:
    """$E\\,\\varphi(\\sqrt q z)^2$, elementwise; jits and differentiates.

    Raises:
        ValueError: a negative concrete q, an unknown activation.

    >>> float(second_moment("relu", 2.0))
    1.0
    """
    activation, q = get_activation(activation), as_float(q)
    require("q", q, low=0.0)
    return moment_at(activation, q)


def moment_at(activation: Activation, q: Values) -> Values:
    """`second_moment` without checks."""
    scale, shift, rule = activation.scale, activation.shift, activation.rule
    if rule is None:
        return _average(activation, q, lambda x: activation(x) ** 2)
    square = scale**2 * rule.moment(q)
    if shift:
        square = square + 2 * scale * shift * rule.mean(q) + shift**2
    return square


def slope_moment_at(activation: Activation, q: Values) -> Values:
    """$E\\varphi'(\\sqrt q z)^2$, without checks; infinite where the activation jumps."""
    if activation.rule is None:
        return _average(activation, q, lambda x: activation.derivative(x) ** 2)
    one = jnp.ones_like(q)
    return activation.scale**2 * activation.rule.dual(q, q, one, 0 * one).kdot


def _average(activation, q, function):
    """E function(sqrt(q) z), the panels split where the kinks are at each variance."""
    moving = tuple(kink for kink in activation.kinks if kink)
    if not moving:
        z, w = gaussian_rule(activation.kinks)
        return function(_spread(q, z)) @ w.astype(q.dtype)
    unit, weight = (jnp.asarray(v, q.dtype) for v in np.polynomial.legendre.leggauss(_NODES))
    fixed = jnp.linspace(-REACH, REACH, 49, dtype=q.dtype)

    def one(q):
        r = root(q)
        at = jnp.asarray(activation.kinks, q.dtype) / jnp.maximum(r, 1e-30)
        edges = jnp.sort(jnp.concatenate([fixed, jnp.clip(at, -REACH, REACH)]))
        half = jnp.diff(edges)[:, None] / 2
        z = ((edges[:-1] + edges[1:])[:, None] / 2 + half * unit[None, :]).ravel()
        w = (half * weight[None, :]).ravel() * jnp.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        return function(r * z) @ w

    return jax.vmap(one)(q.ravel()).reshape(q.shape)


def _spread(q, z):
    """Nodes of a Gaussian of variance q, along a new last axis."""
    return root(q)[..., None] * z.astype(q.dtype).reshape((1,) * q.ndim + (-1,))


def dual_parts(activation: Activation, q1: Values, q2: Values, xi: Values, eps: Values) -> Parts:
    """`Parts` at variances q1, q2 and correlation xi = 1 - eps, both given; no checks.

    `gap` has full relative accuracy for eps near 0 where q1 = q2 or the activation is
    homogeneous; `k` for xi near 0 where $\\varphi$ is odd.
    """
    k, gap, kdot = aligned_parts(activation, q1, q2, xi, eps)
    if q1 is not q2 and not homogeneous(activation) and (activation.rule or not activation.kinks):
        size = jnp.sqrt(moment_at(activation, q1)) * jnp.sqrt(moment_at(activation, q2))
        gap = jnp.where(q1 == q2, gap, jnp.maximum(size - k, 0.0))
    return Parts(k, gap, kdot)


def homogeneous(activation: Activation) -> bool:
    """Whether the activation at one variance is a multiple of that at any other, as for ReLU."""
    return activation.rule is not None and activation.rule.parallel and not activation.shift


def aligned_parts(activation: Activation, q1: Values, q2: Values, xi: Values, eps: Values) -> Parts:
    """`dual_parts`, but with the right gap only for q1 = q2 or a homogeneous activation."""
    if activation.rule is not None:
        return _closed(activation, q1, q2, xi, eps)
    if activation.kinks:
        return _panels(activation, q1, q2, xi, eps)
    return _series(activation, q1, q2, xi, eps)


def _closed(activation, q1, q2, xi, eps):
    scale, shift, rule = activation.scale, activation.shift, activation.rule
    two = scale**2
    k, drop, kdot = rule.dual(q1, q2, xi, eps)
    k, drop, kdot = two * k, two * drop, two * kdot
    if shift:
        k = k + scale * shift * (rule.mean(q1) + rule.mean(q2)) + shift**2
    return Parts(k, drop, kdot)


@lru_cache(maxsize=256)
def series_terms(activation: Activation) -> int:
    """Number of Hermite coefficients that a smooth activation needs at variances up to 2.

    So many that less than 1e-15 of $E\\varphi'^2$ is left out at q = 2, at most 256.
    """
    a = coefficients64(activation, _MOST_TERMS, 2.0).value
    power = np.arange(_MOST_TERMS) * a**2
    left_out = power.sum() - np.cumsum(power)
    enough = np.flatnonzero(left_out <= 1e-15 * power.sum())
    return int(max(enough[0] + 1 if enough.size else _MOST_TERMS, 2))


@lru_cache
def _projection(terms):
    z, w = gaussian_rule()
    return z, normalised_hermite(terms, z) * w


def hermite_at(activation: Activation, q: Values) -> tuple[Values, Values]:
    """Hermite coefficients of phi and phi' at each variance, along a new last axis."""
    z, rows = _projection(series_terms(activation))
    x = _spread(q, z)
    rows = rows.T.astype(q.dtype)
    return activation(x) @ rows, activation.derivative(x) @ rows


def _series(activation, q1, q2, xi, eps):
    (a1, b1), (a2, b2) = hermite_at(activation, q1), hermite_at(activation, q2)
    shape = jnp.broadcast_shapes(q1.shape, q2.shape, xi.shape)
    zero = jnp.zeros(shape, xi.dtype)
    terms = a1.shape[-1]

    def term(i, carry):
        k, kdot, tail, chain = carry
        n = terms - 1 - i
        weight = a1[..., n] * a2[..., n]
        slope = b1[..., n] * b2[..., n]
        k = k * xi + weight
        kdot = kdot * xi + slope
        chain = jnp.where(n > 0, chain * xi + (tail + weight), chain)
        return k, kdot, tail + weight, chain

    k, kdot, _, chain = jax.lax.fori_loop(0, terms, term, (zero, zero, zero, zero))
    return Parts(k, eps * chain, kdot)


def _panels(activation, q1, q2, xi, eps):
    """Gauss-Legendre panels in rotated coordinates, in which the kinks are known lines.

    $x_1 = a s + b t$ and $x_2 = \\pm(a s - b t)$ with s, t independent, a the larger and b the
    smaller of $\\sqrt{1-\\varepsilon/2}$ and $\\sqrt{\\varepsilon/2}$: the inner integral over s is
    split where a kink is, the outer one where two of these lines cross.
    """
    m1, m2 = moment_at(activation, q1), moment_at(activation, q2)
    q1, q2, xi, eps, m1, m2 = jnp.broadcast_arrays(q1, q2, xi, eps, m1, m2)
    dtype = xi.dtype
    unit, weight = (jnp.asarray(v, dtype) for v in np.polynomial.legendre.leggauss(_NODES))
    fixed = [jnp.asarray(edge, dtype) for edge in _EDGES]

    def nodes(lines):
        lines = [jnp.clip(line, _EDGES[0], _EDGES[-1]) for line in lines]
        edges = jnp.sort(jnp.stack([*fixed, *lines]))
        half = jnp.diff(edges)[:, None] / 2
        x = ((edges[:-1] + edges[1:])[:, None] / 2 + half * unit[None, :]).ravel()
        w = (half * weight[None, :]).ravel() * jnp.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        return x, w

    def one(q1, q2, xi, eps, m1, m2):
        r1, r2 = root(q1), root(q2)
        plus, minus = root(1 - eps / 2), root(eps / 2)
        a, b = jnp.maximum(plus, minus), jnp.minimum(plus, minus)
        sign = jnp.where(plus >= minus, 1.0, -1.0).astype(dtype)
        first = [kink / jnp.maximum(r1, 1e-30) for kink in activation.kinks]
        second = [sign * kink / jnp.maximum(r2, 1e-30) for kink in activation.kinks]

        def inner(t):
            lines = [(f - b * t) / a for f in first] + [(g + b * t) / a for g in second]
            s, w = nodes(lines)
            x1, x2 = r1 * (a * s + b * t), sign * r2 * (a * s - b * t)
            f1, f2 = activation(x1), activation(x2)
            slopes = activation.derivative(x1) * activation.derivative(x2)
            return jnp.stack([f1 * f2, (f1 - f2) ** 2, slopes]) @ w

        t, w = nodes([(f - g) / jnp.maximum(2 * b, 1e-30) for f in first for g in second])
        k, square, kdot = jax.vmap(inner)(t).T @ w
        gap = (square - (jnp.sqrt(m1) - jnp.sqrt(m2)) ** 2) / 2
        return k, jnp.maximum(gap, 0.0), kdot

    flat = tuple(x.ravel() for x in (q1, q2, xi, eps, m1, m2))
    out = jax.lax.map(lambda x: one(*x), flat, batch_size=64)
    return Parts(*(x.reshape(xi.shape) for x in out))


@references("daniely2016toward")
def dual(
    activation: Activation | str, c11: ArrayLike, c12: ArrayLike, c22: ArrayLike
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """$(E\\,\\varphi(z_1)\\varphi(z_2),\\ E\\,\\varphi'(z_1)\\varphi'(z_2))$ for covariance c.

    Arguments broadcast. Covariances beyond $\\sqrt{c_{11}c_{22}}$ by rounding are taken as equal
    to it. Where $\\varphi$ jumps, the second result is the derivative of the first with respect
    to $c_{12}$, infinite on the diagonal. For nearly equal points use `dual_eps`.

    Args:
        activation: an `Activation` or its name.
        c11, c22: variances, at least 0.
        c12: covariance.

    Raises:
        ValueError: a negative variance; a covariance beyond the variances by more than rounding.
            Traced values are not checked.

    Source: daniely2016toward; closed forms are claims of the derivation `ntk/duals`.

    >>> k, kdot = dual("relu", 1.0, 0.0, 1.0)
    >>> round(float(k * 2 * jnp.pi), 6), round(float(kdot), 6)
    (1.0, 0.25)
    """
    activation = get_activation(activation)
    c11, c12, c22 = jnp.broadcast_arrays(as_float(c11), as_float(c12), as_float(c22))
    require("c11", c11, low=0.0)
    require("c22", c22, low=0.0)
    size = root(c11) * root(c22)
    slack = 1e3 * float(jnp.finfo(c12.dtype).eps)
    excess = jnp.abs(c12) - (1 + slack) * size
    if not isinstance(excess, jax.core.Tracer) and bool((excess > 0).any()):
        raise ValueError("c12 exceeds sqrt(c11 c22); allowed: a covariance")
    safe = jnp.where(size > 0, size, 1.0)
    eps = jnp.clip(jnp.where(size > 0, (size - c12) / safe, 0.0), 0.0, 2.0)
    parts = dual_parts(activation, c11, c22, 1 - eps, eps)
    return parts.k, parts.kdot


def dual_correlation(activation: Activation | str, xi: ArrayLike) -> Float[Array, "..."]:
    """$\\check\\varphi(\\xi) = E\\,\\varphi(g)\\varphi(g')$ for unit variances.

    Args:
        activation: an `Activation` or its name; normalise it for $\\check\\varphi(1) = 1$.
        xi: correlation in [-1, 1].

    Raises:
        ValueError: a concrete xi outside [-1, 1].

    >>> round(float(dual_correlation("hermite:3", 0.5)), 6)
    0.125
    """
    activation, xi = get_activation(activation), as_float(xi)
    require("xi", xi, low=-1.0, high=1.0)
    one = jnp.ones((), xi.dtype)
    return dual_parts(activation, one, one, xi, 1 - xi).k


def dual_eps(activation: Activation | str, eps: ArrayLike) -> Float[Array, "..."]:
    """$\\check\\varphi(1) - \\check\\varphi(1-\\varepsilon)$, to full relative accuracy near 0.

    Args:
        activation: an `Activation` or its name.
        eps: distance of the correlation from 1, in [0, 2].

    Raises:
        ValueError: a concrete eps outside [0, 2].

    >>> float(dual_eps("hermite:2", 1e-20))
    2e-20
    """
    activation, eps = get_activation(activation), as_float(eps)
    require("eps", eps, low=0.0, high=2.0)
    one = jnp.ones((), eps.dtype)
    return dual_parts(activation, one, one, 1 - eps, eps).gap


def dual_error(activation: Activation | str, q: float = 1.0) -> float:
    """Estimated relative error of the dual of an activation at variance q; 0 for closed forms.

    For a smooth activation without a closed form: the part of $E\\varphi'^2$ that the Hermite
    series (at most 256 terms) leaves out, an upper bound for k and for kdot at every correlation.
    For one with kinks: the change of $E\\varphi^2$ when the panels are halved.

    Raises:
        ValueError: q not positive.

    >>> dual_error("relu")
    0.0
    >>> dual_error("tanh") < 1e-13
    True
    """
    activation = get_activation(activation)
    found = moments(activation, q)
    if activation.rule is not None:
        return 0.0
    if activation.kinks:
        with jax.ensure_compile_time_eval(), jax.enable_x64(True):
            at = jnp.asarray(float(q), jnp.float64)
            one = jnp.ones((), jnp.float64)
            parts = _panels(activation, at, at, one, 0 * one)
            k, kdot = float(parts.k), float(parts.kdot)
        return max(abs(k / found.square - 1), abs(kdot / found.slope_square - 1))
    a = coefficients64(activation, series_terms(activation), float(q)).value
    return abs(1 - float(np.arange(a.size) @ a**2) / (q * found.slope_square))
