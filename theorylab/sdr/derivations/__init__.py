"""The chapter's derivations."""

from theorylab.sdr.derivations.overlap import OVERLAP
from theorylab.sdr.derivations.scaling import SCALING

DERIVATIONS = (OVERLAP, SCALING)
