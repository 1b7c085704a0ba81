"""Where training starts: weights of every pathway, and the strength of every mode in them.

Parameters are a tuple over pathways of tuples over layers, first layer first; layer l maps
width to width, so that pathway a computes $\\Omega_a = W_a^D \\cdots W_a^1$.
"""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PRNGKeyArray, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import Scalar, as_float
from theorylab.deep_linear.tasks import full_basis, task_svd
from theorylab.lab.require import require, whole

Params = tuple[tuple[Float[Array, "_ _"], ...], ...]


@references("saxe2014exact", "kleinman2024critical")
def aligned_init(
    sigma: Real[ArrayLike, "o i"],
    depth: int,
    width: int,
    k0: Real[ArrayLike, "P r"],
    key: PRNGKeyArray,
    imbalance: Scalar = 0.0,
    spare: Real[ArrayLike, " spare"] | None = None,
) -> Params:
    """Weights whose every layer is diagonal in the task's modes, with end-to-end strengths k0.

    $$W_1 = R\\, \\mathrm{diag}(p)\\, V^T, \\quad W_l = R\\, \\mathrm{diag}(q)\\, R^T, \\quad
      W_D = U\\, \\mathrm{diag}(q)\\, R^T, \\qquad p\\, q^{D-1} = K_0, \\; q^2 - p^2 = \\lambda,$$

    with R a random orthogonal matrix, the same for all pathways. Gradient descent keeps this
    form exactly, so that the modes decouple.

    Args:
        sigma: the task, (o, i), with r <= min(o, i) modes in play.
        depth: number D of weight matrices of each pathway.
        width: number of hidden units, at least r.
        k0: strength K of each of the leading r modes in each pathway, (P, r).
        key: draws R.
        imbalance: $\\lambda$, at least 0; 0 is balanced.
        spare: strengths of the width - r hidden directions which no mode passes, 0 by default.
            They do nothing in a linear pathway; the official scripts fill them like k0, which
            matters for `train_nonlinear`.

    Raises:
        ValueError: more modes than the task has; width too small; a strength that never learns
            (k0 = 0, balanced, depth 2 or more) or that is negative though balanced.

    Source: saxe2014exact for decoupled starts; the multi-pathway form is that of
    kleinman2024critical.

    >>> sigma = jnp.diag(jnp.array([3.0, 2.0]))
    >>> (layers,) = aligned_init(sigma, 3, 4, jnp.full((1, 2), 0.01), jax.random.key(0))
    >>> w = layers[2] @ layers[1] @ layers[0]
    >>> bool(jnp.allclose(w, 0.01 * jnp.eye(2)))
    True
    """
    sigma = as_float(sigma)
    u, s, v = task_svd(sigma)
    k0 = as_float(k0).astype(sigma.dtype)
    require("k0", k0, shape=(None, None))
    modes = k0.shape[1]
    check_modes(modes, s.size)
    depth, width = whole("depth", depth, low=1), whole("width", width, low=modes)
    check_strength("k0", k0, depth, imbalance)

    p, q = imbalanced(layer_strength(k0, depth, imbalance), imbalance)
    extra = jnp.zeros(width - modes) if spare is None else as_float(spare)
    require("spare", extra, low=0.0, shape=(width - modes,))
    extra = extra.astype(sigma.dtype) ** (1 / depth)

    return _aligned(u[:, :modes], v[:, :modes], p, q, extra, key, depth=depth, width=width)


@partial(jax.jit, static_argnames=("depth", "width"))
def _aligned(u, v, p, q, extra, key, *, depth, width):
    turn = jnp.linalg.qr(jax.random.normal(key, (width, width), u.dtype))[0]
    used = turn[:, : p.shape[1]]

    def pathway(p, q):
        if depth == 1:
            return ((u * p[None, :]) @ v.T,)
        first = (used * p[None, :]) @ v.T
        middle = (turn * jnp.concatenate([q, extra])[None, :]) @ turn.T
        last = (u * q[None, :]) @ used.T
        return (first, *(middle for _ in range(depth - 2)), last)

    return tuple(pathway(*strengths) for strengths in zip(p, q, strict=True))


@references("arora2019implicit", "kleinman2024critical")
def gaussian_init(
    key: PRNGKeyArray,
    shape: tuple[int, int],
    depth: int,
    width: int | None = None,
    scale: Scalar = 1e-3,
    pathways: int = 2,
) -> Params:
    """Independent Gaussian weights, with end-to-end gain about `scale`.

    Entries of layer l have standard deviation $\\mathrm{scale}^{1/D} / \\sqrt{n_{l-1}}$ with
    $n_{l-1}$ its number of inputs. Neither aligned with a task nor balanced.

    Args:
        shape: (outputs o, inputs i) of the end-to-end map.
        width: number of hidden units; max(o, i) by default.
        scale: gain of the product of all layers on a random input.

    Source: the initialisation of the completion experiments of arora2019implicit and
    kleinman2024critical (there all layers are n x n).

    >>> params = gaussian_init(jax.random.key(0), (5, 3), depth=2, width=4)
    >>> [layer.shape for layer in params[0]]
    [(4, 3), (5, 4)]
    """
    shape, depth, width = _sizes(shape, depth, width)
    require("scale", scale, above=0.0, shape=())
    pathways = whole("pathways", pathways, low=1)
    sizes = [shape[1], *[width] * (depth - 1), shape[0]]
    return _gaussian(key, tuple(sizes), pathways, scale ** (1 / depth))


@partial(jax.jit, static_argnames=("sizes", "pathways"))
def _gaussian(key, sizes, pathways, gain):
    shapes = [(n_out, n_in) for n_in, n_out in pairwise(sizes)]
    draws = iter(_normals(key, shapes * pathways))
    return tuple(
        tuple(next(draws) * (gain / n_in**0.5) for _, n_in in shapes) for _ in range(pathways)
    )


@references("arora2019implicit")
def balanced_init(
    key: PRNGKeyArray,
    shape: tuple[int, int],
    depth: int,
    width: int | None = None,
    scale: Scalar = 1e-3,
    pathways: int = 2,
) -> Params:
    """Random weights that are exactly balanced, but aligned with no task.

    The end-to-end map $A = U \\mathrm{diag}(s) V^T$ is Gaussian with gain `scale`, and each
    layer takes the D-th root of its singular values, between random orthonormal hidden bases:
    then $W_{l+1}^T W_{l+1} = W_l W_l^T$ for every l.

    Args:
        shape: (outputs o, inputs i); width: hidden units, at least min(o, i).
        scale: gain of the end-to-end map on a random input.

    Source: balanced starts as in arora2019implicit.

    >>> (w1, w2), _ = balanced_init(jax.random.key(0), (5, 3), depth=2, width=4)
    >>> bool(jnp.allclose(w2.T @ w2, w1 @ w1.T))
    True
    """
    shape, depth, width = _sizes(shape, depth, width)
    require("width", width, low=min(shape))
    require("scale", scale, above=0.0, shape=())
    pathways = whole("pathways", pathways, low=1)
    return _balanced(key, shape, depth, width, scale, pathways)


@partial(jax.jit, static_argnames=("shape", "depth", "width", "pathways"))
def _balanced(key, shape, depth, width, scale, pathways):
    modes = min(shape)
    draws = iter(_normals(key, [shape, *[(width, modes)] * (depth - 1)] * pathways))

    def pathway():
        u, s, v = full_basis(next(draws) * (scale / shape[1] ** 0.5))
        hidden = [jnp.linalg.qr(next(draws))[0] for _ in range(depth - 1)]
        bases = [v[:, :modes], *hidden, u[:, :modes]]
        root = s ** (1 / depth)
        return tuple((left * root[None, :]) @ right.T for right, left in pairwise(bases))

    return tuple(pathway() for _ in range(pathways))


@references("shi2022learning")
def imbalanced(
    p0: Real[ArrayLike, " *shape"], imbalance: Scalar
) -> tuple[Float[Array, " *shape"], Float[Array, " *shape"]]:
    """Layer strengths (p, q) of an imbalanced start: $q = \\sqrt{p_0^2 + \\lambda}$.

    One layer of the pathway has strength p, the other D - 1 have q, so that $K = p q^{D-1}$;
    $\\lambda = q^2 - p^2$ is conserved by gradient flow. With $\\lambda = 1$ this is the wide
    random start: D - 1 layers of gain near one, and one small layer, whose sign is free.

    Source: the large-initialisation model of shi2022learning, used by kleinman2024critical.

    >>> p, q = imbalanced(jnp.array([0.75]), 1.0)
    >>> p.tolist(), q.tolist()
    ([0.75], [1.25])
    """
    require("imbalance", imbalance, low=0.0, shape=())
    p = as_float(p0)
    require("p0", p)
    return p, jnp.sqrt(p**2 + jnp.asarray(imbalance, p.dtype))


def layer_strength(
    k: Real[ArrayLike, " *shape"], depth: int, imbalance: Scalar = 0.0
) -> Float[Array, " *shape"]:
    """The layer strength p that gives a pathway the strength K.

    Balanced: $p = K^{1/D}$ for $K \\ge 0$. Imbalanced: the root of
    $p\\,(p^2 + \\lambda)^{(D-1)/2} = K$, of either sign, by Newton's method from the right,
    where it falls monotonically because the left side is convex.

    Args:
        k: end-to-end strength K, any shape.
        depth: D.  imbalance: lambda >= 0.

    >>> round(float(layer_strength(0.001, 3)), 6)
    0.1
    >>> p = layer_strength(jnp.array(-2.0), 4, imbalance=1.0)
    >>> round(float(p * (p**2 + 1) ** 1.5), 6)
    -2.0
    """
    depth = whole("depth", depth, low=1)
    require("imbalance", imbalance, low=0.0, shape=())
    k = as_float(k)
    require("k", k)
    if depth == 1:
        return k
    size = jnp.abs(k)
    root = size ** (1 / depth)
    if not isinstance(imbalance, jax.core.Tracer) and imbalance == 0:
        require("k of a balanced pathway", k, low=0.0)
        return root
    lam = jnp.asarray(imbalance, k.dtype)

    def newton(_, p):
        square = p**2 + lam
        value = p * square ** ((depth - 1) / 2) - size
        slope = square ** ((depth - 3) / 2) * (depth * p**2 + lam)
        return p - jnp.where(slope > 0, value / jnp.where(slope > 0, slope, 1.0), 0.0)

    small = size / jnp.where(lam > 0, lam, 1.0) ** ((depth - 1) / 2)
    start = jnp.where(lam > 0, jnp.minimum(root, small), root)
    found = jnp.sign(k) * jax.lax.fori_loop(0, 20, newton, start)
    # one more step, of either sign, that carries the derivatives, also at K = 0
    found = jax.lax.stop_gradient(found)
    square = found**2 + lam
    slope = square ** ((depth - 3) / 2) * (depth * found**2 + lam)
    step = (found * square ** ((depth - 1) / 2) - k) / jnp.where(slope > 0, slope, 1.0)
    return found - jnp.where(slope > 0, step, 0.0)


def check_strength(name: str, k: ArrayLike, depth: int, imbalance: Scalar) -> None:
    """Raise ValueError if a pathway of these strengths would never learn.

    >>> check_strength("k0", 0.0, 2, 0.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: k0 is 0.0; allowed: a finite number above 0.0 (at depth 2, balanced, ...
    """
    depth = whole("depth", depth, low=1)
    require("imbalance", imbalance, low=0.0, shape=())
    if depth == 1 or isinstance(imbalance, jax.core.Tracer) or imbalance > 0:
        require(name, k)
        return
    try:
        require(name, k, above=0.0)
    except ValueError as error:
        raise ValueError(
            f"{error} (at depth {depth}, balanced, a strength of 0 never learns)"
        ) from None


def check_params(params: Params, shape: tuple[int, ...] | None = None) -> int:
    """The depth of these weights; ValueError unless they are chains of matrices, all as deep.

    Args:
        shape: (outputs, inputs) of every chain; None for any.

    >>> check_params(((jnp.ones((3, 2)), jnp.ones((2, 3))),), (2, 2))
    2
    """
    if not isinstance(params, tuple | list):
        raise ValueError(f"params is {type(params).__name__}; allowed: a tuple over pathways")
    if not params:
        raise ValueError("params holds no pathway; allowed: at least one")
    for a, layers in enumerate(params):
        if not isinstance(layers, tuple | list) or not len(layers):
            given = "no layers" if isinstance(layers, tuple | list) else type(layers).__name__
            raise ValueError(
                f"params holds {given} in pathway {a}; allowed: a tuple of at least one layer"
            )
        if len(layers) != len(params[0]):
            raise ValueError(
                f"pathway {a} has {len(layers)} layers, pathway 0 has {len(params[0])}; "
                "allowed: the same depth in all pathways"
            )
        shapes = [np.shape(layer) for layer in layers]
        chain = all(len(each) == 2 for each in shapes) and all(
            after[1] == before[0] for before, after in pairwise(shapes)
        )
        if not chain or shape not in (None, (shapes[-1][0], shapes[0][1])):
            ends = "" if shape is None else f" from {shape[1]} inputs to {shape[0]} outputs"
            raise ValueError(
                f"pathway {a} has layers of shapes {shapes}; allowed: a chain of matrices{ends}"
            )
    return len(params[0])


def check_modes(given: int, available: int) -> None:
    """Raise ValueError if more modes are asked for than the task has.

    >>> check_modes(3, 2)
    Traceback (most recent call last):
    ...
    ValueError: number of modes is 3; allowed: a whole number at least 1 and at most 2
    """
    require("number of modes", given, low=1, high=available, integer=True)


def _sizes(shape, depth, width):
    require("shape", np.array(shape), low=1, integer=True, shape=(2,))
    shape = tuple(int(size) for size in shape)
    width = max(shape) if width is None else width
    return shape, whole("depth", depth, low=1), whole("width", width, low=1)


def _normals(key, shapes):
    """Gaussian matrices of these shapes, each from a key of its own.

    Those of equal size are drawn together: several draws compile slowly.
    """
    keys = jax.random.split(key, len(shapes))
    sizes = np.array([n * m for n, m in shapes])
    drawn = [None] * len(shapes)
    for size in np.unique(sizes):
        (equal,) = np.nonzero(sizes == size)
        rows = jax.vmap(lambda one, size=size: jax.random.normal(one, (size,)))(keys[equal])
        for place, row in zip(equal, rows, strict=True):
            drawn[place] = row.reshape(shapes[place])
    return drawn
