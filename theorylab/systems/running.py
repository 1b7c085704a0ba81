"""Copies of a system, its ticks, and its discretisation in time."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from theorylab.lab.require import require, whole
from theorylab.lab.stepping import euler, rk4
from theorylab.systems.errors import InterfaceError
from theorylab.systems.system import State, System, is_system
from theorylab.systems.wires import Wire, expect, interface


def power(system: System, copies: int) -> System:
    """So many copies side by side, as one system on stacked wires: `jax.vmap` over boxes.

    Every wire and every state gets an axis of this length in front; each copy has its own key.

    Args:
        system: any system.
        copies: at least 1.

    >>> from theorylab.systems import R, identity
    >>> power(identity(R(2)), 5)
    System(R^(5x2)·y^R^(5x2) -> R^(5x2)·y^R^(5x2))
    """
    is_system("system", system)
    copies = whole("copies", copies, low=1)

    def stacked(wires: tuple) -> tuple:
        return tuple(Wire(_stack(w.pos, copies), _stack(w.dir, copies)) for w in wires)

    def several(init):
        return lambda key: jax.vmap(init)(jax.random.split(key, copies))

    leaves = {name: several(init) for name, init in system.leaves.items()}
    forward = jax.vmap(system.fwd, axis_size=copies)

    def fwd(state: State, positions: tuple) -> tuple:
        # the boxes beside it in a diagram are not copied
        return forward({name: state[name] for name in leaves}, positions)

    return System(
        stacked(system.dom),
        stacked(system.cod),
        fwd,
        jax.vmap(system.bwd, axis_size=copies),
        leaves,
        system.clock,
        replace(
            system.term.framed(f"{copies} copies"),
            dom=stacked(system.dom),
            cod=stacked(system.cod),
        ),
    )


def run(
    system: System, state: State, directions: tuple | None = None, length: int | None = None
) -> tuple[State, tuple]:
    """Let a system from nothing to something tick: `jax.lax.scan` over its ticks.

    Args:
        system: with no wires on the left.
        state: from `system.init`.
        directions: what comes in, one entry per wire on the right, each with the ticks along its
            first axis. May be left out if nothing comes in.
        length: the number of ticks, if `directions` does not say.

    Returns:
        The last state, and the positions shown at each tick, one entry per wire.

    Raises:
        InterfaceError: the system has wires on the left, or is a flow; or the directions do not
            fit the wires, or the state the boxes.
        ValueError: nothing says how many ticks there are, or `length` is no whole number.

    >>> import jax.numpy as jnp
    >>> from theorylab.systems import R, machine
    >>> count = machine("n", lambda key: jnp.zeros(()), lambda s: s, lambda s, d: s + d, R())
    >>> state, (shown,) = run(count, count.init(jax.random.key(0)), (jnp.ones(4),))
    >>> shown.tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    is_system("system", system)
    if system.dom or system.clock == "flow":
        what = "it is a flow: discretise it" if system.clock == "flow" else "close its left side"
        raise InterfaceError(
            f"cannot run {interface(system.dom)} -> {interface(system.cod)}: {what}"
        )
    wanted = tuple(wire.dir for wire in system.cod)
    if directions is None:
        directions = wanted
        if jax.tree.leaves(wanted):
            raise InterfaceError(f"{interface(system.cod)} needs directions")
    if not all(jnp.ndim(leaf) for leaf in jax.tree.leaves(directions)):
        raise InterfaceError("directions have no axis of ticks")
    each = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), directions)
    expect(f"directions for {interface(system.cod)}", each, wanted)
    if length is not None:
        length = whole("length", length, low=0)
    if length is None and not jax.tree.leaves(directions):
        raise ValueError("length is None; allowed: a whole number, as no direction says it")

    system.expect_state(state)

    def tick(state: State, came: tuple) -> tuple:
        shown, residual = system.fwd(state, ())
        return system.bwd(residual, came)[0], shown

    return jax.lax.scan(tick, state, directions, length=length)


def discretise(system: System, method: str, dt: float | int) -> System:
    """A flow as a system that ticks, of the same wires.

    What comes in during a step stands still. Discretise the whole, after wiring: see
    `vectorfield`.

    Args:
        system: a flow from nothing to something.
        method: "euler" or "rk4".
        dt: length of a step in the time of the flow, above 0.

    Raises:
        ValueError: an unknown method or a step that is not positive.
        InterfaceError: the system is no flow, or has wires on the left.
    """
    is_system("system", system)
    require("method", method, choices=("euler", "rk4"))
    require("dt", dt, above=0)
    if system.dom or system.clock != "flow":
        raise InterfaceError(f"{system} is no flow from nothing to something")

    step = {"euler": euler, "rk4": rk4}[method]

    def bwd(state: State, directions: tuple) -> tuple:
        def velocity(state: State) -> State:
            return system.bwd(system.fwd(state, ())[1], directions)[0]

        return step(velocity, state, dt), ()

    def fwd(state: State, positions: tuple) -> tuple:
        return system.fwd(state, positions)[0], {name: state[name] for name in system.leaves}

    return System((), system.cod, fwd, bwd, system.leaves, "ticks", system.term)


def _stack(tree: Any, copies: int) -> Any:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct((copies, *x.shape), x.dtype), tree)
