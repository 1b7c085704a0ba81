"""Two-layer linear networks under gradient flow: by their weights, and without them.

A network $f(x) = W_2 W_1 x$ is trained on the squared error $\\tfrac12 \\mathrm{E}\\|y - f(x)\\|^2$
with $S = \\mathrm{E}\\, y x^T$ and $\\Sigma_x = \\mathrm{E}\\, x x^T$ (the identity for whitened
inputs). Function and kernel obey equations of their own, from any start and for any number of
hidden units (claims `rich_lazy/kernel-flow` and `rich_lazy/balanced-flow`).

Everything here takes `substeps` steps of the classical Runge-Kutta method between two times; the
error falls with their fourth power. A step has to be short against one over the largest eigenvalue
of the kernel times that of $\\Sigma_x$: longer ones diverge, which is an error, and inside `jit` a
result that is not finite.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float, is_traced
from theorylab.lab.matrices import check_semidefinite, symmetric
from theorylab.lab.require import require, whole
from theorylab.lab.stepping import rk4


class LinearKernel(NamedTuple):
    """Function and kernel of a two-layer linear network.

    The tangent kernel between the outputs at inputs x and x' is $x^T A x' I + x^T x' D$.

    Attributes:
        a: $A = W_1^T W_1$, (..., i, i).
        b: the function $B = W_2 W_1$, (..., o, i).
        d: $D = W_2 W_2^T$, (..., o, o).
    """

    a: Float[Array, "... i i"]
    b: Float[Array, "... o i"]
    d: Float[Array, "... o o"]


@references("saxe2014exact")
def linear_weight_flow(
    w1: Real[ArrayLike, "h i"],
    w2: Real[ArrayLike, "o h"],
    s: Real[ArrayLike, "o i"],
    ts: Real[ArrayLike, " t"],
    sigma_x: Real[ArrayLike, "i i"] | None = None,
    substeps: int = 20,
) -> tuple[Float[Array, "t h i"], Float[Array, "t o h"]]:
    """The weights at given times.

    $$\\dot W_1 = W_2^T E, \\quad \\dot W_2 = E W_1^T, \\quad E = S - W_2 W_1 \\Sigma_x$$

    Args:
        w1, w2: the weights at time 0.
        s: covariance of outputs and inputs, $\\mathrm{E}\\, y x^T$.
        ts: times, at least 0 and not decreasing.
        sigma_x: covariance of the inputs; the identity by default.
        substeps: Runge-Kutta steps from one time to the next.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, a covariance of inputs that
            is not symmetric and positive semi-definite, bad times, too few substeps. Inside `jit`
            values are not checked; where times decrease, time runs backwards.

    Source: saxe2014exact.

    >>> one, ts = jnp.eye(1), jnp.array([9.0])
    >>> w1, w2 = linear_weight_flow(one, one, jnp.array([[3.0]]), ts, substeps=100)
    >>> round(float(w2[0, 0, 0] * w1[0, 0, 0]), 4)
    3.0
    """
    w1, w2, s = map(as_float, (w1, w2, s))
    hidden, inputs = _two_axes("w1", w1)
    outputs = _two_axes("w2", w2)[0]
    require("w2", w2, shape=(outputs, hidden))
    require("s", s, shape=(outputs, inputs))
    sigma_x = _covariance(sigma_x, inputs, s.dtype)
    return flow(_weights, (w1, w2), ts, substeps, s, sigma_x)


@references("saxe2014exact")
def linear_kernel_flow(
    start: LinearKernel,
    s: Real[ArrayLike, "o i"],
    ts: Real[ArrayLike, " t"],
    sigma_x: Real[ArrayLike, "i i"] | None = None,
    substeps: int = 20,
) -> LinearKernel:
    """Function and kernel at given times, without the weights.

    $$\\dot A = B^T E + E^T B, \\quad \\dot B = D E + E A, \\quad \\dot D = E B^T + B E^T, \\quad
      E = S - B \\Sigma_x$$

    Arguments as in `linear_weight_flow`; `start` is from `linear_kernel`.

    Raises:
        ValueError: as `linear_weight_flow`; A or D that are not symmetric.

    Source: derived here, claims `rich_lazy/balanced-flow/product-flow`, `lower-flow`, `upper-flow`.

    >>> start = linear_kernel(0.1 * jnp.eye(2), 0.1 * jnp.eye(2))
    >>> s, ts = jnp.diag(jnp.array([2.0, 1.0])), jnp.array([0.0, 20.0])
    >>> linear_kernel_flow(start, s, ts, substeps=400).b[-1].round(3).tolist()
    [[2.0, 0.0], [0.0, 1.0]]
    """
    a, b, d = start
    b = as_float(b)
    outputs, inputs = _two_axes("start.b", b)
    a, d = symmetric("start.a", a, inputs), symmetric("start.d", d, outputs)
    s = as_float(s)
    require("s", s, shape=(outputs, inputs))
    sigma_x = _covariance(sigma_x, inputs, s.dtype)
    return flow(_gram_matrices, LinearKernel(a, b, d), ts, substeps, s, sigma_x)


@references("atanasov2022neural")
def closed_kernel_flow(
    k0: Real[ArrayLike, "d d"],
    g0: Real[ArrayLike, " d"],
    beta: Real[ArrayLike, " d"],
    ts: Real[ArrayLike, " t"],
    substeps: int = 20,
) -> tuple[Float[Array, "t d d"], Float[Array, "t d"]]:
    """Kernel and function of a network with one output on whitened inputs.

    $$\\dot g = K e, \\qquad \\dot K = g e^T + e g^T + 2 (g \\cdot e) I, \\qquad e = \\beta - g$$

    Args:
        k0: the kernel at time 0, $W_1^T W_1 + \\|w_2\\|^2 I$, symmetric.
        g0: the function at time 0, $W_1^T w_2$.
        beta: the target function.
        ts, substeps: as in `linear_weight_flow`.

    Returns:
        K, (t, d, d), and g, (t, d).

    Raises:
        ValueError: as `linear_weight_flow`; a kernel that is not symmetric.

    Source: derived here, claims `rich_lazy/kernel-flow/function-flow` and `kernel-flow`.

    >>> beta, ts = jnp.array([3.0, 4.0]), jnp.array([5.0])
    >>> k, g = closed_kernel_flow(0.2 * jnp.eye(2), jnp.zeros(2), beta, ts, 200)
    >>> g[0].round(3).tolist()
    [3.0, 4.0]
    """
    g0, beta = as_float(g0), as_float(beta)
    require("beta", beta, shape=(None,))
    require("g0", g0, shape=beta.shape)
    k0 = symmetric("k0", k0, beta.size)
    return flow(_kernel_and_function, (k0, g0), ts, substeps, beta)


def linear_kernel(w1: Real[ArrayLike, "h i"], w2: Real[ArrayLike, "o h"]) -> LinearKernel:
    """Function and kernel of the network with these weights.

    Raises:
        ValueError: shapes that do not fit, weights that are not finite.

    >>> linear_kernel(jnp.eye(2), jnp.array([[1.0, 2.0]])).d.tolist()
    [[5.0]]
    """
    w1, w2 = as_float(w1), as_float(w2)
    hidden = _two_axes("w1", w1)[0]
    require("w2", w2, shape=(_two_axes("w2", w2)[0], hidden))
    return LinearKernel(w1.T @ w1, w2 @ w1, w2 @ w2.T)


def linear_ntk(kernel: LinearKernel, x: Real[ArrayLike, "m i"]) -> Float[Array, "m m o o"]:
    """The tangent kernel between the outputs at m inputs.

    $$\\Theta_{jk}(x, x') = \\delta_{jk}\\, x^T A x' + x^T x'\\, D_{jk}$$

    Args:
        kernel: at one time.
        x: inputs, one a row.

    Raises:
        ValueError: shapes that do not fit, such as those of kernels at several times.

    Source: derived here, claim `rich_lazy/kernel-flow/kernel`.

    >>> kernel = linear_kernel(jnp.eye(2), jnp.array([[1.0, 2.0]]))
    >>> linear_ntk(kernel, jnp.eye(2))[:, :, 0, 0].tolist()
    [[6.0, 0.0], [0.0, 6.0]]
    """
    x = as_float(x)
    inputs, outs = kernel.a.shape[-1], kernel.d.shape[-1]
    require("kernel.a", kernel.a, shape=(inputs, inputs))
    require("kernel.d", kernel.d, shape=(outs, outs))
    require("x", x, shape=(None, inputs))
    outputs = jnp.eye(outs, dtype=x.dtype)
    first = jnp.einsum("mn,jk->mnjk", x @ kernel.a @ x.T, outputs)
    return first + jnp.einsum("mn,jk->mnjk", x @ x.T, kernel.d)


def _weights(state, s, sigma_x):
    lower, upper = state
    e = s - upper @ lower @ sigma_x
    return upper.T @ e, e @ lower.T


def _gram_matrices(now, s, sigma_x):
    e = s - now.b @ sigma_x
    down, up = now.b.T @ e, e @ now.b.T
    return LinearKernel(down + down.T, now.d @ e + e @ now.a, up + up.T)


def _kernel_and_function(state, beta):
    k, g = state
    e = beta - g
    turn = jnp.outer(g, e)
    return turn + turn.T + 2 * (g @ e) * jnp.eye(beta.size, dtype=beta.dtype), k @ e


def flow(
    velocity: Callable[..., PyTree],
    state: PyTree,
    ts: Real[ArrayLike, " t"],
    substeps: int,
    *args: Array,
) -> PyTree:
    """The solution of $\\dot x = v(x)$ at the times `ts`, by the classical Runge-Kutta method.

    `velocity(state, *args)` is compiled once for each function and shape.

    >>> x = flow(lambda x: -x, jnp.array(1.0), jnp.array([0.0, 1.0]), 50)
    >>> [round(float(value), 6) for value in x]
    [1.0, 0.367879]
    """
    ts = as_float(ts)
    require("ts", ts, shape=(None,), low=0.0)
    substeps = whole("substeps", substeps, low=1)
    dtype = jnp.result_type(*jax.tree.leaves(state))
    gaps = jnp.diff(ts.astype(dtype), prepend=jnp.zeros((), dtype))
    if not is_traced(gaps) and bool(jnp.any(gaps < 0)):
        raise ValueError(f"ts decreases by {-float(gaps.min()):.3g}; allowed: times in order")
    state, args = jax.tree.map(lambda x: x.astype(dtype), (state, args))
    with jax.default_matmul_precision("highest"):
        found = _flow(velocity, state, gaps, substeps, args)
    leaves = jax.tree.leaves(found)
    if not is_traced(*leaves) and not all(bool(jnp.isfinite(x).all()) for x in leaves):
        raise ValueError(
            f"substeps is {substeps}, with which the steps diverge; allowed: so many that a step, "
            f"now up to {float(gaps.max()) / substeps:.3g}, is short against one over the largest "
            "eigenvalue of the kernel"
        )
    return found


@partial(jax.jit, static_argnames=("velocity", "substeps"))
def _flow(velocity, state, gaps, substeps, args):
    def gap(state, length):
        def step(_, now):
            return rk4(lambda x: velocity(x, *args), now, length / substeps)

        state = jax.lax.fori_loop(0, substeps, step, state)
        return state, state

    return jax.lax.scan(gap, state, gaps)[1]


def _two_axes(name: str, matrix: Array) -> tuple[int, int]:
    require(name, matrix, shape=(None, None))
    return matrix.shape


def _covariance(sigma_x: ArrayLike | None, inputs: int, dtype) -> Array:
    if sigma_x is None:
        return jnp.eye(inputs, dtype=dtype)
    sigma_x = symmetric("sigma_x", sigma_x, inputs)
    if not is_traced(sigma_x):
        values = jnp.linalg.eigvalsh(sigma_x)
        check_semidefinite("sigma_x", values[0], values[-1])
    return sigma_x.astype(dtype)
