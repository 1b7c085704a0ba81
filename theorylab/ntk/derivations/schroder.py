"""The singular profile: Schröder's equation, its exponent, and what oscillates in it."""

from sympy import (
    Function,
    Integer,
    Matrix,
    Rational,
    Sum,
    Symbol,
    binomial,
    expand_log,
    expand_power_base,
    log,
    powsimp,
    simplify,
    symbols,
)

from theorylab.ntk.derivations.symbols import alpha, eps, gamma, k, mean, p_1, u, xi
from theorylab.symbolic import Derivation, Enumerate, Integers, Interval, Inverse, Rewrite, Series

_p2, _p3, _c2, _c3, _C, _b, _D = symbols("p_2 p_3 c_2 c_3 C b D", positive=True)
_slope = Symbol("A'", positive=True)
_x = Symbol("x", real=True)
_R = Function("P", positive=True)
_c = Function("c", positive=True)
_n = Symbol("n", integer=True, positive=True)

SCHRODER = Derivation(
    "ntk/schroder",
    title="The singular profile",
    about=(
        "If the activation has mean zero but its derivative does not, every layer multiplies a "
        "small correlation by the same factor. Rescaled, the kernels converge to a function that "
        "is infinite at equal inputs: a singular kernel, whose exponent is read off from two "
        "numbers."
    ),
    domain={
        xi: Interval(0, 1),
        eps: Interval(Rational(1, 1000), 1),
        u: Interval(Rational(1, 100), 1),
        p_1: Interval(Rational(1, 20), Rational(19, 20)),
        _p2: Interval(0, 1),
        _p3: Interval(0, 1),
        _c2: Interval(0, 3),
        _c3: Interval(0, 3),
        _C: Interval(Rational(1, 2), 2),
        mean: Interval(Rational(11, 10), 5),
        gamma: Interval(Rational(1, 10), 5),
        alpha: Interval(Rational(1, 10), 9),
        _b: Interval(Rational(1, 10), 3),
        _D: Interval(Rational(1, 10), 3),
        _slope: Interval(Rational(1, 10), Rational(9, 10)),
        _x: Interval(-3, 3),
        _R: Interval(Rational(1, 2), 2),
        _c: Interval(0, 3),
        _n: Integers(1, 8),
        k: Integers(1, 8),
    },
)


def _series(d: Derivation) -> None:
    d.assume(
        "coefficients",
        Matrix([_c2, _c3]),
        Matrix(
            [
                _p2 / (p_1 * (1 - p_1)),
                (_p3 + 2 * _p2**2 / (1 - p_1)) / (p_1 * (1 - p_1**2)),
            ]
        ),
        why="The first coefficients of the profile. Each follows from those before it, because "
        "$p_1 - p_1^n$ does not vanish.",
    )

    def profile(value):
        return value + _c2 * value**2 + _c3 * value**3

    d.step(
        "series",
        profile(p_1 * xi + _p2 * xi**2 + _p3 * xi**3),
        p_1 * profile(xi),
        by=Series(xi, 0, order=4),
        using=("coefficients",),
        why="Schröder's equation $\\psi(\\check\\varphi(\\xi)) = p_1\\psi(\\xi)$, coefficient by "
        "coefficient: it has exactly one power series with $\\psi = \\xi + O(\\xi^2)$.",
        source="athreya1972branching",
    )
    d.step(
        "series-eight",
        Sum(_c(k) * PowerCoefficient(k, _n), (k, 1, _n)),
        _c(_n) / 2,
        by=Enumerate({_n: range(1, 9)}, functions={_c: lambda n: _PLANE[int(n) - 1]}),
        why="The same to order eight for $\\check\\varphi = (\\xi+\\xi^3)/2$, whose profile is "
        "$\\xi + \\frac43\\xi^3 + \\frac{16}{15}\\xi^5 + \\dots$.",
    )


def _exponent(d: Derivation) -> None:
    d.assume(
        "power",
        p_1,
        mean**-gamma,
        why="Near equal inputs a layer multiplies $\\varepsilon = 1-\\xi$ by $B'$, and Schröder's "
        "equation wants the profile to be multiplied by $p_1$.",
    )
    d.step(
        "power-law",
        _C * (mean * eps) ** -gamma,
        p_1 * _C * eps**-gamma,
        by=Rewrite(how=_powers),
        using=("power",),
        why="A power law does this, if its exponent is right.",
    )
    d.step(
        "exponent",
        gamma,
        -log(p_1) / log(mean),
        by=Inverse(how=_logarithms),
        using=("power",),
        why="The exponent of the profile in $\\varepsilon$.",
    )
    d.assume(
        "distance", eps, u**2 / 2, why="On the sphere, $1 - \\xi$ is half the squared distance."
    )
    d.assume("twice", alpha, 2 * gamma, why="The exponent in the distance $u$.")
    d.step(
        "in-distance",
        _C * eps**-gamma,
        2**gamma * _C * u**-alpha,
        by=Rewrite(how=_powers),
        using=("distance", "twice"),
        why="In terms of the distance the exponent is twice as large.",
    )
    d.step(
        "alpha",
        alpha,
        -2 * log(p_1) / log(mean),
        by=Rewrite(),
        using=("twice", "exponent"),
        why="The exponent of the singular kernel, from two numbers of the dual.",
        source="radhakrishnan2023wide",
    )
    d.assume("derivative", p_1, _slope**2, why="$p_1$ is the squared mean of the derivative.")
    d.step(
        "alpha-moments",
        alpha,
        -4 * log(_slope) / log(mean),
        by=Rewrite(how=_logarithms),
        using=("alpha", "derivative"),
        why="The same from the moments $A' = \\E\\varphi'$ (for $A' > 0$) and $B' = "
        "\\E\\varphi'^2$.",
        source="radhakrishnan2023wide",
    )


def _oscillation(d: Derivation) -> None:
    d.assume(
        "periodic",
        _R(_x + 1),
        _R(_x),
        why="A positive factor of period 1 in $x = \\log\\varepsilon/\\log B'$.",
    )
    d.step(
        "log-periodic",
        _C * mean ** (-gamma * (_x + 1)) * _R(_x + 1),
        p_1 * _C * mean ** (-gamma * _x) * _R(_x),
        by=Rewrite(how=_powers),
        using=("power", "periodic"),
        why="Schröder's equation near 1 does not fix the constant: any factor that is periodic in "
        "the logarithm of the distance may stand in front of the power, and in general one does.",
    )
    d.assume(
        "correction",
        _b,
        gamma * _D / (mean * (mean - 1)),
        why="The next coefficient, with $D = \\check\\varphi''(1)/2$.",
    )
    d.step(
        "next-order",
        (mean - _D * eps) ** -gamma * (1 - _b * eps * (mean - _D * eps)),
        mean**-gamma * (1 - _b * eps),
        by=Series(eps, 0, order=2, how=simplify),
        using=("correction",),
        why="Put $\\psi = C\\varepsilon^{-\\gamma}(1 - b\\varepsilon)$ and $1-\\check\\varphi = "
        "B'\\varepsilon - D\\varepsilon^2$ into Schröder's equation and divide by "
        "$C\\varepsilon^{-\\gamma}$: to first order it holds.",
    )


class PowerCoefficient(Function):
    """The coefficient of `xi**n` in the k-th power of `(xi + xi**3)/2`."""

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, power, n):
        """Written out where both are numbers: the binomial theorem."""
        if not (power.is_Integer and n.is_Integer):
            return None
        cubes = Rational(n - power, 2)
        whole = cubes.is_Integer and 0 <= cubes <= power
        return binomial(power, cubes) / 2**power if whole else Integer(0)

    def _latex(self, printer, exp=None):
        power, n = map(printer._print, self.args)
        return rf"[\xi^{{{n}}}]\,\check\varphi(\xi)^{{{power}}}"


def _solved(order):
    """Coefficients of the profile for (xi + xi^3)/2, each from those before."""
    values = [Integer(1)]
    for n in range(2, order + 1):
        known = sum(
            value * PowerCoefficient(Integer(power), Integer(n))
            for power, value in enumerate(values, start=1)
        )
        values.append(known / (Rational(1, 2) - Rational(1, 2) ** n))
    return values


def _powers(expr):
    return simplify(powsimp(expand_power_base(expr, force=True), force=True))


def _logarithms(expr):
    return simplify(expand_log(expr, force=True))


_PLANE = _solved(8)
_series(SCHRODER)
_exponent(SCHRODER)
_oscillation(SCHRODER)
