"""Regions of the plane: grids, exact crossings with Euler's formula, and the derivations."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from theorylab.quadratic.real_roots import add, multiply, sturm_count
from theorylab.quadratic.regions import (
    RegionCount,
    conic_regions,
    count_regions_plane,
    ellipse_arrangement,
    ellipse_regions,
    evaluate_curves,
    line_arrangement,
    line_regions,
)
from theorylab.symbolic import compiled

BOX = (-1.15, 1.15, -1.15, 1.15)


def on_grid(coefficients, n=501, min_cell=12, box=BOX):
    return count_regions_plane(lambda p: evaluate_curves(coefficients, p), box, n, min_cell)


@pytest.mark.parametrize("m", (1, 2, 3, 4))
def test_grid_and_formula(m):
    assert on_grid(line_arrangement(m)).regions == line_regions(m)
    assert on_grid(ellipse_arrangement(m), n=801).regions == ellipse_regions(m)


def test_formulas_are_those_of_the_derivation():
    for name, formula in (
        ("lines", line_regions),
        ("ellipses", ellipse_regions),
        ("hyperbolas", conic_regions),
    ):
        law = compiled(f"quadratic/regions/{name}", args=("m",))
        # Binomials are compiled to gamma functions, which round.
        expected = [formula(m) for m in range(1, 9)]
        np.testing.assert_allclose(law(np.arange(1.0, 9.0)), expected, rtol=1e-12)


def test_ellipses_cross_in_four_points_each_by_elimination():
    """The resultant of each pair in y has four simple real roots: V = 4 C(m,2), so F = V + 2."""
    curves = [[Fraction(float(c)) for c in row] for row in ellipse_arrangement(4)]
    crossings = sum(_crossings(a, b) for a, b in combinations(curves, 2))
    assert crossings == 4 * 6
    assert crossings + 2 == ellipse_regions(4)


def _crossings(a, b):
    """Roots in x of the resultant of two conics as quadratics in y (Bezout's determinant)."""
    quadratics = []
    for c, x, y, xx, xy, yy in (a, b):
        quadratics.append(((yy,), add((y, xy)), add((c, x, xx))))
    (a2, a1, a0), (b2, b1, b0) = quadratics

    def minus(p, q):
        return add(p, tuple(-c for c in q))

    outer = minus(multiply(a2, b0), multiply(a0, b2))
    left = minus(multiply(a2, b1), multiply(a1, b2))
    right = minus(multiply(a1, b0), multiply(a0, b1))
    return sturm_count(minus(multiply(outer, outer), multiply(left, right)))


def test_a_pattern_may_be_disconnected_and_a_region_not_convex():
    """Trap 6: the outside of a hyperbola is one pattern and two regions."""
    hyperbola = np.array([[-0.1, 0, 0, 1.0, 0, -1.0]])
    seen = on_grid(hyperbola)
    assert (seen.patterns, seen.regions) == (2, 3)
    assert conic_regions(1) == 3
    # Two points between the branches of a pair, whose middle lies elsewhere: not convex.
    ring = np.array([[-0.5, 0, 0, 1.0, 0, 1.0]])
    left, right, middle = np.array([[-1.0, 0]]), np.array([[1.0, 0]]), np.array([[0.0, 0]])
    assert evaluate_curves(ring, left) > 0 and evaluate_curves(ring, right) > 0
    assert evaluate_curves(ring, middle) < 0
    assert on_grid(ellipse_arrangement(4), n=801).patterns < ellipse_regions(4)


def test_without_a_smallest_size_corners_are_counted():
    """Trap 6: at a sharp crossing a coarse grid cuts off single points."""
    sharp = np.array([[0.0, -0.13, 1.0], [0.0003, -0.15, 1.0]])
    counts = {size: on_grid(sharp, n=401, min_cell=size).regions for size in (1, 12)}
    assert counts[1] > counts[12] == line_regions(2)


def test_hyperbolas_reach_the_projective_count():
    """Two hyperbolas that cross four times: nine regions."""
    a = np.array([[-0.04, 0, 0, 1.0, 0, -0.25], [-0.04, 0, 0, -0.25, 0, 1.0]])
    assert on_grid(a, n=801).regions == conic_regions(2) == 9


def test_blind_spots_are_those_it_states():
    """What is outside the box, or smaller than a cell, is not seen."""
    far = np.array([[-9.0, 1.0, 0.0]])
    assert on_grid(far) == RegionCount(patterns=1, regions=1, dropped=0)
    dot = np.array([[-1e-5, 0, 0, 1.0, 0, 1.0]])
    assert on_grid(dot, min_cell=20).regions == 1
    assert on_grid(dot, min_cell=20).dropped == 1


@pytest.mark.parametrize(
    "call, message",
    (
        (lambda: count_regions_plane(lambda p: p, (0, 1, 0), 9), "box has shape"),
        (lambda: count_regions_plane(lambda p: p, (1, 0, 0, 1), 9), "box holds"),
        (lambda: count_regions_plane(lambda p: p[0], BOX, 9), "fn"),
        (lambda: count_regions_plane(lambda p: p, BOX, 1), "n is 1"),
        (lambda: count_regions_plane(lambda p: p, BOX, 9, 0), "min_cell is 0"),
        (lambda: line_regions(-1), "m is -1"),
        (lambda: ellipse_regions(0), "m is 0"),
        (lambda: evaluate_curves(np.zeros((1, 4)), np.zeros((1, 2))), "coefficients"),
        (lambda: ellipse_arrangement(2, 1.0), "ratio is 1"),
    ),
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
