"""The rule: from a claim and its premises to the residuals that must vanish."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from theorylab.symbolic.items import Item, Residual, Status

COMPARISONS = ("=", "<=", "<", ">=", ">")
How = Callable | tuple[Callable, ...] | list[Callable] | None


class MissingPremise(ValueError):
    """A rule was not given a premise without which it has nothing to say."""


class Rule(ABC):
    """A way to establish a step.

    A rule reads both sides of the claim and returns residuals; it decides nothing. `how` is
    the simplifier, or the tuple of simplifiers applied in order, that the decider uses.
    """

    exact = True  # whether the two sides may be put for each other in later steps
    relations: tuple[str, ...] = ("=",)  # the relations that the rule can establish

    def __init__(self, how: How = None):
        self.how = as_how(how)

    @property
    def status(self) -> Status:
        """The status that a step gets when its residuals hold."""
        return Status.PROVED

    @abstractmethod
    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """What must hold for the claim to hold."""

    def __repr__(self) -> str:
        return type(self).__name__


def as_how(how: How) -> tuple[Callable, ...] | None:
    """One simplifier or several, as a tuple."""
    if how is None:
        return None
    return tuple(how) if isinstance(how, tuple | list) else (how,)
