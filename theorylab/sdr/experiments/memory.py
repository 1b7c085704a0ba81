"""Memories of transitions: prediction under noise, and when too much is stored."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Experiment, Output, Plan, Recorded, static, traced
from theorylab.sdr.noise import log_false_negative
from theorylab.sdr.patterns import random_patterns, to_dense
from theorylab.sdr.sequence_memory import crowded_jaccard, jaccard, learn_transitions, predict


class NoisyPrediction(Experiment):
    """A first-order memory of a sequence, shown corrupted patterns: how much it predicts.

    v of the active cells of the present pattern are swapped for others; the prediction is
    compared with the next pattern without noise.
    """

    n: int = static(2048, low=1, doc="number of cells, one for each column")
    a: int = static(40, low=1, doc="active cells of a pattern")
    s: int = static(20, low=1, doc="synapses of a segment")
    length: int = static(20, low=2, doc="patterns of the sequence")
    memories: int = static(50, low=2, doc="independent memories")
    theta: int = traced(12, doc="threshold")
    v: int = traced(16, low=0, doc="cells that are swapped")

    outputs = {
        "accuracy": Output((), doc="mean Jaccard index of prediction and next pattern"),
        "se": Output((), doc="its standard error over memories"),
        "theory": Output((), doc="one minus the false negative probability"),
    }

    def simulate(self, key):
        """Learn, corrupt, predict."""
        found = jax.lax.map(self.one, jax.random.split(key, self.memories))
        theory = -jnp.expm1(log_false_negative(self.a, self.s, self.v, self.theta))
        error = jnp.std(found, ddof=1) / self.memories**0.5
        return {"accuracy": jnp.mean(found), "se": error, "theory": theory}

    def one(self, key):
        """Mean accuracy of one memory over the transitions of its sequence."""
        draw, grow, leave, come = jax.random.split(key, 4)
        patterns = random_patterns(draw, self.n, self.a, self.length)
        now, following = patterns[:-1], patterns[1:]
        memory = learn_transitions(grow, now, following, self.s)
        # The v lowest of random ranks, so that v need not be known before compilation.
        out = jnp.argsort(jnp.argsort(jax.random.uniform(leave, now.shape), axis=1), axis=1)
        present = to_dense(now, self.n)
        chance = jnp.where(present, 2.0, jax.random.uniform(come, present.shape))
        added = jnp.argsort(jnp.argsort(chance, axis=1), axis=1) < self.v
        kept = to_dense(jnp.where(out < self.v, -1, now), self.n)
        found = predict(memory, kept | added, self.theta)
        return jnp.mean(jaccard(found, to_dense(following, self.n)))


class CrowdedPrediction(Experiment):
    """A memory of very many transitions, without noise: what it predicts beside the truth."""

    n: int = static(1000, low=1, doc="number of cells, one for each column")
    a: int = static(64, low=1, doc="active cells of a pattern")
    s: int = static(20, low=1, doc="synapses of a segment")
    theta: int = static(10, doc="threshold")
    transitions: int = static(20_000, low=1, doc="stored transitions")
    shown: int = static(40, low=2, doc="transitions that are tested")

    outputs = {
        "accuracy": Output((), doc="mean Jaccard index of prediction and next pattern"),
        "se": Output((), doc="its standard error over the tested transitions"),
        "false": Output((), doc="share of the other cells that are predicted"),
        "theory": Output((), doc="the formula's accuracy"),
    }

    def simulate(self, key):
        """Learn, predict, compare."""
        draw, grow = jax.random.split(key)
        patterns = random_patterns(draw, self.n, self.a, self.transitions + 1)
        memory = learn_transitions(grow, patterns[:-1], patterns[1:], self.s)
        shown = to_dense(patterns[: self.shown + 1], self.n)
        found, wanted = predict(memory, shown[:-1], self.theta), shown[1:]
        index = jaccard(found, wanted)
        false = jnp.sum(found & ~wanted) / (self.shown * (self.n - self.a))
        settings = (self.n, self.a, self.s, self.theta, self.transitions)
        return {
            "accuracy": jnp.mean(index),
            "se": jnp.std(index, ddof=1) / self.shown**0.5,
            "false": false,
            "theory": crowded_jaccard(*settings),
        }


#: As the official run: noise in steps of 5 % of the 40 cells.
NOISY = Plan(NoisyPrediction(), {"theta": (8, 12, 16), "v": range(0, 40, 2)})
#: 20,000 transitions at each n; each n is compiled on its own, and takes seconds.
CROWDED = Recorded(
    "sdr/crowded",
    Plan(CrowdedPrediction(), {"n": (400, 450, 500, 550, 600, 650, 700, 800, 900, 1000, 1200)}),
)


class ReusedSegments(Experiment):
    """Cells of a crowded memory whose segments learn again when they match by accident.

    A cell that is to be predicted grows a new segment only if none of its segments matches the
    present pattern. One that matches grows synapses onto the present pattern instead, until s of
    its synapses are active: it then holds two patterns, and matches more often. One cell a
    column, every transition once, independent cells.
    """

    host_only = True
    n: int = static(700, low=1, doc="number of cells, one for each column")
    a: int = static(64, low=1, doc="active cells of a pattern")
    s: int = static(20, low=1, doc="synapses of a new segment")
    theta: int = static(10, low=1, doc="threshold, of responding and of learning")
    transitions: int = static(19_000, low=1, doc="stored transitions")
    cells: int = static(128, low=1, doc="cells that are simulated")
    shown: int = static(50, low=1, doc="random patterns that are shown to each")

    outputs = {"false": Output(("cell",), doc="share of random patterns that predict the cell")}

    def simulate(self, key):
        """Learn the transitions that each cell takes part in; then show random patterns."""
        rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        learned = rng.binomial(self.transitions, self.a / self.n, self.cells)
        # A segment is a row of n bits, filled up to words of 64; a pattern too.
        segments = np.zeros((self.cells, learned.max(), -(-self.n // 64) * 8), np.uint8)
        used = np.zeros(self.cells, int)
        for step in range(learned.max()):
            active = self._patterns(rng)
            overlap = self._overlaps(segments[:, : used.max()], active)
            for cell in np.flatnonzero(step < learned):
                matching = np.flatnonzero(overlap[cell] >= self.theta)
                grown = [(place, self.s - int(overlap[cell, place])) for place in matching]
                for place, more in grown or [(used[cell], self.s)]:
                    row = np.unpackbits(segments[cell, place])
                    free = rng.permutation(np.flatnonzero(active[cell] & (row == 0)))
                    row[free[: max(more, 0)]] = 1
                    segments[cell, place] = np.packbits(row)
                used[cell] += not grown
        hits = np.zeros(self.cells)
        for _ in range(self.shown):
            overlap = self._overlaps(segments[:, : used.max()], self._patterns(rng))
            hits += (overlap >= self.theta).any(axis=1)
        return {"false": hits / self.shown}

    def _patterns(self, rng):
        """A random pattern for each cell, dense."""
        order = np.argpartition(rng.random((self.cells, self.n)), self.a, axis=1)
        active = np.zeros((self.cells, -(-self.n // 64) * 64), np.uint8)
        np.put_along_axis(active, order[:, : self.a], 1, axis=1)
        return active

    def _overlaps(self, segments, active):
        words = np.packbits(active, axis=1).view(np.uint64)
        shared = segments.view(np.uint64) & words[:, None]
        return np.bitwise_count(shared).sum(axis=2, dtype=np.int32)


class CrowdedTheory(Experiment):
    """The formula for a memory of 20,000 transitions, at the settings of the official list."""

    n: int = traced(1000, low=1, doc="number of cells, one for each column")
    a: int = traced(64, low=1, doc="active cells of a pattern")

    outputs = {"accuracy": Output((), doc="expected Jaccard index")}

    def simulate(self, key):
        """Evaluate the formula."""
        return {"accuracy": crowded_jaccard(self.n, self.a, 20, 10, 20_000)}


MEMORY_SIZE = Plan(CrowdedTheory(), {"a": (64, 128, 256), "n": range(300, 4100, 100)}, chunk=128)
