"""The experiments of the chapter: wirings that learn, beside the same boxes in fixed ones."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.systems.boxes import lens, machine, stateful
from theorylab.systems.rewiring import hebbian
from theorylab.systems.running import run
from theorylab.systems.system import System
from theorylab.systems.wires import R, source

_SCRAMBLE = 3


class Recall(Experiment):
    """Cells in a wiring that learns by Hebb's rule are shown two patterns, then parts of them.

    Each pattern is shown `rounds` times. Then, for either, the cells are scrambled for three
    ticks, shown a part of the pattern for `hint` ticks, and left to themselves for `free` ticks.
    The wiring learns all the time, also from what the cells recall.
    """

    cells: int = static(128, low=2, doc="number of cells N")
    gain: float = static(4.0, above=0.0, doc="gain of tanh")
    rate: float = static(0.005, low=0.0, doc="rate eta of Hebb's rule; 0 is a fixed wiring, W = 0")
    decay: float = static(0.1, low=0.0, doc="decay lambda")
    rounds: int = static(4, low=1, doc="how often each pattern is shown")
    study: int = static(25, low=1, unit="ticks", doc="length of a showing")
    hint: int = static(5, low=1, unit="ticks", doc="length of the cue")
    longest: int = static(80, low=1, unit="ticks", doc="the longest free time that can be asked")
    free: int = traced(20, low=1, unit="ticks", doc="length of the time without input")
    part: float = static(0.25, above=0.0, high=1.0, doc="share of the pattern in the cue")
    outputs = {
        "overlap": Output(("tick", "pattern"), doc="mean of activity times pattern"),
        "held": Output(("pattern",), doc="overlap with a pattern at the end of its free time"),
    }

    def coords(self):
        """Ticks and the names of the patterns."""
        ticks = self._start + 2 * (_SCRAMBLE + self.hint + self.longest)
        return {"tick": Coord(np.arange(ticks), doc="tick"), "pattern": np.array(["A", "B"])}

    @property
    def _start(self) -> int:
        return 2 * self.rounds * self.study

    def _inputs(self, patterns, key):
        """What comes in at each tick, and the last tick of either free time."""
        tick = jnp.arange(self.coords()["tick"].values.size)
        block = _SCRAMBLE + self.hint + jnp.asarray(self.free, int)
        late = tick - self._start
        second = late >= block
        within = jnp.where(second, late - block, late)
        studied = patterns[(tick // self.study) % 2]
        seen = jnp.where(jnp.arange(self.cells) < round(self.part * self.cells), 1.0, 0.0)
        cued = patterns[second.astype(int)] * seen[None]
        noise = jax.random.rademacher(key, studied.shape, float)
        given = jnp.where((within < _SCRAMBLE)[:, None], noise, cued)
        given = jnp.where((within < _SCRAMBLE + self.hint)[:, None], given, 0.0)
        ends = self._start + block * jnp.array([1, 2]) - 1
        return jnp.where((late < 0)[:, None], studied, given), ends

    def simulate(self, key):
        """Activity is tanh of the gain times the input delivered at the tick before."""
        first, second = jax.random.split(key)
        patterns = jax.random.rademacher(first, (2, self.cells), float)
        inputs, ends = self._inputs(patterns, second)
        wire = R(self.cells)
        box = machine(
            "cells",
            lambda key: jnp.zeros(wire.pos.shape),
            lambda state: state,
            lambda state, given: jnp.tanh(self.gain * given),
            wire,
        )
        system = box >> hebbian("wiring", self.cells, self.rate, self.decay)
        _, (activity,) = run(system, system.init(key), (inputs,))
        overlap = activity @ patterns.T / self.cells
        return {"overlap": overlap, "held": overlap[ends, jnp.arange(2)]}


class SignFlip(Experiment):
    """A plant whose response to its control changes sign, in two wirings of it to itself.

    The plant moves as x' = a x + b u + noise, and b flips from 1 to -1. The fixed wiring
    feeds back u = -a x. The one that learns keeps an estimate of b, improved at each tick by a
    normalised gradient step on the error of the predicted motion.
    """

    learns: bool = static(True, doc="whether the wiring learns")
    a: float = static(1.05, doc="growth of the plant in a tick")
    noise: float = static(0.05, low=0.0, doc="standard deviation of the noise")
    rate: float = static(0.3, above=0.0, doc="rate of the estimate")
    limit: float = static(3.0, above=0.0, doc="largest control of the wiring that learns")
    flip: int = static(100, low=0, unit="ticks", doc="when b changes its sign")
    ticks: int = static(200, low=1, unit="ticks", doc="length of a run")
    outputs = {
        "x": Output(("tick",), doc="what the plant shows"),
        "estimate": Output(("tick",), doc="estimate of b, before the tick"),
        "b": Output(("tick",), doc="what it is"),
    }

    def coords(self):
        """Ticks."""
        return {"tick": Coord(np.arange(self.ticks), doc="tick")}

    def simulate(self, key):
        """The plant closed by either wiring; the estimate is shown beside x."""
        noise = self.noise * jax.random.normal(key, (self.ticks,))
        b = jnp.where(jnp.arange(self.ticks) < self.flip, 1.0, -1.0)

        def moved(state, control):
            x, tick = state
            return self.a * x + b[tick] * control + noise[tick], tick + 1

        plant = machine(
            "plant",
            lambda key: (jnp.zeros(()), jnp.zeros((), jnp.int32)),
            lambda state: state[0],
            moved,
            R(),
        )
        system = plant >> (self._learning() if self.learns else self._fixed())
        _, (x, estimate) = run(system, system.init(key), length=self.ticks)
        return {"x": x, "estimate": estimate, "b": b}

    def _fixed(self) -> System:
        return lens(
            (R(),),
            (source(), source()),
            lambda x: (x, jnp.ones(())),
            lambda positions, directions: (-self.a * positions[0],),
        )

    def _learning(self) -> System:
        def bwd(state, positions, directions):
            (theta, past, control), (x,) = state, positions
            miss = x - self.a * past - theta * control
            theta = theta + self.rate * control * miss / (control**2 + 1e-2)
            wanted = -self.a * theta * x / (theta**2 + 0.05)
            new = jnp.clip(wanted, -self.limit, self.limit)
            return (theta, x, new), (new,)

        return stateful(
            "estimate",
            lambda key: (jnp.ones(()), jnp.zeros(()), jnp.zeros(())),
            (R(),),
            (source(), source()),
            lambda state, x: (x, state[0]),
            bwd,
        )


RECALL = Plan(Recall(), {"rate": (0.005, 0.0)})
HOLDING = Plan(Recall(), {"rate": (0.005, 0.01), "free": (5, 10, 20, 40, 80)}, seeds=60)
SIGN_FLIP = Plan(SignFlip(), {"learns": (True, False)})
