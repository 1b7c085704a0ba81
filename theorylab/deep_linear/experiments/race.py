"""The plane of the two strengths: contours of the race invariant, and runs without a deficit."""

import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.initialisation import layer_strength
from theorylab.deep_linear.modes import solve_modes
from theorylab.deep_linear.race import allocate, race_potential
from theorylab.lab import Coord, Experiment, Output, Plan, static, traced


class RacePlane(Experiment):
    """Contours of the race invariant, by formula, and undisturbed runs, by integration.

    A contour is named by the share of pathway B where it meets the line K_A + K_B = S. Runs
    start on contours, on both sides of that line; where they end is found by Runge-Kutta alone.
    """

    depth: int = static(2, low=1, high=30, doc="number of weight matrices per pathway")
    imbalance: float = static(1.0, low=0.0, doc="lambda = q^2 - p^2")
    inner: tuple = static((0.1, 0.3, 0.7, 0.9), doc="contours of runs that start inside the line")
    outer: tuple = static((0.3, 0.5, 0.7), doc="contours of runs that start outside the line")
    samples: int = static(50, low=2, doc="number of recorded times")
    strength: float = static(10.0, above=0.0, doc="singular value S")
    length: float = traced(1.0, above=0.0, unit="time", doc="length of the runs")
    outputs = {
        "potential": Output(("strength_grid",), doc="race potential F of one pathway"),
        "level": Output(("contour",), doc="invariant F_A - F_B of each contour"),
        "k": Output(("sample", "pathway", "orbit"), doc="strength K"),
    }

    def coords(self):
        """The grid of strengths, and the names of contours and runs."""
        fine = np.geomspace(1e-4, 0.03, 50)[:-1]
        grid = self.strength * np.concatenate([fine, np.linspace(0.03, 1.0, 200)])
        return {
            "strength_grid": Coord(grid, doc="strength K of one pathway"),
            "contour": Coord(np.arange(1, 10) / 10, doc="final share of pathway B"),
            "pathway": np.array(["A", "B"]),
            "orbit": Coord(np.array(self.inner + self.outer), doc="final share of pathway B"),
        }

    def simulate(self, key):
        """Short time steps first: the race is fastest far from the line."""
        coords = self.coords()

        def potential(k):
            p = layer_strength(k, self.depth, self.imbalance)
            return race_potential(p, self.depth, self.imbalance)

        def level(shares):
            b = self.strength * jnp.asarray(shares)
            return potential(self.strength - b) - potential(b)

        totals = self.strength * jnp.array([0.3] * len(self.inner) + [1.3] * len(self.outer))
        gap = level(self.inner + self.outer)[:, None]
        k0 = allocate(gap, totals, self.depth, self.imbalance).T
        p0 = layer_strength(k0, self.depth, self.imbalance)
        s = jnp.full(totals.shape, self.strength)
        times = self.length * jnp.linspace(0.0, 1.0, self.samples) ** 4
        return {
            "potential": potential(jnp.asarray(coords["strength_grid"].values)),
            "level": level(coords["contour"].values),
            "k": solve_modes(p0, s, self.depth, times, (), self.imbalance, steps=200),
        }


PLANE = Plan(RacePlane(), {"depth": (2, 5, 8, 13)})
BALANCED_PLANE = Plan(RacePlane(imbalance=0.0), {"depth": (2, 3, 4)})
