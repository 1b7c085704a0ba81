"""Figures on training: drawn from their data, which agree with the committed reference."""

import pytest
from matplotlib.figure import Figure

from theorylab.lab import figures
from theorylab.lab.reference import reference_path

OWN = (
    "baselines",
    "collapse-map",
    "conserved",
    "digits",
    "gamma-curve",
    "length",
    "matched",
    "mixtures",
    "one-neuron",
)


def test_the_chapter_has_its_figures():
    known = figures.figures("quadratic")
    assert {f"quadratic/{name}" for name in OWN} <= set(known)
    assert all(known[f"quadratic/{name}"].references for name in OWN)


@pytest.mark.parametrize("name", OWN)
def test_data_agree_with_the_reference(name, figure_store):
    report = figures.verify(f"quadratic/{name}", figure_store)
    assert report, str(report)
    assert report.variables > 1
    assert reference_path(f"quadratic/{name}").stat().st_size < 150_000


@pytest.mark.parametrize("name", OWN)
def test_drawn_at_the_width_of_the_book(name, figure_store):
    drawn = figures.show(f"quadratic/{name}", figure_store)
    assert isinstance(drawn, Figure)
    drawn.canvas.draw()
    width, height = drawn.get_size_inches()
    assert width == pytest.approx(780 / 96) and 0.35 < height / width < 1.1
    labels = [text.get_text() for ax in drawn.axes for text in (ax.xaxis.label, ax.yaxis.label)]
    ticks = [text.get_text() for ax in drawn.axes for text in ax.get_xticklabels()]
    assert sum(bool(text) for text in labels) >= 1 and any(ticks)
