"""One balanced mode with one or two matrices: closed forms, and the moment of fastest learning."""

from sympy import Derivative, Integer, Rational, exp, factor, log, oo

from theorylab.deep_linear.derivations.symbols import (
    K_0,
    D,
    K,
    S,
    rational,
    shared_power,
    strength,
    t,
    tidy,
)
from theorylab.symbolic import (
    Derivation,
    Integers,
    Interval,
    Inverse,
    Limit,
    Rewrite,
    SolvesODE,
    Stationary,
)

_ALMOST = Rational(99, 100)
_RANGES = {
    S: Interval(Rational(1, 2), 4),
    K_0: Interval(Rational(1, 1000), S / 3),
    K: Interval(S / 100, S * _ALMOST),
    strength(t): Interval(S / 100, S * _ALMOST),
    t: Interval(0, 3),
}

ONE_MODE = Derivation(
    "deep_linear/one-mode",
    title="One mode, one or two matrices",
    about=(
        "A single pathway learns a single mode of target strength $S$. With one matrix per pathway "
        "it approaches the target exponentially; with two it first waits, then rises along a "
        "logistic curve: the simplest plateau."
    ),
    domain={D: Integers(1, 9), **_RANGES},
)

PEAK_SPEED = Derivation(
    "deep_linear/peak-speed",
    title="The moment of fastest learning",
    about=(
        "Learning is slow at first, because the layers are weak, and slow at last, because "
        "little is left to learn. In between there is one moment at which the mode changes "
        "fastest."
    ),
    domain={D: Integers(2, 9), **_RANGES},
)


def _closed_forms(d: Derivation) -> None:
    k = strength(t)
    d.assume(
        "flow",
        Derivative(k, t),
        D * k ** (2 - Rational(2) / D) * (S - k),
        why="The balanced mode with residual $S - K$.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )
    d.assume("start", strength(Integer(0)), K_0, why="The strength at time $0$.")
    d.assume("one-matrix", D, 1, why="A pathway of one matrix.")
    d.assume("two-matrices", D, 2, why="A pathway of two matrices.")
    d.step(
        "depth-one",
        k,
        S - (S - K_0) * exp(-t),
        by=SolvesODE(t),
        using=("flow", "start", "one-matrix"),
        why="With one matrix the equation is linear and there is no plateau.",
        source="saxe2014exact, Learning dynamics with orthogonal inputs",
    )
    d.step(
        "depth-two",
        k,
        S / (1 + (S / K_0 - 1) * exp(-2 * S * t)),
        by=SolvesODE(t, how=rational),
        using=("flow", "start", "two-matrices"),
        why="With two matrices the mode grows along a logistic curve; written with a decaying "
        "exponential it cannot overflow.",
        source="saxe2014exact, eq. (12)",
    )
    d.step(
        "time-one",
        t,
        log((S - K_0) / (S - k)),
        by=Inverse(how=tidy),
        using=("depth-one",),
        why="Solved for the time at which one matrix reaches the strength $K$.",
        source="saxe2014exact, Learning dynamics with orthogonal inputs",
    )
    d.step(
        "time-two",
        t,
        log(k * (S - K_0) / (K_0 * (S - k))) / (2 * S),
        by=Inverse(how=rational),
        using=("depth-two",),
        why="Solved for the time at which two matrices reach the strength $K$.",
        source="saxe2014exact, eq. (11)",
    )
    d.assume("half", k, S / 2, why="The moment at which half of the mode is learned.")
    d.step(
        "half-time-one",
        t,
        log(2 * (1 - K_0 / S)),
        by=Rewrite(how=tidy),
        using=("time-one", "half"),
        why="Half of the mode is learned after a time that hardly depends on the start.",
    )
    d.step(
        "half-time-two",
        t,
        log(S / K_0 - 1) / (2 * S),
        by=Rewrite(how=tidy),
        using=("time-two", "half"),
        why="The plateau of two matrices: weak modes wait longer, and a smaller start lengthens "
        "the wait by its logarithm.",
        source="saxe2014exact, Learning dynamics with orthogonal inputs",
    )


def _fastest(d: Derivation) -> None:
    speed = D * K ** (2 - Rational(2) / D) * (S - K)
    peak = S * (2 * D - 2) / (3 * D - 2)
    d.step(
        "peak",
        K,
        peak,
        by=Stationary(of=speed, kind="max", how=(shared_power(2 - Rational(2) / D), factor)),
        why="The speed $D K^{2-2/D}(S-K)$ is largest here: at half of the target for two matrices, "
        "later for deeper pathways.",
    )
    d.step(
        "peak-at-depth",
        peak / S,
        Rational(2, 3),
        by=Limit(D, oo),
        why="However deep the pathway, the fastest moment comes before two thirds are learned.",
    )
    d.step(
        "infinite-depth",
        speed / D,
        K**2 * (S - K),
        by=Limit(D, oo),
        why="In the time $D\\,t$ the speed has a limit for deep pathways.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )


_closed_forms(ONE_MODE)
_fastest(PEAK_SPEED)
