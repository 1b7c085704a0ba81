"""Learners in series and side by side: the learner of the composite is the composite."""

from sympy import (
    Derivative,
    Expr,
    Function,
    Rational,
    Subs,
    asinh,
    cosh,
    expand,
    sinh,
    symbols,
)

from theorylab.symbolic import Derivation, Interval, Inverse, Rewrite

_p, _q, _a, _b, _c, _d, _s, _x, _g, _u = symbols("p q a b c d s x g u", real=True)
_eps = symbols("epsilon", positive=True)
_I, _J, _e = (Function(name, real=True) for name in "IJe")
_first = _I(_p, _a)
_out = _J(_q, _first)
_E, _E_cosh, _E_any, _E_both = (
    Function(name, real=True)(_p, _q, _a) for name in ("E", "E_c", "E_e", "E_2")
)
_slope = Subs(Derivative(_J(_q, _b), _b), _b, _first)


def sinh_of_sums(expr: Expr) -> Expr:
    """Multiply out what stands under hyperbolic sines, and then everything."""
    return expand(expr.replace(sinh, lambda argument: sinh(expand(argument))))


LEARNERS = Derivation(
    "systems/learners",
    title="Backpropagation composes",
    about=(
        "A learner keeps a parameter. Shown an input and a wanted output it changes the parameter "
        "by a step against the gradient of an error, and it asks its neighbour for another input. "
        "Two learners in a row, each of which looks only at its own wires, take together the "
        "gradient step of the whole."
    ),
    domain={
        **{x: Interval(-1, 1) for x in (_p, _q, _a, _b, _c, _d, _s, _x, _g, _u)},
        _eps: Interval(Rational(1, 10), 1),
        _first: Interval(-1, 1),
        _J(_q, _b): Interval(-1, 1),
        **{error: Interval(0, 2) for error in (_E, _E_cosh, _E_any, _E_both)},
    },
)


def _request(d: Derivation) -> None:
    d.assume(
        "gradient",
        _g,
        _b - _s,
        why="The slope of the error $\\frac12(b - s)^2$ in what was shown, $b$; wanted was $s$.",
    )
    d.step(
        "target",
        _s,
        _b - _g,
        by=Inverse(),
        using=("gradient",),
        why="A request in the form of a target: what must have been wanted for this gradient.",
        source="fong2019backprop",
    )
    d.assume(
        "target-cosh",
        _s,
        _b - asinh(_u),
        why="For the error $\\cosh(b - s)$ the request is another function of the gradient $u$.",
        source="fong2019backprop",
    )
    d.step(
        "gradient-cosh",
        sinh(_b - _s),
        _u,
        by=Rewrite(how=sinh_of_sums),
        using=("target-cosh",),
        why="For that target the slope of the error is the gradient that came back. It can be "
        "asked for because the slope of the error can be inverted.",
        source="fong2019backprop",
    )


def _quadratic(d: Derivation) -> None:
    d.assume(
        "request",
        _s,
        _first - _slope * (_out - _c),
        why="What the second learner asks of the first: its input, moved against the gradient of "
        "its own error $\\frac12(J - c)^2$.",
        source="fong2019backprop",
    )
    d.assume("error", _E, (_out - _c) ** 2 / 2, why="The error of the two learners as one.")
    d.step(
        "update",
        _p - _eps * (_first - _s) * Derivative(_first, _p),
        _p - _eps * Derivative(_E, _p),
        by=Rewrite(),
        using=("request", "error"),
        why="The first learner steps towards the target that it was sent; that is a gradient step "
        "on the error of the whole, of which it saw nothing.",
        source="fong2019backprop",
    )
    d.step(
        "request-composes",
        _a - (_first - _s) * Derivative(_first, _a),
        _a - Derivative(_E, _a),
        by=Rewrite(),
        using=("request", "error"),
        why="What the first asks in its turn is what the whole would ask.",
        source="fong2019backprop",
    )


def _hyperbolic(d: Derivation) -> None:
    d.assume(
        "request-cosh",
        _s,
        _first - asinh(_slope * sinh(_out - _c)),
        why="The request of the second learner for the error $\\cosh(J - c)$.",
        source="fong2019backprop",
    )
    d.assume("error-cosh", _E_cosh, cosh(_out - _c), why="The error of the whole.")
    d.step(
        "update-cosh",
        _p - _eps * sinh(_first - _s) * Derivative(_first, _p),
        _p - _eps * Derivative(_E_cosh, _p),
        by=Rewrite(how=sinh_of_sums),
        using=("request-cosh", "error-cosh"),
        why="The same theorem for an error that is not quadratic: the inverse slope in the request "
        "undoes the slope in the update.",
        source="fong2019backprop",
    )


def _general(d: Derivation) -> None:
    d.assume(
        "request-any",
        Derivative(_e(_first, _s), _first),
        _slope * Derivative(_e(_out, _c), _out),
        why="For any error $e$: the target $s$ is chosen so that the slope of the error at the "
        "wire is the gradient that comes back.",
        source="fong2019backprop",
    )
    d.assume("error-any", _E_any, _e(_out, _c), why="The error of the whole.")
    d.step(
        "update-any",
        _p - _eps * Derivative(_e(_first, _s), _first) * Derivative(_first, _p),
        _p - _eps * Derivative(_E_any, _p),
        by=Rewrite(),
        using=("request-any", "error-any"),
        why="Nothing else was used about the error.",
        source="fong2019backprop",
    )


def _parallel(d: Derivation) -> None:
    other = _J(_q, _b)
    whole = _E_both
    d.assume(
        "error-both",
        whole,
        (_first - _c) ** 2 / 2 + (other - _d) ** 2 / 2,
        why="The error of two learners side by side, with the targets $c$ and $d$.",
    )
    d.step(
        "parallel",
        (_p - _eps * Derivative(whole, _p), _q - _eps * Derivative(whole, _q)),
        (
            _p - _eps * (_first - _c) * Derivative(_first, _p),
            _q - _eps * (other - _d) * Derivative(other, _q),
        ),
        by=Rewrite(),
        using=("error-both",),
        why="Side by side, with an error that is a sum over the wires, each takes its own step.",
        source="fong2019backprop",
    )


_request(LEARNERS)
_quadratic(LEARNERS)
_hyperbolic(LEARNERS)
_general(LEARNERS)
_parallel(LEARNERS)
