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
        return found


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
        return found


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
