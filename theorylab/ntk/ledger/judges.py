"""Judges of measured numbers, and words that several rows use. Every judge says no to NaN."""

from collections.abc import Callable

from theorylab.lab import Measurement

PAPER = "radhakrishnan2023wide"
UNSEEN = "The paper's own numbers were not visible to us"
OURS = "Settings of the official code; the sample is ours"


def near(wanted: float, tolerance: float) -> Callable[[Measurement], bool]:
    """A judge: within `tolerance` of `wanted`."""
    return lambda m: bool(abs(float(m.value) - wanted) <= tolerance)


def below(limit: float) -> Callable[[Measurement], bool]:
    """A judge: not negative and at most `limit`."""
    return lambda m: bool(0 <= float(m.value) <= limit)


def between(low: float, high: float) -> Callable[[Measurement], bool]:
    """A judge: from `low` to `high`."""
    return lambda m: bool(low <= float(m.value) <= high)
