"""Differences between networks that share everything but one thing."""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Real

from theorylab.lab.require import require


class Paired(NamedTuple):
    """A difference over pairs.

    Attributes:
        mean: of the differences.
        error: standard error of the mean.
        positive: pairs whose difference is above zero.
        count: pairs; those with a member that is not finite are left out.
    """

    mean: float
    error: float
    positive: int
    count: int


def paired_difference(high: Real[ArrayLike, " n"], low: Real[ArrayLike, " n"]) -> Paired:
    """The mean of high - low over pairs, and its standard error.

    Between networks of different seeds the spread is large, and most of it is common to a pair: the
    error of the paired difference is what counts.

    Args:
        high, low: one value for each pair, in the same order.

    Raises:
        ValueError: not one axis, numbers that differ, or fewer than two finite pairs.

    >>> paired_difference(np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 3.0]))
    Paired(mean=1.0, error=0.0, positive=3, count=3)
    """
    high, low = np.asarray(high, float), np.asarray(low, float)
    require("high", np.nan_to_num(high), shape=(None,))
    require("low", np.nan_to_num(low), shape=high.shape)
    gap = high - low
    gap = gap[np.isfinite(gap)]
    if gap.size < 2:
        raise ValueError(f"{gap.size} finite pairs; allowed: at least 2")
    error = gap.std(ddof=1) / gap.size**0.5
    return Paired(float(gap.mean()), float(error), int((gap > 0).sum()), gap.size)
