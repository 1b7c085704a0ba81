"""Two pathways of two matrices each, solved in closed form."""

from sympy import (
    Derivative,
    Function,
    Integer,
    Rational,
    atanh,
    cosh,
    exp,
    expand,
    log,
    simplify,
    sinh,
    sqrt,
    symbols,
    tanh,
)

from theorylab.deep_linear.derivations.symbols import (
    D,
    S,
    lam,
    rational,
    strength_a,
    strength_b,
    t,
)
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite, SolvesODE

_a0, _b0 = symbols("K_A0 K_B0", positive=True)
_alpha, _beta, _Delta, _w0 = symbols("alpha beta Delta w_0", positive=True)
_cA, _cB = symbols("c_A c_B", real=True)
_P = symbols("P", integer=True, positive=True)
_w = Function("w", positive=True)(t)
_one = Function("K", positive=True)(t)
_kA, _kB = strength_a(t), strength_b(t)
# with unequal layers a strength may have either sign
_eitherA, _eitherB = (Function(name, real=True)(t) for name in ("K_A", "K_B"))

TWO_PATHWAYS = Derivation(
    "deep_linear/two-pathways",
    title="Two pathways of two matrices",
    about=(
        "With two matrices per pathway the race can be solved for all times: the total follows the "
        "logistic curve of a single pathway and the shares never change, unless a deficit changes "
        "them."
    ),
    domain={
        D: Integers(1, 9),
        _P: Integers(2, 6),
        S: Interval(1, 4),
        lam: Interval(Rational(1, 4), 2),
        _a0: Interval(Rational(1, 100), Rational(1, 4)),
        _b0: Interval(Rational(1, 100), Rational(1, 4)),
        _kA: Interval(Rational(1, 100), 2),
        _kB: Interval(Rational(1, 100), 2),
        _eitherA: Interval(-2, 2),
        _eitherB: Interval(-2, 2),
        _one: Interval(Rational(1, 100), Rational(1, 2)),
        _alpha: Interval(Rational(1, 10), Rational(2, 5)),
        _beta: Interval(Rational(1, 10), 2),
        _Delta: Interval(1, 4),
        _w: Interval(Rational(1, 2), 3),
        _w0: Interval(Rational(1, 2), 1),
        _cA: Interval(-1, 1),
        _cB: Interval(-1, 1),
        t: Interval(0, 3),
    },
)


def _shares(d: Derivation) -> None:
    for name, own in (("a", _kA), ("b", _kB)):
        d.assume(
            f"flow-{name}",
            Derivative(own, t),
            2 * own * (S - _kA - _kB),
            why=f"Pathway {name.upper()}, two balanced matrices.",
            source="saxe2014exact, Learning dynamics with orthogonal inputs; shi2022learning",
        )
    d.assume("start-a", strength_a(Integer(0)), _a0, why="The start of pathway A.")
    d.assume("start-b", strength_b(Integer(0)), _b0, why="The start of pathway B.")
    total = _a0 + _b0
    grown = S / (1 + (S / total - 1) * exp(-2 * S * t))
    d.step(
        "total",
        Derivative(_kA + _kB, t),
        2 * (_kA + _kB) * (S - (_kA + _kB)),
        by=Rewrite(),
        using=("flow-a", "flow-b"),
        why="The total learns as a single pathway does.",
    )
    d.step(
        "shares",
        (_kA, _kB),
        (_a0 / total * grown, _b0 / total * grown),
        by=SolvesODE(t, how=rational),
        using=("flow-a", "flow-b", "start-a", "start-b"),
        why="Each pathway keeps the share of the total that it started with.",
    )
    left = S - _b0
    d.assume(
        "frozen", _kB, _b0, why="While pathway B is frozen it contributes what it started with."
    )
    d.step(
        "frozen-growth",
        _kA,
        left / (1 + (left / _a0 - 1) * exp(-2 * left * t)),
        by=SolvesODE(t, how=rational),
        using=("flow-a", "start-a", "frozen"),
        why="While B is frozen, A learns alone what B leaves of the target.",
    )


def _equal(d: Derivation) -> None:
    d.step(
        "equal-pathways",
        D * _one ** (2 - Rational(2) / D) * (S - _P * _one),
        _P * (D * _one ** (2 - Rational(2) / D) * (S / _P - _one)),
        by=Rewrite(),
        why="Of $P$ equal pathways each learns as if it were alone with target $S/P$, but $P$ "
        "times as fast.",
    )


def _unequal_layers(d: Derivation) -> None:
    for name, own, c in (("a", _eitherA, _cA), ("b", _eitherB, _cB)):
        d.assume(
            f"layers-{name}",
            own,
            (sqrt(lam) * sinh(log(_w) / 2 + c)) * (sqrt(lam) * cosh(log(_w) / 2 + c)),
            why=f"Pathway {name.upper()} with unequal layers of strength $p$ and $q$, after an "
            "advance $\\theta$ of the race; $w$ stands for $e^{2\\theta}$.",
        )
        d.step(
            f"layers-exponential-{name}",
            own,
            lam / 4 * (_w * exp(2 * c) - exp(-2 * c) / _w),
            by=Rewrite(how=(_exponentials, expand)),
            using=(f"layers-{name}",),
            why="The same in exponentials.",
        )
    d.assume(
        "clock",
        Derivative(_w, t),
        2 * _w * (S - _eitherA - _eitherB),
        why="The advance $\\theta$ grows at the rate of the residual.",
    )
    d.assume(
        "forward",
        _alpha,
        lam / 4 * (exp(2 * _cA) + exp(2 * _cB)),
        why="Short for the growing parts of both pathways.",
    )
    d.assume(
        "backward",
        _beta,
        lam / 4 * (exp(-2 * _cA) + exp(-2 * _cB)),
        why="Short for the decaying parts of both pathways.",
    )
    d.step(
        "riccati",
        Derivative(_w, t),
        2 * (S * _w - _alpha * _w**2 + _beta),
        by=Rewrite(how=expand),
        using=("clock", "layers-exponential-a", "layers-exponential-b", "forward", "backward"),
        why="For any number of pathways the advance obeys one Riccati equation.",
    )
    d.assume("start", _w.subs(t, Integer(0)), _w0, why="The advance at time $0$.")
    d.assume("rate", _Delta, sqrt(S**2 + 4 * _alpha * _beta), why="Short for the root.")
    d.step(
        "riccati-solution",
        _w,
        (S + _Delta * tanh(_Delta * t + atanh((2 * _alpha * _w0 - S) / _Delta))) / (2 * _alpha),
        by=SolvesODE(t, how=(expand, simplify)),
        using=("riccati", "start", "rate"),
        why="The unequal layers of two matrices, solved for all times.",
    )


def _exponentials(expr):
    """Hyperbolic functions of a logarithm in powers."""
    return expand(expand(expr.rewrite(exp)), power_exp=True)


_shares(TWO_PATHWAYS)
_equal(TWO_PATHWAYS)
_unequal_layers(TWO_PATHWAYS)
