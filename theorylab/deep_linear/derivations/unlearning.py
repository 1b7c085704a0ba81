"""Target zero: how a mode that is no longer asked for fades."""

from sympy import (
    Derivative,
    Dummy,
    Integer,
    Rational,
    Symbol,
    exp,
    expand_power_base,
    log,
    oo,
    sqrt,
    together,
)

from theorylab.deep_linear.derivations.symbols import (
    K_0,
    D,
    exponents,
    powers,
    r,
    strength,
    t,
    tidy,
)
from theorylab.symbolic import Derivation, Integers, Interval, Inverse, Limit, Rewrite, SolvesODE

_k = strength(t)
_s = Symbol("s", positive=True)
_GAIN = 2 - Rational(2) / D
_FADED = K_0 * (1 + (2 * D - 2) * K_0**_GAIN * t) ** (-D / (2 * D - 2))

UNLEARNING = Derivation(
    "deep_linear/unlearning",
    title="Unlearning",
    about=(
        "After a change of task a mode may no longer be asked for, and a pathway whose input has "
        "become noise is told the same: its target is $0$. The mode then fades, and the layers "
        "that made it slow to learn make it slow to forget."
    ),
    domain={
        D: Integers(2, 9),
        K_0: Interval(Rational(1, 10), 3),
        _k: Interval(Rational(1, 100), 3),
        r(t): Interval(-3, 3),
        t: Interval(0, 3),
        _s: Interval(Rational(1, 10), 3),
    },
)


def _equation(d: Derivation) -> None:
    d.assume(
        "flow",
        Derivative(_k, t),
        D * _k**_GAIN * r(t),
        why="The balanced mode, for any residual.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )
    d.assume("target", r(t), -_k, why="With target $0$ the residual is $-K$.")
    d.assume("start", strength(Integer(0)), K_0, why="The strength when the target disappears.")
    d.step(
        "decay",
        Derivative(_k, t),
        -D * _k ** (3 - Rational(2) / D),
        by=Rewrite(how=powers),
        using=("flow", "target"),
        why="The mode shrinks, and as its own layers carry the gradient it shrinks ever more "
        "slowly.",
    )


def _solution(d: Derivation) -> None:
    d.step(
        "time",
        t,
        (_k ** (-_GAIN) - K_0 ** (-_GAIN)) / (2 * D - 2),
        by=SolvesODE(t, how=(powers, tidy)),
        using=("decay", "start"),
        why="For two or more matrices $K^{-(2-2/D)}$ gains $2D-2$ per unit of time, which gives "
        "the time at which the mode has faded to the strength $K$.",
    )
    d.step(
        "unlearning",
        _k,
        _FADED,
        by=Inverse(how=(powers, tidy)),
        using=("time",),
        why="Two or more matrices forget as a power of time; in this form nothing overflows, "
        "however weak the mode.",
    )
    d.step(
        "inverse-power",
        _FADED,
        (K_0 ** (-_GAIN) + (2 * D - 2) * t) ** (-D / (2 * D - 2)),
        by=Rewrite(how=_in_units_of_start),
        why="The same, as a function of the quantity that grows at a constant rate.",
    )
    d.assume("half", _k, K_0 / 2, why="The moment at which half of the mode has gone.")
    d.step(
        "half-life",
        t,
        (2**_GAIN - 1) / ((2 * D - 2) * K_0**_GAIN),
        by=Rewrite(how=(powers, tidy)),
        using=("time", "half"),
        why="The half-life depends on the strength: a weak memory lasts longer than a strong one.",
    )


def _extremes(d: Derivation) -> None:
    d.assume("flow-one", Derivative(_k, t), r(t), why="With one matrix the gain is $1$.")
    d.step(
        "unlearning-one",
        _k,
        K_0 * exp(-t),
        by=SolvesODE(t),
        using=("flow-one", "target", "start"),
        why="One matrix forgets exponentially: the half-life is the same for every strength.",
    )
    d.step(
        "late",
        _FADED,
        ((2 * D - 2) * t) ** (-D / (2 * D - 2)),
        by=Limit(K_0, oo, how=_at_least_two),
        using=("inverse-power",),
        why="However strong the mode was, after the time $t$ no more than this is left.",
    )
    d.step(
        "deep",
        _FADED.subs(t, _s / D),
        K_0 / sqrt(1 + 2 * K_0**2 * _s),
        by=Limit(D, oo, how=_exponential),
        why="In the time $s = D\\,t$ deep pathways share one law, which ends as $1/\\sqrt{2s}$: "
        "old features leave slowly.",
    )


_UNIT = Dummy("x", positive=True)
_MORE = Dummy("m", integer=True, nonnegative=True)


def _in_units_of_start(expr):
    """With $x = K_0^{2-2/D}$, and every power of a fraction split into two powers."""
    split = exponents(expr.subs(K_0, _UNIT ** (D / (2 * D - 2)))).replace(
        lambda node: node.is_Pow and node.base.is_Add,
        lambda node: expand_power_base(together(node.base) ** node.exp, force=True),
    )
    return exponents(split)


def _at_least_two(expr):
    """Write the depth as 2, 3, ..., so that the signs of exponents show."""
    return exponents(expr.subs(D, 2 + _MORE))


def _exponential(expr):
    return exp(log(expr))


_equation(UNLEARNING)
_solution(UNLEARNING)
_extremes(UNLEARNING)
