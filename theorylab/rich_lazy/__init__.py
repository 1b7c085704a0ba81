"""Rich and lazy learning: how the rank of initial connectivity sets the learning regime."""

from theorylab.rich_lazy.alignment import (
    expected_alignment,
    expected_representation_alignment,
    expected_target_alignment,
    optimal_init_gram,
    participation_ratio,
    task_alignment,
)
from theorylab.rich_lazy.balanced_flow import lambda_balanced_flow
from theorylab.rich_lazy.biological import (
    CORTEX,
    cell_type,
    chain_motif,
    dale,
    distance_dependent,
    sparse,
)
from theorylab.rich_lazy.curvature import chizat_kappa, linearization_gap
from theorylab.rich_lazy.diagonal import (
    diagonal_kkt_gap,
    diagonal_net_limit,
    diagonal_penalty,
)
from theorylab.rich_lazy.initialisers import (
    from_spectrum,
    lambda_balanced,
    low_rank,
    power_law,
    task_aligned,
)
from theorylab.rich_lazy.kernel_flow import (
    LinearKernel,
    closed_kernel_flow,
    linear_kernel,
    linear_kernel_flow,
    linear_ntk,
    linear_weight_flow,
)
from theorylab.rich_lazy.measures import (
    kernel_alignment,
    kernel_change,
    linear_cka,
    readout_correlation,
    representation_alignment,
    sign_similarity,
    weight_change,
)
from theorylab.rich_lazy.observers import Ideal, ideal_observer
from theorylab.rich_lazy.paired import Paired, paired_difference
from theorylab.rich_lazy.ranks import RANKS, effective_rank, rank_report
from theorylab.rich_lazy.recurrent_kernel import rnn_recurrent_ntk
from theorylab.rich_lazy.report import LazinessReport, LazinessTracker, laziness_report
from theorylab.rich_lazy.rescaling import rescale, spectral_radius, truncate_svd
from theorylab.rich_lazy.rnn import RNNConfig, RNNParams, init_rnn, rnn_apply
from theorylab.rich_lazy.tasks import (
    CXT,
    DMS,
    TASKS,
    TWO_AF,
    Task,
    Trials,
    drawn_from,
    from_neurogym,
    sequential_digits,
)
from theorylab.rich_lazy.training import Training, cross_entropy, decision_accuracy, train_rnn

__all__ = [
    "CORTEX",
    "CXT",
    "DMS",
    "RANKS",
    "TASKS",
    "TWO_AF",
    "Ideal",
    "LazinessReport",
    "LazinessTracker",
    "LinearKernel",
    "Paired",
    "RNNConfig",
    "RNNParams",
    "Task",
    "Training",
    "Trials",
    "cell_type",
    "chain_motif",
    "chizat_kappa",
    "closed_kernel_flow",
    "cross_entropy",
    "dale",
    "decision_accuracy",
    "diagonal_kkt_gap",
    "diagonal_net_limit",
    "diagonal_penalty",
    "distance_dependent",
    "drawn_from",
    "effective_rank",
    "expected_alignment",
    "expected_representation_alignment",
    "expected_target_alignment",
    "from_neurogym",
    "from_spectrum",
    "ideal_observer",
    "init_rnn",
    "kernel_alignment",
    "kernel_change",
    "lambda_balanced",
    "lambda_balanced_flow",
    "laziness_report",
    "linear_cka",
    "linear_kernel",
    "linear_kernel_flow",
    "linear_ntk",
    "linear_weight_flow",
    "linearization_gap",
    "low_rank",
    "optimal_init_gram",
    "paired_difference",
    "participation_ratio",
    "power_law",
    "rank_report",
    "readout_correlation",
    "representation_alignment",
    "rescale",
    "rnn_apply",
    "rnn_recurrent_ntk",
    "sequential_digits",
    "sign_similarity",
    "sparse",
    "spectral_radius",
    "task_aligned",
    "task_alignment",
    "train_rnn",
    "truncate_svd",
    "weight_change",
]
