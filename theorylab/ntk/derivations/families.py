"""Two families of activations that reach every exponent: sines above 1, error functions below."""

from sympy import (
    Derivative,
    Rational,
    Symbol,
    asin,
    cos,
    cosh,
    coth,
    expand_log,
    log,
    simplify,
    sin,
    sinh,
    sqrt,
    tan,
)

from theorylab.ntk.derivations.symbols import alpha, mean, p_1, scale
from theorylab.symbolic import Bound, Derivation, Interval, Limit, Rewrite

_theta, _tau, _c = (Symbol(name, positive=True) for name in ("theta", "tau", "c"))
_p, _n = Symbol("p", positive=True), Symbol("n", positive=True)

FAMILIES = Derivation(
    "ntk/families",
    title="Sines and error functions",
    about=(
        "The exponent can also be tuned continuously, by the frequency of a sine or the steepness "
        "of an error function. The first family covers exponents above one, the second those "
        "below; two old inequalities say so."
    ),
    domain={
        scale: Interval(Rational(1, 10), 9),
        _theta: Interval(Rational(1, 100), Rational(3, 2)),
        _tau: Interval(Rational(1, 100), Rational(99, 100)),
        _c: Interval(Rational(1, 10), 9),
        p_1: Interval(Rational(1, 100), 1),
        mean: Interval(Rational(101, 100), 9),
        alpha: Interval(Rational(1, 10), 9),
        _p: Interval(Rational(1, 100), Rational(99, 100)),
        _n: Interval(2, 9),
    },
)


def _exponents(d: Derivation) -> None:
    d.assume(
        "alpha",
        alpha,
        -2 * log(p_1) / log(mean),
        why="The exponent of the singular kernel, as derived from Schröder's equation; it needs "
        "$A = 0$, $0 < p_1 < 1$ and $B' > 1$.",
    )
    d.assume("sine-first", p_1, scale / sinh(scale), why="For the sine of $\\sqrt a\\,z$.")
    d.assume("sine-mean", mean, scale * coth(scale), why="For the sine.")
    d.step(
        "sine",
        alpha,
        2 * log(sinh(scale) / scale) / log(scale * coth(scale)),
        by=Rewrite(how=_one_logarithm),
        using=("alpha", "sine-first", "sine-mean"),
        why="The exponent of the sine family.",
    )


def _bounds(d: Derivation) -> None:
    d.step(
        "means",
        2 * _c / 3 + 1 / (3 * _c**2),
        1,
        relation=">=",
        by=Bound(certificate=(_c - 1) ** 2 * (2 * _c + 1) / (3 * _c**2)),
        why="The arithmetic mean of $c$, $c$ and $c^{-2}$ is at least their geometric mean.",
    )
    third = Rational(1, 3)
    d.step(
        "sine-slope",
        Derivative(sinh(scale) * cosh(scale) ** -third - scale, scale),
        2 * cosh(scale) ** (2 * third) / 3 + 1 / (3 * cosh(scale) ** (4 * third)) - 1,
        by=Rewrite(how=_squares),
        why="With $c = \\cosh^{2/3} a$ this is what the inequality of the means says is "
        "nonnegative, so that $\\sinh a\\,\\cosh^{-1/3} a > a$: Lazarević's inequality "
        "$\\sinh^3 a > a^3\\cosh a$, which is $\\alpha > 1$.",
    )
    d.step(
        "erf-slope",
        Derivative(sin(_theta) * cos(_theta) ** -third - _theta, _theta),
        2 * cos(_theta) ** (2 * third) / 3 + 1 / (3 * cos(_theta) ** (4 * third)) - 1,
        by=Rewrite(how=_squares),
        why="The same for the circular functions, with $c = \\cos^{2/3}\\theta$: "
        "$\\sin^3\\theta > \\theta^3\\cos\\theta$, which is $\\alpha < 1$ for the error function "
        "with $\\tau = \\sin\\theta$.",
    )
    d.step(
        "sine-excess",
        (sinh(scale) / scale) ** 2 / (scale * coth(scale)),
        sinh(scale) ** 3 / (scale**3 * cosh(scale)),
        by=Rewrite(how=_one_logarithm),
        why="The exponent is the ratio of the logarithms of $(\\sinh a/a)^2$ and $a\\coth a$. "
        "Their quotient exceeds 1 by Lazarević's inequality.",
    )
    d.assume("angle", _tau, sin(_theta), why="The steepness of the error function as an angle.")
    d.step(
        "erf",
        2 * log(asin(_tau) / _tau) / log(_tau / (asin(_tau) * sqrt(1 - _tau**2))),
        2 * log(_theta / sin(_theta)) / log(tan(_theta) / _theta),
        by=Rewrite(how=_angle),
        using=("angle",),
        why="The exponent of the error function in terms of this angle: between 0 and 1, by the "
        "inequality for the circular functions.",
    )


def _ends(d: Derivation) -> None:
    d.step(
        "two-terms",
        log(1 + (_n - 1) * (1 - _p)) / (-2 * log(_p)),
        (_n - 1) / 2,
        by=Limit(_p, 1, dir="-"),
        why="$1/\\alpha$ for two Hermite polynomials, of degree one and $n$, with the weights $p$ "
        "and $1-p$, when nearly all weight is on the first.",
    )


def _one_logarithm(expr):
    return simplify(expand_log(expr.rewrite(coth, cosh).replace(coth, _ratio), force=True))


def _ratio(argument):
    return cosh(argument) / sinh(argument)


def _squares(expr):
    """Even powers of a sine by cosines."""
    expr = expr.expand()
    expr = expr.subs(sinh(scale) ** 2, cosh(scale) ** 2 - 1)
    expr = expr.subs(sin(_theta) ** 2, 1 - cos(_theta) ** 2)
    return expr.expand()


def _angle(expr):
    expr = expr.replace(
        asin, lambda argument: _theta if argument == sin(_theta) else asin(argument)
    )
    expr = expr.subs(sqrt(1 - sin(_theta) ** 2), cos(_theta))
    return simplify(expr.replace(tan, lambda argument: sin(argument) / cos(argument)))


_exponents(FAMILIES)
_bounds(FAMILIES)
_ends(FAMILIES)
