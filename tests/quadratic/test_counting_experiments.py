"""The data of the figures on expressivity: recorded runs, exact counts, and what fails."""

import numpy as np
import pytest

from theorylab.lab import Plan
from theorylab.quadratic.experiments import counting, dimension
from theorylab.quadratic.pieces import max_pieces_1d
from theorylab.symbolic import compiled


@pytest.fixture
def run(figure_store):
    return lambda plan: plan.run(figure_store)


def test_a_slice_of_the_recorded_networks_comes_out_again(run):
    recorded = run(counting.RANDOM).pieces
    for quadratic, depth, seed in ((True, 2, 7), (False, 3, 29), (True, 3, 0)):
        again = Plan(counting.RandomPieces(quadratic=quadratic, depth=depth), seeds=(seed,)).run()
        expected = recorded.sel(quadratic=quadratic, depth=depth, seed=seed)
        assert int(again.pieces.item()) == int(expected)


def test_random_networks_stay_far_below_the_bounds(run):
    pieces = run(counting.RANDOM).pieces
    for quadratic, degree in ((False, 1), (True, 2)):
        for depth in (1, 2, 3):
            seen = pieces.sel(quadratic=quadratic, depth=depth)
            assert seen.max() <= max_pieces_1d((8,) * depth, degree)
            # Hardly more than one piece per neuron.
            assert seen.mean() < 1.6 * 8 * depth
    ratio = pieces.sel(quadratic=True).mean("seed") / pieces.sel(quadratic=False).mean("seed")
    assert np.all((ratio > 1) & (ratio < 1.6))


def test_towers(run):
    towers, sampled = run(counting.TOWERS), run(counting.SAMPLED)
    law = compiled("quadratic/tower/degree", args=("L",))
    np.testing.assert_array_equal(towers.pieces, law(towers.depth.values.astype(float)) + 1)
    np.testing.assert_array_equal(towers.sturm, towers.pieces)
    np.testing.assert_array_equal(sampled.angles, 2**sampled.depth + 1)
    assert sampled.even.sel(depth=10) < 2**10 + 1
    assert sampled.companion.sel(depth=6) < 2**6 + 1
    curve = run(counting.CURVES).h.sel(depth=3)
    inside = np.abs(curve.x) <= 1
    expected = np.maximum(np.cos(8 * np.arccos(curve.x.values[inside])), 0)
    np.testing.assert_allclose(curve.values[inside], expected, atol=1e-11)


def test_splines(run):
    errors = run(counting.SPLINES)
    assert errors.network.max() < 1e-12
    at_zero = compiled("quadratic/spline/linear-error", args=("x", "h", "f''"))
    at_end = compiled("quadratic/spline/quadratic-error", args=("x", "h", "f'''"))
    for target in counting.TARGETS:
        one = errors.sel(target=target)
        h, second, third = one.length.values, one.second.values, one.third.values
        polygon = -np.asarray(at_zero(0 * h, h, second))
        parabolas = np.asarray(at_end(h / 2, h, third))
        # The leading term of the polygon bounds it, and is reached.
        assert np.all(one.linear.values <= polygon * (1 + 1e-9))
        assert one.linear.values[-1] == pytest.approx(polygon[-1], rel=0.02)
        # No spline of parabolas does better than the best parabola on each piece.
        assert np.all(one.quadratic.values[-2:] > parabolas[-2:])
        assert one.quadratic.values[-1] < 1.7 * parabolas[-1]


def test_largest_derivatives_of_the_targets():
    """The constants of the theory lines, against differences."""
    for f, (low, high), second, third in counting.TARGETS.values():
        x, h = np.linspace(low, high, 40_001), (high - low) / 40_000
        assert np.max(np.abs(np.diff(f(x), 2))) / h**2 == pytest.approx(second, rel=1e-4)
        x, h = np.linspace(low, high, 2001), (high - low) / 2000
        assert np.max(np.abs(np.diff(f(x), 3))) / h**3 == pytest.approx(third, rel=1e-3)


def test_arrangements(run):
    seen = run(counting.ARRANGEMENTS)
    np.testing.assert_array_equal(seen.regions, seen.formula)
    assert np.isfinite(seen["values"].sel(m=2).isel(neuron=slice(2))).all()
    assert np.isnan(seen["values"].sel(m=2).isel(neuron=slice(2, None))).all()


def test_dimensions(run):
    table = run(dimension.TABLE)
    assert (table.dim.sel(variant="fan") >= table.dim.sel(variant="product")).all()
    assert (table.dim.sel(variant="product") >= table.dim.sel(variant="square")).all()
    assert (table.dim <= table.naive).all() and (table.naive <= table.ambient).all()
    wrong = table.double != table.dim
    assert wrong.any() and float(table.gap.where(wrong).max()) < 1e7
    deep = run(dimension.DEEP)
    assert (deep.single < deep.dim).any() and (deep.single <= deep.dim).all()
    equal = run(dimension.EQUIWIDTH)
    np.testing.assert_array_equal(equal.dim, equal.formula)
    # Up to n = 4 the squared inputs add nothing beyond the product, from n = 5 on they do.
    more = equal.dim.sel(variant="fan") - equal.dim.sel(variant="product")
    assert (more.sel(inputs=slice(None, 4)) == 0).all()
    assert (more.sel(inputs=slice(5, None), layers=slice(3, None)) > 0).all()


def test_filling(run):
    filling = run(dimension.FILLING)
    assert (filling.ways == 1).all()
    np.testing.assert_array_equal(filling.neurons, filling.widths.sum("layer"))
    assert filling.weights.sel(variant="fan").values.tolist() == [19, 37, 76, 43]
    assert filling.weights.sel(variant="square").values.tolist() == [10, 27, 59, 23]


def test_powers(run):
    powers = run(dimension.POWERS)
    defects = (powers.naive - powers.dim).values.tolist()
    assert defects == [1, 1, 1, 1, 0, 0]
