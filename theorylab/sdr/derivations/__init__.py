"""The chapter's derivations."""

from theorylab.sdr.derivations.bounds import BOUNDS
from theorylab.sdr.derivations.growth import FLOOR, POWER_LAW
from theorylab.sdr.derivations.overlap import OVERLAP
from theorylab.sdr.derivations.scaling import SCALING

DERIVATIONS = (OVERLAP, SCALING, BOUNDS, POWER_LAW, FLOOR)
