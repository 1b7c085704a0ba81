"""Validation of symmetric matrices."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from theorylab.lab.arrays import as_float, is_traced
from theorylab.lab.require import require


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
