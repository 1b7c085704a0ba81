"""Rules of calculus: differential equations, primitives, inverses, series, limits, extrema."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sympy import (
    Derivative,
    Dummy,
    Expr,
    Integral,
    Subs,
    Symbol,
    factorial,
    nan,
    oo,
    series,
    sympify,
    zoo,
)
from sympy.core.function import AppliedUndef

from theorylab.symbolic.items import DerivationError, Item, Residual
from theorylab.symbolic.rules.base import How, MissingPremise, Rule
from theorylab.symbolic.rules.substitute import carry_out, premise_pairs, solved_for, use


class SolvesODE(Rule):
    """The claim solves the differential equation of the premises, with its initial values.

    Explicit form `y(t) = formula`: the derivative of the formula is what the premises say of
    `Derivative(y(t), t)`, and at the start the formula is what they say of `y(start)`. A tuple
    of functions on the left, with a tuple of formulas, is a system. Implicit form, where
    `y(t)` stands inside an expression: both sides have the same derivative along the flow
    and the same value at the start.

    Args:
        var: the independent variable.
        start: where the initial values are given; None for a general solution.
        how: simplifiers, as in `Rewrite`.
    """

    def __init__(self, var: Symbol, start: Any = 0, how: How = None):
        super().__init__(how)
        self.var, self.start = var, start

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """Equation and initial values, for each unknown function."""
        groups = premise_pairs(premises)
        claims = item.pairs()
        unknowns = [self._unknown(left, right) for _, left, right in claims]
        if None in unknowns:
            if len(claims) > 1:
                raise DerivationError(
                    f"{item.path}: every left side must be a function of {self.var}"
                )
            self._check_constants(item, premises, 1)
            return self._implicit(item, groups)
        if len(set(unknowns)) < len(unknowns):
            raise DerivationError(f"{item.path}: a function stands twice on the left")
        solution = {
            unknown: use(solved_for(replace(item, lhs=left, rhs=right), unknown), groups)
            for unknown, (_, left, right) in zip(unknowns, claims, strict=True)
        }
        return [r for y in unknowns for r in self._explicit(y, solution, item, premises, groups)]

    def _check_constants(self, item: Item, premises: Sequence[Item], order: int) -> None:
        """Without initial values a claim must leave as many constants free as its order."""
        if self.start is not None:
            return
        given = {
            s for p in premises for _, *sides in p.pairs() for e in sides for s in e.atoms(Symbol)
        }
        own = {s for _, *sides in item.pairs() for e in sides for s in e.free_symbols}
        free = own - given - {self.var}
        if len(free) < order:
            raise DerivationError(
                f"{item.path}: without a start the solution must hold {order} free constant"
                f"{'s' if order > 1 else ''}, symbols that no premise names; it has {len(free)}"
            )

    def _unknown(self, left: Expr, right: Expr) -> Any:
        functions = [f for f in left.atoms(AppliedUndef) if self.var in f.args]
        plain = left.is_polynomial(*functions) if functions else False
        if len(functions) == 1 and plain and not right.has(functions[0]):
            return functions[0]
        return None

    def _explicit(
        self, y: Any, solution: dict, item: Item, premises: Sequence[Item], groups: list
    ) -> list:
        order = max(
            (
                len(left.variables)
                for premise in premises
                for _, left, _ in premise.pairs()
                if isinstance(left, Derivative) and left.expr == y
            ),
            default=1,
        )
        value = solution[y]
        self._check_constants(item, premises, order)
        found = [
            Residual(
                value.diff(self.var, order),
                _insert(use(Derivative(y, (self.var, order)), groups), solution, order),
                label=f"equation of {y}",
            )
        ]
        if self.start is None:
            return found
        found += unbroken(value, self.var, self.start, f"{y} on the way")
        for k in range(order):
            at = value.diff(self.var, k).subs(self.var, self.start)
            given = y.diff(self.var, k) if k else y
            given = given.subs(self.var, self.start)
            label = f"value of {given} at the start"
            found.append(Residual(use(at, groups), use(given, groups), label=label))
        return found

    def _implicit(self, item: Item, groups: list) -> list[Residual]:
        _, left, right = item.pairs()[0]
        rates = [use(side.diff(self.var), groups) for side in (left, right)]
        found = [Residual(*rates, label="derivative of both sides")]
        if self.start is not None:
            ends = [use(side.subs(self.var, self.start), groups) for side in (left, right)]
            found.append(Residual(*ends, label="both sides at the start"))
        return found


class Primitive(Rule):
    """Two functions of `var` with equal derivatives and an equal value are the same.

    For claims such as `Integral(f(x), (x, a, b)) = G(b) - G(a)`: no integration is done.

    Args:
        var: the variable to differentiate by, for example the upper limit.
        start: where both sides are compared; None only for an indefinite integral.
        how: simplifiers, as in `Rewrite`.
    """

    def __init__(self, var: Symbol, start: Any = None, how: How = None):
        super().__init__(how)
        self.var, self.start = var, start

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """Equal derivatives, and equal values at the start."""
        groups = premise_pairs(premises)
        found = []
        for label, left, right in item.pairs():
            sides = use(left, groups), use(right, groups)
            rates = [use(side.diff(self.var), groups) for side in sides]
            found.append(Residual(*rates, label=f"{label} derivative".strip()))
            if self.start is not None:
                for side in sides:
                    found += unbroken(side, self.var, self.start, f"{label} on the way".strip())
                ends = [side.subs(self.var, self.start) for side in sides]
                ends = [use(_collapse(end), groups) for end in ends]
                found.append(Residual(*ends, label=f"{label} value at the start".strip()))
            elif not any(len(i.limits[0]) == 1 for side in sides for i in side.atoms(Integral)):
                raise DerivationError(f"{item.path}: Primitive needs start= to fix the constant")
        return found


class Inverse(Rule):
    """The claim `x = g(y)` inverts the first premise `y = h(x)`.

    Both compositions must give back what went in: `h(g(y)) = y` and `g(h(x)) = x`. Further
    premises are substituted.
    """

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """The two compositions."""
        if not premises:
            raise MissingPremise(f"{item.path}: Inverse needs the premise that it inverts")
        _single(item, "Inverse")
        _single(premises[0], "Inverse")
        first, groups = premises[0], premise_pairs(premises[1:])
        _, y, h = first.pairs()[0]
        x = _the_unknown(item, h, y)
        g = solved_for(item, x)
        there = Residual(use(h.subs(x, g), groups), use(y, groups), label="h(g(y)) = y")
        back = Residual(use(g.subs(y, h), groups), use(x, groups), label="g(h(x)) = x")
        return [there, back]


class Series(Rule):
    """Both sides agree up to terms of order `order` in `var - point` (1/var at infinity).

    Args:
        var: the expansion variable.
        point: the expansion point; `oo` for an expansion in 1/var.
        order: the first power that is not claimed.
        how: simplifiers for each coefficient, as in `Rewrite`.
    """

    exact = False

    def __init__(self, var: Symbol, point: Any = 0, order: int = 2, how: How = None):
        super().__init__(how)
        self.var, self.point, self.order = var, sympify(point), order

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """One residual for each coefficient below the order."""
        groups = premise_pairs(premises)
        found = []
        for label, left, right in item.pairs():
            for sign in self._approaches(item):
                sides = [self._coefficients(use(side, groups), sign) for side in (left, right)]
                for power, (a, b) in enumerate(zip(*sides, strict=True)):
                    words = f"{label} coefficient of order {power}" + " from below" * (sign < 0)
                    found.append(Residual(a, b, label=words.strip()))
        return found

    def _approaches(self, item: Item) -> tuple[int, ...]:
        """From above, and from below where the range of `var` reaches below the point."""
        if self.point in (oo, -oo):
            return (1 if self.point == oo else -1,)
        span = item.domain.get(self.var) if item.domain is not None else None
        below = span is not None and (span.low - self.point).is_nonnegative is not True
        return (1, -1) if below and not self.var.is_nonnegative else (1,)

    def _coefficients(self, expr: Expr, sign: int) -> list[Expr]:
        h = Dummy("h", positive=True)
        infinite = self.point in (oo, -oo)
        shifted = expr.subs(self.var, sign / h if infinite else self.point + sign * h)
        found, rate = [], shifted
        # one derivative more than is compared: a root of h shows only there
        for power in range(self.order + 1):
            value = carry_out(rate).subs(h, 0)
            if value.has(nan, zoo, oo):
                return self._by_series(shifted, h)
            found.append(value / factorial(power))
            rate = rate.diff(h)
        return found[:-1]

    def _by_series(self, expr: Expr, h: Symbol) -> list[Expr]:
        terms = series(expr, h, 0, self.order).removeO().expand()
        found = [terms.coeff(h, power) for power in range(self.order)]
        rest = terms - sum(c * h**power for power, c in enumerate(found))
        if rest.expand() != 0:
            raise DerivationError(
                f"{expr} has terms {rest} that are no power from 0 to {self.order}"
            )
        return found


class Limit(Rule):
    """The left side tends to the right side as `var` approaches `point`.

    With the relation "~", the ratio of the sides tends to 1.

    Args:
        var, point: what goes where; the point may be `oo`.
        dir: "+" from above, "-" from below, "+-" from both sides.
        how: simplifiers, applied to the left side before the limit is taken.
    """

    exact = False
    relations = ("=", "~")

    def __init__(self, var: Symbol, point: Any, dir: str = "+", how: How = None):
        super().__init__(how)
        self.var, self.point, self.dir = var, sympify(point), dir

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """One residual for each direction of approach."""
        groups = premise_pairs(premises)
        sides = ("-",) if self.point == oo else tuple(self.dir)
        found = []
        for label, left, right in item.pairs():
            left, right = use(left, groups), use(right, groups)
            if item.relation == "~":
                left, right = left / right, Symbol("x") ** 0
            if right.has(self.var):
                raise DerivationError(f"{item.path}: the limit still contains {self.var}")
            found += [
                Residual(left, right, label=label, limit=(self.var, self.point, side))
                for side in sides
            ]
        return found


class Stationary(Rule):
    """The claim `x = formula` is a stationary point of the objective.

    Args:
        of: the objective: an expression, or the name of the premise whose right side it is.
        var: the variable; by default the left side of the claim.
        kind: "max" or "min" also claims the sign of the second derivative there.
        how: simplifiers, as in `Rewrite`.
    """

    def __init__(self, of: Any, var: Any = None, kind: str | None = None, how: How = None):
        super().__init__(how)
        if kind not in (None, "max", "min"):
            raise DerivationError(f"kind is {kind!r}; allowed: 'max', 'min', None")
        self.of, self.var, self.kind = of, var, kind

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """The first derivative vanishes; the second has the claimed sign."""
        _single(item, "Stationary")
        objective, others = self.of, premises
        if isinstance(objective, str):
            named = [premise for premise in premises if premise.name == objective]
            if not named:
                raise MissingPremise(f"{item.path}: Stationary needs {objective!r} in using")
            objective = named[0].rhs
            others = [premise for premise in premises if premise.name != self.of]
        groups = premise_pairs(others)
        objective = use(objective, groups)
        var = self.var if self.var is not None else _leading_symbol(item, objective)
        point = use(solved_for(item, var), groups)
        x = Dummy("x", positive=True) if var.is_positive else Dummy("x", real=True)
        along = objective.subs(var, x)
        slope = along.diff(x).subs(x, point)
        found = [Residual(slope, slope * 0, label="slope at the point")]
        if self.kind is not None:
            bend = along.diff(x, 2).subs(x, point)
            sign = "<" if self.kind == "max" else ">"
            found.append(Residual(bend, slope * 0, sign, label="curvature at the point"))
        return found


def unbroken(expr: Expr, var: Symbol, start: Any, label: str) -> list[Residual]:
    """Equal derivatives say nothing across a jump or a pole: a formula must have neither."""
    if not expr.has(var) or expr.has(AppliedUndef, Derivative, Integral, Subs) or _nc(expr):
        return []
    return [Residual(expr, expr, label=label, path=(var, sympify(start)))]


def _nc(expr: Expr) -> bool:
    return expr.is_commutative is False


def _single(item: Item, rule: str) -> None:
    if len(item.pairs()) > 1:
        raise DerivationError(f"{item.path}: {rule} reads one equation, not {len(item.pairs())}")


def _insert(expr: Expr, solution: dict, order: int) -> Expr:
    """Put the solution in; a derivative that no premise gives stays an unknown."""
    hold = {d: Dummy() for d in expr.atoms(Derivative) if d.expr in solution}
    plain = expr.xreplace(hold).subs(solution, simultaneous=True)
    back = {
        dummy: d if len(d.variables) >= order else solution[d.expr].diff(*d.variables)
        for d, dummy in hold.items()
    }
    return plain.xreplace(back)


def _collapse(expr: Expr) -> Expr:
    """An integral over nothing is 0."""
    return expr.replace(
        lambda node: isinstance(node, Integral) and len(node.limits[0]) == 3,
        lambda node: node * 0 if node.limits[0][1] == node.limits[0][2] else node,
    )


def _the_unknown(item: Item, h: Expr, y: Expr) -> Any:
    left = item.pairs()[0][1]
    candidates = [a for a in left.atoms(Symbol, AppliedUndef) if h.has(a) and a != y]
    if len(candidates) != 1:
        raise MissingPremise(f"{item.path}: {h} must contain the left side {left}")
    return candidates[0]


def _leading_symbol(item: Item, objective: Expr) -> Symbol:
    free = item.pairs()[0][1].free_symbols & objective.free_symbols
    if len(free) == 1:
        return free.pop()
    raise DerivationError(f"{item.path}: say which variable: Stationary(..., var=x)")
