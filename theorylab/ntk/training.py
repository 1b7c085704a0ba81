"""The course of training of an infinitely wide network, in closed form.

Training by gradient flow on the squared loss is linear in the outputs: with the neural tangent
kernel $\\Theta$, $\\dot f = -\\Theta (f - y)$. Arguments are those of `theorylab.ntk.learning`.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Real

from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float, is_traced
from theorylab.lab.matrices import check_semidefinite, symmetric
from theorylab.lab.require import require
from theorylab.ntk.learning import Gaussian
from theorylab.ntk.matrices import regression_arguments

NORMALISATIONS = ("sum", "mean")


@references("jacot2018neural", "lee2019wide")
def gradient_flow(
    k_tt: Real[ArrayLike, "n n"],
    k_st: Real[ArrayLike, "m n"],
    y: Real[ArrayLike, " n *o"],
    t: Real[ArrayLike, "*t"],
    f0_train: Real[ArrayLike, " n *o"] | None = None,
    f0_test: Real[ArrayLike, " m *o"] | None = None,
    normalise: str = "sum",
) -> Float[Array, "..."]:
    """Predictions while training by gradient flow: $\\dot f = -K\\,(f - y)$, solved.

    $$f_s(t) = f_s(0) + K_{st} K_{tt}^{-1} \\big( I - e^{-K_{tt} t} \\big) (y - f_t(0))$$

    with no inverse taken: a singular kernel is as good as any other. The loss is
    $\\tfrac12 \\sum (f - y)^2$, or with normalise="mean" that over n.

    Args:
        k_tt, k_st, y: NTK and targets, as in `theorylab.ntk.learning`.
        t: times >= 0, scalar or (T,).
        f0_train, f0_test: outputs at the start; zero by default.
        normalise: "sum" or "mean": whether the loss sums or averages over the examples.

    Returns:
        (m,) or (m, o); for an array of times with a leading axis T.

    Raises:
        ValueError: shapes that do not fit, entries that are not finite, negative times.

    Source: lee2019wide, eqs. (8) to (11).

    >>> one = jnp.ones((1, 1))
    >>> value = gradient_flow(one, one, jnp.array([1.0]), 1.0)
    >>> round(float(value[0] - (1 - jnp.exp(-1.0))), 6)
    0.0
    """
    k_tt, k_st, y = regression_arguments(k_tt, k_st, y)
    require("t", t, low=0.0)
    _normalisation(normalise)
    start = _start(k_st, y, f0_train, f0_test)
    t = as_float(t).astype(k_tt.dtype)
    scale = k_tt.shape[0] if normalise == "mean" else 1
    found, ends = _trajectory(k_tt, k_st, y, t / scale, *start, filter=_flow_filter)
    check_semidefinite("k_tt", *ends)
    return found


@references("lee2019wide")
def gradient_descent(
    k_tt: Real[ArrayLike, "n n"],
    k_st: Real[ArrayLike, "m n"],
    y: Real[ArrayLike, " n *o"],
    lr: Scalar,
    steps: int | Int[ArrayLike, "*t"],
    f0_train: Real[ArrayLike, " n *o"] | None = None,
    f0_test: Real[ArrayLike, " m *o"] | None = None,
    normalise: str = "sum",
) -> Float[Array, "..."]:
    """Predictions after so many steps of gradient descent, exactly and without iterating.

    $$f_s(k) = f_s(0) + K_{st} K_{tt}^{-1} \\big( I - (I - \\eta K_{tt})^k \\big) (y - f_t(0))$$

    It differs from `gradient_flow` at time lr x steps by a term of first order in lr.

    Args:
        lr: learning rate; must lie below `max_learning_rate`.
        steps: number of updates, scalar or (T,).
        k_tt, k_st, y, f0_train, f0_test, normalise: as in `gradient_flow`.

    Raises:
        ValueError: as in `gradient_flow`; a learning rate at which training diverges.

    Source: the discrete form of lee2019wide, eq. (8).

    >>> one = jnp.ones((1, 1))
    >>> float(gradient_descent(one, one, jnp.array([1.0]), 0.5, 2)[0])
    0.75
    """
    k_tt, k_st, y = regression_arguments(k_tt, k_st, y)
    require("lr", lr, above=0.0)
    require("steps", steps, low=0, integer=True)
    _normalisation(normalise)
    start = _start(k_st, y, f0_train, f0_test)
    updates = _updates(k_tt, lr, steps, normalise)
    found, ends = _trajectory(k_tt, k_st, y, updates, *start, filter=_descent_filter)
    check_semidefinite("k_tt", *ends)
    return found


def _updates(k_tt, lr, steps, normalise):
    """What `_descent_filter` takes beside the eigenvalues; a rate that diverges is refused."""
    if not is_traced(k_tt, lr):
        limit = float(max_learning_rate(k_tt, normalise))
        if float(np.max(np.asarray(lr))) >= limit:
            raise ValueError(f"lr is {lr}; allowed: below 2 / lambda_max = {limit:.6g}")
    scale = k_tt.shape[0] if normalise == "mean" else 1
    return jnp.asarray(lr, k_tt.dtype) / scale, jnp.asarray(steps).astype(k_tt.dtype)


def _flow_filter(values, t):
    # (1 - e^{-x t}) / x, which is t at x = 0.
    safe = jnp.where(values > 0, values, jnp.ones_like(values))
    return jnp.where(values > 0, -jnp.expm1(-safe * t) / safe, t)


def _descent_filter(values, rate_steps):
    # (1 - (1 - lr x)^k) / x, which is lr k at x = 0.
    rate, steps = rate_steps
    safe = jnp.where(values > 0, values, jnp.ones_like(values))
    x = rate * safe
    slow = -jnp.expm1(steps * jnp.log1p(-jnp.minimum(x, 0.5)))
    fast = 1 - (1 - x) ** steps
    return jnp.where(values > 0, jnp.where(x < 0.5, slow, fast) / safe, rate * steps)


@partial(jax.jit, static_argnames=("filter",))
def _trajectory(k_tt, k_st, y, t, f0_train, f0_test, *, filter):
    n = y.shape[0]
    values, vectors = jnp.linalg.eigh(k_tt)
    ends = values[0], values[-1]
    values = jnp.maximum(values, 0.0)
    seen = vectors.T @ (y - f0_train).reshape(n, -1)
    left = k_st @ vectors

    def at(t):
        moved = left @ (filter(values, t)[:, None] * seen)
        return f0_test + moved.reshape(f0_test.shape)

    return _over_times(at, t), ends


def _over_times(at, t):
    *shared, times = t if isinstance(t, tuple) else (t,)
    if times.ndim == 0:
        return at(t)
    return jax.vmap(lambda s: at((*shared, s) if shared else s))(times)


@references("lee2019wide")
def ntk_ensemble(
    ntk_tt: Real[ArrayLike, "n n"],
    ntk_st: Real[ArrayLike, "m n"],
    nngp_tt: Real[ArrayLike, "n n"],
    nngp_st: Real[ArrayLike, "m n"],
    nngp_ss: Real[ArrayLike, "m m"],
    y: Real[ArrayLike, " n *o"],
    t: Real[ArrayLike, "*t"],
    normalise: str = "sum",
    lr: Scalar | None = None,
) -> Gaussian:
    """Mean and covariance, over random starts, of wide networks trained until time t.

    With $\\Gamma(t) = \\Theta_{st} \\Theta_{tt}^{-1} (I - e^{-\\Theta_{tt} t})$, or with
    $(I - \\eta\\Theta_{tt})^t$ for the exponential after t steps of gradient descent:

    $$\\mu = \\Gamma y, \\qquad \\Sigma = K_{ss} + \\Gamma K_{tt} \\Gamma^T
      - \\Gamma K_{ts} - K_{st} \\Gamma^T$$

    At t = 0 this is the NNGP prior. In general it is no posterior of any Gaussian process.

    Args:
        ntk_tt, ntk_st: neural tangent kernels Theta.
        nngp_tt, nngp_st, nngp_ss: covariances K of the outputs at the start.
        y, t, normalise: as in `gradient_flow`.
        lr: None for gradient flow; a learning rate for gradient descent, whose steps t counts.

    Raises:
        ValueError: as in `gradient_flow`, or with a learning rate `gradient_descent`.

    Source: lee2019wide, eqs. (14) and (15); their discrete form for gradient descent.

    >>> one = jnp.ones((1, 1))
    >>> found = ntk_ensemble(one, one, one, one, one, jnp.array([3.0]), jnp.array([0.0, 50.0]))
    >>> found.covariance.ravel().round(6).tolist(), found.mean.ravel().round(6).tolist()
    ([1.0, 0.0], [0.0, 3.0])
    """
    ntk_tt, ntk_st, y = regression_arguments(ntk_tt, ntk_st, y, "ntk_tt", "ntk_st")
    n, m = ntk_tt.shape[0], ntk_st.shape[0]
    nngp_tt = symmetric("nngp_tt", nngp_tt, n).astype(ntk_tt.dtype)
    nngp_ss = symmetric("nngp_ss", nngp_ss, m).astype(ntk_tt.dtype)
    require("nngp_st", nngp_st, shape=(m, n))
    nngp_st = as_float(nngp_st).astype(ntk_tt.dtype)
    require("t", t, low=0, integer=lr is not None)
    _normalisation(normalise)
    if lr is None:
        filter, t = _flow_filter, as_float(t).astype(ntk_tt.dtype)
        t = t / (n if normalise == "mean" else 1)
    else:
        require("lr", lr, above=0.0)
        filter, t = _descent_filter, _updates(ntk_tt, lr, t, normalise)
    found, ends = _ensemble(ntk_tt, ntk_st, nngp_tt, nngp_st, nngp_ss, y, t, filter=filter)
    check_semidefinite("ntk_tt", *ends)
    return found


@partial(jax.jit, static_argnames=("filter",))
def _ensemble(ntk_tt, ntk_st, nngp_tt, nngp_st, nngp_ss, y, t, *, filter):
    n, m = ntk_tt.shape[0], ntk_st.shape[0]
    values, vectors = jnp.linalg.eigh(ntk_tt)
    ends = values[0], values[-1]
    values = jnp.maximum(values, 0.0)
    left = ntk_st @ vectors

    def at(t):
        gain = (left * filter(values, t)[None, :]) @ vectors.T
        cross = gain @ nngp_st.T
        covariance = nngp_ss + gain @ nngp_tt @ gain.T - cross - cross.T
        return Gaussian((gain @ y.reshape(n, -1)).reshape((m, *y.shape[1:])), covariance)

    return _over_times(at, t), ends


def max_learning_rate(k_tt: Real[ArrayLike, "n n"], normalise: str = "sum") -> Float[Array, ""]:
    """The learning rate beyond which gradient descent on the squared loss diverges.

    $\\eta_{max} = 2 / \\lambda_{max}(K_{tt})$, times n if the loss is a mean.

    Raises:
        ValueError: a matrix that is not square and finite, or is zero.

    Source: the stability of $f \\leftarrow f - \\eta K (f - y)$; derived here.

    >>> float(max_learning_rate(jnp.diag(jnp.array([4.0, 1.0]))))
    0.5
    """
    k_tt = symmetric("k_tt", k_tt)
    _normalisation(normalise)
    largest = jnp.linalg.eigvalsh(k_tt)[-1]
    if not is_traced(largest) and not float(largest) > 0:
        raise ValueError(f"k_tt has largest eigenvalue {float(largest):.3g}; allowed: above 0")
    return 2 * (k_tt.shape[0] if normalise == "mean" else 1) / largest


def _normalisation(normalise):
    require("normalise", normalise, choices=NORMALISATIONS)


def _start(k_st, y, f0_train, f0_test):
    test = (k_st.shape[0], *y.shape[1:])
    starts = []
    for name, given, shape in (("f0_train", f0_train, y.shape), ("f0_test", f0_test, test)):
        if given is None:
            starts.append(jnp.zeros(shape, y.dtype))
        else:
            require(name, given, shape=shape)
            require(name, given)
            starts.append(as_float(given).astype(y.dtype))
    return starts
