"""Diagrams of systems in systems, drawn from the systems themselves."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import optax
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import size
from theorylab.systems.boxes import copy, machine, smooth
from theorylab.systems.drawing import BACK, FORWARD, draw_wiring
from theorylab.systems.finite import Box, Wiring
from theorylab.systems.learning import learner
from theorylab.systems.system import System, identity
from theorylab.systems.wires import R, Wire


def _layer(name: str, inputs: int, outputs: int) -> System:
    return learner(
        name,
        lambda w, x: jnp.tanh(w @ x),
        lambda key: jnp.zeros((outputs, inputs)),
        optax.sgd(0.1),
        (R(inputs),),
        (R(outputs),),
    )


def _neuron(name: str) -> System:
    start = jnp.zeros(2)
    return learner(
        name, lambda w, x: jnp.tanh(w @ x), lambda key: start, optax.sgd(0.1), (R(2),), (R(),)
    )


def _training() -> System:
    network = (_layer("learner 1", 4, 6) >> _layer("learner 2", 6, 1)).framed("network")
    pair = Wire((R(4).pos, R(1).pos), (R(4).dir, R(1).dir))
    data = machine(
        "data",
        lambda key: key,
        lambda key: (jnp.zeros(4), jnp.zeros(1)),
        lambda key, direction: key,
        pair,
    )
    halves = smooth(lambda both: both, (pair,), (R(4), R(1)), label="pair")
    loss = smooth(lambda y, t: ((y - t) ** 2).sum(), (R(1), R(1)), (R(),), label="loss")
    return (data >> halves >> (network @ identity(R(1))) >> loss).framed("training run: a machine")


@figure(
    "systems/training-diagram",
    needs={},
    title="A training run is a closed system of systems",
    references=("spivak2021deeply", "cruttwell2022categorical"),
)
def training_diagram() -> Figure:
    """Weights and a map make a learner, learners a network; with data and loss it is a machine."""
    fig, ax = plt.subplots(figsize=size(0.43))
    _training().draw(ax)
    _key(ax, 0.055, 0.76, 0.09)
    return fig


@figure(
    "systems/nesting",
    needs={},
    title="A neuron, a layer and a network are systems of one kind",
    references=("spivak2021deeply",),
)
def nesting() -> Figure:
    """One neuron opened, a layer of two such neurons, and a network of layers, drawn as boxes."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.26), width_ratios=(1.15, 1.0, 1.15))
    layer = (copy(R(2)) >> (_neuron("neuron 1") @ _neuron("neuron 2"))).framed("layer 1")
    network = (_layer("layer 1", 2, 2) >> _layer("layer 2", 2, 2)).framed("network")
    systems = (_neuron("neuron 1"), layer, network)
    for ax, system in zip(axes, systems, strict=True):
        system.draw(ax, depth=None if system is systems[0] else 1)
    _key(axes[2], 0.3, -0.25, 0.2)
    return fig


@figure(
    "systems/wiring-diagram",
    needs={},
    title="Opening a box of a wiring diagram gives a wiring diagram",
    references=("niu2023polynomial",),
)
def wiring_diagram() -> Figure:
    """A control loop with a box that is a diagram itself, that diagram, and the loop with it in."""
    control, plant, lag = Box((2, 2), (2,)), Box((2,), (2,)), Box((2,), (2,))
    outer = Box((2,), (2,))
    loop = Wiring((control, plant), outer, feed=(((-1, 0), (1, 0)), ((0, 0),)), show=((1, 0),))
    inside = Wiring((control, lag), control, feed=(((-1, 0), (1, 0)), ((-1, 1),)), show=((0, 0),))
    fig, axes = plt.subplots(1, 3, figsize=size(0.2), width_ratios=(1, 1, 1.35))
    draw_wiring(loop, ("control", "plant"), axes[0], "loop")
    draw_wiring(inside, ("law", "sensor"), axes[1], "control")
    draw_wiring(loop.substitute(0, inside), ("law", "sensor", "plant"), axes[2], "loop, opened")
    return fig


def _key(ax: Axes, x: float, y: float, line: float) -> None:
    words = {"transform": ax.transAxes, "fontsize": 9.5, "fontweight": "bold"}
    ax.text(x, y, "positions \N{RIGHTWARDS ARROW}", color=FORWARD, **words)
    ax.text(x, y - line, "\N{LEFTWARDS ARROW} directions", color=BACK, **words)
