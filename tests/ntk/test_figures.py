"""Figures: drawn from their data, which agree with the committed reference.

Only those whose data take a few seconds are computed here; `theorylab figures verify` does all.
"""

import pytest
from matplotlib.figure import Figure

from theorylab.lab import Store, figures
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


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Empty at the start of the module."""
    return Store(tmp_path_factory.mktemp("ntk-figures"))


def test_the_chapter_has_its_figures():
    known = figures.figures("ntk")
    assert {f"ntk/{name}" for name in (*ALL, "official-full")} <= set(known)
    assert all(spec.title and spec.references for spec in known.values())


@pytest.mark.parametrize("name", ALL)
def test_references_are_small(name):
    assert 1000 < reference_path(f"ntk/{name}").stat().st_size < 300_000


@pytest.mark.parametrize("name", QUICK)
def test_data_agree_with_the_reference(name, store):
    report = figures.verify(f"ntk/{name}", store)
    assert report, str(report)
    assert report.variables > 1


@pytest.mark.parametrize("name", (*QUICK, "official-full"))
def test_drawn_at_the_width_of_the_book(name, store):
    drawn = figures.show(f"ntk/{name}", store)
    assert isinstance(drawn, Figure)
    drawn.canvas.draw()
    width, height = drawn.get_size_inches()
    assert width == pytest.approx(780 / 96)
    assert 0.25 < height / width < 1.1
    assert any(ax.get_ylabel() for ax in drawn.axes)


def test_theory_lies_on_the_marks(store):
    """In the approach to the limit: circles of the deep NTK on the line S/(L+1)."""
    data = figures.data("ntk/approach", store)["approach"]
    deep = data.sel(depth=data.depth >= 1000)
    predicted = deep.correction / (deep.depth + 1)
    assert float(abs((deep.ntk - 1) / predicted - 1).max()) < 1e-6
    assert float(abs(deep.correction / deep.estimate - 1).min()) > 0.01  # the estimate is rougher
