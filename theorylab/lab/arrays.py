"""What counts as a number here."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

Scalar = int | float | Float[Array, ""]
Count = int | Int[Array, ""]


def as_float(x: ArrayLike) -> Float[Array, "..."]:
    """The array, in floating point: its own precision if it has one, else the default.

    Raises:
        ValueError: complex numbers, whose imaginary part would be lost.

    >>> as_float(3).dtype == jnp.zeros(()).dtype
    True
    >>> as_float(1j)
    Traceback (most recent call last):
    ...
    ValueError: an array is complex; allowed: real numbers
    """
    x = jnp.asarray(x)
    if jnp.iscomplexobj(x):
        raise ValueError("an array is complex; allowed: real numbers")
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)


def is_traced(*values: Any) -> bool:
    """Whether any of the values is traced, so that its numbers cannot be looked at.

    It is, inside `jax.jit`, `jax.vmap` or `jax.grad`.

    >>> is_traced(1, jnp.arange(3))
    False
    """
    return any(isinstance(value, jax.core.Tracer) for value in values)
