"""The backward map of a layer: the chain rule, and a small network written out."""

from sympy import Derivative, Function, Matrix, Subs, symbols, tanh

from theorylab.symbolic import Derivation, Interval, Rewrite

_x1, _x2, _y1, _y2, _g1, _g2 = symbols("x_1 x_2 y_1 y_2 g_1 g_2", real=True)
_h1, _h2 = symbols("h_1 h_2", real=True)
_F1, _F2, _G1, _G2 = (Function(name, real=True) for name in ("F_1", "F_2", "G_1", "G_2"))
_f1, _f2 = _F1(_x1, _x2), _F2(_x1, _x2)
_W = Matrix(2, 2, symbols("W_11 W_12 W_21 W_22", real=True))
_v = Matrix(1, 2, symbols("v_1 v_2", real=True))
_x, _h = Matrix([_x1, _x2]), Matrix([_h1, _h2])
_L = Function("L", real=True)
_c, _delta = symbols("c delta", real=True)
_d1, _d2 = symbols("delta_1 delta_2", real=True)

BACKPROP = Derivation(
    "systems/backprop",
    title="The backward map",
    about=(
        "A layer at fixed weights is a lens: inputs go forward, gradients come back through the "
        "transposed Jacobian. That lenses compose as layers do is the chain rule."
    ),
    domain={
        **{
            symbol: Interval(-1, 1)
            for symbol in (_x1, _x2, _y1, _y2, _g1, _g2, _h1, _h2, _c, _delta, _d1, _d2, *_W, *_v)
        },
        _f1: Interval(-1, 1),
        _f2: Interval(-1, 1),
        _L(_x1, _x2): Interval(-1, 1),
        _L(*_W, *_v): Interval(0, 2),
    },
)


def _at_the_wire(function, variable):
    """A slope of the second layer, where the first one puts it."""
    inner = Derivative(function(_y1, _y2), variable)
    return Subs(inner, (_y1, _y2), (_f1, _f2))


def _chain(d: Derivation) -> None:
    d.assume(
        "request",
        (_h1, _h2),
        tuple(_g1 * _at_the_wire(_G1, wire) + _g2 * _at_the_wire(_G2, wire) for wire in (_y1, _y2)),
        why="What the second layer sends back on its two wires when it receives the gradient "
        "$(g_1, g_2)$.",
    )
    whole = _L(_x1, _x2)
    d.assume(
        "whole",
        whole,
        _g1 * _G1(_f1, _f2) + _g2 * _G2(_f1, _f2),
        why="The two layers as one function, weighed by the gradient that comes in.",
    )
    d.step(
        "chain",
        tuple(_h1 * Derivative(_f1, wire) + _h2 * Derivative(_f2, wire) for wire in (_x1, _x2)),
        tuple(Derivative(whole, wire) for wire in (_x1, _x2)),
        by=Rewrite(),
        using=("request", "whole"),
        why="Passing it on through the first layer gives the gradient of the whole: backward maps "
        "compose in reverse order.",
    )


def _network(d: Derivation) -> None:
    hidden = (_W * _x).applyfunc(tanh)
    output = (_v * hidden)[0]
    loss = _L(*_W, *_v)
    d.assume(
        "loss",
        loss,
        (output - _c) ** 2 / 2,
        why="Two inputs, two hidden neurons and one output, no bias; wanted is $c$.",
    )
    d.assume("hidden", (_h1, _h2), tuple(hidden), why="What the two hidden neurons show.")
    d.assume("error", _delta, output - _c, why="The gradient that the loss sends to the output.")
    d.assume(
        "hidden-errors",
        (_d1, _d2),
        tuple(_v[k] * (1 - _h[k] ** 2) * _delta for k in range(2)),
        why="What comes back to each hidden neuron, through its weight and the slope of tanh.",
    )
    d.step(
        "output-weights",
        Matrix(1, 2, [_delta * _h1, _delta * _h2]),
        Matrix(1, 2, [Derivative(loss, weight) for weight in _v]),
        by=Rewrite(),
        using=("hidden", "error", "loss"),
        why="The output neuron multiplies what it received by what it was shown.",
    )
    d.step(
        "hidden-weights",
        Matrix(2, 2, [_d1 * _x1, _d1 * _x2, _d2 * _x1, _d2 * _x2]),
        Matrix(2, 2, [Derivative(loss, weight) for weight in _W]),
        by=Rewrite(),
        using=("hidden-errors", "hidden", "error", "loss"),
        why="So do the hidden neurons: each needs only its own wires.",
    )


_chain(BACKPROP)
_network(BACKPROP)
