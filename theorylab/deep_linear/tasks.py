"""Tasks: the linear map to be learnt, and its modes."""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float
from theorylab.lab.require import require, whole


@references("saxe2019semantic", "kleinman2024critical")
def hierarchical_tree(levels: int = 4) -> Float[Array, "o i"]:
    """Items at the leaves of a binary tree, one attribute for each node: the map $\\Sigma$.

    Column x holds the attributes of item x: it has those of all nodes above it. With L levels
    there are $2^{L-1}$ items and $2^L - 1$ attributes. The Gram matrix has the tree's own
    eigenvectors, so that the squared singular values are $2^{L} - 1$ (common to all), then
    $2^{L-1} - 1$, $2^{L-2} - 1$ (twice), and so on; for L = 4: 15, 7, 3, 3, 1, 1, 1, 1.

    Source: the data set of saxe2019semantic, as used by kleinman2024critical.

    >>> import numpy as np
    >>> s = np.linalg.svd(hierarchical_tree(4), compute_uv=False)
    >>> print(np.round(s**2, 6))
    [15.  7.  3.  3.  1.  1.  1.  1.]
    """
    levels = whole("levels", levels, low=1)
    items = jnp.arange(2 ** (levels - 1))
    rows = []
    for level in range(levels):
        node = items // 2 ** (levels - 1 - level)
        rows.append(node[None, :] == jnp.arange(2**level)[:, None])
    return jnp.concatenate(rows).astype(float)


@references("saxe2014exact")
def task_svd(
    sigma: Real[ArrayLike, "o i"],
) -> tuple[Float[Array, "o r"], Float[Array, " r"], Float[Array, "i r"]]:
    """The modes of a task: $\\Sigma = U \\mathrm{diag}(s) V^T$, with r = min(o, i) of them.

    Signs are fixed: in each column of V the first entry that is at least half as large as the
    largest one is positive. Modes with equal singular values have arbitrary directions within
    their common subspace, and so have modes with singular value zero: set strengths up and read
    them off in one and the same basis, as every function here does.

    Derivatives of U and V are NaN where singular values coincide, and JAX has none where sigma
    is not square.

    Returns:
        u: output modes, (o, r); s: singular values, falling, (r,); v: input modes, (i, r).

    >>> u, s, v = task_svd(jnp.array([[0.0, 2.0], [3.0, 0.0], [0.0, 0.0]]))
    >>> s.tolist(), v.tolist()
    ([3.0, 2.0], [[1.0, 0.0], [0.0, 1.0]])
    """
    u, s, v = full_basis(sigma)
    return u[:, : s.size], s, v[:, : s.size]


def full_basis(
    sigma: Real[ArrayLike, "o i"],
) -> tuple[Float[Array, "o o"], Float[Array, " r"], Float[Array, "i i"]]:
    """The modes of a task, completed to orthonormal bases of all outputs and all inputs.

    >>> u, s, v = full_basis(jnp.ones((3, 2)))
    >>> u.shape, s.shape, v.shape
    ((3, 3), (2,), (2, 2))
    """
    sigma = as_float(sigma)
    require("sigma", sigma, shape=(None, None))
    return _signed_svd(sigma)


@jax.jit
def _signed_svd(sigma):
    u, s, vt = jnp.linalg.svd(sigma, full_matrices=True)
    v = vt.T
    large = jnp.abs(v) > 0.5 * jnp.max(jnp.abs(v), axis=0, keepdims=True)
    first = jnp.take_along_axis(v, jnp.argmax(large, axis=0)[None, :], axis=0)[0]
    sign = jnp.where(first < 0, -jnp.ones_like(first), jnp.ones_like(first))
    r = s.size
    u = u.at[:, :r].multiply(sign[None, :r])
    return u, s, v * sign[None, :]


@references("arora2019implicit", "kleinman2024critical")
def low_rank(key: PRNGKeyArray, n: int, rank: int, fro: float | None = None) -> Float[Array, "n n"]:
    """A random n x n matrix of given rank, $A B^T$ with Gaussian A, B, scaled to norm `fro`.

    The default Frobenius norm n gives entries of mean square 1; the non-zero singular values
    are then about $n / \\sqrt{\\mathrm{rank}}$.

    Source: the ground truth of the completion experiments of arora2019implicit and
    kleinman2024critical.

    >>> m = low_rank(jax.random.key(0), 6, 2)
    >>> int(jnp.linalg.matrix_rank(m)), round(float(jnp.mean(m**2)), 6)
    (2, 1.0)
    """
    _check_rank("rank", rank, n, fro)
    return _matrices(key, n, (tuple(range(rank)),), fro)[0]


def task_pair(
    key: PRNGKeyArray, n: int, r1: int, r2: int, shared: int = 0, fro: float | None = None
) -> tuple[Float[Array, "n n"], Float[Array, "n n"]]:
    """Two random matrices of ranks r1 and r2 that have `shared` rank-one terms in common.

    Each is a sum of Gaussian rank-one terms $a b^T$ scaled as in `low_rank`. The first `shared`
    terms are the same in both up to the scale, so that row spaces and column spaces meet in
    exactly `shared` dimensions; with `shared=0` the two are independent.

    >>> a, b = task_pair(jax.random.key(0), 8, 3, 2, shared=1)
    >>> int(jnp.linalg.matrix_rank(jnp.hstack([a, b])))
    4
    """
    _check_rank("r1", r1, n, fro)
    _check_rank("r2", r2, n, fro)
    require("shared", shared, low=0, high=min(r1, r2), integer=True, shape=())
    first = tuple(range(r1))
    second = (*range(shared), *range(r1, r1 + r2 - shared))
    return _matrices(key, n, (first, second), fro)


def _check_rank(name: str, rank: int, n: int, fro: float | None) -> None:
    require("n", n, low=1, integer=True, shape=())
    require(name, rank, low=1, high=n, integer=True, shape=())
    if fro is not None:
        require("fro", fro, above=0.0, shape=())


@partial(jax.jit, static_argnames=("n", "terms"))
def _matrices(key, n, terms, fro):
    """Sums of the Gaussian rank-one terms numbered in `terms`, each sum scaled to norm fro."""
    left, right = jax.random.normal(key, (2, n, 1 + max(map(max, terms))))
    sums = [left[:, jnp.array(some)] @ right[:, jnp.array(some)].T for some in terms]
    norm = n if fro is None else fro
    return tuple(m * (norm / jnp.linalg.norm(m)) for m in sums)
