"""Symbols that the chapter's derivations share: matrices of any size, and scales."""

from sympy import Identity, MatrixSymbol, Symbol, Trace, sqrt, symbols

from theorylab.symbolic import Integers, Interval

n = Symbol("d", integer=True, positive=True)  # number of inputs; `d` is a derivation here
N = Symbol("N", integer=True, positive=True)

W_1, w_2 = MatrixSymbol("W_1", N, n), MatrixSymbol("w_2", N, 1)
beta = MatrixSymbol("beta", n, 1)
M, C = MatrixSymbol("M", n, n), MatrixSymbol("C", n, n)
K_0, K_f = MatrixSymbol("K_0", n, n), MatrixSymbol("K_f", n, n)
ONE = Identity(n)

size = Symbol(r"\lVert\beta\rVert", positive=True)
sigma, omega = symbols("sigma omega", positive=True)
PR = Symbol(r"\mathrm{PR}", positive=True)
q, average_q = Symbol("q", positive=True), Symbol(r"\bar{q}", positive=True)

#: Sizes at which counterexamples are looked for; the statements hold for all.
SIZES = {n: Integers(1, 3), N: Integers(1, 3)}
SCALES = {symbol: Interval("1/10", 3) for symbol in (size, sigma, omega)}


def inner(left, right):
    """The product of two columns, a number."""
    return Trace(left.T * right)


def length():
    """What the symbol `size` stands for."""
    return sqrt(inner(beta, beta))


def start_norm(readout):
    """The squared norm of the initial kernel, for readouts of this length."""
    return sigma**4 / PR + 2 * readout**2 * sigma**2 + n * readout**4


def end_kernel():
    """The kernel after training from a small start."""
    return size * ONE + beta * beta.T / size


def alignment(along, ratio=PR, readout=omega):
    """The kernel alignment if the first layer has strength `along` in the direction of the task."""
    norm = start_norm(readout).subs(PR, ratio)
    return (along + sigma**2 + readout**2 * (n + 1)) / (sqrt(n + 3) * sqrt(norm))
