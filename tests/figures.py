"""What the tests of every topic's figures share."""

import pytest
from matplotlib.figure import Figure

from theorylab.lab import Store, figures
from theorylab.lab.reference import reference_path


def agrees(name: str, store: Store, most: int) -> None:
    """The data of a figure are those of its reference, whose file has less than `most` bytes."""
    report = figures.verify(name, store)
    assert report, str(report)
    assert report.variables > 1
    assert reference_path(name).stat().st_size < most


def drawn(name: str, store: Store, flattest: float = 0.35) -> Figure:
    """The figure, drawn; it is as wide as the book's column and neither flat nor tall."""
    figure = figures.show(name, store)
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    width, height = figure.get_size_inches()
    assert width == pytest.approx(780 / 96)
    assert flattest < height / width < 1.1
    return figure


def labels(figure: Figure) -> list[str]:
    """The labels of all axes, empty ones too."""
    return [text.get_text() for ax in figure.axes for text in (ax.xaxis.label, ax.yaxis.label)]
