"""What counts as a number here: whole numbers go in, floating point comes out."""

from collections.abc import Callable
from typing import Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require

T = TypeVar("T")
Noise = Literal["swap", "drop", "swap_readd", "bernoulli"]
NOISE = ("swap", "drop", "swap_readd", "bernoulli")


def whole(*, low: int | None = 0, **values: ArrayLike) -> None:
    """Refuse anything but whole numbers. Inside `jax.jit` or `jax.grad` real numbers pass.

    Raises:
        ValueError: an argument holds anything but whole numbers of at least `low`.

    >>> whole(n=10, a=0.5)
    Traceback (most recent call last):
    ...
    ValueError: a is 0.5; allowed: a whole number at least 0
    """
    for name, value in values.items():
        require(name, value, low=low, integer=True)


def floats(*values: ArrayLike) -> list[Float[Array, "..."]]:
    """Arguments in one floating dtype and one shape.

    >>> floats(np.float32(1), np.arange(2))[1].dtype
    dtype('float32')
    """
    dtype = common_dtype(*values)
    return jnp.broadcast_arrays(*(jnp.asarray(v, dtype) for v in values))


def common_dtype(*values: ArrayLike) -> np.dtype:
    """The dtype of the floating arrays among the values, else JAX's default.

    >>> common_dtype(1, np.float32(2))
    dtype('float32')
    """
    given = [
        np.dtype(v.dtype)
        for v in values
        if hasattr(v, "dtype") and jnp.issubdtype(v.dtype, jnp.floating)
    ]
    # NumPy's own numbers are double: without x64 JAX has only single.
    return jnp.zeros((), np.result_type(*given) if given else jnp.result_type(float)).dtype


_CHUNK = 16384  # small enough for the cache, large enough to be busy


def evaluate(kernel: Callable[..., T], *values: ArrayLike, **static: int) -> T:
    """A jitted elementwise kernel on arguments brought to one dtype and one shape.

    Concrete arguments are cut into chunks of a few lengths, so that a page with a hundred
    shapes compiles a kernel a few times and not a hundred.

    >>> evaluate(jax.jit(jnp.add), 1, np.arange(3)).tolist()
    [1.0, 2.0, 3.0]
    """
    if is_traced(*values):
        return kernel(*floats(*values), **static)
    dtype = common_dtype(*values)
    arrays = np.broadcast_arrays(*(np.asarray(v).astype(dtype) for v in values))
    shape, size = arrays[0].shape, arrays[0].size
    length = min(bucket(size, 16), _CHUNK)
    chunks = -(-size // length) or 1
    # What fills up the last chunk is harmless: ones, or a copy of the last case.
    fill = {"mode": "edge"} if size else {"constant_values": 1}
    padded = [np.pad(x.ravel(), (0, chunks * length - size), **fill) for x in arrays]
    with jax.ensure_compile_time_eval():
        parts = [
            kernel(*(x[k * length : (k + 1) * length] for x in padded), **static)
            for k in range(chunks)
        ]
        return jax.tree.map(
            lambda *out: jnp.asarray(np.concatenate(out)[:size].reshape(shape)), *parts
        )


def bucket(size: int, least: int) -> int:
    """The size rounded up: by powers of 4 to 256 times the least, then by multiples of that.

    >>> [bucket(size, 16) for size in (1, 17, 5000)]
    [16, 64, 8192]
    """
    rounded = least
    while rounded < size:
        rounded += 3 * rounded if rounded < 256 * least else 256 * least
    return rounded


def ordered(small: str, x: ArrayLike, large: str, y: ArrayLike) -> None:
    """Refuse x > y wherever both are concrete.

    Raises:
        ValueError: naming both, and the first pair that is out of order.

    >>> ordered("a", 30, "n", 20)
    Traceback (most recent call last):
    ...
    ValueError: a is 30 where n is 20; allowed: a at most n
    """
    if is_traced(x, y):
        return
    x, y = np.broadcast_arrays(np.asarray(x), np.asarray(y))
    wrong = x > y
    if np.any(wrong):
        raise ValueError(
            f"{small} is {x[wrong][0]} where {large} is {y[wrong][0]}; "
            f"allowed: {small} at most {large}"
        )


def single(**values: ArrayLike) -> None:
    """Refuse arrays and traced values where one concrete number is needed.

    Raises:
        ValueError: naming the argument.

    >>> single(n=np.arange(3))
    Traceback (most recent call last):
    ...
    ValueError: n has shape (3,); allowed: one number
    """
    for name, value in values.items():
        if is_traced(value):
            raise ValueError(f"{name} is traced; allowed: a number known before compilation")
        if np.shape(value) != ():
            raise ValueError(f"{name} has shape {np.shape(value)}; allowed: one number")
