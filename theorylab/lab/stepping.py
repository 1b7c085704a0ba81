"""Steps of an explicit method, repeated and recorded inside one compiled loop."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from theorylab.lab.arrays import Scalar
from theorylab.lab.require import whole


def euler(velocity: Callable, state: PyTree, h: Scalar) -> PyTree:
    """One step of Euler's method: with the descent direction as velocity, gradient descent.

    >>> float(euler(lambda x: -x, jnp.array(1.0), jnp.array(0.5)))
    0.5
    """
    return jax.tree.map(lambda x, v: x + h * v, state, velocity(state))


def rk4(velocity: Callable, state: PyTree, h: Scalar) -> PyTree:
    """One step of the classical Runge-Kutta method of fourth order.

    >>> once = rk4(lambda x: -x, jnp.array(1.0), jnp.array(0.5))
    >>> round(float(once - (1 - 1 / 2 + 1 / 8 - 1 / 48 + 1 / 384)), 12)
    0.0
    """

    def ahead(slope, part):
        return jax.tree.map(lambda x, v: x + (part * h) * v, state, slope)

    a = velocity(state)
    b = velocity(ahead(a, 0.5))
    c = velocity(ahead(b, 0.5))
    d = velocity(ahead(c, 1.0))
    return jax.tree.map(
        lambda x, a, b, c, d: x + (h / 6) * (a + 2 * b + 2 * c + d), state, a, b, c, d
    )


def check_record_every(record_every: int, steps: int) -> None:
    """Raise ValueError unless `record_every` divides `steps`.

    >>> check_record_every(3, 10)
    Traceback (most recent call last):
    ...
    ValueError: record_every is 3; allowed: a divisor of steps = 10
    """
    whole("record_every", record_every, low=1)
    if steps % record_every:
        raise ValueError(f"record_every is {record_every}; allowed: a divisor of steps = {steps}")


def record_scan(
    advance: Callable, measure: Callable, state: PyTree, steps: int, record_every: int
) -> tuple[PyTree, PyTree]:
    """Apply `advance(state, k)` for k = 0, ..., steps - 1; measure at the start and every so often.

    Returns:
        the last state, and the measurements stacked along a first axis of length
        steps / record_every + 1.

    >>> last, seen = record_scan(lambda x, k: 2 * x, lambda x: x, jnp.array(1), 4, 2)
    >>> int(last), seen.tolist()
    (16, [1, 4, 16])
    """

    def block(state, start):
        count = start + jnp.arange(record_every)
        state, _ = jax.lax.scan(lambda now, k: (advance(now, k), None), state, count)
        return state, measure(state)

    starts = record_every * jnp.arange(steps // record_every)
    last, seen = jax.lax.scan(block, state, starts)
    join = lambda first, rest: jnp.concatenate([first[None], rest])  # noqa: E731
    return last, jax.tree.map(join, measure(state), seen)
