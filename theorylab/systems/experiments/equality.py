"""Layers in series against the training step of the whole network, and two ways to miss it."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.systems.learning import learner
from theorylab.systems.system import State, System, identity
from theorylab.systems.wires import R

VARIANTS = ("composed", "updated first", "clipped apart")


class Equality(Experiment):
    """A network of learners, and the same network trained as a whole, from the same start.

    The learners step as composition says; or each sends its gradient back through weights that it
    has already updated; or, composed rightly, each clips the norm of its own gradient while the
    whole network clips the norm of all. Targets come from a random network of the same shape.
    """

    variant: str = static("composed", choices=VARIANTS, doc="how the learners step")
    sizes: tuple = static((5, 16, 16, 8, 3), low=1, doc="numbers of units")
    batch: int = static(32, low=1, doc="examples in a batch")
    ticks: int = static(200, low=1, unit="ticks", doc="length of a run")
    rate: float = traced(0.3, above=0.0, doc="step size")
    norm: float = traced(0.1, above=0.0, doc="where norms are clipped")
    outputs = {
        "gap": Output(("tick",), doc="largest difference of a weight, after the tick"),
        "moved": Output(("tick",), doc="largest change of a weight since the start"),
        "loss": Output(("tick",), doc="loss of the learners"),
        "loss_whole": Output(("tick",), doc="loss of the network trained as a whole"),
    }

    def coords(self):
        """Ticks."""
        return {"tick": Coord(np.arange(1, self.ticks + 1), doc="tick")}

    def simulate(self, key):
        """Both run side by side on the same batches."""
        keys = jax.random.split(key, 3)
        start = _weights(keys[0], self.sizes)
        teacher = _weights(keys[1], self.sizes)
        x = jax.random.normal(keys[2], (self.ticks, self.batch, self.sizes[0]))
        optimiser = optax.sgd(self.rate)
        if self.variant == "clipped apart":
            optimiser = optax.chain(optax.clip_by_global_norm(self.norm), optimiser)
        layers = self._layers(start, optimiser)
        step = _late_step if self.variant == "updated first" else _step

        def tick(carry, inputs):
            state, weights, memory = carry
            targets = _shown(teacher, inputs)
            state, loss = step(layers, state, inputs, targets)
            whole, gradients = jax.value_and_grad(_loss)(weights, inputs, targets)
            change, memory = optimiser.update(gradients, memory, weights)
            weights = optax.apply_updates(weights, change)
            mine = [state[name][0] for layer in layers for name in layer.leaves]
            return (state, weights, memory), (_far(mine, weights), _far(mine, start), loss, whole)

        state = {name: box for layer in layers for name, box in layer.init(key).items()}
        _, found = jax.lax.scan(tick, (state, start, optimiser.init(start)), x)
        return dict(zip(self.outputs, found, strict=True))

    def _layers(self, start: list, optimiser: optax.GradientTransformation) -> list[System]:
        return [
            learner(
                f"layer {k}",
                lambda w, x: jnp.tanh(x @ w),
                lambda key, w=w: w,
                optimiser,
                (R(self.batch, w.shape[0]),),
                (R(self.batch, w.shape[1]),),
            )
            for k, w in enumerate(start)
        ]


def _weights(key: jax.Array, sizes: tuple[int, ...]) -> list[jax.Array]:
    keys = jax.random.split(key, len(sizes) - 1)
    shapes = zip(keys, pairwise(sizes), strict=True)
    return [1.5 * jax.random.normal(k, (m, n)) / np.sqrt(m) for k, (m, n) in shapes]


def _shown(weights: list[jax.Array], x: jax.Array) -> jax.Array:
    for w in weights:
        x = jnp.tanh(x @ w)
    return x


def _loss(weights: list[jax.Array], x: jax.Array, targets: jax.Array) -> jax.Array:
    return ((_shown(weights, x) - targets) ** 2).sum() / (2 * x.shape[0])


def _far(ones: list[jax.Array], others: list[jax.Array]) -> jax.Array:
    pairs = zip(ones, others, strict=True)
    return jnp.stack([jnp.abs(a - b).max() for a, b in pairs]).max()


def _step(layers: list[System], state: State, x: jax.Array, targets: jax.Array) -> tuple:
    net = identity(*layers[0].dom)
    for layer in layers:
        net = net >> layer
    (shown,), residual = net.fwd(state, (x,))
    new, _ = net.bwd(residual, ((shown - targets) / x.shape[0],))
    return new, ((shown - targets) ** 2).sum() / (2 * x.shape[0])


def _late_step(layers: list[System], state: State, x: jax.Array, targets: jax.Array) -> tuple:
    """The wrong order: every layer sends back what its *updated* weights say."""
    seen, kept = (x,), []
    for layer in layers:
        before = seen
        seen, residual = layer.fwd(state, before)
        kept.append((layer, before, residual))
    back = ((seen[0] - targets) / x.shape[0],)
    new: State = {}
    for layer, before, residual in reversed(kept):
        own, _ = layer.bwd(residual, back)
        _, stale = layer.fwd(own, before)
        _, back = layer.bwd(stale, back)
        new = own | new
    return new, ((seen[0] - targets) ** 2).sum() / (2 * x.shape[0])


EQUALITY = Plan(Equality(), {"variant": VARIANTS})
DEFECT = Plan(
    Equality(ticks=1),
    {"variant": VARIANTS[1:], "rate": tuple(float(rate) for rate in np.geomspace(0.01, 0.3, 7))},
)
