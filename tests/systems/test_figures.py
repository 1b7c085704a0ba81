"""The figures are drawn from the data, say what their axes are, and match their reference."""

import matplotlib.pyplot as plt
import pytest

from theorylab.lab import figures
from theorylab.lab.reference import read_reference

NAMES = sorted(figures.figures("systems"))


def test_all_figures_are_registered():
    names = (
        "clocks",
        "equality",
        "granularity",
        "holding",
        "market",
        "nesting",
        "recall",
        "sign-flip",
        "training-diagram",
        "wiring-diagram",
    )
    assert [f"systems/{name}" for name in names] == NAMES
    assert all(figures.get(name).references for name in NAMES)


@pytest.mark.parametrize("name", ["systems/recall", "systems/sign-flip"])
def test_figures_are_complete(name):
    drawn = figures.show(name)
    assert all(ax.get_ylabel() for ax in drawn.axes)
    assert drawn.axes[-1].get_xlabel() == "tick"
    assert all(len(ax.lines) >= 2 for ax in drawn.axes)


@pytest.mark.parametrize("name", ["clocks", "equality", "granularity", "market"])
def test_figures_draw_from_their_reference_values(name):
    """The committed values suffice to draw, every axis says what it is, and lines are there."""
    spec = figures.get(f"systems/{name}")
    drawn = spec.draw(**read_reference(spec.name))
    plt.close(drawn)
    assert all(ax.get_xlabel() for ax in drawn.axes)
    assert drawn.axes[0].get_ylabel() or name == "granularity"
    assert all(len(ax.lines) >= 2 or ax.patches for ax in drawn.axes)


@pytest.mark.parametrize("name", ["nesting", "training-diagram", "wiring-diagram"])
def test_diagrams_have_words_and_wires(name):
    drawn = figures.show(f"systems/{name}")
    assert all(len(ax.patches) > 10 for ax in drawn.axes)
    assert all(ax.get_aspect() == 1 for ax in drawn.axes)
