"""The chapter's derivations."""

from theorylab.ntk.derivations.critical import CRITICAL
from theorylab.ntk.derivations.depth import DEPTH
from theorylab.ntk.derivations.duals import DUALS
from theorylab.ntk.derivations.families import FAMILIES
from theorylab.ntk.derivations.fixed_points import FIXED_POINTS
from theorylab.ntk.derivations.hermite import HERMITE
from theorylab.ntk.derivations.majority import MAJORITY
from theorylab.ntk.derivations.nearest import NEAREST
from theorylab.ntk.derivations.optimal import OPTIMAL, OPTIMAL_CIRCLE
from theorylab.ntk.derivations.order_chaos import ORDER_CHAOS
from theorylab.ntk.derivations.ordered import ORDERED
from theorylab.ntk.derivations.recursion import RECURSION
from theorylab.ntk.derivations.schroder import SCHRODER
from theorylab.ntk.derivations.variance import VARIANCE

DERIVATIONS = (
    HERMITE,
    DUALS,
    RECURSION,
    FIXED_POINTS,
    SCHRODER,
    OPTIMAL,
    OPTIMAL_CIRCLE,
    FAMILIES,
    DEPTH,
    MAJORITY,
    CRITICAL,
    NEAREST,
    ORDERED,
    VARIANCE,
    ORDER_CHAOS,
)
