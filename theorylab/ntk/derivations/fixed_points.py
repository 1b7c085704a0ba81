"""Where the correlation of two inputs ends up: the fixed points of the dual activation."""

from sympy import Derivative, Function, Sum, Symbol, expand, factor, symbols

from theorylab.ntk.derivations.symbols import N, k, weight, xi
from theorylab.symbolic import Derivation, Induction, Integers, Interval, Rewrite

_p = symbols("p_0:6", nonnegative=True)
_g = Function("g", real=True)
_n = Symbol("n", integer=True, nonnegative=True)
_phi = Function(r"\check{\varphi}", real=True)(xi)

FIXED_POINTS = Derivation(
    "ntk/fixed-points",
    title="Fixed points of the dual activation",
    about=(
        "The dual activation is the generating function of a probability distribution on the whole "
        "numbers. Depth iterates it, and where the iteration ends is decided by the mean of the "
        "distribution and by the probability of zero, as in a branching process."
    ),
    domain={
        xi: Interval(0, 1),
        N: Integers(0, 7),
        k: Integers(0, 9),
        _n: Integers(0, 8),
        weight: Interval(0, 1),
        _g: Interval(-2, 2),
        _phi: Interval(0, 1),
        **dict.fromkeys(_p, Interval(0, 1)),
    },
)


def _excess(d: Derivation) -> None:
    d.step(
        "excess",
        Sum(k * weight(k), (k, 0, N)) - Sum(weight(k), (k, 0, N)),
        Sum((k - 1) * weight(k), (k, 0, N)),
        by=Rewrite(how=_split),
        why="With the probabilities adding up to 1, this is $B' - 1 = -p_0 + p_2 + 2p_3 + 3p_4 + "
        "\\dots$: the only negative term is $-p_0$. Without it $B' > 1$, unless the activation is "
        "linear.",
    )
    d.step(
        "term",
        Sum(xi**k, (k, 1, _n)),
        xi * (1 - xi**_n) / (1 - xi),
        by=Induction(_n, start=0, how=(expand, factor)),
        why="Each power minus $\\xi$ has the factor $1-\\xi$: "
        "$\\xi - \\xi^{n+1} = (1-\\xi)(\\xi + \\dots + \\xi^n)$.",
    )


def _quotient(d: Derivation) -> None:
    d.assume(
        "series",
        _phi,
        sum(p * xi**power for power, p in enumerate(_p)),
        why="A dual of degree five.",
    )
    d.assume("normalised", _p[1], 1 - _p[0] - sum(_p[2:]), why="The probabilities add up to 1.")
    inner = _p[0] - sum(
        p * sum(xi**power for power in range(1, degree))
        for degree, p in enumerate(_p)
        if degree > 1
    )
    d.step(
        "quotient",
        _phi - xi,
        (1 - xi) * inner,
        by=Rewrite(),
        using=("series", "normalised"),
        cases="degree at most five",
        why="Fixed points below 1 are the zeros of the second factor. It starts at $p_0$ and "
        "falls.",
    )
    d.step(
        "quotient-at-one",
        inner.subs(xi, 1),
        1 - sum(power * p for power, p in enumerate(_p)),
        by=Rewrite(),
        using=("normalised",),
        cases="degree at most five",
        why="At 1 the second factor is $1 - B'$.",
    )
    falls = sum(
        p * sum(power * xi ** (power - 1) for power in range(1, degree))
        for degree, p in enumerate(_p)
        if degree > 1
    )
    d.step(
        "quotient-falls",
        Derivative(inner, xi),
        -falls,
        by=Rewrite(),
        cases="degree at most five",
        why="It falls, so that it has at most one zero: one if $p_0 > 0$ and $B' > 1$, none "
        "otherwise (except 0 itself if $p_0 = 0$).",
    )


def _slope(d: Derivation) -> None:
    d.assume(
        "factored",
        _phi,
        xi + (1 - xi) * _g(xi),
        why="The same for every dual, with the second factor as a function.",
    )
    d.step(
        "slope",
        Derivative(_phi, xi),
        1 - _g(xi) + (1 - xi) * Derivative(_g(xi), xi),
        by=Rewrite(),
        using=("factored",),
        why="Where the second factor vanishes, at a fixed point $c < 1$, its negative slope makes "
        "$\\check\\varphi'(c) < 1$: the fixed point attracts. At 1 the slope is $1 - g(1) = B'$.",
    )


def _split(expr):
    """A sum of a sum, term by term, with numbers in front."""

    def in_front(node):
        number, rest = node.function.as_coeff_Mul()
        return number * Sum(rest, *node.limits)

    return expand(expand(expr).replace(lambda node: isinstance(node, Sum), in_front))


_excess(FIXED_POINTS)
_quotient(FIXED_POINTS)
_slope(FIXED_POINTS)
