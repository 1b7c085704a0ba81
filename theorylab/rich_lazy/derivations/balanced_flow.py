"""Two matrices under gradient flow: the system for any start, and the balanced case."""

from sympy import (
    Derivative,
    Function,
    ImmutableMatrix,
    MatAdd,
    MatMul,
    Symbol,
    symbols,
    transpose,
)

from theorylab.symbolic import Derivation, Instance, Interval, Rewrite

_T = transpose
_t = Symbol("t", nonnegative=True)
_lam = Symbol("lambda", real=True)
_a, _b = Function("a", real=True)(_t), Function("b", real=True)(_t)
_p, _k = Function("p", real=True)(_t), Function("k", positive=True)(_t)
_s = Symbol("s", positive=True)
_W1, _W2, _V1, _V2 = symbols(r"W_1 W_2 \dot{W}_1 \dot{W}_2", commutative=False)
_S, _E, _C = symbols("S E C", commutative=False)
_A, _B, _D = symbols("A B D", commutative=False)

BALANCED_FLOW = Derivation(
    "rich_lazy/balanced-flow",
    title="Two matrices: any start, and balanced starts",
    about=(
        "With several outputs the function is a matrix $B = W_2 W_1$, and the kernel is made of "
        "$A = W_1^T W_1$ and $D = W_2 W_2^T$. The three move each other, from any start. If the "
        "start is balanced, $W_2^T W_2 - W_1 W_1^T = \\lambda I$, they are the blocks of one "
        "matrix $P$ that obeys a Riccati equation and has a solution in closed form; $\\lambda$ "
        "decides between rich and lazy."
    ),
    domain={
        _lam: Interval(-3, 3),
        _s: Interval("1/10", 3),
        _t: Interval(0, 2),
        **{f: Interval(-2, 2) for f in (_a, _b, _p)},
        _k: Interval("1/10", 3),
    },
)


def _any_start(d: Derivation) -> None:
    d.assume("product", _B, _W2 * _W1, why="The function of the network.")
    d.assume("lower", _A, _T(_W1) * _W1, why="The Gram matrix of the first layer.")
    d.assume("upper", _D, _W2 * _T(_W2), why="The Gram matrix of the second layer.")
    d.assume(
        "flow-lower",
        _V1,
        _T(_W2) * _E,
        why="Gradient flow of the first layer. $E = S - B\\Sigma_x$ is minus the gradient with "
        "respect to the product, with $S$ the covariance of outputs and inputs and $\\Sigma_x$ "
        "that of the inputs; nothing below depends on what $E$ is.",
        source="saxe2014exact",
    )
    d.assume(
        "flow-upper",
        _V2,
        _E * _T(_W1),
        why="Gradient flow of the second layer.",
        source="saxe2014exact",
    )
    d.step(
        "product-flow",
        _V2 * _W1 + _W2 * _V1,
        _D * _E + _E * _A,
        by=Rewrite(),
        using=("flow-lower", "flow-upper", "lower", "upper"),
        why="The function: the tangent kernel acts from both sides, as $I \\otimes A + D \\otimes "
        "I$ does.",
        source="saxe2014exact",
    )
    d.step(
        "lower-flow",
        _T(_V1) * _W1 + _T(_W1) * _V1,
        _T(_B) * _E + _T(_E) * _B,
        by=Rewrite(),
        using=("flow-lower", "product"),
        why="The Gram matrix of the first layer.",
    )
    d.step(
        "upper-flow",
        _V2 * _T(_W2) + _W2 * _T(_V2),
        _E * _T(_B) + _B * _T(_E),
        by=Rewrite(),
        using=("flow-upper", "product"),
        why="And that of the second: the system is closed.",
    )


def _riccati(d: Derivation) -> None:
    d.assume("whitened", _E, _S - _W2 * _W1, why="Whitened inputs, $\\Sigma_x = I$.")
    d.assume(
        "unbalance",
        _C,
        _T(_W2) * _W2 - _W1 * _T(_W1) - _lam,
        why="How far the start is from balance with $\\lambda$; gradient flow keeps it.",
    )
    rates = (
        _T(_V1) * _W1 + _T(_W1) * _V1,
        _V2 * _W1 + _W2 * _V1,
        _V2 * _T(_W2) + _W2 * _T(_V2),
    )
    blocks = (
        _T(_S) * _B + _T(_B) * _S - _lam * _A - _A * _A - _T(_B) * _B,
        _S * _A + _D * _S - _B * _A - _D * _B,
        _S * _T(_B) + _B * _T(_S) + _lam * _D - _B * _T(_B) - _D * _D,
    )
    defect = (-_T(_W1) * _C * _W1, 0, _W2 * _C * _T(_W2))
    layers = ("flow-lower", "flow-upper", "whitened", "product", "lower", "upper")
    d.step(
        "blocks-with-defect",
        rates,
        tuple(block + rest for block, rest in zip(blocks, defect, strict=True)),
        by=Rewrite(),
        using=(*layers, "unbalance"),
        why="The rates of change of $A$, $B$ and $D$ once more, written for a whitened input. Two "
        "terms are left over where the start is not balanced.",
    )
    d.step(
        "balance-kept",
        _T(_V2) * _W2 + _T(_W2) * _V2,
        _V1 * _T(_W1) + _W1 * _T(_V1),
        by=Rewrite(),
        using=("flow-lower", "flow-upper"),
        why="The rates of $W_2^T W_2$ and of $W_1 W_1^T$ are the same, whatever $E$ is: what is "
        "balanced at the start stays so.",
        source="arora2019implicit",
    )
    d.assume("balanced", _C, 0, why="Balance.", source="domine2025lambda")
    d.step(
        "blocks",
        rates,
        blocks,
        by=Rewrite(),
        using=("blocks-with-defect", "balanced"),
        why="With balance nothing is left over.",
        source="domine2025lambda",
    )
    P = ImmutableMatrix([[_A, _T(_B)], [_B, _D]])
    corner = _T(_S) * _D + _A * _T(_S) - _A * _T(_B) - _T(_B) * _D
    F = ImmutableMatrix([[-_lam / 2, _T(_S)], [_S, _lam / 2]])
    d.step(
        "riccati",
        MatAdd(MatMul(F, P), MatMul(P, F), MatMul(-1, P, P), evaluate=False),
        ImmutableMatrix([[blocks[0], corner], [blocks[1], blocks[2]]]),
        by=Rewrite(),
        why="These are the blocks of $FP + PF - P^2$: a Riccati equation.",
        source="domine2025lambda; fukumizu1998effect; braun2022exact",
    )
    d.step(
        "rates",
        MatMul(F, F, evaluate=False),
        ImmutableMatrix([[_lam**2 / 4 + _T(_S) * _S, 0], [0, _lam**2 / 4 + _S * _T(_S)]]),
        by=Rewrite(),
        why="The eigenvalues of $F$ are $\\pm\\sqrt{\\lambda^2/4 + s^2}$ for the singular values "
        "$s$ of the task: they set the speed. If there are more outputs than inputs, the others "
        "are $\\lambda/2$, if fewer, $-\\lambda/2$.",
    )


def _solution(d: Derivation) -> None:
    G, M, Z, P = (Function(name, commutative=False)(_t) for name in ("E_t", "G", "Z", "P"))
    F, P0 = symbols("F P_0", commutative=False)
    d.assume("exponential", Derivative(G, _t), F * G, why="$E_t = e^{Ft}$.")
    d.assume("commute", F * G, G * F, why="It commutes with $F$.")
    d.assume("integral", Derivative(M, _t), G * G, why="$G = \\int_0^t e^{2Fs}\\,ds$.")
    d.assume(
        "core", Z, (1 + P0 * M) ** -1 * P0, why="The core of the solution, from the start $P_0$."
    )
    d.step(
        "core-flow",
        Derivative(Z, _t),
        -Z * G * G * Z,
        by=Rewrite(how=_plain),
        using=("core", "integral"),
        why="What the core obeys.",
    )
    d.assume(
        "boundary",
        (G.subs(_t, 0), M.subs(_t, 0)),
        (1, 0),
        why="At the start $E_0 = I$, and nothing has been integrated.",
    )
    d.step(
        "core-start",
        Z.subs(_t, 0),
        P0,
        by=Instance({_t: 0}),
        using=("core", "boundary"),
        why="It begins at $P_0$.",
    )
    d.assume("candidate", P, G * Z * G, why="The claimed solution.")
    d.step(
        "solution-start",
        P.subs(_t, 0),
        P0,
        by=Instance({_t: 0}),
        using=("candidate", "boundary", "core-start"),
        why="It has the right start.",
    )
    d.step(
        "solution",
        Derivative(P, _t),
        F * P + P * F - P * P,
        by=Rewrite(how=_plain),
        using=("candidate", "exponential", "core-flow", "commute"),
        why="It solves the Riccati equation. Nothing has to be aligned, and $F$ may be singular.",
        source="domine2025lambda; braun2022exact",
    )
    Q, X, G0 = symbols("Q X G_0", commutative=False)
    d.assume(
        "inverse",
        _T(Q) * G0 * Q * X,
        1 - X,
        why="$X$ is the inverse of $I + Q^T G_0 Q$, a matrix of the size of the hidden layer.",
    )
    d.step(
        "factored",
        (1 + Q * _T(Q) * G0) * (Q * X * _T(Q)),
        Q * _T(Q),
        by=Rewrite(),
        using=("inverse",),
        why="So with $P_0 = QQ^T$ the core is $Z = Q X Q^T$: its rank cannot grow.",
        source="braun2022exact",
    )


def _mode(d: Derivation) -> None:
    d.assume(
        "weights",
        (Derivative(_a, _t), Derivative(_b, _t)),
        (_b * (_s - _a * _b), _a * (_s - _a * _b)),
        why="One mode: two numbers whose product is to become $s$.",
    )
    d.assume("mode", _p, _a * _b, why="The strength of the mode.")
    d.assume("mode-kernel", _k, _a**2 + _b**2, why="Its kernel.")
    d.step(
        "mode-flow",
        Derivative(_p, _t),
        _k * (_s - _p),
        by=Rewrite(),
        using=("mode", "mode-kernel", "weights"),
        why="The mode learns at the speed of its kernel.",
    )
    d.step(
        "mode-balance",
        Derivative(_b**2 - _a**2, _t),
        0,
        by=Rewrite(),
        using=("weights",),
        why="The balance $\\lambda = b^2 - a^2$ is kept.",
    )
    d.assume("mode-lambda", _lam, _b**2 - _a**2, why="Call it $\\lambda$.")
    d.step(
        "kernel-of-strength",
        _k**2,
        _lam**2 + 4 * _p**2,
        by=Rewrite(),
        using=("mode-kernel", "mode-lambda", "mode"),
        why="So the kernel is a function of the strength. For $\\lambda = 0$ it grows from nothing "
        "with the mode: rich. For large $|\\lambda|$ of either sign it hardly moves: lazy.",
        source="domine2025lambda; kunin2024get",
    )


def _plain(expr):
    return expr.doit().expand()


_any_start(BALANCED_FLOW)
_riccati(BALANCED_FLOW)
_solution(BALANCED_FLOW)
_mode(BALANCED_FLOW)
