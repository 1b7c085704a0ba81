"""Rows on learners: proved for arbitrary functions, and run beside the usual training step."""

from collections.abc import Callable
from itertools import pairwise

import jax
import jax.numpy as jnp
import optax

from theorylab.lab import Measurement
from theorylab.lab.judges import above, below, between
from theorylab.systems.boxes import copy, lens, vectorfield
from theorylab.systems.learning import learner, weights
from theorylab.systems.ledger.common import (
    UNSEEN,
    claims,
    established,
    gap,
    none,
    precisely,
    row,
)
from theorylab.systems.running import discretise, run
from theorylab.systems.system import System, identity, nest
from theorylab.systems.wires import R

FUNCTOR, LENSES, ORG = "fong2019backprop", "cruttwell2022categorical", "shapiro2022dynamic"
_SIZES, _BATCH, _TICKS = (3, 4, 4, 2), 5, 3
_ROUNDING = 1e-13
OPTIMISERS = (optax.adam(0.1), optax.adagrad(0.1), optax.sgd(0.1, 0.9, nesterov=True))


def _apply(w, x):
    return jnp.tanh(x @ w)


def _layer(name: str, m: int, n: int, optimiser) -> System:
    def init(key):
        return jax.random.normal(key, (m, n)) / m**0.5

    return learner(name, _apply, init, optimiser, (R(_BATCH, m),), (R(_BATCH, n),))


def _net(optimiser) -> System:
    net = identity(R(_BATCH, _SIZES[0]))
    for k, (m, n) in enumerate(pairwise(_SIZES)):
        net = net >> _layer(f"layer {k}", m, n, optimiser)
    return net


def _squares(shown, wanted):
    return ((shown - wanted) ** 2).mean()


def _cross_entropy(shown, wanted):
    return -(jax.nn.softmax(wanted) * jax.nn.log_softmax(shown)).sum(axis=1).mean()


def _training_gap(optimiser, error: Callable) -> float:
    """Weights of a net of learners against those of `jax.grad` of the whole, after some ticks."""
    with precisely():
        net = _net(optimiser)
        state = net.init(jax.random.key(0))
        plain = [state[name][0] for name in net.leaves]
        x = jax.random.normal(jax.random.key(1), (_BATCH, _SIZES[0]))
        wanted = jax.random.normal(jax.random.key(2), (_BATCH, _SIZES[-1]))

        def whole(layers):
            shown = x
            for w in layers:
                shown = _apply(w, shown)
            return error(shown, wanted)

        def composed(state):
            (shown,), residual = net.fwd(state, (x,))
            return net.bwd(residual, (jax.grad(error)(shown, wanted),))[0]

        def usual(layers, memory):
            change, memory = optimiser.update(jax.grad(whole)(layers), memory, layers)
            return optax.apply_updates(layers, change), memory

        memory = optimiser.init(plain)
        for _ in range(_TICKS):
            state, (plain, memory) = composed(state), usual(plain, memory)
        return gap([state[name][0] for name in net.leaves], plain)


def _sgd() -> Measurement:
    return Measurement(_training_gap(optax.sgd(0.5), _squares))


def _many() -> Measurement:
    gaps = [_training_gap(o, e) for o in OPTIMISERS for e in (_squares, _cross_entropy)]
    return Measurement(max(gaps))


def _box(name: str, m: int, n: int) -> System:
    def init(key):
        return jax.random.normal(key, (n, m))

    return learner(name, lambda w, x: jnp.tanh(w @ x), init, optax.sgd(0.1), (R(m),), (R(n),))


def _tick(system: System):
    """One tick from the system's own start, with numbers that depend on shapes alone."""
    positions = tuple(jnp.linspace(0.1, 1.0, w.pos.shape[0]) for w in system.dom)
    directions = tuple(jnp.linspace(-1.0, 1.0, w.dir.shape[0]) for w in system.cod)
    return system.step(system.init(jax.random.key(0)), positions, directions)


def _laws_broken() -> Measurement:
    """Laws of a monoidal category that fail, to the last bit, on learners with states."""
    with precisely():
        f, g, h, k = _box("f", 2, 3), _box("g", 3, 2), _box("h", 2, 3), _box("k", 3, 2)
        laws = (
            ((f >> g) >> h, f >> (g >> h)),
            (identity(R(2)) >> f, f),
            (f >> identity(R(3)), f),
            ((f @ g) @ h, f @ (g @ h)),
            (f @ identity(), f),
            ((f @ h) >> (g @ k), (f >> g) @ (h >> k)),
        )
        return Measurement(sum(gap(_tick(a), _tick(b)) != 0 for a, b in laws))


def _neurons() -> Measurement:
    """A layer against its neurons side by side behind a copy of the input, after a tick."""
    with precisely():
        matrix = jnp.array([[0.5, -0.3], [0.2, 0.8], [-0.6, 0.1]])

        def neuron(name: str, w) -> System:
            return learner(
                name, lambda w, x: jnp.tanh(w @ x), lambda key: w, optax.sgd(0.1), (R(2),), (R(),)
            )

        layer = learner(
            "layer", lambda w, x: jnp.tanh(w @ x), lambda key: matrix, optax.sgd(0.1), (R(2),),
            (R(3),),
        )  # fmt: skip
        nested = copy(R(2), 3) >> nest(
            identity(R(), R(), R()), *(neuron(f"neuron {n}", matrix[n]) for n in range(3))
        )
        x, g = jnp.array([0.7, -0.2]), jnp.array([1.0, -0.5, 0.25])
        whole, shown, back = layer.step(layer.init(jax.random.key(0)), (x,), (g,))
        parts, small, sent = nested.step(nested.init(jax.random.key(0)), (x,), tuple(g))
        rows = jnp.stack([parts[f"neuron {n}"][0] for n in range(3)])
        return Measurement(gap((whole["layer"][0], *shown, *back), (rows, jnp.stack(small), *sent)))


def _split_gap(optimiser) -> float:
    """One box with two arrays against two boxes, after three gradients."""
    one = weights("w", lambda key: (jnp.ones(2), jnp.ones(3)), optimiser)
    two = weights("a", lambda key: jnp.ones(2), optimiser) @ weights(
        "b", lambda key: jnp.ones(3), optimiser
    )
    slopes = (jnp.array([1.0, -2.0]), jnp.array([0.5, 3.0, -1.0]))
    whole, parts = one.init(jax.random.key(0)), two.init(jax.random.key(0))
    for _ in range(3):
        whole, parts = one.step(whole, (), (slopes,))[0], two.step(parts, (), slopes)[0]
    return gap(whole["w"][0], (parts["a"][0], parts["b"][0]))


def _unsplittable() -> Measurement:
    with precisely():
        return Measurement(_split_gap(optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1))))


def _oscillator(name: str, start: tuple) -> System:
    return vectorfield(
        name,
        lambda key: jnp.array(start),
        lambda s: s[0],
        lambda s, d: jnp.array([s[1], d - s[0]]),
        R(),
    )


def _order(whole: bool) -> Measurement:
    """Order of the fourth-order method on two oscillators that push each other."""
    with precisely():
        boxes = _oscillator("a", (1.0, 0.0)), _oscillator("b", (-0.5, 1.0))
        cross = lens((R(), R()), (R(),), lambda x, y: (x,), lambda i, d: (d[0] + i[1], i[0]))

        def end(steps: int, whole: bool):
            dt = 2.0 / steps
            if whole:
                system = discretise(nest(cross, *boxes), "rk4", dt)
            else:
                system = nest(cross, *(discretise(box, "rk4", dt) for box in boxes))
            start = system.init(jax.random.key(0))
            return run(system, start, (jnp.zeros(steps),))[0]["a"]

        exact = end(640, True)
        coarse, fine = (gap(end(steps, whole), exact) for steps in (20, 40))
        return Measurement(float(jnp.log2(coarse / fine)))


ROWS = (
    row(
        "functor",
        FUNCTOR,
        "abstract",
        "Gradient descent with a fixed step and a suitable error is a functor: the learner of a "
        "composite is the composite of the learners.",
        claims("learners", "update", "request-composes", "update-any"),
        established,
        note="The checked claims systems/learners/update, request-composes and update-any, for "
        "arbitrary functions and errors",
    ),
    row(
        "functor-monoidal",
        FUNCTOR,
        "abstract",
        "And it is monoidal: side by side, each learner takes its own step.",
        claims("learners", "parallel"),
        established,
        note="The checked claim systems/learners/parallel",
    ),
    row(
        "functor-error",
        FUNCTOR,
        "abstract",
        "What the error must satisfy: its slope can be inverted.",
        claims("learners", "target", "gradient-cosh", "update-cosh"),
        established,
        difference="The abstract says only that there is a condition; from memory it is this one",
        note="The checked claims systems/learners/target, gradient-cosh and update-cosh: two "
        "errors for which the target exists and the theorem holds",
    ),
    row(
        "functor-running",
        FUNCTOR,
        "abstract",
        "The same, running: learners in series take the step of the whole network.",
        _sgd,
        below(_ROUNDING),
        difference="Gradients are passed instead of targets",
        note=f"Largest difference of the weights from those of jax.grad, after {_TICKS} ticks",
    ),
    row(
        "optimisers-and-losses",
        LENSES,
        "abstract",
        "One form covers Adam, AdaGrad and Nesterov's momentum, squared error and cross-entropy.",
        _many,
        below(_ROUNDING),
        difference="Optimisers in the form that Optax gives them",
        note="Largest difference of the weights from the usual training, over all six pairs",
    ),
    row(
        "boolean-circuits",
        LENSES,
        "abstract",
        "The form covers learning in boolean circuits.",
        None,
        None,
        out_of_reach="The wires that learn here are real; reverse derivatives of boolean circuits "
        "are not built",
    ),
    row(
        "dynamic-monoidal",
        ORG,
        "abstract",
        "Deep learning is a dynamic monoidal category.",
        _laws_broken,
        none,
        difference=UNSEEN,
        note="Of six laws of series and side by side, on learners with their states: those that "
        "fail to the last bit",
    ),
    row(
        "layer-of-neurons",
        "spivak2021deeply",
        "abstract",
        "A deep network is a nest of dynamical systems: here, a layer is its neurons.",
        _neurons,
        below(_ROUNDING),
        difference=UNSEEN,
        note="Largest difference in state, output and gradient after a tick",
    ),
    row(
        "order-of-updates",
        "theorylab",
        "learners",
        "If a layer steps before it sends the gradient back, the network does not descend.",
        claims("limits", "order-defect"),
        established,
        note="The checked claim systems/limits/order-defect: a defect of second order",
    ),
    row(
        "same-function",
        "theorylab",
        "learners",
        "Networks with the same function need not be the same system.",
        claims("limits", "rescaling-defect"),
        established,
        note="The checked claim systems/limits/rescaling-defect",
    ),
    row(
        "global-norm",
        "theorylab",
        "learners",
        "Clipping by the global norm cannot be split over boxes.",
        _unsplittable,
        above(1e-3),
        note="Difference of the weights after three gradients",
    ),
    row(
        "integrator-whole",
        "theorylab",
        "learners",
        "Wired first and discretised last, Runge-Kutta keeps its order.",
        lambda: _order(True),
        between(3.7, 4.3),
        note="Two oscillators; order from 20 and 40 steps",
    ),
    row(
        "integrator-boxes",
        "theorylab",
        "learners",
        "Discretised box by box it falls to the first.",
        lambda: _order(False),
        between(0.7, 1.3),
        note="The same",
    ),
)
