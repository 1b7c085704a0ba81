"""Activation functions as values: what a kernel needs to know about a nonlinearity.

An `Activation` is frozen and hashable, so that it can be a static argument of `jax.jit`. It is
`scale * f(z) + shift` with a base function f, which may bring its dual in closed form.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from scipy.optimize import brentq

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require, unknown
from theorylab.ntk import closed_duals as closed

Elementwise = Callable[[Array], Array]

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


@dataclass(frozen=True)
class Activation:
    """A nonlinearity $\\varphi(z) = \\text{scale}\\cdot f(z) + \\text{shift}$.

    Args:
        name: for messages and legends.
        fn: the base function f, elementwise.
        dfn: its derivative f' away from `kinks`; automatic differentiation if left out.
        kinks: where f or one of its derivatives jumps.
        jumps: f itself jumps, so that the network has no neural tangent kernel.
        rule: the Gaussian averages of f in closed form, if known.
        scale, shift: Python numbers.
        coefficients: of f in normalised Hermite polynomials, where f is a polynomial.

    Two activations are equal if all of these are; custom functions are compared by identity.

    Raises:
        ValueError: scale or shift not finite.

    >>> swish = Activation("swish", jax.nn.silu)
    >>> round(float(swish(jnp.array(1.0))), 4)
    0.7311
    """

    name: str
    fn: Elementwise
    dfn: Elementwise | None = None
    kinks: tuple[float, ...] = ()
    jumps: bool = False
    rule: closed.Rule | None = None
    scale: float = 1.0
    shift: float = 0.0
    coefficients: tuple[float, ...] | None = None

    def __post_init__(self):
        require("scale", self.scale)
        require("shift", self.shift)

    def __call__(self, z: ArrayLike) -> Float[Array, "..."]:
        """$\\varphi(z)$."""
        return self.scale * self.fn(as_float(z)) + self.shift

    def derivative(self, z: ArrayLike) -> Float[Array, "..."]:
        """$\\varphi'(z)$ away from the kinks."""
        z = as_float(z)
        if self.dfn is not None:
            return self.scale * self.dfn(z)
        return self.scale * jax.jvp(self.fn, (z,), (jnp.ones_like(z),))[1]

    def scaled(self, factor: float) -> "Activation":
        """$\\text{factor}\\cdot\\varphi$."""
        require("factor", factor)
        factor = float(factor)
        return replace(self, scale=factor * self.scale, shift=factor * self.shift)

    def centered(self, q: float = 1.0) -> "Activation":
        """$\\varphi - E\\varphi(\\sqrt q z)$: mean zero under a Gaussian of variance q.

        >>> from theorylab.ntk import get_activation, moments
        >>> abs(float(moments(get_activation("relu").centered()).mean)) < 1e-15
        True
        """
        from theorylab.ntk.hermite import moments

        return replace(self, shift=self.shift - moments(self, q).mean)

    def normalized(self, q: float = 1.0) -> "Activation":
        """$\\varphi / \\sqrt{E\\varphi(\\sqrt q z)^2}$: unit second moment at variance q.

        Raises:
            ValueError: $\\varphi$ vanishes almost everywhere.

        >>> from theorylab.ntk import get_activation
        >>> round(get_activation("relu").normalized().scale, 6)
        1.414214
        """
        from theorylab.ntk.hermite import moments

        square = moments(self, q).square
        if not square > 0:
            raise ValueError(f"{self.name} has second moment {square}; allowed: above 0")
        return self.scaled(1 / math.sqrt(square))


@lru_cache
def _leaky(slope: float) -> Activation:
    return Activation(
        f"leaky_relu({slope:g})",
        lambda z: jnp.where(z > 0, z, slope * z),
        lambda z: jnp.where(z > 0, 1.0, slope).astype(z.dtype),
        kinks=(0.0,),
        rule=closed.kinked_linear((1 - slope) / 2, (1 + slope) / 2),
    )


@lru_cache
def _rectified_power(k: int) -> Activation:
    power = {
        0: lambda z: (z > 0).astype(z.dtype),
        1: lambda z: jnp.maximum(z, 0.0),
    }.get(k, lambda z: jnp.maximum(z, 0.0) ** k)
    slope = {
        0: jnp.zeros_like,
        1: lambda z: (z > 0).astype(z.dtype),
    }.get(k, lambda z: k * jnp.maximum(z, 0.0) ** (k - 1))
    name = {0: "step", 1: "relu"}.get(k, f"rect_power:{k}")
    rule = closed.kinked_linear(0.5, 0.5) if k == 1 else closed.rectified_power(k)
    return Activation(name, power, slope, kinks=(0.0,), jumps=k == 0, rule=rule)


@lru_cache
def _absolute() -> Activation:
    return Activation("abs", jnp.abs, jnp.sign, (0.0,), rule=closed.kinked_linear(1.0, 0.0))


@lru_cache
def _sign() -> Activation:
    return Activation("sign", jnp.sign, jnp.zeros_like, (0.0,), jumps=True, rule=closed.SIGN)


@lru_cache
def _erf(rate: float) -> Activation:
    return Activation(
        "erf" if rate == 1 else f"erf({rate:g})",
        lambda z: jax.scipy.special.erf(rate * z),
        lambda z: 2 * rate / math.sqrt(math.pi) * jnp.exp(-((rate * z) ** 2)),
        rule=closed.error_function(rate),
    )


@lru_cache
def _gelu() -> Activation:
    ndtr = jax.scipy.special.ndtr
    return Activation(
        "gelu",
        lambda z: z * ndtr(z),
        lambda z: ndtr(z) + z * jnp.exp(-(z**2) / 2) / math.sqrt(2 * math.pi),
        rule=closed.GELU,
    )


@lru_cache
def _sinusoid(name: str, rate: float, phase: float) -> Activation:
    return Activation(
        name if rate == 1 else f"{name}({rate:g})",
        (lambda z: jnp.cos(rate * z)) if name == "cos" else (lambda z: jnp.sin(rate * z + phase)),
        (lambda z: -rate * jnp.sin(rate * z))
        if name == "cos"
        else (lambda z: rate * jnp.cos(rate * z + phase)),
        rule=closed.sinusoid(rate, phase),
    )


@lru_cache
def _exp(rate: float) -> Activation:
    return Activation(
        "exp" if rate == 1 else f"exp({rate:g})",
        lambda z: jnp.exp(rate * z),
        lambda z: rate * jnp.exp(rate * z),
        rule=closed.exponential(rate),
    )


@lru_cache
def _gaussian(rate: float) -> Activation:
    return Activation(
        "gaussian" if rate == 1 else f"gaussian({rate:g})",
        lambda z: jnp.exp(-rate * z**2),
        lambda z: -2 * rate * z * jnp.exp(-rate * z**2),
        rule=closed.gaussian(rate),
    )


@lru_cache
def _elu(name: str, scale: float, alpha: float) -> Activation:
    below = lambda z: jnp.minimum(z, 0.0)  # noqa: E731
    return Activation(
        name,
        lambda z: jnp.where(z > 0, z, alpha * jnp.expm1(below(z))),
        lambda z: jnp.where(z > 0, 1.0, alpha * jnp.exp(below(z))),
        kinks=(0.0,),
        scale=scale,
    )


@lru_cache
def _smooth(name: str) -> Activation:
    sigmoid = jax.nn.sigmoid
    fn, dfn = {
        "tanh": (jnp.tanh, lambda z: 1 / jnp.cosh(z) ** 2),
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
        "silu": (jax.nn.silu, lambda z: sigmoid(z) * (1 + z * sigmoid(-z))),
        "softplus": (jax.nn.softplus, sigmoid),
    }[name]
    return Activation(name, fn, dfn)


_NAMES = {
    "relu": lambda: _rectified_power(1),
    "leaky_relu": lambda slope=0.01: _leaky(float(slope)),
    "abs": _absolute,
    "erf": lambda rate=1.0: _erf(_rate(rate)),
    "gelu": _gelu,
    "sin": lambda rate=1.0, phase=0.0: _sinusoid("sin", _rate(rate), float(phase)),
    "cos": lambda rate=1.0: _sinusoid("cos", _rate(rate), math.pi / 2),
    "exp": lambda rate=1.0: _exp(_rate(rate)),
    "gaussian": lambda rate=1.0: _gaussian(_rate(rate)),
    "tanh": lambda: _smooth("tanh"),
    "sigmoid": lambda: _smooth("sigmoid"),
    "silu": lambda: _smooth("silu"),
    "softplus": lambda: _smooth("softplus"),
    "elu": lambda alpha=1.0: _elu("elu", 1.0, float(alpha)),
    "selu": lambda: _elu("selu", _SELU_SCALE, _SELU_ALPHA),
    "sign": _sign,
    "step": lambda: _rectified_power(0),
}


def _rate(rate):
    return float(require("rate", rate, above=0.0))


def get_activation(name: str | Activation, *parameters: float, **named: float) -> Activation:
    """The activation of that name, the same object at every call.

    `relu`, `leaky_relu(slope)`, `abs`, `erf(rate)`, `gelu`, `sin(rate, phase)`, `cos(rate)`,
    `exp(rate)`, `gaussian(rate)` = exp(-rate z^2), `tanh`, `sigmoid`, `silu`, `softplus`,
    `elu(alpha)`, `selu`, `sign`, `step`; also `rect_power:k` = max(z, 0)^k and `hermite:k`, the
    normalised Hermite polynomial h_k. An `Activation` is returned as it is.

    Raises:
        ValueError: an unknown name, with the near ones; a rate that is not positive.
        TypeError: a parameter that the activation does not have.

    >>> get_activation("leaky_relu", 0.1).name
    'leaky_relu(0.1)'
    >>> get_activation("sin") is get_activation("sin", 1.0)
    True
    """
    if isinstance(name, Activation):
        return name
    family, _, degree = name.partition(":")
    if degree:
        if family not in ("rect_power", "hermite") or not degree.isdigit():
            raise ValueError(f"name is {name!r}; allowed with a colon: 'rect_power:k', 'hermite:k'")
        k = int(degree)
        if family == "rect_power":
            return _rectified_power(k)
        return hermite_activation([0.0] * k + [1.0])
    if family not in _NAMES:
        raise ValueError(unknown("activation", name, [*_NAMES, "rect_power:k", "hermite:k"]))
    return _NAMES[family](*parameters, **named)


@references("daniely2016toward")
def hermite_activation(coefficients: Sequence[float]) -> Activation:
    """$\\varphi = \\sum_i a_i h_i$ in normalised probabilists' Hermite polynomials.

    Its dual is $\\check\\varphi(\\xi) = \\sum_i a_i^2 \\xi^i$.

    Args:
        coefficients: $a_0, a_1, \\dots$, concrete numbers.

    Raises:
        ValueError: no coefficients, or one that is not finite.

    >>> h2 = hermite_activation([0.0, 0.0, 1.0])  # (z^2 - 1) / sqrt(2)
    >>> round(float(h2(jnp.array(2.0))), 6)
    2.12132
    """
    require("coefficients", coefficients, shape=(None,))
    require("number of coefficients", len(coefficients), low=1)
    require("coefficients", coefficients)
    return _hermite(tuple(float(a) for a in coefficients))


@lru_cache
def _hermite(a: tuple[float, ...]) -> Activation:
    def evaluate(weights, z):
        """Clenshaw's recurrence for h_{n+1} = (z h_n - sqrt(n) h_{n-1}) / sqrt(n + 1)."""
        last = after = jnp.zeros_like(z)
        for n in range(len(weights) - 1, 0, -1):
            back = math.sqrt((n + 1) / (n + 2)) * after
            last, after = weights[n] + z * last / math.sqrt(n + 1) - back, last
        return weights[0] + z * last - math.sqrt(0.5) * after

    slopes = tuple(math.sqrt(n) * a[n] for n in range(1, len(a))) or (0.0,)
    used = [i for i, value in enumerate(a) if value]
    name = f"hermite:{used[0]}" if len(used) == 1 and a[used[0]] == 1 else f"hermite{a}"
    return Activation(
        name,
        lambda z: evaluate(a, z),
        lambda z: evaluate(slopes, z),
        rule=closed.hermite_sum(a),
        coefficients=a,
    )


def polynomial(coefficients: Sequence[float]) -> Activation:
    """$\\varphi(z) = \\sum_j b_j z^j$.

    Raises:
        ValueError: no coefficients, or one that is not finite.

    >>> square = polynomial([0.0, 0.0, 1.0])
    >>> [round(a, 6) for a in square.coefficients]
    [1.0, 0.0, 1.414214]
    """
    require("coefficients", coefficients, shape=(None,))
    require("number of coefficients", len(coefficients), low=1)
    require("coefficients", coefficients)
    a = [0.0] * len(coefficients)
    for j, b in enumerate(coefficients):
        for m in range(j // 2 + 1):
            i = j - 2 * m
            a[i] += (
                float(b)
                * math.factorial(j)
                / (math.factorial(m) * 2**m * math.sqrt(math.factorial(i)))
            )
    return hermite_activation(a)


@references("radhakrishnan2023wide")
def optimal_activation(
    d: int, family: str = "hermite", signs: Sequence[int] | None = None
) -> Activation:
    """An activation whose infinitely deep limit is a consistent classifier on the d-sphere.

    The exponent of its singular kernel is $\\alpha = d$, the intrinsic dimension; data live in
    d + 1 coordinates.

    * "hermite": $(h_1+h_7)/\\sqrt2$ for d = 1; else
      $2^{-d/4}(h_1+h_3) + \\sqrt{1-2^{1-d/2}}\\,h_2$.
    * "sine": $\\sin(\\sqrt a z)$, normalised, with a from
      $\\log(\\sinh(a)/a) = (d/2)\\log(a\\coth a)$; bounded, for d at least 2.

    Args:
        d: intrinsic dimension, at least 1.
        family: "hermite" or "sine".
        signs: +1 or -1 for each Hermite term, in order of degree. They leave the dual unchanged,
            not the stability of the variance at finite width.

    Raises:
        ValueError: d below 1 (below 2 for the sine), an unknown family, signs that do not fit.

    Source: radhakrishnan2023wide; the exponents are claims of the derivation `ntk/optimal`.

    >>> optimal_activation(2).name
    'hermite(0.0, 0.7071067811865476, 0.0, 0.7071067811865476)'
    """
    require("d", d, low=1, integer=True)
    require("family", family, choices=("hermite", "sine"))
    if family == "sine":
        if signs is not None:
            raise ValueError(f"signs is {signs!r}; allowed: None for the sine family")
        require("d", d, low=2, integer=True)
        return get_activation("sin", math.sqrt(_sine_rate(int(d)))).normalized()
    if d == 1:
        a = [0.0, math.sqrt(0.5), *[0.0] * 5, math.sqrt(0.5)]
    else:
        a = [0.0, 2 ** (-d / 4), math.sqrt(max(1 - 2 ** (1 - d / 2), 0.0)), 2 ** (-d / 4)]
    if signs is not None:
        used = [i for i, value in enumerate(a) if value]
        if len(signs) != len(used) or any(s not in (-1, 1) for s in signs):
            raise ValueError(f"signs is {signs!r}; allowed: {len(used)} numbers, each +1 or -1")
        for i, s in zip(used, signs, strict=True):
            a[i] *= s
    return hermite_activation(a)


@lru_cache
def _sine_rate(d: int) -> float:
    def miss(a):
        log_sinh = a + math.log(-math.expm1(-2 * a) / 2)
        return log_sinh - math.log(a) - d / 2 * math.log(a / math.tanh(a))

    return float(brentq(miss, 1e-2, 20.0 * d, xtol=1e-15, rtol=1e-15))
