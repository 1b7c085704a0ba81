"""Validation that regressions with kernel matrices share."""

from typing import Any

from jaxtyping import Array

from theorylab.lab.arrays import as_float
from theorylab.lab.matrices import symmetric
from theorylab.lab.require import require


def targets(y: Any, k: Array) -> Array:
    """The targets in the kernel's precision, (n,) or (n, o).

    Raises:
        ValueError: their number is not that of the kernel's rows, or they are not finite.
    """
    y = as_float(y).astype(k.dtype)
    if y.ndim not in (1, 2) or y.shape[0] != k.shape[0]:
        raise ValueError(f"y has shape {y.shape}; allowed: ({k.shape[0]},) or ({k.shape[0]}, any)")
    require("y", y)
    return y


def regression_arguments(
    k_tt: Any, k_st: Any, y: Any, name: str = "k_tt", cross: str = "k_st"
) -> tuple[Array, Array, Array]:
    """Kernels and targets of a regression, checked against each other, in one precision."""
    k_tt = symmetric(name, k_tt)
    require(cross, k_st, shape=(None, k_tt.shape[0]))
    require(cross, k_st)
    return k_tt, as_float(k_st).astype(k_tt.dtype), targets(y, k_tt)
