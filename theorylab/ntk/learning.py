"""Learning with a kernel: prediction, posterior, and the whole course of training in closed form.

Training an infinitely wide network by gradient flow on the squared loss is kernel regression
with its neural tangent kernel. Everything here takes kernel matrices, of any origin:
`k_tt` between training points (n, n), `k_st` between test and training points (m, n), `k_ss`
between test points (m, m). Targets y are (n,) or (n, o); predictions have the same last axis.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_factor, cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Real

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.ntk.arrays import Scalar, as_float

NORMALISATIONS = ("sum", "mean")
_POWER_STEPS = 60  # of the estimate of the condition number


class Prediction(NamedTuple):
    """What kernel regression gives, and how far it can be trusted.

    Attributes:
        mean: predictions at the test points, (m,) or (m, o).
        weights: $\\alpha$ with mean = K_st alpha, (n,) or (n, o).
        condition: estimate of the condition number of K_tt + ridge I; infinite if singular.
        residual: $\\| (K + \\lambda) \\alpha - y \\| / \\| y \\|$; far above rounding if the
            kernel is singular and cannot fit the targets.
        rank: number of eigenvalues in use; n unless the matrix is numerically singular.
    """

    mean: Float[Array, " m *o"]
    weights: Float[Array, " n *o"]
    condition: Float[Array, ""]
    residual: Float[Array, ""]
    rank: Int[Array, ""]


class Gaussian(NamedTuple):
    """A Gaussian over the values at the test points; the outputs share the covariance.

    Attributes:
        mean: (m,) or (m, o); with a leading axis of times where the times are an array.
        covariance: (m, m), with the same leading axis.
    """

    mean: Float[Array, "..."]
    covariance: Float[Array, "*t m m"]


@references("jacot2018neural")
def kernel_predict(
    k_tt: Real[ArrayLike, "n n"],
    k_st: Real[ArrayLike, "m n"],
    y: Real[ArrayLike, " n *o"],
    ridge: Scalar = 0.0,
) -> Prediction:
    """Kernel regression: $f = K_{st} (K_{tt} + \\lambda I)^{-1} y$.

    A Cholesky factorisation where K_tt + ridge I is positive definite to working precision.
    Where it is not, the eigendecomposition, with eigenvalues below $n\\,\\epsilon$ times the
    largest left out: the solution of smallest norm. `rank` and `residual` tell which.

    Args:
        k_tt, k_st, y: as in `theorylab.ntk.learning`.
        ridge: lambda >= 0, added to the diagonal.

    Raises:
        ValueError: shapes that do not fit, entries that are not finite, a negative ridge, a
            matrix that is not symmetric or has a negative eigenvalue beyond rounding.

    Source: the limit of training in jacot2018neural.

    >>> found = kernel_predict(jnp.eye(2), jnp.array([[0.5, 0.25]]), jnp.array([1.0, -1.0]))
    >>> float(found.mean[0]), int(found.rank), float(found.condition)
    (0.25, 2, 1.0)
    """
    k_tt, k_st, y = _kernels(k_tt, k_st, y)
    require("ridge", ridge, low=0.0)
    return _checked_predict(k_tt, k_st, y, ridge)


def _checked_predict(k_tt, k_st, y, ridge):
    found, ends = _predict(k_tt, k_st, y, ridge)
    _semidefinite("k_tt", *ends)
    return found


@jax.jit
def _predict(k_tt, k_st, y, ridge):
    n = k_tt.shape[0]
    targets = y.reshape(n, -1)
    matrix = k_tt + jnp.asarray(ridge, k_tt.dtype) * jnp.eye(n, dtype=k_tt.dtype)
    factor = cho_factor(matrix, lower=True)
    solved = jnp.all(jnp.isfinite(factor[0]))
    condition = jnp.where(solved, _condition(matrix, factor), jnp.inf)
    limit = 1 / (n * jnp.finfo(matrix.dtype).eps)

    def by_cholesky():
        weights = cho_solve(factor, targets)
        # One step of refinement: the residual is then at rounding level.
        weights = weights + cho_solve(factor, targets - matrix @ weights)
        # Positive definite, as the factorisation exists: the largest eigenvalue is not needed.
        return weights, condition, jnp.asarray(n), jnp.zeros((2,), matrix.dtype)

    def by_eigenvectors():
        values, vectors = jnp.linalg.eigh(matrix)
        kept = values > values[-1] / limit
        inverse = jnp.where(kept, 1 / jnp.where(kept, values, jnp.ones_like(values)), 0.0)
        weights = vectors @ (inverse[:, None] * (vectors.T @ targets))
        small = jnp.min(values)
        ratio = jnp.where(small > 0, values[-1] / small, jnp.inf)
        return weights, ratio, jnp.sum(kept), jnp.stack([small, values[-1]])

    good = solved & (condition < limit)
    weights, condition, rank, ends = jax.lax.cond(good, by_cholesky, by_eigenvectors)
    size = jnp.linalg.norm(targets)
    gap = jnp.linalg.norm(matrix @ weights - targets)
    residual = jnp.where(size > 0, gap / jnp.where(size > 0, size, jnp.ones_like(size)), gap)
    mean = k_st @ weights
    found = Prediction(
        mean.reshape(k_st.shape[:1] + y.shape[1:]),
        weights.reshape(y.shape),
        condition,
        residual,
        rank,
    )
    return found, ends


def _condition(matrix, factor):
    """Largest over smallest eigenvalue, each by power iteration from one generic vector."""
    n = matrix.shape[0]
    start = jax.random.normal(jax.random.key(0), (n,), matrix.dtype)

    def largest(apply):
        def step(v, _):
            v = apply(v)
            size = jnp.linalg.norm(v)
            return v / size, size

        return jax.lax.scan(step, start / jnp.linalg.norm(start), length=_POWER_STEPS)[1][-1]

    return largest(lambda v: matrix @ v) * largest(lambda v: cho_solve(factor, v))


@references("lee2019wide")
def gp_posterior(
    k_tt: Real[ArrayLike, "n n"],
    k_st: Real[ArrayLike, "m n"],
    k_ss: Real[ArrayLike, "m m"],
    y: Real[ArrayLike, " n *o"],
    noise: Scalar = 0.0,
) -> Gaussian:
    """Posterior of a Gaussian process: Bayesian inference with an infinitely wide network.

    $$\\mu = K_{st} (K_{tt} + \\sigma^2)^{-1} y, \\qquad
      \\Sigma = K_{ss} - K_{st} (K_{tt} + \\sigma^2)^{-1} K_{ts}$$

    Args:
        k_tt, k_st, k_ss, y: NNGP kernels and targets, as in `theorylab.ntk.learning`.
        noise: variance sigma^2 >= 0 of the targets' noise.

    Raises:
        ValueError: as in `kernel_predict`.

    Source: lee2019wide, eqs. for the NNGP posterior.

    >>> k = jnp.array([[1.0]])
    >>> found = gp_posterior(k, 0.5 * k, k, jnp.array([2.0]))
    >>> float(found.mean[0]), float(found.covariance[0, 0])
    (1.0, 0.75)
    """
    k_tt, k_st, y = _kernels(k_tt, k_st, y)
    k_ss = _square("k_ss", k_ss, k_st.shape[0]).astype(k_tt.dtype)
    require("noise", noise, low=0.0)
    mean = _checked_predict(k_tt, k_st, y, noise).mean
    gain = _checked_predict(k_tt, k_st, k_st.T, noise).mean
    return Gaussian(mean, k_ss - 0.5 * (gain + gain.T))


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
    k_tt, k_st, y = _kernels(k_tt, k_st, y)
    require("t", t, low=0.0)
    _normalisation(normalise)
    start = _start(k_st, y, f0_train, f0_test)
    t = as_float(t).astype(k_tt.dtype)
    scale = k_tt.shape[0] if normalise == "mean" else 1
    found, ends = _trajectory(k_tt, k_st, y, t / scale, *start, filter=_flow_filter)
    _semidefinite("k_tt", *ends)
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
    k_tt, k_st, y = _kernels(k_tt, k_st, y)
    require("lr", lr, above=0.0)
    require("steps", steps, low=0, integer=True)
    _normalisation(normalise)
    if not _traced(k_tt, lr):
        limit = float(max_learning_rate(k_tt, normalise))
        if float(np.max(np.asarray(lr))) >= limit:
            raise ValueError(f"lr is {lr}; allowed: below 2 / lambda_max = {limit:.6g}")
    start = _start(k_st, y, f0_train, f0_test)
    scale = k_tt.shape[0] if normalise == "mean" else 1
    rate = jnp.asarray(lr, k_tt.dtype) / scale
    steps = jnp.asarray(steps).astype(k_tt.dtype)
    found, ends = _trajectory(k_tt, k_st, y, (rate, steps), *start, filter=_descent_filter)
    _semidefinite("k_tt", *ends)
    return found


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
) -> Gaussian:
    """Mean and covariance, over random starts, of wide networks trained until time t.

    With $\\Gamma(t) = \\Theta_{st} \\Theta_{tt}^{-1} (I - e^{-\\Theta_{tt} t})$:

    $$\\mu = \\Gamma y, \\qquad \\Sigma = K_{ss} + \\Gamma K_{tt} \\Gamma^T
      - \\Gamma K_{ts} - K_{st} \\Gamma^T$$

    At t = 0 this is the NNGP prior. In general it is no posterior of any Gaussian process.

    Args:
        ntk_tt, ntk_st: neural tangent kernels Theta.
        nngp_tt, nngp_st, nngp_ss: covariances K of the outputs at the start.
        y, t, normalise: as in `gradient_flow`.

    Raises:
        ValueError: as in `gradient_flow`.

    Source: lee2019wide, eqs. (14) and (15).

    >>> one = jnp.ones((1, 1))
    >>> found = ntk_ensemble(one, one, one, one, one, jnp.array([3.0]), jnp.array([0.0, 50.0]))
    >>> found.covariance.ravel().round(6).tolist(), found.mean.ravel().round(6).tolist()
    ([1.0, 0.0], [0.0, 3.0])
    """
    ntk_tt, ntk_st, y = _kernels(ntk_tt, ntk_st, y, "ntk_tt", "ntk_st")
    n, m = ntk_tt.shape[0], ntk_st.shape[0]
    nngp_tt = _square("nngp_tt", nngp_tt, n).astype(ntk_tt.dtype)
    nngp_ss = _square("nngp_ss", nngp_ss, m).astype(ntk_tt.dtype)
    require("nngp_st", nngp_st, shape=(m, n))
    nngp_st = as_float(nngp_st).astype(ntk_tt.dtype)
    require("t", t, low=0.0)
    _normalisation(normalise)
    t = as_float(t).astype(ntk_tt.dtype) / (n if normalise == "mean" else 1)
    found, ends = _ensemble(ntk_tt, ntk_st, nngp_tt, nngp_st, nngp_ss, y, t)
    _semidefinite("ntk_tt", *ends)
    return found


@jax.jit
def _ensemble(ntk_tt, ntk_st, nngp_tt, nngp_st, nngp_ss, y, t):
    n, m = ntk_tt.shape[0], ntk_st.shape[0]
    values, vectors = jnp.linalg.eigh(ntk_tt)
    ends = values[0], values[-1]
    values = jnp.maximum(values, 0.0)
    left = ntk_st @ vectors

    def at(t):
        gain = (left * _flow_filter(values, t)[None, :]) @ vectors.T
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
    k_tt = _square("k_tt", k_tt)
    _normalisation(normalise)
    largest = jnp.linalg.eigvalsh(k_tt)[-1]
    if not _traced(largest) and not float(largest) > 0:
        raise ValueError(f"k_tt has largest eigenvalue {float(largest):.3g}; allowed: above 0")
    return 2 * (k_tt.shape[0] if normalise == "mean" else 1) / largest


def spectrum(k: Real[ArrayLike, "n n"]) -> Float[Array, " n"]:
    """Eigenvalues of a kernel matrix, the largest first, (n,).

    Raises:
        ValueError: a matrix that is not square, symmetric and finite.

    >>> spectrum(jnp.diag(jnp.array([1.0, 3.0]))).tolist()
    [3.0, 1.0]
    """
    return jnp.linalg.eigvalsh(_square("k", k))[::-1]


@references("cortes2012algorithms")
def target_alignment(k: Real[ArrayLike, "n n"], y: Real[ArrayLike, " n *o"]) -> Float[Array, ""]:
    """How much of a kernel points along the targets: the cosine of K and $y y^T$.

    $$\\langle K, y y^T \\rangle_F / (\\| K \\|_F \\, \\| y y^T \\|_F)$$

    Args:
        k: kernel, (n, n).  y: targets, (n,) or (n, o).

    Raises:
        ValueError: shapes that do not fit, or a kernel or targets that are all zero.

    Source: cortes2012algorithms, without the centring.

    >>> y = jnp.array([1.0, -1.0])
    >>> round(float(target_alignment(jnp.outer(y, y), y)), 6)
    1.0
    """
    k = _square("k", k)
    y = _targets(y, k)
    outer = y.reshape(k.shape[0], -1)
    outer = outer @ outer.T
    size = jnp.linalg.norm(k) * jnp.linalg.norm(outer)
    if not _traced(size) and not float(size) > 0:
        raise ValueError("k or y is all zero; allowed: both have an entry other than zero")
    return jnp.sum(k * outer) / size


def one_hot(labels: Int[ArrayLike, " n"], classes: int) -> Float[Array, "n c"]:
    """Targets for classification into several classes: 1 for the class, 0 for the others.

    Args:
        labels: classes 0 to C - 1, (n,).  classes: C.

    Raises:
        ValueError: a label out of range.

    >>> one_hot(jnp.array([1, 0]), 2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    require("classes", classes, low=2, integer=True)
    require("labels", labels, low=0, high=classes - 1, integer=True)
    return jax.nn.one_hot(jnp.asarray(labels), classes, dtype=jnp.zeros(()).dtype)


def decide(scores: Real[ArrayLike, " m *c"]) -> Int[Array, " m"]:
    """Labels from scores: the sign of (m,), -1 or 1; the largest column of (m, c), 0 to c - 1.

    A score of exactly zero is undecided and gives 0.

    >>> decide(jnp.array([0.3, -2.0])).tolist(), decide(jnp.array([[0.1, 0.9]])).tolist()
    ([1, -1], [1])
    """
    scores = as_float(scores)
    if scores.ndim == 1:
        return jnp.sign(scores).astype(int)
    require("scores", scores, shape=(None, None))
    return jnp.argmax(scores, axis=1)


def _traced(*values) -> bool:
    return any(isinstance(value, jax.core.Tracer) for value in values)


def _normalisation(normalise):
    require("normalise", normalise, choices=NORMALISATIONS)


def _square(name, k, n=None):
    size = np.shape(k)[0] if n is None and np.ndim(k) else n
    require(name, k, shape=(size, size))
    k = as_float(k)
    if not _traced(k):
        skew = float(jnp.max(jnp.abs(k - k.T), initial=0.0))
        scale = float(jnp.max(jnp.abs(k), initial=0.0))
        if skew > 1e3 * float(jnp.finfo(k.dtype).eps) * scale:
            raise ValueError(f"{name} differs from its transpose by {skew:.3g}; allowed: symmetric")
    return k


def _targets(y, k):
    y = as_float(y).astype(k.dtype)
    if y.ndim not in (1, 2) or y.shape[0] != k.shape[0]:
        raise ValueError(f"y has shape {y.shape}; allowed: ({k.shape[0]},) or ({k.shape[0]}, any)")
    require("y", y)
    return y


def _kernels(k_tt, k_st, y, name="k_tt", cross="k_st"):
    k_tt = _square(name, k_tt)
    require(cross, k_st, shape=(None, k_tt.shape[0]))
    require(cross, k_st)
    return k_tt, as_float(k_st).astype(k_tt.dtype), _targets(y, k_tt)


def _semidefinite(name, smallest, largest):
    """Raise ValueError if the eigenvalues just computed show that this is no kernel."""
    if _traced(smallest):
        return
    smallest, largest = float(smallest), float(largest)
    allowed = float(jnp.sqrt(jnp.finfo(jnp.asarray(largest).dtype).eps)) * abs(largest)
    if not smallest >= -allowed:
        raise ValueError(
            f"{name} has an eigenvalue {smallest:.3g} (the largest is {largest:.3g}); "
            "allowed: positive semidefinite"
        )


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
