"""Symbols and small functions that the chapter's derivations share."""

from functools import cache

from sympy import (
    Function,
    Integer,
    Rational,
    Symbol,
    binomial,
    expand,
    factorial,
    factorial2,
    hermite_prob,
    sqrt,
    symbols,
)

xi = Symbol("xi", positive=True)  # correlation of two inputs
eps = Symbol("varepsilon", positive=True)  # 1 - xi
u = Symbol("u", positive=True)  # distance of two inputs on the sphere
mean = Symbol("B'", positive=True)  # slope of the dual at 1
p_0, p_1, p_2, p_3, p_4 = symbols("p_0 p_1 p_2 p_3 p_4", positive=True)
gamma, alpha = symbols("gamma alpha", positive=True)
d = Symbol("d", positive=True)
sigma, scale = symbols("sigma a", positive=True)
z = Symbol("z", real=True)
L = Symbol("L", integer=True, nonnegative=True)
N = Symbol("N", integer=True, nonnegative=True)
i, j, k, l = (Symbol(name, integer=True, nonnegative=True) for name in "ijkl")

dual = Function(r"\check{\varphi}", positive=True)
weight = Function("p", positive=True)


class HermiteH(Function):
    """The normalised probabilists' Hermite polynomial `h_n(z) = He_n(z)/sqrt(n!)`."""

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, n, arg):
        """Written out where the degree is a number; 0 where it is negative."""
        if n.is_Integer and n < 0:
            return Integer(0)
        if n.is_Integer and n >= 0:
            return expand(hermite_prob(n, arg) / sqrt(factorial(n)))
        return None

    def _latex(self, printer, exp=None):
        n, arg = map(printer._print, self.args)
        return rf"h_{{{n}}}({arg})" if exp is None else rf"h_{{{n}}}({arg})^{{{exp}}}"


class HermitePair(Function):
    """`E[h_i(u) h_j(v)]` for unit Gaussians of correlation rho, by their moments."""

    nargs = 3
    is_real = True

    @classmethod
    def eval(cls, m, n, rho):
        """Written out where both degrees are numbers."""
        if m.is_Integer and n.is_Integer and m >= 0 and n >= 0:
            return _pair(int(m), int(n), rho)
        return None

    def _latex(self, printer, exp=None):
        m, n = (printer._print(arg) for arg in self.args[:2])
        text = rf"\E\big[h_{{{m}}}(u)\,h_{{{n}}}(v)\big]"
        return text if exp is None else rf"{text}^{{{exp}}}"


class HermiteTriple(Function):
    """`E[z h_i(z) h_j(z)]` for a unit Gaussian, by its moments."""

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, m, n):
        """Written out where both degrees are numbers."""
        if m.is_Integer and n.is_Integer and m >= 0 and n >= 0:
            return _triple(int(m), int(n))
        return None

    def _latex(self, printer, exp=None):
        m, n = map(printer._print, self.args)
        text = rf"\E\big[z\,h_{{{m}}}(z)\,h_{{{n}}}(z)\big]"
        return text if exp is None else rf"{text}^{{{exp}}}"


def moment(n):
    """`E z^n` for a unit Gaussian: `(n-1)!!` for even n, 0 for odd n."""
    return factorial2(n - 1) if n % 2 == 0 else Integer(0)


@cache
def coefficients(n):
    """The coefficients of `He_n` by power."""
    arg = Symbol("arg")
    poly = hermite_prob(n, arg).as_poly(arg)
    return tuple((power[0], value) for power, value in poly.terms())


def _pair(m, n, rho):
    """With `v = rho u + sqrt(1 - rho^2) g`, expanded into moments of u and g."""
    total = Integer(0)
    for power, value in coefficients(m):
        for other, factor in coefficients(n):
            for g in range(0, other + 1, 2):
                total += (
                    value
                    * factor
                    * binomial(other, g)
                    * rho ** (other - g)
                    * (1 - rho**2) ** Rational(g, 2)
                    * moment(g)
                    * moment(power + other - g)
                )
    return expand(total / sqrt(factorial(m) * factorial(n)))


@cache
def _triple(m, n):
    total = sum(
        value * factor * moment(power + other + 1)
        for power, value in coefficients(m)
        for other, factor in coefficients(n)
    )
    return Integer(total) / sqrt(factorial(m) * factorial(n))
