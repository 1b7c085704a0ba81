"""The one validator of arguments: what is wrong is said before anything is computed."""

import difflib
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def require(
    name: str,
    value: Any,
    *,
    low: float | int | None = None,
    above: float | int | None = None,
    high: float | int | None = None,
    below: float | int | None = None,
    integer: bool = False,
    choices: tuple | None = None,
    shape: tuple[int | None, ...] | None = None,
) -> Any:
    """Return `value` if it is allowed, else say what is.

    Shapes are checked always; values only where they are concrete: inside `jax.jit` a
    traced value passes. Numbers must be finite.

    Args:
        name: the argument's name, for the message.
        value: a scalar, an array, or (with `choices`) anything.
        low, above: least allowed value, inclusive and exclusive.
        high, below: largest allowed value, inclusive and exclusive.
        integer: every entry must be a whole number.
        choices: the allowed values, all listed.
        shape: the allowed shape; `None` stands for any length.

    Raises:
        ValueError: the message names the argument, what was given and what is allowed.

    >>> require("depth", 3, low=1, integer=True)
    3
    >>> require("strength", -1.0, above=0)
    Traceback (most recent call last):
    ...
    ValueError: strength is -1.0; allowed: a finite number above 0
    """
    if choices is not None:
        if value not in choices:
            listed = ", ".join(repr(choice) for choice in choices)
            raise ValueError(f"{name} is {value!r}; allowed: one of {listed}")
        return value

    if shape is not None:
        given = np.shape(value)
        fits = len(given) == len(shape) and all(
            want is None or have == want for have, want in zip(given, shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if want is None else str(want) for want in shape)
            raise ValueError(f"{name} has shape {given}; allowed: ({wanted})")

    if isinstance(value, jax.core.Tracer):
        return value
    try:
        numbers = np.asarray(value)
        if np.iscomplexobj(numbers):
            raise TypeError
        ok = jnp.issubdtype(numbers.dtype, jnp.number) & np.isfinite(numbers)
    except (TypeError, ValueError):
        ok = np.asarray(False)
        numbers = np.asarray(np.nan)
    if integer:
        ok = ok & (np.floor(numbers) == numbers)
    bounds = (
        (low, np.greater_equal, "at least"),
        (above, np.greater, "above"),
        (high, np.less_equal, "at most"),
        (below, np.less, "below"),
    )
    for bound, holds, _ in bounds:
        if bound is not None:
            ok = ok & holds(numbers, bound)
    if not np.all(ok):
        said = [f"{words} {bound}" for bound, _, words in bounds if bound is not None]
        kind = "a whole number" if integer else "a finite number"
        worst = numbers[~np.broadcast_to(ok, numbers.shape)].flat[0] if numbers.ndim else value
        where = "holds" if numbers.ndim else "is"
        allowed = " ".join([kind, " and ".join(said)]).strip()
        raise ValueError(f"{name} {where} {worst!r}; allowed: {allowed}")
    return value


def whole(name: str, value: Any, *, low: int | None = None, high: int | None = None) -> int:
    """`value` as a Python int, for what sets shapes or code: a depth, a number of steps.

    Raises:
        ValueError: not a whole number, out of range, or traced.

    >>> whole("depth", np.int64(3), low=1)
    3
    >>> whole("depth", 2.5, low=1)
    Traceback (most recent call last):
    ...
    ValueError: depth is 2.5; allowed: a whole number at least 1
    """
    if isinstance(value, jax.core.Tracer):
        raise ValueError(
            f"{name} is traced; allowed: a Python number, as it sets the shape of the computation "
            "(mark it static under jax.jit)"
        )
    return int(require(name, value, low=low, high=high, integer=True, shape=()))


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that does not exist: near ones, or all.

    >>> unknown("figure", "deep_linear/lession", ["deep_linear/lesion"])
    "no figure 'deep_linear/lession'; did you mean deep_linear/lesion?"
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"no {kind} {name!r}; did you mean {' or '.join(near)}?"
    return f"no {kind} {name!r}; there are: {', '.join(known) or 'none yet'}"
