"""Handwritten digits, reported as they are: where quadratic neurons do not help."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Experiment, Output, Plan, Recorded, static, traced
from theorylab.quadratic.collapse import is_collapsed
from theorylab.quadratic.tasks import digits
from theorylab.quadratic.training import Recipe, init_net, stacked, train_each


class Digits(Experiment):
    """Networks on scikit-learn's digits of 8 x 8 pixels, trained on the full batch.

    Raises:
        ImportError: scikit-learn is not installed (extra `book`).
    """

    host_only = True
    depth: int = static(1, low=1, doc="hidden layers")
    width: int = static(16, low=1, doc="neurons of every hidden layer")
    variant: str = static("fan", choices=("linear", "fan"), doc="kind of neuron")
    init: str = static("relinear", doc="initialisation")
    gamma: float = traced(1.0, low=0.0, doc="ratio of the learning rate of the quadratic part")
    runs: int = static(5, low=1, doc="networks")
    steps: int = static(300, low=1, unit="step", doc="updates")
    lr: float = traced(0.05, above=0.0, doc="learning rate, with momentum 0.9")

    outputs = {
        "loss": Output(("run",), doc="final training loss; NaN: not finite"),
        "accuracy": Output(("run",), doc="of the test images"),
        "collapsed": Output(("run",), doc="1: not finite, or no better than a guess"),
    }

    def simulate(self, key):
        """The split of the images is always the same; runs differ in their first weights."""
        train, test = digits()
        nets = [
            init_net(start, 64, self.width, self.depth, 10, self.init, self.variant)
            for start in jax.random.split(key, self.runs)
        ]
        data = [
            jax.tree.map(lambda x: jnp.broadcast_to(x[None], (self.runs, *x.shape)), task)
            for task in (train, test)
        ]
        recipe = Recipe(lr=self.lr, gamma=self.gamma)
        end = train_each(stacked(nets), *data, self.steps, recipe, self.variant)
        loss = np.asarray(end.losses[:, -1])
        return {
            "loss": np.where(np.isfinite(loss), loss, np.nan),
            "accuracy": end.test_accuracy,
            "collapsed": np.asarray(is_collapsed(loss, np.log(10.0)), float),
        }


_CASE = ("variant", "width", "init", "gamma")

#: The table, run once and kept (`DIGITS.record()`; needs scikit-learn).
DIGITS = Recorded(
    "quadratic/digits-table",
    Plan(
        Digits(),
        over={
            "depth": [1, 2, 4],
            _CASE: [
                ("linear", 16, "relinear", 0.0),
                ("linear", 32, "relinear", 0.0),
                ("fan", 16, "relinear", 0.1),
                ("fan", 16, "relinear", 1.0),
                ("fan", 16, "he_all", 1.0),
                ("fan", 16, "torch_default", 1.0),
            ],
        },
    ),
)
