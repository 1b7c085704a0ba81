"""Figures: drawn from their data, which agree with the committed reference."""

import numpy as np
import pytest

from tests.figures import agrees, drawn, labels
from theorylab.lab import figures

OWN = (
    "agreement",
    "critical-period-curve",
    "critical-period-map",
    "deficit-kinds",
    "dose-collapse",
    "invariants",
    "kernel-and-closing",
    "learning-curves",
    "lesion",
    "modes-deficit",
    "nonlinear",
    "race-portrait",
    "small-initialisation",
)


def test_the_chapter_has_its_figures():
    known = figures.figures("deep_linear")
    assert {f"deep_linear/{name}" for name in (*OWN, "model")} <= set(known)
    assert all(spec.title and spec.references for spec in known.values())


@pytest.mark.parametrize("name", OWN)
def test_data_agree_with_the_reference(name, figure_store):
    agrees(f"deep_linear/{name}", figure_store, most=100_000)


@pytest.mark.parametrize("name", ("model", *OWN))
def test_drawn_at_the_width_of_the_book(name, figure_store):
    figure = drawn(f"deep_linear/{name}", figure_store)
    words = labels(figure) + [text.get_text() for text in figure.texts]
    assert name == "model" or sum(bool(text) for text in words) >= 2


def test_the_hero_shows_theory_and_simulation_alike(figure_store):
    """What is drawn: markers lie on the lines, within the error of first order and of rounding."""
    (ax,) = figures.show("deep_linear/critical-period-curve", figure_store).axes
    lines = [
        line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 50
    ]
    marks = [line for line in ax.lines if line.get_marker() not in ("None", "none", None, "")]
    assert len(lines) == len(marks) == 5
    for line, mark in zip(lines, marks, strict=True):
        at = np.interp(mark.get_xdata(), line.get_xdata(), line.get_ydata())
        np.testing.assert_allclose(mark.get_ydata(), at, atol=0.006)
        assert np.ptp(mark.get_ydata()) > 0.15
