"""Polynomials with rational coefficients and their real roots, without rounding.

A polynomial is a tuple of coefficients from the constant term up, without zeros at the end;
zero is (0,). A root is a square-free polynomial with an interval that contains no other root.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from itertools import zip_longest
from math import lcm

Polynomial = tuple[Fraction, ...]
ZERO: Polynomial = (Fraction(0),)


def add(*polynomials: Polynomial) -> Polynomial:
    """The sum.

    >>> add((Fraction(1), Fraction(2)), (Fraction(1), Fraction(-2)))
    (Fraction(2, 1),)
    """
    total = [sum(terms, Fraction(0)) for terms in zip_longest(*polynomials, fillvalue=Fraction(0))]
    while len(total) > 1 and total[-1] == 0:
        total.pop()
    return tuple(total)


def scale(factor: Fraction, p: Polynomial) -> Polynomial:
    """A number times a polynomial."""
    return tuple(factor * c for c in p) if factor else ZERO


def multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product.

    >>> multiply((Fraction(-1), Fraction(1)), (Fraction(1), Fraction(1)))
    (Fraction(-1, 1), Fraction(0, 1), Fraction(1, 1))
    """
    if not (any(p) and any(q)):
        return ZERO
    out = [Fraction(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        if a:
            for j, b in enumerate(q):
                out[i + j] += a * b
    return tuple(out)


def value(p: Polynomial, x: Fraction) -> Fraction:
    """The polynomial at a rational number, by Horner's rule.

    >>> value((Fraction(1), Fraction(0), Fraction(2)), Fraction(1, 2))
    Fraction(3, 2)
    """
    total = Fraction(0)
    for c in reversed(p):
        total = total * x + c
    return total


def integers(p: Polynomial) -> tuple[int, ...]:
    """The polynomial times the least common denominator of its coefficients.

    >>> integers((Fraction(1, 2), Fraction(1, 3)))
    (3, 2)
    """
    common = lcm(*(c.denominator for c in p))
    return tuple(int(c * common) for c in p)


def sign_at(p: tuple[int, ...], x: Fraction) -> int:
    """Sign of a polynomial with whole coefficients, in whole numbers: much faster than `value`.

    >>> sign_at((-2, 0, 1), Fraction(3, 2)), sign_at((-2, 0, 1), Fraction(1))
    (1, -1)
    """
    total, power = 0, 1
    for c in reversed(p):
        total = total * x.numerator + c * power
        power *= x.denominator
    return (total > 0) - (total < 0)


@dataclass(frozen=True)
class RealRoot:
    """A real algebraic number: the only root of `poly` between two rational numbers.

    Attributes:
        poly: square-free, with whole coefficients from the constant term up.
        low, high: equal where the root is known to be this rational number; else the root lies
            strictly between.
    """

    poly: tuple[int, ...]
    low: Fraction
    high: Fraction

    def halved(self) -> "RealRoot":
        """The same root in an interval of half the length."""
        if self.low == self.high:
            return self
        middle = (self.low + self.high) / 2
        at = sign_at(self.poly, middle)
        if at == 0:
            return RealRoot(self.poly, middle, middle)
        # Just right of `low`, which may itself be another root, the sign is that of the slope.
        slope = tuple(k * c for k, c in enumerate(self.poly))[1:]
        if at == (sign_at(self.poly, self.low) or sign_at(slope, self.low)):
            return RealRoot(self.poly, middle, self.high)
        return RealRoot(self.poly, self.low, middle)

    def __float__(self) -> float:
        root = self
        while root.high - root.low > Fraction(1, 2**60) * max(1, abs(root.low)):
            root = root.halved()
        return float((root.low + root.high) / 2)


def rational(x: Fraction) -> RealRoot:
    """A rational number as a root."""
    return RealRoot((-x.numerator, x.denominator), x, x)


def compare(a: RealRoot, b: RealRoot) -> int:
    """-1, 0 or 1 as a is less than, equal to or greater than b; always decided.

    >>> two = (Fraction(-2), Fraction(0), Fraction(1))
    >>> root, same = real_roots(two)[1], real_roots(multiply(two, two))[1]
    >>> compare(root, same), compare(root, rational(Fraction(1414213562, 10**9)))
    (0, 1)
    """
    if _equal(a, b):
        return 0
    a, b = separated(a, b)
    return -1 if a.high < b.low else 1


def separated(a: RealRoot, b: RealRoot) -> tuple[RealRoot, RealRoot]:
    """Two different numbers in intervals with a gap between them."""
    while a.high >= b.low and b.high >= a.low:
        if a.high - a.low > b.high - b.low:
            a = a.halved()
        else:
            b = b.halved()
    return a, b


def _equal(a: RealRoot, b: RealRoot) -> bool:
    if a.low == a.high or b.low == b.high:
        if b.low != b.high:
            a, b = b, a
        inside = a.low < b.low < a.high or a.low == b.low == a.high
        return inside and sign_at(a.poly, b.low) == 0
    low, high = max(a.low, b.low), min(a.high, b.high)
    if low >= high:
        return False
    common = _poly(a.poly).gcd(_poly(b.poly))
    if common.degree() == 0:
        return False
    ends = sum(common.eval(_number(end)) == 0 for end in (low, high))
    return bool(common.count_roots(_number(low), _number(high)) > ends)


def real_roots(
    p: Polynomial, left: RealRoot | None = None, right: RealRoot | None = None
) -> list[RealRoot]:
    """The different real roots strictly between two numbers, in order.

    By continued fractions (SymPy). `sturm_count` counts them in another way.

    >>> len(real_roots((Fraction(0), Fraction(-1), Fraction(0), Fraction(1))))
    3
    """
    if len(p) < 2:
        return []
    part = _poly(integers(p)).sqf_part()
    found = part.intervals(
        inf=None if left is None else _number(left.low),
        sup=None if right is None else _number(right.high),
        sqf=True,
    )
    coefficients = tuple(int(c) for c in reversed(part.all_coeffs()))
    roots = [RealRoot(coefficients, _fraction(low), _fraction(high)) for low, high in found]
    return [
        root
        for root in roots
        if (left is None or compare(left, root) < 0) and (right is None or compare(root, right) < 0)
    ]


def merged_roots(lists: Iterable[list[RealRoot]]) -> list[RealRoot]:
    """All roots of several lists in order, each once."""
    ordered = sorted((root for roots in lists for root in roots), key=cmp_to_key(compare))
    kept: list[RealRoot] = []
    for root in ordered:
        if not kept or compare(kept[-1], root):
            kept.append(root)
    return kept


def point_between(left: RealRoot | None, right: RealRoot | None) -> Fraction:
    """A rational number strictly between two different numbers (None: without limit)."""
    if left is None and right is None:
        return Fraction(0)
    if left is None:
        return right.low - 1
    if right is None:
        return left.high + 1
    left, right = separated(left, right)
    return (left.high + right.low) / 2


def sturm_count(p: Polynomial, low: Fraction | None = None, high: Fraction | None = None) -> int:
    """Number of different real roots from low to high, by Sturm's theorem.

    >>> sturm_count((Fraction(-2), Fraction(0), Fraction(1)), Fraction(0), Fraction(2))
    1
    """
    if len(p) < 2:
        return 0
    ends = [None if end is None else _number(end) for end in (low, high)]
    return int(_poly(integers(p)).sqf_part().count_roots(*ends))


def _poly(p: tuple[int, ...]):
    from sympy import ZZ, Poly, Symbol

    return Poly(list(reversed(p)), Symbol("x"), domain=ZZ)


def _number(x: Fraction):
    from sympy import Rational

    return Rational(x.numerator, x.denominator)


def _fraction(x) -> Fraction:
    return Fraction(int(x.p), int(x.q))
