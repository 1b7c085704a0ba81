"""Numerics against independent numerics: the checks behind the acceptance rows of the ledger."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.closed_forms import time_to, two_layer_exact
from theorylab.deep_linear.conserved import race_invariant
from theorylab.deep_linear.deficits import Deficit
from theorylab.deep_linear.gradient import train_gd
from theorylab.deep_linear.initialisation import balanced_init, layer_strength
from theorylab.deep_linear.modes import solve_modes
from theorylab.deep_linear.stability import sharpness
from theorylab.lab import Coord, Experiment, Output, Plan, static, traced

FRACTIONS = (0.01, 0.1, 0.5, 0.9, 0.99)


class TimeOfStrength(Experiment):
    """The closed-form time at which one mode reaches K, against an adaptive integration."""

    host_only = True
    depth: int = static(3, low=1, high=12, doc="number of weight matrices")
    strength: float = static(3.0, above=0.0, doc="singular value S")
    initial: float = static(1e-3, above=0.0, doc="strength K at the start, in units of S")

    outputs = {"error": Output(("level",), doc="relative error of the time")}

    def coords(self):
        """The levels K / S that are reached."""
        return {"level": Coord(np.array(FRACTIONS), doc="K / S")}

    def simulate(self, key):
        """Integrate to the closed-form times; a miss in K is a miss in time by K / speed."""
        s, depth, k0 = self.strength, self.depth, self.strength * self.initial

        def speed(t, k):
            return depth * k ** (2 - 2 / depth) * (s - k)

        wanted = s * np.array(FRACTIONS)
        times = np.asarray(time_to(wanted, k0, s, depth))
        reached = _adaptive(speed, [k0], times)[0]
        return {"error": np.abs(reached - wanted) / speed(0.0, wanted) / times}


class SolverAccuracy(Experiment):
    """The fixed-step solver of the mode equations against an adaptive one, with a deficit."""

    host_only = True
    depth: int = static(3, low=2, high=8, doc="number of weight matrices per pathway")
    strength: float = static(3.0, above=0.0, doc="singular value S")
    start: float = static(0.5, low=0.0, unit="time", doc="start of the freeze of pathway B")
    stop: float = static(1.0, low=0.0, unit="time", doc="end of the freeze of pathway B")
    length: float = static(10.0, above=0.0, unit="time", doc="length of the run")

    outputs = {
        "final": Output((), doc="largest difference of the final K / S, 400 steps a segment"),
        "drift": Output(("steps",), doc="relative drift of the race invariant, no deficit"),
    }

    def coords(self):
        """Numbers of Runge-Kutta steps."""
        return {"steps": Coord(np.array([400, 4000]), "step", "Runge-Kutta steps")}

    def simulate(self, key):
        """Two unequal pathways, with the freeze and without."""
        s, depth = self.strength, self.depth
        k0 = np.array([0.02, 0.01])
        p0 = layer_strength(k0, depth)[:, None]
        target = np.array([s])
        ends = np.array([0.0, self.length])
        frozen = Deficit("freeze", 1, self.start, self.stop)
        ours = solve_modes(p0, target, depth, ends, frozen, steps=400)[-1, :, 0]

        def velocity(gate):
            return lambda t, k: depth * k ** (2 - 2 / depth) * (s - k.sum(0)) * gate

        k, before = k0, 0.0
        for after, gate in (
            (self.start, [1.0, 1.0]),
            (self.stop, [1.0, 0.0]),
            (self.length, [1.0, 1.0]),
        ):
            k = _adaptive(velocity(np.array(gate)), k, [after - before])[:, -1]
            before = after
        drift = []
        for steps in (400, 4000):
            path = solve_modes(p0, target, depth, ends, steps=steps)
            c = race_invariant(path, depth)[:, 0, 0]
            drift.append(abs(float(c[-1] / c[0]) - 1))
        return {"final": np.max(np.abs(np.asarray(ours) - k)) / s, "drift": np.array(drift)}


class TwoLayerRun(Experiment):
    """Depth 2 with no mode aligned: gradient descent against the exact matrix solution."""

    lr: float = static(1e-2, above=0.0, unit="time", doc="learning rate")
    length: float = static(4.0, above=0.0, unit="time", doc="length of the run")
    records: int = static(20, low=1, doc="number of times compared")
    scale: float = traced(0.05, above=0.0, doc="end-to-end scale of the balanced start")

    outputs = {"gap": Output((), doc="largest difference of the maps / largest entry of Sigma")}

    def simulate(self, key):
        """Train a 7 x 5 Gaussian target from a balanced start that is aligned with nothing."""
        draw, start = jax.random.split(key)
        sigma = jax.random.normal(draw, (7, 5))
        params = balanced_init(start, sigma.shape, 2, 7, self.scale, pathways=1)
        ((w1, w2),) = params
        every = round(self.length / self.lr / self.records)

        def block(params, _):
            run = train_gd(params, sigma, self.lr, every, (), every, check_stability=False)
            return run.params, run.params[0][1] @ run.params[0][0]

        _, maps = jax.lax.scan(block, params, length=self.records)
        times = self.lr * every * jnp.arange(1.0, self.records + 1)
        exact = two_layer_exact(w1, w2, sigma, times)
        return {"gap": jnp.max(jnp.abs(maps - exact)) / jnp.max(jnp.abs(sigma))}


class HessianCheck(Experiment):
    """The sharpness formula at a shared minimum, against the Hessian by differentiation."""

    depth: int = static(3, low=1, high=8, doc="number of weight matrices per pathway")
    strength: float = traced(3.0, above=0.0, doc="singular value S")
    share: float = traced(0.2, above=0.0, below=1.0, doc="share of pathway B")

    outputs = {
        "error": Output((), doc="relative error of the largest eigenvalue"),
        "flat": Output((), doc="largest of the other eigenvalues, relative to it"),
    }

    def simulate(self, key):
        """All 2D layer strengths vary."""
        k = self.strength * jnp.stack([1 - self.share, self.share])
        layers = jnp.broadcast_to(layer_strength(k, self.depth)[:, None], (2, self.depth))

        def loss(layers):
            return 0.5 * (self.strength - jnp.sum(jnp.prod(layers, axis=1))) ** 2

        hessian = jax.hessian(loss)(layers).reshape(2 * self.depth, 2 * self.depth)
        values = jnp.sort(jnp.abs(jnp.linalg.eigvalsh(hessian)))
        formula = sharpness(k, self.depth)
        return {"error": jnp.abs(values[-1] / formula - 1), "flat": values[-2] / formula}


TIMES = Plan(TimeOfStrength(), over={"depth": range(1, 9)})
SOLVER = Plan(SolverAccuracy(), over={"depth": range(2, 7), "strength": [1.0, 3.0, 15**0.5]})
TWO_LAYER = Plan(TwoLayerRun(), over={"lr": [1e-2, 1e-3, 1e-4]})
HESSIAN = Plan(HessianCheck(), over={"depth": range(1, 7), "share": [0.02, 0.2, 0.5]})


def _adaptive(velocity, start, times):
    from scipy.integrate import solve_ivp

    run = solve_ivp(
        velocity,
        (0.0, float(times[-1])),
        np.asarray(start, float),
        method="DOP853",
        t_eval=np.asarray(times, float),
        rtol=1e-12,
        atol=1e-14,
    )
    return run.y
