"""The second half of ReLinear: slow quadratic parameters, and a pull towards the reference."""

from sympy import Abs, Function, Symbol, expand, factor, simplify, sqrt, symbols

from theorylab.quadratic.derivations.symbols import gamma, k, moduli, relu
from theorylab.symbolic import Derivation, Induction, Integers, Interval, Rewrite

_eta, _alpha, _beta, _mu = symbols("eta alpha beta mu", positive=True)
_y = Function("y", real=True)
_b = Function("b", real=True)
_y_0, _fixed, _slope = symbols("y_0 y_* h", real=True)
_mean, _mean_scaled = symbols("M M'", real=True)
_square, _square_scaled = symbols("V V'", positive=True)
_force = Symbol("F", positive=True)

RELINEAR = Derivation(
    "quadratic/relinear",
    title="Slow steps and a pull",
    about=(
        "ReLinear keeps the quadratic parameters close to the reference point, by smaller steps or "
        "by a pull. What each does to a parameter's distance $y$ from its reference value, and two "
        "ways to do it wrongly."
    ),
    domain={
        k: Integers(0, 6),
        _y(k): Interval(-2, 2),
        _b(k): Interval(-2, 2),
        _y_0: Interval(-2, 2),
        _fixed: Interval(-2, 2),
        _slope: Interval(-2, 2),
        _mean: Interval(-2, 2),
        _mean_scaled: Interval(-2, 2),
        _square: Interval("1/10", 4),
        _square_scaled: Interval("1/10", 4),
        _force: Interval("1/10", 2),
        gamma: Interval("1/100", 1),
        **{symbol: Interval("1/100", "1/2") for symbol in (_eta, _alpha, _beta, _mu)},
    },
)


def _pull(d: Derivation) -> None:
    d.assume("pull-start", _y(0), _y_0, why="The distance from the reference value at the start.")
    d.assume(
        "pull",
        _y(k + 1),
        (1 - _eta * _alpha) * _y(k),
        why="The decoupled pull $\\alpha$, without a gradient.",
    )
    d.step(
        "pull-closed-form",
        _y(k),
        _y_0 * (1 - _eta * _alpha) ** k,
        by=Induction(k, 0, how=simplify),
        using=("pull-start", "pull"),
        why="The distance is forgotten exponentially.",
    )
    d.assume(
        "rest",
        _fixed,
        -gamma * _slope / _alpha,
        why="The candidate for a distance at which pull and gradient $h$ balance.",
    )
    d.step(
        "balance",
        (1 - _eta * _alpha) * _fixed - _eta * gamma * _slope,
        _fixed,
        by=Rewrite(),
        using=("rest",),
        why="They do: a step leaves it where it is. Only the ratio $\\gamma/\\alpha$ matters in "
        "the long run.",
    )
    d.step(
        "threshold",
        relu(_eta * gamma * _force - _eta * _beta),
        _eta * relu(gamma * _force - _beta),
        by=Rewrite(how=(moduli, _factored)),
        why="The pull $\\beta$ cuts $\\eta\\beta$ off the distance after each step: a parameter "
        "with a gradient $F < \\beta/\\gamma$ never leaves its reference value.",
    )


def _factored(expr):
    return expand(expr.replace(Abs, lambda argument: Abs(factor(argument))))


def _wrong_ways(d: Derivation) -> None:
    d.assume(
        "scaled",
        (_mean_scaled, _square_scaled),
        (gamma * _mean, gamma**2 * _square),
        why="The running mean of the gradient and that of its square, if the gradient is scaled by "
        "$\\gamma$ before they are taken.",
    )
    d.step(
        "adam",
        _eta * _mean_scaled / sqrt(_square_scaled),
        _eta * _mean / sqrt(_square),
        by=Rewrite(how=simplify),
        using=("scaled",),
        why="Adam divides one by the root of the other: the step is the same as before.",
    )
    d.assume("bias-start", _b(0), 1, why="The bias of the second form, at its reference value.")
    d.assume(
        "plain-decay",
        _b(k + 1),
        (1 - _eta * _mu) * _b(k),
        why="Plain weight decay pulls it to zero.",
    )
    d.step(
        "plain-decay-closed-form",
        _b(k),
        (1 - _eta * _mu) ** k,
        by=Induction(k, 0, how=simplify),
        using=("bias-start", "plain-decay"),
        why="And with it the whole neuron, towards the point where it is dead.",
    )


_pull(RELINEAR)
_wrong_ways(RELINEAR)
