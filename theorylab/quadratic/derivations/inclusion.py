"""Conventional and square-activated units are quadratic neurons."""

from sympy import Symbol, symbols

from theorylab.quadratic.derivations.symbols import REAL, moduli, relu
from theorylab.symbolic import Derivation, Rewrite

_r, _g, _s, _p = symbols("r g s p", real=True)
_out = Symbol("y", real=True)

INCLUSION = Derivation(
    "quadratic/inclusion",
    title="What one quadratic neuron contains",
    about=(
        "A quadratic neuron with a rectifier contains the conventional neuron with a rectifier and "
        "the conventional neuron whose activation is the square. So a quadratic network of given "
        "widths contains both kinds of network of the same widths."
    ),
    domain={symbol: REAL for symbol in (_r, _g, _s, _p, _out)},
)


def _inclusions(d: Derivation) -> None:
    d.assume(
        "unit",
        _out,
        relu(_r * _g + _s),
        why="A quadratic neuron after its rectifier, with the forms $r$ and $g$ and the squares "
        "$s$.",
        source="fan2023expressivity",
    )
    d.assume(
        "conventional-choice",
        (_g, _s),
        (1, 0),
        why="$w_g = 0$, $b_g = 1$, $w_b = 0$, $c = 0$.",
    )
    d.assume(
        "square-choice",
        (_g, _s),
        (_r, 0),
        why="$w_g = w_r$, $b_g = b_r$, $w_b = 0$, $c = 0$.",
    )
    d.step(
        "conventional",
        _out,
        relu(_r),
        by=Rewrite(),
        using=("unit", "conventional-choice"),
        why="A conventional neuron with a rectifier.",
    )
    d.step(
        "square",
        _out,
        _r**2,
        by=Rewrite(how=moduli),
        using=("unit", "square-choice"),
        why="A conventional neuron with the square for an activation: a square is not negative, so "
        "the rectifier lets it pass.",
    )
    d.step(
        "passes-squares",
        relu(_p**2),
        _p**2,
        by=Rewrite(how=moduli),
        why="The rectifier does nothing to a square.",
    )
    d.step(
        "identity",
        relu(_p) - relu(-_p),
        _p,
        by=Rewrite(how=moduli),
        why="Two rectifiers pass a signed number on.",
    )
    d.step(
        "halves",
        relu(_p) ** 2 + relu(-_p) ** 2,
        _p**2,
        by=Rewrite(how=moduli),
        why="A square is split by the sign: of a variable with a symmetric distribution, the "
        "rectifier keeps half the mean square.",
    )


_inclusions(INCLUSION)
