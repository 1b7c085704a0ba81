"""Critical learning periods in deep linear networks."""

from theorylab.deep_linear.allocation import final_allocation
from theorylab.deep_linear.closed_forms import (
    half_time,
    mode_at,
    time_to,
    two_layer_exact,
    unlearn,
)
from theorylab.deep_linear.completion import (
    Fit,
    Transfer,
    completion_gradient,
    completion_init,
    effective_rank,
    fit_completion,
    observe,
    sv_velocity,
    transfer_curve,
)
from theorylab.deep_linear.conserved import balancedness, drift, race_invariant
from theorylab.deep_linear.critical import (
    closing_time,
    critical_period_curve,
    critical_period_map,
    deficit_dose,
    pathway_error,
    sensitivity_kernel,
    share_after_dose,
    susceptibility,
)
from theorylab.deep_linear.deficits import Deficit, Gates, couplings, gates, residual
from theorylab.deep_linear.gradient import History, gradient_flow, train_gd
from theorylab.deep_linear.initialisation import (
    aligned_init,
    balanced_init,
    gaussian_init,
    imbalanced,
    layer_strength,
)
from theorylab.deep_linear.modes import euler_map, gd_map, mode_rhs, solve_modes
from theorylab.deep_linear.nonlinear import NonlinearHistory, train_nonlinear
from theorylab.deep_linear.race import allocate, race_potential, race_potential_inverse
from theorylab.deep_linear.stability import max_stable_lr, sharpness
from theorylab.deep_linear.tasks import hierarchical_tree, low_rank, task_pair, task_svd

__all__ = [
    "Deficit",
    "Fit",
    "Gates",
    "History",
    "NonlinearHistory",
    "Transfer",
    "aligned_init",
    "allocate",
    "balanced_init",
    "balancedness",
    "closing_time",
    "completion_gradient",
    "completion_init",
    "couplings",
    "critical_period_curve",
    "critical_period_map",
    "deficit_dose",
    "drift",
    "effective_rank",
    "euler_map",
    "final_allocation",
    "fit_completion",
    "gates",
    "gaussian_init",
    "gd_map",
    "gradient_flow",
    "half_time",
    "hierarchical_tree",
    "imbalanced",
    "layer_strength",
    "low_rank",
    "max_stable_lr",
    "mode_at",
    "mode_rhs",
    "observe",
    "pathway_error",
    "race_invariant",
    "race_potential",
    "race_potential_inverse",
    "residual",
    "sensitivity_kernel",
    "share_after_dose",
    "sharpness",
    "solve_modes",
    "susceptibility",
    "sv_velocity",
    "task_pair",
    "task_svd",
    "time_to",
    "train_gd",
    "train_nonlinear",
    "transfer_curve",
    "two_layer_exact",
    "unlearn",
]
