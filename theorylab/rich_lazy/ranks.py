"""Effective rank: how many directions a matrix uses, by five definitions that disagree.

With singular values $s_1 \\ge s_2 \\ge \\dots$ and eigenvalues $\\lambda_i$, sorted by modulus, of
an n x n (or m x n) matrix:

| kind | definition | Gaussian n x n, large n |
|---|---|---|
| "eig" | $\\sum_i \\lvert\\lambda_i\\rvert / \\lvert\\lambda_1\\rvert$ | $2n/3$ |
| "pr" | $(\\sum s^2)^2 / \\sum s^4$ | $n/2$ |
| "stable" | $\\sum s^2 / s_1^2$ | $n/4$ |
| "nuclear" | $\\sum s / s_1$ | $4n/(3\\pi)$ |
| "entropy" | $\\exp(-\\sum p\\log p)$, $p = s/\\sum s$ | |

"eig" over n is the definition of liu2024connectivity; "pr" is what the theorem of this chapter is
about; "entropy" is that of roy2007effective. A random matrix of full rank is not flat: its
participation ratio is half of what a multiple of an orthogonal matrix has.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.rich_lazy.rescaling import MATCHES, eigenvalues, matrix, matrix_size

RANKS = ("eig", "pr", "stable", "nuclear", "entropy")


@references("liu2024connectivity", "roy2007effective")
def effective_rank(
    w: Float[Array, "m n"], kind: str = "eig", normalize: bool = False
) -> Float[Array, ""]:
    """The effective rank of a matrix; see the table of `theorylab.rich_lazy.ranks`.

    Args:
        w: (m, n); square for "eig".
        kind: one of `RANKS`.
        normalize: divide by min(m, n), so that it is at most 1.

    A zero matrix has effective rank 0 by every kind. A nilpotent matrix, such as a chain of units
    each of which drives the next, has no eigenvalue but 0: by "eig" its effective rank is 0, by
    the others up to n. Numerically that holds where the eigenvalues come out as zero beside the
    norm, as they do for triangular matrices; in another basis rounding $\\epsilon$ moves them to
    $\\epsilon^{1/k}$, k the index of nilpotency, and "eig" is then of no meaning.

    Raises:
        ValueError: another kind, no matrix of finite numbers, one that is not square for "eig".

    Source: liu2024connectivity for "eig" (in the form that reviewers of it quote),
    roy2007effective for "entropy".

    >>> w = jnp.diag(jnp.array([2.0, 1.0, 1.0, 0.0]))
    >>> [round(float(effective_rank(w, kind)), 3) for kind in RANKS]
    [2.0, 2.0, 1.5, 2.0, 2.828]
    """
    require("kind", kind, choices=RANKS)
    require("normalize", normalize, choices=(False, True))
    w = matrix("w", w, square=kind == "eig")
    s = jnp.linalg.svd(w, compute_uv=False)
    top = s[0]
    s = s / jnp.where(top > 0, top, jnp.ones_like(top))
    if kind == "eig":
        value = _by_eigenvalues(w, top)
    elif kind == "pr":
        value = _over(jnp.sum(s**2) ** 2, jnp.sum(s**4))
    elif kind == "stable":
        value = jnp.sum(s**2)
    elif kind == "nuclear":
        value = jnp.sum(s)
    else:
        p = _over(s, jnp.sum(s))
        logs = jnp.log(jnp.where(p > 0, p, jnp.ones_like(p)))
        value = jnp.exp(-jnp.sum(p * logs))
    value = jnp.where(top > 0, value, jnp.zeros_like(value))
    return value / min(w.shape) if normalize else value


def _by_eigenvalues(w, norm):
    sizes = jnp.abs(eigenvalues(w))
    largest = jnp.max(sizes)
    rounding = w.shape[0] * jnp.finfo(w.dtype).eps * norm
    return jnp.where(largest > rounding, _over(jnp.sum(sizes), largest), jnp.zeros_like(largest))


def _over(a, b):
    return a / jnp.where(b > 0, b, jnp.ones_like(b))


def rank_report(w: Float[Array, "n n"]) -> dict[str, Float[Array, ""]]:
    """All effective ranks of a square matrix, and its three sizes.

    Returns:
        A dictionary: the kinds of `RANKS`, then "fro", "spectral" and "radius".

    Raises:
        ValueError: not a square matrix of finite numbers.

    >>> report = rank_report(jnp.eye(3))
    >>> round(float(report["pr"]), 3), round(float(report["fro"]) ** 2, 3)
    (3.0, 3.0)
    """
    ranks = {kind: effective_rank(w, kind) for kind in RANKS}
    return ranks | {match: matrix_size(w, match) for match in MATCHES[:3]}
