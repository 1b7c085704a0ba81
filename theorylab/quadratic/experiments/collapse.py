"""Training with depth: who collapses, what clipping and normalisation do, matched parameters."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced
from theorylab.quadratic.collapse import Condition, collapse_sweep
from theorylab.quadratic.tasks import two_spirals
from theorylab.quadratic.training import Recipe, init_net, stacked, train_each

INFINITE = float("inf")
NO_CLIP = 0.0  # an experiment's parameters are finite

GAMMAS = (0.0, 1e-3, 1e-2, 1e-1, 1.0)
RELINEAR = tuple(("relinear", gamma, 0.0, 0.0, NO_CLIP) for gamma in GAMMAS)
NAIVE = ("he_all", 1.0, 0.0, 0.0, NO_CLIP)
TORCH = ("torch_default", 1.0, 0.0, 0.0, NO_CLIP)


class DepthSweep(Experiment):
    """Networks of several depths on two spirals, started and trained in several ways.

    The conditions are tuples (init, gamma, alpha, beta, clip) as in
    `theorylab.quadratic.Condition`; a clip of 0 stands for none.
    """

    host_only = True
    depths: tuple = static((2, 4, 8), doc="numbers of hidden layers")
    conditions: tuple = static((*RELINEAR, NAIVE), doc="init, gamma, alpha, beta, clip")
    runs: int = static(6, low=1, doc="networks for each depth and condition")
    width: int = static(16, low=1, doc="neurons of every hidden layer")
    steps: int = static(500, low=1, unit="step", doc="updates on the full batch")
    points: int = static(128, low=2, doc="training points; twice as many for testing")
    lr: float = traced(0.02, above=0.0, doc="learning rate, with momentum 0.9")
    norm: str | None = static(
        None, choices=(None, "batch", "layer"), doc="normalisation before each ReLU"
    )

    outputs = {
        "nonfinite": Output(("depth", "condition", "run"), doc="1: the loss is not finite"),
        "stuck": Output(("depth", "condition", "run"), doc="1: no better than a guess"),
        "loss": Output(("depth", "condition", "run"), doc="final training loss"),
        "accuracy": Output(("depth", "condition", "run"), doc="of the test points"),
    }

    def coords(self):
        """Depths; initialisation and gamma of each condition, in words."""
        return {
            "depth": Coord(np.array(self.depths), doc="hidden layers"),
            "condition": Coord(np.array([said(one) for one in self.conditions])),
        }

    def simulate(self, key):
        """Every network, one after another."""
        table = collapse_sweep(
            key,
            self.depths,
            [Condition(*rest, clip or INFINITE) for *rest, clip in self.conditions],
            self.runs,
            width=self.width,
            steps=self.steps,
            lr=self.lr,
            norm=self.norm,
            points=self.points,
        )
        values = {name: np.asarray(value, float) for name, value in table._asdict().items()}
        # What is not finite is NaN here: files and comparisons agree on what that is.
        finite = np.isfinite(values["loss"])
        return values | {"loss": np.where(finite, values["loss"], np.nan)}


def said(condition: tuple) -> str:
    """A condition in a few characters, unique among those of the chapter.

    >>> said(("relinear", 0.1, 0.0, 0.0, 0.0)), said(("relinear", 1.0, 5.0, 0.0, 1.0))
    ('relinear 0.1', 'relinear 1 alpha 5 clip 1')
    """
    init, gamma, *rest = condition
    names = ("alpha", "beta", "clip")
    extra = [f"{name} {value:g}" for name, value in zip(names, rest, strict=True) if value]
    return " ".join([init, f"{gamma:g}", *extra])


class MatchedParameters(Experiment):
    """One or two hidden layers: conventional ones of the same width, of as many parameters.

    The cases are pairs (variant, width); "linear" is a conventional neuron.
    """

    host_only = True
    depth: int = static(1, low=1, doc="hidden layers")
    cases: tuple = static((("linear", 16), ("linear", 40), ("fan", 16)), doc="variant and width")
    runs: int = static(20, low=1, doc="networks for each case")
    steps: int = static(1000, low=1, unit="step", doc="updates on the full batch")
    points: int = static(200, low=2, doc="training points; twice as many for testing")
    lr: float = traced(0.05, above=0.0, doc="learning rate, with momentum 0.9")

    outputs = {
        "parameters": Output(("case",), doc="trained numbers"),
        "loss": Output(("case", "run"), doc="final training loss"),
        "accuracy": Output(("case", "run"), doc="of the test points"),
    }

    def simulate(self, key):
        """All runs of each case; run i has the same data in all cases."""
        parts = [jax.random.split(one, 3) for one in jax.random.split(key, self.runs)]
        train = stacked([two_spirals(data, self.points) for data, _, _ in parts])
        test = stacked([two_spirals(data, 2 * self.points) for _, data, _ in parts])
        rows = []
        for variant, width in self.cases:
            nets = [
                init_net(start, 2, width, self.depth, 1, variant=variant) for _, _, start in parts
            ]
            # Scale and shift of a normalisation are there, but without one they do nothing.
            count = sum(x.size for x in jax.tree.leaves(nets[0]._replace(scale=None, shift=None)))
            end = train_each(stacked(nets), train, test, self.steps, Recipe(lr=self.lr), variant)
            rows.append((float(count), end.losses[:, -1], end.test_accuracy))
        parameters, loss, accuracy = (jnp.array(column) for column in zip(*rows, strict=True))
        return {"parameters": parameters, "loss": loss, "accuracy": accuracy}


#: The small table, with the book.
SWEEP = Plan(DepthSweep(), seeds=(7,))

#: The full table, run once and kept (`FULL.record()`; minutes).
FULL = Recorded(
    "quadratic/collapse-table",
    Plan(
        DepthSweep(
            depths=(2, 4, 8, 16),
            conditions=(
                *(
                    ("relinear", gamma, 0.0, 0.0, NO_CLIP)
                    for gamma in (0.0, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
                ),
                *(
                    (init, 1.0, 0.0, 0.0, NO_CLIP)
                    for init in ("he_all", "he_all_open", "torch_default")
                ),
            ),
            runs=10,
            steps=1000,
            lr=0.01,
        )
    ),
)

#: Pulls towards the reference, and clipping; run once and kept (`REMEDIES.record()`; minutes).
REMEDIES = Recorded(
    "quadratic/collapse-remedies",
    Plan(
        DepthSweep(
            depths=(4, 8),
            conditions=(
                ("relinear", 1.0, 20.0, 0.0, NO_CLIP),
                ("relinear", 1.0, 0.0, 0.5, NO_CLIP),
                ("relinear", 0.1, 5.0, 0.0, NO_CLIP),
                ("relinear", 0.1, 0.0, 0.1, NO_CLIP),
                ("relinear", 0.1, 0.0, 0.0, 1.0),
                ("relinear", 1.0, 0.0, 0.0, 1.0),
                ("he_all", 1.0, 0.0, 0.0, 1.0),
            ),
            runs=10,
            steps=1000,
            lr=0.01,
        )
    ),
)

#: Normalisation before every ReLU; run once and kept (`NORMALISED.record()`; minutes).
NORMALISED = Recorded(
    "quadratic/collapse-normalised",
    Plan(
        DepthSweep(
            depths=(4, 8),
            conditions=(
                ("relinear", 0.1, 0.0, 0.0, NO_CLIP),
                ("relinear", 1.0, 0.0, 0.0, NO_CLIP),
                NAIVE,
                TORCH,
            ),
            runs=10,
            steps=1000,
            lr=0.01,
        ),
        over={"norm": ["batch", "layer"]},
    ),
)

#: Equal widths and equal numbers of parameters; run once and kept (`MATCHED.record()`).
MATCHED = Recorded(
    "quadratic/matched-table",
    Plan(
        MatchedParameters(),
        over={
            ("depth", "cases"): [
                (1, (("linear", 16), ("linear", 40), ("fan", 16))),
                (2, (("linear", 16), ("linear", 29), ("fan", 16))),
            ]
        },
    ),
)
