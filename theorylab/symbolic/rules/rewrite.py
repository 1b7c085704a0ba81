"""Rewriting: put the premises in, and both sides are the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sympy import sympify

from theorylab.symbolic.items import DerivationError, Item, Residual, Status, map_side
from theorylab.symbolic.rules.base import COMPARISONS, How, MissingPremise, Rule
from theorylab.symbolic.rules.substitute import premise_pairs, use


class Rewrite(Rule):
    """Both sides agree once the premises are substituted, in the order named.

    Each premise is used as `left -> right` (with `forward=False`, `right -> left`), also
    inside derivatives, by the chain rule.

    Args:
        how: simplifier, or simplifiers in order, that bring `lhs - rhs` to 0; by default
            `expand`, or `simplify`, or one after the other.
        forward: the direction in which premises are used.
    """

    relations = COMPARISONS

    def __init__(self, how: How = None, *, forward: bool = True):
        super().__init__(how)
        self.forward = forward

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """`lhs - rhs`, entry by entry, after substitution."""
        groups = premise_pairs(premises, self.forward)
        return [
            Residual(use(left, groups), use(right, groups), item.relation, label)
            for label, left, right in item.pairs()
        ]


class Instance(Rewrite):
    """A special case: the first premise at the values given, then as `Rewrite`.

    Args:
        of: for symbols of the first premise, what to put in their place. A value must be all
            that its symbol was declared to be (whole, positive, ...); a number must lie in the
            range of its symbol.
        how: simplifiers, as in `Rewrite`.

    >>> from sympy import Function, Symbol
    >>> from theorylab.symbolic import Derivation, Integers
    >>> k = Symbol("k", integer=True, nonnegative=True)
    >>> m = Function("m")
    >>> d = Derivation("demo/squares", domain={k: Integers(0, 5)})
    >>> _ = d.assume("square", m(k), k**2)
    >>> _ = d.step("at-two", m(2), 4, by=Instance({k: 2}), using=("square",))
    >>> d.check()["at-two"].status
    <Status.PROVED: 'proved'>
    """

    def __init__(self, of: Mapping, how: How = None):
        super().__init__(how)
        self.values = {symbol: sympify(value) for symbol, value in of.items()}
        for symbol, value in self.values.items():
            lost = [
                kind
                for kind in ("integer", "real", "positive", "negative", "nonnegative", "nonzero")
                if getattr(symbol, f"is_{kind}") and not getattr(value, f"is_{kind}")
            ]
            if lost:
                raise DerivationError(f"Instance: {symbol} is declared {lost[0]}, {value} is not")

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """`lhs - rhs` after substitution of the special case and of the other premises."""
        if not premises:
            raise MissingPremise(f"{item.path}: Instance needs the premise that it specialises")
        first, others = premises[0], premises[1:]
        for symbol, value in self.values.items():
            span = first.domain.get(symbol) if first.domain is not None else None
            outside = span and ((value - span.low).is_negative or (span.high - value).is_negative)
            if outside:
                raise DerivationError(
                    f"{item.path}: {first.name!r} is established for {symbol} in {span}, not at "
                    f"{value}"
                )

        def put(expr: Any) -> Any:
            return expr.subs(self.values, simultaneous=True)

        special = replace(first, lhs=map_side(first.lhs, put), rhs=map_side(first.rhs, put))
        return super().residuals(item, [special, *others])


class Sampled(Rule):
    """The claim holds at random points of the domain, to 40 digits: TESTED, not proved.

    Args:
        points: how many, at least 50.
    """

    relations = COMPARISONS

    def __init__(self, points: int = 50):
        super().__init__()
        if points < 50:
            raise ValueError(f"points is {points}; allowed: at least 50")
        self.points = points

    @property
    def status(self) -> Status:
        """TESTED."""
        return Status.TESTED

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """`lhs - rhs`, entry by entry, after substitution of the premises."""
        return Rewrite().residuals(item, premises)
