"""The diagonal linear network $\\beta = u^2 - v^2$: which of all solutions gradient flow finds."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float
from theorylab.lab.require import require

_NEWTON, _LENGTHS = 200, 60


@references("woodworth2020kernel")
def diagonal_net_limit(
    x: Real[ArrayLike, "n d"], y: Real[ArrayLike, " n"], alpha: Scalar
) -> Float[Array, " d"]:
    """The coefficients that gradient flow finds from weights that all start at alpha.

    They minimise $Q(\\beta) = \\alpha^2 \\sum_i q(\\beta_i/\\alpha^2)$ among all that fit the data:
    $\\beta = 2\\alpha^2 \\sinh(X^T \\mu)$ with $X\\beta = y$. Solved for $\\mu$ by Newton's method
    with a search along each direction, which is convex.

    Args:
        x: inputs, one a row, fewer than coefficients and linearly independent.
        y: targets.
        alpha: the scale of the start, above 0.

    Raises:
        ValueError: shapes that do not fit, a scale that is not allowed.

    Where no coefficients fit the data the result does not either: see `diagonal_kkt_gap`.

    Source: woodworth2020kernel, Thm 1; claims `rich_lazy/diagonal/coefficients` and `stationary`.

    >>> beta = diagonal_net_limit(jnp.array([[1.0, 2.0]]), jnp.array([2.0]), 1e-4)
    >>> beta.round(3).tolist()
    [0.0, 1.0]
    """
    x, y = as_float(x), as_float(y)
    require("x", x, shape=(None, None))
    require("y", y, shape=(x.shape[0],))
    require("alpha", alpha, above=0.0, shape=())
    require("x", x)
    require("y", y)
    with jax.default_matmul_precision("highest"):
        return _limit(x, y.astype(x.dtype), jnp.asarray(alpha, x.dtype))


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
        lengths = 0.5 ** jnp.arange(_LENGTHS).astype(x.dtype)
        tried = mu[None, :] - lengths[:, None] * way[None, :]
        values = jax.vmap(dual)(tried)
        best = jnp.argmin(jnp.where(jnp.isfinite(values), values, jnp.inf))
        better = values[best] < dual(mu)
        # at the end rounding hides the last improvements of the objective: take the full step
        near = jnp.max(jnp.abs(x.T @ way)) < 1e-3
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
        ValueError: a scale that is not allowed.

    Source: woodworth2020kernel, Thm 1; claim `rich_lazy/diagonal/penalty-stable`.

    >>> round(float(diagonal_penalty(jnp.array([3.0, 4.0]), 100.0)) * 4 * 100.0**2, 4)
    25.0
    """
    require("alpha", alpha, above=0.0, shape=())
    beta = as_float(beta)
    alpha = jnp.asarray(alpha, beta.dtype)
    q = symbolic.compiled("rich_lazy/diagonal/penalty-stable", args=("z",))
    return alpha**2 * jnp.sum(q(beta / alpha**2), axis=-1)


def diagonal_kkt_gap(
    beta: Real[ArrayLike, " d"], x: Real[ArrayLike, "n d"], alpha: Scalar
) -> Float[Array, ""]:
    """How far the slope of Q is from the row space of X, relative to its length.

    Zero, together with $X\\beta = y$, is the condition for the least Q among all coefficients that
    fit. It holds at every time of gradient flow.

    Raises:
        ValueError: shapes that do not fit, a scale that is not allowed.

    Source: derived here, claim `rich_lazy/diagonal/stationary`.

    >>> x = jnp.array([[1.0, 2.0]])
    >>> bool(diagonal_kkt_gap(diagonal_net_limit(x, jnp.array([2.0]), 0.1), x, 0.1) < 1e-5)
    True
    """
    x = as_float(x)
    require("x", x, shape=(None, None))
    require("beta", beta, shape=(x.shape[1],))
    require("alpha", alpha, above=0.0, shape=())
    slope = symbolic.compiled("rich_lazy/diagonal/stationary", args=("b", "alpha"), side="lhs")
    values = slope(as_float(beta).astype(x.dtype), jnp.asarray(alpha, x.dtype))
    rest = values - x.T @ jnp.linalg.lstsq(x.T, values)[0]
    return jnp.linalg.norm(rest) / jnp.linalg.norm(values)
