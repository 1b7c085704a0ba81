"""The chapter's derivations."""

from theorylab.deep_linear.derivations.deficit import CLOSING, DEFICIT, DOSE
from theorylab.deep_linear.derivations.discrete_steps import DISCRETE_STEPS
from theorylab.deep_linear.derivations.gradient_flow import GRADIENT_FLOW
from theorylab.deep_linear.derivations.modes import MODES
from theorylab.deep_linear.derivations.one_mode import ONE_MODE, PEAK_SPEED
from theorylab.deep_linear.derivations.plateau import PLATEAU
from theorylab.deep_linear.derivations.potential import POTENTIAL
from theorylab.deep_linear.derivations.race import RACE
from theorylab.deep_linear.derivations.sharpness import SHARPNESS
from theorylab.deep_linear.derivations.singular_values import SINGULAR_VALUES
from theorylab.deep_linear.derivations.two_layer import TWO_LAYER
from theorylab.deep_linear.derivations.two_pathways import TWO_PATHWAYS
from theorylab.deep_linear.derivations.unlearning import UNLEARNING
from theorylab.deep_linear.derivations.weight_decay import WEIGHT_DECAY

DERIVATIONS = (
    GRADIENT_FLOW,
    MODES,
    ONE_MODE,
    PEAK_SPEED,
    PLATEAU,
    RACE,
    POTENTIAL,
    TWO_PATHWAYS,
    DEFICIT,
    DOSE,
    CLOSING,
    UNLEARNING,
    SHARPNESS,
    WEIGHT_DECAY,
    DISCRETE_STEPS,
    TWO_LAYER,
    SINGULAR_VALUES,
)
