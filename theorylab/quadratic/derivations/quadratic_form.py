"""The neuron as a quadratic form, and a product as a difference of squares."""

from sympy import Derivative, Function, Rational, symbols

from theorylab.quadratic.derivations.symbols import REAL, b_g, b_r, c, rho_b, rho_g, rho_r
from theorylab.symbolic import Derivation, Rewrite

_x = symbols("x_i x_j", real=True)
_r = symbols("w_{ri} w_{rj}", real=True)
_g = symbols("w_{gi} w_{gj}", real=True)
_b = symbols("w_{bi} w_{bj}", real=True)
_u, _v = symbols("u v", real=True)
_z = Function("z", real=True)(*_x)
_A_ij, _A_ii, _beta_i, _kappa = symbols(r"A_{ij} A_{ii} \beta_i \kappa", real=True)
_quarter = Rational(1, 4)
_plus, _minus = symbols("p q", real=True)


def _form(weights, bias, rest):
    return weights[0] * _x[0] + weights[1] * _x[1] + bias + rest


FORM = Derivation(
    "quadratic/quadratic-form",
    title="The neuron as a quadratic form",
    about=(
        "Multiplied out, the neuron is $x^\\top A x + \\beta^\\top x + \\kappa$. Two of its inputs "
        "are written out and all others gathered in the $\\rho$, which vanish where these are "
        "zero. Off its diagonal the matrix has rank two at most; its diagonal is free."
    ),
    domain={
        symbol: REAL
        for symbol in (
            *(*_x, *_r, *_g, *_b, b_r, b_g, c, rho_r, rho_g, rho_b, _u, _v, _plus, _minus),
            *(_A_ij, _A_ii, _beta_i, _kappa, _z),
        )
    },
)


def _coefficients(d: Derivation) -> None:
    d.assume(
        "neuron",
        _z,
        _form(_r, b_r, rho_r) * _form(_g, b_g, rho_g)
        + _b[0] * _x[0] ** 2
        + _b[1] * _x[1] ** 2
        + c
        + rho_b,
        why="A quadratic neuron, with two of its inputs written out.",
        source="fan2023expressivity",
    )
    d.assume(
        "matrix",
        (_A_ij, _A_ii, _beta_i, _kappa),
        (
            (_r[0] * _g[1] + _g[0] * _r[1]) / 2,
            _r[0] * _g[0] + _b[0],
            b_r * _g[0] + b_g * _r[0],
            b_r * b_g + c,
        ),
        why="$A = \\tfrac12(w_r w_g^\\top + w_g w_r^\\top) + \\operatorname{diag}(w_b)$, "
        "$\\beta = b_r w_g + b_g w_r$ and $\\kappa = b_r b_g + c$, entry by entry.",
    )
    d.assume(
        "origin",
        (*_x, rho_r, rho_g, rho_b),
        (0, 0, 0, 0, 0),
        why="All inputs are zero.",
    )
    d.step(
        "mixed",
        Derivative(_z, *_x),
        2 * _A_ij,
        by=Rewrite(),
        using=("neuron", "matrix"),
        why="Only the product of the two forms mixes inputs.",
    )
    d.step(
        "pure",
        Derivative(_z, (_x[0], 2)),
        2 * _A_ii,
        by=Rewrite(),
        using=("neuron", "matrix"),
        why="The weights of the squares shift the diagonal, and nothing else.",
    )
    d.step(
        "slope",
        Derivative(_z, _x[0]),
        _beta_i,
        by=Rewrite(),
        using=("neuron", "matrix", "origin"),
        why="The slope at the origin.",
    )
    d.step(
        "value",
        _z,
        _kappa,
        by=Rewrite(),
        using=("neuron", "matrix", "origin"),
        why="The value at the origin. Second derivatives, slope and value fix a polynomial of "
        "degree two.",
    )


def _squares(d: Derivation) -> None:
    d.step(
        "polarization",
        _u * _v,
        _quarter * (_u + _v) ** 2 - _quarter * (_u - _v) ** 2,
        by=Rewrite(),
        why="With the forms $u = w_r^\\top x$ and $v = w_g^\\top x$: the product contributes one "
        "positive and one negative square to $A$ at most.",
    )
    d.step(
        "difference-of-squares",
        _plus**2 - _minus**2,
        (_plus + _minus) * (_plus - _minus),
        by=Rewrite(),
        why="And every difference of two squares of linear forms is such a product: the rank-two "
        "part of $A$ can be any form of signature $(1,1)$.",
    )


_coefficients(FORM)
_squares(FORM)
