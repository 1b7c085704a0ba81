"""The race between pathways: potential, invariant, and who ends up with what.

Pathway a has layer strength $p_a$, its other $D-1$ layers $q_a = \\sqrt{p_a^2+\\lambda}$. Its
potential $F_D(p_a)$ advances at the rate of the shared residual, whatever its strength, so
that differences of potentials are conserved.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float
from theorylab.deep_linear.initialisation import layer_strength
from theorylab.lab.require import require, whole

_NEWTON = 12
_BISECTIONS = 60
_NODES, _WEIGHTS = (np.polynomial.legendre.leggauss(24) + np.array([[1.0], [0.0]])) / 2


@references("kleinman2024critical", "shi2022learning")
def race_potential(p: ArrayLike, depth: int, imbalance: float = 0.0) -> Float[Array, "..."]:
    """The potential $F_D$ with $dF_D/dp = (p^2+\\lambda)^{-(D-1)/2}$, so that $\\dot F_D = r$.

    Balanced (`imbalance` 0): $F_1 = p$, $F_2 = \\ln p$, $F_D = -p^{2-D}/(D-2)$. Otherwise
    $F_D(0) = 0$. Far beyond $\\sqrt\\lambda$ and for D > 2 the potential is then all but at its
    end, and the difference of two potentials has few digits left: `race_invariant` and
    `allocate` take it in another way.

    Args:
        p: layer strength, any shape; positive where balanced and D is 2 or more.
        depth: D, the number of weight matrices.
        imbalance: $\\lambda \\ge 0$, a Python number.

    Raises:
        ValueError: depth below 1, negative imbalance, or (balanced, D >= 2) p not positive.
            A traced bad p gives NaN or an infinity.

    Source: claims `deep_linear/race/race`, `deep_linear/potential/balanced`, `.../recursion`.

    >>> float(race_potential(0.5, depth=4))
    -2.0
    """
    p = as_float(p)
    depth, imbalance = check_race(depth, imbalance)
    require("p", p)
    if depth == 1:
        return p
    if imbalance > 0:
        return _unequal_potential(p, depth, imbalance)
    require("p", p, above=0.0)
    if depth == 2:
        return symbolic.compiled("deep_linear/potential/balanced-two", args=("p", "p_0"))(
            p, jnp.ones_like(p)
        )
    advance = symbolic.compiled("deep_linear/potential/balanced", args=("p", "p_0", "D"))
    return advance(p, jnp.full_like(p, jnp.inf), jnp.full_like(p, depth))


def race_potential_inverse(f: ArrayLike, depth: int, imbalance: float = 0.0) -> Float[Array, "..."]:
    """The layer strength p at which the potential is `f`: inverse of `race_potential`.

    Args:
        f: potential; negative where balanced and D > 2; within the finite length of the race
            where imbalanced and D > 2, else the result is infinite.

    Raises:
        ValueError: as `race_potential`; a balanced potential that is not negative at D > 2.

    Source: claims `deep_linear/potential/balanced-inverse`, `.../inverse-two`.

    >>> float(race_potential_inverse(-2.0, depth=4))
    0.5
    """
    f = as_float(f)
    depth, imbalance = check_race(depth, imbalance)
    require("f", f)
    if depth == 1:
        return f
    if imbalance > 0:
        return _unequal_inverse(f, depth, imbalance)
    if depth == 2:
        return jnp.exp(f)
    require("f", f, below=0.0)
    inverse = symbolic.compiled("deep_linear/potential/balanced-inverse", args=("F", "p_0", "D"))
    return inverse(f, jnp.full_like(f, jnp.inf), jnp.full_like(f, depth))


def allocate(
    c: Real[ArrayLike, "*batch gap"], s: ArrayLike, depth: int, imbalance: float = 0.0
) -> Float[Array, "*batch P"]:
    """Final strengths of P pathways: where the race ends, given its invariants.

    The solution of $\\sum_a K_a = S$ and $F_D(p_0) - F_D(p_a) = c_a$ for $a = 1, \\dots, P-1$.

    Args:
        c: invariants as `race_invariant` gives them, (..., P - 1).
        s: target singular value, above 0, broadcast against the batch.
        depth: D.
        imbalance: $\\lambda \\ge 0$, a Python number.

    Returns:
        K, (..., P). Where imbalanced and D > 2, traced invariants that are further apart than
        the race is long have no solution and give NaN.

    Raises:
        ValueError: s not positive; depth below 1; negative imbalance; no gap; gaps that the
            race is too short for.

    Source: derived here; claim `deep_linear/deficit/...`.

    >>> k = allocate(jnp.array([0.0]), 3.0, depth=4)
    >>> [round(float(x), 6) for x in k]
    [1.5, 1.5]
    """
    c, s = as_float(c), as_float(s)
    depth, imbalance = check_race(depth, imbalance)
    require("c", c)
    if not c.ndim or not c.shape[-1]:
        raise ValueError(f"c has shape {c.shape}; allowed: (..., P - 1) for P >= 2 pathways")
    require("s", s, above=0.0)
    behind = jnp.concatenate([jnp.zeros_like(c[..., :1]), c], axis=-1)
    batch = behind.shape[:-1]
    if s.ndim > len(batch) or any(
        size not in (1, have) for size, have in zip(s.shape[::-1], batch[::-1], strict=False)
    ):
        raise ValueError(f"s has shape {s.shape}; allowed: {batch}, the batch of c, or ()")
    s = jnp.broadcast_to(s, batch).astype(behind.dtype)
    if depth == 1:
        return (s / behind.shape[-1])[..., None] + (behind.mean(-1, keepdims=True) - behind)
    behind = behind - behind.min(-1, keepdims=True)
    if imbalance > 0:
        if depth > 2:
            require("spread of the invariants", behind, below=_length(depth, imbalance))
        return _unequal_split(behind, s, depth, imbalance)
    return split(behind, s, depth)


def split(
    behind: Float[Array, "*batch P"], total: Float[Array, " *batch"], depth: int
) -> Float[Array, "*batch P"]:
    """Strengths of balanced pathways with a given total, each `behind` the leader in potential.

    For D > 2 let $y = (K/\\text{total})^{-(D-2)/D}$; then $y_a = y + (D-2)\\,
    \\text{total}^{1-2/D}\\,b_a$ with $y$ of the leader the root of
    $\\sum_a y_a^{-D/(D-2)} = 1$. The left side falls and is convex, so Newton's method from
    $y = 1$ climbs to the root without ever passing it.
    """
    if depth == 2:
        return total[..., None] * jax.nn.softmax(-2 * behind, axis=-1)
    m = depth / (depth - 2)
    e = (depth - 2) * total[..., None] ** (1 - 2 / depth) * behind

    def newton(_, y):
        ya = y[..., None] + e
        value = jnp.sum(ya**-m, axis=-1) - 1
        return y + value / (m * jnp.sum(ya ** (-m - 1), axis=-1))

    y = jax.lax.fori_loop(0, _NEWTON, newton, jnp.ones_like(total))
    return total[..., None] * (y[..., None] + e) ** -m


def check_race(depth: int, imbalance: float) -> tuple[int, float]:
    """Depth and imbalance as Python numbers, or ValueError.

    >>> check_race(3, 1.0)
    (3, 1.0)
    """
    if isinstance(imbalance, jax.core.Tracer):
        raise ValueError("imbalance is traced; allowed: a Python number (mark it static)")
    require("imbalance", imbalance, low=0.0, shape=())
    return whole("depth", depth, low=1), float(imbalance)


def _length(depth, imbalance):
    """How far apart two imbalanced pathways can be: from F(-infinity) to F(infinity), D > 2."""
    half = math.gamma((depth - 2) / 2) / math.gamma((depth - 1) / 2) * math.sqrt(math.pi) / 2
    return 2 * half * imbalance ** (1 - depth / 2)


def _unequal_potential(p, depth, imbalance):
    if depth in (2, 3):
        name = {2: "two", 3: "three"}[depth]
        return symbolic.compiled(f"deep_linear/potential/{name}", args=("p", "lambda"))(
            p, jnp.full_like(p, imbalance)
        )
    lower = _unequal_potential(p, depth - 2, imbalance)
    # An integer power of a root: powers with a real exponent take seconds to compile.
    first = p * jax.lax.rsqrt(p**2 + imbalance) ** (depth - 3)
    return (first + (depth - 4) * lower) / ((depth - 3) * imbalance)


def _unequal_inverse(f, depth, imbalance):
    """Bisection in u = asinh(p / sqrt(lambda)), then Newton, which also carries derivatives."""
    root = jnp.sqrt(jnp.asarray(imbalance, f.dtype))
    if depth == 2:
        return root * jnp.sinh(f)
    target = jax.lax.stop_gradient(f)

    def potential(u):
        return _unequal_potential(root * jnp.sinh(u), depth, imbalance)

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        above = potential(middle) > target
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    reach = jnp.full_like(f, 60.0 / (depth - 2))
    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (-reach, reach))
    u = (low + high) / 2
    for _ in range(2):
        slope = imbalance ** ((2 - depth) / 2) * jnp.cosh(u) ** (2 - depth)
        u = u - (potential(u) - f) / slope
    return jnp.where(jnp.abs(u) < reach, root * jnp.sinh(u), jnp.sign(f) * jnp.inf)


def head_start(
    p: Float[Array, "*shape"], other: Float[Array, "*shape"], depth: int, imbalance: float = 0.0
) -> Float[Array, "*shape"]:
    """$F_D(p) - F_D(\\mathrm{other})$, also where the two potentials agree in all their digits.

    >>> one, two = jnp.array([2.0, 3.0])
    >>> balanced = (2.0**-6 - 3.0**-6) / 6
    >>> bool(jnp.isclose(head_start(two, one, 8, 1e-9), balanced, rtol=1e-7))
    True
    """
    plain = race_potential(p, depth, imbalance) - race_potential(other, depth, imbalance)
    if depth <= 2 or imbalance == 0:
        return plain

    def signed(p):
        size = jnp.where(p < 0, -p, p)
        return jnp.where(p < 0, -1, 1).astype(p.dtype) * _remaining(size, depth, imbalance)

    across = (other < 0).astype(p.dtype) - (p < 0).astype(p.dtype)
    left = signed(other) - signed(p) + _length(depth, imbalance) * across
    return jnp.where(jnp.maximum(p**2, other**2) < imbalance, plain, left)


def _remaining(p, depth, imbalance):
    """$F_D(\\infty) - F_D(p)$ for p >= 0 and D > 2, to rounding whatever the imbalance."""
    q = jnp.sqrt(p**2 + imbalance)
    return q ** (2 - depth) * _relative(p, q, depth, imbalance)


def _relative(p, q, depth, imbalance):
    """$\\int_0^\\infty (\\cosh u / \\cosh(u+v))^{D-2} dv$ at $p = \\sqrt\\lambda \\sinh u$.

    With $y = e^{-v}$ the integrand is smooth on [0, 1]: Gauss-Legendre, a sum of positive terms.
    """
    slow = (imbalance / (q * (q + p)))[..., None]
    y, weights = (jnp.asarray(x, p.dtype) for x in (_NODES, _WEIGHTS * _NODES ** (depth - 3)))
    one = jnp.expand_dims(weights, tuple(range(p.ndim)))
    square = jnp.expand_dims(y**2, tuple(range(p.ndim)))
    return jnp.sum(one * (2 / (2 - slow + slow * square)) ** (depth - 2), axis=-1)


def _from_remaining(left, depth, imbalance):
    """The p at which so much of the race is left.

    The logarithm of what is left falls, and is concave, in $u = \\mathrm{asinh}(p/\\sqrt\\lambda)$:
    Newton's method, begun on
    the right at the balanced p, comes down to the root. The last step carries the derivatives.
    """
    length = _length(depth, imbalance)
    root = math.sqrt(imbalance)
    beyond = left > length / 2  # p < 0, by symmetry
    side = jnp.where(beyond, length - left, left)
    possible = side > 0
    side = jnp.where(possible, side, length / 2)
    goal = jnp.log(side)

    def newton(u, goal):
        p, q = root * jnp.sinh(u), root * jnp.cosh(u)
        g = _relative(p, q, depth, imbalance)
        return u + g * (jnp.log(g) + (2 - depth) * jnp.log(q) - goal)

    fixed = jax.lax.stop_gradient(goal)
    balanced = jnp.exp((jnp.log(depth - 2.0).astype(goal.dtype) + fixed) / (2 - depth))
    u = jnp.arcsinh(balanced / root)
    u = jax.lax.fori_loop(0, _NEWTON, lambda _, u: newton(u, fixed), u)
    p = root * jnp.sinh(newton(jax.lax.stop_gradient(u), goal))
    p = jnp.where(possible, p, jnp.where(jnp.isnan(left), jnp.nan, jnp.inf))
    return jnp.where(beyond, -p, p)


@partial(jax.jit, static_argnames=("depth", "imbalance"))
def _unequal_split(behind, total, depth, imbalance):
    """Bisection in log u of the leader, then Newton, which also carries derivatives."""
    root = jnp.sqrt(jnp.asarray(imbalance, total.dtype))

    def strengths(u):
        lead = root * jnp.sinh(u)
        if depth == 2:
            potential = _unequal_potential(lead, depth, imbalance)
            p = _unequal_inverse(potential[..., None] - behind, depth, imbalance)
        else:
            # Below sqrt(lambda) potentials keep their digits, above it what is left of the race.
            near = _unequal_potential(jnp.minimum(lead, root), depth, imbalance)
            far = _remaining(jnp.maximum(lead, root), depth, imbalance)
            p = jnp.where(
                (lead < root)[..., None],
                _unequal_inverse(near[..., None] - behind, depth, imbalance),
                _from_remaining(far[..., None] + behind, depth, imbalance),
            )
        return p * jnp.sqrt(p**2 + imbalance) ** (depth - 1)

    def whole(u):
        return jnp.sum(strengths(u), axis=-1)

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        above = whole(jnp.exp(middle)) > jax.lax.stop_gradient(total)
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    # the leader has an equal share at least
    fair = layer_strength(jax.lax.stop_gradient(total) / behind.shape[-1], depth, imbalance)
    least = jnp.log(jnp.arcsinh(fair / root)) - 1e-3
    reach = jnp.maximum(jnp.log(60.0 / depth).astype(total.dtype), least + 1)
    low, high = jax.lax.fori_loop(0, _BISECTIONS, halve, (least, reach))
    u = jax.lax.stop_gradient(jnp.exp((low + high) / 2))
    reached, slope = jax.jvp(whole, (u,), (jnp.ones_like(u),))
    u = u - (reached - total) / jax.lax.stop_gradient(slope)
    found = strengths(u)
    if depth == 2:
        return found
    too_far = jnp.max(behind, axis=-1) >= jnp.asarray(_length(depth, imbalance), behind.dtype)
    return jnp.where(too_far[..., None], jnp.nan, found)
