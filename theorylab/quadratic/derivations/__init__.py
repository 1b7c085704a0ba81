"""The chapter's derivations."""

from theorylab.quadratic.derivations.blow_up import BLOW_UP
from theorylab.quadratic.derivations.collapse import COLLAPSE
from theorylab.quadratic.derivations.conservation import CONSERVATION
from theorylab.quadratic.derivations.dimension import NEURON_DIMENSION
from theorylab.quadratic.derivations.inclusion import INCLUSION
from theorylab.quadratic.derivations.moments import MOMENTS
from theorylab.quadratic.derivations.neuron import NEURON_DERIVATION
from theorylab.quadratic.derivations.pieces import PIECES
from theorylab.quadratic.derivations.quadratic_form import FORM
from theorylab.quadratic.derivations.regions import REGIONS
from theorylab.quadratic.derivations.relinear import RELINEAR
from theorylab.quadratic.derivations.shallow import SHALLOW
from theorylab.quadratic.derivations.spline import SPLINE
from theorylab.quadratic.derivations.tower import TOWER
from theorylab.quadratic.derivations.xor import RING, XOR

DERIVATIONS = (
    NEURON_DERIVATION,
    FORM,
    INCLUSION,
    XOR,
    RING,
    TOWER,
    PIECES,
    SPLINE,
    REGIONS,
    NEURON_DIMENSION,
    SHALLOW,
    MOMENTS,
    COLLAPSE,
    BLOW_UP,
    CONSERVATION,
    RELINEAR,
)
