"""Sums over whole numbers: induction, and telescoping by a given certificate."""

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Integer, Product, Sum, Symbol, oo, sympify
from sympy.core.function import AppliedUndef

from theorylab.symbolic.items import DerivationError, Item, Residual
from theorylab.symbolic.rules.base import How, Rule
from theorylab.symbolic.rules.substitute import premise_pairs, use


class Induction(Rule):
    """The claim holds at `var = start`, and at `var + 1` if at `var`.

    The left side is a sum or product up to `var`, or a function such as `a(n)` whose
    recurrence `a(n + 1) = ...` is a premise.

    Args:
        var: the whole number of the induction.
        start: its first value.
        how: simplifiers, as in `Rewrite`.
    """

    def __init__(self, var: Symbol, start: Any = 0, how: How = None):
        super().__init__(how)
        self.var, self.start = var, sympify(start)

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """The start, and the step from `var` to `var + 1`."""
        groups = premise_pairs(premises)
        early = self._before_the_range(item)
        found = []
        for label, left, right in item.pairs():
            first = [
                use(_unroll(side.subs(self.var, self.start)), groups) for side in (left, right)
            ]
            found.append(Residual(*first, label=f"{label} start".strip()))
            core = _growing_part(left, self.var)
            if core is None:
                raise DerivationError(
                    f"{item.path}: the left side {left} must hold one sum, product or function "
                    f"that grows with {self.var}"
                )
            claimed = _solve_linear(left, right, core)
            grown = use(_split_last(left.subs(self.var, self.var + 1), self.var), groups)
            grown = use(grown.xreplace({core: claimed}), groups)
            after = use(right.subs(self.var, self.var + 1), groups)
            found.append(Residual(grown, after, label=f"{label} step".strip()))
            for n in early:
                sides = [use(_unroll(side.subs(self.var, n)), groups) for side in (grown, after)]
                found.append(Residual(*sides, label=f"{label} step from {n}".strip()))
            found += _numerically(use(left, groups), use(right, groups), item, label)
        return found

    def _before_the_range(self, item: Item) -> range:
        """The values from the start to where the range of `var` begins, on which nothing is drawn.

        The start must not lie above the range: the claim would not be reached below it.
        """
        span = item.domain.get(self.var) if item.domain is not None else None
        if span is None:
            return range(0)
        if not span.integer:
            raise DerivationError(f"{item.path}: the range of {self.var} must be Integers(...)")
        if not (span.low - self.start).is_nonnegative:
            raise DerivationError(
                f"{item.path}: the induction starts at {self.var} = {self.start}, but the claim "
                f"is made from {self.var} = {span.low} on"
            )
        whole = self.start.is_Integer and span.low.is_Integer
        return range(int(self.start), int(span.low)) if whole else range(0)


class Telescoping(Rule):
    """A sum in closed form by a certificate G: `summand = G(k+1) - G(k)`.

    The left side of the claim is `Sum(summand, (k, a, b))`; its right side must be
    `G(b+1) - G(a)`. The certificate is verified, not searched for.

    Args:
        certificate: G, an expression in the summation index.
        var: the summation index; it needs a range in the domain.
        at_infinity: the limit of G, for an infinite sum.
        how: simplifiers, as in `Rewrite`.
    """

    def __init__(self, certificate: Any, var: Symbol, at_infinity: Any = None, how: How = None):
        super().__init__(how)
        self.certificate, self.var = sympify(certificate), var
        self.at_infinity = None if at_infinity is None else sympify(at_infinity)

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """Certificate and ends."""
        groups = premise_pairs(premises)
        found = []
        for label, left, right in item.pairs():
            total = [node for node in left.atoms(Sum) if node.variables == [self.var]]
            if len(total) != 1:
                raise DerivationError(
                    f"{item.path}: the left side must hold one sum over {self.var}, not {left}"
                )
            (_, low, high), summand = total[0].limits[0], total[0].function
            scale, rest = _linear(left, total[0])
            g = use(self.certificate, groups)
            ahead = g.subs(self.var, self.var + 1)
            found.append(
                Residual(use(summand, groups), ahead - g, label=f"{label} certificate".strip())
            )
            if high == oo:
                if self.at_infinity is None:
                    raise DerivationError(f"{item.path}: say at_infinity=, the limit of {g}")
                found.append(
                    Residual(g, self.at_infinity, label="at infinity", limit=(self.var, oo, "-"))
                )
                end = self.at_infinity
            else:
                end = g.subs(self.var, high + 1)
            ends = use(scale * (end - g.subs(self.var, low)) + rest, groups)
            found.append(Residual(ends, use(right, groups), label=f"{label} ends".strip()))
            found += _numerically(use(left, groups), use(right, groups), item, label)
        return found


def _numerically(left: Expr, right: Expr, item: Item, label: str) -> list[Residual]:
    """The claim itself, where it can be added up: no proof, but it finds a missed pole."""
    if any(side.has(AppliedUndef, oo) or side.is_commutative is False for side in (left, right)):
        return []
    return [Residual(left, right, label=label, evidence_only=True)]


def _growing_part(expr: Expr, var: Symbol) -> Any:
    parts = [n for n in expr.atoms(Sum, Product) if n.has(var)]
    parts = parts or [n for n in expr.atoms(AppliedUndef) if n.has(var)]
    return parts[0] if len(parts) == 1 else None


def _linear(expr: Expr, part: Any) -> tuple[Expr, Expr]:
    mark = Symbol("mark")
    form = expr.xreplace({part: mark}).expand()
    scale = form.coeff(mark, 1)
    rest = (form - scale * mark).expand()
    if rest.has(mark) or scale == 0:
        raise DerivationError(f"{expr} must be linear in {part}")
    return scale, rest


def _solve_linear(left: Expr, right: Expr, part: Any) -> Expr:
    scale, rest = _linear(left, part)
    return (right - rest) / scale


def _split_last(expr: Expr, var: Symbol) -> Expr:
    """Take the last term out of sums and products that end at `var + 1` or beyond."""

    def split(node: Any) -> Any:
        if len(node.limits) != 1:
            return node
        index, low, high = node.limits[0]
        last = node.function.subs(index, high)
        shorter = node.func(node.function, (index, low, high - 1))
        return shorter + last if isinstance(node, Sum) else shorter * last

    return expr.replace(
        lambda n: (
            isinstance(n, Sum | Product) and n.limits[0][2].has(var) and not n.function.has(var)
        ),
        split,
    )


def _unroll(expr: Expr) -> Expr:
    """Carry out sums and products over explicit ranges."""

    def short(node: Any) -> bool:
        return isinstance(node, Sum | Product) and all(
            isinstance(end, Integer) for limits in node.limits for end in limits[1:]
        )

    return expr.replace(short, lambda node: node.doit())
