"""Bounds for the number of pieces along a line."""

from sympy import Derivative, Function, Product, Symbol, expand, simplify

from theorylab.quadratic.derivations.symbols import L, i, m
from theorylab.symbolic import Derivation, Induction, Instance, Integers, Interval, Rewrite

_pieces, _lines = Function("P", positive=True), Function("Q", positive=True)
_a, _x = Symbol("a", positive=True), Symbol("x", positive=True)
_h = Function("h", positive=True)

PIECES = Derivation(
    "quadratic/pieces",
    title="Pieces along a line",
    about=(
        "On a line, layer $i$ of a quadratic network sees a polynomial of degree at most $2^i$ on "
        "each piece that the layers below have made, and each of its units can cut that piece at "
        "every root. A unit of a conventional network cuts it once."
    ),
    domain={
        L: Integers(1, 4),
        i: Integers(1, 4),
        m: Integers(1, 5),
        _a: Interval("1/4", 3),
        _x: Interval("1/4", 3),
        _pieces(L): Interval(1, 99),
        _lines(L): Interval(1, 99),
        _h(L): Interval("1/9", 9),
    },
)


def _bounds(d: Derivation) -> None:
    for name, count, roots, words in (
        ("quadratic", _pieces, 2 ** (L + 1), "a polynomial of degree $2^{L+1}$"),
        ("conventional", _lines, 1, "an affine function"),
    ):
        d.assume(
            f"{name}-start",
            count(0),
            1,
            why="Before the first layer a line is one piece.",
        )
        d.assume(
            f"{name}-layer",
            count(L + 1),
            count(L) * (1 + roots * m),
            why=f"Layer $L+1$ has $m$ units; on each piece, each is {words} before its rectifier, "
            "and cuts it at most at its roots. This is the most that can happen.",
        )
    d.step(
        "quadratic",
        _pieces(L),
        Product(1 + 2**i * m, (i, 1, L)),
        by=Induction(L, 0, how=(_last_factor, expand)),
        using=("quadratic-start", "quadratic-layer"),
        why="The bound for a quadratic network of $L$ layers of $m$ units, whatever its weights.",
    )
    d.step(
        "conventional",
        _lines(L),
        (1 + m) ** L,
        by=Induction(L, 0, how=simplify),
        using=("conventional-start", "conventional-layer"),
        why="The bound for a conventional network with rectifiers.",
        source="montufar2014number; derived here for a line",
    )
    d.step(
        "one-layer",
        _pieces(1),
        2 * m + 1,
        by=Instance({L: 1}, how=lambda expr: expr.doit()),
        using=("quadratic",),
        why="One hidden layer: two roots for each unit.",
    )


def _last_factor(expr):
    """Take the last factor out of a product that ends at L + 1."""
    return expr.replace(
        lambda node: isinstance(node, Product) and node.limits[0][2] == L + 1,
        lambda node: Product(node.function, (i, 1, L)) * node.function.subs(i, L + 1),
    )


def _chain(d: Derivation) -> None:
    d.assume("chain-start", _h(0), _x, why="A chain of squaring units, one in each layer.")
    d.assume("chain-layer", _h(L + 1), _a * _h(L) ** 2, why="Each multiplies by $a$ as well.")
    d.step(
        "chain",
        _h(L),
        _a ** (2**L - 1) * _x ** (2**L),
        by=Induction(L, 0, how=simplify),
        using=("chain-start", "chain-layer"),
        why="The degree and the exponent of the weight double with every layer.",
    )
    d.step(
        "chain-slope",
        Derivative(_a ** (2**L - 1) * _x ** (2**L), _x),
        2**L * (_a * _x) ** (2**L) / (_a * _x),
        by=Rewrite(how=simplify),
        why="For $\\lvert ax\\rvert < 1$ value and slope vanish with depth, for "
        "$\\lvert ax\\rvert > 1$ they explode, both as an exponential of an exponential.",
    )


_bounds(PIECES)
_chain(PIECES)
