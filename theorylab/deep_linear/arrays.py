"""What counts as a number here."""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

Scalar = int | float | Float[Array, ""]


def as_float(x: ArrayLike) -> Float[Array, "..."]:
    """The array, in floating point: its own precision if it has one, else the default.

    Raises:
        ValueError: not a number or an array of real numbers.

    >>> as_float(3).dtype == jnp.zeros(()).dtype
    True
    """
    try:
        array = jnp.asarray(x)
        real = jnp.issubdtype(array.dtype, jnp.number) or array.dtype == bool
        real = real and not jnp.issubdtype(array.dtype, jnp.complexfloating)
    except (TypeError, ValueError):
        real = False
    if not real:
        raise ValueError(f"an argument is {x!r}; allowed: real numbers")
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(float)


def check_broadcast(**arguments: Float[Array, "..."]) -> None:
    """Raise ValueError unless the shapes of these arguments fit together.

    >>> check_broadcast(t=jnp.zeros(2), k0=jnp.zeros(3))
    Traceback (most recent call last):
    ...
    ValueError: t has shape (2,), k0 has shape (3,); allowed: shapes that broadcast
    """
    shapes = {name: jnp.shape(value) for name, value in arguments.items()}
    try:
        jnp.broadcast_shapes(*shapes.values())
    except (ValueError, TypeError):
        given = ", ".join(f"{name} has shape {shape}" for name, shape in shapes.items())
        raise ValueError(f"{given}; allowed: shapes that broadcast") from None
