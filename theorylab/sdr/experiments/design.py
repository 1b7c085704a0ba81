"""Which thresholds and how many synapses serve, with both kinds of error counted."""

import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.sdr.design import min_synapses, optimal_threshold
from theorylab.sdr.noise import log_false_negative
from theorylab.sdr.tails import log_false_positive


class Fewest(Experiment):
    """The fewest synapses that keep both errors small, and the thresholds that then serve."""

    host_only = True
    n: int = static(10_000, low=1, doc="number of cells")
    a: int = static(200, low=1, doc="active cells of a pattern")
    noise: int = static(30, low=0, high=100, unit="%", doc="share of active cells swapped")
    false_positive: float = static(1e-9, above=0.0, below=1.0, doc="allowed false positives")
    false_negative: float = static(1e-3, above=0.0, below=1.0, doc="allowed false negatives")

    outputs = {
        "s": Output((), doc="fewest synapses"),
        "low": Output((), doc="least threshold that serves"),
        "high": Output((), doc="largest threshold that serves"),
    }

    def simulate(self, key):
        """Search."""
        v = self.a * self.noise // 100
        found = min_synapses(self.n, self.a, v, self.false_positive, self.false_negative)
        return dict(zip(("s", "low", "high"), map(np.asarray, found), strict=True))


class ErrorMap(Experiment):
    """Both errors over synapses and thresholds, and the threshold of the least sum."""

    host_only = True
    n: int = static(10_000, low=1, doc="number of cells")
    a: int = static(200, low=1, doc="active cells of a pattern")
    v: int = static(60, low=0, doc="cells that are swapped")
    most: int = static(60, low=2, doc="largest number of synapses")

    outputs = {
        "log_fp": Output(("s", "theta"), doc="log of the false positive probability"),
        "log_fn": Output(("s", "theta"), doc="log of the false negative probability"),
        "best": Output(("s",), doc="threshold with the least sum of both"),
        "log_cost": Output(("s",), doc="log of that sum"),
    }

    def coords(self):
        """Synapses and thresholds."""
        theta = Coord(np.arange(1, self.most // 2 + 1), "synapse", "threshold")
        return {"s": Coord(np.arange(2, self.most + 1), "synapse", "synapses"), "theta": theta}

    def simulate(self, key):
        """Evaluate the exact laws on the grid."""
        s, theta = np.arange(2, self.most + 1), np.arange(1, self.most // 2 + 1)
        best = optimal_threshold(self.n, self.a, s, self.v)
        return {
            "log_fp": log_false_positive(self.n, self.a, s[:, None], theta[None, :]),
            "log_fn": log_false_negative(self.a, s[:, None], self.v, theta[None, :]),
            "best": best.theta,
            "log_cost": best.log_cost,
        }


FEWEST = Plan(Fewest(), {"a": (50, 100, 200, 300, 500), "noise": (10, 20, 30, 40, 50)})
ERRORS = Plan(ErrorMap())
