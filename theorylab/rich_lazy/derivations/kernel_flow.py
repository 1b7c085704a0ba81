"""A two-layer linear network without its weights: function and kernel move each other."""

from sympy import Identity, MatrixSymbol, Symbol, Trace, symbols

from theorylab.rich_lazy.derivations.symbols import SIZES, W_1, N, inner, n, size, w_2
from theorylab.symbolic import Derivation, Interval, Rewrite, expand_products

_I = Identity(n)
_x, _z, _e = (MatrixSymbol(name, n, 1) for name in ("x", "x'", "e"))
_V1, _v2 = MatrixSymbol(r"\dot{W}_1", N, n), MatrixSymbol(r"\dot{w}_2", N, 1)
_U, _u = MatrixSymbol("U", N, n), MatrixSymbol("u", N, 1)
_g, _dg = MatrixSymbol("g", n, 1), MatrixSymbol(r"\dot{g}", n, 1)
_K, _dK = MatrixSymbol("K", n, n), MatrixSymbol(r"\dot{K}", n, n)
_M, _dM = MatrixSymbol("M", n, n), MatrixSymbol(r"\dot{M}", n, n)
_C0 = MatrixSymbol("C_0", N, N)
_s, _ds = Symbol("s", positive=True), Symbol(r"\dot{s}", real=True)
_one, _two = symbols("I_1 I_2", real=True)
_eps = Symbol("epsilon", positive=True)

KERNEL_FLOW = Derivation(
    "rich_lazy/kernel-flow",
    title="The function and its kernel, without the weights",
    about=(
        "A network with one hidden layer, $f(x) = w_2^T W_1 x$, computes the linear function "
        "$g^T x$ with $g = W_1^T w_2$. Its tangent kernel is $x^T K x'$. Under gradient flow the "
        "pair $(g, K)$ obeys equations of its own: how many hidden units there are and which "
        "weights they have no longer matters. All statements hold for any sizes."
    ),
    domain={
        **SIZES,
        _eps: Interval("1/10", 1),
        _s: Interval("1/10", 3),
        size: Interval("1/10", 3),
        **{symbol: Interval(-3, 3) for symbol in (_ds, _one, _two)},
    },
)


def _kernel(d: Derivation) -> None:
    d.step(
        "gradient-first",
        inner(w_2, (W_1 + _eps * _U) * _x) - inner(w_2, W_1 * _x),
        _eps * Trace(_U.T * (w_2 * _x.T)),
        by=Rewrite(how=expand_products),
        why="Moving $W_1$ by $\\epsilon U$ changes the output by the inner product of $U$ with "
        "$w_2 x^T$: this is the gradient with respect to the first layer.",
    )
    d.step(
        "gradient-second",
        inner(w_2 + _eps * _u, W_1 * _x) - inner(w_2, W_1 * _x),
        _eps * inner(_u, W_1 * _x),
        by=Rewrite(how=expand_products),
        why="Likewise the gradient with respect to the second layer is $W_1 x$.",
    )
    d.assume(
        "gram",
        _M,
        W_1.T * W_1,
        why="The Gram matrix of the first layer: which input directions it passes on.",
    )
    d.assume("readout", _s, Trace(w_2.T * w_2), why="The squared length of the second layer.")
    d.assume("kernel-matrix", _K, _M + _s * _I, why="The matrix of the tangent kernel.")
    d.step(
        "kernel",
        Trace((w_2 * _x.T).T * (w_2 * _z.T)) + inner(W_1 * _x, W_1 * _z),
        Trace(_x.T * _K * _z),
        by=Rewrite(how=expand_products),
        using=("kernel-matrix", "gram", "readout"),
        why="The tangent kernel is the inner product of the gradients at two inputs: a part from "
        "the first layer's gradient, which knows no direction, and a part from the second's.",
        source="jacot2018neural; atanasov2022neural",
    )


def _flow(d: Derivation) -> None:
    d.assume("function", _g, W_1.T * w_2, why="The linear function that the network computes.")
    d.assume(
        "flow-first",
        _V1,
        w_2 * _e.T,
        why="Gradient flow of $\\frac12\\lVert\\beta - g\\rVert^2$, the mean squared error on "
        "whitened inputs with targets $\\beta^T x$; $e = \\beta - g$ is what is left to learn.",
        source="saxe2014exact",
    )
    d.assume("flow-second", _v2, W_1 * _e, why="Gradient flow of the second layer.")
    d.step(
        "balance",
        _V1 * W_1.T + W_1 * _V1.T,
        _v2 * w_2.T + w_2 * _v2.T,
        by=Rewrite(how=expand_products),
        using=("flow-first", "flow-second"),
        why="The left side is the rate of change of $W_1 W_1^T$, the right side that of "
        "$w_2 w_2^T$: their difference $C_0$ never changes.",
        source="saxe2014exact; arora2019implicit",
    )
    d.assume("function-rate", _dg, _V1.T * w_2 + W_1.T * _v2, why="The product rule for $g$.")
    d.step(
        "function-flow",
        _dg,
        _K * _e,
        by=Rewrite(how=expand_products),
        using=("function-rate", "flow-first", "flow-second", "kernel-matrix", "gram", "readout"),
        why="The function is driven by the error, filtered by the kernel.",
        source="jacot2018neural",
    )
    d.assume("gram-rate", _dM, _V1.T * W_1 + W_1.T * _V1, why="The product rule for $M$.")
    d.step(
        "gram-flow",
        _dM,
        _g * _e.T + _e * _g.T,
        by=Rewrite(how=expand_products),
        using=("gram-rate", "flow-first", "function"),
        why="The Gram matrix grows by what the network already does times what it still has to "
        "learn.",
    )
    d.assume("readout-rate", _ds, 2 * inner(w_2, _v2), why="The product rule for $s$.")
    d.step(
        "readout-flow",
        _ds,
        2 * inner(_g, _e),
        by=Rewrite(how=expand_products),
        using=("readout-rate", "flow-second", "function"),
        why="So does the readout.",
    )
    d.assume("kernel-rate", _dK, _dM + _ds * _I, why="The rate of change of $K = M + sI$.")
    d.step(
        "kernel-flow",
        _dK,
        _g * _e.T + _e * _g.T + 2 * inner(_g, _e) * _I,
        by=Rewrite(how=expand_products),
        using=("kernel-rate", "gram-flow", "readout-flow"),
        why="The kernel is moved by the function and the error alone: with the equation of $g$ the "
        "system is closed.",
    )


def _invariants(d: Derivation) -> None:
    d.step(
        "first-invariant",
        Trace(_dM),
        _ds,
        by=Rewrite(how=expand_products),
        using=("gram-flow", "readout-flow"),
        why="$I_1 = \\operatorname{Tr} M - s$ is conserved.",
    )
    d.step(
        "second-invariant",
        2 * Trace(_M * _dM) + 2 * _s * _ds,
        4 * inner(_g, _dg),
        by=Rewrite(how=expand_products),
        using=("function-flow", "gram-flow", "readout-flow", "kernel-matrix", "gram"),
        why="$I_2 = \\operatorname{Tr} M^2 - 2\\lVert g\\rVert^2 + s^2$ is conserved.",
    )
    d.assume("difference", _C0, W_1 * W_1.T - w_2 * w_2.T, why="What is conserved as a matrix.")
    d.step(
        "first-trace",
        Trace(_C0),
        Trace(_M) - _s,
        by=Rewrite(how=expand_products),
        using=("difference", "gram", "readout"),
        why="The invariants of the closed system are traces of it: the first.",
    )
    d.step(
        "second-trace",
        Trace(_C0 * _C0),
        Trace(_M * _M) - 2 * inner(_g, _g) + _s**2,
        by=Rewrite(how=expand_products),
        using=("difference", "gram", "readout", "function"),
        why="and the second.",
    )
    d.step(
        "kernel-norm",
        Trace(_K * _K),
        Trace(_M * _M) + 2 * _s * Trace(_M) + n * _s**2,
        by=Rewrite(how=expand_products),
        using=("kernel-matrix",),
        why="The squared norm of the kernel.",
    )
    d.assume(
        "at-the-end",
        (Trace(_M), Trace(_M * _M)),
        (_one + _s, _two + 2 * size**2 - _s**2),
        why="The invariants at the end of training, where $g = \\beta$.",
    )
    d.step(
        "final-norm",
        Trace(_K * _K),
        _two + 2 * size**2 + 2 * _s * _one + (n + 1) * _s**2,
        by=Rewrite(),
        using=("kernel-norm", "at-the-end"),
        why="The norm of the final kernel from any start: of the end it needs only the length of "
        "the readout.",
    )


_kernel(KERNEL_FLOW)
_flow(KERNEL_FLOW)
_invariants(KERNEL_FLOW)
