"""The race potential in closed form, its inverse, and the length of the race."""

from sympy import (
    Dummy,
    Integral,
    Rational,
    asinh,
    atan,
    cancel,
    gamma,
    log,
    oo,
    pi,
    simplify,
    sinh,
    sqrt,
    symbols,
    tan,
)

from theorylab.deep_linear.derivations.symbols import D, lam, powers, tidy
from theorylab.symbolic import Derivation, Integers, Interval, Inverse, Limit, Primitive, Rewrite

_x, _p = symbols("x p", real=True)
_F = symbols("F", real=True)
_y, _w, _w0 = symbols("x p p_0", positive=True)

POTENTIAL = Derivation(
    "deep_linear/potential",
    title="The race potential in closed form",
    about=(
        "The potential of the race is an elementary function for every depth. With unequal "
        "layers it is bounded once there are three or more matrices: the whole race then has a "
        "finite length, and a given dose of deficit weighs the more, the shorter it is."
    ),
    domain={
        D: Integers(3, 9),
        lam: Interval(Rational(1, 4), 2),
        _x: Interval(-2, 2),
        _p: Interval(-2, 2),
        _F: Interval(Rational(-2, 5), Rational(2, 5)),
        _y: Interval(Rational(1, 10), 2),
        _w: Interval(Rational(1, 2), 2),
        _w0: Interval(Rational(1, 10), Rational(1, 3)),
    },
)


def _integral(depth, upper=_p):
    return Integral((_x**2 + lam) ** (-(depth - 1) / Rational(2)), (_x, 0, upper))


def _equal_layers(d: Derivation) -> None:
    d.step(
        "balanced",
        Integral(_y ** (1 - D), (_y, _w0, _w)),
        (_w0 ** (2 - D) - _w ** (2 - D)) / (D - 2),
        by=Primitive(_w, start=_w0, how=powers),
        why="Equal layers, three or more matrices.",
    )
    d.step(
        "balanced-two",
        Integral(1 / _y, (_y, _w0, _w)),
        log(_w / _w0),
        by=Primitive(_w, start=_w0),
        why="Equal layers, two matrices.",
    )
    d.assume(
        "advance",
        _F,
        d.items["balanced"].rhs,
        why="A balanced pathway of three or more matrices has advanced by $F$ since it had the "
        "layer strength $p_0$.",
    )
    d.step(
        "balanced-inverse",
        _w,
        (_w0 ** (2 - D) - (D - 2) * _F) ** (-1 / (D - 2)),
        by=Inverse(how=(powers, tidy)),
        using=("advance",),
        why="The layer strength after an advance $F$: it explodes at the end of the plateau.",
    )


def _unequal_layers(d: Derivation) -> None:
    forms = {
        "two": (2, asinh(_p / sqrt(lam)), sqrt(lam) * sinh(_F)),
        "three": (3, atan(_p / sqrt(lam)) / sqrt(lam), sqrt(lam) * tan(sqrt(lam) * _F)),
        "four": (
            4,
            _p / (lam * sqrt(_p**2 + lam)),
            lam ** Rational(3, 2) * _F / sqrt(1 - lam**2 * _F**2),
        ),
    }
    for name, (depth, formula, inverse) in forms.items():
        d.step(
            f"{name}",
            _integral(depth),
            formula,
            by=Primitive(_p, start=0),
            why=f"Unequal layers, {name} matrices.",
        )
        d.assume(
            f"advance-{name}",
            _F,
            formula,
            why=f"The potential of {name} matrices, counted from $p = 0$.",
        )
        d.step(
            f"inverse-{name}",
            _p,
            inverse,
            by=Inverse(how=_undo),
            using=(f"advance-{name}",),
            why=f"The layer strength from the potential, {name} matrices.",
        )
    d.step(
        "recursion",
        _integral(D + 2),
        (_p * (_p**2 + lam) ** (-(D - 1) / Rational(2)) + (D - 2) * _integral(D)) / ((D - 1) * lam),
        by=Primitive(_p, start=0, how=(powers, tidy)),
        why="Two more matrices: with the forms above, this gives the potential of every depth.",
    )


def _length(d: Derivation) -> None:
    half_line = sqrt(pi) / 2 * gamma((D - 2) / Rational(2)) / gamma((D - 1) / Rational(2))
    d.step(
        "length-three",
        d.items["three"].rhs,
        pi / (2 * sqrt(lam)),
        by=Limit(_p, oo),
        why="With three matrices the race ends at a finite potential.",
    )
    d.step(
        "length-four",
        d.items["four"].rhs,
        1 / lam,
        by=Limit(_p, oo),
        why="With four matrices it is shorter still (for $\\lambda = 1$).",
    )
    d.step(
        "boundary",
        _p * (_p**2 + lam) ** (-(D - 1) / Rational(2)),
        0,
        by=Limit(_p, oo, how=_leading_power),
        why="The first term of the recursion vanishes at the end of the race.",
    )
    d.step(
        "length",
        half_line.subs(D, D + 2),
        (D - 2) / (D - 1) * half_line,
        by=Rewrite(how=(_lower_gamma, cancel)),
        why="The length for $\\lambda = 1$, $\\frac{\\sqrt\\pi}{2}\\,\\Gamma(\\frac{D-2}{2})/"
        "\\Gamma(\\frac{D-1}{2})$, obeys the recursion without its first term.",
    )
    d.step(
        "lengths",
        tuple(half_line.subs(D, depth) for depth in (3, 4, 5, 8, 13)),
        (pi / 2, 1, pi / 4, Rational(8, 15), 63 * pi / 512),
        by=Rewrite(),
        cases={D: (3, 4, 5, 8, 13)},
        why="The length of the race for the depths of the paper: the deeper, the shorter.",
    )


def _undo(expr):
    """Undo functions by their inverses: asinh(sinh x), and atan(tan x) for |x| < pi/2.

    The domain keeps both arguments real and the second below pi/2.
    """
    inside = Dummy("y", positive=True)  # 1 - lambda^2 F^2
    plain = simplify(expr.subs(_F**2, (1 - inside) / lam**2))
    plain = plain.replace(
        lambda node: isinstance(node, asinh) and isinstance(node.args[0], sinh),
        lambda node: node.args[0].args[0],
    ).replace(
        lambda node: isinstance(node, atan) and isinstance(node.args[0], tan),
        lambda node: node.args[0].args[0],
    )
    return simplify(plain.subs(inside, 1 - lam**2 * _F**2))


def _lower_gamma(expr):
    """Write each gamma function by the one below it, x Gamma(x) = Gamma(x + 1)."""
    tops = (D / 2, (D + 1) / 2)
    return expr.replace(gamma, lambda x: (x - 1) * gamma(x - 1) if x in tops else gamma(x))


def _leading_power(expr):
    """Take the leading power of p out, and write the depth as 3, 4, ..."""
    more = Dummy("m", integer=True, nonnegative=True)
    tail = (1 + lam / _p**2) ** ((1 - D) / 2)
    ratio = powers(expr / (_p * (_p**2 + lam) ** ((1 - D) / 2)))
    return (ratio * _p ** (2 - D) * tail).subs(D, 3 + more)


_equal_layers(POTENTIAL)
_unequal_layers(POTENTIAL)
_length(POTENTIAL)
