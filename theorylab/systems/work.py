"""What a compiled program does, counted."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class Work(NamedTuple):
    """Counts of a compiled program: they do not depend on the load of the machine."""

    flops: float
    fusions: int
    dots: int


def compiled_work(fn: Callable, *args: Any) -> Work:
    """Count what XLA made of a function at these arguments.

    Two programs with equal counts do the same arithmetic, in as many kernels.

    Args:
        fn: a function that can be compiled.
        args: its arguments, arrays or `jax.ShapeDtypeStruct`.

    Returns:
        Floating-point operations as XLA estimates them, fused kernels, and matrix products.

    >>> import jax.numpy as jnp
    >>> compiled_work(lambda x: x @ x, jnp.ones((8, 8))).dots
    1
    """
    program = jax.jit(fn).lower(*args).compile()
    text = program.as_text()
    flops = float(program.cost_analysis()["flops"])
    return Work(flops, text.count(" fusion("), text.count(" dot("))
