"""Exclusive or and the ring: one quadratic neuron suffices, and no conventional one does."""

from sympy import Function, Rational, Symbol, cos, simplify, sin, symbols

from theorylab.symbolic import Bound, Derivation, Enumerate, Interval, Rewrite

_x_1, _x_2 = symbols("x_1 x_2", real=True)
_w_1, _w_2, _b = symbols("w_1 w_2 b", real=True)
_m = Symbol("m", real=True)
_theta, _rho = Symbol("theta", real=True), Symbol("rho", positive=True)
_xor = Function(r"\mathrm{xor}")

_half = Rational(1, 2)
_REAL = Interval(-2, 2)
_BITS = {_x_1: (0, 1), _x_2: (0, 1)}


def _exclusive_or(a, b):
    return int(a) ^ int(b)


XOR = Derivation(
    "quadratic/xor",
    title="Exclusive or",
    about=(
        "Four points, two labels: the smallest task that no conventional neuron solves, with or "
        "without an activation after it, and that a quadratic neuron solves exactly, in two ways."
    ),
    domain={
        **{symbol: _REAL for symbol in (_x_1, _x_2, _w_1, _w_2, _b, _m)},
    },
)
RING = Derivation(
    "quadratic/ring",
    title="The ring",
    about=(
        "One class surrounds the other. A quadratic neuron measures the squared distance from the "
        "centre; a conventional neuron would have to be low at the centre and high on both sides."
    ),
    domain={
        **{symbol: _REAL for symbol in (_x_1, _x_2, _w_1, _w_2, _b, _m)},
        _theta: Interval(0, 7),
        _rho: Interval("1/10", 3),
    },
)


def _four_points(d: Derivation) -> None:
    d.step(
        "square",
        (_x_1 - _x_2) * (_x_1 - _x_2),
        _xor(_x_1, _x_2),
        by=Enumerate(_BITS, functions={_xor: _exclusive_or}),
        why="$w_r = w_g = (1,-1)$ and nothing else: a squared difference is one exactly where the "
        "bits differ.",
    )
    d.step(
        "product",
        _x_1 + _x_2 - 2 * _x_1 * _x_2,
        _xor(_x_1, _x_2),
        by=Enumerate(_BITS, functions={_xor: _exclusive_or}),
        why="The multilinear form of the same function; on bits $x^2 = x$.",
    )
    d.step(
        "signs",
        -_x_1 * _x_2,
        2 * _xor((1 - _x_1) / 2, (1 - _x_2) / 2) - 1,
        by=Enumerate({_x_1: (-1, 1), _x_2: (-1, 1)}, functions={_xor: _exclusive_or}),
        why="With signs for bits, $w_r = (-1, 0)$ and $w_g = (0, 1)$: the sign of a product.",
    )


def _no_line(d: Derivation) -> None:
    for name, left, relation, right, words in (
        ("zero-zero", _b, "<=", -_m, "Equal bits score at most $-m$."),
        ("one-one", _w_1 + _w_2 + _b, "<=", -_m, "Equal bits score at most $-m$."),
        ("one-zero", _w_1 + _b, ">=", _m, "Different bits score at least $m$."),
        ("zero-one", _w_2 + _b, ">=", _m, "Different bits score at least $m$."),
    ):
        d.assume(name, left, right, relation=relation, why=words)
    corners = ("zero-zero", "one-one", "one-zero", "zero-one")
    d.step(
        "no-line",
        _m,
        -_m,
        relation="<=",
        by=Bound(multipliers=dict.fromkeys(corners, _half)),
        using=corners,
        why="Half the sum of the four inequalities. No positive margin $m$ allows it: no "
        "conventional neuron separates the four points.",
    )


def _circle(d: Derivation) -> None:
    d.assume(
        "polar",
        (_x_1, _x_2),
        (_rho * cos(_theta), _rho * sin(_theta)),
        why="A point at the distance $\\rho$ from the centre.",
    )
    d.step(
        "score",
        _x_1**2 + _x_2**2 - 1,
        _rho**2 - 1,
        by=Rewrite(how=simplify),
        using=("polar",),
        why="$w_b = (1, 1)$, $c = -1$ and nothing else: negative inside the unit circle, positive "
        "outside.",
    )
    score = _w_1 * _x_1 + _w_2 * _x_2 + _b
    d.assume("inside", _b, -_m, relation="<=", why="The centre scores at most $-m$.")
    d.assume("outside", score, _m, relation=">=", why="A point of the ring scores at least $m$.")
    d.assume(
        "outside-opposite",
        2 * _b - score,
        _m,
        relation=">=",
        why="And so does the opposite point.",
    )
    d.step(
        "no-line",
        _m,
        -_m,
        relation="<=",
        by=Bound(multipliers={"inside": 1, "outside": _half, "outside-opposite": _half}),
        using=("inside", "outside", "outside-opposite"),
        why="The sum of the three inequalities, suitably weighted. No positive margin $m$ allows "
        "it: no conventional neuron separates a centre from a ring around it.",
    )


_four_points(XOR)
_no_line(XOR)
_circle(RING)
