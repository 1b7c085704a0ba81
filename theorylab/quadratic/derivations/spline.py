"""Quadratic splines are quadratic networks with two hidden layers, exactly."""

from sympy import Symbol, chebyshevt, symbols

from theorylab.quadratic.derivations.symbols import REAL, moduli, relu
from theorylab.symbolic import Derivation, Interval, Rewrite

_x, _t = symbols("x t", real=True)
_a = symbols("a_0 a_1 a_2", real=True)
_b = symbols("b_0 b_1 b_2", real=True)
_jump = Symbol("J", real=True)
_left, _right = Symbol("s_-", real=True), Symbol("s_+", real=True)
_h, _second, _third = symbols("h f'' f'''", positive=True)

SPLINE = Derivation(
    "quadratic/spline",
    title="Quadratic splines",
    about=(
        "A quadratic spline is a curve of parabolas that meet with equal values and slopes. Only "
        "the second derivative jumps at a knot, and the jump is all that a network must know: one "
        "rectifier for each knot, squared in the next layer."
    ),
    domain={
        **{symbol: REAL for symbol in (_x, _t, *_a, *_b, _jump, _left, _right)},
        **{symbol: Interval("1/10", 2) for symbol in (_h, _second, _third)},
    },
)


def _parabola(coefficients):
    return sum(factor * (_x - _t) ** power for power, factor in enumerate(coefficients))


def _one_knot(d: Derivation) -> None:
    d.assume(
        "sides",
        (_left, _right),
        (_parabola(_a), _parabola(_b)),
        why="A parabola to the left of the knot $t$ and another to the right.",
    )
    d.assume(
        "smooth",
        (_b[0], _b[1]),
        (_a[0], _a[1]),
        why="They meet with equal values and slopes.",
    )
    d.assume("jump", _b[2], _a[2] + _jump / 2, why="The second derivative jumps by $J$.")
    d.step(
        "knot",
        _right - _left,
        _jump * (_x - _t) ** 2 / 2,
        by=Rewrite(),
        using=("sides", "smooth", "jump"),
        why="What changes at a knot is a multiple of one parabola that starts there.",
    )
    d.step(
        "unit",
        relu(relu(_x - _t) ** 2),
        relu(_x - _t) ** 2,
        by=Rewrite(how=(moduli, moduli)),
        why="That parabola is a unit of the second layer, the square of a unit of the first.",
    )
    d.step(
        "one-sided",
        (relu(_h) ** 2, relu(-_h) ** 2),
        (_h**2, 0),
        by=Rewrite(how=moduli),
        why="At the distance $h$ to the right of the knot it is $h^2$, to the left it is zero.",
    )


def _errors(d: Derivation) -> None:
    d.step(
        "linear-error",
        _second * _x**2 / 2 - _second * (_h / 2) ** 2 / 2,
        -(_second * _h**2 / 8) * (1 - (2 * _x / _h) ** 2),
        by=Rewrite(),
        why="On a piece of length $h$ around 0, the chord misses a parabola by up to "
        "$f''h^2/8$: a line cannot bend.",
    )
    d.step(
        "quadratic-error",
        _third * _x**3 / 6 - _third * _h**2 * _x / 32,
        _third * _h**3 / 192 * chebyshevt(3, 2 * _x / _h),
        by=Rewrite(),
        why="On a piece of length $h$ the best parabola misses a cubic by $f'''h^3/192$: one power "
        "of $h$ more.",
    )


_one_knot(SPLINE)
_errors(SPLINE)
