"""One network cut into layers, into stacked neurons, and into single neurons: the work it makes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from theorylab.lab import Experiment, Output, Plan, static
from theorylab.systems.boxes import copy, smooth
from theorylab.systems.learning import learner
from theorylab.systems.running import power
from theorylab.systems.system import System, identity, nest
from theorylab.systems.wires import R
from theorylab.systems.work import compiled_work

PROGRAMS = ("by hand", "layers", "stacked neurons", "single neurons")


def layer(name: str, w: jax.Array, batch: int, rate: float) -> System:
    """tanh(x w) as one learner; w is (inputs, outputs)."""
    m, n = w.shape
    wires = (R(batch, m),), (R(batch, n),)
    return learner(name, lambda w, x: jnp.tanh(x @ w), lambda key: w, optax.sgd(rate), *wires)


def _neuron(name: str, w: jax.Array, batch: int, rate: float) -> System:
    wires = (R(batch, w.shape[0]),), (R(batch),)
    return learner(name, lambda w, x: jnp.tanh(x @ w), lambda key: w, optax.sgd(rate), *wires)


def stacked_layer(name: str, w: jax.Array, batch: int, rate: float) -> System:
    """The same as copies of one neuron, `power`."""
    m, n = w.shape
    neurons = power(_neuron(name, jnp.zeros(m), batch, rate), n)
    neurons = System(
        neurons.dom,
        neurons.cod,
        neurons.fwd,
        neurons.bwd,
        {name: lambda key: (w.T, jax.vmap(optax.sgd(rate).init)(w.T))},
        neurons.clock,
    )
    spread = smooth(
        lambda x: jnp.broadcast_to(x[None], (n, *x.shape)), (R(batch, m),), (R(n, batch, m),)
    )
    return spread >> neurons >> smooth(lambda y: y.T, (R(n, batch),), (R(batch, n),))


def neuron_layer(name: str, w: jax.Array, batch: int, rate: float) -> System:
    """The same as single neurons side by side, each a box of its own."""
    m, n = w.shape
    neurons = [_neuron(f"{name}, neuron {k}", w[:, k], batch, rate) for k in range(n)]
    gather = smooth(
        lambda *shown: jnp.stack(shown, axis=1), (R(batch),) * n, (R(batch, n),), label="stack"
    )
    return copy(R(batch, m), n) >> nest(gather, *neurons)


LAYERS = {"layers": layer, "stacked neurons": stacked_layer, "single neurons": neuron_layer}


def network(kind: str, start: list[jax.Array], batch: int, rate: float) -> System:
    """Layers of a kind in series."""
    net = identity(R(batch, start[0].shape[0]))
    for k, w in enumerate(start):
        net = net >> LAYERS[kind](f"layer {k}", w, batch, rate)
    return net


def weights_of(kind: str, state: dict, layers: int) -> list[jax.Array]:
    """The weights in the state of `network`, as matrices (inputs, outputs)."""
    if kind == "single neurons":
        own = [
            [box[0] for name, box in state.items() if name.startswith(f"layer {k},")]
            for k in range(layers)
        ]
        return [jnp.stack(columns, axis=1) for columns in own]
    found = [state[f"layer {k}"][0] for k in range(layers)]
    return [w.T for w in found] if kind == "stacked neurons" else found


def trainer(kind: str, start: list[jax.Array], batch: int, rate: float) -> tuple[Callable, Any]:
    """A training run as a function of its start and its batches, and that start.

    Args:
        kind: one of `PROGRAMS`.
        start: the weights, matrices (inputs, outputs).
        batch: examples in a batch.
        rate: step size.

    Returns:
        The function `(start, x, y) -> end`, x and y with the ticks along the first axis; and
        the start, of the form that it takes.
    """
    if kind == "by hand":
        return lambda weights, x, y: _by_hand(weights, x, y, rate), start
    net = network(kind, start, batch, rate)

    def run(state, x, y):
        def tick(state, pair):
            (shown,), residual = net.fwd(state, (pair[0],))
            state, _ = net.bwd(residual, ((shown - pair[1]) / batch,))
            return state, None

        return jax.lax.scan(tick, state, (x, y))[0]

    return run, net.init(jax.random.key(0))


def _by_hand(weights: list, x: jax.Array, y: jax.Array, rate: float) -> list:
    def loss(weights, x, y):
        for w in weights:
            x = jnp.tanh(x @ w)
        return ((x - y) ** 2).sum() / (2 * x.shape[0])

    def tick(weights, pair):
        slopes = jax.grad(loss)(weights, *pair)
        return [w - rate * s for w, s in zip(weights, slopes, strict=True)], None

    return jax.lax.scan(tick, weights, (x, y))[0]


class Granularity(Experiment):
    """The compiled training step of one network, written by hand and composed at three depths."""

    host_only = True
    sizes: tuple = static((6, 6, 3), low=1, doc="numbers of units")
    batch: int = static(16, low=1, doc="examples in a batch")
    outputs = {
        "flops": Output(("program",), doc="floating-point operations, as XLA estimates them"),
        "fusions": Output(("program",), doc="fused kernels"),
        "dots": Output(("program",), doc="matrix products"),
        "gap": Output(("program",), doc="largest difference of a weight to that by hand"),
    }

    def coords(self):
        """The programs."""
        return {"program": list(PROGRAMS)}

    def simulate(self, key):
        """Compile, count, and run three ticks."""
        start = matrices(key, self.sizes)
        x, y = batches(key, self.sizes, self.batch, ticks=3)
        counts, ends = [], []
        for kind in PROGRAMS:
            run, state = trainer(kind, start, self.batch, 0.1)
            counts.append(compiled_work(run, state, x, y))
            end = jax.jit(run)(state, x, y)
            ends.append(end if kind == "by hand" else weights_of(kind, end, len(start)))
        gaps = [
            max(float(jnp.abs(a - b).max()) for a, b in zip(end, ends[0], strict=True))
            for end in ends
        ]
        flops, fusions, dots = np.asarray(counts, float).T
        return {"flops": flops, "fusions": fusions, "dots": dots, "gap": np.array(gaps)}


def matrices(key: jax.Array, sizes: tuple[int, ...]) -> list[jax.Array]:
    """Random weights, (inputs, outputs) for each layer."""
    keys = jax.random.split(key, len(sizes) - 1)
    shapes = zip(keys, pairwise(sizes), strict=True)
    return [jax.random.normal(k, (m, n)) / np.sqrt(m) for k, (m, n) in shapes]


def batches(
    key: jax.Array, sizes: tuple[int, ...], batch: int, ticks: int
) -> tuple[jax.Array, jax.Array]:
    """Random inputs and targets, (ticks, batch, units)."""
    first, second = jax.random.split(key)
    x = jax.random.normal(first, (ticks, batch, sizes[0]))
    return x, jax.random.normal(second, (ticks, batch, sizes[-1]))


GRANULARITY = Plan(Granularity())
