"""Symbols that the chapter's derivations share, and simplifiers that suit them."""

from sympy import Abs, Function, Max, Rational, Symbol, symbols

from theorylab.symbolic import Interval

x, w_r, w_g, w_b = symbols("x w_r w_g w_b", real=True)
b_r, b_g, c = symbols("b_r b_g c", real=True)
rho_r, rho_g, rho_b = symbols(r"\rho_r \rho_g \rho_b", real=True)
r, g, s = symbols("r g s", real=True)
u, v = symbols("u v", real=True)
lam = Symbol("lambda", positive=True)
L = Symbol("L", integer=True, positive=True)
l = Symbol("l", integer=True, nonnegative=True)
m = Symbol("m", integer=True, positive=True)
n = Symbol("n", integer=True, positive=True)
i, j, k, e = (Symbol(name, integer=True, nonnegative=True) for name in "ijke")
q, q_0, epsilon = symbols("q q_0 varepsilon", positive=True)
gamma = Symbol("gamma", positive=True)

REAL = Interval(-2, 2)
NEURON = (x, w_r, b_r, w_g, b_g, w_b, c)
REST = (rho_r, rho_g, rho_b)

z = Function("z", real=True)


def affine(weight, bias, rest):
    """One affine form, with one input written out and the others gathered in `rest`."""
    return weight * x + bias + rest


def relu(argument):
    """The rectifier as it is written, not yet simplified by the sign of its argument."""
    return Max(0, argument, evaluate=False)


def moduli(expr):
    """Rectifiers by absolute values, whose squares are known."""
    return expr.replace(Max, _half_sum).expand()


def _half_sum(first, second):
    return (first + second + Abs(first - second)) * Rational(1, 2)
