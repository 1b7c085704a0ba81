"""The race between pathways: potential, invariant, and who ends up with what.

Pathway a has layer strength $p_a$, its other $D-1$ layers $q_a = \\sqrt{p_a^2+\\lambda}$. Its
potential $F_D(p_a)$ advances at the rate of the shared residual, whatever its strength, so
that differences of potentials are conserved.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float
from theorylab.deep_linear.initialisation import layer_strength
from theorylab.lab.require import require, whole

_NEWTON = 12
_BISECTIONS = 60


@references("kleinman2024critical", "shi2022learning")
def race_potential(p: ArrayLike, depth: int, imbalance: float = 0.0) -> Float[Array, "..."]:
    """The potential $F_D$ with $dF_D/dp = (p^2+\\lambda)^{-(D-1)/2}$, so that $\\dot F_D = r$.

    Balanced (`imbalance` 0): $F_1 = p$, $F_2 = \\ln p$, $F_D = -p^{2-D}/(D-2)$. Otherwise
    $F_D(0) = 0$.

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
    depth = _check(depth, imbalance)
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
    depth = _check(depth, imbalance)
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
    depth = _check(depth, imbalance)
    require("c", c)
    if not c.ndim or not c.shape[-1]:
        raise ValueError(f"c has shape {c.shape}; allowed: (..., P - 1) for P >= 2 pathways")
    require("s", s, above=0.0)
    behind = jnp.concatenate([jnp.zeros_like(c[..., :1]), c], axis=-1)
    s = jnp.broadcast_to(s, behind.shape[:-1]).astype(behind.dtype)
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


def _check(depth, imbalance):
    if isinstance(imbalance, jax.core.Tracer):
        raise ValueError("imbalance is traced; allowed: a Python number (mark it static)")
    require("imbalance", imbalance, low=0.0, shape=())
    return whole("depth", depth, low=1)


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


@partial(jax.jit, static_argnames=("depth", "imbalance"))
def _unequal_split(behind, total, depth, imbalance):
    """Bisection in log u of the leader, then Newton, which also carries derivatives."""
    root = jnp.sqrt(jnp.asarray(imbalance, total.dtype))

    def strengths(u):
        lead = _unequal_potential(root * jnp.sinh(u), depth, imbalance)
        p = _unequal_inverse(lead[..., None] - behind, depth, imbalance)
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
