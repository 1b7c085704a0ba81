"""Gaussian averages in closed form, written so that they stay exact where points coincide.

For $(z_1, z_2)$ Gaussian with variances $q_1, q_2$ and correlation $\\xi = 1 - \\varepsilon$ a
`Rule` gives three averages of an activation f:

* k = E f(z1) f(z2);
* drop = k(1) - k(1 - eps) for q1 = q2 (for a `parallel` rule, for any), from eps and never as a
  difference of two nearby numbers;
* kdot = dk / d cov(z1, z2), which is E f'(z1) f'(z2) (Price's theorem).
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Values = Float[Array, "..."]

_NEAR = 0.02  # below this distance of a correlation from 1, a power series in eps / 2
_SERIES = 8  # of so many terms


class Dual(NamedTuple):
    """Three Gaussian averages of an activation, elementwise."""

    k: Values
    drop: Values
    kdot: Values


class Rule(NamedTuple):
    """A closed form: E f and E f^2 from the variance, `Dual` from (q1, q2, xi, eps).

    `parallel` says that f at one variance is a multiple of f at any other (as for ReLU), so that
    equal directions stay equal whatever their lengths.
    """

    mean: Callable[[Values], Values]
    moment: Callable[[Values], Values]
    dual: Callable[[Values, Values, Values, Values], Dual]
    parallel: bool = False


def root(x: Values) -> Values:
    """Square root of x >= 0 whose derivative at 0 is 0 rather than infinite."""
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1.0)), 0.0)


@lru_cache
def _arcsine_ratio() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Numerator P and denominator Q in $w = x^2 \\le 1/2$ of $\\arcsin x = x + x w P/Q$.

    The one rational function of degrees 6 and 5 that is right at twelve Chebyshev points, solved
    for in exact fractions; between them its error is 1e-16 of the arcsine.
    """
    top, bottom = 6, 5
    n = top + bottom + 1
    series = [Fraction(math.comb(2 * k, k), 4**k * (2 * k + 1)) for k in range(1, 100)]
    rows = []
    for i in range(n):
        w = Fraction(round(2**20 * (1 - math.cos(math.pi * (2 * i + 1) / (2 * n)))), 2**22)
        value = Fraction(round(2**100 * sum(c * w**k for k, c in enumerate(series))), 2**100)
        over = [-value * w**k for k in range(1, bottom + 1)]
        rows.append([*(w**k for k in range(top + 1)), *over, value])
    for i in range(n):  # elimination; then every row holds one unknown
        rows[i] = [entry / rows[i][i] for entry in rows[i]]
        for j in range(n):
            if j != i and (factor := rows[j][i]):
                rows[j] = [b - factor * a for a, b in zip(rows[i], rows[j], strict=True)]
    found = [float(row[-1]) for row in rows]
    return tuple(found[: top + 1]), (1.0, *found[top + 1 :])


def turned(start: Values, x: Values, square: Values) -> Values:
    """start + asin(x) for $x^2$ = square at most 1/2, several times faster than by JAX's arcsine.

    The quotient comes last: XLA copies a sum or product into every user of it, but computes a
    quotient once.

    >>> round(float(6 * turned(jnp.array(0.0), jnp.array(0.5), jnp.array(0.25))), 5)
    3.14159
    """
    above, below = _arcsine_ratio()
    below = horner(below, square)
    return (start * below + x * (below + square * horner(above, square))) / below


def turn(sin: Values, cos: Values) -> Values:
    """The angle in [-pi/2, pi/2] with this sine and this cosine; the smaller of the two decides."""
    steep = jnp.abs(sin) > cos
    up = jnp.where(sin < 0, -1.0, 1.0).astype(sin.dtype)
    small = jnp.where(steep, -up * cos, sin)
    start = jnp.where(steep, up * (jnp.pi / 2), 0.0)
    return turned(start, small, jnp.minimum(small * small, 0.5))


def angle(eps: Values) -> Values:
    """The angle of unit vectors with $\\xi = 1-\\varepsilon$, $2\\arcsin\\sqrt{\\varepsilon/2}$.

    Beyond a right angle it is taken from the opposite point, where the arcsine is steep. Its
    derivative, infinite at 0 and pi, is given as 0 there.
    """
    far = eps > 1
    half = jnp.clip(jnp.where(far, 2 - eps, eps), 0.0, 1.0) / 2
    sin = 2 * root(half)
    return turned(jnp.where(far, jnp.pi, 0.0).astype(eps.dtype), jnp.where(far, -sin, sin), half)


def sine(eps: Values) -> Values:
    """The sine of that angle."""
    return root(eps * jnp.maximum(2 - eps, 0.0))


@lru_cache
def _tail_coefficients(k: int) -> tuple[float, ...]:
    """Of T_k / (sqrt(2 eps) eps^k), where $T_k' = -k^2 T_{k-1}$ in eps and $T_0 = -\\theta$."""
    out, arcsine = [], 1.0
    for j in range(_SERIES):
        value = -arcsine * (-1) ** k * math.factorial(k) ** 2
        for i in range(k):
            value /= j + i + 1.5
        out.append(value)
        arcsine *= (2 * j + 1) ** 2 / (4 * (j + 1) * (2 * j + 3))
    return tuple(out)


@lru_cache
def _arc_cosine(k: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The polynomials A, B (in xi) of J_k = A sin(theta) + B (pi - theta).

    $J_{k+1} = (2k+1)\\,\\xi J_k + k^2 (1-\\xi^2) J_{k-1}$ from $J_0 = \\pi-\\theta$ and
    $J_1 = \\sin\\theta + (\\pi-\\theta)\\cos\\theta$.
    """
    before, now = ((0.0,), (1.0,)), ((1.0,), (0.0, 1.0))
    if k == 0:
        return before

    def step(n, old, new):
        size = n + 2
        out = [0.0] * size
        for i, c in enumerate(new):
            out[i + 1] += (2 * n + 1) * c
        for i, c in enumerate(old):
            out[i] += n * n * c
            if i + 2 < size:
                out[i + 2] -= n * n * c
        return tuple(out)

    for n in range(1, k):
        before, now = now, tuple(step(n, o, c) for o, c in zip(before, now, strict=True))
    return now


def horner(coefficients: tuple[float, ...], x: Values) -> Values:
    """$\\sum_i c_i x^i$."""
    out = jnp.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        out = out * x + c
    return out


def arc_cosine_tail(k: int, xi: Values, eps: Values) -> Values:
    """$T_k = A_k \\sin\\theta - B_k \\theta = J_k - \\pi B_k$, small as $\\theta^{2k+1}$."""
    if k == 0:
        return -angle(eps)
    small = eps < _NEAR
    near = jnp.where(small, eps, _NEAR)
    series = root(2 * near) * near**k * horner(_tail_coefficients(k), near)
    a, b = _arc_cosine(k)
    far = horner(a, xi) * sine(eps) - horner(b, xi) * angle(eps)
    return jnp.where(small, series, far)


@lru_cache
def _b_drop(k: int) -> tuple[float, ...]:
    """(B_k(1) - B_k(1 - eps)) / (eps B_k(1)) as a polynomial in xi."""
    b = _arc_cosine(k)[1]
    total = sum(b)
    return tuple(sum(b[i + 1 :]) / total for i in range(len(b) - 1)) or (0.0,)


def arc_cosine_drop(k: int, xi: Values, eps: Values) -> Values:
    """$1 - J_k(\\theta)/J_k(0)$, the arc-cosine kernel's distance from its diagonal."""
    total = math.pi * math.prod(range(2 * k - 1, 0, -2))
    return eps * horner(_b_drop(k), xi) - arc_cosine_tail(k, xi, eps) / total


@lru_cache
def rectified_power(k: int) -> Rule:
    """max(z, 0)^k: the arc-cosine kernels; k = 0 is the unit step."""
    norm = math.prod(range(2 * k - 1, 0, -2)) / 2
    average = 2 ** (k / 2 - 1) * math.gamma((k + 1) / 2) / math.sqrt(math.pi)

    def power(q, n):
        return q ** (n // 2) if n % 2 == 0 else q ** (n // 2) * root(q)

    def dual(q1, q2, xi, eps):
        size = norm * power(q1, k) * power(q2, k)
        drop = arc_cosine_drop(k, xi, eps)
        if k == 0:
            kdot = 1 / (2 * jnp.pi * root(q1) * root(q2) * sine(eps))
        else:
            slope = k * k * norm / (2 * k - 1)
            lower = 1 - arc_cosine_drop(k - 1, xi, eps)
            kdot = slope * power(q1, k - 1) * power(q2, k - 1) * lower
        return Dual(size * (1 - drop), size * drop, kdot)

    return Rule(
        lambda q: average * power(q, k), lambda q: norm * power(q, 2 * k), dual, parallel=True
    )


@lru_cache
def kinked_linear(even: float, odd: float) -> Rule:
    """odd z + even |z|: ReLU (1/2, 1/2), leaky ReLU, |z| (1, 0)."""
    e, o = even * even, odd * odd

    def dual(q1, q2, xi, eps):
        size = root(q1) * root(q2)
        theta = angle(eps)
        drop = size * ((e + o) * eps - (2 * e / math.pi) * arc_cosine_tail(1, xi, eps))
        kdot = (o + e) - (2 * e / math.pi) * theta + 0 * size
        return Dual(size * (e + o) - drop, drop, kdot)

    return Rule(
        lambda q: even * math.sqrt(2 / math.pi) * root(q),
        lambda q: (e + o) * q,
        dual,
        parallel=True,
    )


def _sign_dual(q1, q2, xi, eps):
    size = 0 * (q1 * q2)
    kdot = (2 / jnp.pi) / (root(q1) * root(q2) * sine(eps))
    arc = turn(xi, sine(eps))
    return Dual((2 / jnp.pi) * arc + size, (2 / jnp.pi) * angle(eps) + size, kdot)


SIGN = Rule(lambda q: 0 * q, lambda q: 1 + 0 * q, _sign_dual, parallel=True)


def _steepest(rate: float, q: Values) -> Values:
    """asin of p = rate q / (1 + rate q)."""
    return turn(rate * q / (1 + rate * q), jnp.sqrt(1 + 2 * rate * q) / (1 + rate * q))


def _arcsine_parts(rate, q1, q2, xi, eps):
    """asin y and 1 - y^2 for $y = p\\,\\xi$, $p^2 = r^2 q_1 q_2/((1 + r q_1)(1 + r q_2))$, and
    asin p - asin y where the variances agree.

    One arcsine for both: where they agree and the points are close it is that of the difference.
    """
    u1, u2 = 1 + rate * q1, 1 + rate * q2
    p = rate * (root(q1) / jnp.sqrt(u1)) * (root(q2) / jnp.sqrt(u2))
    y = p * xi
    rest = (u1 + u2 - 1) * (1 / u1) * (1 / u2)  # 1 - p^2
    wide = p * p * eps * (2 - eps)
    other = rest + wide
    # Of functions of both variances that are used where they agree, only that value matters.
    cos_p = root(jnp.sqrt(2 * u1 - 1) / u1) * root(jnp.sqrt(2 * u2 - 1) / u2)
    top = root(_steepest(rate, q1)) * root(_steepest(rate, q2))
    cos_y = root(other)
    close = (eps < 0.5) & (q1 == q2)
    split = jnp.where(close, p * cos_y + y * cos_p, 1.0)
    sin = jnp.where(close, wide / jnp.where(split > 0, split, 1.0), y)
    found = turn(sin, jnp.where(close, cos_p * cos_y + p * y, cos_y))
    lower = top - found
    return jnp.where(close, lower, found), jnp.where(close, found, lower), other


@lru_cache
def error_function(rate: float) -> Rule:
    """erf(rate z)."""
    r = 2 * rate * rate

    def dual(q1, q2, xi, eps):
        arc, drop, other = _arcsine_parts(r, q1, q2, xi, eps)
        rows = jax.lax.rsqrt(1 + r * q1) * jax.lax.rsqrt(1 + r * q2)
        kdot = (2 * r / jnp.pi) * rows * jax.lax.rsqrt(other)
        return Dual((2 / jnp.pi) * arc, (2 / jnp.pi) * drop, kdot)

    return Rule(lambda q: 0 * q, lambda q: (2 / jnp.pi) * _steepest(r, q), dual)


def _gelu_dual(q1, q2, xi, eps):
    u1, u2, g = 1 + q1, 1 + q2, root(q1) * root(q2)
    c, both = g * xi, 2 * jnp.pi
    arc, arc_drop, _ = _arcsine_parts(1.0, q1, q2, xi, eps)
    step = g * g * eps * (2 - eps)  # g^2 - c^2
    d_one = 1 + q1 + q2
    d = d_one + step
    r_one, r = jnp.sqrt(d_one), jnp.sqrt(d)
    bend = 1 / u1 + 1 / u2 - 1
    lift = (g * g + bend * c * c) / r
    k = c / 4 + (c * arc + lift) / both
    ratio_drop = step / (r * r_one * (r + r_one))  # 1/r_one - 1/r
    lift_drop = g * g * ratio_drop + bend * (step / r_one + c * c * ratio_drop)
    drop = g * eps / 4 + (g * eps * (arc + arc_drop) + c * arc_drop + lift_drop) / both
    kdot = 0.25 + (arc + c / r + (2 * bend * c) / r + lift * c / d) / both
    return Dual(k, drop, kdot)


GELU = Rule(
    lambda q: q / jnp.sqrt(2 * jnp.pi * (1 + q)),
    lambda q: (
        q / 4 + (q * _steepest(1.0, q) + 2 * q * q / ((1 + q) * jnp.sqrt(1 + 2 * q))) / (2 * jnp.pi)
    ),
    _gelu_dual,
)


@lru_cache
def sinusoid(rate: float, phase: float) -> Rule:
    """sin(rate z + phase): the parts sin(rate z) and cos(rate z) do not mix."""
    r, s2, c2 = rate * rate, math.sin(phase) ** 2, math.cos(phase) ** 2

    def dual(q1, q2, xi, eps):
        v1, v2 = r * q1, r * q2
        v = r * root(q1) * root(q2)
        damp = jnp.exp(v - (v1 + v2) / 2)  # 1 where the variances agree
        near, far = jnp.exp(-v * eps), jnp.exp(-v * (2 - eps))
        odd = -jnp.expm1(-2 * v * xi) * near / 2
        k = damp * (c2 * odd + s2 * (near + far) / 2)
        # cosh and sinh of v (1 - eps/2), times sinh(v eps/2), without overflow
        rise = -jnp.expm1(-v * eps)
        wide = jnp.exp(-v * (2 - eps))
        drop = damp * rise * (c2 * (1 + wide) - s2 * jnp.expm1(-v * (2 - eps))) / 2
        kdot = r * damp * (c2 * (near + far) / 2 + s2 * odd)
        return Dual(k, drop, kdot)

    def moment(q):
        v = 2 * r * q
        return (-c2 * jnp.expm1(-v) + s2 * (1 + jnp.exp(-v))) / 2

    return Rule(lambda q: math.sin(phase) * jnp.exp(-r * q / 2), moment, dual)


@lru_cache
def exponential(rate: float) -> Rule:
    """exp(rate z)."""
    r = rate * rate

    def dual(q1, q2, xi, eps):
        v = r * root(q1) * root(q2)
        top = jnp.exp(r * (q1 + q2) / 2 + v)
        k = top * jnp.exp(-v * eps)
        return Dual(k, -top * jnp.expm1(-v * eps), r * k)

    return Rule(lambda q: jnp.exp(r * q / 2), lambda q: jnp.exp(2 * r * q), dual)


@lru_cache
def gaussian(rate: float) -> Rule:
    """exp(-rate z^2)."""
    r = 2 * rate

    def dual(q1, q2, xi, eps):
        g = r * root(q1) * root(q2)
        least = 1 + r * q1 + r * q2
        step = g * g * eps * (2 - eps)
        low, high = jnp.sqrt(least), jnp.sqrt(least + step)
        k = 1 / high
        return Dual(k, step / (low * high * (low + high)), r * g * xi * k**3)

    return Rule(lambda q: 1 / jnp.sqrt(1 + r * q), lambda q: 1 / jnp.sqrt(1 + 2 * r * q), dual)


@lru_cache
def hermite_sum(coefficients: tuple[float, ...]) -> Rule:
    """$\\sum_i a_i h_i(z)$ in normalised probabilists' Hermite polynomials.

    At variance q the coefficient of degree i becomes
    $q^{i/2} \\sum_m a_{i+2m} \\sqrt{(i+2m)!/i!}\\,(q-1)^m / (m!\\,2^m)$.
    """
    top = len(coefficients) - 1
    table = tuple(
        tuple(
            coefficients[i + 2 * m]
            * math.sqrt(math.prod(range(i + 1, i + 2 * m + 1)))
            / (math.factorial(m) * 2**m)
            for m in range((top - i) // 2 + 1)
        )
        for i in range(top + 1)
    )

    def at(q):
        return [horner(row, q - 1) for row in table]

    def moment(q):
        return sum(g * g * q**i for i, g in enumerate(at(q)))

    def dual(q1, q2, xi, eps):
        size = root(q1) * root(q2)
        products = [a * b for a, b in zip(at(q1), at(q2), strict=True)]
        weights = [g * size**i for i, g in enumerate(products)]
        slopes = [i * g * size ** (i - 1) for i, g in enumerate(products) if i]
        zero = 0 * (xi * size)
        k = kdot = chain = tail = zero
        for i in range(top, -1, -1):
            k = k * xi + weights[i]
            if i:
                kdot = kdot * xi + slopes[i - 1]
                tail = tail + weights[i]  # all degrees from i up
                chain = chain * xi + tail
        return Dual(k, eps * chain, kdot)

    return Rule(lambda q: horner(table[0], q - 1), moment, dual)
