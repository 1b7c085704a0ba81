"""Exact arithmetic of interfaces: finite polynomial functors, lenses, machines and wirings.

Everything here is finite and exact, in plain Python: positions and directions are numbered
from 0, and two things are equal if their tables are. It is for theorems; for simulations with
real numbers see `theorylab.systems`.
"""

from theorylab.systems.finite.hom import curry, evaluation, hom, uncurry
from theorylab.systems.finite.lens import Lens
from theorylab.systems.finite.moore import Moore
from theorylab.systems.finite.poly import Poly, monomial, polynomials, y
from theorylab.systems.finite.wiring import Box, Wiring

__all__ = [
    "Box",
    "Lens",
    "Moore",
    "Poly",
    "Wiring",
    "curry",
    "evaluation",
    "hom",
    "monomial",
    "polynomials",
    "uncurry",
    "y",
]
