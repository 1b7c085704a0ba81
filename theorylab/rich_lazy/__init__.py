"""Rich and lazy learning: how the rank of initial connectivity sets the learning regime."""

from theorylab.rich_lazy.biological import (
    CORTEX,
    cell_type,
    chain_motif,
    dale,
    distance_dependent,
    sparse,
)
from theorylab.rich_lazy.curvature import chizat_kappa, linearization_gap
from theorylab.rich_lazy.initialisers import (
    from_spectrum,
    lambda_balanced,
    low_rank,
    power_law,
    task_aligned,
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
from theorylab.rich_lazy.report import LazinessReport, laziness_report
from theorylab.rich_lazy.rescaling import rescale, spectral_radius, truncate_svd
from theorylab.rich_lazy.rnn import RNNConfig, RNNParams, init_rnn, rnn_apply
from theorylab.rich_lazy.tasks import CXT, DMS, TASKS, TWO_AF, Task, Trials, sequential_digits
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
    "Paired",
    "RNNConfig",
    "RNNParams",
    "Task",
    "Training",
    "Trials",
    "cell_type",
    "chain_motif",
    "chizat_kappa",
    "cross_entropy",
    "dale",
    "decision_accuracy",
    "distance_dependent",
    "effective_rank",
    "from_spectrum",
    "ideal_observer",
    "init_rnn",
    "kernel_alignment",
    "kernel_change",
    "lambda_balanced",
    "laziness_report",
    "linear_cka",
    "linearization_gap",
    "low_rank",
    "paired_difference",
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
    "train_rnn",
    "truncate_svd",
    "weight_change",
]
