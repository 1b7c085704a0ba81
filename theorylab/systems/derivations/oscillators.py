"""Synchrony of many oscillators: the order parameter on the manifold of Ott and Antonsen."""

from sympy import Derivative, Function, Rational, Subs, Symbol, exp, sqrt, symbols

from theorylab.symbolic import Derivation, Interval, Rewrite, SolvesODE

_t = Symbol("t", nonnegative=True)
_r, _u = Function("r", positive=True)(_t), Function("u", positive=True)(_t)
_Delta, _K, _excess, _u0, _x = symbols("Delta K kappa u_0 rho", positive=True)

OSCILLATORS = Derivation(
    "systems/oscillators",
    title="Synchrony",
    about=(
        "A column of many phase oscillators shows one number to the outside: how far its phases "
        "agree. For natural frequencies with a Lorentzian distribution that number obeys one "
        "equation, so the column can be replaced by a system with a single state."
    ),
    domain={
        _t: Interval(0, 2),
        _Delta: Interval(Rational(1, 4), 1),
        _excess: Interval(Rational(1, 4), 2),
        _K: Interval(3, 6),
        _r: Interval(Rational(1, 10), 1),
        _u: Interval(Rational(1, 10), 1),
        _u0: Interval(Rational(1, 10), 1),
        _x: Interval(Rational(1, 10), 1),
    },
)


def _order(d: Derivation) -> None:
    d.assume(
        "order",
        Derivative(_r, _t),
        -_Delta * _r + _K / 2 * _r * (1 - _r**2),
        why="The modulus of the order parameter for coupling $K$ and half-width $\\Delta$ of the "
        "frequencies.",
        source="ott2008low",
    )
    speed = -_Delta * _x + _K / 2 * _x * (1 - _x**2)
    d.step(
        "stationary",
        speed,
        -_K / 2 * _x * (_x**2 - (1 - 2 * _Delta / _K)),
        by=Rewrite(),
        why="The speed at $r = \\rho$ vanishes at 0 and where $\\rho^2 = 1 - 2\\Delta/K$.",
        source="ott2008low",
    )
    root = sqrt(1 - 2 * _Delta / _K)
    d.step(
        "stable",
        _slope_at(speed, root),
        -(_K - 2 * _Delta),
        by=Rewrite(),
        why="At the synchronous state the slope of the speed is negative for $K > 2\\Delta$: small "
        "disturbances die out at this rate.",
    )
    d.step(
        "critical",
        _slope_at(speed, 0),
        (_K - 2 * _Delta) / 2,
        by=Rewrite(),
        why="At no synchrony it is positive from the critical coupling $K_c = 2\\Delta$ on.",
        source="ott2008low",
    )


def _solved(d: Derivation) -> None:
    d.step(
        "square-flow",
        Derivative(_r**2, _t),
        (_K - 2 * _Delta) * _r**2 - _K * _r**4,
        by=Rewrite(),
        using=("order",),
        why="The square grows logistically.",
    )
    d.assume(
        "logistic",
        Derivative(_u, _t),
        _excess * _u - _K * _u**2,
        why="The line before, with $u = r^2$ and $\\kappa = K - 2\\Delta$.",
    )
    d.assume("start", _u.subs(_t, 0), _u0, why="The square at the start.")
    d.step(
        "solution",
        _u,
        _excess * _u0 / (_K * _u0 + (_excess - _K * _u0) * exp(-_excess * _t)),
        by=SolvesODE(_t),
        using=("logistic", "start"),
        why="So the approach to synchrony is known in closed form.",
    )


def _slope_at(speed, point):
    return Subs(Derivative(speed, _x), _x, point)


_order(OSCILLATORS)
_solved(OSCILLATORS)
