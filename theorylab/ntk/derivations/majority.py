"""Majority vote: what is left of a classifier when all off-diagonal kernel entries agree."""

from sympy import Function, Rational, Symbol, expand, factor, symbols

from theorylab.ntk.derivations.symbols import L
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite

_c, _k, _Y, _ridge, _s = symbols("c kappa Y lambda s", positive=True)
_rest = 1 - _c + _ridge
_n = Symbol("n", integer=True, positive=True)
_v = Symbol(r"\mathbf{1}", commutative=False)
_row = Symbol(r"\mathbf{1}^{\top}", commutative=False)
_K = Function("K", positive=True)

MAJORITY = Derivation(
    "ntk/majority",
    title="Majority vote",
    about=(
        "If every pair of inputs ends at the same correlation, the kernel matrix is a multiple of "
        "the identity plus a constant, and its inverse can be written down. The classifier then "
        "counts labels and does not look at its input."
    ),
    domain={
        _c: Interval(Rational(1, 10), Rational(9, 10)),
        _k: Interval(Rational(1, 10), Rational(9, 10)),
        _Y: Interval(1, 9),
        _ridge: Interval(Rational(1, 10), 3),
        _s: Interval(Rational(1, 10), Rational(9, 10)),
        _n: Integers(1, 9),
        _K: Interval(Rational(1, 10), 3),
        L: Integers(0, 9),
    },
)


def _inverse(d: Derivation) -> None:
    d.assume(
        "ones",
        _row * _v,
        _n,
        why="The vector of ones, for $n$ training points.",
    )
    d.step(
        "sherman-morrison",
        (_rest + _c * _v * _row) * (1 / _rest - _c / (_rest * (_rest + _c * _n)) * _v * _row),
        1,
        by=Rewrite(how=_scalars_first),
        using=("ones",),
        why="The inverse of a kernel matrix with 1 on the diagonal and $c$ beside it, plus a ridge "
        "$\\lambda$, which may be zero.",
    )
    d.step(
        "predictor",
        _c * _Y * (1 / _rest - _c * _n / (_rest * (_rest + _c * _n))),
        _c * _Y / (_rest + _c * _n),
        by=Rewrite(),
        why="A new point has the same correlation $c$ with all training points. The prediction is "
        "a positive multiple of $Y$, the sum of all labels.",
    )


def _tangent(d: Derivation) -> None:
    d.assume(
        "fixed",
        _k,
        _c / (1 - _s),
        why="With $s = \\check\\varphi'(c)$, the slope at the attracting fixed point.",
    )
    d.step(
        "tangent-fixed",
        _c + _s * _k,
        _k,
        by=Rewrite(),
        using=("fixed",),
        why="The value at which the tangent kernel of distinct inputs rests.",
    )
    d.assume(
        "recursion",
        _K(L + 1),
        _c + _s * _K(L),
        why="The recursion of the tangent kernel, once the correlation has settled.",
    )
    d.step(
        "tangent-approach",
        _K(L + 1) - _k,
        _s * (_K(L) - _k),
        by=Rewrite(),
        using=("recursion", "fixed"),
        why="It is approached geometrically, since $s < 1$.",
    )


def _scalars_first(expr):
    """Numbers and multiples of the matrix of ones apart, each factored."""
    expr = expand(expr)
    ones = sum(term.coeff(_v * _row) for term in expr.args)
    rest = expand(expr - ones * _v * _row)
    return factor(rest) + factor(ones) * _v * _row


_inverse(MAJORITY)
_tangent(MAJORITY)
