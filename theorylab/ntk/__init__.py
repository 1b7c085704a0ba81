"""Infinitely wide and deep networks as classifiers."""

from theorylab.ntk.activations import (
    Activation,
    get_activation,
    hermite_activation,
    optimal_activation,
    polynomial,
)
from theorylab.ntk.duals import dual, dual_correlation, dual_eps, dual_error, second_moment
from theorylab.ntk.geometry import pairwise_correlation, pairwise_eps
from theorylab.ntk.hermite import Moments, hermite_coefficients, moments, monomial_coefficients
from theorylab.ntk.infinite_depth import (
    Phase,
    classify_activation,
    deep_kernels_log,
    depth_correction,
    infinite_depth_kernel,
    required_depth,
    schroder,
    schroder_elasticity,
    singular_exponent,
    singular_profile,
)
from theorylab.ntk.kernels import Diagonals, Kernels, mlp_diagonals, mlp_kernels

__all__ = [
    "Activation",
    "Diagonals",
    "Kernels",
    "Moments",
    "Phase",
    "classify_activation",
    "deep_kernels_log",
    "depth_correction",
    "dual",
    "dual_correlation",
    "dual_eps",
    "dual_error",
    "get_activation",
    "hermite_activation",
    "hermite_coefficients",
    "infinite_depth_kernel",
    "mlp_diagonals",
    "mlp_kernels",
    "moments",
    "monomial_coefficients",
    "optimal_activation",
    "pairwise_correlation",
    "pairwise_eps",
    "polynomial",
    "required_depth",
    "schroder",
    "schroder_elasticity",
    "second_moment",
    "singular_exponent",
    "singular_profile",
]
