"""Critical periods of one mode: onset, duration, dose and kind of the deficit."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.closed_forms import half_time
from theorylab.deep_linear.critical import (
    closing_time,
    critical_period_curve,
    sensitivity_kernel,
    share_after_dose,
    susceptibility,
)
from theorylab.deep_linear.deficits import KINDS, Deficit
from theorylab.deep_linear.initialisation import layer_strength
from theorylab.deep_linear.modes import gd_map, solve_modes
from theorylab.lab import Coord, Experiment, Output, Plan, static, traced

_EDGE = (np.arange(0, 0.85, 0.025), np.arange(0.85, 1.15, 0.005), np.arange(1.15, 1.61, 0.025))
ONSETS = np.concatenate(_EDGE).round(3)  # in half-times; dense where the critical period closes


def _check_start(experiment):
    limit = experiment.strength / 4
    if experiment.initial >= limit:
        raise ValueError(
            f"initial is {experiment.initial}; allowed: below strength / 4 = {limit}, so that less "
            "than half of the target is learned at the start"
        )


class CriticalWindow(Experiment):
    """What a freeze of pathway B leaves of one mode, exactly: no training is run."""

    depth: int = static(3, low=1, high=20, doc="number of weight matrices per pathway")
    strength: float = traced(3.0, above=0.0, doc="singular value S")
    initial: float = traced(1e-3, above=0.0, doc="strength K of both pathways at the start")
    onset: float = traced(0.0, low=0.0, unit="half-time", doc="onset of the deficit")
    duration: float = traced(0.1, low=0.0, unit="half-time", doc="duration of the deficit")
    outputs = {"share": Output((), doc="final share of pathway B, theory")}

    def validate(self):
        """Together the pathways start below the target's half, which the unit of time needs."""
        _check_start(self)

    def simulate(self, key):
        """Where the line K_A + K_B = S meets the invariant after the deficit."""
        half = half_time(2 * self.initial, self.strength, self.depth, pathways=2)
        onset, duration = (jnp.reshape(x, 1) * half for x in (self.onset, self.duration))
        s = jnp.reshape(self.strength, 1)
        share = critical_period_curve(s, self.depth, self.initial, onset, duration)
        return {"share": share[0, 0, 0]}


class Sensitivity(Experiment):
    """Linear response to a brief freeze of pathway B: how much, and until when."""

    depth: int = static(3, low=1, high=20, doc="number of weight matrices per pathway")
    strength: float = traced(3.0, above=0.0, doc="singular value S")
    initial: float = traced(1e-3, above=0.0, doc="strength K of both pathways at the start")
    outputs = {
        "half_time": Output((), unit="time", doc="time at which K_A + K_B = S/2"),
        "susceptibility": Output((), doc="loss of K_B per change of the race invariant"),
        "kernel": Output(("moment",), unit="1/time", doc="loss of K_B per time of the freeze"),
        "closing": Output(("level",), unit="half-time", doc="when the loss falls to a level"),
    }

    def validate(self):
        """Together the pathways start below the target's half, which the unit of time needs."""
        _check_start(self)

    def coords(self):
        """Moments in half-times, and levels of the loss relative to time 0."""
        return {
            "moment": Coord(ONSETS, "half-time", "onset of the deficit"),
            "level": Coord(np.array([0.9, 0.5, 0.1]), doc="loss relative to time 0"),
        }

    def simulate(self, key):
        """The formulas, at all moments."""
        start = (self.initial, self.strength, self.depth)
        half = half_time(2 * self.initial, self.strength, self.depth, pathways=2)
        times = [closing_time(*start, level) for level in (0.9, 0.5, 0.1)]
        return {
            "half_time": half,
            "susceptibility": susceptibility(self.strength, self.depth),
            "kernel": sensitivity_kernel(half * jnp.asarray(ONSETS), *start),
            "closing": jnp.stack(times) / half,
        }


class DoseLaw(Experiment):
    """The share of pathway B after a freeze on the plateau, from its dose alone."""

    depth: int = static(3, low=1, high=20, doc="number of weight matrices per pathway")
    outputs = {"share": Output(("dose",), doc="final share of pathway B, theory")}

    def coords(self):
        """A fine grid of doses."""
        return {"dose": Coord(np.linspace(0.0, 2.1, 106), doc="duration x S^(2-2/D)")}

    def simulate(self, key):
        """The formula."""
        return {"share": share_after_dose(jnp.asarray(self.coords()["dose"].values), self.depth)}


class DoseRun(Experiment):
    """A freeze from the start, given by its dose, and the flow of the mode equations after it."""

    depth: int = static(3, low=2, high=12, doc="number of weight matrices per pathway")
    smallest: float = static(1e-5, above=0.0, doc="smallest K / S that the run is long for")
    dose: float = traced(0.3, above=0.0, doc="duration x S^(2-2/D)")
    strength: float = traced(3.0, above=0.0, doc="singular value S")
    initial: float = traced(1e-3, above=0.0, doc="strength K of both pathways at the start")
    outputs = {
        "share": Output((), doc="final share of pathway B, flow"),
        "residual": Output((), doc="|S - K_A - K_B| / S at the end"),
    }

    def simulate(self, key):
        """Runge-Kutta to the end, in units in which S is 1."""
        with jax.ensure_compile_time_eval():
            half = float(half_time(2 * self.smallest, 1.0, self.depth, pathways=2))
        length = 2 * half + 20.0 / (self.depth * 0.5 ** (2 - 2 / self.depth))
        rate = self.strength ** (2 - 2 / self.depth)
        p0 = layer_strength(jnp.full((2, 1), self.initial), self.depth)
        s = jnp.reshape(self.strength, (1,))
        ends = jnp.array([0.0, length]) / rate
        window = Deficit("freeze", 1, 0.0, self.dose / rate)
        steps = int(2 * self.depth * length)
        k = solve_modes(p0, s, self.depth, ends, window, steps=steps)[-1, :, 0]
        return {
            "share": k[1] / self.strength,
            "residual": jnp.abs(self.strength - jnp.sum(k)) / self.strength,
        }


class KindRun(Experiment):
    """A deficit of any kind from some onset: flow of the mode equations, and gradient descent."""

    depth: int = static(3, low=1, high=12, doc="number of weight matrices per pathway")
    strength: float = static(3.0, above=0.0, doc="singular value S")
    initial: float = static(0.01, above=0.0, doc="strength K of both pathways at the start")
    step: float = static(0.05, above=0.0, high=1.0, doc="learning rate x sharpness D S^(2-2/D)")
    longest: float = static(1.0, above=0.0, unit="half-time", doc="longest onset + duration")
    amounts: tuple = traced(
        (1.0, 0.0, 0.0, 0.0, 0.0), low=0.0, high=1.0, doc="strength of each kind of deficit"
    )
    onset: float = traced(0.0, low=0.0, unit="half-time", doc="onset of the deficit")
    duration: float = traced(0.3, low=0.0, unit="half-time", doc="duration of the deficit")
    outputs = {
        "flow": Output((), doc="final share of pathway B, flow"),
        "descent": Output((), doc="final share of pathway B, gradient descent"),
        "residual": Output((), doc="|S - K_A - K_B| / S at the end of the flow"),
    }

    def simulate(self, key):
        """Both to the end, with the same windows, rounded to whole updates."""
        exponent = 2 - 2 / self.depth
        with jax.ensure_compile_time_eval():
            half = float(half_time(2 * self.initial, self.strength, self.depth, pathways=2))
        settle = 12.0 / (self.depth * (self.strength / 2) ** exponent)
        lr = self.step / (self.depth * self.strength**exponent)
        updates = int((max(1.0, self.longest) + 2.0) * half / lr + settle / lr)
        start = jnp.round(self.onset * half / lr) * lr
        stop = jnp.round((self.onset + self.duration) * half / lr) * lr
        deficits = tuple(
            Deficit(kind, 1, start, stop, strength=self.amounts[i]) for i, kind in enumerate(KINDS)
        )
        p0 = layer_strength(jnp.full((2, 1), self.initial), self.depth)
        s = jnp.full(1, self.strength)
        ends = jnp.array([0.0, updates * lr])
        flow = solve_modes(p0, s, self.depth, ends, deficits, steps=updates // 4)[-1, :, 0]
        descent = gd_map(p0, s, self.depth, lr, updates, deficits, record_every=updates)[-1, :, 0]
        return {
            "flow": flow[1] / self.strength,
            "descent": descent[1] / self.strength,
            "residual": jnp.abs(self.strength - jnp.sum(flow)) / self.strength,
        }


DEPTHS = tuple(range(2, 7))
BRIEF = 1e-3  # a duration short enough for linear response
WINDOWS = Plan(
    CriticalWindow(),
    {
        "depth": DEPTHS,
        "onset": ONSETS,
        "duration": np.geomspace(BRIEF, 1.0, 40).round(6),  # 0.1 is one of them
    },
    chunk=8000,
)
SENSITIVITY = Plan(Sensitivity(), {"depth": DEPTHS})
DOSE_LAW = Plan(DoseLaw(), {"depth": DEPTHS})
SCALES = ((1.0, 1e-3), (1.0, 1e-4), (3.0, 1e-3), (3.0, 1e-4), (10.0, 1e-3), (10.0, 1e-4))
DOSES = Plan(
    DoseRun(),
    {
        "depth": DEPTHS,
        ("strength", "initial"): SCALES,
        "dose": (0.02, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.15, 1.4, 1.7, 2.0),
    },
)
# Every kind complete but the blur, which keeps 40 % of the contrast.
KIND_AMOUNTS = (
    (1.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.6, 0.0, 0.0),
    (0.0, 0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, 1.0),
)
KIND_DURATIONS = tuple((0.0, round(i / 16, 4)) for i in range(17))
KIND_ONSETS = tuple((round(i / 10, 4), 0.3) for i in range(1, 16))
KINDS_COMPARED = Plan(
    KindRun(longest=1.8),
    {
        "depth": (2, 4),
        "amounts": KIND_AMOUNTS,
        ("onset", "duration"): KIND_DURATIONS + KIND_ONSETS,
    },
    chunk=160,
)
