"""The chapter's derivations."""

from theorylab.sdr.derivations.bloom import BLOOM
from theorylab.sdr.derivations.bounds import BOUNDS
from theorylab.sdr.derivations.chernoff import CHERNOFF
from theorylab.sdr.derivations.counting import COUNTING
from theorylab.sdr.derivations.deviations import DEVIATIONS
from theorylab.sdr.derivations.growth import FLOOR, POWER_LAW
from theorylab.sdr.derivations.noise import NOISE
from theorylab.sdr.derivations.overlap import OVERLAP
from theorylab.sdr.derivations.scaling import SCALING
from theorylab.sdr.derivations.thresholds import POISSON, THRESHOLDS
from theorylab.sdr.derivations.unions import UNIONS

DERIVATIONS = (
    COUNTING,
    OVERLAP,
    SCALING,
    BOUNDS,
    POWER_LAW,
    FLOOR,
    CHERNOFF,
    DEVIATIONS,
    NOISE,
    UNIONS,
    BLOOM,
    THRESHOLDS,
    POISSON,
)
