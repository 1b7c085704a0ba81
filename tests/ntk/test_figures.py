"""Figures: drawn from their data, which agree with the committed reference.

Only those whose data take a few seconds are verified here; `theorylab figures verify` does all.
"""

import pytest

from tests.figures import agrees, drawn
from theorylab.lab import figures
from theorylab.lab.reference import reference_path

QUICK = ("phases", "approach", "critical-ratio")
ALL = (
    *QUICK,
    "activation-grid",
    "consistency",
    "decision-maps",
    "depth",
    "finite-width",
    "log-periodic",
    "order-chaos",
    "taxonomy-map",
    "trained-ensemble",
    "variance-by-depth",
)


def test_the_chapter_has_its_figures():
    known = figures.figures("ntk")
    assert {f"ntk/{name}" for name in (*ALL, "official-full")} <= set(known)
    assert all(spec.title and spec.references for spec in known.values())


@pytest.mark.parametrize("name", ALL)
def test_references_are_small(name):
    assert 1000 < reference_path(f"ntk/{name}").stat().st_size < 300_000


@pytest.mark.parametrize("name", QUICK)
def test_data_agree_with_the_reference(name, figure_store):
    agrees(f"ntk/{name}", figure_store, most=300_000)


@pytest.mark.parametrize("name", (*QUICK, "official-full"))
def test_drawn_at_the_width_of_the_book(name, figure_store):
    figure = drawn(f"ntk/{name}", figure_store, flattest=0.25)
    assert any(ax.get_ylabel() for ax in figure.axes)


def test_theory_lies_on_the_marks(figure_store):
    """In the approach to the limit: circles of the deep NTK on the line S/(L+1)."""
    data = figures.data("ntk/approach", figure_store)["approach"]
    deep = data.sel(depth=data.depth >= 1000)
    predicted = deep.correction / (deep.depth + 1)
    assert float(abs((deep.ntk - 1) / predicted - 1).max()) < 1e-6
    assert float(abs(deep.correction / deep.estimate - 1).min()) > 0.01  # the estimate is rougher
