"""Dual activations in closed form: steps and rectifiers, the error function, sine and cosine."""

from sympy import (
    Derivative,
    Function,
    Integer,
    Rational,
    Symbol,
    acos,
    asin,
    cosh,
    coth,
    exp,
    expand,
    factorial,
    factorial2,
    gamma,
    gammasimp,
    pi,
    simplify,
    sinh,
    sqrt,
)

from theorylab.ntk.derivations.symbols import coefficients, k, scale, sigma, xi
from theorylab.symbolic import (
    Derivation,
    Enumerate,
    Integers,
    Interval,
    Limit,
    Rewrite,
    Series,
    SolvesODE,
)

_step, _relu, _abs, _erf, _sine, _cosine = (
    Function(f"kappa_{name}", real=True)(xi) for name in ("0", "1", "abs", "erf", "sin", "cos")
)
_mean_erf, _mean_sine, _mean_cosine = (
    Function(f"M_{name}", real=True)(xi) for name in ("erf", "sin", "cos")
)
_leak, _tau = Symbol("b", positive=True), Symbol("tau", positive=True)
_C_minus, _C_plus = Symbol("C_-", positive=True), Symbol("C_+", positive=True)
_NONE = Integer(0)

DUALS = Derivation(
    "ntk/duals",
    title="Dual activations in closed form",
    about=(
        "For the usual activations the dual is an elementary function. Price's theorem gives it "
        "without double integrals: the derivative of the dual is the dual of the derivative, and "
        "after one or two differentiations only the Gaussian density is left."
    ),
    domain={
        xi: Interval(0, 1),
        scale: Interval(Rational(1, 10), 6),
        sigma: Interval(Rational(1, 10), 4),
        _leak: Interval(0, 1),
        _tau: Interval(Rational(1, 100), Rational(99, 100)),
        k: Integers(1, 8),
        _C_minus: Interval(0, 1),
        _C_plus: Interval(0, 1),
        **dict.fromkeys(
            (_step, _relu, _abs, _erf, _sine, _cosine, _mean_erf, _mean_sine, _mean_cosine),
            Interval(0, 1),
        ),
    },
)


class ReluCoefficient(Function):
    """`E[sqrt(2) max(z, 0) h_n(z)]`, by moments on the half line."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, n):
        """Written out where the degree is a number."""
        if not n.is_Integer or n < 0:
            return None
        total = sum(value * _half_moment(power + 1) for power, value in coefficients(int(n)))
        return gammasimp(sqrt(2) * total / sqrt(factorial(n)))

    def _latex(self, printer, exp=None):
        text = rf"\E\big[\sqrt{{2}}\,\max(z, 0)\,h_{{{printer._print(self.args[0])}}}(z)\big]"
        return text if exp is None else rf"{text}^{{{exp}}}"


def _half_moment(power):
    return Integer(2) ** Rational(power, 2) * gamma(Rational(power + 1, 2)) / (2 * sqrt(pi))


def _rectifiers(d: Derivation) -> None:
    d.assume(
        "price-step",
        Derivative(_step, xi),
        1 / (pi * sqrt(1 - xi**2)),
        why="Price's theorem for the step $\\sqrt2\\,\\Theta(z)$: its derivative is a delta "
        "function, and the mean of a product of two is twice the joint density at the origin.",
        source="cho2009kernel",
    )
    d.assume(
        "step-at-zero",
        _step.func(_NONE),
        Rational(1, 2),
        why="For uncorrelated inputs, the squared mean of the step.",
    )
    d.step(
        "step",
        _step,
        (pi - acos(xi)) / pi,
        by=SolvesODE(xi),
        using=("price-step", "step-at-zero"),
        why="The dual of the step: the share of directions that see both inputs on the same side, "
        "doubled. It is the arc-cosine kernel of order 0.",
        source="cho2009kernel",
    )
    d.assume(
        "price-relu",
        Derivative(_relu, xi),
        _step,
        why="Price's theorem for $\\sqrt2\\max(z,0)$, whose derivative is the step.",
        source="cho2009kernel",
    )
    d.assume(
        "relu-at-zero",
        _relu.func(_NONE),
        1 / pi,
        why="The squared mean of $\\sqrt2\\max(z,0)$.",
    )
    d.step(
        "relu",
        _relu,
        (sqrt(1 - xi**2) + xi * (pi - acos(xi))) / pi,
        by=SolvesODE(xi),
        using=("price-relu", "step", "relu-at-zero"),
        why="The dual of the rectifier is the arc-cosine kernel of order 1.",
        source="cho2009kernel",
    )
    d.step(
        "relu-slope-at-one",
        Derivative(_relu, xi),
        1,
        by=Limit(xi, 1, dir="-"),
        using=("price-relu", "step"),
        why="Rectifiers sit exactly at $B' = 1$.",
    )
    d.assume(
        "parts",
        _abs,
        2 * _relu - xi,
        why="$\\sqrt2\\max(z,0) = (|z| + z)/\\sqrt2$, and even and odd functions are uncorrelated: "
        "the dual of the rectifier is the mean of those of $|z|$ and $z$.",
    )
    d.step(
        "absolute",
        _abs,
        2 * (sqrt(1 - xi**2) + xi * asin(xi)) / pi,
        by=Rewrite(how=lambda e: expand(e.rewrite(asin))),
        using=("parts", "relu"),
        why="The dual of $|z|$.",
    )
    d.step(
        "leaky-relu",
        ((1 + _leak) ** 2 * xi + (1 - _leak) ** 2 * _abs) / (2 + 2 * _leak**2),
        ((1 + _leak) ** 2 * xi + 2 * (1 - _leak) ** 2 * (sqrt(1 - xi**2) + xi * asin(xi)) / pi)
        / (2 + 2 * _leak**2),
        by=Rewrite(),
        using=("absolute",),
        why="A leaky rectifier with slope $b$ below 0 is $\\frac{1+b}2 z + \\frac{1-b}2 |z|$; the "
        "denominator is twice its mean square, times two.",
    )


def _coefficients(d: Derivation) -> None:
    d.step(
        "relu-coefficients",
        ReluCoefficient(2 * k),
        (-1) ** (k + 1) * factorial2(2 * k - 3) / sqrt(pi * factorial(2 * k)),
        by=Enumerate({k: range(1, 7)}, how=simplify),
        why="Hermite coefficients of the normalised rectifier, from moments on the half line. "
        "Those of odd degree vanish from 3 on, since the odd part of the rectifier is linear.",
    )
    d.step(
        "relu-series",
        (sqrt(1 - xi**2) + xi * (pi - acos(xi))) / pi,
        1 / pi
        + xi / 2
        + xi**2 / (2 * pi)
        + xi**4 / (24 * pi)
        + xi**6 / (80 * pi)
        + 5 * xi**8 / (896 * pi),
        by=Series(xi, 0, order=9),
        why="The squares of these coefficients are the Taylor coefficients of the dual.",
    )


def _error_function(d: Derivation) -> None:
    width = 2 * sigma**2
    d.assume(
        "price-erf",
        Derivative(_mean_erf, xi),
        4 * sigma**2 / (pi * sqrt((1 + width) ** 2 - width**2 * xi**2)),
        why="Price's theorem for $\\operatorname{erf}(\\sigma z)$: its derivative is a Gaussian, "
        "and the mean of a product of two Gaussians is $\\frac{4\\sigma^2}{\\pi}\\det(I + "
        "2\\sigma^2\\Sigma)^{-1/2}$ with the covariance $\\Sigma$ of $u$ and $v$.",
        source="williams1997computing",
    )
    d.assume("erf-at-zero", _mean_erf.func(_NONE), 0, why="An odd activation has mean zero.")
    d.assume(
        "tau",
        _tau,
        width / (1 + width),
        why="Between 0 and 1: how far the activation is from linear.",
    )
    d.step(
        "erf-mean",
        _mean_erf,
        2 * asin(width * xi / (1 + width)) / pi,
        by=SolvesODE(xi),
        using=("price-erf", "erf-at-zero"),
        why="The mean of $\\operatorname{erf}(\\sigma u)\\operatorname{erf}(\\sigma v)$.",
        source="williams1997computing",
    )
    d.assume(
        "erf-normalised",
        _erf,
        _mean_erf * pi / (2 * asin(width / (1 + width))),
        why="Divided by its value for equal inputs.",
    )
    d.step(
        "erf",
        _erf,
        asin(_tau * xi) / asin(_tau),
        by=Rewrite(),
        using=("erf-normalised", "erf-mean", "tau"),
        why="The dual of the normalised error function.",
    )
    d.step(
        "erf-slope",
        Derivative(asin(_tau * xi) / asin(_tau), xi),
        _tau / (asin(_tau) * sqrt(1 - _tau**2 * xi**2)),
        by=Rewrite(),
        why="Its slope; at 0 this is $p_1$, at 1 it is $B'$.",
    )


def _sine_and_cosine(d: Derivation) -> None:
    d.assume(
        "difference",
        _C_minus,
        exp(-scale * (1 - xi)),
        why="$\\E\\cos(\\sqrt a\\,(u-v))$: the mean cosine of a Gaussian of variance $2(1-\\xi)$.",
    )
    d.assume(
        "sum",
        _C_plus,
        exp(-scale * (1 + xi)),
        why="$\\E\\cos(\\sqrt a\\,(u+v))$, of variance $2(1+\\xi)$.",
    )
    for name, mean, normalised, sign, form in (
        ("sine", _mean_sine, _sine, -1, sinh),
        ("cosine", _mean_cosine, _cosine, 1, cosh),
    ):
        d.assume(
            f"{name}-product",
            mean,
            (_C_minus + sign * _C_plus) / 2,
            why=f"The mean product of two {name}s, from the cosines of sum and difference.",
        )
        d.step(
            f"{name}-mean",
            mean,
            exp(-scale) * form(scale * xi),
            by=Rewrite(how=lambda e: expand(e.rewrite(exp))),
            using=(f"{name}-product", "difference", "sum"),
            why=f"The dual of the {name} of $\\sqrt a\\,z$ before normalisation.",
        )
        d.assume(
            f"{name}-normalised",
            normalised,
            mean / (exp(-scale) * form(scale)),
            why="Divided by its value for equal inputs.",
        )
        d.step(
            name,
            normalised,
            form(scale * xi) / form(scale),
            by=Rewrite(),
            using=(f"{name}-normalised", f"{name}-mean"),
            why=f"The dual of the normalised {name}.",
        )
    d.step(
        "sine-slope-at-zero",
        Derivative(sinh(scale * xi) / sinh(scale), xi),
        scale / sinh(scale),
        by=Limit(xi, 0),
        why="The coefficient $p_1$ of the sine.",
    )
    d.step(
        "sine-slope-at-one",
        Derivative(sinh(scale * xi) / sinh(scale), xi),
        scale * coth(scale),
        by=Limit(xi, 1, dir="-", how=_carried_out),
        why="The mean offspring $B'$ of the sine.",
    )


def _carried_out(expr):
    return expr.doit().rewrite(exp)


_rectifiers(DUALS)
_coefficients(DUALS)
_error_function(DUALS)
_sine_and_cosine(DUALS)
