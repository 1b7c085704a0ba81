"""Fast clocks under a slow one: columns of gamma oscillators whose coupling theta sets."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.systems.boxes import lens, vectorfield
from theorylab.systems.oscillators import (
    column,
    column_wire,
    lorentzian,
    modulation_index,
    reduced_column,
)
from theorylab.systems.running import discretise, run
from theorylab.systems.system import System, nest
from theorylab.systems.wires import source

_BINS = 18
_TURN = 2 * np.pi


class Clocks(Experiment):
    r"""Columns of fast oscillators in a wiring that hands each its coupling, set by a slow clock.

    A clock turns at the frequency of theta. The wiring reads its phase $\phi$ and gives column $k$
    the coupling $K_0 (1 + a \cos(\phi - \phi_k))$, with lags $\phi_k$ spread evenly over a share of
    the cycle. A column is either many oscillators behind their mean field or, on the same
    interface, the one number to which they reduce.
    """

    reduced: bool = static(False, doc="whether a column is the reduced one")
    columns: int = static(3, low=1, doc="number of columns")
    cells: int = static(500, low=1, doc="oscillators in a column")
    ticks: int = static(2000, low=1, unit="ticks", doc="length of a run")
    skip: int = static(500, low=0, unit="ticks", doc="ticks before the modulation is measured")
    dt: float = static(1e-3, above=0.0, unit="s", doc="length of a tick")
    depth: float = traced(0.8, low=0.0, high=1.0, doc="depth a of the modulation")
    spread: float = traced(1.0, low=0.0, high=1.0, doc="share of the slow cycle for the lags")
    slow: float = traced(6.0, above=0.0, unit="Hz", doc="frequency of the slow clock")
    centre: float = traced(40.0, unit="Hz", doc="centre of the fast frequencies")
    half_width: float = traced(4.0, above=0.0, unit="Hz", doc="half-width of the fast frequencies")
    coupling: float = traced(14.0, low=0.0, unit="Hz", doc="mean coupling K_0, over a turn")
    start: float = traced(0.5, low=0.0, high=1.0, doc="order parameter at the start")
    outputs = {
        "order": Output(("tick", "column"), doc="order parameter r"),
        "field": Output(("tick", "column"), doc="real part of the mean field"),
        "phase": Output(("tick",), unit="rad", doc="phase of the slow clock"),
        "index": Output(("column",), doc="modulation index of r by the slow phase"),
        "share": Output(("column", "bin"), doc="share of r in a bin of the slow phase"),
    }

    def coords(self):
        """Time in seconds, columns, and the middles of the bins of the slow phase."""
        middles = (np.arange(_BINS) + 0.5) / _BINS * _TURN
        return {
            "tick": Coord(np.arange(self.ticks) * self.dt, unit="s", doc="time"),
            "column": Coord(np.arange(self.columns), doc="column"),
            "bin": Coord(middles, unit="rad", doc="slow phase"),
        }

    def validate(self):
        """Something is left to measure."""
        if self.skip >= self.ticks:
            raise ValueError(f"skip is {self.skip}; allowed: less than ticks, {self.ticks}")

    def system(self) -> System:
        """The clocks as one flow: it shows the mean field of each column, and the slow phase."""
        slow = vectorfield(
            "theta",
            lambda key: jnp.zeros(()),
            lambda phase: phase,
            lambda phase, nothing: jnp.full_like(phase, _TURN * self.slow),
            source(),
        )
        names = [f"column {k}" for k in range(self.columns)]
        return nest(self._wiring(), *(self._column(name) for name in names), slow)

    def _column(self, name: str) -> System:
        centre, half_width = _TURN * self.centre, _TURN * self.half_width
        if self.reduced:
            return reduced_column(name, centre, half_width, self.start)
        return column(name, lorentzian(self.cells, centre, half_width), self.start)

    def _wiring(self) -> System:
        inner = (column_wire(),) * self.columns + (source(),)
        lags = self.spread * _TURN * jnp.arange(float(self.columns)) / self.columns

        def bwd(positions, directions):
            given = 1 + self.depth * jnp.cos(positions[-1] - lags)
            return (*(_TURN * self.coupling * given), ())

        shown = (source(self.columns, 2), source())
        return lens(inner, shown, lambda *given: (jnp.stack(given[:-1]), given[-1]), bwd, "wiring")

    def simulate(self, key):
        """Wire the flows, discretise the whole with steps of fourth order, and let it tick."""
        whole = discretise(self.system(), "rk4", self.dt)
        _, (means, phase) = run(whole, whole.init(key), length=self.ticks)
        order = jnp.hypot(means[..., 0], means[..., 1])
        index, share = jax.vmap(
            lambda r: modulation_index(phase[self.skip :], r, _BINS), in_axes=1
        )(order[self.skip :])
        return {
            "order": order,
            "field": means[..., 0],
            "phase": phase,
            "index": index,
            "share": share,
        }


CLOCKS = Plan(Clocks(), {"reduced": (False, True), "depth": (0.8, 0.0)})
