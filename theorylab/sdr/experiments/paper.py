"""What the papers plot and tabulate, computed with their settings."""

import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.sdr.laws import fixed_sparsity_limit, local_exponent
from theorylab.sdr.noise import log_false_negative, match_curve
from theorylab.sdr.scalar import scalar_match_probability
from theorylab.sdr.tails import log_false_positive, log_overlap_pmf
from theorylab.sdr.unions import log_union_fp, plugin_size, union_size_moments


class FalsePositive(Experiment):
    """The false positive probability, exactly; and how steeply it changes with n."""

    n: int = traced(4000, low=1, doc="number of cells")
    a: int = traced(128, low=0, doc="active cells of the pattern")
    s: int = traced(24, low=0, doc="synapses of the segment")
    theta: int = traced(12, doc="threshold")

    outputs = {
        "log_p": Output((), doc="log of the false positive probability"),
        "exponent": Output((), doc="slope of the logarithm in ln n, one cell more"),
    }

    def simulate(self, key):
        """Evaluate the exact tail."""
        settings = (self.n, self.a, self.s, self.theta)
        return {"log_p": log_false_positive(*settings), "exponent": local_exponent(*settings)}


class FalseNegative(Experiment):
    """The false negative probability, exactly, under two protocols of noise."""

    a: int = static(128, low=1, doc="active cells of the stored pattern")
    s: int = static(30, low=0, doc="synapses of the segment")
    n: int = static(6000, low=1, doc="number of cells")
    theta: int = static(12, doc="threshold")
    changed: tuple = static(tuple(range(0, 129)), doc="numbers v of cells that change")

    host_only = True
    outputs = {
        "log_p": Output(("v",), doc="log probability that v swapped cells silence the segment"),
        "log_readded": Output(("v",), doc="the same where silenced cells may be switched on"),
    }

    def coords(self):
        """The numbers of changed cells."""
        return {"v": Coord(np.array(self.changed), "cell", "cells that change")}

    def simulate(self, key):
        """Evaluate the exact tails."""
        v = np.array(self.changed)
        readded = log_false_negative(self.a, self.s, v, self.theta, "swap_readd", self.n)
        return {"log_p": log_false_negative(self.a, self.s, v, self.theta), "log_readded": readded}


class Floor(Experiment):
    """The limit of the false positive probability at fixed sparsity: a binomial tail."""

    p: float = traced(0.032, low=0.0, high=1.0, doc="sparsity a / n")
    s: int = static(24, low=0, doc="synapses of the segment")
    theta: int = static(12, doc="threshold")

    outputs = {"log_p": Output((), doc="log of the limit")}

    def simulate(self, key):
        """Evaluate the binomial tail."""
        return {"log_p": fixed_sparsity_limit(self.s, self.p, self.theta)}


class Psychometric(Experiment):
    """The chance that a segment responds to a pattern that shares c cells with its own."""

    a: int = static(128, low=1, doc="active cells")
    s: int = static(30, low=0, doc="synapses of the segment")
    n: int = static(1000, low=1, doc="number of cells, for the average over random patterns")
    thetas: tuple = static((8, 12, 16), doc="thresholds")

    host_only = True
    outputs = {
        "log_match": Output(("theta", "shared"), doc="log of the response probability"),
        "thinned": Output(("theta",), doc="log of the average over random patterns"),
        "log_fp": Output(("theta",), doc="log of the false positive probability"),
    }

    def coords(self):
        """Thresholds, and the numbers of shared cells."""
        shared = Coord(np.arange(self.a + 1), "cell", "shared cells")
        return {"theta": Coord(np.array(self.thetas), "synapse", "threshold"), "shared": shared}

    def simulate(self, key):
        """Evaluate the curve; average it over the overlap of two random patterns."""
        theta = np.array(self.thetas)
        curve = np.asarray(match_curve(self.a, self.s, theta))
        weight = log_overlap_pmf(self.n, self.a, self.a, np.arange(self.a + 1))
        thinned = np.logaddexp.reduce(curve + np.asarray(weight)[None, :], axis=1)
        fp = log_false_positive(self.n, self.a, self.s, theta)
        return {"log_match": curve, "thinned": thinned, "log_fp": fp}


class Unions(Experiment):
    """A segment with M mixed patterns: its size, and its false positives in three ways."""

    n: int = static(20_000, low=1, doc="number of cells")
    a: int = static(200, low=0, doc="active cells of the presented pattern")
    s: int = static(25, low=1, doc="synapses for each stored pattern")
    theta: int = static(15, doc="threshold")
    most: int = static(19, low=1, doc="largest number of patterns")

    host_only = True
    outputs = {
        "mean": Output(("patterns",), doc="expected number of synapses"),
        "variance": Output(("patterns",), doc="variance of the number of synapses"),
        "rounded": Output(("patterns",), doc="the number of synapses that the papers put in"),
        "log_plugin": Output(("patterns",), doc="log probability at the rounded mean size"),
        "log_exact": Output(("patterns",), doc="log probability, exact"),
    }

    def coords(self):
        """The numbers of patterns."""
        return {"patterns": Coord(np.arange(1, self.most + 1), "1", "mixed patterns")}

    def simulate(self, key):
        """Evaluate the moments and both probabilities."""
        m = np.arange(1, self.most + 1)
        mean, variance = union_size_moments(self.n, self.s, m)
        settings = (self.n, self.a, self.s, m, self.theta)
        return {
            "mean": mean,
            "variance": variance,
            "rounded": plugin_size(self.n, self.s, m),
            "log_plugin": log_union_fp(*settings, method="plugin"),
            "log_exact": log_union_fp(*settings),
        }


class ScalarMatches(Experiment):
    """Accidental matches of sparse vectors with real entries."""

    host_only = True
    n: int = static(1000, low=1, doc="dimension")
    a: int = static(64, low=0, doc="non-zero inputs; 0 stands for half of n")
    k: int = static(24, low=1, doc="non-zero weights")
    scale: float = static(1.0, above=0.0, doc="scale S of the inputs")

    outputs = {"p": Output((), doc="probability of a match")}

    def simulate(self, key):
        """Evaluate the mixture of convolutions."""
        a = self.a or self.n // 2
        return {"p": np.asarray(scalar_match_probability(self.n, a, self.k, self.scale))}


CELLS = tuple(range(300, 20_000, 200))
SYNAPSES = tuple(range(2, 31, 2))
#: Curves of Fig. 5B as (n, a); the last is its dashed one.
PAIRS = (
    (2000, 32),
    (4000, 32),
    (4000, 128),
    (4000, 200),
    (8000, 256),
    (16_000, 256),
    (16_000, 512),
    (16_000, 4000),
)
WIDE_N, NARROW_N = tuple(range(10_000, 200_000, 20_000)), (1000, 5000, 9000, 13_000, 17_000)
FIG6_S, FIG6_THETA = tuple(range(20, 51, 5)), tuple(range(3, 25))


def _grid(cells) -> list[tuple[int, int]]:
    # a = floor(p n + 1/2), in whole numbers: p is a multiple of one half per cent.
    return [(n, (p * n + 100) // 200) for n in cells for p in range(1, 7)]


SPARSE = Plan(FalsePositive(), {"a": (64, 128, 256), "n": CELLS}, chunk=512)
QUARTER = Plan(FalsePositive(), {("n", "a"): [(n, n // 4) for n in CELLS]}, chunk=512)
HALF = Plan(FalsePositive(), {("n", "a"): [(n, n // 2) for n in CELLS]}, chunk=512)
HALVES = Plan(
    FalsePositive(), {("n", "a"): PAIRS, ("s", "theta"): [(s, s // 2) for s in SYNAPSES]}, chunk=512
)
NARROW = Plan(
    FalsePositive(),
    {"theta": FIG6_THETA, ("n", "a"): _grid(NARROW_N), "s": FIG6_S},
    chunk=2048,
)
WIDE = Plan(
    FalsePositive(),
    {"theta": FIG6_THETA, ("n", "a"): _grid(WIDE_N), "s": FIG6_S},
    chunk=2048,
)
#: The index picture: fixed activity and fixed sparsity, over almost three decades of n.
DECADES = tuple(int(n) for n in np.unique(np.geomspace(500, 256_000, 60).round(-1)))
FIXED_A = Plan(FalsePositive(), {"a": (64, 128, 256), "n": DECADES}, chunk=512)
FIXED_P = Plan(
    FalsePositive(),
    {
        ("n", "a"): [(n, n * 4 // 125) for n in range(500, 4000, 125)]
        + [(n, n * 4 // 125) for n in range(4000, 256_001, 4000)]
    },
    chunk=512,
)
#: Every threshold of the pair with 3.2 % activity of 4000 cells.
TAIL = Plan(FalsePositive(), {"theta": range(1, 25)})
FLOOR = Plan(Floor(), {"p": (0.032,)})
NEGATIVE = Plan(FalseNegative(), {"theta": (8, 12, 16)})
CURVES = Plan(Psychometric())
MIXED = Plan(Unions(), {"n": (1000, 10_000, 20_000)})
MIXED_SMALL = Plan(Unions(n=1000, a=30, s=20, theta=10, most=12))
SIZES = Plan(Unions(n=1000), {"s": (20, 25, 30)})
SCALAR_N = (250, 500, 1000, 1500, 2000, 2500)
SCALAR = Plan(ScalarMatches(), {"a": (64, 128, 256, 0), "n": SCALAR_N[1:]})
SCALAR_SMALL = Plan(ScalarMatches(n=250), {"a": (64, 128, 0)})
SCALES = Plan(ScalarMatches(k=32), {"scale": (1.0, 2.0, 3.0, 4.0), "n": SCALAR_N[1:]})
#: The official simulation of a neuron: floor of 15 to 80 % of 128 cells, silenced ones may return.
NEURON_V = tuple(128 * share // 100 for share in range(15, 85, 5))
#: The official memory under noise: 40 cells, steps of two, the same routine.
MEMORY_NOISE = Plan(
    FalseNegative(a=40, s=20, n=2048, changed=tuple(range(0, 40, 2))), {"theta": (8, 12, 16)}
)
CORRUPTED = Plan(FalseNegative(a=300, changed=(60,)))
#: The example of the text, and a memory of ten patterns.
MIXED_TEXT = Plan(Unions(a=100, most=10))
#: The settings of the deep estimates by importance sampling.
TAIL_DEEP = Plan(FalsePositive(n=20_000), {"theta": (4, 8, 12, 16, 20, 24)})
