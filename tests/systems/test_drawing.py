"""Diagrams are drawn from the systems: terms, layout, feedback."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from theorylab.lab.style import COLORS
from theorylab.systems import (
    R,
    copy,
    discard,
    identity,
    lens,
    machine,
    nest,
    power,
    smooth,
    source,
    swap,
)
from theorylab.systems.drawing import BACK, FORWARD, draw_wiring
from theorylab.systems.drawing.wirings import _columns
from theorylab.systems.finite import Box, Wiring


def _map(label, inputs=1):
    def first(*x):
        return x[0]

    return smooth(first, (R(),) * inputs, (R(),), label=label)


def _cell(name):
    return machine(name, lambda key: jnp.zeros(()), lambda s: s, lambda s, d: d, R())


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def _rectangles(ax):
    """Corners of boxes (solid) and frames (dashed)."""
    found = {"boxes": [], "frames": []}
    for patch in ax.patches:
        if isinstance(patch, FancyBboxPatch):
            kind = "boxes" if patch.get_facecolor()[3] else "frames"
            x, y = patch.get_x(), patch.get_y()
            found[kind].append((x, y, x + patch.get_width(), y + patch.get_height()))
    return found["boxes"], found["frames"]


def _lines(ax, color=FORWARD):
    """The paths of the lines of a colour; letters are paths too, but filled."""
    return [
        patch.get_path()
        for patch in ax.patches
        if isinstance(patch, PathPatch)
        and patch.get_facecolor()[3] == 0
        and to_hex(patch.get_edgecolor()) == to_hex(color)
    ]


def test_terms_do_not_remember_brackets_and_leave_out_identities():
    f, g, h = _map("f"), _map("g"), _map("h")
    assert ((f >> g) >> h).term == (f >> (g >> h)).term
    assert ((f @ g) @ h).term == (f @ (g @ h)).term
    assert (identity(R()) >> f).term == f.term == (f @ identity()).term
    assert [part.label for part in (f >> g >> h).term.parts] == ["f", "g", "h"]


def test_frames_collapse_to_boxes_that_know_of_a_state():
    inner = (_cell("a") >> _map("f")).framed("inner")
    outer = (inner >> _map("g")).framed("outer")
    assert outer.term.collapsed(0).kind == "box" and outer.term.collapsed(0).state
    series = outer.term.collapsed(1).parts[0]
    assert [(p.kind, p.label, p.state) for p in series.parts] == [
        ("box", "inner", True),
        ("box", "g", False),
    ]
    assert power(outer, 3).term.label == "3 copies"
    assert power(outer, 3).term.cod == power(outer, 3).cod
    assert outer.rename("left").term.label == "left"


def test_boxes_stand_apart_and_inside_their_frames(ax):
    neurons = [(_map(f"f{k}") >> _map("g")).framed(f"neuron {k}") for k in range(3)]
    system = (copy(R(), 3) >> nest(_map("all of them", 3), *neurons)).framed("net")
    system.draw(ax)
    boxes, frames = _rectangles(ax)
    assert len(boxes) == 7 and len(frames) == 4
    for n, (x0, y0, x1, y1) in enumerate(boxes):
        for u0, v0, u1, v1 in boxes[n + 1 :]:
            assert x1 < u0 or u1 < x0 or y1 < v0 or v1 < y0
    net = max(frames, key=lambda f: f[2] - f[0])
    for x0, y0, x1, y1 in boxes + [frame for frame in frames if frame != net]:
        assert net[0] < x0 and net[1] < y0 and x1 < net[2] and y1 < net[3]
    (low, high), (left, right) = ax.get_ylim(), ax.get_xlim()
    assert left < net[0] and net[2] < right and low < net[1] and net[3] < high


def test_every_wire_reaches_the_ports_of_its_boxes(ax):
    (_map("f") >> _map("g")).draw(ax)
    (left, right) = sorted(_rectangles(ax)[0])
    for color in (FORWARD, BACK):
        ends = sorted((p.vertices[0][0], p.vertices[-1][0]) for p in _lines(ax, color))
        assert ends[1] == pytest.approx((left[2], right[0]))
        assert ends[0][1] == pytest.approx(left[0]) and ends[2][0] == pytest.approx(right[2])
    tinted = to_hex(COLORS["deficit"])
    assert not [p for p in ax.patches if to_hex(p.get_facecolor()) == tinted]


def test_a_wire_without_directions_is_one_line(ax):
    tell = lens((R(),), (source(),), lambda x: (x,), lambda i, d: (jnp.zeros(()),))
    (_cell("a") >> tell).draw(ax)
    assert len(_lines(ax, FORWARD)) == 2 and len(_lines(ax, BACK)) == 1
    assert to_hex(COLORS["deficit"]) in [to_hex(p.get_facecolor()) for p in ax.patches]


def test_wires_cross_fork_and_end(ax):
    (copy(R()) >> swap(R(), R()) >> (discard(R()) @ identity(R()))).draw(ax)
    crossing = [p for p in _lines(ax) if abs(p.vertices[0][1] - p.vertices[-1][1]) > 0.5]
    assert len(crossing) >= 2
    assert {p.vertices[0][1] > p.vertices[-1][1] for p in crossing} == {True, False}


def _loop():
    two, one = Box((2, 2), (2,)), Box((2,), (2,))
    feed = (((-1, 0), (2, 0)), ((0, 0),), ((1, 0),))
    return Wiring((two, one, one), one, feed, show=((1, 0),))


def test_feedback_runs_below_and_long_wires_above(ax):
    assert _columns(_loop()) == [0, 1, 2]
    draw_wiring(_loop(), ("control", "plant", "sensor"), ax, "loop")
    boxes, (frame,) = _rectangles(ax)
    low, high = min(b[1] for b in boxes), max(b[3] for b in boxes)
    led = [p for p in _lines(ax) if Path.LINETO in p.codes]
    assert sum(p.vertices[:, 1].min() < low for p in led) == 1
    assert sum(p.vertices[:, 1].max() > high for p in led) == 1
    assert len(boxes) == 3 and all(frame[0] < b[0] and b[2] < frame[2] for b in boxes)


def test_a_box_that_feeds_itself_and_a_diagram_without_boxes(ax):
    one = Box((2,), (2,))
    alone = Wiring((one,), Box((), (2,)), (((0, 0),),), ((0, 0),))
    draw_wiring(alone, ("f",), ax)
    assert _columns(alone) == [0]
    with pytest.raises(ValueError, match="names has 2 entries; allowed: 1"):
        draw_wiring(alone, ("f", "g"), ax)
    with pytest.raises(ValueError, match="no boxes"):
        draw_wiring(Wiring((), Box((), ()), (), ()), (), ax)
