"""Balanced two-layer linear networks, solved: from rich to lazy by one number.

If $W_2^T W_2 - W_1 W_1^T = \\lambda I$ at the start, and the inputs are whitened, the matrix

$$P = \\begin{pmatrix} W_1^T \\\\ W_2 \\end{pmatrix} \\begin{pmatrix} W_1 & W_2^T \\end{pmatrix}
  = \\begin{pmatrix} A & B^T \\\\ B & D \\end{pmatrix}$$

obeys $\\dot P = FP + PF - P^2$, with
$F = \\begin{pmatrix} -\\lambda I/2 & S^T \\\\ S & \\lambda I/2 \\end{pmatrix}$.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float, is_traced
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
    applied in strides of $\\|F\\| h \\le 1$, which adds next to nothing to the error of the start.
    The factor Q is carried along and not P: rounding would raise the rank of P, and what is thus
    added grows. From a start that lies on a saddle but for rounding, such as one without any part
    in a direction of the task, rounding is learned at last, after a time of about
    $36/\\sqrt{\\lambda^2/4 + s^2}$ in double precision; no method can tell the two starts apart. F
    may be singular. It jits and vmaps; the number of strides, $\\|F\\|t$, depends on the values, so
    that derivatives are forward-mode only.

    Args:
        w1, w2: balanced weights, such as those of `lambda_balanced`; $\\lambda$ is read off them.
        s: covariance of outputs and inputs; the inputs are whitened.
        ts: times, at least 0 and not decreasing.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, bad times, weights that are
            not balanced or too large to be squared, more than 10^8 strides. Inside `jit` all of
            these pass: the result of unbalanced weights is that of no network.

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
    if not is_traced(gaps) and bool(jnp.any(gaps < 0)):
        raise ValueError(f"ts decreases by {-float(gaps.min()):.3g}; allowed: times in order")
    if not is_traced(s, lam, gaps):
        _check_strides(s, lam, gaps)
    with jax.default_matmul_precision("highest"):
        p = _riccati(w1.astype(dtype), w2.astype(dtype), s.astype(dtype), lam.astype(dtype), gaps)
    return LinearKernel(p[:, :inputs, :inputs], p[:, inputs:, :inputs], p[:, inputs:, inputs:])


@jax.jit
def _riccati(w1, w2, s, lam, gaps):
    outputs, inputs = s.shape
    low, high = jnp.eye(inputs, dtype=s.dtype), jnp.eye(outputs, dtype=s.dtype)
    f = jnp.block([[-lam / 2 * low, s.T], [s, lam / 2 * high]])
    speed = jax.lax.stop_gradient(jnp.hypot(lam / 2, jnp.linalg.norm(s, 2)))
    q = jnp.vstack([w1.T, w2])
    one = jnp.eye(q.shape[1], dtype=s.dtype)

    def gap(q, length):
        strides = jnp.maximum(jnp.ceil(speed * length), 1).astype(int)
        grown, integral = _growth(f, length / strides.astype(s.dtype))

        def stride(_, q):
            root = jnp.linalg.cholesky(one + q.T @ integral @ q)
            return solve_triangular(root, (grown @ q).T, lower=True).T

        q = jax.lax.fori_loop(0, strides, stride, q)
        return q, q @ q.T

    return jax.lax.scan(gap, q, gaps)[1]


def _growth(f, h):
    """e^{Fh} and G_h for ||F|| h of at most one, by Taylor's series.

    Unlike eigenvectors it has derivatives where eigenvalues agree, such as for S = I.
    """
    one = jnp.eye(f.shape[0], dtype=f.dtype)
    mean = one
    for k in range(20, 1, -1):
        mean = one + (h / k) * f @ mean
    grown = one + h * f @ mean
    return grown, h / 2 * (mean + grown @ mean)


def _check_balance(unlike: Array, lam: Array, w1: Array, w2: Array) -> None:
    if is_traced(unlike):
        return
    size = float(jnp.linalg.norm(w1) ** 2 + jnp.linalg.norm(w2) ** 2)
    if not size < 1e-2 * float(jnp.finfo(unlike.dtype).max) ** 0.5:
        raise ValueError(f"w1 and w2 have the squared length {size:.3g}; allowed: far smaller")
    off = float(jnp.linalg.norm(unlike - lam * jnp.eye(unlike.shape[0], dtype=unlike.dtype)))
    if off > 1e3 * float(jnp.finfo(unlike.dtype).eps) * size:
        raise ValueError(
            f"w2^T w2 - w1 w1^T differs from a multiple of the identity by {off:.3g}; allowed: "
            "balanced weights. For any others there is linear_kernel_flow"
        )


def _check_strides(s: Array, lam: Array, gaps: Array) -> None:
    strides = np.hypot(float(jnp.abs(lam)) / 2, float(jnp.linalg.norm(s))) * float(gaps.sum())
    if not strides <= 1e8:
        raise ValueError(
            f"s, lambda and ts ask for {strides:.3g} strides; allowed: at most 1e8. The largest "
            "singular value of s times the last time counts"
        )
