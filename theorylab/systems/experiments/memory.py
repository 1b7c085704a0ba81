"""Cells that recall patterns: in a wiring that learns by Hebb's rule, and in a fixed one."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.systems.boxes import machine
from theorylab.systems.rewiring import hebbian
from theorylab.systems.running import run
from theorylab.systems.wires import R

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


RECALL = Plan(Recall(), {"rate": (0.005, 0.0)})
HOLDING = Plan(Recall(), {"rate": (0.005, 0.01), "free": (5, 10, 20, 40, 80)}, seeds=60)
