"""How much training has changed a network: in its kernel, its representation, its weights.

Lazy learning leaves the tangent kernel and the representation where they were; rich learning turns
them. The cosines here ask for the direction only: a kernel that doubled is aligned with itself.
`kernel_change` asks for the size too, and may order networks the other way round.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk import centered_alignment

ParamFilter = Callable[[str], bool]


def _pair(names, a, b):
    a, b = as_float(a), as_float(b)
    for name, value in zip(names, (a, b), strict=True):
        require(name, value)
    return a, b.astype(a.dtype)


def _cosine(inner, a, b):
    size = a * b
    if not isinstance(size, jax.core.Tracer) and not float(size) > 0:
        raise ValueError("a kernel or representation is zero; allowed: one that is not")
    return inner / size


@references("liu2024connectivity", "george2022lazy")
def kernel_alignment(
    k0: Real[ArrayLike, "n n"], k1: Real[ArrayLike, "n n"], center: bool = False
) -> Float[Array, ""]:
    """Cosine of two kernels: $\\mathrm{Tr}(K_1 K_0) / (\\|K_1\\|_F \\|K_0\\|_F)$.

    One for kernels that differ by a factor; large: lazy.

    Args:
        k0, k1: symmetric, (n, n).
        center: centre both in feature space first (`theorylab.ntk.centered_alignment`);
            liu2024connectivity does not.

    Raises:
        ValueError: entries that are not finite, shapes that differ, a zero kernel.

    Source: liu2024connectivity, george2022lazy.

    >>> round(float(kernel_alignment(jnp.eye(2), jnp.diag(jnp.array([1.0, 0.0])))), 4)
    0.7071
    """
    require("center", center, choices=(False, True))
    if center:
        return centered_alignment(k0, k1)
    n = jnp.shape(k0)[0]
    for name, k in (("k0", k0), ("k1", k1)):
        require(name, k, shape=(n, n))
    k0, k1 = _pair(("k0", "k1"), k0, k1)
    return _cosine(jnp.sum(k0 * k1), jnp.linalg.norm(k0), jnp.linalg.norm(k1))


@references("liu2024connectivity", "kornblith2019similarity")
def representation_alignment(
    h0: Real[ArrayLike, "m n"], h1: Real[ArrayLike, "m k"], center: bool = False
) -> Float[Array, ""]:
    """Cosine of the Gram matrices $R = H H^T$ of two representations of the same m inputs.

    $$\\frac{\\mathrm{Tr}(R_1 R_0)}{\\|R_1\\|_F \\|R_0\\|_F}
      = \\frac{\\|H_1^T H_0\\|_F^2}{\\|H_1^T H_1\\|_F \\|H_0^T H_0\\|_F}$$

    Without centring the mean activity, which all inputs share, weighs much and the value is close
    to one. With centring it is linear CKA, another quantity: they can disagree, and neither should
    be called by the other's name.

    Args:
        h0, h1: (m, n) and (m, k): one row for each input.
        center: subtract the mean over inputs.

    Raises:
        ValueError: entries that are not finite, numbers of inputs that differ, zero matrices.

    Source: liu2024connectivity; kornblith2019similarity, equation (8), with centring.

    >>> h = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> round(float(representation_alignment(h, 3.0 * h @ jnp.array([[0.0, 1.0], [1.0, 0.0]]))), 4)
    1.0
    """
    require("center", center, choices=(False, True))
    require("h1", h1, shape=(jnp.shape(h0)[0], None))
    h0, h1 = _pair(("h0", "h1"), h0, h1)
    if center:
        h0, h1 = (h - h.mean(axis=0, keepdims=True) for h in (h0, h1))
    sizes = [jnp.linalg.norm(h.T @ h) for h in (h0, h1)]
    return _cosine(jnp.sum((h1.T @ h0) ** 2), *sizes)


@references("kornblith2019similarity")
def linear_cka(h0: Real[ArrayLike, "m n"], h1: Real[ArrayLike, "m k"]) -> Float[Array, ""]:
    """Linear centred kernel alignment: `representation_alignment` with centring.

    Source: kornblith2019similarity, equation (8).

    >>> h = jnp.array([[1.0, 5.0], [-1.0, 5.0], [0.0, 5.0]])
    >>> round(float(linear_cka(h, h[:, :1])), 4)
    1.0
    """
    return representation_alignment(h0, h1, center=True)


def kernel_change(
    k0: Real[ArrayLike, "n n"], k1: Real[ArrayLike, "n n"], relative: bool = True
) -> Float[Array, ""]:
    """Distance of two kernels, $\\|K_1 - K_0\\|_F$, over $\\|K_0\\|_F$ if `relative`.

    Raises:
        ValueError: as in `kernel_alignment`.

    >>> float(kernel_change(jnp.eye(2), 3.0 * jnp.eye(2)))
    2.0
    """
    require("relative", relative, choices=(False, True))
    require("k1", k1, shape=jnp.shape(k0))
    k0, k1 = _pair(("k0", "k1"), k0, k1)
    change = jnp.linalg.norm(k1 - k0)
    return _cosine(change, jnp.linalg.norm(k0), jnp.ones_like(change)) if relative else change


def selected(params: PyTree, param_filter: ParamFilter | None) -> list[bool]:
    """For each leaf whether its path ("layer/kernel") passes the filter; all do without one.

    Raises:
        ValueError: no leaf passes.

    >>> selected({"a": {"w": jnp.ones(2)}, "b": jnp.ones(1)}, lambda path: path.startswith("a/"))
    [True, False]
    """
    leaves = jax.tree_util.tree_leaves_with_path(params)
    paths = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]
    chosen = [param_filter is None or bool(param_filter(path)) for path in paths]
    if not any(chosen):
        raise ValueError(f"param_filter lets none pass; allowed: some of {', '.join(paths)}")
    return chosen


def weight_change(
    p0: PyTree, p1: PyTree, param_filter: ParamFilter | None = None, relative: bool = False
) -> Float[Array, ""]:
    """Euclidean distance of two sets of parameters, over the length of the first if `relative`.

    Args:
        p0, p1: parameters of one structure.
        param_filter: from the path of a leaf, such as "layer/kernel", to whether it counts.

    Raises:
        ValueError: structures that differ, or a filter that lets nothing pass.

    >>> float(weight_change({"w": jnp.zeros(2)}, {"w": jnp.array([3.0, 4.0])}))
    5.0
    """
    require("relative", relative, choices=(False, True))
    if jax.tree.structure(p0) != jax.tree.structure(p1):
        raise ValueError("p1 has another structure than p0; allowed: parameters of one network")
    chosen = selected(p0, param_filter)

    def length(leaves):
        squares = [jnp.sum(w**2) for w, c in zip(leaves, chosen, strict=True) if c]
        return jnp.sqrt(sum(squares[1:], squares[0]))

    change = length(jax.tree.leaves(jax.tree.map(lambda a, b: b - a, p0, p1)))
    return change / length(jax.tree.leaves(p0)) if relative else change


@references("george2022lazy")
def sign_similarity(h0: Real[ArrayLike, "m n"], h1: Real[ArrayLike, "m n"]) -> Float[Array, ""]:
    """Share of entries, units times inputs, that have the same sign; a zero equals only a zero.

    For rectified rates it is the share of units that are silent, or active, in both.

    Raises:
        ValueError: shapes that differ.

    Source: george2022lazy.

    >>> float(sign_similarity(jnp.array([[1.0, 0.0]]), jnp.array([[2.0, 3.0]])))
    0.5
    """
    require("h1", h1, shape=jnp.shape(h0))
    h0, h1 = as_float(h0), as_float(h1)
    return jnp.mean((jnp.sign(h0) == jnp.sign(h1).astype(h0.dtype)).astype(h0.dtype))


@references("schuessler2024aligned")
def readout_correlation(h: Real[ArrayLike, "m n"], w: Real[ArrayLike, "n o"]) -> Float[Array, ""]:
    """Whether activity is aligned with the readout or oblique to it.

    $$\\rho = \\frac{\\|H W\\|_F}{\\|H\\|_F \\|W\\|_F}$$

    Args:
        h: activity, (m, n), one row for each input or time; centre it if its mean is not meant.
        w: output weights, (n, o).

    Raises:
        ValueError: shapes that do not fit, a zero matrix.

    Source: schuessler2024aligned.

    >>> float(readout_correlation(jnp.array([[2.0, 0.0]]), jnp.array([[3.0], [0.0]])))
    1.0
    """
    require("w", w, shape=(jnp.shape(h)[1], None))
    h, w = _pair(("h", "w"), h, w)
    return _cosine(jnp.linalg.norm(h @ w), jnp.linalg.norm(h), jnp.linalg.norm(w))
