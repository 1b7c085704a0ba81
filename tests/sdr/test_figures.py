"""Every figure is drawn from the data, theory over simulation, and says what its axes are."""

import numpy as np
import pytest

from theorylab.lab import figures

NAMES = sorted(figures.figures("sdr"))


def test_all_figures_are_registered():
    assert [
        f"sdr/{name}"
        for name in (
            "comparisons",
            "design-chart",
            "false-negatives",
            "population",
            "psychometric",
            "rare-events",
            "scalar",
            "scaling-laws",
            "sequence-memory",
            "synapses",
            "thresholds",
            "unions",
        )
    ] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_complete(name, figure_store):
    drawn = figures.show(name, figure_store)
    assert figures.get(name).references
    for ax in drawn.axes:
        shared = ax.get_shared_x_axes().get_siblings(ax), ax.get_shared_y_axes().get_siblings(ax)
        lone_x = name in ("sdr/comparisons", "sdr/rare-events") and ax is drawn.axes[0]
        assert ax.get_xlabel() or lone_x
        assert (
            ax.get_ylabel()
            or len(shared[1]) > 1
            or name == "sdr/psychometric"
            or (name == "sdr/sequence-memory")
            or name == "sdr/population"
        )
        for line in ax.lines:
            assert not np.isnan(np.asarray(line.get_ydata(), float)).all()


def test_printed_values_lie_on_the_lines(figure_store):
    """Fig. 5B: each cross is on a line of the recomputed law."""
    ax = figures.show("sdr/synapses", figure_store).axes[0]
    lines = [line for line in ax.lines if line.get_marker() == "None"]
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert len(lines) == len(crosses) == 8
    for line, cross in zip(lines, crosses, strict=True):
        np.testing.assert_allclose(cross.get_ydata(), line.get_ydata(), rtol=1e-12)
