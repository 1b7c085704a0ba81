"""Training a recurrent network by stochastic gradient descent, in one compiled program.

Trials are drawn inside the program, with keys that depend on the number of the update only: a
shorter run is the beginning of a longer one, and networks trained with one key see the same trials.
Ranks, gains and keys are arguments: `jax.vmap` trains all networks of a sweep side by side.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require, whole
from theorylab.rich_lazy.rnn import RNNConfig, RNNParams, rnn_apply
from theorylab.rich_lazy.tasks import Task, Trials


class Training(NamedTuple):
    """A training run.

    Attributes:
        params: the weights at every checkpoint, with a leading axis; the last are final.
        losses: training loss before each update, (steps,).
    """

    params: RNNParams
    losses: Float[Array, " steps"]


def cross_entropy(logits: Float[Array, "T B O"], trials: Trials) -> Float[Array, ""]:
    """Softmax cross-entropy in nats, averaged over steps and trials with the trials' weights.

    Logits that are not finite, as of a network that diverged, give what is not a number.

    Raises:
        ValueError: shapes that do not fit, classes that are none of the outputs', weights that are
            negative or all zero. Inside `jit` wrong classes and weights pass.

    >>> trials = Trials(jnp.zeros((1, 1, 1)), jnp.zeros((1, 1), int), jnp.ones((1, 1)))
    >>> round(float(cross_entropy(jnp.zeros((1, 1, 3)), trials)), 4)
    1.0986
    """
    _fit(logits, trials)
    require("trials.weight", trials.weight, low=0)
    if not is_traced(trials.weight) and not bool(jnp.any(trials.weight > 0)):
        raise ValueError("trials.weight is zero; allowed: some above 0")
    logs = jax.nn.log_softmax(logits, axis=-1)
    chosen = jnp.take_along_axis(logs, trials.y[..., None], axis=-1)[..., 0]
    return -jnp.sum(trials.weight * chosen) / jnp.sum(trials.weight)


def decision_accuracy(logits: Float[Array, "T B O"], trials: Trials) -> Float[Array, ""]:
    """Share of trials whose choice at the last step is right; what is not finite is wrong.

    Raises:
        ValueError: shapes that do not fit, classes that are none of the outputs'.

    >>> trials = Trials(jnp.zeros((1, 1, 1)), jnp.ones((1, 1), int), jnp.ones((1, 1)))
    >>> float(decision_accuracy(jnp.array([[[0.0, 1.0, 0.5]]]), trials))
    1.0
    """
    _fit(logits, trials)
    last = logits[-1]
    said = jnp.argmax(last, axis=1).astype(trials.y.dtype)
    right = (said == trials.y[-1]) & jnp.all(jnp.isfinite(last), axis=1)
    return jnp.mean(right.astype(last.dtype))


def _fit(logits, trials):
    if len(jnp.shape(logits)) != 3 or not logits.size:
        raise ValueError(f"logits has shape {jnp.shape(logits)}; allowed: (steps, trials, outputs)")
    steps, batch, outputs = logits.shape
    require("trials.y", trials.y, low=0, high=outputs - 1, integer=True, shape=(steps, batch))
    require("trials.weight", trials.weight, shape=(steps, batch))


@references("liu2024connectivity")
def train_rnn(
    key: PRNGKeyArray,
    params: RNNParams,
    task: Task,
    steps: int,
    every: int | None = None,
    optimiser: optax.GradientTransformation | None = None,
    batch: int = 32,
    config: RNNConfig = RNNConfig(),
    trained: tuple[str, ...] = RNNParams._fields,
) -> Training:
    """Train on freshly drawn trials.

    Args:
        key: of the trials.  params: where training starts.  task: what is drawn.
        steps: updates.  every: updates between checkpoints, a divisor of `steps`; default: all.
        optimiser: default: gradient descent with learning rate 0.003 and momentum 0.9, as in the
            official code.
        batch: trials per update.  config: form of the network.
        trained: which of the three weight matrices move; the others do not, whatever the optimiser
            does to weights without a gradient.

    A run that diverges ends in losses and weights that are not finite.

    Raises:
        ValueError: an argument is not allowed, or weights that are not finite or do not fit the
            task.

    Source: the settings are those of the official code of liu2024connectivity.

    >>> from theorylab.rich_lazy.rnn import init_rnn
    >>> from theorylab.rich_lazy.tasks import TWO_AF
    >>> start = init_rnn(jax.random.key(0), jnp.eye(4), 3, 3)
    >>> train_rnn(jax.random.key(1), start, TWO_AF, 4, 2).params.w_h.shape
    (2, 4, 4)
    """
    steps = whole("steps", steps, low=1)
    every = steps if every is None else whole("every", every, low=1, high=steps)
    if steps % every:
        raise ValueError(f"every is {every} for {steps} steps; allowed: a divisor of the steps")
    batch = whole("batch", batch, low=1)
    for name, w in zip(RNNParams._fields, params, strict=True):
        require(f"params.{name}", w)
    require("params.w_x", params.w_x, shape=(None, task.inputs))
    require("params.w_o", params.w_o, shape=(task.outputs, None))
    for name in trained:
        require("trained", name, choices=RNNParams._fields)
    optimiser = optax.sgd(0.003, momentum=0.9) if optimiser is None else optimiser
    update = _update(task, optimiser, batch, config, trained)

    def segment(carry, first):
        carry, losses = jax.lax.scan(
            lambda carry, i: update(carry, jax.random.fold_in(key, first + i)),
            carry,
            jnp.arange(every, dtype=jnp.uint32),
        )
        return carry, (carry[0], losses)

    starts = jnp.arange(0, steps, every, dtype=jnp.uint32)
    _, (saved, losses) = jax.lax.scan(segment, (params, optimiser.init(params)), starts)
    return Training(saved, losses.reshape(steps))


def _update(task, optimiser, batch, config, trained) -> Callable:
    def loss(params, trials: Trials) -> Array:
        dtype = params.w_h.dtype
        trials = Trials(trials.x.astype(dtype), trials.y, trials.weight.astype(dtype))
        return cross_entropy(rnn_apply(params, trials.x, config)[0], trials)

    def moving(weights):
        pairs = zip(RNNParams._fields, weights, strict=True)
        return RNNParams(*(w if name in trained else jnp.zeros_like(w) for name, w in pairs))

    def update(carry, key):
        params, state = carry
        value, slope = jax.value_and_grad(loss)(params, task.sample(key, batch))
        change, state = optimiser.update(moving(slope), state, params)
        return (optax.apply_updates(params, moving(change)), state), value

    return update
