"""Judges of measured numbers, for rows of the ledger. Every judge says no to NaN."""

from collections.abc import Callable

from theorylab.lab.reproduction import Measurement

Judge = Callable[[Measurement], bool]


def near(wanted: float | int, tolerance: float | int) -> Judge:
    """A judge: within `tolerance` of `wanted`."""
    return lambda m: bool(abs(float(m.value) - wanted) <= tolerance)


def below(limit: float | int) -> Judge:
    """A judge: not negative and at most `limit`."""
    return lambda m: bool(0 <= float(m.value) <= limit)


def above(limit: float | int) -> Judge:
    """A judge: a finite number of at least `limit`."""
    return lambda m: bool(limit <= float(m.value) < float("inf"))


def between(low: float | int, high: float | int) -> Judge:
    """A judge: from `low` to `high`."""
    return lambda m: bool(low <= float(m.value) <= high)
