"""Initial connectivity of a given rank, spectrum or alignment with a task.

An initialiser is a function `init(key, shape, dtype)` and serves as `kernel_init` of a Flax layer.
Which axis is which is said by `orientation`: "post_pre" (the default) is the $W$ of $W h$, with
$W_{ij}$ from unit j to unit i; "flax" is the kernel of a Flax layer, (inputs, outputs), its
transpose. A low rank is the same either way; a neuron's sign or a motif is not.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray, Real

from theorylab.citation import references
from theorylab.lab.arrays import Count, Scalar, as_float, is_traced
from theorylab.lab.matrices import check_semidefinite, symmetric
from theorylab.lab.require import require, whole
from theorylab.rich_lazy.rescaling import MATCHES, rescale, truncate_svd

ORIENTATIONS = ("post_pre", "flax")
Initialiser = Callable[..., Float[Array, "a b"]]


def oriented(
    draw: Callable[[PRNGKeyArray, int, int, DTypeLike], Float[Array, "post pre"]],
    orientation: str,
) -> Initialiser:
    """An initialiser from a function that draws (post, pre) matrices."""
    require("orientation", orientation, choices=ORIENTATIONS)

    def init(
        key: PRNGKeyArray, shape: Sequence[int], dtype: DTypeLike | None = None
    ) -> Float[Array, "a b"]:
        if np.shape(shape) != (2,):
            raise ValueError(f"shape is {shape}; allowed: two axes")
        shape = [whole("shape", n, low=1) for n in shape]
        dtype = floating(dtype)
        # Nothing is decomposed in half precision.
        drawn = dtype if dtype.itemsize >= 4 else jnp.dtype(jnp.float32)
        if orientation == "post_pre":
            return draw(key, shape[0], shape[1], drawn).astype(dtype)
        return draw(key, shape[1], shape[0], drawn).T.astype(dtype)

    return init


def floating(dtype: DTypeLike | None) -> DTypeLike:
    """The dtype, or the default one.

    Raises:
        ValueError: it is not real and floating.

    >>> floating(jnp.float32) == jnp.float32
    True
    """
    dtype = jnp.zeros((), dtype).dtype
    if not jnp.issubdtype(dtype, jnp.floating):
        raise ValueError(f"dtype is {dtype}; allowed: real, in floating point")
    return dtype


def gaussian(key: PRNGKeyArray, post: int, pre: int, dtype: DTypeLike) -> Float[Array, "post pre"]:
    """Independent normal entries with variance 1/pre.

    >>> gaussian(jax.random.key(0), 2, 3, jnp.float32).shape
    (2, 3)
    """
    return jax.random.normal(key, (post, pre), dtype) / jnp.sqrt(jnp.asarray(pre, dtype))


@references("liu2024connectivity")
def low_rank(
    rank: Count,
    gain: Scalar = 1.25,
    match: str | None = "fro",
    orientation: str = "post_pre",
) -> Initialiser:
    """A Gaussian matrix cut to a rank, and brought back to the size it had.

    Entries are normal with standard deviation $g/\\sqrt{n}$ for n inputs. All ranks of one key
    are cut from the same matrix, so that ranks can be compared in pairs.

    Args:
        rank: at least 1 and at most the smaller side; may be traced.
        gain: g.  match: as in `truncate_svd`.  orientation: see the module.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, a rank above the smaller side.

    Source: the official code of liu2024connectivity, which has g = 1.25 and matches "fro".

    >>> w = low_rank(2)(jax.random.key(0), (6, 6))
    >>> int(jnp.linalg.matrix_rank(w))
    2
    """
    require("rank", rank, low=1, integer=True, shape=())
    require("gain", gain, above=0, shape=())
    require("match", match, choices=MATCHES)

    def draw(key, post, pre, dtype):
        w = jnp.asarray(gain, dtype) * gaussian(key, post, pre, dtype)
        return truncate_svd(w, rank, match)

    return oriented(draw, orientation)


def from_spectrum(
    singular_values: Real[ArrayLike, " k"], orientation: str = "post_pre"
) -> Initialiser:
    """Given singular values between random directions.

    Args:
        singular_values: (k,), at least 0; k at most the smaller side, the rest are zero.

    Raises:
        ValueError: negative values; by the initialiser, more values than the smaller side has.

    >>> w = from_spectrum(jnp.array([2.0, 1.0]))(jax.random.key(0), (5, 4))
    >>> jnp.linalg.svd(w, compute_uv=False).round(4).tolist()
    [2.0, 1.0, 0.0, 0.0]
    """
    require("singular_values", singular_values, low=0, shape=(None,))
    values = as_float(singular_values)

    def draw(key, post, pre, dtype):
        k = values.size
        if k > min(post, pre):
            raise ValueError(f"singular_values holds {k}; allowed: at most {min(post, pre)}")
        left, right = (
            jax.random.orthogonal(one, n, dtype=dtype)[:, :k]
            for one, n in zip(jax.random.split(key), (post, pre), strict=True)
        )
        return (left * values.astype(dtype)[None, :]) @ right.T

    return oriented(draw, orientation)


def power_law(exponent: Scalar, gain: Scalar = 1.25, orientation: str = "post_pre") -> Initialiser:
    """Singular values $s_k \\propto k^{-a}$, scaled to Frobenius norm $g\\sqrt{m}$ for m outputs.

    The norm is what a Gaussian matrix of this gain has on average; a = 0 is flat, and the larger
    a, the lower every effective rank.

    Args:
        exponent: a, at least 0; may be traced.  gain: g.

    Raises:
        ValueError: an argument is not allowed.

    >>> w = power_law(1.0, gain=1.0)(jax.random.key(0), (4, 4))
    >>> s = jnp.linalg.svd(w, compute_uv=False)
    >>> round(float(s[0] / s[3]), 4), round(float(jnp.linalg.norm(w)), 4)
    (4.0, 2.0)
    """
    require("exponent", exponent, low=0, shape=())
    require("gain", gain, above=0, shape=())

    def draw(key, post, pre, dtype):
        place = jnp.arange(1, min(post, pre) + 1, dtype=dtype)
        values = place ** (-jnp.asarray(exponent, dtype))
        size = jnp.asarray(gain, dtype) * jnp.sqrt(jnp.asarray(post, dtype))
        left, right = (
            jax.random.orthogonal(one, n, dtype=dtype)[:, : place.size]
            for one, n in zip(jax.random.split(key), (post, pre), strict=True)
        )
        return rescale((left * values[None, :]) @ right.T, fro=size)

    return oriented(draw, orientation)


def task_aligned(
    c: Real[ArrayLike, "d d"], sigma: Scalar = 1.0, orientation: str = "post_pre"
) -> Initialiser:
    """Input weights whose Gram matrix is a task's: $W^T W = \\sigma^2 C / \\mathrm{Tr}\\, C$.

    $W = \\sigma\\, O\\, (C / \\mathrm{Tr}\\, C)^{1/2}$ with random orthonormal columns O. With
    $C = b b^T$ it has rank one and points along the task b.

    Args:
        c: second moment of the task directions, (d, d), symmetric and positive semidefinite, not
            zero.
        sigma: Frobenius norm.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, a shape with another number of
            inputs than d, or with fewer outputs.

    >>> w = task_aligned(jnp.diag(jnp.array([3.0, 1.0])), 2.0)(jax.random.key(0), (5, 2))
    >>> (w.T @ w).round(4).tolist()
    [[3.0, 0.0], [0.0, 1.0]]
    """
    require("sigma", sigma, low=0, shape=())
    c = symmetric("c", c)
    d = c.shape[0]
    if not is_traced(c):
        least, most = np.linalg.eigvalsh(c)[[0, -1]] if d else (0.0, 0.0)
        check_semidefinite("c", jnp.asarray(least), jnp.asarray(most))
        if not most > 0:
            raise ValueError(f"c of shape {c.shape} is zero; allowed: not zero")

    def draw(key, post, pre, dtype):
        if pre != d or post < d:
            raise ValueError(
                f"a matrix from {pre} inputs to {post} outputs; allowed: {d} inputs and at least "
                f"as many outputs"
            )
        values, vectors = jnp.linalg.eigh(c.astype(dtype))
        rounding = d * jnp.finfo(dtype).eps * values[-1]  # its root would not be small
        values = jnp.where(values > rounding, values, jnp.zeros_like(values))
        root = (vectors * jnp.sqrt(values / values.sum())[None, :]) @ vectors.T
        frame = jax.random.orthogonal(key, post, dtype=dtype)[:, :d]
        return jnp.asarray(sigma, dtype) * frame @ root

    return oriented(draw, orientation)


@references("domine2025lambda")
def lambda_balanced(
    key: PRNGKeyArray,
    n_in: int,
    n_hidden: int,
    n_out: int,
    lam: float = 0.0,
    scale: Scalar = 1.0,
    dtype: DTypeLike | None = None,
) -> tuple[Float[Array, "h i"], Float[Array, "o h"]]:
    """Two layers with $W_2^T W_2 - W_1 W_1^T = \\lambda I$.

    The smaller side of the pair is drawn, the other follows: for $\\lambda > 0$ the first layer
    is Gaussian with standard deviation `scale` over the root of its inputs, and
    $W_2 = O (\\lambda I + W_1 W_1^T)^{1/2}$; for $\\lambda < 0$ the roles are exchanged; for
    $\\lambda = 0$ both layers have the same singular values and meet in the same hidden directions.

    Args:
        lam: $\\lambda$. Above 0 it needs n_out >= n_hidden, below 0 n_in >= n_hidden: one layer
            then has full rank. With one output and several hidden units there is none above 0,
            and with more hidden units than inputs none below.
        scale: standard deviation of the layer that is drawn, times the root of its inputs.

    Returns:
        $W_1$, (n_hidden, n_in), and $W_2$, (n_out, n_hidden).

    Raises:
        ValueError: there are no such layers, or an argument is not allowed.

    Source: the definition of domine2025lambda.

    >>> w1, w2 = lambda_balanced(jax.random.key(0), 4, 3, 5, lam=2.0)
    >>> bool(jnp.allclose(w2.T @ w2 - w1 @ w1.T, 2.0 * jnp.eye(3), atol=1e-4))
    True
    """
    n_in, n_hidden, n_out = (
        whole(name, n, low=1)
        for name, n in (("n_in", n_in), ("n_hidden", n_hidden), ("n_out", n_out))
    )
    if is_traced(lam):
        raise ValueError("lam is traced; allowed: a Python number, as its sign decides the form")
    require("lam", lam, shape=())
    require("scale", scale, above=0, shape=())
    dtype = floating(dtype)
    if not is_traced(scale) and not np.isfinite(float(jnp.asarray(scale, dtype) ** 4)):
        raise ValueError(f"scale is {scale}; allowed: a scale whose fourth power is within {dtype}")
    if (lam > 0 and n_out < n_hidden) or (lam < 0 and n_in < n_hidden):
        raise ValueError(
            f"lam is {lam} for {n_in} inputs, {n_hidden} hidden units and {n_out} outputs; "
            "allowed: above 0 with n_out >= n_hidden, below 0 with n_in >= n_hidden"
        )
    if lam < 0:
        w2, w1 = lambda_balanced(key, n_out, n_hidden, n_in, -lam, scale, dtype)
        return w1.T, w2.T
    draw, turn = jax.random.split(key)
    w1 = jnp.asarray(scale, dtype) * gaussian(draw, n_hidden, n_in, dtype)
    if lam == 0:
        w1 = truncate_svd(w1, min(n_in, n_hidden, n_out), None)
    values, vectors = jnp.linalg.eigh(w1 @ w1.T)
    root = jnp.sqrt(jnp.maximum(values, jnp.zeros_like(values)) + jnp.asarray(lam, dtype))
    # Ascending: the last eigenvalues are the ones that are not zero.
    k = min(n_hidden, n_out)
    frame = jax.random.orthogonal(turn, n_out, dtype=dtype)[:, :k]
    return w1, (frame * root[None, -k:]) @ vectors[:, -k:].T
