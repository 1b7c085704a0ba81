"""The dimension of networks with one hidden layer, and what a parameter buys."""

from functools import cache

from sympy import QQ, Function, Integer, Matrix, Min, Symbol
from sympy.polys.matrices import DomainMatrix

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


def square_dimension(inputs, units):
    """The dimension of the forms of rank `units`, at most."""
    rank = Min(units, inputs)
    return inputs * rank - rank * (rank - 1) / 2


def quadratic_dimension(inputs, units):
    """The dimension of the forms of rank twice `units` with a free diagonal, at most."""
    rank = Min(2 * units, inputs)
    return Min(inputs * rank - rank * (rank - 1) / 2 + inputs, inputs * (inputs + 1) / 2)


@cache
def _rank(inputs: int, units: int, quadratic: bool) -> int:
    """The rank of the Jacobian of a shallow network at one rational point, exactly."""
    shape = range(int(units)), range(int(inputs))
    r, g, s = ([[Symbol(f"{name}{k}_{a}") for a in shape[1]] for k in shape[0]] for name in "rgs")
    if not quadratic:
        g, s = r, [[Integer(0)] * int(inputs) for _ in shape[0]]
    entries = [
        sum(r[k][a] * g[k][b] + r[k][b] * g[k][a] + (s[k][a] if a == b else 0) for k in shape[0])
        for a in shape[1]
        for b in range(a + 1)
    ]
    groups = (r, g, s) if quadratic else (r,)
    free = [symbol for group in groups for row in group for symbol in row]
    jacobian = Matrix(entries).jacobian(free)
    point = {symbol: (7 * place**2 + 3 * place + 5) % 101 for place, symbol in enumerate(free)}
    return DomainMatrix.from_Matrix(jacobian.subs(point)).convert_to(QQ).rank()


SIZES = {n: (2, 3, 4, 5), m: (1, 2, 3)}


def _layers(d: Derivation) -> None:
    d.step(
        "square",
        _square(n, m),
        square_dimension(n, m),
        by=Enumerate(SIZES, functions={_square: lambda a, b: _rank(a, b, False)}),
        why="Ranks of the Jacobian in rational arithmetic. The formula is the dimension of the "
        "symmetric matrices of rank $m$.",
    )
    d.step(
        "quadratic",
        _quadratic(n, m),
        quadratic_dimension(n, m),
        by=Enumerate(SIZES, functions={_quadratic: lambda a, b: _rank(a, b, True)}),
        why="The formula is the dimension of the symmetric matrices of rank $2m$ with a free "
        "diagonal, the covariances of a factor analysis with $2m$ factors.",
        source="drton2007algebraic; derived here for these cases",
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
