"""Boxes to build with: lenses, smooth maps, machines, and the wires' own boxes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from theorylab.lab.require import require, whole
from theorylab.systems.errors import InterfaceError
from theorylab.systems.system import System, Wires, check_name
from theorylab.systems.terms import Term
from theorylab.systems.wires import Wire, checked_wires, expect


def lens(
    dom: Wires, cod: Wires, fwd: Callable[..., tuple], bwd: Callable, label: str = "lens"
) -> System:
    """A system without state.

    Args:
        dom, cod: the interfaces.
        fwd: `(*positions of dom) -> tuple of positions of cod`.
        bwd: `(positions of dom, directions of cod) -> tuple of directions of dom`.
        label: the name in drawings.

    Raises:
        InterfaceError: a map returns other shapes than the interfaces say.

    >>> from theorylab.systems import R
    >>> twice = lens((R(),), (R(),), lambda x: (2 * x,), lambda i, d: (2 * d[0],))
    >>> _, shown, back = twice.step({}, (jnp.array(3.0),), (jnp.array(1.0),))
    >>> float(shown[0]), float(back[0])
    (6.0, 2.0)
    """
    pos, shown, back, came = _interfaces(dom, cod)
    expect("positions shown", jax.eval_shape(fwd, *pos), shown)
    expect("directions sent back", jax.eval_shape(bwd, pos, came), back)
    return System(
        dom,
        cod,
        lambda state, positions: (fwd(*positions), positions),
        lambda positions, directions: ({}, bwd(positions, directions)),
        term=Term("box", dom, cod, label),
    )


def smooth(fn: Callable, dom: Wires, cod: Wires, label: str = "map") -> System:
    """A differentiable function as a lens: gradients come back by reverse differentiation.

    Args:
        fn: `(*positions of dom) -> position of cod`, or a tuple of these for several wires.
        dom, cod: the interfaces; on each wire directions have the shape of positions.
        label: the name in drawings.

    Raises:
        InterfaceError: `fn` returns other shapes, or a wire carries no gradients.

    Source: `cruttwell2022categorical`.
    """
    for wire in (*checked_wires("dom", dom), *checked_wires("cod", cod)):
        if not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(wire.pos)):
            raise InterfaceError(f"{wire} does not carry real numbers; use lens")
        expect(f"directions of {wire}, which must be gradients", wire.dir, wire.pos)
    pos, shown, _, _ = _interfaces(dom, cod)

    def listed(*positions: Any) -> tuple:
        out = fn(*positions)
        return out if isinstance(out, tuple) and len(cod) != 1 else (out,)

    expect("positions shown", jax.eval_shape(listed, *pos), shown)
    return System(
        dom,
        cod,
        lambda state, positions: jax.vjp(listed, *positions),
        lambda pullback, directions: ({}, pullback(directions)),
        term=Term("box", dom, cod, label),
    )


def stateful(
    name: str,
    init: Callable,
    dom: Wires,
    cod: Wires,
    fwd: Callable,
    bwd: Callable,
    clock: str = "ticks",
) -> System:
    """A system with a state of its own.

    Args:
        name: the box's name, unique within a diagram.
        init: from a random key to the state, a pytree of arrays.
        dom, cod: the interfaces.
        fwd: `(state, *positions of dom) -> tuple of positions of cod`.
        bwd: `(state, positions of dom, directions of cod) -> (state, tuple of directions of dom)`,
            with the state of before the tick on the left, and on the right the one after it
            (with `clock="flow"`, its velocity).
        clock: "ticks" or "flow".

    Raises:
        InterfaceError: a map returns other shapes than interfaces and state say, or the name is
            not a string or is empty.
        ValueError: the clock is neither.
    """
    check_name("name", name)
    require("clock", clock, choices=("ticks", "flow"))
    pos, shown, back, came = _interfaces(dom, cod)
    state = jax.eval_shape(init, jax.random.key(0))
    expect(f"positions shown by {name}", jax.eval_shape(fwd, state, *pos), shown)
    moved = jax.eval_shape(bwd, state, pos, came)
    if not isinstance(moved, tuple) or len(moved) != 2:
        raise InterfaceError(f"bwd of {name} must return the state and the directions sent back")
    after, sent = moved
    expect(f"state of {name} after a tick", after, state)
    expect(f"directions sent back by {name}", sent, back)

    def backward(residual: tuple, directions: tuple) -> tuple:
        new, sent = bwd(*residual, directions)
        return {name: new}, sent

    return System(
        dom,
        cod,
        lambda states, positions: (fwd(states[name], *positions), (states[name], positions)),
        backward,
        {name: init},
        clock,
    )


def machine(name: str, init: Callable, readout: Callable, update: Callable, wire: Wire) -> System:
    r"""A Moore machine: a system from nothing to one wire.

    Args:
        name: the box's name, unique within a diagram.
        init: from a random key to the state.
        readout: `state -> position`.
        update: `(state, direction) -> state`.
        wire: what it shows and receives.

    Raises:
        InterfaceError: a map returns other shapes than the wire and the state say.

    Source: `niu2023polynomial`.

    >>> from theorylab.systems import R
    >>> count = machine("n", lambda key: jnp.zeros(()), lambda s: s, lambda s, d: s + d, R())
    >>> count
    System(y -> R·y^R, state in n)
    """
    return stateful(
        name,
        init,
        (),
        (wire,),
        lambda state: (readout(state),),
        lambda state, positions, directions: (update(state, directions[0]), ()),
    )


def vectorfield(name: str, init: Callable, readout: Callable, flow: Callable, wire: Wire) -> System:
    """A machine in continuous time: `flow(state, direction)` is the velocity of the state.

    Wire flows together first, and `discretise` the whole last: a Runge-Kutta step of each box by
    itself is only of first order, since the inputs stand still during the step.

    Args:
        name, init, readout, wire: as for `machine`.
        flow: `(state, direction) -> velocity of the state`.

    Raises:
        InterfaceError: a map returns other shapes than the wire and the state say.
    """
    return stateful(
        name,
        init,
        (),
        (wire,),
        lambda state: (readout(state),),
        lambda state, positions, directions: (flow(state, directions[0]), ()),
        clock="flow",
    )


def copy(wire: Wire, times: int = 2) -> System:
    """One wire to several; the directions that come back on them are *added*.

    Args:
        wire: what is copied.
        times: at least 1.

    >>> from theorylab.systems import R
    >>> copy(R(2))
    System(R^2·y^R^2 -> R^2·y^R^2 ⊗ R^2·y^R^2)
    """
    times = whole("times", times, low=1)
    box = lens(
        (wire,),
        (wire,) * times,
        lambda x: (x,) * times,
        lambda i, d: (jax.tree.map(lambda *parts: sum(parts[1:], parts[0]), *d),),
    )
    return _only_wires(box, "copy")


def swap(first: Wire, second: Wire) -> System:
    """Two wires crossing."""
    box = lens((first, second), (second, first), lambda x, y: (y, x), lambda i, d: (d[1], d[0]))
    return _only_wires(box, "swap")


def discard(wire: Wire) -> System:
    """The end of a wire: zero comes back."""
    box = lens((wire,), (), lambda x: (), lambda i, d: (_zeros(wire.dir),))
    return _only_wires(box, "discard")


def _only_wires(box: System, kind: str) -> System:
    return replace(box, term=Term(kind, box.dom, box.cod))


def _zeros(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), tree)


def _interfaces(dom: Wires, cod: Wires) -> tuple[tuple, tuple, tuple, tuple]:
    """Positions in, positions out, directions out, directions in."""
    checked_wires("dom", dom)
    checked_wires("cod", cod)
    return (
        tuple(wire.pos for wire in dom),
        tuple(wire.pos for wire in cod),
        tuple(wire.dir for wire in dom),
        tuple(wire.dir for wire in cod),
    )
