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
from theorylab.rich_lazy.diagonal import (
    diagonal_kkt_gap,
    diagonal_net_limit,
    diagonal_penalty,
)
from theorylab.rich_lazy.kernel_flow import (
    LinearKernel,
    closed_kernel_flow,
    linear_kernel,
    linear_kernel_flow,
    linear_ntk,
    linear_weight_flow,
)

__all__ = [
    "LinearKernel",
    "closed_kernel_flow",
    "diagonal_kkt_gap",
    "diagonal_net_limit",
    "diagonal_penalty",
    "expected_alignment",
    "expected_representation_alignment",
    "expected_target_alignment",
    "lambda_balanced_flow",
    "linear_kernel",
    "linear_kernel_flow",
    "linear_ntk",
    "linear_weight_flow",
    "optimal_init_gram",
    "participation_ratio",
    "task_alignment",
]
