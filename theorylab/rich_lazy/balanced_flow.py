"""Balanced two-layer linear networks, solved: from rich to lazy by one number.

If $W_2^T W_2 - W_1 W_1^T = \\lambda I$ at the start, and the inputs are whitened, the matrix

$$P = \\begin{pmatrix} W_1^T \\\\ W_2 \\end{pmatrix} \\begin{pmatrix} W_1 & W_2^T \\end{pmatrix}
  = \\begin{pmatrix} A & B^T \\\\ B & D \\end{pmatrix}$$

obeys $\\dot P = FP + PF - P^2$, with
$F = \\begin{pmatrix} -\\lambda I/2 & S^T \\\\ S & \\lambda I/2 \\end{pmatrix}$.
"""

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.rich_lazy.kernel_flow import LinearKernel


@references("domine2025lambda", "braun2022exact", "fukumizu1998effect")
def lambda_balanced_flow(
    w1: Real[ArrayLike, "h i"],
    w2: Real[ArrayLike, "o h"],
    s: Real[ArrayLike, "o i"],
    ts: Real[ArrayLike, " t"],
) -> LinearKernel:
    """Function and kernel of a balanced network at given times, exactly.

    $$P = QQ^T, \\qquad Q(t + h) = e^{Fh} Q(t) R^{-1}, \\qquad
      R^T R = I + Q(t)^T G_h Q(t), \\qquad G_h = \\int_0^h e^{2Fs}\\, ds$$

    In one stride from the start this loses all accuracy once $e^{\\|F\\|t}$ is large; here it is
    applied in strides of $\\|F\\| h \\le 1$, which keeps nearly full precision for ever. The factor
    Q is carried along and not P: rounding would raise the rank of P, and what is thus added grows.
    F may be singular. It jits and vmaps; the number of strides depends on the values, so that
    derivatives are forward-mode only.

    Args:
        w1, w2: balanced weights, such as those of `lambda_balanced`; $\\lambda$ is read off them.
        s: covariance of outputs and inputs; the inputs are whitened.
        ts: times, at least 0 and not decreasing.

    Raises:
        ValueError: shapes that do not fit, bad times, weights that are not balanced. Under `jit`
            unbalanced weights pass, and the result is that of no network.

    Source: domine2025lambda; claims `rich_lazy/balanced-flow/solution` and
    `factored`.

    >>> w1, w2 = jnp.array([[0.1]]), jnp.array([[0.1]])
    >>> flow = lambda_balanced_flow(w1, w2, jnp.array([[2.0]]), jnp.array([0.0, 10.0]))
    >>> flow.b[:, 0, 0].round(4).tolist()
    [0.01, 2.0]
    """
    w1, w2, s, ts = map(as_float, (w1, w2, s, ts))
    require("w1", w1, shape=(None, None))
    hidden, inputs = w1.shape
    require("s", s, shape=(None, inputs))
    require("w2", w2, shape=(s.shape[0], hidden))
    require("ts", ts, shape=(None,), low=0.0)
    unlike = w2.T @ w2 - w1 @ w1.T
    lam = jnp.trace(unlike) / hidden
    _check_balance(unlike, lam, w1, w2)
    dtype = jnp.result_type(w1, w2, s)
    gaps = jnp.diff(ts.astype(dtype), prepend=jnp.zeros((), dtype))
    if not isinstance(gaps, jax.core.Tracer) and bool(jnp.any(gaps < 0)):
        raise ValueError(f"ts decreases by {-float(gaps.min()):.3g}; allowed: times in order")
    with jax.default_matmul_precision("highest"):
        p = _riccati(w1.astype(dtype), w2.astype(dtype), s.astype(dtype), lam.astype(dtype), gaps)
    return LinearKernel(p[:, :inputs, :inputs], p[:, inputs:, :inputs], p[:, inputs:, inputs:])


@jax.jit
def _riccati(w1, w2, s, lam, gaps):
    outputs, inputs = s.shape
    low, high = jnp.eye(inputs, dtype=s.dtype), jnp.eye(outputs, dtype=s.dtype)
    rates, basis = jnp.linalg.eigh(jnp.block([[-lam / 2 * low, s.T], [s, lam / 2 * high]]))
    q = basis.T @ jnp.vstack([w1.T, w2])
    one = jnp.eye(q.shape[1], dtype=s.dtype)

    def gap(q, length):
        strides = jnp.maximum(jnp.ceil(jnp.max(jnp.abs(rates)) * length), 1).astype(int)
        h = length / strides.astype(s.dtype)
        grown, integral = jnp.exp(rates * h), _growth(rates, h)

        def stride(_, q):
            root = jnp.linalg.cholesky(one + q.T @ (integral[:, None] * q))
            return solve_triangular(root, (grown[:, None] * q).T, lower=True).T

        q = jax.lax.fori_loop(0, strides, stride, q)
        return q, (basis @ q) @ (basis @ q).T

    return jax.lax.scan(gap, q, gaps)[1]


def _growth(w, h):
    """(exp(2 w h) - 1) / (2 w), which is h at w = 0."""
    small = w == 0
    safe = jnp.where(small, 1.0, w)
    return jnp.where(small, h, jnp.expm1(2 * safe * h) / (2 * safe))


def _check_balance(unlike: Array, lam: Array, w1: Array, w2: Array) -> None:
    if isinstance(unlike, jax.core.Tracer):
        return
    off = float(jnp.linalg.norm(unlike - lam * jnp.eye(unlike.shape[0], dtype=unlike.dtype)))
    size = float(jnp.linalg.norm(w1) ** 2 + jnp.linalg.norm(w2) ** 2)
    if off > 1e3 * float(jnp.finfo(unlike.dtype).eps) * max(size, 1e-30):
        raise ValueError(
            f"w2^T w2 - w1 w1^T differs from a multiple of the identity by {off:.3g}; allowed: "
            "balanced weights. For any others there is linear_kernel_flow"
        )
