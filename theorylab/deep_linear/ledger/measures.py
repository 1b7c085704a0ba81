"""What several rows read off the data."""

import numpy as np
import xarray as xr

from theorylab.deep_linear.experiments.completion import case

EARLY, MIDDLE, LATE = 0, 1, 2  # the three official windows
STRONG, WEAK = slice(0, 4), slice(4, 8)  # strengths above 1 in the tree, and the four of 1


def shares(run: xr.Dataset, window: int) -> np.ndarray:
    """Final share of pathway B in each mode."""
    k = run.k.isel(start_stop=window, time=-1)
    return (k.sel(pathway="B") / k.strength).values


def damage(
    data: xr.Dataset, depth: int, rank1: int, observed: int = 2000, first: int = 2000
) -> float:
    """Error of the second matrix after the longest pre-training, less that without any."""
    error = case(data, depth, rank1, observed, first).test.values
    return float(error[-1] - error[0])
