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
from theorylab.lab.arrays import as_float, is_traced
from theorylab.lab.matrices import symmetric
from theorylab.lab.require import require
from theorylab.ntk import centered_alignment
from theorylab.rich_lazy.rescaling import matrix, power_of_two

ParamFilter = Callable[[str], bool]


def _unit(x):
    """The array over a power of two near its largest entry, for measures blind to size."""
    return x / power_of_two(x)


def _not_zero(name, size, rounding=0.0):
    if not is_traced(size) and not float(size) > rounding:
        raise ValueError(f"{name} is zero; allowed: not zero")
    return size


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
        ValueError: not symmetric matrices of finite numbers, shapes that differ, a zero kernel;
            inside `jit` a zero kernel gives what is not a number.

    Source: liu2024connectivity, george2022lazy.

    >>> round(float(kernel_alignment(jnp.eye(2), jnp.diag(jnp.array([1.0, 0.0])))), 4)
    0.7071
    """
    require("center", center, choices=(False, True))
    k0, k1 = (_unit(k) for k in _kernels(k0, k1))
    if center:
        return centered_alignment(k0, k1)
    size = jnp.linalg.norm(k0) * jnp.linalg.norm(k1)
    return jnp.sum(k0 * k1) / size


def _kernels(k0, k1):
    k0 = symmetric("k0", k0)
    k1 = symmetric("k1", k1, k0.shape[0]).astype(k0.dtype)
    for name, k in (("k0", k0), ("k1", k1)):
        _not_zero(name, jnp.max(jnp.abs(k), initial=0.0))
    return k0, k1


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
        ValueError: not matrices of finite numbers, numbers of inputs that differ, a representation
            that is zero, or with centring the same for all inputs; inside `jit` the last gives
            what is not a number, or what is left of rounding.

    Source: liu2024connectivity; kornblith2019similarity, equation (8), with centring.

    >>> h = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> round(float(representation_alignment(h, 3.0 * h @ jnp.array([[0.0, 1.0], [1.0, 0.0]]))), 4)
    1.0
    """
    require("center", center, choices=(False, True))
    h0 = matrix("h0", h0)
    require("h1", h1, shape=(h0.shape[0], None))
    h1 = matrix("h1", h1).astype(h0.dtype)
    h0, h1 = (_activity(name, h, center) for name, h in (("h0", h0), ("h1", h1)))
    sizes = [jnp.linalg.norm(h.T @ h) for h in (h0, h1)]
    return jnp.sum((h1.T @ h0) ** 2) / (sizes[0] * sizes[1])


def _activity(name, h, center):
    h = _unit(h)
    _not_zero(name, jnp.max(jnp.abs(h)))
    if not center:
        return h
    centred = h - h.mean(axis=0, keepdims=True)
    rounding = h.shape[0] * float(jnp.finfo(h.dtype).eps) * jnp.max(jnp.abs(h))
    _not_zero(f"{name}, once centred,", jnp.max(jnp.abs(centred)), rounding)
    return _unit(centred)


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
        ValueError: not symmetric matrices of finite numbers, shapes that differ; a zero first
            kernel if `relative`, which inside `jit` gives what is not finite.

    >>> float(kernel_change(jnp.eye(2), 3.0 * jnp.eye(2)))
    2.0
    """
    require("relative", relative, choices=(False, True))
    k0 = symmetric("k0", k0)
    k1 = symmetric("k1", k1, k0.shape[0]).astype(k0.dtype)
    unit = power_of_two(k0)
    k0, k1 = k0 / unit, k1 / unit
    change = jnp.linalg.norm(k1 - k0)
    return change / _not_zero("k0", jnp.linalg.norm(k0)) if relative else unit * change


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
        ValueError: structures or shapes that differ, parameters that are not finite, a filter that
            lets nothing pass, or no length before if `relative`.

    >>> float(weight_change({"w": jnp.zeros(2)}, {"w": jnp.array([3.0, 4.0])}))
    5.0
    """
    require("relative", relative, choices=(False, True))
    pairs = zip(parameter_pairs(p0, p1), selected(p0, param_filter), strict=True)
    before, after = zip(*(pair for pair, chosen in pairs if chosen), strict=True)
    dtype = jnp.result_type(*before, *after)
    before, after = ([w.astype(dtype) for w in leaves] for leaves in (before, after))
    largest = [jnp.max(jnp.abs(w), initial=0.0) for w in (*before, *after)]
    unit = power_of_two(jnp.stack(largest))

    def length(leaves):
        squares = [jnp.sum((w / unit) ** 2) for w in leaves]
        return jnp.sqrt(sum(squares[1:], squares[0]))

    change = length([b - a for a, b in zip(before, after, strict=True)])
    return change / _not_zero("p0", length(before)) if relative else unit * change


def parameter_pairs(p0: PyTree, p1: PyTree) -> list[tuple[Array, Array]]:
    """The leaves of two sets of parameters of one network, side by side, in floating point.

    Raises:
        ValueError: structures or shapes that differ, parameters that are not finite.

    >>> [(float(a), float(b)) for a, b in parameter_pairs({"w": 1.0}, {"w": 2.0})]
    [(1.0, 2.0)]
    """
    if jax.tree.structure(p0) != jax.tree.structure(p1):
        raise ValueError("p1 has another structure than p0; allowed: parameters of one network")
    pairs = []
    for (path, a), b in zip(
        jax.tree_util.tree_leaves_with_path(p0), jax.tree.leaves(p1), strict=True
    ):
        name = jax.tree_util.keystr(path, simple=True, separator="/")
        require(f"p0 {name}".strip(), a)
        require(f"p1 {name}".strip(), b, shape=jnp.shape(a))
        pairs.append((as_float(a), as_float(b)))
    return pairs


@references("george2022lazy")
def sign_similarity(h0: Real[ArrayLike, "m n"], h1: Real[ArrayLike, "m n"]) -> Float[Array, ""]:
    """Share of entries, units times inputs, that have the same sign; a zero equals only a zero.

    For rectified rates it is the share of units that are silent, or active, in both.

    Raises:
        ValueError: not matrices of finite numbers, shapes that differ.

    Source: george2022lazy.

    >>> float(sign_similarity(jnp.array([[1.0, 0.0]]), jnp.array([[2.0, 3.0]])))
    0.5
    """
    h0 = matrix("h0", h0)
    require("h1", h1, shape=h0.shape)
    h1 = matrix("h1", h1)
    return jnp.mean((jnp.sign(h0) == jnp.sign(h1).astype(h0.dtype)).astype(h0.dtype))


@references("schuessler2024aligned")
def readout_correlation(h: Real[ArrayLike, "m n"], w: Real[ArrayLike, "n o"]) -> Float[Array, ""]:
    """Whether activity is aligned with the readout or oblique to it.

    $$\\rho = \\frac{\\|H W\\|_F}{\\|H\\|_F \\|W\\|_F}$$

    Args:
        h: activity, (m, n), one row for each input or time; centre it if its mean is not meant.
        w: output weights, (n, o).

    Raises:
        ValueError: not matrices of finite numbers, shapes that do not fit, a zero matrix; inside
            `jit` the last gives what is not a number.

    Source: schuessler2024aligned.

    >>> float(readout_correlation(jnp.array([[2.0, 0.0]]), jnp.array([[3.0], [0.0]])))
    1.0
    """
    h = matrix("h", h)
    require("w", w, shape=(h.shape[1], None))
    w = matrix("w", w).astype(h.dtype)
    h, w = _unit(h), _unit(w)
    sizes = [_not_zero(name, jnp.linalg.norm(x)) for name, x in (("h", h), ("w", w))]
    return jnp.linalg.norm(h @ w) / (sizes[0] * sizes[1])
