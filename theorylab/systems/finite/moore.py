"""Machines with finitely many states, and when two states behave alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from theorylab.systems.errors import InterfaceError
from theorylab.systems.finite.checks import numbers
from theorylab.systems.finite.lens import Lens
from theorylab.systems.finite.poly import Poly, monomial


@dataclass(frozen=True)
class Moore:
    r"""A machine on an interface $p$: a lens $S y^S \to p$ with $S$ the set of states.

    For $p = B y^A$ this is a Moore machine in the usual sense, with outputs $B$ and inputs $A$.

    Args:
        interface: the polynomial $p$.
        readout: for each state the position that is shown.
        update: for each state, and each direction at the position shown, the next state.

    Raises:
        InterfaceError: a table does not fit the interface.

    Source: `niu2023polynomial`.

    >>> counter = Moore(monomial(3, 2), readout=(0, 1, 2), update=((0, 1), (1, 2), (2, 0)))
    >>> counter.outputs(0, (1, 1, 0, 1))
    (0, 1, 2, 2, 0)
    """

    interface: Poly
    readout: tuple[int, ...]
    update: tuple[tuple[int, ...], ...]

    def __post_init__(self):
        numbers("readout", self.readout)
        self.as_lens()

    def __len__(self) -> int:
        """The number of states."""
        return len(self.readout)

    def as_lens(self) -> Lens:
        r"""The lens $S y^S \to p$."""
        return Lens(monomial(len(self), len(self)), self.interface, self.readout, self.update)

    def outputs(self, state: int, word: Sequence[int]) -> tuple[int, ...]:
        """The positions shown from a state on, while the directions of `word` come in.

        Raises:
            InterfaceError: there is no such state, or no such direction at the position shown.
        """
        if not 0 <= state < len(self):
            raise InterfaceError(f"state is {state}; allowed: 0 to {len(self) - 1}")
        shown = [self.readout[state]]
        for direction in word:
            if not 0 <= direction < self.interface[shown[-1]]:
                raise InterfaceError(
                    f"direction {direction} at position {shown[-1]}, where {self.interface} has "
                    f"{self.interface[shown[-1]]}"
                )
            state = self.update[state][direction]
            shown.append(self.readout[state])
        return tuple(shown)

    def __matmul__(self, other: "Moore") -> "Moore":
        """Two machines side by side; the state is the pair of states."""
        if not isinstance(other, Moore):
            return NotImplemented
        return _from_lens(self.as_lens() @ other.as_lens())

    def __rshift__(self, wrapper: Lens) -> "Moore":
        """The same states behind another interface."""
        if not isinstance(wrapper, Lens):
            return NotImplemented
        return _from_lens(self.as_lens() >> wrapper)

    def bisimulation(self) -> tuple[int, ...]:
        """For each state the number of its class: states of one class behave alike.

        The coarsest partition in which states of one class show the same position and move to
        the same class in every direction, by refinement. Classes are numbered in the order in
        which their first states come.

        >>> twice = Moore(monomial(2, 1), readout=(0, 1, 0, 1), update=((1,), (2,), (3,), (0,)))
        >>> twice.bisimulation()
        (0, 1, 0, 1)
        """
        classes = _numbered(self.readout)
        while True:
            seen = [
                (own, *(classes[t] for t in targets))
                for own, targets in zip(classes, self.update, strict=True)
            ]
            finer = _numbered(seen)
            if finer == classes:
                return classes
            classes = finer

    def minimal(self) -> "Moore":
        """The machine whose states are the classes of `bisimulation`.

        >>> twice = Moore(monomial(2, 1), readout=(0, 1, 0, 1), update=((1,), (2,), (3,), (0,)))
        >>> twice.minimal()
        Moore(interface=Poly(arity=(1, 1)), readout=(0, 1), update=((1,), (0,)))
        """
        classes = self.bisimulation()
        first = [classes.index(n) for n in range(max(classes, default=-1) + 1)]
        return Moore(
            self.interface,
            tuple(self.readout[s] for s in first),
            tuple(tuple(classes[t] for t in self.update[s]) for s in first),
        )


def _numbered(labels: Sequence) -> tuple[int, ...]:
    known: dict = {}
    return tuple(known.setdefault(label, len(known)) for label in labels)


def _from_lens(lens: Lens) -> Moore:
    return Moore(lens.cod, lens.pos, lens.dir)
