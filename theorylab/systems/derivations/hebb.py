"""Hebb's rule with decay while a pattern is held: growth, limit, and flow."""

from sympy import Function, Rational, Sum, Symbol, exp, oo, symbols

from theorylab.symbolic import Derivation, Induction, Integers, Interval, Limit

_T, _k = symbols("T k", integer=True, nonnegative=True)
_W, _w = Function("W", real=True), Function("w", real=True)
_eta, _lam, _C, _tau = symbols("eta lambda C tau", positive=True)
_m = Symbol("m", positive=True)

HEBB = Derivation(
    "systems/hebb",
    title="Wiring that grows by use",
    about=(
        "Cells that fire together become wired together, and wiring fades. While a pattern is "
        "held, every weight follows a recurrence that is solved by a geometric series; from it "
        "one reads how long to hold a pattern, and that without decay nothing stops the growth."
    ),
    domain={
        _T: Integers(0, 12),
        _k: Integers(0, 12),
        _eta: Interval(Rational(1, 20), Rational(1, 2)),
        _lam: Interval(Rational(1, 4), Rational(3, 2)),
        _C: Interval(Rational(1, 10), 1),
        _tau: Interval(Rational(1, 4), 3),
        _W(_T): Interval(0, 2),
        _w(_T): Interval(0, 2),
        _m: Interval(Rational(1, 10), 2),
    },
)


def _growth(d: Derivation) -> None:
    d.assume(
        "tick",
        _W(_T + 1),
        _W(_T) + _eta * (_C - _lam * _W(_T)),
        why="One tick of Hebb's rule for one weight: $C$ is the product of the two activities, "
        "which are held fixed; the weight fades at the rate $\\lambda$.",
    )
    d.assume("start", _W(0), 0, why="No wiring at the start.")
    d.step(
        "grown",
        _W(_T),
        _C * (1 - (1 - _eta * _lam) ** _T) / _lam,
        by=Induction(_T),
        using=("tick", "start"),
        why="The solution, by induction over ticks.",
    )
    d.step(
        "series",
        Sum(_eta * _C * (1 - _eta * _lam) ** _k, (_k, 0, _T - 1)),
        _C * (1 - (1 - _eta * _lam) ** _T) / _lam,
        by=Induction(_T),
        why="Tick by tick: what was laid down $k$ ticks ago has faded $k$ times.",
    )
    d.step(
        "bound",
        _C * (1 - exp(-_m * _T)) / _lam,
        _C / _lam,
        by=Limit(_T, oo),
        why="Held for ever, the pattern is wired in with strength $C/\\lambda$. A tick leaves the "
        "share $1 - \\eta\\lambda$ of a weight, here written $e^{-m}$.",
    )
    d.step(
        "slow",
        _C * (1 - (1 - _eta * _lam) ** (_tau / _eta)) / _lam,
        _C * (1 - exp(-_lam * _tau)) / _lam,
        by=Limit(_eta, 0),
        why="Many small steps in a time $\\tau$: the solution of $\\dot W = C - \\lambda W$.",
    )
    d.assume(
        "tick-without-decay",
        _w(_T + 1),
        _w(_T) + _eta * _C,
        why="The same rule without decay, for a weight $w$.",
    )
    d.assume("start-without-decay", _w(0), 0, why="Again from nothing.")
    d.step(
        "unbounded",
        _w(_T),
        _eta * _C * _T,
        by=Induction(_T),
        using=("tick-without-decay", "start-without-decay"),
        why="Without decay the weight grows in proportion to the time, without end.",
    )


_growth(HEBB)
