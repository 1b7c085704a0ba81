"""Matrix completion by a deep linear network, and transfer from one matrix to the next.

The product $W = W_D \\cdots W_1$ of n x n factors is fitted to the observed entries of a matrix
M by gradient descent on the mean

$$L = \\frac{1}{2 |\\Omega|} \\sum_{(i,j) \\in \\Omega} (W_{ij} - M_{ij})^2 ,$$

so that time, lr x step, is $|\\Omega|$ times slower than under a summed loss. What counts is
the error on all entries. Transfer: train on M1 first, then on M2.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from theorylab.citation import references
from theorylab.deep_linear.arrays import Scalar, as_float
from theorylab.deep_linear.gradient import descent, products
from theorylab.deep_linear.initialisation import check_params, gaussian_init
from theorylab.lab.require import require, whole
from theorylab.lab.stepping import check_record_every, record_scan

Factors = tuple[Float[Array, "n n"], ...]


class Fit(NamedTuple):
    """What a completion run recorded, at m times including the start.

    Attributes:
        step: number of updates done, (m,).
        train: mean squared error on the observed entries (without the factor 1/2), (m,).
        test: mean squared error on all entries, (m,).
        singular_values: of the product, falling, (m, n).
        factors: the final factors, first layer first.
    """

    step: Array
    train: Float[Array, " m"]
    test: Float[Array, " m"]
    singular_values: Float[Array, "m n"]
    factors: Factors


class Transfer(NamedTuple):
    """The end of training on the second task, after k lengths of training on the first.

    Attributes:
        pretrain: updates on the first task, (k,).
        test: mean squared error of the second task on all entries, (k,).
        train: the same on the observed entries, (k,).
        singular_values: of the final product, (k, n).
    """

    pretrain: Array
    test: Float[Array, " k"]
    train: Float[Array, " k"]
    singular_values: Float[Array, "k n"]


def observe(
    key: PRNGKeyArray, n: int, m: int, subset_of: Bool[Array, "n n"] | None = None
) -> Bool[Array, "n n"]:
    """A mask of m observed entries of an n x n matrix, drawn without replacement.

    Args:
        subset_of: draw only among the entries that are True here.

    Raises:
        ValueError: m exceeds the number of entries to draw from. If `subset_of` is traced and
            has fewer than m entries, entries outside it fill up the mask.

    >>> many = observe(jax.random.key(0), 5, 12)
    >>> few = observe(jax.random.key(1), 5, 6, subset_of=many)
    >>> int(many.sum()), int(few.sum()), bool(jnp.all(many | ~few))
    (12, 6, True)
    """
    n = whole("n", n, low=1)
    available = n * n
    order = jax.random.uniform(key, (n * n,))
    if subset_of is not None:
        _check_mask("subset_of", subset_of, n)
        if not isinstance(subset_of, jax.core.Tracer):
            available = int(jnp.sum(subset_of))
        order = jnp.where(subset_of.ravel(), order, order + 1)
    require("m", m, low=1, high=available, integer=True, shape=())
    chosen = jnp.argsort(order)[:m]
    return jnp.zeros(n * n, bool).at[chosen].set(True).reshape(n, n)


@references("arora2019implicit", "kleinman2024critical")
def completion_init(
    key: PRNGKeyArray, n: int, depth: int, scale: Scalar = 1e-3, dtype: DTypeLike = float
) -> Factors:
    """D Gaussian n x n factors of standard deviation $\\mathrm{scale}^{1/D} / \\sqrt n$.

    Source: arora2019implicit; settings of kleinman2024critical.

    >>> len(completion_init(jax.random.key(0), 4, depth=3))
    3
    """
    (factors,) = gaussian_init(key, (n, n), depth, n, scale, pathways=1)
    return tuple(w.astype(dtype) for w in factors)


@references("arora2019implicit")
def fit_completion(
    factors: Factors,
    m: Float[Array, "n n"],
    mask: Bool[Array, "n n"],
    lr: Scalar,
    steps: int,
    record_every: int = 1,
) -> Fit:
    """Gradient descent on the factors, to match the observed entries of `m`.

    Args:
        factors: D matrices, first layer first, from `completion_init` or an earlier fit.
        m: the matrix; its precision is that of the run.
        mask: True where an entry is observed.
        lr: learning rate, for the mean loss of this module; one that is too large ends in
            infinities or NaN.
        steps: number of updates.
        record_every: record after each so many updates; must divide `steps`.

    Source: the deep matrix factorisation of arora2019implicit.

    >>> from theorylab.deep_linear import low_rank
    >>> m = low_rank(jax.random.key(0), 6, 1)
    >>> mask = observe(jax.random.key(1), 6, 30)
    >>> fit = fit_completion(completion_init(jax.random.key(2), 6, 2), m, mask, 0.5, 400, 400)
    >>> bool(fit.test[0] > 0.9), bool(fit.test[-1] < 1e-3)
    (True, True)
    """
    _check_completion(factors, m, mask, lr, steps)
    check_record_every(record_every, steps)
    return _fit(factors, m, mask, lr, steps=steps, record_every=record_every)


@references("kleinman2024critical")
def transfer_curve(
    key: PRNGKeyArray,
    m1: Float[Array, "n n"],
    m2: Float[Array, "n n"],
    mask1: Bool[Array, "n n"],
    mask2: Bool[Array, "n n"],
    depth: int,
    pretrain: tuple[int, ...],
    steps: int,
    lr: Scalar = 0.2,
    scale: Scalar = 1e-3,
) -> Transfer:
    """Error on task 2 after `steps` updates on it, against the length of training on task 1.

    One pass over task 1 leaves a checkpoint after each length in `pretrain`; from these, all
    runs on task 2 go on together. For several seeds, `jax.vmap` over the keys and the tasks.

    Args:
        key: draws the initial factors.
        m1, m2: the matrices; their precision is that of the run.
        mask1, mask2: the observed entries of each task. The seed paper observes the same
            entries of both, or of one matrix first fewer, then more.
        depth: number D of factors.
        pretrain: numbers of updates on task 1, rising. The official scripts do T_c + 1 updates
            for a nominal T_c (and take the last error before the last update).
        steps: updates on task 2.
        lr, scale: learning rate and end-to-end scale of the start, as in the official settings;
            if they are too large, training ends in infinities or NaN.

    Source: the transfer experiments of kleinman2024critical.

    >>> from theorylab.deep_linear import task_pair
    >>> tasks = task_pair(jax.random.key(0), 6, 2, 1)
    >>> mask = observe(jax.random.key(1), 6, 30)
    >>> curve = transfer_curve(jax.random.key(2), *tasks, mask, mask, 1, (0, 50), 50, lr=15.0)
    >>> bool(jnp.allclose(curve.test[0], curve.test[1])), bool(curve.test[0] > 0.05)
    (True, True)
    """
    depth = whole("depth", depth, low=1)
    require("scale", scale, above=0.0)
    require("pretrain", pretrain, low=0, integer=True, shape=(None,))
    _check_observed(m1, mask1)
    _check_observed(m2, mask2)
    if m1.shape != m2.shape:
        raise ValueError(f"m2 has shape {m2.shape}; allowed: {m1.shape}, that of m1")
    pretrain = tuple(int(count) for count in pretrain)
    if not pretrain or list(pretrain) != sorted(set(pretrain)):
        raise ValueError(f"pretrain is {pretrain}; allowed: rising whole numbers")
    factors = completion_init(key, m1.shape[0], depth, scale, m1.dtype)
    _check_completion(factors, m1, mask1, lr, steps)
    _check_completion(factors, m2, mask2, lr, steps)
    return _transfer(factors, m1, m2, mask1, mask2, lr, pretrain=pretrain, steps=steps)


def effective_rank(s: Float[Array, "*batch n"]) -> Float[Array, " *batch"]:
    """The exponential of the entropy of the normalised singular values.

    $$\\exp\\Big( -\\sum_r \\pi_r \\ln \\pi_r \\Big), \\qquad \\pi_r = s_r / \\sum_{r'} s_{r'}$$

    It is k for k equal singular values, and changes continuously; at a singular value of 0 its
    derivative is not finite.

    Args:
        s: singular values, not negative, (..., n).

    >>> effective_rank(jnp.array([2.0, 2.0, 2.0, 0.0])).round(6).item()
    3.0
    """
    s = as_float(s)
    require("s", s, low=0.0)
    total = jnp.sum(s, axis=-1, keepdims=True)
    require("sum of s", total, above=0.0)
    share = s / total
    return jnp.exp(-jnp.sum(jax.scipy.special.xlogy(share, share), axis=-1))


@references("arora2019implicit")
def sv_velocity(factors: Factors, grad: Float[Array, "o i"]) -> Float[Array, " r"]:
    """How fast the singular values of the product move under gradient flow (balanced factors).

    $$\\dot \\sigma_r = -D\\, \\sigma_r^{2 - 2/D}\\, u_r^T\\, \\nabla L(W)\\, v_r$$

    Args:
        factors: D balanced layers, first layer first.
        grad: the gradient of the loss with respect to the product W.

    Returns:
        the velocities, in the order of the falling singular values, (r,). Where singular values
        coincide, the result depends on the choice of vectors in their subspace.

    Source: arora2019implicit, Theorem 3.

    >>> sv_velocity((jnp.array([[4.0]]),), jnp.array([[-1.0]])).tolist()
    [1.0]
    """
    require("grad", grad, shape=(None, None))
    depth = check_params((factors,), np.shape(grad))
    u, s, vt = jnp.linalg.svd(products(factors)[-1], full_matrices=False)
    return -depth * s ** (2 - 2 / depth) * jnp.sum(u * (grad @ vt.T), axis=0)


def completion_gradient(
    w: Float[Array, "n n"], m: Float[Array, "n n"], mask: Bool[Array, "n n"]
) -> Float[Array, "n n"]:
    """The gradient of the completion loss in the product: $(W - M)/|\\Omega|$ where observed.

    Raises:
        ValueError: shapes that differ, a mask that is not of booleans.

    >>> completion_gradient(jnp.eye(2), jnp.zeros((2, 2)), jnp.ones((2, 2), bool)).tolist()
    [[0.25, 0.0], [0.0, 0.25]]
    """
    _check_observed(m, mask)
    require("w", w, shape=m.shape)
    return jnp.where(mask, w - m, jnp.zeros_like(m)) / jnp.sum(mask).astype(m.dtype)


def _check_completion(factors, m, mask, lr, steps):
    if not isinstance(factors, tuple | list) or not len(factors):
        given = "no layer" if isinstance(factors, tuple | list) else type(factors).__name__
        raise ValueError(f"factors holds {given}; allowed: at least one matrix (n, n)")
    _check_observed(m, mask)
    for layer in factors:
        require("factor", layer, shape=m.shape)
    require("lr", lr, above=0.0, shape=())
    whole("steps", steps, low=1)


def _check_observed(m, mask):
    for name, value in (("m", m), ("mask", mask)):
        if not isinstance(value, jax.Array | np.ndarray) or np.ndim(value) != 2:
            given = f"has shape {np.shape(value)}" if hasattr(value, "shape") else f"is {value!r}"
            raise ValueError(f"{name} {given}; allowed: an array (n, n)")
    n = m.shape[0]
    _check_mask("mask", mask, n)
    traced = any(isinstance(x, jax.core.Tracer) for x in (m, mask))
    require("m", jnp.where(mask, m, 0) if traced else np.where(mask, m, 0), shape=(n, n))
    if not isinstance(mask, jax.core.Tracer) and not np.any(mask):
        raise ValueError("mask observes no entry; allowed: at least one")


def _check_mask(name, mask, n):
    if getattr(mask, "dtype", None) != np.dtype(bool):
        given = f"has dtype {mask.dtype}" if hasattr(mask, "dtype") else f"is {mask!r}"
        raise ValueError(f"{name} {given}; allowed: bool, True where observed")
    require(name, mask.astype(int), shape=(n, n))


def _update(factors, m, mask, lr):
    partials = products(factors)
    down = descent(factors, partials, -completion_gradient(partials[-1], m, mask))
    return tuple(w + lr * g for w, g in zip(factors, down, strict=True))


def _errors(factors, m, mask):
    miss = (products(factors)[-1] - m) ** 2
    seen = jnp.where(mask, miss, jnp.zeros_like(miss))
    return jnp.sum(seen) / jnp.sum(mask).astype(m.dtype), jnp.mean(miss)


def _spectrum(factors):
    return jnp.linalg.svd(products(factors)[-1], compute_uv=False)


@partial(jax.jit, static_argnames=("steps", "record_every"))
def _fit(factors, m, mask, lr, *, steps, record_every):
    with jax.default_matmul_precision("highest"):
        lr = jnp.asarray(lr, m.dtype)
        last, (errors, spectrum) = record_scan(
            lambda factors, _: _update(factors, m, mask, lr),
            lambda factors: (_errors(factors, m, mask), _spectrum(factors)),
            factors,
            steps,
            record_every,
        )
        return Fit(jnp.arange(0, steps + 1, record_every), *errors, spectrum, last)


@partial(jax.jit, static_argnames=("pretrain", "steps"))
def _transfer(factors, m1, m2, mask1, mask2, lr, *, pretrain, steps):
    with jax.default_matmul_precision("highest"):
        lr = jnp.asarray(lr, m1.dtype)
        counts = jnp.diff(jnp.array((0, *pretrain)))

        def checkpoint(factors, count):
            go = lambda _, now: _update(now, m1, mask1, lr)  # noqa: E731
            factors = jax.lax.fori_loop(0, count, go, factors)
            return factors, factors

        _, starts = jax.lax.scan(checkpoint, factors, counts)

        def branch(factors):
            go = lambda _, now: _update(now, m2, mask2, lr)  # noqa: E731
            factors = jax.lax.fori_loop(0, steps, go, factors)
            train, test = _errors(factors, m2, mask2)
            return test, train, _spectrum(factors)

        return Transfer(jnp.array(pretrain), *jax.vmap(branch)(starts))
