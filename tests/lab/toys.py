"""Small experiments for the tests of the lab; in a file, so that their results are stored."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, static, traced

TRACES: list[tuple] = []


class Noisy(Experiment):
    """A mean with noise."""

    count: int = static(4, low=1, high=50, doc="number of draws")
    kind: str = static("plain", choices=("plain", "squared"), doc="what is averaged")
    mean: float = traced(0.0, low=-100.0, high=100.0, unit="mV", doc="mean of the draws")
    scale: float = traced(1.0, above=0.0, unit="mV", doc="standard deviation")
    outputs = {
        "average": Output((), unit="mV", doc="average of the draws"),
        "draws": Output(("draw",), unit="mV", doc="the draws"),
    }

    def coords(self):
        return {"draw": Coord(np.arange(self.count), doc="number of the draw")}

    def simulate(self, key):
        TRACES.append((self.count, self.kind))
        draws = self.mean + self.scale * jax.random.normal(key, (self.count,))
        if self.kind == "squared":
            draws = draws**2
        return {"average": draws.mean(), "draws": draws}


class Single(Experiment):
    """The same in single precision."""

    mean: float = traced(0.1)
    outputs = {"value": Output(())}
    precision = "float32"

    def simulate(self, key):
        return {"value": jnp.sin(self.mean) + jax.random.normal(key)}


class Chosen(Experiment):
    """Exact integers on the host."""

    n: int = static(5, low=0)
    k: int = traced(2, low=0)
    outputs = {"ways": Output((), doc="binomial coefficient")}
    host_only = True

    def simulate(self, key):
        import math

        TRACES.append((self.n, self.k))
        return {"ways": math.comb(self.n, self.k)}


class Vector(Experiment):
    """A parameter that is a tuple."""

    strengths: tuple = traced((3.0, 2.0), above=0.0)
    outputs = {"total": Output(()), "each": Output(("mode",))}

    def simulate(self, key):
        return {"total": self.strengths.sum(), "each": self.strengths}
