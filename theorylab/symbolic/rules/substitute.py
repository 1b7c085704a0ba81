"""Using premises: putting what they say in place of what they speak of."""

from collections.abc import Sequence
from typing import Any

from sympy import Derivative, Dummy, Expr, Integral, Product, Subs, Sum, Symbol, expand
from sympy.core.function import AppliedUndef

from theorylab.symbolic.items import DerivationError, Item

Pairs = list[tuple[Any, Any]]


def premise_pairs(premises: Sequence[Item], forward: bool = True) -> list[Pairs]:
    """For each premise its equalities `(what is replaced, by what)`, entry by entry."""
    groups = []
    for premise in premises:
        if premise.relation != "=":
            raise DerivationError(
                f"{premise.path} says {premise.relation!r}, so it cannot be substituted; "
                "use it in a Bound"
            )
        if premise.rule is not None and not premise.rule.exact:
            raise DerivationError(
                f"{premise.path} holds in a limit or up to an order ({premise.rule!r}), so its "
                "sides cannot be put for each other"
            )
        pairs = [(left, right) for _, left, right in premise.pairs()]
        groups.append(pairs if forward else [(right, left) for left, right in pairs])
    return groups


def use(expr: Any, groups: list[Pairs]) -> Any:
    """Substitute premises in the order named, until none of them applies any more.

    Derivatives are carried out first, with every symbol but theirs held fixed, and after each
    premise; at most one round more than there are premises.
    """
    expr = carry_out(expr)
    for _ in range(len(groups) + 1):
        before = expr
        for pairs in groups:
            expr = _substitute(expr, pairs)
        if expr == before:
            break
    return expr


def carry_out(expr: Any) -> Any:
    """Do derivatives and substitutions, and leave integrals and sums as they are."""
    if not isinstance(expr, Expr) or not expr.has(Derivative, Subs):
        return expr
    return expr.replace(
        lambda node: isinstance(node, Derivative | Subs),
        lambda node: node.doit(integrals=False, deep=False),
    )


def _substitute(expr: Any, pairs: Pairs) -> Any:
    symbols = all(isinstance(left, Symbol) for left, _ in pairs)
    if symbols and len(pairs) > 1:
        for left, right in pairs:
            _refuse_capture(expr, left, right)
        return carry_out(expr.subs(pairs, simultaneous=True))
    for left, right in pairs:
        if isinstance(left, Derivative):
            expr = _derivative(expr, left, right)
        elif isinstance(left, Subs):
            expr = expr.xreplace({left: right})
        elif left.is_number:
            raise DerivationError(
                f"a premise with the number {left} on its left cannot be substituted: turn it round"
            )
        else:
            if left.is_commutative is False and left.is_Mul:
                expr = expand(expr)
            expr = _put(expr, left, right)
        expr = carry_out(expr)
    return expr


def _put(expr: Any, left: Any, right: Any) -> Any:
    """`right` for `left`, also where `expr` and `right` sum over the same index."""
    if not isinstance(left, AppliedUndef | Symbol):
        return expr.subs(left, right)
    if not expr.has(left):
        return expr
    _refuse_capture(expr, left, right)
    if isinstance(left, Symbol) or any(left in d.variables for d in expr.atoms(Derivative)):
        return expr.subs(left, right)
    return expr.xreplace({left: right})


def _refuse_capture(expr: Any, left: Any, right: Any) -> None:
    bound = {v for n in expr.atoms(Sum, Product, Integral) if n.has(left) for v in n.variables}
    captured = bound & (right.free_symbols - left.free_symbols)
    if captured:
        raise DerivationError(
            f"{left} stands under a sum or an integral over {captured.pop()}, which what "
            f"replaces it, {right}, contains: rename one of the two"
        )


def _derivative(expr: Any, left: Derivative, right: Any) -> Any:
    """Replace a derivative, also inside derivatives of higher order."""
    wanted = list(left.variables)

    def rest(node: Any) -> list | None:
        if not isinstance(node, Derivative) or node.expr != left.expr:
            return None
        remaining = list(node.variables)
        for variable in wanted:
            if variable not in remaining:
                return None
            remaining.remove(variable)
        return remaining

    for _ in range(8):
        table = {}
        for node in expr.atoms(Derivative):
            remaining = rest(node)
            if remaining is not None:
                table[node] = right.diff(*remaining) if remaining else right
        if not table:
            break
        expr = carry_out(expr.xreplace(table))
    return expr


def solved_for(item: Item, target: Expr) -> Any:
    """What the claim says that `target` is, where its left side is `target` up to scale.

    Reads both sides: from `a target^n + b = rhs` it returns `((rhs - b)/a)^(1/n)`.
    """
    values = []
    for _, left, right in item.pairs():
        mark = Dummy("mark", **target.assumptions0)  # |x| is x only if x is known to be positive
        form = left.xreplace({target: mark})
        if not form.has(mark):
            continue
        polynomial = expand(form)
        slope, power = polynomial.coeff(mark), 1
        for node in polynomial.atoms(type(mark**2)):
            if node.base == mark:
                slope, power = polynomial.coeff(node), node.exp
        offset = expand(polynomial - slope * mark**power)
        if slope == 0 or offset.has(mark) or slope.has(mark):
            continue
        value = (right - offset) / slope
        values.append(value if power == 1 else value ** (1 / power))
    if not values:
        raise DerivationError(
            f"{item.path}: the left side must be {target} (up to scale), but it is {item.lhs}"
        )
    return values[0]
