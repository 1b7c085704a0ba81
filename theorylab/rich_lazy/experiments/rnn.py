"""Recurrent networks of one size and norm, whose initial connectivity has different ranks."""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced
from theorylab.lab.datasets import handwritten_digits
from theorylab.rich_lazy.initialisers import low_rank
from theorylab.rich_lazy.measures import (
    kernel_alignment,
    kernel_change,
    linear_cka,
    representation_alignment,
    sign_similarity,
    weight_change,
)
from theorylab.rich_lazy.ranks import effective_rank
from theorylab.rich_lazy.recurrent_kernel import rnn_recurrent_ntk
from theorylab.rich_lazy.rescaling import MATCHES, spectral_radius
from theorylab.rich_lazy.rnn import init_rnn, rnn_apply
from theorylab.rich_lazy.tasks import STEPS, TASKS, Task, sequential_digits
from theorylab.rich_lazy.training import cross_entropy, decision_accuracy, train_rnn

PROBE_TRIALS, TEST_TRIALS = 320, 2048
#: Images of handwritten digits that are trained on; the rest is for probing and testing.
TRAINING_IMAGES = 1400

#: The loss of a network that waits as it should and then guesses one of the two choices.
GUESSING = np.log(2) / STEPS

#: What is measured at every checkpoint, with its unit and meaning.
MEASURES = {
    "kernel_alignment": "cosine of the recurrent tangent kernels, before and now",
    "decision_alignment": "the same for the outputs of the last step alone",
    "kernel_change": "relative change of the kernel in Frobenius norm",
    "representation_alignment": "cosine of the Gram matrices of the rates at the decision",
    "linear_cka": "the same after centring",
    "sign_similarity": "share of rates at the decision that are zero, or not, in both",
    "weight_change": "Frobenius norm of the change of the recurrent matrix",
    "change_rank": "participation ratio of the change of the recurrent matrix",
    "loss": "cross-entropy on fresh trials",
    "accuracy": "share of fresh trials decided correctly",
}
BEFORE = {
    "eig_rank": "effective rank by eigenvalues over N, at the start",
    "participation_ratio": "participation ratio of the singular values squared, at the start",
    "radius": "spectral radius at the start",
    "fro": "Frobenius norm at the start",
}


class Setting(NamedTuple):
    """A task as it is used here.

    Attributes:
        trained: trials for training.  held_out: trials for probing and testing.
        kernel_trials: trials of the tangent kernel.
        when: steps of the outputs whose kernel it is, "all" or "last".
    """

    trained: Task
    held_out: Task
    kernel_trials: int = 32
    when: str = "all"


@lru_cache
def setting(name: str) -> Setting:
    """Decisions, whose trials are never the same twice, or "digits", whose images are split."""
    if name != "digits":
        return Setting(TASKS[name], TASKS[name])
    images, labels = handwritten_digits()
    first, rest = (
        sequential_digits(images[part] / 16, labels[part])
        for part in (slice(TRAINING_IMAGES), slice(TRAINING_IMAGES, None))
    )
    return Setting(first, rest, kernel_trials=200, when="last")


class Schedule(Experiment, abstract=True):
    """What the experiments of this chapter share: a task, a size and how long is trained."""

    task: str = static("2AF", choices=(*TASKS, "digits"), doc="task")
    n: int = static(64, low=2, doc="units N")
    steps: int = static(3000, low=1, unit="step", doc="updates")
    every: int = static(500, low=1, unit="step", doc="updates between checkpoints")
    batch: int = static(32, low=1, doc="trials per update")
    lr: float = traced(0.003, above=0.0, doc="learning rate, with momentum 0.9")

    precision = "float32"

    def coords(self):
        """The checkpoints."""
        return {"step": Coord(np.arange(self.every, self.steps + 1, self.every), "step", "updates")}

    def follow(self, key, w_h):
        """Train from one recurrent matrix; measure it, and the network at every checkpoint."""
        task, held_out, kernel_trials, when = setting(self.task)
        weights, trials, probe, fresh = jax.random.split(key, 4)
        start = init_rnn(weights, w_h, task.inputs, task.outputs)
        optimiser = optax.sgd(self.lr, momentum=0.9)
        saved = train_rnn(trials, start, task, self.steps, self.every, optimiser, self.batch).params
        x = held_out.sample(probe, PROBE_TRIALS).x
        test = held_out.sample(fresh, TEST_TRIALS)

        def seen(params):
            kernel = rnn_recurrent_ntk(params, x[:, :kernel_trials], when=when)
            return kernel, rnn_apply(params, x)[1][-1]

        k0, h0 = seen(start)
        last = kernel_trials * task.outputs

        def measured(params):
            k1, h1 = seen(params)
            change = params.w_h - start.w_h
            logits = rnn_apply(params, test.x)[0]
            return {
                "kernel_alignment": kernel_alignment(k0, k1),
                "decision_alignment": kernel_alignment(k0[-last:, -last:], k1[-last:, -last:]),
                "kernel_change": kernel_change(k0, k1),
                "representation_alignment": representation_alignment(h0, h1),
                "linear_cka": linear_cka(h0, h1),
                "sign_similarity": sign_similarity(h0, h1),
                "weight_change": weight_change(start.w_h, params.w_h),
                "change_rank": effective_rank(change, "pr"),
                "loss": cross_entropy(logits, test),
                "accuracy": decision_accuracy(logits, test),
            }

        before = {
            "eig_rank": effective_rank(w_h, "eig", normalize=True),
            "participation_ratio": effective_rank(w_h, "pr"),
            "radius": spectral_radius(w_h),
            "fro": jnp.linalg.norm(w_h),
        }
        return jax.lax.map(measured, saved) | before


class RankSweep(Schedule):
    """One network: a Gaussian recurrent matrix cut to a rank, and trained.

    The key fixes the matrix that is cut, the other weights and all trials; rank and gain do not
    enter into it, so that networks of one seed are pairs.
    """

    match: str | None = static("fro", choices=MATCHES, doc="what is kept as the rank changes")
    rank: int = traced(64, low=1, doc="rank of the initial recurrent matrix, at most N")
    gain: float = traced(1.25, above=0.0, doc="gain g of the matrix that is cut")

    outputs = {name: Output(("step",), doc=doc) for name, doc in MEASURES.items()} | {
        name: Output((), doc=doc) for name, doc in BEFORE.items()
    }

    def validate(self):
        """The rank is at most the size."""
        if self.rank > self.n:
            raise ValueError(f"rank is {self.rank}; allowed: at most n, {self.n}")

    def simulate(self, key):
        """The measures of one network."""
        draw, rest = jax.random.split(key)
        w_h = low_rank(self.rank, self.gain, self.match)(draw, (self.n, self.n))
        return self.follow(rest, w_h)


RANKS = (1, 2, 4, 8, 16, 32, 64)

#: Three tasks and seven ranks; run once and kept (`TASK_RANKS.record()`). Its networks of full rank
#: are also the pairs of those in `SIZES_KEPT`, and those of 2AF belong to `GAINS` and `WIDTHS`.
TASK_RANKS = Recorded(
    "rich_lazy/task-ranks",
    Plan(RankSweep(), over={"task": list(TASKS), "rank": list(RANKS)}, seeds=12, chunk=12),
)

#: Rank one against full rank at other gains.
GAINS = Recorded(
    "rich_lazy/gains",
    Plan(RankSweep(), over={"gain": [0.5, 1.5], "rank": [1, 64]}, seeds=12, chunk=12),
)

#: Low rank with another size kept: the largest singular value, or the spectral radius.
SIZES_KEPT = Recorded(
    "rich_lazy/sizes-kept",
    Plan(RankSweep(), over={"match": ["spectral", "radius"], "rank": [1, 8]}, seeds=12, chunk=12),
)

#: Rank one against full rank in smaller and larger networks.
WIDTHS = Recorded(
    "rich_lazy/widths",
    Plan(
        RankSweep(steps=2000),
        over={("n", "rank"): [(n, r) for n in (32, 128) for r in (1, n)]},
        seeds=6,
        chunk=6,
    ),
)

#: Handwritten digits row by row, with the batch and the trials of the kernel of the official code.
DIGITS = Recorded(
    "rich_lazy/digits",
    Plan(
        RankSweep(task="digits", batch=200, steps=2000),
        over={"rank": [1, 5, 30, 64]},
        seeds=12,
        chunk=12,
    ),
)

#: The size in the official code. Takes more than half an hour on one core.
PAPER_SIZE = Recorded(
    "rich_lazy/paper-size",
    Plan(
        RankSweep(n=300, steps=10_000, every=1000),
        over={"task": list(TASKS), "rank": [1, 30, 100, 300]},
        seeds=6,
        chunk=6,
    ),
)
