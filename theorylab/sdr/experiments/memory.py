"""Memories of transitions: prediction under noise, and when too much is stored."""

import jax
import jax.numpy as jnp

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


class CrowdedTheory(Experiment):
    """The formula for a memory of 20,000 transitions, at the settings of the official list."""

    n: int = traced(1000, low=1, doc="number of cells, one for each column")
    a: int = traced(64, low=1, doc="active cells of a pattern")

    outputs = {"accuracy": Output((), doc="expected Jaccard index")}

    def simulate(self, key):
        """Evaluate the formula."""
        return {"accuracy": crowded_jaccard(self.n, self.a, 20, 10, 20_000)}


MEMORY_SIZE = Plan(CrowdedTheory(), {"a": (64, 128, 256), "n": range(300, 4100, 100)}, chunk=128)
