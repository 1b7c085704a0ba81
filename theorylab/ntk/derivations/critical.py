"""The edge of chaos: power laws in depth, and the constants 1/4 and 1/3."""

from sympy import (
    Derivative,
    Function,
    Rational,
    Symbol,
    cos,
    pi,
    powdenest,
    powsimp,
    simplify,
    sin,
    sqrt,
    symbols,
)

from theorylab.ntk.derivations.symbols import eps
from theorylab.symbolic import Derivation, Interval, Rewrite, Series, SolvesODE

_s, _C, _start, _n, _Y, _ratio = symbols("s C varepsilon_0 n Y kappa", positive=True)
_time = Symbol("t", nonnegative=True)
_layer = Symbol("l", positive=True)
_eps = Function("varepsilon", positive=True)(_time)
_kernel = Function("K", positive=True)(_layer)
_below = Function("varepsilon", positive=True)(_layer)
_theta = Symbol("theta", positive=True)
_left = Symbol("k_0", real=True)

CRITICAL = Derivation(
    "ntk/critical",
    title="At the edge of chaos",
    about=(
        "At mean offspring one, correlations creep towards one as a power of depth. The tangent "
        "kernel, divided by the depth, then settles at a constant that depends only on how the "
        "dual leaves the diagonal: one quarter for rectifiers, one third for smooth activations."
    ),
    domain={
        _s: Interval(Rational(1, 4), 2),
        _C: Interval(Rational(1, 4), 2),
        _start: Interval(Rational(1, 100), 1),
        _n: Interval(1, 50),
        _Y: Interval(1, 9),
        _ratio: Interval(Rational(1, 10), 1),
        _time: Interval(0, 9),
        _layer: Interval(1, 9),
        _eps: Interval(Rational(1, 100), 1),
        _kernel: Interval(Rational(1, 10), 9),
        eps: Interval(Rational(1, 100), 1),
        _theta: Interval(Rational(1, 100), 1),
        _left: Interval(-3, 3),
    },
)


def _flow(d: Derivation) -> None:
    d.assume(
        "flow",
        Derivative(_eps, _time),
        -_C * _eps ** (1 + _s),
        why="If $1 - \\check\\varphi(1-\\varepsilon) = \\varepsilon - C\\varepsilon^{1+s} + "
        "\\dots$, a layer changes $\\varepsilon$ by little, and $t$ layers follow this equation.",
    )
    d.assume("start", _eps.func(0), _start, why="The input layer.")
    d.step(
        "power-law",
        _eps,
        (_start**-_s + _s * _C * _time) ** (-1 / _s),
        by=SolvesODE(_time, how=_powers),
        using=("flow", "start"),
        why="Deep down the start is forgotten: $\\varepsilon = (sCt)^{-1/s}$.",
        source="hayou2019impact",
    )
    d.assume(
        "tangent",
        Derivative(_kernel, _layer),
        1 - (1 + _s) * _C * _below**_s * _kernel,
        why="The tangent kernel gains $f_l \\approx 1$ and is multiplied by "
        "$\\check\\varphi' = 1 - (1+s)C\\varepsilon^s$ in every layer.",
    )
    d.assume("deep", _below, (_s * _C * _layer) ** (-1 / _s), why="Deep down.")
    d.step(
        "tangent-growth",
        _kernel,
        _layer * _s / (2 * _s + 1) + _left * _layer ** (-(1 + _s) / _s),
        by=SolvesODE(_layer, start=None, how=_powers),
        using=("tangent", "deep"),
        why="It grows in proportion to the depth, with a constant that only depends on $s$; what "
        "is left of the start, with the constant $k_0$, dies out.",
        also_true={
            f"rhs: {change} of k_0*l**((-s - 1)/s)": "The constant $k_0$ is arbitrary."
            for change in ("sign", "coefficient")
        },
    )


def _predictor(d: Derivation) -> None:
    d.assume(
        "ratio",
        _ratio,
        _s / (2 * _s + 1),
        why="The tangent kernel of distinct inputs, relative to the diagonal $L+1$.",
    )
    d.step(
        "predictor",
        _ratio * _Y / (1 - _ratio + _ratio * _n),
        _s * _Y / (1 + _s + _s * _n),
        by=Rewrite(how=simplify),
        using=("ratio",),
        why="The prediction at every new point, from the sum $Y$ of all $n$ labels.",
    )
    predictor = d.items["predictor"].rhs
    for name, power, ratio, shift, words in (
        ("rectifier", Rational(1, 2), Rational(1, 4), 3, "Rectifiers leave the diagonal with"),
        ("smooth", Rational(1), Rational(1, 3), 2, "Twice differentiable duals leave it with"),
    ):
        d.assume(f"power-{name}", _s, power, why=f"{words} this power.")
        d.step(
            f"ratio-{name}",
            _ratio,
            ratio,
            by=Rewrite(),
            using=("ratio", f"power-{name}"),
            why="The share of the diagonal that the tangent kernel of distinct inputs reaches.",
        )
        d.step(
            f"predictor-{name}",
            predictor,
            _Y / (_n + shift),
            by=Rewrite(how=simplify),
            using=(f"power-{name}",),
            why="The limit of the prediction, for all inputs.",
        )


def _rectifier(d: Derivation) -> None:
    d.step(
        "relu-near-one",
        1 - (sin(_theta) + (pi - _theta) * cos(_theta)) / pi,
        2 * sin(_theta / 2) ** 2 - 8 * sin(_theta / 2) ** 3 / (3 * pi),
        by=Series(_theta, 0, order=4),
        why="With $\\xi = \\cos\\theta$ and $\\varepsilon = 2\\sin^2(\\theta/2)$ this is "
        "$\\varepsilon - C\\varepsilon^{3/2}$, $C = 2\\sqrt2/(3\\pi)$: rectifiers have $s = 1/2$.",
    )
    d.assume("constant", _C, 2 * sqrt(2) / (3 * pi), why="The constant of the rectifier.")
    d.step(
        "relu-rate",
        (_s * _C * _layer) ** (-1 / _s),
        9 * pi**2 / (2 * _layer**2),
        by=Rewrite(how=simplify),
        using=("power-rectifier", "constant"),
        why="How fast a deep rectifier network forgets the difference of two inputs.",
    )


def _powers(expr):
    return simplify(powsimp(powdenest(expr, force=True), force=True))


_flow(CRITICAL)
_predictor(CRITICAL)
_rectifier(CRITICAL)
