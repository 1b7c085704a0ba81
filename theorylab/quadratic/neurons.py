"""The quadratic neuron and its relatives, as pure functions of their parameters.

A layer of quadratic neurons maps x (din,) to

$$z = (x W_r + b_r) \\odot (x W_g + b_g) + (x \\odot x) W_b + c,$$

with kernels (din, dout) and biases (dout,). The other variants drop, tie or free some of these
terms; the table of their formulas is `FORMULAS`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.arrays import Scalar
from theorylab.lab.require import require, whole


class QuadraticParams(NamedTuple):
    """The parameters of a layer; a variant leaves at None what it does not have.

    Attributes:
        kernel_r, bias_r: of the conventional factor, (din, dout) and (dout,).
        kernel_g, bias_g: of the gating factor.
        kernel_b: of the squared inputs, (din, dout).
        bias_c: constant, (dout,).
        kernel_c: of a further linear term, (din, dout); only "quadralib".
        kernel_q: one full quadratic form for each neuron, (dout, din, din); only "full".
    """

    kernel_r: Float[Array, "din dout"] | None = None
    bias_r: Float[Array, " dout"] | None = None
    kernel_g: Float[Array, "din dout"] | None = None
    bias_g: Float[Array, " dout"] | None = None
    kernel_b: Float[Array, "din dout"] | None = None
    bias_c: Float[Array, " dout"] | None = None
    kernel_c: Float[Array, "din dout"] | None = None
    kernel_q: Float[Array, "dout din din"] | None = None


FORMULAS: Mapping[str, str] = MappingProxyType(
    {
        "linear": "x W_r + b_r",
        "square": "(x W_r + b_r)^2",
        "type2": "x^2 W_b + c",
        "compact": "x W_r + b_r + x^2 W_b",
        "product": "(x W_r + b_r)(x W_g + b_g)",
        "qres": "(x W_r)(x W_g) + x W_r + b_r",
        "quadralib": "(x W_r + b_r)(x W_g + b_g) + x W_c + c",
        "fan": "(x W_r + b_r)(x W_g + b_g) + x^2 W_b + c",
        "full": "x^T Q x + x W_r + b_r",
    }
)
VARIANTS = tuple(FORMULAS)
INITS = ("relinear", "relinear_perturbed", "he_all", "he_all_open", "torch_default", "small")

_PARTS = {
    "linear": ("kernel_r", "bias_r"),
    "square": ("kernel_r", "bias_r"),
    "type2": ("kernel_b", "bias_c"),
    "compact": ("kernel_r", "bias_r", "kernel_b"),
    "product": ("kernel_r", "bias_r", "kernel_g", "bias_g"),
    "qres": ("kernel_r", "bias_r", "kernel_g"),
    "quadralib": ("kernel_r", "bias_r", "kernel_g", "bias_g", "kernel_c", "bias_c"),
    "fan": ("kernel_r", "bias_r", "kernel_g", "bias_g", "kernel_b", "bias_c"),
    "full": ("kernel_r", "bias_r", "kernel_q"),
}
_NEAR = ("relinear", "relinear_perturbed")
_NO_REFERENCE = ("square", "type2")  # no choice of their parameters is a conventional neuron


def parts_of(variant: str) -> tuple[str, ...]:
    """The names of the parameters that a variant has.

    Raises:
        ValueError: there is no such variant.

    >>> parts_of("product")
    ('kernel_r', 'bias_r', 'kernel_g', 'bias_g')
    """
    return _PARTS[require("variant", variant, choices=VARIANTS)]


@references("fan2023expressivity")
def quadratic_apply(
    params: QuadraticParams, x: Float[Array, "*batch din"], variant: str = "fan"
) -> Float[Array, "*batch dout"]:
    """The layer before its activation: the formula of the variant (`FORMULAS`).

    Args:
        params: kernels (din, dout), biases (dout,).
        x: inputs, (..., din).

    Raises:
        ValueError: there is no such variant, or it needs a parameter that is None.

    >>> w, b = jnp.array([[1.0], [-1.0]]), jnp.zeros(1)
    >>> xor = QuadraticParams(w, b, w, b, jnp.zeros((2, 1)), b)  # (x1 - x2)^2
    >>> quadratic_apply(xor, jnp.array([[0.0, 1.0], [1.0, 1.0]])).tolist()
    [[1.0], [0.0]]
    """
    _check(params, variant)
    return _FORWARD[variant](params, x)


def init_quadratic(
    key: PRNGKeyArray,
    din: int,
    dout: int,
    variant: str = "fan",
    init: str = "relinear",
    *,
    eps: Scalar = 0.0,
    std: Scalar = 0.01,
    dtype=None,
) -> QuadraticParams:
    """Draw the parameters of a layer. Kernels not named below are drawn like the others.

    - "relinear": $W_r$ is He normal, variance 2/din; what is not in a conventional neuron is at
      the reference $W_g = 0$, $b_g = 1$, $W_b = 0$, $c = 0$.
    - "relinear_perturbed": the same, and $W_g$, $W_b$ normal with variance $2\\epsilon^2$/din.
    - "he_all": every kernel He normal, every bias 0. The gate is closed, $b_g = 0$.
    - "he_all_open": the same with $b_g = 1$.
    - "torch_default": every parameter uniform on $\\pm 1/\\sqrt{\\mathrm{din}}$.
    - "small": every kernel normal with standard deviation `std`, every bias 0.

    Args:
        din, dout: inputs and neurons.
        eps: $\\epsilon$, at least 0; only "relinear_perturbed".
        std: above 0; only "small".
        dtype: of the parameters; default: the default precision.

    Raises:
        ValueError: an argument is not allowed; or "relinear" for "square" or "type2", which
            contain no conventional neuron.

    Source: the initialisation is that of fan2023expressivity ("referenced linear").

    >>> init_quadratic(jax.random.key(0), 3, 2).bias_g.tolist()
    [1.0, 1.0]
    """
    parts_of(variant)
    require("init", init, choices=INITS)
    din, dout = whole("din", din, low=1), whole("dout", dout, low=1)
    require("eps", eps, low=0.0)
    require("std", std, above=0.0)
    if init in _NEAR and variant in _NO_REFERENCE:
        raise ValueError(
            f"init is {init!r} for {variant!r}, which contains no conventional neuron; "
            f"allowed: one of {', '.join(INITS[2:])}"
        )
    dtype = jnp.zeros(()).dtype if dtype is None else jnp.dtype(dtype)
    eps, std = jnp.asarray(eps, dtype), jnp.asarray(std, dtype)
    return _draw(key, eps, std, din, dout, variant, init)


def _draw(key, eps, std, din, dout, variant, init):
    # Draws do not depend on the variant, so that W_r is the same for all.
    weights, forms = jax.random.split(key)
    dtype = eps.dtype
    names = [name for name in parts_of(variant) if name != "kernel_q"]
    if init == "torch_default":
        drawn = _all_parts(jax.random.uniform(weights, (4, din + 1, dout), dtype, -1.0, 1.0))
        values = {name: drawn[name] / din**0.5 for name in names}
    else:
        drawn = _all_parts(jax.random.normal(weights, (4, din + 1, dout), dtype))
        wide = std if init == "small" else jnp.asarray((2.0 / din) ** 0.5, dtype)
        narrow = {"relinear": 0 * wide, "relinear_perturbed": eps * wide}.get(init, wide)
        values = {}
        for name in names:
            if name.startswith("kernel"):
                values[name] = (wide if name == "kernel_r" else narrow) * drawn[name]
            else:
                gate = name == "bias_g" and init in (*_NEAR, "he_all_open")
                values[name] = jnp.full(dout, 1.0 if gate else 0.0, dtype)
    if variant == "full":
        shape = (dout, din, din)
        if init == "torch_default":
            values["kernel_q"] = jax.random.uniform(forms, shape, dtype, -1.0, 1.0) / din**0.5
        else:
            values["kernel_q"] = narrow * jax.random.normal(forms, shape, dtype)
    return QuadraticParams(**values)


def _all_parts(drawn: Array) -> dict[str, Array]:
    parts = dict(zip("rgbc", drawn, strict=True))
    kernels = {f"kernel_{part}": value[:-1] for part, value in parts.items()}
    return kernels | {f"bias_{part}": value[-1] for part, value in parts.items()}


def reference(params: QuadraticParams) -> QuadraticParams:
    """The nearest conventional layer: $W_g = 0$, $b_g = 1$, all other quadratic terms 0.

    >>> params = init_quadratic(jax.random.key(0), 3, 2, init="he_all")
    >>> bool(jnp.all(reference(params).bias_g == 1)), bool(jnp.all(reference(params).kernel_b == 0))
    (True, True)
    """
    values = params._asdict()
    for name, value in values.items():
        if value is not None and name not in ("kernel_r", "bias_r"):
            values[name] = jnp.ones_like(value) if name == "bias_g" else jnp.zeros_like(value)
    return QuadraticParams(**values)


def conventional(
    kernel: Float[Array, "din dout"], bias: Float[Array, " dout"], variant: str = "fan"
) -> QuadraticParams:
    """The parameters with which a variant is exactly the conventional layer $x W + b$.

    Raises:
        ValueError: "square" and "type2", which contain none.
    """
    din, dout = kernel.shape
    params = init_quadratic(jax.random.key(0), din, dout, variant, dtype=kernel.dtype)
    return params._replace(kernel_r=kernel, bias_r=bias)


def squared(kernel: Float[Array, "din dout"], bias: Float[Array, " dout"]) -> QuadraticParams:
    """The parameters with which the neuron is exactly the square $(x W + b)^2$."""
    zero = jnp.zeros_like(kernel)
    return QuadraticParams(kernel, bias, kernel, bias, zero, jnp.zeros_like(bias))


def forms(
    params: QuadraticParams, variant: str = "fan"
) -> tuple[Float[Array, "dout din din"], Float[Array, "dout din"], Float[Array, " dout"]]:
    """The layer as quadratic forms, $z = x^T A x + \\beta^T x + \\kappa$ for each neuron.

    For "fan", $A = \\tfrac12 (w_r w_g^T + w_g w_r^T) + \\mathrm{diag}(w_b)$,
    $\\beta = b_r w_g + b_g w_r$ and $\\kappa = b_r b_g + c$. These, and not the parameters, are
    what two layers must share to be the same function.

    Returns:
        A symmetric (dout, din, din), beta (dout, din), kappa (dout,).

    Source: derived here.

    >>> w, b = jnp.array([[1.0], [-1.0]]), jnp.zeros(1)
    >>> forms(squared(w, b))[0][0].tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    kernel = params.kernel_b if params.kernel_r is None else params.kernel_r
    zero = jnp.zeros(kernel.shape[0], kernel.dtype)

    def layer(x):
        return quadratic_apply(params, x, variant)

    return jax.hessian(layer)(zero) / 2, jax.jacobian(layer)(zero), layer(zero)


@references("fan2023expressivity")
def polarize(
    params: QuadraticParams,
) -> tuple[QuadraticParams, Float[Array, "wide dout"], Float[Array, " dout"]]:
    """A "fan" layer as squares followed by a linear map: $4uv = (u+v)^2 - (u-v)^2$.

    Returns:
        parameters of a "square" layer of width 2 dout + din, and the kernel and bias of the
        linear map from there to dout.

    Source: derived here.

    >>> params = init_quadratic(jax.random.key(0), 3, 2, init="he_all")
    >>> square, kernel, bias = polarize(params)
    >>> x = jnp.array([[1.0, 2.0, 3.0]])
    >>> wide = quadratic_apply(square, x, "square") @ kernel + bias[None]
    >>> bool(jnp.allclose(wide, quadratic_apply(params, x), rtol=1e-5))
    True
    """
    _check(params, "fan")
    din, dout = params.kernel_r.shape
    eye, dtype = jnp.eye(din, dtype=params.kernel_r.dtype), params.kernel_r.dtype
    kernel = jnp.hstack([params.kernel_r + params.kernel_g, params.kernel_r - params.kernel_g, eye])
    bias = jnp.hstack(
        [params.bias_r + params.bias_g, params.bias_r - params.bias_g, jnp.zeros(din, dtype)]
    )
    quarter = jnp.eye(dout, dtype=dtype) / 4
    return (
        QuadraticParams(kernel_r=kernel, bias_r=bias),
        jnp.vstack([quarter, -quarter, params.kernel_b]),
        params.bias_c,
    )


def _check(params: QuadraticParams, variant: str) -> None:
    missing = [name for name in parts_of(variant) if getattr(params, name) is None]
    if missing:
        raise ValueError(f"params lacks {', '.join(missing)}; allowed: all that {variant!r} needs")


def _affine(x: Array, kernel: Array, bias: Array) -> Array:
    y = x @ kernel
    return y + jnp.broadcast_to(bias, y.shape)


def _r(p: QuadraticParams, x: Array) -> Array:
    return _affine(x, p.kernel_r, p.bias_r)


def _product(p: QuadraticParams, x: Array) -> Array:
    return _r(p, x) * _affine(x, p.kernel_g, p.bias_g)


def _qres(p: QuadraticParams, x: Array) -> Array:
    linear = x @ p.kernel_r
    y = linear * (x @ p.kernel_g) + linear
    return y + jnp.broadcast_to(p.bias_r, y.shape)


_FORWARD: dict[str, Callable[[QuadraticParams, Array], Array]] = {
    "linear": _r,
    "square": lambda p, x: _r(p, x) ** 2,
    "type2": lambda p, x: _affine(x * x, p.kernel_b, p.bias_c),
    "compact": lambda p, x: _r(p, x) + (x * x) @ p.kernel_b,
    "product": _product,
    "qres": _qres,
    "quadralib": lambda p, x: _product(p, x) + _affine(x, p.kernel_c, p.bias_c),
    "fan": lambda p, x: _product(p, x) + _affine(x * x, p.kernel_b, p.bias_c),
    "full": lambda p, x: jnp.einsum("...i,kij,...j->...k", x, p.kernel_q, x) + _r(p, x),
}
