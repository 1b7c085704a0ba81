"""Where a two-layer linear network ends if it starts from almost nothing."""

from sympy import MatrixSymbol, Symbol, Trace, ZeroMatrix

from theorylab.rich_lazy.derivations.symbols import (
    ONE,
    SCALES,
    SIZES,
    W_1,
    K_f,
    M,
    N,
    beta,
    end_kernel,
    inner,
    length,
    n,
    size,
    w_2,
)
from theorylab.symbolic import Derivation, Interval, Rewrite, expand_products

_C0, _g = MatrixSymbol("C_0", N, N), MatrixSymbol("g", n, 1)
_s = Symbol("s", positive=True)

SMALL_START = Derivation(
    "rich_lazy/small-start",
    title="The end of training from a small start",
    about=(
        "The difference $C_0 = W_1 W_1^T - w_2 w_2^T$ is conserved, so after a start of size "
        "$\\sigma$ it is of size $\\sigma^2$ for ever. As $\\sigma \\to 0$ the trained network "
        "satisfies two equations, $C_0 = 0$ and $g = \\beta$, and these leave nothing open: the "
        "final kernel is the same from every small start from which training gets there. The "
        "others are exceptional, such as $W_1 = -w_2 b^T$ with $b$ along the task: they return to "
        "zero."
    ),
    domain={**SIZES, **SCALES, _s: Interval("1/10", 3)},
)


def _squares(d: Derivation) -> None:
    d.assume("gram", M, W_1.T * W_1, why="The Gram matrix of the first layer.")
    d.assume("readout", _s, Trace(w_2.T * w_2), why="The squared length of the second layer.")
    d.assume("function", _g, W_1.T * w_2, why="The function that the network computes.")
    d.assume("difference", _C0, W_1 * W_1.T - w_2 * w_2.T, why="The conserved difference.")
    d.step(
        "gram-square",
        M * M,
        _g * _g.T + W_1.T * _C0 * W_1,
        by=Rewrite(how=expand_products),
        using=("gram", "function", "difference"),
        why="At any time the square of the Gram matrix is what the function says, up to the "
        "conserved difference.",
    )
    d.step(
        "readout-square",
        _s**2,
        inner(_g, _g) - inner(w_2, _C0 * w_2),
        by=Rewrite(how=expand_products),
        using=("readout", "function", "difference"),
        why="The same for the readout.",
    )


def _end(d: Derivation) -> None:
    d.assume("vanishing", _C0, ZeroMatrix(N, N), why="The limit of a small start.")
    d.assume("learned", _g, beta, why="Training has converged.")
    d.assume("norm", size, length(), why="The length of the target.")
    d.step(
        "gram-end",
        M * M,
        beta * beta.T,
        by=Rewrite(how=expand_products),
        using=("gram-square", "vanishing", "learned"),
        why="The square of the final Gram matrix is given.",
    )
    d.step(
        "readout-end",
        _s**2,
        size**2,
        by=Rewrite(how=expand_products),
        using=("readout-square", "vanishing", "learned", "norm"),
        why="And that of the final readout: its squared length $s$ is $\\lVert\\beta\\rVert$.",
    )
    d.step(
        "gram-root",
        (beta * beta.T / size) * (beta * beta.T / size),
        beta * beta.T,
        by=Rewrite(how=expand_products),
        using=("norm",),
        why="A positive semi-definite matrix has one positive semi-definite root, and this is it.",
    )
    d.assume(
        "gram-final",
        M,
        beta * beta.T / size,
        why="So the first layer has become one direction, that of the task.",
        source="atanasov2022neural",
    )
    d.assume("readout-final", _s, size, why="The root for the readout.")
    d.assume("kernel", K_f, M + _s * ONE, why="The kernel.")
    d.step(
        "kernel-end",
        K_f,
        end_kernel(),
        by=Rewrite(how=expand_products),
        using=("kernel", "gram-final", "readout-final"),
        why="The final kernel: $\\lVert\\beta\\rVert\\,(I + bb^T)$ with $b$ the unit vector along "
        "the task. One direction counts twice.",
        source="atanasov2022neural",
    )
    d.step(
        "kernel-end-norm",
        Trace(K_f * K_f),
        size**2 * (n + 3),
        by=Rewrite(how=expand_products),
        using=("kernel-end", "norm"),
        why="Its squared norm.",
    )
    d.step(
        "kernel-end-task",
        inner(beta, K_f * beta) / size**2,
        2 * size,
        by=Rewrite(how=expand_products),
        using=("kernel-end", "norm"),
        why="How strong it is along the task, $b^T K_f b$.",
    )
    d.step(
        "weights-end",
        Trace(M) + _s,
        2 * size,
        by=Rewrite(how=expand_products),
        using=("gram-final", "readout-final", "norm"),
        why="The squared length of all weights at the end, $\\lVert W_1\\rVert_F^2 + "
        "\\lVert w_2\\rVert^2$. From a vanishing start this is the squared change of the weights, "
        "whatever the rank: in this limit the change of the weights does not tell rich from lazy.",
    )


_squares(SMALL_START)
_end(SMALL_START)
