"""Figures on training: drawn from their data, which agree with the committed reference."""

import pytest

from tests.figures import agrees, drawn, labels
from theorylab.lab import figures

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
    agrees(f"quadratic/{name}", figure_store, most=150_000)


@pytest.mark.parametrize("name", OWN)
def test_drawn_at_the_width_of_the_book(name, figure_store):
    figure = drawn(f"quadratic/{name}", figure_store)
    ticks = [text.get_text() for ax in figure.axes for text in ax.get_xticklabels()]
    assert any(labels(figure)) and any(ticks)
