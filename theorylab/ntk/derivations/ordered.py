"""The ordered phase: kernels of rank one, and what a ridgeless predictor still sees."""

from sympy import Function, Rational, Symbol, symbols

from theorylab.ntk.derivations.symbols import L, mean
from theorylab.symbolic import Derivation, Integers, Interval, Limit, Rewrite

_k = Function("k", positive=True)
_delta, _total, _e, _Y, _h, _q = symbols("delta m e Y h q", positive=True)
_w, _G, _H, _y, _v = symbols("w G H y v", commutative=False)
_ridge = Symbol("lambda", positive=True)
_n = Symbol("n", integer=True, positive=True)

ORDERED = Derivation(
    "ntk/ordered",
    title="The ordered phase",
    about=(
        "With mean offspring below one all correlations tend to one and the kernel matrix to the "
        "matrix of ones. Its inverse does not exist, but the predictor has a limit all the same: "
        "what decides is the vanishing difference from the matrix of ones."
    ),
    domain={
        mean: Interval(Rational(1, 10), Rational(9, 10)),
        L: Integers(0, 9),
        _k: Interval(Rational(1, 10), 3),
        _delta: Interval(Rational(1, 1000), Rational(1, 10)),
        _total: Interval(Rational(1, 10), 3),
        _e: Interval(Rational(1, 2), 3),
        _Y: Interval(Rational(1, 10), 3),
        _h: Interval(Rational(1, 10), 3),
        _q: Interval(Rational(1, 10), 3),
        _ridge: Interval(Rational(1, 10), 3),
        _n: Integers(1, 9),
    },
)


def _diagonal(d: Derivation) -> None:
    d.assume(
        "recursion",
        _k(L + 1),
        1 + mean * _k(L),
        why="The tangent kernel once all correlations are 1: at every pair of inputs the same.",
    )
    d.step(
        "approach",
        _k(L + 1) - 1 / (1 - mean),
        mean * (_k(L) - 1 / (1 - mean)),
        by=Rewrite(),
        using=("recursion",),
        why="Every entry of the tangent kernel tends to $1/(1-B')$, geometrically.",
    )


def _ridgeless(d: Derivation) -> None:
    d.assume(
        "inverse",
        _G * _H,
        1,
        why="$G$ holds Koenigs' function $g$ of all pairs, $1 - f_L \\approx \\delta\\,g$ with "
        "$\\delta = B'^L$; $H$ is its inverse.",
        source="athreya1972branching",
    )
    d.assume(
        "weights",
        _w,
        (_total * _H * _v - _H * _y) / _delta,
        why="The claimed weights of the training points.",
    )
    d.step(
        "solves",
        _total * _v - _delta * _G * _w,
        _y,
        by=Rewrite(),
        using=("weights", "inverse"),
        why="They interpolate: the kernel matrix is $J - \\delta G$ with the matrix of ones $J$, "
        "and $Jw = m v$.",
    )
    d.assume(
        "constant",
        _total,
        _Y / (_e - _delta),
        why="Their sum must be $m$; with $e = v^T H v$ and $Y = v^T H y$ this fixes $m$.",
    )
    d.step(
        "sum-of-weights",
        (_total * _e - _Y) / _delta,
        _total,
        by=Rewrite(),
        using=("constant",),
        why="The sum of the weights is $m$ indeed.",
    )


def _limit(d: Derivation) -> None:
    d.step(
        "predictor",
        _total - _delta * (_total * _h - _q) / _delta,
        _Y / _e + _q - _Y / _e * _h,
        by=Limit(_delta, 0),
        using=("constant",),
        why="The prediction $m - \\delta\\,g^T w$ at a new point, with $h = g^T H v$ and "
        "$q = g^T H y$: a constant $Y/e$, and on top of it the interpolation by $g$ of what the "
        "constant leaves. It depends on the input: this is no majority vote.",
    )


def _with_ridge(d: Derivation) -> None:
    d.step(
        "ridge",
        _Y * (1 / _ridge - _n / (_ridge * (_ridge + _n))),
        _Y / (_ridge + _n),
        by=Rewrite(),
        why="With any ridge $\\lambda > 0$ the matrix of ones can be inverted, and the prediction "
        "is the sum $Y$ of the labels over $\\lambda + n$: majority vote.",
    )


_diagonal(ORDERED)
_ridgeless(ORDERED)
_limit(ORDERED)
_with_ridge(ORDERED)
