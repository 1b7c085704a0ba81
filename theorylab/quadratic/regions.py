"""Regions into which lines and conics divide the plane: counted on a grid, and by formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from theorylab.lab.require import require, whole


@dataclass(frozen=True)
class RegionCount:
    """What was seen on a grid.

    Attributes:
        patterns: number of different sign patterns.
        regions: number of connected regions: a pattern may have several.
        dropped: number of connected sets of grid points that were too small to count.
    """

    patterns: int
    regions: int
    dropped: int


def count_regions_plane(
    fn: Callable[[np.ndarray], np.ndarray],
    box: Sequence[float | int],
    n: int = 801,
    min_cell: int = 12,
) -> RegionCount:
    """Connected regions of the plane on which no neuron of a layer changes sign, from a grid.

    Sets of fewer than `min_cell` points are not counted: near a crossing a grid cuts corners off,
    and each would be a region. True regions that small are lost as well, and so is what lies
    outside the box; the count is a measurement, not a proof.

    Args:
        fn: pre-activations of m neurons at points: (n*n, 2) to (n*n, m).
        box: x from, x to, y from, y to.
        n: grid points in each direction.
        min_cell: fewest grid points of a region.

    Raises:
        ValueError: an argument is not allowed.

    >>> count_regions_plane(lambda x: x[:, :1] * x[:, 1:], (-1, 1, -1, 1), n=100)
    RegionCount(patterns=2, regions=4, dropped=0)
    """
    n, least = whole("n", n, low=2), whole("min_cell", min_cell, low=1)
    require("box", np.asarray(box, float), shape=(4,))
    require("box", np.asarray(box, float)[1::2] - np.asarray(box, float)[::2], above=0.0)
    from scipy.ndimage import label

    x, y = np.linspace(box[0], box[1], n), np.linspace(box[2], box[3], n)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    signs = np.asarray(fn(points)) > 0
    require("fn(points)", signs.astype(int), shape=(n * n, None))
    whole("number of neurons", signs.shape[1], low=1, high=62)
    code = signs @ 2 ** np.arange(signs.shape[1])
    _, pattern = np.unique(code, return_inverse=True)
    pattern = pattern.reshape(n, n)
    seen = regions = dropped = 0
    for k in range(pattern.max() + 1):
        labels, _ = label(pattern == k)
        sizes = np.bincount(labels.ravel())[1:]
        large = int(np.sum(sizes >= least))
        seen, regions, dropped = seen + (large > 0), regions + large, dropped + len(sizes) - large
    return RegionCount(seen, regions, dropped)


def line_regions(m: int) -> int:
    """Most regions of m straight lines: $1 + m + \\binom m2$.

    Raises:
        ValueError: m is not a whole number of at least 0.

    Source: derived here, by Euler's formula.

    >>> [line_regions(m) for m in (1, 2, 3, 4)]
    [2, 4, 7, 11]
    """
    m = whole("m", m, low=0)
    return 1 + m + comb(m, 2)


def ellipse_regions(m: int) -> int:
    """Most regions of m ellipses, each pair meeting in four points: $2m(m-1) + 2$.

    Raises:
        ValueError: m is not a whole number of at least 1.

    Source: derived here, by Euler's formula.

    >>> [ellipse_regions(m) for m in (1, 2, 3, 4)]
    [2, 6, 14, 26]
    """
    m = whole("m", m, low=1)
    return 2 * m * (m - 1) + 2


def conic_regions(m: int) -> int:
    """Most regions of m conics, reached by hyperbolas: $2m^2 + 1$.

    Each hyperbola has two unbounded branches, and each pair meets in at most four points:
    $1 + 2m + 4\\binom m2$.

    Raises:
        ValueError: m is not a whole number of at least 0.

    Source: derived here, by Euler's formula.

    >>> [conic_regions(m) for m in (1, 2, 3, 4)]
    [3, 9, 19, 33]
    """
    m = whole("m", m, low=0)
    return 1 + 2 * m + 4 * comb(m, 2)


def line_arrangement(m: int) -> np.ndarray:
    """m lines in general position, as coefficients of $1, x, y$: (m, 3).

    Tangents of a circle: all pairs meet inside a disk, no three in one point.
    """
    angles = np.pi * (np.arange(whole("m", m, low=1)) + 0.3) / m
    distance = 0.25 + 0.15 * np.cos(2.0 * np.arange(m))
    return np.stack([-distance, np.cos(angles), np.sin(angles)], axis=1)


def ellipse_arrangement(m: int, ratio: float | int = 2.5) -> np.ndarray:
    """m ellipses about one centre, turned by $\\pi/m$ each: $1, x, y, x^2, xy, y^2$, (m, 6).

    Each pair meets in four points. Outside is positive. The short half axis is 1/ratio, the
    long one 1.
    """
    angles = np.pi * (np.arange(whole("m", m, low=1)) + 0.15) / m
    c, s = np.cos(angles), np.sin(angles)
    short = require("ratio", ratio, above=1.0) ** 2
    zero = np.zeros(m)
    mixed = 2 * c * s * (1 - short)
    return np.stack([zero - 1, zero, zero, c * c + short * s * s, mixed, s * s + short * c * c], 1)


def evaluate_curves(coefficients: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Lines (m, 3) or conics (m, 6) at points (n, 2): (n, m).

    Raises:
        ValueError: shapes that are neither.

    >>> evaluate_curves(np.array([[-1.0, 1.0, 0.0]]), np.array([[3.0, 5.0]])).tolist()
    [[2.0]]
    """
    require("coefficients", coefficients, shape=(None, None))
    require("coefficients.shape[1]", coefficients.shape[1], choices=(3, 6))
    require("points", points, shape=(None, 2))
    x, y = points.T
    features = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    return features[:, : coefficients.shape[1]] @ coefficients.T
