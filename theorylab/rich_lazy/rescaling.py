"""Matrices brought to a given size or rank: what a comparison of ranks keeps equal.

A matrix of lower rank has fewer singular values. Which size is matched decides what the others
become: at equal Frobenius norm a matrix of rank one has a far larger spectral norm than one of
full rank; at equal spectral norm it has a far smaller Frobenius norm. The three choices are
`MATCHES`; a claim on rank should hold under more than one of them.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float

from theorylab.lab.arrays import Count, Scalar, as_float, is_traced
from theorylab.lab.require import require

MATCHES = ("fro", "spectral", "radius", None)


def matrix(name: str, w: Float[ArrayLike, "m n"], square: bool = False) -> Float[Array, "m n"]:
    """The matrix in floating point.

    Raises:
        ValueError: not two axes, no entries, entries that are not finite, or not square.
    """
    shape = np.shape(w)
    if len(shape) != 2 or 0 in shape or (square and shape[0] != shape[1]):
        allowed = "(n, n), n at least 1" if square else "(m, n), both at least 1"
        raise ValueError(f"{name} has shape {shape}; allowed: {allowed}")
    require(name, w)
    return as_float(w)


def power_of_two(x: Float[Array, "*n"]) -> Float[Array, ""]:
    """A power of two no larger than the largest modulus in an array; one for zeros.

    Dividing by it costs no digits, and keeps the squares of huge and of tiny entries in range.

    >>> float(power_of_two(jnp.array([3.0, -9.0])))
    8.0
    """
    top = jax.lax.stop_gradient(jnp.max(jnp.abs(x), initial=0.0))
    size = jnp.ldexp(jnp.ones_like(top), jnp.frexp(top)[1] - 1)
    return jnp.where((top > 0) & jnp.isfinite(top), size, jnp.ones_like(size))


def eigenvalues(w: Float[Array, "n n"]) -> Complex[Array, " n"]:
    """Eigenvalues of a square matrix, on any device.

    JAX has no general eigenvalues on accelerators: there the host computes them.

    >>> eigenvalues(jnp.array([[0.0, 1.0], [-1.0, 0.0]])).imag.sort().tolist()
    [-1.0, 1.0]
    """
    # Far from one, LAPACK's own scaling gives its bound and not the eigenvalue.
    unit = power_of_two(w)
    found = jax.lax.platform_dependent(
        w / unit, cpu=jnp.linalg.eigvals, default=_eigenvalues_on_host
    )
    return found * unit.astype(found.dtype)


def _eigenvalues_on_host(w):
    kind = np.result_type(w.dtype, np.complex64)

    def call(w):
        return np.linalg.eigvals(np.asarray(w)).astype(kind)

    like = jax.ShapeDtypeStruct(w.shape[:1], kind)
    return jax.pure_callback(call, like, w, vmap_method="broadcast_all")


def spectral_radius(w: Float[Array, "n n"]) -> Float[Array, ""]:
    """The largest modulus of an eigenvalue: growth per step of $h \\mapsto W h$.

    Raises:
        ValueError: not a square matrix of finite numbers.

    >>> round(float(spectral_radius(jnp.array([[0.0, 4.0], [1.0, 0.0]]))), 6)
    2.0
    """
    return jnp.max(jnp.abs(eigenvalues(matrix("w", w, square=True))))


def matrix_size(w: Float[Array, "m n"], match: str) -> Float[Array, ""]:
    """What `match` names: the Frobenius norm, the largest singular value or spectral radius.

    Raises:
        ValueError: another name, no matrix of finite numbers; a radius of one that is not square.

    >>> float(matrix_size(jnp.diag(jnp.array([3.0, 4.0])), "fro"))
    5.0
    """
    require("match", match, choices=MATCHES[:3])
    if match == "radius":
        return spectral_radius(w)
    w = matrix("w", w)
    unit = power_of_two(w)
    return unit * (jnp.linalg.norm(w / unit) if match == "fro" else jnp.linalg.norm(w / unit, 2))


def rescale(
    w: Float[Array, "m n"],
    *,
    fro: Scalar | None = None,
    spectral: Scalar | None = None,
    radius: Scalar | None = None,
) -> Float[Array, "m n"]:
    """The matrix times the factor that gives it a size; exactly one size is given.

    Args:
        fro: target Frobenius norm.  spectral: largest singular value.  radius: spectral radius.

    A matrix whose own size is zero (the zero matrix; for `radius` also a nilpotent one) cannot be
    rescaled: the result is not a number. Where the radius is tiny beside the norm, as for a
    random matrix of rank one, $u v^T$ with $u \\cdot v \\approx 0$, matching it makes entries huge.

    Raises:
        ValueError: none or several sizes, a negative one, no matrix of finite numbers, or one
            whose size is zero; inside `jit` the last two give what is not a number.

    >>> rescale(jnp.array([[3.0, 4.0]]), fro=10.0).round(4).tolist()
    [[6.0, 8.0]]
    """
    given = {"fro": fro, "spectral": spectral, "radius": radius}
    given = {name: size for name, size in given.items() if size is not None}
    if len(given) != 1:
        raise ValueError(f"rescale is given {sorted(given)}; allowed: one of fro, spectral, radius")
    ((match, target),) = given.items()
    require(match, target, low=0, shape=())
    w = matrix("w", w)
    w = w / power_of_two(w)
    have = matrix_size(w, match)
    if not is_traced(have) and not float(have) > 0:
        raise ValueError(f"the matrix has {match} 0; allowed: a matrix that can be rescaled")
    return w * (jnp.asarray(target, w.dtype) / have)


def truncate_svd(
    w: Float[Array, "m n"], rank: Count, match: str | None = "fro"
) -> Float[Array, "m n"]:
    """The matrix of rank at most `rank` nearest to `w`, brought back to the size of `w`.

    Singular values beyond the rank are set to zero, by a mask, so that `rank` may be traced: one
    program serves all ranks.

    Args:
        w: (m, n).
        rank: from 1 to min(m, n); a traced one outside gives the nearest in effect, and 0 or less
            gives what `rescale` gives for a zero matrix.
        match: what is kept: "fro" (the Frobenius norm, as in the official code of
            liu2024connectivity), "spectral" (already kept by truncation), "radius", or None.

    Raises:
        ValueError: no matrix of finite numbers, a rank outside the range, another match; a radius
            of a matrix that is not square, or one that truncation makes zero.

    Source: the official code of liu2024connectivity, for "fro".

    >>> w = truncate_svd(jnp.diag(jnp.array([4.0, 3.0])), 1)
    >>> w.round(6).tolist()
    [[5.0, 0.0], [0.0, 0.0]]
    """
    w = matrix("w", w)
    require("rank", rank, low=1, high=min(w.shape), integer=True, shape=())
    require("match", match, choices=MATCHES)
    if match == "radius":
        matrix("w", w, square=True)
    left, values, right = jnp.linalg.svd(w, full_matrices=False)
    kept = jnp.where(jnp.arange(values.size) < rank, values, jnp.zeros_like(values))
    low = (left * kept[None, :]) @ right
    if match is None or match == "spectral":
        return low
    return rescale(low, **{match: matrix_size(w, match)})
