"""Figures on recurrent networks: drawn from their data, which agree with the reference."""

import pytest
from matplotlib.figure import Figure

from theorylab.lab import figures
from theorylab.lab.reference import reference_path

OWN = ("biological", "equal-loss", "paired-differences", "rank-measures", "rank-sweep")


@pytest.mark.parametrize("name", OWN)
def test_data_agree_with_the_reference(name, figure_store):
    assert figures.figures("rich_lazy")[f"rich_lazy/{name}"].references
    report = figures.verify(f"rich_lazy/{name}", figure_store)
    assert report, str(report)
    assert report.variables > 1
    assert reference_path(f"rich_lazy/{name}").stat().st_size < 150_000


@pytest.mark.parametrize("name", OWN)
def test_drawn_at_the_width_of_the_book(name, figure_store):
    drawn = figures.show(f"rich_lazy/{name}", figure_store)
    assert isinstance(drawn, Figure)
    drawn.canvas.draw()
    width, height = drawn.get_size_inches()
    assert width == pytest.approx(780 / 96) and 0.35 < height / width < 1.1
    labels = [text.get_text() for ax in drawn.axes for text in (ax.xaxis.label, ax.yaxis.label)]
    assert any(labels)
