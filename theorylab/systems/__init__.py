"""Deep networks as nested dynamical systems: interfaces, wirings that learn, and their laws."""

from theorylab.systems import finite
from theorylab.systems.boxes import (
    copy,
    discard,
    lens,
    machine,
    smooth,
    stateful,
    swap,
    vectorfield,
)
from theorylab.systems.errors import InterfaceError
from theorylab.systems.learning import learner, weights
from theorylab.systems.oscillators import (
    coherent_phases,
    column,
    column_wire,
    lorentzian,
    modulation_index,
    reduced_column,
)
from theorylab.systems.rewiring import forecast, hebbian, market
from theorylab.systems.running import discretise, power, run
from theorylab.systems.system import System, identity, nest
from theorylab.systems.wires import R, Wire, interface, sink, source
from theorylab.systems.work import Work, compiled_work

__all__ = [
    "InterfaceError",
    "R",
    "System",
    "Wire",
    "Work",
    "coherent_phases",
    "column",
    "column_wire",
    "compiled_work",
    "copy",
    "discard",
    "discretise",
    "finite",
    "forecast",
    "hebbian",
    "identity",
    "interface",
    "learner",
    "lens",
    "lorentzian",
    "machine",
    "market",
    "modulation_index",
    "nest",
    "power",
    "reduced_column",
    "run",
    "sink",
    "smooth",
    "source",
    "stateful",
    "swap",
    "vectorfield",
    "weights",
]
