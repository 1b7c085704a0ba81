"""Rewriting: put the premises in, and both sides are the same."""

from collections.abc import Sequence

from theorylab.symbolic.items import Item, Residual, Status
from theorylab.symbolic.rules.base import COMPARISONS, How, Rule
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
