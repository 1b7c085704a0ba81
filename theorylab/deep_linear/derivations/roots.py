"""Sums of fractions over the roots of unity, reduced exactly."""

from sympy import (
    Dummy,
    Sum,
    cancel,
    chebyshevt,
    cos,
    div,
    expand,
    minimal_polynomial,
    pi,
    rem,
    simplify,
)


def over_roots(variable):
    """A simplifier of `f(u) - sum of fractions over the angles 2 pi k/D, k < D`.

    Every cosine is a polynomial in c = cos(2 pi/D), and c is a root of a known polynomial; every
    denominator divides 1 - u**D modulo that polynomial. What is returned is the difference times
    1 - u**D, which is a polynomial.
    """

    def simplifier(expr):
        (total,) = expr.atoms(Sum)
        k, low, high = total.limits[0]
        depth, c = high + 1, Dummy("c")
        relation = minimal_polynomial(cos(2 * pi / depth), c)
        common = 1 - variable**depth
        rest = expand(simplify(expr.xreplace({total: 0}) * common))
        scale = expr.coeff(total)
        for number in range(low, depth):
            fraction = cancel(_at(total.function, k, number, depth, c, relation))
            numerator, denominator = fraction.as_numer_denom()
            quotient, remainder = div(common, denominator, variable)
            if rem(expand(remainder), relation, c) != 0:
                return expr
            rest += scale * expand(numerator * quotient)
        return rem(expand(rest), relation, c)

    return simplifier


def _at(expr, k, number, depth, c, relation):
    """The summand at one k, with its cosines as polynomials in c."""
    step = 2 * pi * k / depth

    def turn(angle):
        return rem(chebyshevt(simplify(angle / step) * number % depth, c), relation, c)

    return expr.replace(cos, turn).subs(k, number)
