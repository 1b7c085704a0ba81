"""The figures are drawn from the data, say what their axes are, and match their reference."""

import pytest

from theorylab.lab import figures

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
