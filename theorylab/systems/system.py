"""Systems: lenses with a state that moves, and their composition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any
from zlib import crc32

import jax

from theorylab.citation import references
from theorylab.systems.errors import InterfaceError
from theorylab.systems.terms import Term
from theorylab.systems.wires import Wire, checked_wires, expect, interface

Wires = tuple[Wire, ...]
State = dict[str, Any]


@references("spivak2021deeply", "spivak2021learners")
@dataclass(frozen=True)
class System:
    r"""A system $p \to q$ with states $S$: a coalgebra of the internal hom $[p, q]$.

    In state $s$, shown a position $i$ of $p$, it shows the position $\varphi(s, i)$ of $q$; when
    a direction $d$ comes back there, it moves to a new state and sends a direction back to $p$.
    Build systems with `lens`, `smooth`, `stateful`, `machine`, `learner`, and from each other with
    `>>` (in series), `@` (side by side), `nest` and `power`.

    The state is a dictionary with one entry for each box that has a state, by name. So the laws
    hold on the nose: however a diagram is bracketed, state and initialisation are the same.

    Args:
        dom, cod: the interfaces $p$ and $q$, tuples of wires.
        fwd: `(state, positions) -> (positions, residual)`, a tuple with one entry per wire.
        bwd: `(residual, directions) -> (state, directions)`.
        leaves: for the name of each box with a state, a function from a random key to its state.
        clock: "ticks" if `bwd` gives the next state, "flow" if it gives the velocity of the state,
            "none" if there is no state.
        term: how it was put together, for `draw`; by default a plain box.

    Source: `spivak2021deeply`; `spivak2021learners`.
    """

    dom: Wires
    cod: Wires
    fwd: Callable[[State, tuple], tuple[tuple, Any]]
    bwd: Callable[[Any, tuple], tuple[State, tuple]]
    leaves: Mapping[str, Callable] = field(default_factory=dict)
    clock: str = "none"
    term: Term | None = field(default=None, repr=False, compare=False)

    def __post_init__(self):
        checked_wires("dom", self.dom)
        checked_wires("cod", self.cod)
        if self.term is None:
            label = ", ".join(self.leaves) or "lens"
            term = Term("box", self.dom, self.cod, label, bool(self.leaves))
            object.__setattr__(self, "term", term)

    def init(self, key: jax.Array) -> State:
        """The initial state of every box; each has a key of its own, made from its name."""
        return {n: f(jax.random.fold_in(key, _number(n))) for n, f in self.leaves.items()}

    def expect_state(self, state: State) -> None:
        """Compare boxes, shapes and dtypes of a state with those of `init`.

        Raises:
            InterfaceError: they differ.
        """
        wanted = jax.eval_shape(self.init, jax.random.key(0))
        if not isinstance(state, dict) or set(state) != set(wanted):
            names = sorted(state) if isinstance(state, dict) else repr(state)
            raise InterfaceError(f"state of the boxes {sorted(wanted)}, given {names}")
        for name, value in wanted.items():
            expect(f"state of {name}", state[name], value)

    def step(
        self, state: State, positions: tuple = (), directions: tuple = ()
    ) -> tuple[State, tuple, tuple]:
        """One tick: the new state, the positions shown, the directions sent back.

        Raises:
            InterfaceError: positions, directions or state do not fit.
        """
        expect(f"positions for {interface(self.dom)}", positions, _of(self.dom, "pos"))
        expect(f"directions for {interface(self.cod)}", directions, _of(self.cod, "dir"))
        self.expect_state(state)
        shown, residual = self.fwd(state, positions)
        state, back = self.bwd(residual, directions)
        return state, shown, back

    def __rshift__(self, other: "System") -> "System":
        """In series: `self`, then `other`, forward and backward in one tick.

        Raises:
            InterfaceError: the interfaces differ, two boxes have one name, or the clocks differ.
        """
        if not isinstance(other, System):
            return NotImplemented
        if self.cod != other.dom:
            raise InterfaceError(
                f"cannot compose: {interface(self.cod)} on the left, "
                f"{interface(other.dom)} on the right"
            )

        def fwd(state: State, positions: tuple) -> tuple:
            between, first = self.fwd(state, positions)
            shown, second = other.fwd(state, between)
            return shown, (first, second)

        def bwd(residual: tuple, directions: tuple) -> tuple:
            later, between = other.bwd(residual[1], directions)
            earlier, back = self.bwd(residual[0], between)
            return earlier | later, back

        both, term = _joined(self, other), self.term >> other.term
        return System(self.dom, other.cod, fwd, bwd, both, _clock(self, other), term)

    def __matmul__(self, other: "System") -> "System":
        """Side by side, on the wires of both.

        Raises:
            InterfaceError: two boxes have one name, or the clocks differ.
        """
        if not isinstance(other, System):
            return NotImplemented

        def fwd(state: State, positions: tuple) -> tuple:
            mine, yours = _split(positions, self.dom)
            left, first = self.fwd(state, mine)
            right, second = other.fwd(state, yours)
            return left + right, (first, second)

        def bwd(residual: tuple, directions: tuple) -> tuple:
            mine, yours = _split(directions, self.cod)
            first, left = self.bwd(residual[0], mine)
            second, right = other.bwd(residual[1], yours)
            return first | second, left + right

        both, term = _joined(self, other), self.term @ other.term
        dom, cod = self.dom + other.dom, self.cod + other.cod
        return System(dom, cod, fwd, bwd, both, _clock(self, other), term)

    def rename(self, prefix: str) -> "System":
        """The same system with `prefix/` before the name of every box.

        Raises:
            InterfaceError: the prefix is no name.
        """
        check_name("prefix", prefix)
        names = {name: f"{prefix}/{name}" for name in self.leaves}

        def fwd(state: State, positions: tuple) -> tuple:
            return self.fwd({old: state[new] for old, new in names.items()}, positions)

        def bwd(residual: Any, directions: tuple) -> tuple:
            state, back = self.bwd(residual, directions)
            return {names[old]: value for old, value in state.items()}, back

        leaves = {names[old]: init for old, init in self.leaves.items()}
        term = self.term.framed(prefix)
        return System(self.dom, self.cod, fwd, bwd, leaves, self.clock, term)

    def framed(self, name: str) -> "System":
        """The same system, drawn in a frame of this name."""
        return replace(self, term=self.term.framed(name))

    def draw(self, ax: Any = None, depth: int | None = None) -> Any:
        """Draw the system as it was put together, with Matplotlib; see `drawing.draw_term`.

        Args:
            ax: the Matplotlib axes to draw on; by default new ones.
            depth: frames inside more than this many frames are drawn as plain boxes.

        Returns:
            The axes.
        """
        from theorylab.systems.drawing import draw_term

        return draw_term(self.term if depth is None else self.term.collapsed(depth), ax)

    def __repr__(self) -> str:
        boxes = f", state in {', '.join(self.leaves)}" if self.leaves else ""
        return f"System({interface(self.dom)} -> {interface(self.cod)}{boxes})"


def identity(*wires: Wire) -> System:
    """The system without a state that passes everything on.

    Raises:
        InterfaceError: an argument is no wire.

    >>> from theorylab.systems import R
    >>> identity(R(2))
    System(R^2·y^R^2 -> R^2·y^R^2)
    """
    term = Term("wires", wires, wires)
    return System(wires, wires, lambda s, i: (i, ()), lambda residual, d: ({}, d), term=term)


def nest(outer: System, *inner: System) -> System:
    """Put systems, side by side, into the wiring `outer`, which may have a state of its own.

    Raises:
        InterfaceError: what they show together is not what `outer` takes, or one is no system.
    """
    for name, system in zip(("outer", *["inner"] * len(inner)), (outer, *inner), strict=True):
        is_system(name, system)
    return reduce(System.__matmul__, inner, identity()) >> outer


def is_system(name: str, given: Any) -> None:
    """Raise InterfaceError unless the argument `name` is a system."""
    if not isinstance(given, System):
        raise InterfaceError(f"{name} is {given!r}; allowed: a system")


def _of(interface: Wires, side: str) -> tuple:
    return tuple(getattr(wire, side) for wire in interface)


def _split(values: tuple, wires: Wires) -> tuple[tuple, tuple]:
    return values[: len(wires)], values[len(wires) :]


def _joined(first: System, second: System) -> dict:
    shared = set(first.leaves) & set(second.leaves)
    if shared:
        raise InterfaceError(
            f"two boxes are called {sorted(shared)[0]!r}: {first} and {second}; rename one"
        )
    keys = {_number(name): name for name in first.leaves}
    for name in second.leaves:
        if _number(name) in keys:
            raise InterfaceError(
                f"{keys[_number(name)]!r} and {name!r} would start from one random key: rename one"
            )
    return {**first.leaves, **second.leaves}


def _clock(first: System, second: System) -> str:
    clocks = {first.clock, second.clock} - {"none"}
    if len(clocks) > 1:
        raise InterfaceError(
            f"cannot join {first} ({first.clock}) and {second} ({second.clock}): discretise the "
            "flow first"
        )
    return clocks.pop() if clocks else "none"


def _number(name: str) -> int:
    """The number from which a box has its random key."""
    return crc32(name.encode())


def check_name(what: str, name: Any) -> None:
    """Check the name of a box.

    Raises:
        InterfaceError: it is no string, or an empty one.
    """
    if not isinstance(name, str) or not name:
        raise InterfaceError(f"{what} is {name!r}; allowed: a string that is not empty")
