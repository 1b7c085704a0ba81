"""The race between pathways: one potential for every depth, and what it conserves."""

from sympy import Derivative, Function, Integral, Rational, Symbol, log

from theorylab.deep_linear.derivations.symbols import (
    D,
    lam,
    powers,
    r,
    strength_a,
    strength_b,
    t,
    tidy,
)
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite

_x = Symbol("x", real=True)
_start = Symbol("p_0", real=True)
_layer = {name: Function(f"p_{name}", real=True)(t) for name in "AB"}
_potential = {name: Function(f"F_{name}", real=True)(t) for name in "AB"}
_strength = {"A": strength_a(t), "B": strength_b(t)}

RACE = Derivation(
    "deep_linear/race",
    title="The race between pathways",
    about=(
        "Several pathways serve one mode and share one residual $r$. Measured by a suitable "
        "potential $F$ of its layer strength, every pathway advances at the same rate $r$, "
        "whatever its own strength: they run a race on fixed handicaps."
    ),
    domain={
        D: Integers(1, 9),
        lam: Interval(Rational(1, 4), 2),
        _start: Interval(-1, Rational(1, 2)),
        _x: Interval(-2, 2),
        r(t): Interval(Rational(1, 10), 3),
        **{_layer[name]: Interval(-2, 2) for name in "AB"},
        **{_potential[name]: Interval(-2, 2) for name in "AB"},
        **{_strength[name]: Interval(Rational(1, 10), 3) for name in "AB"},
    },
)


def _speed(x):
    return (x**2 + lam) ** ((D - 1) / 2)


def _unequal(d: Derivation) -> None:
    for name in "AB":
        d.assume(
            f"flow-{name.lower()}",
            Derivative(_layer[name], t),
            _speed(_layer[name]) * r(t),
            why=f"One layer of pathway {name} has strength $p_{name}$ and is driven by the "
            "residual times its $D-1$ other layers, $\\sqrt{p^2 + \\lambda}$ each.",
            source="shi2022learning",
        )
        d.assume(
            f"potential-{name.lower()}",
            _potential[name],
            Integral(1 / _speed(_x), (_x, _start, _layer[name])),
            why=f"The potential of pathway {name}: its layer strength, with every bit of the way "
            "weighed by how slowly the layer passes it.",
        )
    d.step(
        "race",
        Derivative(_potential["A"], t),
        r(t),
        by=Rewrite(),
        using=("potential-a", "flow-a"),
        why="The potential is made so that the pathway's own strength cancels: every pathway "
        "advances at the rate of the shared residual.",
    )
    d.step(
        "conservation",
        Derivative(_potential["A"], t),
        Derivative(_potential["B"], t),
        by=Rewrite(),
        using=("potential-a", "potential-b", "flow-a", "flow-b"),
        why="All pathways advance alike, so the handicap $C = F_A - F_B$ never changes, whatever "
        "the target and however the residual runs.",
    )


def _balanced(d: Derivation) -> None:
    for name in "AB":
        d.assume(
            f"balanced-{name.lower()}",
            Derivative(_strength[name], t),
            D * _strength[name] ** (2 - Rational(2) / D) * r(t),
            why=f"Pathway {name} with equal layers, $\\lambda = 0$.",
            source="saxe2014exact, Deeper multilayer dynamics",
        )
    d.assume("two-matrices", D, 2, why="Pathways of two matrices.")
    a, b = _strength["A"], _strength["B"]
    exponent = Rational(2) / D - 1
    flows = ("balanced-a", "balanced-b")
    d.step(
        "balanced-race",
        Derivative(a**exponent, t),
        -(D - 2) * r(t),
        by=Rewrite(how=(powers, tidy)),
        using=("balanced-a",),
        why="With equal layers the potential is a power of the strength: for three or more "
        "matrices $F = -p^{-(D-2)}/(D-2)$ with $p = K^{1/D}$.",
    )
    d.step(
        "balanced-conservation",
        Derivative(a**exponent, t),
        Derivative(b**exponent, t),
        by=Rewrite(how=(powers, tidy)),
        using=flows,
        why="The competition law: one matrix keeps the difference of the strengths, three or more "
        "keep the difference of their negative powers, which a small head start makes large.",
    )
    d.step(
        "balanced-race-two",
        Derivative(log(a), t),
        2 * r(t),
        by=Rewrite(),
        using=("balanced-a", "two-matrices"),
        why="For two matrices the power is zero and the potential is $F = \\ln p$, half the "
        "logarithm of the strength.",
        source="shi2022learning; derived here",
    )
    d.step(
        "balanced-conservation-two",
        Derivative(log(a), t),
        Derivative(log(b), t),
        by=Rewrite(),
        using=(*flows, "two-matrices"),
        why="Two matrices keep the ratio of the strengths.",
        source="shi2022learning; derived here",
    )


_unequal(RACE)
_balanced(RACE)
