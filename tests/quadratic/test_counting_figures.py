"""The figures on expressivity are drawn from the data, theory over what was counted."""

import numpy as np
import pytest

from theorylab.lab import figures
from theorylab.quadratic.figures import counting as _counting
from theorylab.quadratic.figures import dimension as _dimension

NAMES = [
    f"quadratic/{name}"
    for name in (
        "arrangements",
        "dimensions",
        "filling",
        "neuron-dimensions",
        "random-pieces",
        "spline-rates",
        "tower",
    )
]


def _axes(drawn):
    return [ax for ax in drawn.get_axes() if ax.get_label() != "<colorbar>"]


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_complete(name, figure_store):
    assert _counting and _dimension  # importing them registers their figures
    drawn = figures.show(name, figure_store)
    axes = _axes(drawn)
    assert axes
    for ax in axes:
        below = len(ax.get_shared_x_axes().get_siblings(ax)) > 1
        beside = len(ax.get_shared_y_axes().get_siblings(ax)) > 1
        assert ax.get_xlabel() or below
        assert ax.get_ylabel() or beside
        for line in ax.lines:
            assert not np.isnan(np.asarray(line.get_ydata(), float)).all()


def test_counts_lie_on_the_lines(figure_store):
    ax = _axes(figures.show("quadratic/tower", figure_store))[-1]
    theory, counted, sturm = ax.lines[:3]
    x, y = theory.get_data()
    np.testing.assert_allclose(np.interp(counted.get_xdata(), x, y), counted.get_ydata(), rtol=0.02)
    np.testing.assert_array_equal(counted.get_ydata(), sturm.get_ydata())
    ax = _axes(figures.show("quadratic/arrangements", figure_store))[-1]
    for law, seen in (ax.lines[:2], ax.lines[2:4]):
        exact = np.interp(seen.get_xdata(), *law.get_data())
        np.testing.assert_allclose(exact, seen.get_ydata(), rtol=0.01)


def test_every_pair_of_arrangement_regions_is_named(figure_store):
    drawn = figures.show("quadratic/arrangements", figure_store)
    titles = [ax.get_title(loc="left") for ax in _axes(drawn)[:4]]
    assert titles == [
        "3 lines: 7 regions",
        "4 lines: 11 regions",
        "3 ellipses: 14 regions",
        "4 ellipses: 26 regions",
    ]
