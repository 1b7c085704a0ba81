"""Sequence memory from segments that recognise the present and predict the next pattern.

First order: one cell for each column; every cell that is active next grows a segment onto s of
the cells that are active now. High order: several cells for each column, one of which stands for
the column in the context of what came before.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.sdr.patterns import random_patterns
from theorylab.sdr.tails import log_false_positive


class SequenceMemory(NamedTuple):
    """Segments of a memory: which cells each listens to, and which cell it belongs to.

    `sources` holds the presynaptic cells of the segments, `[F, a, s]` for F transitions to
    patterns of a cells, and `targets` the cells that own the segments, `[F, a]`.
    """

    sources: Int[Array, "F a s"]
    targets: Int[Array, "F a"]


@references("ahmad2016neurons", "hawkins2016synapses")
def learn_transitions(
    key: PRNGKeyArray, before: Int[Array, "F m"], after: Int[Array, "F a"], s: int
) -> SequenceMemory:
    """A memory in which every pattern of `after` is predicted by its pattern of `before`.

    Each cell of each pattern of `after` gets one new segment, with synapses onto its own
    uniform s-subset of the cells of the pattern before.

    Args:
        key: a key of `jax.random`.
        before: cell indices of the patterns at one moment.
        after: cell indices of the patterns that follow.
        s: number of synapses of a segment, at most m.

    Raises:
        ValueError: the numbers of patterns differ; s is larger than the patterns.

    Source: one-shot learning of transitions, as in the temporal memory of hawkins2016synapses.

    >>> before, after = random_patterns(jax.random.key(0), 50, 6, 4), jnp.arange(12).reshape(4, 3)
    >>> learn_transitions(jax.random.key(1), before, after, 5).sources.shape
    (4, 3, 5)
    """
    (transitions, m), a = before.shape, after.shape[1]
    require("after", after, shape=(transitions, None))
    require("s", s, low=1, high=m, integer=True)
    places = random_patterns(key, m, s, transitions * a).reshape(transitions, a, s)
    sources = jnp.take_along_axis(before[:, None, :], places, axis=2)
    return SequenceMemory(sources, after)


def predict(memory: SequenceMemory, active: Bool[Array, "T n"], theta: Any) -> Bool[Array, "T n"]:
    """The cells that are predicted next: those with a segment of at least theta active synapses.

    Args:
        memory: what was learnt.
        active: dense activity of the n cells, one moment a row.
        theta: threshold, inclusive.

    Raises:
        ValueError: theta is not a whole number.

    >>> from theorylab.sdr.patterns import to_dense
    >>> before, after = jnp.array([[0, 1]]), jnp.array([[2, 3]])
    >>> memory = learn_transitions(jax.random.key(0), before, after, 2)
    >>> predict(memory, to_dense(before, 4), 2).tolist()
    [[False, False, True, True]]
    """
    require("theta", theta, integer=True)
    return _predict(memory, active, theta)


@jax.jit
def _predict(memory, active, theta):
    def one(row):
        overlap = jnp.sum(row[memory.sources], axis=-1, dtype=jnp.int32)
        fires = overlap >= jnp.asarray(theta, jnp.int32)
        return jnp.zeros(row.shape, bool).at[memory.targets].max(fires)

    return jax.lax.map(one, active)


def jaccard(one: Bool[Array, "*batch n"], other: Bool[Array, "*batch n"]) -> Float[Array, "*batch"]:
    """Cells in both sets over cells in either; 1 where both are empty.

    >>> float(jaccard(jnp.array([True, True, False]), jnp.array([True, False, False])))
    0.5
    """
    both, either = jnp.sum(one & other, axis=-1), jnp.sum(one | other, axis=-1)
    ratio = both.astype(float) / jnp.maximum(either, 1).astype(float)
    return jnp.where(either == 0, 1.0, ratio)


@references("ahmad2016neurons")
def crowded_jaccard(
    n: ArrayLike, a: ArrayLike, s: ArrayLike, theta: ArrayLike, transitions: ArrayLike
) -> Float[Array, "..."]:
    """Overlap of prediction and next pattern when F transitions share the cells, no noise.

    $$J = \\frac{a}{a + \\epsilon (n - a)}, \\qquad \\epsilon = 1 - (1 - \\mathrm{FP})^{F a / n}:$$

    all a cells are predicted, and each other cell falsely by one of its F a / n segments. A
    ratio of expectations, with the mean number of segments in place of its distribution.

    Args:
        n: number of cells.
        a: active cells of a pattern.
        s: synapses of a segment.
        theta: threshold, inclusive.
        transitions: number F of stored transitions.

    Raises:
        ValueError: a number is not allowed.

    Source: ahmad2016neurons, with the official settings F = 20,000, s = 20, theta = 10.

    >>> round(float(crowded_jaccard(700, 64, 20, 10, 20_000)), 6)
    0.967883
    """
    require("transitions", transitions, low=0)
    log_fp = log_false_positive(n, a, s, theta)
    n, a, stored = (jnp.asarray(value, log_fp.dtype) for value in (n, a, transitions))
    fp = jnp.minimum(jnp.exp(log_fp), 1.0)
    false = -jnp.expm1(stored * a / n * jnp.log1p(-fp))
    return a / (a + false * (n - a))


class ContextMemory(NamedTuple):
    """A memory with several cells a column: `cells` is the code of each step of each sequence.

    `memory` holds the segments between steps, `columns` the input patterns `[Q, L, a]`, and
    `cells` the chosen cells `[Q, L, a]`, numbered column * per_column + place.
    """

    memory: SequenceMemory
    columns: Int[Array, "Q L a"]
    cells: Int[Array, "Q L a"]


@references("hawkins2016synapses")
def learn_sequences(
    key: PRNGKeyArray, columns: Int[Array, "Q L a"], per_column: int, s: int
) -> ContextMemory:
    """Store sequences of input patterns in cells that tell contexts apart.

    Each column that an input activates is represented by one of its cells, chosen at random for
    every step of every sequence, so that the same input in another sequence has another code.
    The first step has no context: all cells of its columns stand for it.

    Args:
        key: a key of `jax.random`.
        columns: active columns of each step (L of them) of each sequence (Q of them).
        per_column: cells of a column, at least 1.
        s: number of synapses of a segment.

    Raises:
        ValueError: a number is not allowed.

    Source: the idea of hawkins2016synapses, without permanences: each transition is learnt once.

    >>> inputs = random_patterns(jax.random.key(0), 64, 8, 6).reshape(2, 3, 8)
    >>> learn_sequences(jax.random.key(1), inputs, 4, 6).cells.shape
    (2, 3, 8)
    """
    require("per_column", per_column, low=1, integer=True)
    pick, grow = jax.random.split(key)
    place = jax.random.randint(pick, columns.shape, 0, per_column, columns.dtype)
    cells = columns * per_column + place
    count, length, a = columns.shape
    before = cells[:, :-1].reshape(count * (length - 1), a)
    after = cells[:, 1:].reshape(count * (length - 1), a)
    return ContextMemory(learn_transitions(grow, before, after, s), columns, cells)


@partial(jax.jit, static_argnames=("per_column", "columns"))
def replay(
    memory: SequenceMemory,
    inputs: Bool[Array, "L columns"],
    theta: int | Int[Array, ""],
    per_column: int,
    columns: int,
) -> tuple[Bool[Array, "L columns"], Bool[Array, "L cells"]]:
    """Run a sequence of inputs through a memory; give what each step predicts, and the cells.

    An active column with predicted cells shows these; one without shows all of its cells (it
    *bursts*). The predictions of a step come from the cells active in it.

    Args:
        memory: segments between cells.
        inputs: dense active columns of each step.
        theta: threshold, inclusive.
        per_column, columns: cells of a column; number of columns.

    Returns:
        predicted columns for the step after each step, and the active cells of each step.

    Source: the activation rule of hawkins2016synapses.

    >>> from theorylab.sdr.patterns import to_dense
    >>> first = jnp.array([[[0, 1], [2, 3]]])
    >>> learnt = learn_sequences(jax.random.key(0), first, 2, 2)
    >>> shown = replay(learnt.memory, to_dense(first[0], 4), 2, 2, 4)[0]
    >>> shown[0].tolist()
    [False, False, True, True]
    """

    def step(predicted, column):
        known = predicted.reshape(columns, per_column)
        burst = column & ~jnp.any(known, axis=1)
        active = (known & column[:, None]) | burst[:, None]
        following = _predict(memory, active.reshape(1, -1), theta)[0]
        shown = jnp.any(following.reshape(columns, per_column), axis=1)
        return following, (shown, active.reshape(-1))

    nothing = jnp.zeros(columns * per_column, bool)
    return jax.lax.scan(step, nothing, inputs)[1]
