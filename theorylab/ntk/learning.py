"""Learning with a kernel: regression, the posterior of a Gaussian process, decisions.

Everything here takes kernel matrices, of any origin: `k_tt` between training points (n, n),
`k_st` between test and training points (m, n), `k_ss` between test points (m, m). Targets y are
(n,) or (n, o); predictions have the same last axis.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_factor, cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Real

from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float, is_traced
from theorylab.lab.matrices import check_semidefinite, symmetric
from theorylab.lab.require import require
from theorylab.ntk.matrices import regression_arguments, targets

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

    mean: Float[Array, "m ..."]
    weights: Float[Array, "n ..."]
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
    covariance: Float[Array, "... m m"]


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
    k_tt, k_st, y = regression_arguments(k_tt, k_st, y)
    require("ridge", ridge, low=0.0)
    return _checked_predict(k_tt, k_st, y, ridge)


def _checked_predict(k_tt, k_st, y, ridge):
    found, ends = _predict(k_tt, k_st, y, ridge)
    check_semidefinite("k_tt", *ends)
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
    k_tt, k_st, y = regression_arguments(k_tt, k_st, y)
    k_ss = symmetric("k_ss", k_ss, k_st.shape[0]).astype(k_tt.dtype)
    require("noise", noise, low=0.0)
    mean = _checked_predict(k_tt, k_st, y, noise).mean
    gain = _checked_predict(k_tt, k_st, k_st.T, noise).mean
    return Gaussian(mean, k_ss - 0.5 * (gain + gain.T))


def spectrum(k: Real[ArrayLike, "n n"]) -> Float[Array, " n"]:
    """Eigenvalues of a kernel matrix, the largest first, (n,).

    Raises:
        ValueError: a matrix that is not square, symmetric and finite.

    >>> spectrum(jnp.diag(jnp.array([1.0, 3.0]))).tolist()
    [3.0, 1.0]
    """
    return jnp.linalg.eigvalsh(symmetric("k", k))[::-1]


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
    k = symmetric("k", k)
    y = targets(y, k)
    outer = y.reshape(k.shape[0], -1)
    outer = outer @ outer.T
    size = jnp.linalg.norm(k) * jnp.linalg.norm(outer)
    if not is_traced(size) and not float(size) > 0:
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
