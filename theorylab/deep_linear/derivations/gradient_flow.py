"""The gradient of the loss, the balance of layers, and why modes do not mix."""

from math import prod

from sympy import (
    Derivative,
    Function,
    Matrix,
    MatrixSymbol,
    Rational,
    Symbol,
    Trace,
    diag,
    symbols,
    transpose,
)

from theorylab.symbolic import Derivation, Interval, Rewrite, expand_products

_EPS = Symbol("epsilon", positive=True)
_ENTRIES = symbols("a_1:3 b_1:3 p_1:3 S_1:3", real=True)
_OFF = symbols("p_12 p_21", real=True)
_WEIGHTS = symbols(
    " ".join(f"{w}_{i}{j}" for w in "xyz" for i in (1, 2) for j in (1, 2)), real=True
)
_TARGET = symbols("Sigma_11 Sigma_12 Sigma_21 Sigma_22", real=True)
_A, _B, _R = symbols("A B R", commutative=False)
_T = transpose

GRADIENT_FLOW = Derivation(
    "deep_linear/gradient-flow",
    title="Gradient flow of a product of matrices",
    about=(
        "A pathway multiplies its input by $D$ weight matrices in turn. We single out one of them, "
        "$W$, and write $A$ for the product of the layers above it and $B$ for the product of the "
        "layers below it. Nothing else about the depth is used, so the statements hold for every "
        "layer of a network of any depth."
    ),
    domain={
        _EPS: Interval(Rational(1, 10), 1),
        **{s: Interval(-2, 2) for s in (*_ENTRIES, *_OFF, *_WEIGHTS, *_TARGET)},
    },
)


def _gradient(d: Derivation) -> None:
    # All sizes differ, so that a misplaced transpose cannot fit.
    A, W, V = MatrixSymbol("A", 5, 2), MatrixSymbol("W", 2, 3), MatrixSymbol("V", 2, 3)
    B, R, Sigma = MatrixSymbol("B", 3, 4), MatrixSymbol("R", 5, 4), MatrixSymbol("Sigma", 5, 4)
    d.assume(
        "residual",
        Sigma,
        R + A * W * B,
        why="The residual $R$ is what the product of the layers, $A W B$, leaves of the target "
        "$\\Sigma$; the loss is half the sum of its squared entries.",
        source="saxe2014exact, General learning dynamics of gradient descent",
    )
    moved = Sigma - A * (W + _EPS * V) * B
    d.step(
        "gradient",
        Trace(moved.T * moved) / 2,
        Trace(R.T * R) / 2
        - _EPS * Trace(V.T * (A.T * R * B.T))
        + _EPS**2 * Trace((A * V * B).T * (A * V * B)) / 2,
        by=Rewrite(how=expand_products),
        using=("residual",),
        why="Move one layer by $\\epsilon V$: to first order the loss changes by the inner product "
        "of $V$ with $-A^T R B^T$, so this matrix is the gradient with respect to $W$.",
        source="saxe2014exact, General learning dynamics of gradient descent",
    )


def _balance(d: Derivation) -> None:
    W1, W2, V1, V2 = symbols(r"W_1 W_2 \dot{W}_1 \dot{W}_2", commutative=False)
    d.assume(
        "flow-lower",
        V1,
        _T(W2) * _T(_A) * _R * _T(_B),
        why="Gradient flow of a layer $W_1$ that lies below $A W_2$ and above $B$.",
    )
    d.assume(
        "flow-upper",
        V2,
        _T(_A) * _R * _T(_B) * _T(W1),
        why="Gradient flow of the next layer $W_2$, which lies below $A$ and above $W_1 B$.",
    )
    d.step(
        "balance",
        _T(V2) * W2 + _T(W2) * V2,
        V1 * _T(W1) + W1 * _T(V1),
        by=Rewrite(),
        using=("flow-lower", "flow-upper"),
        why="The left side is the rate of change of $W_2^T W_2$, the right side that of "
        "$W_1 W_1^T$: their difference is kept for any residual, hence also through a deficit, "
        "a missing observation or a change of task.",
        source="saxe2014exact; arora2019implicit",
    )


def _aligned(d: Derivation) -> None:
    U, V, P = symbols("U V P", commutative=False)
    X, Y = symbols("X Y", commutative=False)
    W, G = symbols("W G", commutative=False)
    d.assume("basis-out", _T(U) * U, 1, why="$U$ is orthogonal.")
    d.assume("basis-in", _T(V) * V, 1, why="$V$ is orthogonal.")
    d.assume(
        "aligned-above",
        _A,
        U * P * _T(X),
        why="Read the layers above in the output basis $U$ of the target; $P$ is their matrix "
        "there and $X$ the basis at the layer.",
    )
    d.assume(
        "aligned-below",
        _B,
        Y * W * _T(V),
        why="Read the layers below in the input basis $V$ of the target; $W$ is their matrix.",
    )
    d.assume(
        "aligned-residual",
        _R,
        U * G * _T(V),
        why="Read the residual in the two bases of the target.",
    )
    d.step(
        "rotation",
        _T(_A) * _R * _T(_B),
        X * _T(P) * G * _T(W) * _T(Y),
        by=Rewrite(),
        using=("aligned-above", "aligned-below", "aligned-residual", "basis-out", "basis-in"),
        why="In any orthogonal bases the gradient has the same form: a rotated network learns as "
        "the network in its own basis does.",
        source="saxe2014exact, General learning dynamics of gradient descent",
    )
    a1, a2, b1, b2, p1, p2, s1, s2 = _ENTRIES
    loss, off = Function("L")(p1, p2, *_OFF), Matrix([[p1, _OFF[0]], [_OFF[1], p2]])
    residual = diag(s1, s2) - diag(a1, a2) * off * diag(b1, b2)
    d.assume(
        "aligned-loss",
        loss,
        sum(entry**2 for entry in residual) / 2,
        why="Two modes, in the bases of the target. All layers but one are diagonal, with $a_i$ "
        "above and $b_i$ below it; that one has $p_i$ on its diagonal and $p_{ij}$ off it.",
    )
    d.step(
        "modes",
        (-Derivative(loss, p1), -Derivative(loss, _OFF[0])),
        (a1 * b1 * (s1 - a1 * p1 * b1), -((a1 * b2) ** 2) * _OFF[0]),
        by=Rewrite(),
        using=("aligned-loss",),
        cases="two modes, any depth",
        why="Each diagonal entry is driven by the mode's own residual times its own other layers. "
        "An entry off the diagonal is only pulled back to zero: modes do not mix.",
        source="saxe2014exact, Learning dynamics with orthogonal inputs",
    )


def _entrywise(d: Derivation) -> None:
    loss = Function("L")(*_WEIGHTS)
    layers = [Matrix(2, 2, _WEIGHTS[4 * n : 4 * n + 4]) for n in range(3)]
    residual = Matrix(2, 2, _TARGET) - layers[2] * layers[1] * layers[0]
    d.assume(
        "loss",
        loss,
        sum(entry**2 for entry in residual) / 2,
        why="Three layers with entries $x$, $y$, $z$, written out.",
    )
    for number, layer in enumerate(layers):
        above = prod(reversed(layers[number + 1 :]), start=Matrix.eye(2))
        below = prod(reversed(layers[:number]), start=Matrix.eye(2))
        d.step(
            f"gradient-layer-{number + 1}",
            layer.applyfunc(lambda weight: Derivative(loss, weight)),
            -above.T * residual * below.T,
            by=Rewrite(),
            using=("loss",),
            cases="2x2 matrices, D = 3",
            why=f"The gradient of layer {number + 1} of three, entry by entry.",
            source="saxe2014exact, Deeper multilayer dynamics",
        )


_gradient(GRADIENT_FLOW)
_balance(GRADIENT_FLOW)
_aligned(GRADIENT_FLOW)
_entrywise(GRADIENT_FLOW)
