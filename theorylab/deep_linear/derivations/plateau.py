"""Three or more matrices: the time splits into a plateau and a rise."""

from sympy import (
    Derivative,
    Function,
    Integer,
    Integral,
    Rational,
    Sum,
    Symbol,
    atan,
    atanh,
    cos,
    expand,
    expand_trig,
    log,
    pi,
    radsimp,
    sin,
    sqrt,
    symbols,
    together,
)

from theorylab.deep_linear.derivations.roots import over_roots
from theorylab.deep_linear.derivations.symbols import K_0, D, K, S, powers, t, tidy
from theorylab.symbolic import (
    Derivation,
    Induction,
    Integers,
    Interval,
    Primitive,
    Rewrite,
    SolvesODE,
    Telescoping,
)

_x, _x0, _u, _theta = symbols("x x_0 u theta", positive=True)
_N = Symbol("N", integer=True, positive=True)
_j, _k = symbols("j k", integer=True, nonnegative=True)
_m = Symbol("m", integer=True, positive=True)
_layer = Function("p", positive=True)
_p0 = Symbol("p_0", positive=True)
_time = Function("t", real=True)

PLATEAU = Derivation(
    "deep_linear/plateau",
    title="Three or more matrices: plateau and rise",
    about=(
        "For three or more matrices the strength cannot be written as a simple function of time, "
        "but the time can be written as a function of the strength. It splits into a plateau, "
        "which depends on the start alone, and a rise, which does not depend on it at all when "
        "the start is small."
    ),
    domain={
        D: Integers(3, 9),
        S: Interval(Rational(1, 2), 4),
        K_0: Interval(S / 1000, S / 100),
        K: Interval(S / 50, S * Rational(99, 100)),
        _x: Interval(Rational(1, 2), Rational(99, 100)),
        _x0: Interval(Rational(1, 100), Rational(1, 3)),
        _u: Interval(Rational(1, 100), Rational(99, 100)),
        _theta: Interval(0, 6),
        _N: Integers(1, 6),
        _j: Integers(0, 6),
        _k: Integers(0, D - 1),
        _m: Integers(1, D - 1),
        _p0: Interval(Rational(1, 10), Rational(1, 2)),
        _layer(t): Interval(Rational(1, 10), 2),
        t: Interval(0, Rational(1, 10)),
        _time(K): Interval(0, 2),
    },
)


def _time_of_strength(d: Derivation) -> None:
    d.assume(
        "clock",
        Derivative(_time(K), K),
        1 / (D * K ** (2 - Rational(2) / D) * (S - K)),
        why="The flow of a balanced mode, read the other way: $t(K)$ is the time at which the "
        "strength passes $K$.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )
    d.assume("start", _time(K_0), 0, why="The clock starts at the strength $K_0$.")
    low, high = (K_0 / S) ** (1 / D), (K / S) ** (1 / D)
    rise = Integral(_u / (1 - _u**D), (_u, low, high))
    d.step(
        "time",
        _time(K),
        S ** (Rational(2) / D - 2) * ((low ** (2 - D) - high ** (2 - D)) / (D - 2) + rise),
        by=SolvesODE(K, start=K_0, how=(powers, tidy)),
        using=("clock", "start"),
        why="With the relative layer strength $x = (K/S)^{1/D}$ the integrand splits into "
        "$x^{1-D}$, the plateau, and $x/(1-x^D)$, the rise.",
    )


def _rise(d: Derivation) -> None:
    d.step(
        "rise-three",
        Integral(_u / (1 - _u**3), (_u, 0, _x)),
        log((1 + _x + _x**2) / (1 - _x) ** 2) / 6
        - (atan((1 + 2 * _x) / sqrt(3)) - pi / 6) / sqrt(3),
        by=Primitive(_x, start=0, how=(radsimp, together, expand)),
        why="The rise of three matrices.",
    )
    d.step(
        "rise-four",
        Integral(_u / (1 - _u**4), (_u, 0, _x)),
        atanh(_x**2) / 2,
        by=Primitive(_x, start=0),
        why="The rise of four matrices.",
    )
    d.step(
        "geometric",
        Sum(_u ** (1 + _j * D), (_j, 0, _N - 1)),
        _u * (1 - _u ** (_N * D)) / (1 - _u**D),
        by=Induction(_N, start=1, how=(powers, tidy)),
        why="The integrand of the rise as a geometric series, with its remainder.",
    )
    d.step(
        "series-term",
        Integral(_u ** (1 + _j * D), (_u, 0, _x)),
        _x ** (2 + _j * D) / (2 + _j * D),
        by=Primitive(_x, start=0, how=powers),
        why="Term by term this gives the rise for every depth: $\\sum_j x^{2+jD}/(2+jD)$.",
    )
    _roots(d)
    d.step(
        "root-term",
        Integral(_fraction(_u, _theta), (_u, 0, _x)),
        sin(2 * _theta) * atan(_x * sin(_theta) / (1 - _x * cos(_theta)))
        - cos(2 * _theta) * log(1 - 2 * _x * cos(_theta) + _x**2) / 2,
        by=Primitive(_x, start=0, how=_angles),
        why="What each root contributes to the rise: elementary functions only, exact to rounding.",
    )


def _roots(d: Derivation) -> None:
    d.step(
        "root-series",
        Sum(_u**_j * cos((_j - 1) * _theta), (_j, 0, _N - 1)),
        (
            cos(_theta)
            - _u * cos(2 * _theta)
            - _u**_N * (cos((_N - 1) * _theta) - _u * cos((_N - 2) * _theta))
        )
        / (1 - 2 * _u * cos(_theta) + _u**2),
        by=Induction(_N, start=1, how=_angles),
        why="A geometric series with a turning phase. For $N = D$ and a whole turn in $D$ steps, "
        "$D\\theta = 2\\pi k$, the right side is $1 - u^D$ times one partial fraction.",
    )
    angle = 2 * pi * _k / D
    d.step(
        "orthogonality",
        Sum(cos(_m * angle), (_k, 0, D - 1)),
        0,
        by=Telescoping(sin(_m * angle - pi * _m / D) / (2 * sin(pi * _m / D)), _k, how=_angles),
        why="Over a full set of angles every cosine but the constant averages to zero, so only one "
        "power of $u$ survives the sum over the roots.",
    )
    d.step(
        "roots",
        _u / (1 - _u**D),
        Sum(_fraction(_u, angle), (_k, 0, D - 1)) / D,
        by=Rewrite(how=over_roots(_u)),
        cases={D: range(3, 7)},
        why="Partial fractions over the $D$ roots of $u^D = 1$, joined in conjugate pairs; the two "
        "statements above give it for every depth, here it is checked depth by depth.",
    )


def _angles(expr):
    """Over one denominator, in the sine and cosine of single angles, without squared sines."""
    numerator, denominator = together(expand_trig(expr.expand())).as_numer_denom()
    plain = expand(expand_trig(expand(numerator)))
    squared = plain.replace(
        lambda node: node.is_Pow and isinstance(node.base, sin) and node.exp.is_Integer,
        lambda node: (
            (1 - cos(*node.base.args) ** 2) ** (node.exp // 2) * node.base ** (node.exp % 2)
        ),
    )
    return expand(squared) / denominator


def _fraction(u, angle):
    return (cos(angle) - u * cos(2 * angle)) / (1 - 2 * u * cos(angle) + u**2)


def _plateau(d: Derivation) -> None:
    d.assume(
        "plateau-flow",
        Derivative(_layer(t), t),
        S * _layer(t) ** (D - 1),
        why="On the plateau almost nothing is learned yet, and the residual is the whole target.",
    )
    d.assume("plateau-start", _layer(Integer(0)), _p0, why="The layer strength at time $0$.")
    d.step(
        "plateau-growth",
        _layer(t),
        (_p0 ** (2 - D) - (D - 2) * S * t) ** (-1 / (D - 2)),
        by=SolvesODE(t, how=(powers, tidy)),
        using=("plateau-flow", "plateau-start"),
        why="The layers grow faster than any exponential; the formula ends where the plateau does.",
    )
    d.assume("start-strength", K_0, _p0**D, why="The start in terms of the layer strength.")
    d.step(
        "plateau-length",
        S ** (Rational(2) / D - 2) * (K_0 / S) ** ((2 - D) / D) / (D - 2),
        _p0 ** (2 - D) / ((D - 2) * S),
        by=Rewrite(how=(powers, tidy)),
        using=("start-strength",),
        why="The plateau term of the time, from start to (almost) whole target: it is the time at "
        "which the growth above would become infinite.",
    )
    d.step(
        "scaling",
        (D * (S * _x) ** (2 - Rational(2) / D) * (S - S * _x)) / (S * S ** (2 - Rational(2) / D)),
        D * _x ** (2 - Rational(2) / D) * (1 - _x),
        by=Rewrite(how=(powers, tidy)),
        why="In units of its target, and of the time $S^{-(2-2/D)}$, every mode of a given depth "
        "obeys one and the same equation.",
    )


_time_of_strength(PLATEAU)
_rise(PLATEAU)
_plateau(PLATEAU)
