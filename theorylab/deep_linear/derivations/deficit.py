"""A deficit is a change of the handicap; what it leaves behind follows from one root."""

from sympy import (
    Derivative,
    Function,
    Integer,
    Integral,
    Rational,
    Symbol,
    cancel,
    exp,
    expand_log,
    log,
    symbols,
)

from theorylab.deep_linear.derivations.symbols import (
    K_0,
    K_A,
    K_B,
    D,
    S,
    powers,
    r,
    rational,
    t,
    tau,
    tidy,
)
from theorylab.symbolic import (
    Derivation,
    Integers,
    Interval,
    Inverse,
    Primitive,
    Rewrite,
    SolvesODE,
)

_u, _k, _level = symbols("u k ell", positive=True)
_C = Symbol("C", real=True)
_handicap = Function("C", real=True)
_residual = Function("r", positive=True)
_FA, _FB = (Function(name, real=True)(t) for name in ("F_A", "F_B"))
_gate_a, _gate_b = (Function(name, nonnegative=True) for name in ("g_A", "g_B"))
_gA, _gB = symbols("G_A G_B", positive=True)
_pA, _pB, _xA, _xB = symbols("p_A p_B x_A x_B", positive=True)

_TARGET = {
    S: Interval(Rational(1, 2), 4),
    K_A: Interval(S / 100, S * Rational(99, 100)),
    K_B: Interval(S / 100, S * Rational(99, 100)),
    K_0: Interval(S / 1000, S / 100),
    _k: Interval(Rational(1, 100), 4),
}

DEFICIT = Derivation(
    "deep_linear/deficit",
    title="A deficit changes the handicap",
    about=(
        "A deficit of pathway B stops its advance while pathway A runs on. All that it leaves "
        "behind is a change of the handicap, and that change is the error integrated over the "
        "time of the deficit: much when the error is large, nothing when it is gone."
    ),
    domain={
        D: Integers(1, 9),
        **_TARGET,
        t: Interval(0, 3),
        _u: Interval(0, 3),
        r(t): Interval(Rational(1, 10), 3),
        _FA: Interval(-2, 2),
        _FB: Interval(-2, 2),
        _handicap(t): Interval(-2, 2),
        _gate_a(t): Interval(0, 1),
        _gate_b(t): Interval(0, 1),
        _C: Interval(Rational(-2, 5), Rational(2, 5)),
        _gA: Interval(Rational(1, 10), 3),
        _gB: Interval(Rational(1, 10), 3),
    },
)

DOSE = Derivation(
    "deep_linear/dose",
    title="The dose law",
    about=(
        "Two pathways that start equal, and a deficit that falls on the plateau: what B is left "
        "with depends on the depth and on one number, the dose. How small the weights were at "
        "the start does not matter."
    ),
    domain={
        D: Integers(3, 9),
        **_TARGET,
        tau: Interval(Rational(1, 10), 1),
        _C: Interval(Rational(1, 10), 1),
        **{symbol: Interval(Rational(1, 10), 1) for symbol in (_pA, _pB, _xA, _xB)},
    },
)

CLOSING = Derivation(
    "deep_linear/closing",
    title="The closing of the window",
    about=(
        "The harm of a short deficit at time $t$ is proportional to the error $r(t)$ at that "
        "time. For two matrices the error is known for all times, and with it the moment at "
        "which the critical period closes and how long the closing takes."
    ),
    domain={
        **_TARGET,
        t: Interval(0, 3),
        _residual(t): Interval(S / 100, S * Rational(99, 100)),
        _level: Interval(Rational(1, 20), Rational(1, 3)),
    },
)


def _change(d: Derivation) -> None:
    for name, potential, gate in (("a", _FA, _gate_a(t)), ("b", _FB, _gate_b(t))):
        d.assume(
            f"gated-{name}",
            Derivative(potential, t),
            gate * r(t),
            why=f"Pathway {name.upper()} advances only as far as its gate is open: 1 when it "
            "learns, 0 while it is frozen.",
        )
    d.assume("handicap", _handicap(t), _FA - _FB, why="The handicap between the pathways.")
    d.step(
        "handicap-rate",
        Derivative(_handicap(t), t),
        (_gate_a(t) - _gate_b(t)) * r(t),
        by=Rewrite(),
        using=("handicap", "gated-a", "gated-b"),
        why="The handicap changes only while the gates differ: a frozen B lets A run ahead at "
        "the rate of the residual.",
    )
    d.step(
        "handicap-change",
        _handicap(t) - _handicap(Integer(0)),
        Integral((_gate_a(_u) - _gate_b(_u)) * r(_u), (_u, 0, t)),
        by=Primitive(t, start=0),
        using=("handicap-rate",),
        why="The damage is the error integrated over the deficit.",
    )


def _allocation(d: Derivation) -> None:
    def potential(strength):
        return Integral(1 / (D * _k ** (2 - Rational(2) / D)), (_k, K_0, strength))

    d.assume("learned", S, K_A + K_B, why="In the end the two pathways make up the target.")
    gain = D * K_A ** (2 - Rational(2) / D), D * K_B ** (2 - Rational(2) / D)
    d.step(
        "one-root",
        Derivative(potential(K_A) - potential(S - K_A), K_A),
        1 / gain[0] + 1 / gain[1],
        by=Rewrite(how=(powers, tidy)),
        using=("learned",),
        why="Along the line $K_A + K_B = S$ the handicap grows with the strength of A, as both "
        "terms are positive: every handicap has exactly one final allocation.",
    )
    d.assume(
        "handicap-one",
        _C,
        K_A - (S - K_A),
        why="The handicap of one matrix, where $F = K$, at the end.",
    )
    d.step(
        "allocation-one",
        K_A,
        (S + _C) / 2,
        by=Inverse(),
        using=("handicap-one",),
        why="One matrix: the handicap is split evenly.",
    )
    d.assume(
        "handicap-two",
        _C,
        log(K_A / (S - K_A)) / 2,
        why="The handicap of two matrices, where $F = \\frac12\\ln K$, at the end.",
    )
    d.step(
        "allocation-two",
        K_A,
        S / (1 + exp(-2 * _C)),
        by=Inverse(how=rational),
        using=("handicap-two",),
        why="Two matrices: the handicap is an odds ratio.",
    )


def _response(d: Derivation) -> None:
    def potential(strength):
        return Integral(1 / (D * _k ** (2 - Rational(2) / D)), (_k, K_0, strength))

    handicap = potential(S - K_B) - potential(K_B)
    d.assume(
        "gain-a",
        _gA,
        D * (S - K_B) ** (2 - Rational(2) / D),
        why="The gain of pathway A at the end: how fast its strength follows its potential.",
    )
    d.assume(
        "gain-b",
        _gB,
        D * K_B ** (2 - Rational(2) / D),
        why="The gain of pathway B at the end.",
    )
    d.step(
        "response",
        1 / Derivative(handicap, K_B),
        -_gA * _gB / (_gA + _gB),
        by=Rewrite(how=(powers, tidy)),
        using=("gain-a", "gain-b"),
        why="How much of B a small change of the handicap costs in the end: the inverse of the "
        "slope of the handicap along $K_A + K_B = S$.",
    )
    d.assume("even", K_B, S / 2, why="Two pathways that share the target evenly.")
    d.step(
        "susceptibility",
        _gA * _gB / (_gA + _gB),
        D / Integer(2) * (S / 2) ** (2 - Rational(2) / D),
        by=Rewrite(how=(powers, tidy)),
        using=("gain-a", "gain-b", "even"),
        why="The height of the critical period: a deficit that lasts a moment $dt$ at the error "
        "$r$ costs B this number times $r\\,dt$, and the number grows with depth.",
    )


def _dose(d: Derivation) -> None:
    for name, layer, relative in (("a", _pA, _xA), ("b", _pB, _xB)):
        d.assume(
            f"relative-{name}",
            layer,
            S ** (1 / D) * relative,
            why=f"The final layer strength of pathway {name.upper()}, relative to that of the "
            "target.",
        )
    d.assume(
        "handicap",
        _C,
        (_pB ** (2 - D) - _pA ** (2 - D)) / (D - 2),
        why="The handicap of three or more matrices at the end.",
    )
    d.assume(
        "window",
        tau,
        _C / S,
        why="Equal starts, and a freeze of length $\\tau$ on the plateau, where the residual is "
        "$S$: the handicap becomes $C = S\\tau$.",
    )
    d.step(
        "dose-law",
        _xB ** (2 - D) - _xA ** (2 - D),
        (D - 2) * (tau * S ** (2 - Rational(2) / D)),
        by=Rewrite(how=(powers, tidy)),
        using=("window", "handicap", "relative-a", "relative-b"),
        why="The final shares depend on the depth and on the dose $\\tau S^{2-2/D}$ alone, "
        "together with $x_A^D + x_B^D = 1$; the initial strength has dropped out.",
    )
    d.assume(
        "handicap-two",
        _C,
        log(K_A / K_B) / 2,
        why="The handicap of two matrices at the end.",
    )
    d.step(
        "dose-law-two",
        exp(2 * S * tau),
        K_A / K_B,
        by=Rewrite(),
        using=("window", "handicap-two"),
        why="For two matrices the final strengths are as $e^{2S\\tau}$ to one.",
    )


def _closing(d: Derivation) -> None:
    d.assume(
        "residual-flow",
        Derivative(_residual(t), t),
        -2 * (S - _residual(t)) * _residual(t),
        why="Two matrices: the residual is what the total has not learned yet.",
        source="saxe2014exact, Learning dynamics with orthogonal inputs",
    )
    d.assume(
        "start",
        _residual(Integer(0)),
        S - K_0,
        why="Here $K_0$ is the total of both pathways at time $0$.",
    )
    ahead = (S / K_0 - 1) * exp(-2 * S * t)
    d.step(
        "kernel",
        _residual(t),
        S * ahead / (1 + ahead),
        by=SolvesODE(t, how=rational),
        using=("residual-flow", "start"),
        why="The shape of the critical period: flat at $S$ on the plateau, then an edge.",
    )
    d.assume("half", t, log(S / K_0 - 1) / (2 * S), why="The half-time of the total.")
    d.step(
        "edge",
        _residual(t),
        S / 2,
        by=Rewrite(how=rational),
        using=("kernel", "half"),
        why="The harm of a short deficit has fallen to half when half of the mode is learned.",
    )
    d.step(
        "width",
        _passing(1 - _level) - _passing(_level),
        log(1 / _level - 1) / S,
        by=Rewrite(how=(_split_logarithms, cancel)),
        why="From the moment at which a fraction $\\ell$ is learned to that at which $1-\\ell$ "
        "is: the closing takes a time that does not depend on the start.",
    )


def _passing(level):
    """The time at which two matrices have learned the fraction `level`."""
    return log(level * (S - K_0) / (K_0 * (1 - level))) / (2 * S)


def _split_logarithms(expr):
    """Split logarithms of ratios; K_0 < S and l < 1 on the domain, so all parts are positive."""
    m, n = symbols("m n", positive=True)
    plain = expr.subs({S: K_0 * (1 + m), _level: 1 / (1 + n)}, simultaneous=True)
    return expand_log(plain.replace(log, lambda arg: log(cancel(arg))), force=True)


_change(DEFICIT)
_allocation(DEFICIT)
_response(DEFICIT)
_dose(DOSE)
_closing(CLOSING)
