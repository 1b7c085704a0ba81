"""Theory against gradient descent on weight matrices: curves, errors, conserved quantities."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.closed_forms import half_time, mode_at
from theorylab.deep_linear.conserved import race_invariant
from theorylab.deep_linear.critical import critical_period_curve
from theorylab.deep_linear.deficits import Deficit
from theorylab.deep_linear.gradient import gradient_flow, train_gd
from theorylab.deep_linear.initialisation import aligned_init, balanced_init, layer_strength
from theorylab.deep_linear.modes import gd_map
from theorylab.lab import Coord, Experiment, Output, Plan, static, traced


class LearningCurve(Experiment):
    """One mode of one pathway, learnt by gradient descent on small dense matrices."""

    depth: int = static(3, low=1, high=12, doc="number of weight matrices")
    strength: float = static(3.0, above=0.0, doc="singular value S")
    initial: float = static(1e-3, above=0.0, doc="strength K at the start")
    step: float = static(0.05, above=0.0, high=1.0, doc="learning rate x sharpness D S^(2-2/D)")
    horizon: float = static(2.0, above=0.0, unit="half-time", doc="length of the run")
    records: int = static(80, low=2, doc="number of recorded intervals")
    outputs = {
        "time": Output(("record",), unit="time", doc="learning rate x updates"),
        "half_time": Output((), unit="time", doc="time at which K = S/2, by theory"),
        "k": Output(("record",), doc="strength K"),
        "theory": Output(("moment",), doc="strength K, closed form"),
    }

    def coords(self):
        """Moments of the closed form, in half-times, dense at the rise."""
        moments = np.union1d(np.linspace(0, 2, 101), np.linspace(0.9, 1.1, 81)).round(6)
        return {"moment": Coord(np.unique(moments), "half-time", "time")}

    def simulate(self, key):
        """Train on a 3 x 2 target of one mode."""
        with jax.ensure_compile_time_eval():
            half = float(half_time(self.initial, self.strength, self.depth))
        sharpness = self.depth * self.strength ** (2 - 2 / self.depth)
        every = -int(-self.horizon * half * sharpness // (self.step * self.records))
        steps = every * self.records
        turn_out, turn_in, draw = jax.random.split(key, 3)
        sigma = _dense((self.strength,), turn_out, turn_in)
        k0 = jnp.full((1, 1), self.initial)
        params = aligned_init(sigma, self.depth, 3, k0, draw)
        run = train_gd(params, sigma, self.horizon * half / steps, steps, (), every)
        moments = half * jnp.asarray(self.coords()["moment"].values)
        return {
            "time": run.t,
            "half_time": jnp.asarray(half),
            "k": run.k[:, 0, 0],
            "theory": mode_at(moments, self.initial, self.strength, self.depth),
        }


class OnsetRun(Experiment):
    """A deficit of pathway B at some onset: gradient descent on matrices, and the theory.

    Onset and duration are in units of the half-time, at which the strongest mode of two equal
    pathways is half learnt; the window is rounded to whole updates for the theory too.
    """

    depth: int = static(3, low=1, high=12, doc="number of weight matrices per pathway")
    strengths: tuple = static((3.0, 2.0), doc="singular values S")
    initial: float = static(1e-3, above=0.0, doc="strength K of every mode at the start")
    finest: float = static(0.0125, above=0.0, doc="smallest step size that the run is long for")
    latest: float = static(1.5, above=0.0, unit="half-time", doc="latest onset it is long for")
    step: float = traced(0.05, above=0.0, high=1.0, doc="learning rate x sharpness D S^(2-2/D)")
    onset: float = traced(0.0, low=0.0, unit="half-time", doc="onset of the deficit")
    duration: float = traced(0.1, low=0.0, unit="half-time", doc="duration of the deficit")
    outputs = {
        "share": Output(("mode",), doc="final share of pathway B, gradient descent"),
        "theory": Output(("mode",), doc="final share of pathway B, theory"),
        "residual": Output(("mode",), doc="|S - K_A - K_B| / S at the end"),
        "map_gap": Output((), doc="largest |K - mode map| / S at any recorded time"),
    }

    def simulate(self, key):
        """Train both pathways; follow the mode map; allocate."""
        strongest = max(self.strengths)
        sharpness = self.depth * strongest ** (2 - 2 / self.depth)
        with jax.ensure_compile_time_eval():
            half = float(half_time(2 * self.initial, strongest, self.depth, pathways=2))
        settle = 10.0 / (self.depth * (strongest / 2) ** (2 - 2 / self.depth))
        length = (self.latest + 0.1) * half + settle
        every = -int(-length * sharpness // (self.finest * 16))
        lr = self.step / sharpness

        def whole(time):
            return jnp.round(time * half / lr) * lr

        start, stop = whole(self.onset), whole(self.onset + self.duration)
        window = Deficit("freeze", 1, start, stop)
        turn_out, turn_in, draw = jax.random.split(key, 3)
        sigma = _dense(self.strengths, turn_out, turn_in)
        s = jnp.asarray(self.strengths)
        k0 = jnp.full((2, s.size), self.initial)
        p0 = layer_strength(k0, self.depth)
        params = aligned_init(sigma, self.depth, 3, k0, draw)
        k = train_gd(params, sigma, lr, 16 * every, window, every).k
        mapped = gd_map(p0, s, self.depth, lr, 16 * every, window, record_every=every)
        times = (start[None], (stop - start)[None])
        exact = critical_period_curve(s, self.depth, self.initial, *times)[0, 0]
        return {
            "share": k[-1, 1] / s,
            "theory": exact,
            "residual": jnp.abs(s - k[-1].sum(0)) / s,
            "map_gap": jnp.max(jnp.abs(k - mapped) / s[None, None]),
        }


class ConservedDrift(Experiment):
    """How far a discrete step lets the conserved quantities of the flow drift in training.

    Balancedness from a balanced random start, aligned with nothing; the race invariant from an
    aligned start with unequal pathways.
    """

    depth: int = static(3, low=1, high=12, doc="number of weight matrices per pathway")
    method: str = static("descent", choices=("descent", "runge-kutta"), doc="the step")
    finest: float = static(0.0125, above=0.0, doc="smallest step size that the run is long for")
    step: float = traced(0.05, above=0.0, high=2.0, doc="time step x sharpness D S^(2-2/D)")
    outputs = {
        "balance": Output((), doc="largest |W'W - WW'| of neighbours / S^(2/D); 0 at depth 1"),
        "race": Output((), doc="largest relative change of the race invariant"),
    }

    def simulate(self, key):
        """Train until nothing changes any more, from both starts."""
        strengths = (3.0, 2.0)
        k0 = jnp.asarray([[0.2, 0.2], [0.1, 0.1]])
        sharpness = self.depth * 3.0 ** (2 - 2 / self.depth)
        with jax.ensure_compile_time_eval():
            half = float(half_time(0.2, 2.0, self.depth, pathways=2))
        every = -int(-(2 * half * sharpness + 20.0) // (self.finest * 16))
        turn_out, turn_in, draw = jax.random.split(key, 3)
        sigma = _dense(strengths, turn_out, turn_in)
        aligned = aligned_init(sigma, self.depth, 3, k0, draw)
        random = balanced_init(draw, sigma.shape, self.depth, 3, scale=0.3)
        both = jax.tree.map(lambda *pair: jnp.stack(pair), aligned, random)
        train = train_gd if self.method == "descent" else gradient_flow
        lr, steps = self.step / sharpness, 16 * every
        runs = jax.vmap(lambda start: train(start, sigma, lr, steps, (), every))(both)

        race = race_invariant(runs.k[0], self.depth)
        balance = runs.balance[1] / 3.0 ** (2 / self.depth)
        return {
            "balance": jnp.max(balance, initial=0.0),
            "race": jnp.max(jnp.abs(race / race[:1] - 1)),
        }


def _dense(strengths, turn_out, turn_in):
    """A 3 x 2 target with these singular values and random singular vectors."""
    u = jnp.linalg.qr(jax.random.normal(turn_out, (3, 3)))[0][:, : len(strengths)]
    v = jnp.linalg.qr(jax.random.normal(turn_in, (2, 2)))[0][:, : len(strengths)]
    return (u * jnp.asarray(strengths)[None, :]) @ v.T


CURVES = Plan(LearningCurve(), {"depth": range(1, 7)})
ONSETS = Plan(
    OnsetRun(),
    {
        "depth": range(2, 7),
        "step": (0.2, 0.05, 0.0125),
        "onset": (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.5),
    },
)
DESCENT_DRIFT = Plan(
    ConservedDrift(method="descent"), {"depth": (1, 2, 4), "step": (0.2, 0.1, 0.05, 0.025, 0.0125)}
)
RK4_DRIFT = Plan(
    ConservedDrift(method="runge-kutta", finest=0.0625),
    {"depth": (2, 4), "step": (1.0, 0.5, 0.25, 0.125, 0.0625)},
)
