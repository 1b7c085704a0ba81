"""What the chapter's rows share: rows of two kinds, measures and judges."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from theorylab.lab import Measurement, Row
from theorylab.lab.judges import Judge
from theorylab.rich_lazy.paired import paired_difference

PAPER = "liu2024connectivity"


def paper_row(name: str, locator: str, claim: str, needs, measure, judge, **rest) -> Row:
    """A claim of the paper."""
    return Row(
        id=f"rich_lazy/{name}",
        paper=PAPER,
        locator=locator,
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        **rest,
    )


def own_row(locator: str, name: str, claim: str, needs, measure, judge, note: str = "") -> Row:
    """A statement that this chapter set itself to test."""
    return Row(
        id=f"rich_lazy/{name}",
        paper="theorylab",
        locator=locator,
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        note=note,
    )


def proved(*claims: str) -> Callable[[], Measurement]:
    """Whether these claims of the chapter, and all they rest on, are proved."""

    def measure() -> Measurement:
        from theorylab.symbolic import DerivationError, Status, derivations

        known = derivations("rich_lazy")

        def holds(claim: str) -> bool:
            name, _, step = claim.partition("/")
            try:
                return known[f"rich_lazy/{name}"].strength(step) is Status.PROVED
            except DerivationError:
                return False

        return Measurement(all(holds(claim) for claim in claims))

    return measure


def true(measurement: Measurement) -> bool:
    """A judge: yes."""
    return measurement.value is True


def beyond(errors: float | int) -> Judge:
    """A judge: larger than so many standard errors; negative if it may be that much below zero."""
    return lambda m: bool(m.value > errors * m.uncertainty)


def difference(high: xr.DataArray, low: xr.DataArray) -> Measurement:
    """The mean over all pairs of high - low, and its standard error; NaN where a pair misses."""
    if not np.isfinite(high.values + low.values).all():
        return Measurement(float("nan"), float("nan"))
    pairs = paired_difference(high.values, low.values)
    return Measurement(pairs.mean, pairs.error)


def least(found: list[Measurement]) -> Measurement:
    """The one that is least in units of its error; NaN where one is."""
    if not all(np.isfinite(one.value) and one.uncertainty > 0 for one in found):
        return Measurement(float("nan"), float("nan"))
    return min(found, key=lambda one: one.value / one.uncertainty)
