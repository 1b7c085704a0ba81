"""Two matrices without any alignment: the matrix Riccati equation and its solution."""

from sympy import (
    Derivative,
    Function,
    Integer,
    Integral,
    Matrix,
    Rational,
    Symbol,
    exp,
    symbols,
    transpose,
)

from theorylab.deep_linear.derivations.symbols import K_0, S, rational, t
from theorylab.symbolic import Derivation, Interval, Limit, Primitive, Rewrite

_T = transpose
_HALF = Rational(1, 2)
_w = Symbol("w", real=True)
_z, _s = symbols("z s", positive=True)
_GROWTH = (exp(2 * _w * t) - 1) / (2 * _w)

TWO_LAYER = Derivation(
    "deep_linear/two-layer",
    title="Two matrices, solved",
    about=(
        "With two balanced matrices the whole matrix problem has a solution in closed form, "
        "whatever the singular vectors of the start. Stack the two factors, $Q = (W_1^T; W_2)$, "
        "and let $F$ hold $\\Sigma^T$ above and $\\Sigma$ below its diagonal; then $P = Q Q^T$, "
        "which contains the product $W_2 W_1$, obeys a Riccati equation."
    ),
    domain={
        _w: Interval(-2, 2),
        _s: Interval(0, 2),
        t: Interval(0, 2),
        S: Interval(_HALF, 4),
        K_0: Interval(Rational(1, 100), 1),
        _z: Interval(Rational(1, 10), 2),
    },
)


def _flow(d: Derivation) -> None:
    W1, W2, V1, V2 = symbols(r"W_1 W_2 \dot{W}_1 \dot{W}_2", commutative=False)
    R, Sigma = symbols("R Sigma", commutative=False)
    d.assume("residual", R, Sigma - W2 * W1, why="What the product leaves of the target.")
    d.assume(
        "flow-lower",
        V1,
        _T(W2) * R,
        why="Gradient flow of the first matrix.",
        source="saxe2014exact, General learning dynamics of gradient descent",
    )
    d.assume(
        "flow-upper",
        V2,
        R * _T(W1),
        why="Gradient flow of the second matrix.",
        source="saxe2014exact, General learning dynamics of gradient descent",
    )
    d.assume(
        "balanced",
        _T(W2) * W2,
        W1 * _T(W1),
        why="The two matrices start balanced, and so they stay.",
        source="fukumizu1998effect",
    )
    Q, F = Matrix([_T(W1), W2]), Matrix([[0, _T(Sigma)], [Sigma, 0]])
    d.step(
        "stacked-flow",
        Matrix([_T(V1), V2]),
        F * Q - Q * _turned(Q) * Q / 2,
        by=Rewrite(),
        using=("flow-lower", "flow-upper", "residual", "balanced"),
        why="Block by block this is $\\dot Q = F Q - \\frac12 Q Q^T Q$: balance makes the two "
        "layers play the same part.",
        source="braun2022exact; fukumizu1998effect",
    )


def _pathways(d: Derivation) -> None:
    R, Sigma = symbols("R Sigma", commutative=False)
    A1, A2, B1, B2 = symbols("A_1 A_2 B_1 B_2", commutative=False)
    rates = symbols(r"\dot{A}_1 \dot{A}_2 \dot{B}_1 \dot{B}_2", commutative=False)
    d.assume(
        "shared-residual",
        R,
        Sigma - A2 * A1 - B2 * B1,
        why="Two pathways of two matrices each share one residual.",
        source="kleinman2024critical",
    )
    for name, lower, upper, (rate_lower, rate_upper) in (
        ("a", A1, A2, rates[:2]),
        ("b", B1, B2, rates[2:]),
    ):
        letter = name.upper()
        d.assume(
            f"flow-{name}-lower",
            rate_lower,
            _T(upper) * R,
            why=f"Gradient flow of the first matrix of pathway {letter}.",
        )
        d.assume(
            f"flow-{name}-upper",
            rate_upper,
            R * _T(lower),
            why=f"Gradient flow of the second matrix of pathway {letter}.",
        )
        d.assume(
            f"balanced-{name}",
            _T(upper) * upper,
            lower * _T(lower),
            why=f"Pathway {letter} is balanced.",
        )
    d.assume(
        "balanced-across",
        _T(A2) * B2,
        A1 * _T(B1),
        why="The pathways are balanced with each other, as they are if both are aligned.",
    )
    d.assume("balanced-back", _T(B2) * A2, B1 * _T(A1), why="The transpose of the line before.")
    Q, F = Matrix([[_T(A1), _T(B1)], [A2, B2]]), Matrix([[0, _T(Sigma)], [Sigma, 0]])
    d.step(
        "stacked-pathways",
        Matrix([[_T(rates[0]), _T(rates[2])], [rates[1], rates[3]]]),
        F * Q - Q * _turned(Q) * Q / 2,
        by=Rewrite(),
        using=(
            "flow-a-lower",
            "flow-a-upper",
            "flow-b-lower",
            "flow-b-upper",
            "shared-residual",
            "balanced-a",
            "balanced-b",
            "balanced-across",
            "balanced-back",
        ),
        why="Two pathways of two matrices are one network with the hidden units of both: with a "
        "block column for each pathway, $Q$ obeys the same equation.",
    )


def _riccati(d: Derivation) -> None:
    Q, F, V = symbols(r"Q F \dot{Q}", commutative=False)
    d.assume("flow", V, F * Q - _HALF * Q * _T(Q) * Q, why="The stacked flow, a letter per matrix.")
    d.assume("symmetric", _T(F), F, why="$F$ is symmetric.")
    E, M, Z, P = (Function(name, commutative=False)(t) for name in "EMZP")
    d.assume("square", P, Q * _T(Q), why="The matrix that contains the product of the layers.")
    d.step(
        "riccati",
        V * _T(Q) + Q * _T(V),
        F * P + P * F - P * P,
        by=Rewrite(),
        using=("flow", "symmetric", "square"),
        why="The left side is the rate of change of $P$ by the product rule: the logistic "
        "equation, for matrices.",
        source="fukumizu1998effect; braun2022exact",
    )
    Q0 = Symbol("Q_0", commutative=False)
    d.assume("exponential", Derivative(E, t), F * E, why="$E = e^{Ft}$ is the matrix exponential.")
    d.assume("commute", F * E, E * F, why="It commutes with $F$.")
    d.assume("integral", Derivative(M, t), E * E, why="$M = \\int_0^t e^{2Fs}\\,ds$.")
    d.assume(
        "core",
        Z,
        Q0 * (1 + _T(Q0) * M * Q0) ** -1 * _T(Q0),
        why="The core of the solution, from the start $Q_0$; the matrix to invert has the size of "
        "the hidden layer.",
    )
    d.step(
        "inner",
        Derivative(Z, t),
        -(Z * E * E * Z),
        by=Rewrite(how=_plain),
        using=("core", "integral"),
        why="The core obeys the equation that is left when the linear growth is taken out.",
    )
    d.assume("candidate", P, E * Z * E, why="The claimed solution, grown out of its core.")
    d.step(
        "solution-solves",
        Derivative(P, t),
        F * P + P * F - P * P,
        by=Rewrite(how=_plain),
        using=("candidate", "exponential", "inner", "commute"),
        why="It solves the Riccati equation. Nothing has to be aligned, and no inverse of $F$ is "
        "needed.",
        source="fukumizu1998effect; braun2022exact",
    )
    start = Integer(0)
    d.assume("exponential-start", E.func(start), 1, why="$e^{0} = 1$.")
    d.assume("integral-start", M.func(start), 0, why="The integral starts at $0$.")
    d.assume(
        "core-start", Z.func(start), d.items["core"].rhs.subs(t, 0), why="The core at time $0$."
    )
    d.step(
        "start",
        E.func(start) * Z.func(start) * E.func(start),
        Q0 * _T(Q0),
        by=Rewrite(how=_plain),
        using=("core-start", "exponential-start", "integral-start"),
        why="At time $0$ it is the matrix from which training starts.",
    )


def _modes(d: Derivation) -> None:
    d.step(
        "growth",
        Integral(exp(2 * _w * _s), (_s, 0, t)),
        _GROWTH,
        by=Primitive(t, start=0),
        why="In the eigenbasis of $F$ the integral $M$ is a number for each eigenvalue $w$.",
    )
    d.step(
        "growth-at-zero",
        _GROWTH,
        t,
        by=Limit(_w, 0, dir="+-"),
        why="It stays finite where an eigenvalue vanishes, which always happens if the target has "
        "fewer rows than columns or more; formulas with the inverse of $F$ fail there.",
    )
    d.assume("aligned", _w, S, why="An aligned mode is an eigenvector of $F$ with eigenvalue $S$.")
    d.assume("aligned-start", _z, 2 * K_0, why="Its part of $P$ is twice the strength of the mode.")
    d.step(
        "logistic",
        _z * exp(2 * _w * t) / (1 + _z * _GROWTH) / 2,
        S / (1 + (S / K_0 - 1) * exp(-2 * S * t)),
        by=Rewrite(how=rational),
        using=("aligned", "aligned-start"),
        why="For one aligned mode the solution is the logistic curve of two matrices.",
        source="saxe2014exact, eq. (12)",
    )


def _turned(blocks):
    """The transpose of a matrix of blocks."""
    return blocks.T.applyfunc(_T)


def _plain(expr):
    return expr.doit().expand()


_flow(TWO_LAYER)
_pathways(TWO_LAYER)
_riccati(TWO_LAYER)
_modes(TWO_LAYER)
