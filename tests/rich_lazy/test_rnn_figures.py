"""Figures on recurrent networks: drawn from their data, which agree with the reference."""

import pytest

from tests.figures import agrees, drawn, labels
from theorylab.lab import figures

OWN = (
    "biological",
    "equal-loss",
    "four-tasks",
    "paired-differences",
    "rank-measures",
    "rank-sweep",
)


@pytest.mark.parametrize("name", OWN)
def test_data_agree_with_the_reference(name, figure_store):
    assert figures.figures("rich_lazy")[f"rich_lazy/{name}"].references
    agrees(f"rich_lazy/{name}", figure_store, most=150_000)


@pytest.mark.parametrize("name", OWN)
def test_drawn_at_the_width_of_the_book(name, figure_store):
    assert any(labels(drawn(f"rich_lazy/{name}", figure_store)))
