"""The diagonal linear network $\\beta = u^2 - v^2$: which of all solutions gradient flow finds."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float, is_traced
from theorylab.lab.require import require
from theorylab.rich_lazy.rescaling import power_of_two

_NEWTON, _LENGTHS = 200, 60


@references("woodworth2020kernel")
def diagonal_net_limit(
    x: Real[ArrayLike, "n d"], y: Real[ArrayLike, " n"], alpha: Scalar
) -> Float[Array, " d"]:
    """The coefficients that gradient flow finds from weights that all start at alpha.

    They minimise $Q(\\beta) = \\alpha^2 \\sum_i q(\\beta_i/\\alpha^2)$ among all that fit the data:
    $\\beta = 2\\alpha^2 \\sinh(X^T \\mu)$ with $X\\beta = y$. Solved for $\\mu$ by Newton's method
    with a search along each direction, which is convex. It is told by its steps: none moves an
    entry of $X^T\\mu$ by more than that has grown to, so that small alpha and large targets do not
    overflow.

    Args:
        x: inputs, one a row, fewer than coefficients and linearly independent.
        y: targets.
        alpha: the scale of the start, above 0.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, a bad scale,
            or data that were not fitted: as no coefficients do, inputs are not independent, or
            $\\alpha^2$ is too far below the targets for the precision. Inside `jit` the last is not
            noticed; compare $X\\beta$ with y.

    Source: woodworth2020kernel, Thm 1; claims `rich_lazy/diagonal/coefficients` and `stationary`.

    >>> beta = diagonal_net_limit(jnp.array([[1.0, 2.0]]), jnp.array([2.0]), 1e-4)
    >>> beta.round(3).tolist()
    [0.0, 1.0]
    """
    x, y = as_float(x), as_float(y)
    require("x", x, shape=(None, None))
    require("y", y, shape=(x.shape[0],))
    if not x.size:
        raise ValueError(f"x has shape {x.shape}; allowed: at least one row and one column")
    require("x", x)
    require("y", y)
    alpha = _scale(alpha, x.dtype)
    y, unit = y.astype(x.dtype), power_of_two(x)
    with jax.default_matmul_precision("highest"):
        beta = _limit(x / unit, y / unit, alpha)
        gap, size = jnp.max(jnp.abs(x @ beta - y)), jnp.max(jnp.abs(y))
    if not is_traced(gap) and not float(gap) <= float(jnp.finfo(x.dtype).eps) ** 0.5 * float(size):
        raise ValueError(
            f"x, y and alpha are not fitted: X beta differs from y by {float(gap):.3g}, with y up "
            f"to {float(size):.3g}; allowed: independent rows of x, an alpha that is not too small"
        )
    return beta


@jax.jit
def _limit(x, y, alpha):
    scale = 2 * alpha**2
    target = y / scale

    def dual(mu):
        return jnp.sum(jnp.cosh(x.T @ mu)) - target @ mu

    def newton(_, mu):
        angle = x.T @ mu
        slope = x @ jnp.sinh(angle) - target
        way = jnp.linalg.solve((x * jnp.cosh(angle)[None, :]) @ x.T, slope)
        turn = jnp.max(jnp.abs(x.T @ way))
        limit = 1 + jnp.max(jnp.abs(angle))
        way = way * jax.lax.stop_gradient(limit / jnp.maximum(turn, limit))
        lengths = 0.5 ** jnp.arange(_LENGTHS).astype(x.dtype)
        tried = mu[None, :] - lengths[:, None] * way[None, :]
        values = jax.vmap(dual)(tried)
        best = jnp.argmin(jnp.where(jnp.isfinite(values), values, jnp.inf))
        better = values[best] < dual(mu)
        # at the end rounding hides the last improvements of the objective: take the full step
        near = turn < 0.1
        return jnp.where(near, mu - way, jnp.where(better, tried[best], mu))

    mu = jax.lax.fori_loop(0, _NEWTON, newton, jnp.zeros_like(y))
    return scale * jnp.sinh(x.T @ mu)


@references("woodworth2020kernel")
def diagonal_penalty(beta: Real[ArrayLike, "*b d"], alpha: Scalar) -> Float[Array, "*b"]:
    """What the diagonal network minimises, $Q(\\beta) = \\alpha^2 \\sum_i q(\\beta_i/\\alpha^2)$.

    Between the l1 norm (small $\\alpha$, up to a factor) and $\\|\\beta\\|^2/(4\\alpha^2)$ (large).

    Args:
        beta: coefficients along the last axis.
        alpha: the scale of the start, above 0.

    Raises:
        ValueError: coefficients that are not finite, a scale that is not allowed.

    Source: woodworth2020kernel, Thm 1; claims `rich_lazy/diagonal/penalty-stable` and `rich-end`,
    the latter where z is so large that the two agree.

    >>> round(float(diagonal_penalty(jnp.array([3.0, 4.0]), 100.0)) * 4 * 100.0**2, 4)
    25.0
    """
    beta = as_float(beta)
    if not beta.ndim:
        raise ValueError("beta has shape (); allowed: at least one axis")
    require("beta", beta)
    alpha = _scale(alpha, beta.dtype)
    q = symbolic.compiled("rich_lazy/diagonal/penalty-stable", args=("z",))
    size, square = jnp.abs(beta), alpha**2
    large = size > square / jnp.finfo(beta.dtype).eps
    z = jnp.where(large, jnp.zeros_like(beta), beta) / jnp.where(square > 0, square, 1.0)
    log = jnp.log(jnp.where(large, size, jnp.ones_like(size))) - 2 * jnp.log(alpha)
    values = jnp.where(large, size * (log - 1) + 2 * square, square * q(z))
    return jnp.sum(values, axis=-1)


def diagonal_kkt_gap(
    beta: Real[ArrayLike, " d"], x: Real[ArrayLike, "n d"], alpha: Scalar
) -> Float[Array, ""]:
    """How far the slope of Q is from the row space of X, relative to its length.

    Zero, together with $X\\beta = y$, is the condition for the least Q among all coefficients that
    fit. It holds at every time of gradient flow. For $\\beta = 0$ it is zero.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, a bad scale.

    Source: derived here, claim `rich_lazy/diagonal/stationary`.

    >>> x = jnp.array([[1.0, 2.0]])
    >>> bool(diagonal_kkt_gap(diagonal_net_limit(x, jnp.array([2.0]), 0.1), x, 0.1) < 1e-5)
    True
    """
    x = as_float(x)
    require("x", x, shape=(None, None))
    require("beta", beta, shape=(x.shape[1],))
    alpha = _scale(alpha, x.dtype)
    slope = symbolic.compiled("rich_lazy/diagonal/stationary", args=("b", "alpha"), side="lhs")
    values = slope(as_float(beta).astype(x.dtype), alpha)
    values = values / power_of_two(values)
    x = x / power_of_two(x)
    rest = values - x.T @ jnp.linalg.lstsq(x.T, values)[0]
    size = jnp.linalg.norm(values)
    return jnp.linalg.norm(rest) / jnp.where(size > 0, size, jnp.ones_like(size))


def _scale(alpha: Scalar, dtype) -> Array:
    require("alpha", alpha, above=0.0, shape=())
    given, alpha = alpha, jnp.asarray(alpha, dtype)
    if not is_traced(alpha) and not (float(alpha) > 0 and bool(jnp.isfinite(alpha**2))):
        raise ValueError(f"alpha is {given}; allowed: above 0 and with its square within {dtype}")
    return alpha
