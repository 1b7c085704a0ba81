"""Single values that the papers print in text and tables, in exact arithmetic."""

import math
from fractions import Fraction

import numpy as np

from theorylab.lab import Experiment, Output, Plan, static
from theorylab.sdr import exact
from theorylab.sdr.unions import plugin_size, union_size_moments


class ExactPoint(Experiment):
    """One false positive probability, from whole numbers."""

    host_only = True
    n: int = static(10_000, low=1, doc="number of cells")
    a: int = static(300, low=0, doc="active cells of the pattern")
    s: int = static(30, low=0, doc="synapses of the segment")
    theta: int = static(12, doc="threshold")

    outputs = {"p": Output((), doc="false positive probability")}

    def simulate(self, key):
        """Count the patterns."""
        return {"p": np.asarray(float(exact.fp(self.n, self.a, self.s, self.theta)))}


class SmallEnsemble(Experiment):
    """The example that the official README simulates: 500 patterns of 7 cells among 100."""

    host_only = True
    n: int = static(100, low=1, doc="number of cells")
    w: int = static(7, low=1, doc="cells of every pattern")
    patterns: int = static(500, low=1, doc="number of stored patterns")
    theta: int = static(4, doc="threshold")

    outputs = {
        "bound": Output((), doc="sum of the false positive probabilities"),
        "p": Output((), doc="probability that any pattern matches"),
    }

    def simulate(self, key):
        """Exact, with fractions."""
        one = exact.fp(self.n, self.w, self.w, self.theta)
        p = exact.ensemble(one, self.patterns)
        return {"bound": np.asarray(float(self.patterns * one)), "p": np.asarray(float(p))}


class StoredUnion(Experiment):
    """Whole patterns of w cells mixed in one set, and a random pattern compared with it."""

    host_only = True
    n: int = static(1024, low=1, doc="number of cells")
    w: int = static(20, low=1, doc="cells of every pattern")
    theta: int = static(20, doc="threshold")
    patterns: int = static(20, low=1, doc="number M of mixed patterns")

    outputs = {
        "plugin": Output((), doc="probability at the rounded mean size of the union"),
        "printed": Output((), doc="the same sum with n - w in place of n - U in one binomial"),
        "exact": Output((), doc="exact probability; NaN where whole numbers are too slow"),
        "bloom": Output((), doc="probability if cells of the pattern were independent"),
        "size": Output((), doc="mean size of the union"),
    }

    def simulate(self, key):
        """The three values that are in print, and the exact one."""
        n, w, size = self.n, self.w, int(plugin_size(self.n, self.w, self.patterns))
        ways = math.comb(n, w)
        printed = sum(
            math.comb(size, b) * math.comb(n - w, w - b) for b in range(self.theta, w + 1)
        )
        whole = math.nan
        if n <= 2048:
            whole = float(exact.union(n, w, w, self.patterns, self.theta))
        mean = float(union_size_moments(n, w, self.patterns)[0])
        bloom = exact.binomial(w, 1 - Fraction(n - w, n) ** self.patterns, self.theta)
        found = {
            "plugin": float(exact.fp(n, w, size, self.theta)),
            "printed": float(Fraction(printed, ways)),
            "exact": whole,
            "bloom": float(bloom),
            "size": mean,
        }
        return {name: np.asarray(value) for name, value in found.items()}


class Float32Counter(Experiment):
    """The fraction that a single-precision counter reports after adding 500 for each pattern."""

    host_only = True
    patterns: int = static(200_000, low=1, doc="number of patterns")
    hits: int = static(500, low=1, doc="comparisons that match, for each pattern")

    outputs = {"fraction": Output((), doc="counter over the number of comparisons")}

    def simulate(self, key):
        """Add in single precision, one pattern at a time."""
        total = np.float32(0)
        step = np.float32(self.hits)
        for _ in range(self.patterns):
            total = np.float32(total + step)
        return {"fraction": np.asarray(float(total) / (self.patterns * self.hits))}


#: (n, a, s, theta) of values printed in text and tables.
QUOTED = (
    (4000, 128, 24, 12),
    (10_000, 300, 30, 12),
    (10_000, 300, 30, 15),
    (200_000, 2000, 10, 10),
    (200_000, 2000, 20, 10),
    (100_000, 2000, 6, 6),
    (100_000, 2000, 8, 8),
    (100_000, 2000, 10, 10),
    (100_000, 2000, 12, 6),
    (100_000, 2000, 16, 8),
    (100_000, 2000, 20, 10),
    (100_000, 2000, 24, 12),
    (100_000, 2000, 40, 10),
    (100_000, 2000, 80, 10),
    (100_000, 2000, 120, 10),
    (100_000, 2000, 240, 20),
    (1024, 9, 9, 9),
    (64, 4, 4, 2),
    (64, 32, 32, 16),
    (1024, 20, 20, 10),
    (1024, 20, 20, 14),
    (1024, 21, 21, 14),
    (1024, 21, 21, 17),
    (1024, 4, 4, 2),
    (1024, 8, 4, 2),
    (1024, 20, 10, 5),
)
#: (n, w, theta, M) of the table of unions.
STORED = (
    (64, 4, 3, 10),
    (64, 8, 7, 10),
    (1024, 20, 18, 20),
    (1024, 20, 16, 20),
    (1024, 20, 20, 20),
    (65_536, 40, 28, 1000),
)
POINTS = Plan(ExactPoint(), {("n", "a", "s", "theta"): QUOTED})
ENSEMBLES = Plan(SmallEnsemble(), {"theta": (3, 4, 5, 6)})
TABLE4 = Plan(StoredUnion(), {("n", "w", "theta", "patterns"): STORED})
COUNTER = Plan(Float32Counter())


class SympyTail(Experiment):
    """SymPy's numerical value of a sum of probabilities, as the papers took it, and the exact one.

    `marked` of `population` cells are in a sample of `sample`; the sum is over `least` or more.
    """

    host_only = True
    population: int = static(10_000, low=1, doc="number of cells")
    marked: int = static(64, low=0, doc="marked cells")
    sample: int = static(24, low=0, doc="sampled cells")
    least: int = static(12, low=0, doc="first term of the sum")

    outputs = {
        "evalf": Output((), doc="Sum(...).evalf(), the binomial of the population inside"),
        "exact": Output((), doc="the same sum by whole numbers"),
    }

    def simulate(self, key):
        """Build the sum as printed, evaluate it numerically, and count."""
        import sympy as sp

        b = sp.Symbol("b")
        n, a, s = self.population, self.marked, self.sample
        term = sp.binomial(s, b) * sp.binomial(n - s, a - b) / sp.binomial(n, a)
        found = sp.Sum(term, (b, self.least, s)).evalf()
        law = exact.fp(n, a, s, self.least)
        return {"evalf": np.asarray(float(found)), "exact": np.asarray(float(law))}


#: Sums behind printed values that are off: of Fig. 4B, Fig. 7B and the notebook.
SUMS = (
    (128, 26, 30, 23),
    (10_000, 64, 24, 12),
    (20_000, 200, 75, 15),
    (100_000, 2000, 40, 10),
    (100_000, 2000, 240, 20),
)
SYMPY = Plan(SympyTail(), {("population", "marked", "sample", "least"): SUMS})
