"""Decision tasks of eight steps, as in neurogym 0.0.2, drawn inside compiled programs.

A step is 100 ms; noise has the standard deviation 0.1. The first input says "fixate" on steps 0 to
6; then it goes out, and the network has to choose. Targets are 0 (fixate) before the last step and
1 or 2 on it. All drawing is uniform and independent.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.require import require, whole

STEPS = 8
NOISE = 0.1
#: Coherences of the decision tasks, as fractions.
COHERENCE_2AF = (0.0, 0.064, 0.128, 0.256, 0.512)
COHERENCE_CXT = (0.05, 0.15, 0.5)


class Trials(NamedTuple):
    """A batch of trials.

    Attributes:
        x: inputs, (T, B, I).
        y: target classes, (T, B), int32.
        weight: (T, B); the loss of a step counts this much. One everywhere, but for the digits,
            where only the last step counts.
    """

    x: Float[Array, "T B I"]
    y: Int[Array, "T B"]
    weight: Float[Array, "T B"]


class Task(NamedTuple):
    """A task: anything with a function that draws trials. Make your own like this.

    Attributes:
        name: for labels.
        sample: `(key, batch) -> Trials`, which compiles.
        inputs, outputs: I and O.

    >>> trials = TWO_AF.sample(jax.random.key(0), 32)
    >>> trials.x.shape, trials.y.shape
    ((8, 32, 3), (8, 32))
    """

    name: str
    sample: Callable[[PRNGKeyArray, int], Trials]
    inputs: int
    outputs: int


def _fixation(batch):
    return jnp.broadcast_to((jnp.arange(STEPS) < STEPS - 1)[:, None], (STEPS, batch)).astype(float)


def _trials(x, choice):
    y = jnp.zeros(x.shape[:2], jnp.int32).at[-1].set(choice.astype(jnp.int32) + 1)
    return Trials(x, y, jnp.ones(x.shape[:2]))


@references("liu2024connectivity")
def two_af(key: PRNGKeyArray, batch: int) -> Trials:
    """Two-alternative forced choice: which of two noisy channels is larger?

    On steps 0 to 6 channel 1 + k is $\\tfrac12 + \\tfrac12 c\\,\\cos(\\pi(k - s))$ and noise, with
    the side s in {0, 1} and the coherence c from `COHERENCE_2AF`. The target is 1 + s.

    Raises:
        ValueError: a batch below 1.

    >>> two_af(jax.random.key(0), 2).y[-1].shape
    (2,)
    """
    batch = whole("batch", batch, low=1)
    side, strength, noise = jax.random.split(key, 3)
    s = jax.random.randint(side, (batch,), 0, 2)
    c = jax.random.choice(strength, jnp.array(COHERENCE_2AF), (batch,))
    sign = jnp.where(jnp.arange(2)[None, :] == s[:, None], 1.0, -1.0)
    level = 0.5 + 0.5 * c[:, None] * sign
    shown = level[None] + NOISE * jax.random.normal(noise, (STEPS, batch, 2))
    on = _fixation(batch)[..., None]
    return _trials(jnp.concatenate([on, on * shown], axis=2), s)


@references("liu2024connectivity")
def dms(key: PRNGKeyArray, batch: int) -> Trials:
    """Delayed match to sample: is the test on the same channel as the sample?

    The sample lights one of two channels, with noise on both, at step 0, the test at step 6; both
    are silent in between. The target is 1 for a match and 2 for none.

    Raises:
        ValueError: a batch below 1.

    >>> x = dms(jax.random.key(0), 2).x
    >>> float(jnp.abs(x[1:6, :, 1:]).max())
    0.0
    """
    batch = whole("batch", batch, low=1)
    first, match, noise = jax.random.split(key, 3)
    sample = jax.random.randint(first, (batch,), 0, 2)
    other = jax.random.randint(match, (batch,), 0, 2)
    shown = jax.nn.one_hot(jnp.stack([sample, (sample + other) % 2]), 2, dtype=float)
    shown = shown + NOISE * jax.random.normal(noise, (2, batch, 2))
    channels = jnp.zeros((STEPS, batch, 2)).at[jnp.array([0, STEPS - 2])].set(shown)
    return _trials(jnp.concatenate([_fixation(batch)[..., None], channels], axis=2), other)


@references("liu2024connectivity")
def cxt(key: PRNGKeyArray, batch: int) -> Trials:
    """Context-dependent choice: which channel of the cued pair is larger?

    On steps 0 and 1 two pairs of channels show $(1 \\pm c_1)/2$ and $(1 \\pm c_2)/2$, each with a
    sign and a coherence of its own from `COHERENCE_CXT`, and noise is on all seven channels. A cue
    on one of channels 5 and 6, on all steps, says which pair counts. The target is 1 if its first
    channel is the larger one, else 2.

    Raises:
        ValueError: a batch below 1.

    >>> cxt(jax.random.key(0), 2).x.shape
    (8, 2, 7)
    """
    batch = whole("batch", batch, low=1)
    side, strength, cue, noise = jax.random.split(key, 4)
    s = jax.random.randint(side, (batch, 2), 0, 2)
    c = jax.random.choice(strength, jnp.array(COHERENCE_CXT), (batch, 2))
    signed = jnp.where(s == 0, c, -c)
    pairs = 0.5 * (1 + jnp.stack([signed, -signed], axis=2)).reshape(batch, 4)
    x = jnp.zeros((STEPS, batch, 7)).at[:, :, 0].set(_fixation(batch))
    x = x.at[:2, :, 1:5].add(jnp.broadcast_to(pairs, (2, batch, 4)))
    x = x.at[:2].add(NOISE * jax.random.normal(noise, (2, batch, 7)))
    cued = jax.random.randint(cue, (batch,), 0, 2)
    x = x.at[:, :, 5:].add(
        jnp.broadcast_to(jax.nn.one_hot(cued, 2, dtype=float), (STEPS, batch, 2))
    )
    return _trials(x, jnp.where(cued == 0, s[:, 0], s[:, 1]))


TWO_AF = Task("2AF", two_af, 3, 3)
DMS = Task("DMS", dms, 3, 3)
CXT = Task("CXT", cxt, 7, 3)
TASKS = MappingProxyType({task.name: task for task in (TWO_AF, DMS, CXT)})


def sequential_digits(images: Float[np.ndarray, "n pixels"], labels: Int[np.ndarray, " n"]) -> Task:
    """Handwritten digits, one row of pixels a step; only the answer at the last step counts.

    Args:
        images: square, row by row, with values from 0 to 1: `handwritten_digits` of
            `theorylab.lab.datasets`, divided by 16.
        labels: digits.

    Returns:
        A task that draws images with replacement.

    Raises:
        ValueError: images that are not square or not as many as labels.

    >>> task = sequential_digits(np.ones((5, 64)), np.arange(5))
    >>> task.sample(jax.random.key(0), 3).x.shape
    (8, 3, 8)
    """
    require("labels", labels, low=0, high=9, shape=(len(images),))
    side = round(np.shape(images)[1] ** 0.5)
    require("images", images, shape=(None, side * side))
    require("images", images)
    rows = np.asarray(images, float).reshape(-1, side, side).swapaxes(0, 1)
    y = np.broadcast_to(np.asarray(labels, np.int32), rows.shape[:2])
    last = np.arange(side)[:, None] == np.full(len(labels), side - 1)
    return drawn_from(Trials(rows, y, last.astype(float)), "digits", 10)


def drawn_from(trials: Trials, name: str, outputs: int) -> Task:
    """A task that draws, with replacement, from trials that are there already.

    Args:
        trials: n of them, (T, n, ...), as NumPy or JAX arrays.
        name: for labels.  outputs: classes.

    Raises:
        ValueError: no trials, inputs or weights that are not finite, targets that are no classes.

    >>> known = TWO_AF.sample(jax.random.key(0), 5)
    >>> drawn_from(known, "five trials", 3).sample(jax.random.key(1), 100).x.shape
    (8, 100, 3)
    """
    outputs = whole("outputs", outputs, low=1)
    steps, count, inputs = np.shape(trials.x)
    whole("the number of trials", count, low=1)
    require("trials.x", trials.x)
    require("trials.y", trials.y, integer=True, low=0, high=outputs - 1, shape=(steps, count))
    require("trials.weight", trials.weight, low=0, shape=(steps, count))
    x, y, weight = (np.asarray(part) for part in trials)

    def sample(key: PRNGKeyArray, batch: int) -> Trials:
        which = jax.random.randint(key, (whole("batch", batch, low=1),), 0, count)
        return Trials(
            jnp.asarray(x, float)[:, which],
            jnp.asarray(y, jnp.int32)[:, which],
            jnp.asarray(weight, float)[:, which],
        )

    return Task(name, sample, inputs, outputs)


def from_neurogym(env: Any, count: int, outputs: int) -> Task:
    """Trials of a neurogym environment, drawn once and then resampled inside compiled programs.

    neurogym itself is not needed here: `env` is anything whose `new_trial()` makes a trial with the
    observations `env.ob`, (T, I), and the targets `env.gt`, (T,). Seed it before. What an
    environment shows under one name differs between versions of neurogym; look at a trial.

    Args:
        env: the environment.  count: trials drawn, of equal length.  outputs: actions.

    Raises:
        ValueError: trials of different lengths, or as `drawn_from`.

    >>> class Coin:
    ...     def new_trial(self):
    ...         self.ob, self.gt = np.zeros((4, 2)), np.array([0, 0, 0, 1])
    >>> from_neurogym(Coin(), 3, 2).sample(jax.random.key(0), 5).y.shape
    (4, 5)
    """
    seen, wanted = [], []
    for _ in range(whole("count", count, low=1)):
        env.new_trial()
        seen.append(np.array(env.ob, float))
        wanted.append(np.array(env.gt, np.int32))
    shapes = {ob.shape for ob in seen} | {(*gt.shape, seen[0].shape[-1]) for gt in wanted}
    if len(shapes) > 1:
        raise ValueError(
            f"trials of env have the shapes {sorted(shapes)}; allowed: one. Fix the durations "
            f"of its periods"
        )
    x, y = np.stack(seen, axis=1), np.stack(wanted, axis=1)
    return drawn_from(Trials(x, y, np.ones(y.shape)), type(env).__name__, outputs)
