"""The dimension of networks with one hidden layer, and what a parameter buys."""

from functools import partial

from sympy import Function, Symbol

from theorylab.quadratic.derivations.ranks import exact_rank
from theorylab.quadratic.derivations.symbols import m, n
from theorylab.symbolic import Derivation, Enumerate, Integers, Interval, Rewrite

_square, _quadratic = Function("V", integer=True), Function("W", integer=True)
_S, _Q = Symbol("S", real=True), Symbol("Q", real=True)

SHALLOW = Derivation(
    "quadratic/shallow-dimension",
    title="One hidden layer, counted",
    about=(
        "One hidden layer of $m$ units without biases, and one output: a quadratic form in $n$ "
        "inputs. With squares for activations it is any form of rank $m$. With quadratic neurons "
        "it is any form of rank $2m$ with a free diagonal."
    ),
    domain={
        n: Integers(2, 20),
        m: Integers(1, 8),
        _S: Interval(0, 999),
        _Q: Interval(0, 999),
        _square(n, m): Integers(0, 999),
        _quadratic(n, m): Integers(0, 999),
    },
)


def _layers(d: Derivation) -> None:
    for name, count, quadratic, formula, words in (
        (
            "square",
            _square,
            False,
            n * m - m * (m - 1) / 2,
            "the symmetric matrices of rank $m$",
        ),
        (
            "quadratic",
            _quadratic,
            True,
            2 * n * m - m * (2 * m - 1) + n,
            "the symmetric matrices of rank $2m$ with a free diagonal, which are the covariances "
            "of a factor analysis with $2m$ factors",
        ),
    ):
        functions = {count: partial(exact_rank, quadratic=quadratic)}
        d.step(
            name,
            count(n, m),
            formula,
            by=Enumerate({n: (9, 16), m: (1, 2) if quadratic else (1, 2, 6)}, functions=functions),
            why="Few units: ranks of the Jacobian in rational arithmetic. The formula is the "
            f"dimension of {words}.",
            source="drton2007algebraic; derived here for these cases"
            if quadratic
            else "derived here",
        )
        few = {n: (2, 3, 4), m: (1, 2)} if quadratic else {n: (2, 3), m: (3, 4)}
        d.step(
            f"{name}-full",
            count(n, m),
            n * (n + 1) / 2,
            by=Enumerate(few, functions=functions),
            why="Up to four inputs a single neuron has all dimensions there are."
            if quadratic
            else "With as many units as inputs there is nothing left to gain.",
        )


def _matched(d: Derivation) -> None:
    d.assume(
        "square-narrow",
        _S,
        n * (3 * m) - (3 * m) * (3 * m - 1) / 2,
        why="Squares for activations, with $3m$ units, as many weights as $m$ quadratic neurons "
        "have, and no more units than inputs.",
    )
    d.assume(
        "quadratic-narrow",
        _Q,
        n * (2 * m) - (2 * m) * (2 * m - 1) / 2 + n,
        why="Quadratic neurons, $m$ of them, as long as this is less than all there is.",
    )
    d.step(
        "matched",
        _S - _Q,
        (m - 1) * n - m * (5 * m - 1) / 2,
        by=Rewrite(),
        using=("square-narrow", "quadratic-narrow"),
        why="With equal numbers of weights, one quadratic neuron is ahead by two dimensions; but "
        "two are behind six squares as soon as there are more than nine inputs.",
    )


_layers(SHALLOW)
_matched(SHALLOW)
