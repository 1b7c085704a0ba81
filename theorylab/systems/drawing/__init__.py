"""Drawing wiring diagrams with Matplotlib: boxes, ports, wires, and frames in frames.

Diagrams run from left to right. What is drawn is the term by which a `System` was built, or a
finite `Wiring`; nothing is placed by hand.
"""

from theorylab.systems.drawing.strokes import BACK, FORWARD
from theorylab.systems.drawing.terms import draw_term
from theorylab.systems.drawing.wirings import draw_wiring

__all__ = ["BACK", "FORWARD", "draw_term", "draw_wiring"]
