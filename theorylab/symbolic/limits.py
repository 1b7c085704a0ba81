"""Limits: a counterexample is a gap that does not shrink; a proof is continuity or SymPy."""

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
from sympy import (
    Derivative,
    Dummy,
    Expr,
    Integer,
    Rational,
    limit,
    nan,
    oo,
    preorder_traversal,
    zoo,
)
from sympy.core.function import AppliedUndef
from sympy.functions import Heaviside, Piecewise, ceiling, floor, sign

from theorylab.symbolic.domain import Domain
from theorylab.symbolic.evaluate import samples
from theorylab.symbolic.items import Residual

_FAR = (Rational(1, 10**8), Rational(1, 10**16))  # distances, of the variable or of 1/variable
_NEAR = (Rational(1, 1000), Rational(1, 2000))
_DIGITS, _DIGITS_NEAR = (90, 140), (800, 1000)
_POINTS = 4


def limit_counterexample(residual: Residual, domain: Domain, seed: str) -> Any:
    """Look for a point where `lhs` settles away from `rhs` as the variable approaches.

    Far out, exponentials vanish in any number of digits, so that a gap there counts only if
    there is one nearby, too, where a thousand digits see them.
    """
    from theorylab.symbolic.decide import Evidence

    variable, point, _ = residual.limit
    infinite = residual.rhs.has(oo)
    nearby = None
    seen, largest = 0, mpmath.mpf(0)
    for number, (values, where) in enumerate(_values(residual, domain, seed, _FAR, _DIGITS)):
        first, second, goal = values
        seen += 1
        gap = abs(second - goal)
        settled = gap > 0 and abs(first - second) <= gap / 100
        diverges = not infinite and gap > 1 and gap > 100 * abs(first - goal)
        if settled or diverges:
            if nearby is None:
                nearby = [v for v, _ in _values(residual, domain, seed, _NEAR, _DIGITS_NEAR)]
            close = nearby[number] if number < len(nearby) else values
            if min(abs(close[0] - goal), abs(close[1] - goal)) >= min(gap, 1) / 100:
                shown = mpmath.inf if infinite else goal
                at = where | {str(variable): f"-> {point}"}
                return Evidence(at, second, shown, float(gap), seen)
        largest = max(largest, mpmath.mpf(0) if infinite else gap)
    return Evidence(largest=float(largest), points=seen)


def _values(
    residual: Residual, domain: Domain, seed: str, distances: tuple, digits: tuple[int, int]
) -> Iterator[tuple[tuple, dict[str, str]]]:
    """The left side at two distances from the point, the right side, and where."""
    fixed = {Dummy(f"level{n}"): _at(residual, d) for n, d in enumerate(distances)}
    variable = residual.limit[0]
    # an unknown function of the variable might be constant
    held = {f: f.subs(variable, Dummy("c")) for f in residual.lhs.atoms(AppliedUndef, Derivative)}
    sides = [residual.lhs.xreplace(held).subs(variable, symbol) for symbol in fixed]
    target = Integer(0) if residual.rhs.has(oo) else residual.rhs
    for sample in samples([*sides, target], domain, seed, _POINTS, digits, fixed):
        yield sample.fine, sample.text()


def limit_value(residual: Residual, how: tuple[Callable, ...] | None) -> Expr | None:
    """The limit of the left side: by continuity where that is plain, else by SymPy."""
    variable, point, direction = residual.limit
    expr = residual.lhs
    for step in how or ():
        expr = step(expr)
    if _continuous(expr, variable, point):
        return expr.subs(variable, point)
    try:
        return limit(expr, variable, point, direction)
    except (NotImplementedError, ValueError):
        return None


def _at(residual: Residual, distance: Expr) -> Expr:
    _, point, direction = residual.limit
    if point in (oo, -oo):
        return 1 / distance if point == oo else -1 / distance
    return point + distance if direction == "+" else point - distance


def _continuous(expr: Expr, variable: Any, point: Any) -> bool:
    if point in (oo, -oo) or expr.has(Piecewise, sign, Heaviside, floor, ceiling):
        return False
    for node in preorder_traversal(expr):
        if not isinstance(node, Expr) or not node.has(variable):
            continue
        value = node.subs(variable, point)
        if value.has(nan, zoo, oo) or (
            node.is_Pow and value == 1 and node.base.subs(variable, point) == 0
        ):
            return False
        if node.is_Function and value.args and any(a.has(nan, zoo, oo) for a in value.args):
            return False
    return True
