"""Validation that all functions of kernel matrices share."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from theorylab.lab.arrays import as_float
from theorylab.lab.require import require


def is_traced(*values: Any) -> bool:
    """Whether any of the values is traced, so that its numbers cannot be looked at."""
    return any(isinstance(value, jax.core.Tracer) for value in values)


def symmetric(name: str, k: Any, n: int | None = None) -> Array:
    """The matrix in floating point, (n, n).

    Raises:
        ValueError: it is not square (of size n), finite and symmetric.
    """
    size = np.shape(k)[0] if n is None and np.ndim(k) else n
    require(name, k, shape=(size, size))
    require(name, k)
    k = as_float(k)
    if not is_traced(k):
        skew = float(jnp.max(jnp.abs(k - k.T), initial=0.0))
        scale = float(jnp.max(jnp.abs(k), initial=0.0))
        if skew > 1e3 * float(jnp.finfo(k.dtype).eps) * scale:
            raise ValueError(f"{name} differs from its transpose by {skew:.3g}; allowed: symmetric")
    return k


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


def check_semidefinite(name: str, smallest: Array, largest: Array) -> None:
    """Raise ValueError if the eigenvalues just computed show that this is no kernel."""
    if is_traced(smallest):
        return
    rounding = float(jnp.finfo(largest.dtype).eps) ** 0.5
    smallest, largest = float(smallest), float(largest)
    allowed = rounding * abs(largest)
    if not smallest >= -allowed:
        raise ValueError(
            f"{name} has an eigenvalue {smallest:.3g} (the largest is {largest:.3g}); "
            "allowed: positive semidefinite"
        )
