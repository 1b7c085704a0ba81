"""What counts as a number here."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

Scalar = int | float | Float[Array, ""]
Count = int | Int[Array, ""]


def as_float(x: ArrayLike) -> Float[Array, "..."]:
    """The array, in floating point: its own precision if it has one, else the default.

    >>> as_float(3).dtype == jnp.zeros(()).dtype
    True
    """
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(float)
