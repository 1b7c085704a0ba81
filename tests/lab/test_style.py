"""The style: readable on its card, told apart without colour, gone after use."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest

from theorylab.lab import style

# Viénot, Brettel and Mollon's projections for missing L and M cones (linear RGB).
DICHROMAT = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
    "none": np.eye(3),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(color):
    rgb = np.array(mpl.colors.to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return float(XYZ[1] @ linear(color))


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def lab(color, eye="none"):
    seen = np.clip(np.array(DICHROMAT[eye]) @ linear(color), 0, 1)
    f = np.cbrt(XYZ @ seen / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


LINES = ("theory", "simulation", "A", "B", "published", "highlight", "muted")


@pytest.mark.parametrize("name", LINES)
def test_lines_stand_out_from_the_card(name):
    assert contrast(style.COLORS[name], style.COLORS["card"]) >= 3.0


@pytest.mark.parametrize("eye", DICHROMAT)
@pytest.mark.parametrize("pair", [("A", "B"), ("theory", "simulation"), ("theory", "B")])
def test_pairs_drawn_together_differ_for_every_eye(pair, eye):
    one, other = (lab(style.COLORS[name], eye) for name in pair)
    assert np.linalg.norm(one - other) > 30


@pytest.mark.parametrize("pair", [("A", "B"), ("theory", "simulation")])
def test_pairs_differ_in_grey(pair):
    one, other = (lab(style.COLORS[name])[0] for name in pair)
    assert abs(one - other) > 20


@pytest.mark.parametrize("n", range(1, 8))
def test_sequences_are_ordered_in_lightness_and_readable(n):
    colors = style.sequence(n)
    assert len(set(colors)) == n
    light = [lab(color)[0] for color in colors]
    assert light == sorted(light)
    assert all(contrast(color, style.COLORS["card"]) >= 3.0 for color in colors)
    assert all(b - a > 5 for a, b in itertools.pairwise(light))


@pytest.mark.parametrize("n", range(1, 8))
def test_a_cycle_needs_no_colour(n):
    looks = style.cycle(n)
    assert len({look["marker"] for look in looks}) == n
    assert len({str(look["linestyle"]) for look in looks}) == n


def test_the_context_ends():
    before = dict(mpl.rcParams)
    with style.style():
        assert mpl.rcParams["svg.hashsalt"] == "theorylab"
        assert mpl.rcParams["figure.constrained_layout.use"]
    assert dict(mpl.rcParams) == before


def test_use_applies_until_changed():
    with mpl.rc_context():
        style.use()
        assert mpl.rcParams["figure.facecolor"] == style.COLORS["card"]
        assert mpl.get_backend().lower() == "agg", "the backend is the user's"


def test_a_size_is_in_columns():
    assert style.size() == (style.WIDTH, style.WIDTH / 2)
    assert style.size(1.0, 0.5) == (style.WIDTH / 2, style.WIDTH / 2)
