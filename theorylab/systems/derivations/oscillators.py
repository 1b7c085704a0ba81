"""Synchrony of many oscillators: the order parameter on the manifold of Ott and Antonsen."""

from sympy import (
    Derivative,
    Function,
    Rational,
    Subs,
    Symbol,
    cos,
    exp,
    expand,
    expand_trig,
    pi,
    powsimp,
    sin,
    sqrt,
    symbols,
)

from theorylab.symbolic import Derivation, Integers, Interval, Rewrite, SolvesODE

_t = Symbol("t", nonnegative=True)
_r, _u, _k, _a = (Function(name, positive=True)(_t) for name in ("r", "u", "K", "a"))
_theta, _alpha = (Function(name, real=True)(_t) for name in ("theta", "alpha"))
_Delta, _K, _excess, _u0, _x = symbols("Delta K kappa u_0 rho", positive=True)
_omega = Symbol("omega", real=True)
_n = Symbol("n", integer=True, positive=True)

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
        _k: Interval(3, 6),
        _n: Integers(1, 6),
        _omega: Interval(-3, 3),
        _theta: Interval(0, 2 * pi),
        _alpha: Interval(0, 2 * pi),
        _a: Interval(Rational(1, 10), 1),
        _r: Interval(Rational(1, 10), 1),
        _u: Interval(Rational(1, 10), 1),
        _u0: Interval(Rational(1, 10), 1),
        _x: Interval(Rational(1, 10), 1),
    },
)


def _manifold(d: Derivation) -> None:
    d.assume(
        "oscillator",
        Derivative(_theta, _t),
        _omega - _k * _r * sin(_theta),
        why="One oscillator of frequency $\\omega$, pulled towards the mean field. The field has "
        "the length $r$ and, seen from a frame that turns with it, the phase 0. The coupling $K$ "
        "may change with time.",
        source="ott2008low",
    )
    d.step(
        "modes",
        (Derivative(cos(_n * _theta), _t), Derivative(sin(_n * _theta), _t)),
        _coupled_modes(lambda m: cos(m * _theta), lambda m: sin(m * _theta)),
        by=Rewrite(how=(expand, expand_trig, expand)),
        using=("oscillator",),
        why="How the $n$-th mode of an oscillator moves: by itself and its two neighbours, "
        "linearly. So the means over many oscillators of one frequency obey the same.",
    )
    d.assume(
        "length",
        Derivative(_a, _t),
        _k * _r / 2 * (1 - _a**2) * cos(_alpha),
        why="Let the oscillators of the frequency $\\omega$ have the mean $a e^{i\\alpha}$, and "
        "let its length change like this.",
        source="ott2008low",
    )
    d.assume(
        "angle",
        Derivative(_alpha, _t),
        _omega - _k * _r / 2 * (_a + 1 / _a) * sin(_alpha),
        why="and its angle like this.",
        source="ott2008low",
    )
    d.step(
        "manifold",
        (Derivative(_a**_n * cos(_n * _alpha), _t), Derivative(_a**_n * sin(_n * _alpha), _t)),
        _coupled_modes(
            lambda m: _a**m * cos(m * _alpha),
            lambda m: _a**m * sin(m * _alpha),
        ),
        by=Rewrite(how=(expand, expand_trig, expand, powsimp)),
        using=("length", "angle"),
        why="Then the powers $a^n e^{in\\alpha}$ satisfy the equations of all modes at once. Means "
        "that start as powers stay powers: one complex number for each frequency says everything.",
    )


def _coupled_modes(even, odd):
    """The speeds of both parts of the n-th mode."""
    pull = _n * _k * _r / 2
    return (
        -_n * _omega * odd(_n) + pull * (even(_n - 1) - even(_n + 1)),
        _n * _omega * even(_n) + pull * (odd(_n - 1) - odd(_n + 1)),
    )


def _order(d: Derivation) -> None:
    d.assume(
        "order",
        Derivative(_r, _t),
        -_Delta * _r + _k / 2 * _r * (1 - _r**2),
        why="The mean over Lorentzian frequencies of half-width $\\Delta$ is the mean of those of "
        "the imaginary frequency $\\omega = i\\Delta$, where $a e^{i\\alpha} = r$; so the length "
        "of the mean field obeys this.",
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
        (_k - 2 * _Delta) * _r**2 - _k * _r**4,
        by=Rewrite(),
        using=("order",),
        why="The square grows logistically.",
    )
    d.assume(
        "logistic",
        Derivative(_u, _t),
        _excess * _u - _K * _u**2,
        why="The line before, with $u = r^2$, a constant coupling and $\\kappa = K - 2\\Delta$.",
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


_manifold(OSCILLATORS)
_order(OSCILLATORS)
_solved(OSCILLATORS)
