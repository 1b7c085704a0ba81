"""Judges of measured numbers, and words that several rows use. Every judge says no to NaN."""

from collections.abc import Callable

from theorylab.lab import Measurement

PAPER = "kleinman2024critical"
SCRIPT = "Compared with the value that the official script gives when re-implemented"
UNSEEN = "The paper's own numbers were not visible to us"


def near(wanted: float | int, tolerance: float | int) -> Callable[[Measurement], bool]:
    """A judge: within `tolerance` of `wanted`."""
    return lambda m: bool(abs(float(m.value) - wanted) <= tolerance)


def below(limit: float | int) -> Callable[[Measurement], bool]:
    """A judge: not negative and at most `limit`."""
    return lambda m: bool(0 <= float(m.value) <= limit)


def above(limit: float | int) -> Callable[[Measurement], bool]:
    """A judge: a finite number of at least `limit`."""
    return lambda m: bool(limit <= float(m.value) < float("inf"))


def between(low: float | int, high: float | int) -> Callable[[Measurement], bool]:
    """A judge: from `low` to `high`."""
    return lambda m: bool(low <= float(m.value) <= high)
