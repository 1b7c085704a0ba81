"""Order and chaos: variance, correlation, and the edge between them, with biases."""

from sympy import (
    Derivative,
    Function,
    Rational,
    Symbol,
    asin,
    exp,
    log,
    pi,
    simplify,
    sqrt,
    symbols,
    tanh,
)

from theorylab.symbolic import Derivation, Interval, Inverse, Rewrite

_q, _w, _b, _chi = symbols("q sigma_w^2 sigma_b^2 chi", positive=True)
_c, _cov = Symbol("c", positive=True), Symbol("r", positive=True)
_F = Function("F", positive=True)
_next = Function("c_+", positive=True)(_c)
_mean = Function("M", positive=True)(_cov)
_G = Function("G", positive=True)(_c)
_depth = Symbol("xi_c", positive=True)

ORDER_CHAOS = Derivation(
    "ntk/order-chaos",
    title="Order, chaos, and the edge between them",
    about=(
        "With general variances of weights and biases the length of the representations moves, "
        "too. At its fixed point the same question decides as before: does a layer shrink or "
        "stretch small differences? The answer is one number, and it is one along a curve."
    ),
    domain={
        _q: Interval(Rational(1, 100), 4),
        _w: Interval(Rational(1, 2), 4),
        _b: Interval(0, 1),
        _c: Interval(0, 1),
        _cov: Interval(0, _q),
        _chi: Interval(Rational(1, 10), 3),
        _F: Interval(0, 1),
        _next: Interval(0, 1),
        _mean: Interval(0, 1),
        _G: Interval(0, 1),
        _depth: Interval(1, 9),
    },
)


def _maps(d: Derivation) -> None:
    d.assume(
        "correlation-map",
        _next,
        (_w * _F(_c) + _b) / _q,
        why="One layer at the fixed variance $q$; $F(c) = \\E[\\varphi(\\sqrt q\\,u)"
        "\\varphi(\\sqrt q\\,v)]$ at correlation $c$.",
        source="poole2016exponential",
    )
    d.assume(
        "price",
        Derivative(_F(_c), _c),
        _q * _G,
        why="Price's theorem: $G(c) = \\E[\\varphi'(\\sqrt q\\,u)\\varphi'(\\sqrt q\\,v)]$.",
        source="poole2016exponential",
    )
    d.step(
        "correlation-slope",
        Derivative(_next, _c),
        _w * _G,
        by=Rewrite(),
        using=("correlation-map", "price"),
        why="The slope of the correlation map. At $c = 1$ it is $\\chi = "
        "\\sigma_w^2\\,\\E\\,\\varphi'(\\sqrt q\\,z)^2$: small differences shrink if $\\chi<1$ "
        "and grow if $\\chi>1$.",
        source="schoenholz2017deep",
    )


def _error_function(d: Derivation) -> None:
    d.assume(
        "erf-mean",
        _mean,
        2 * asin(2 * _cov / (1 + 2 * _q)) / pi,
        why="The mean of $\\operatorname{erf}(x)\\operatorname{erf}(y)$ at variance $q$ and "
        "covariance $r$.",
        source="williams1997computing",
    )
    d.step(
        "erf-slope",
        Derivative(_mean, _cov),
        4 / (pi * sqrt((1 + 2 * _q) ** 2 - 4 * _cov**2)),
        by=Rewrite(how=simplify),
        using=("erf-mean",),
        why="Its derivative by the covariance is the mean product of slopes.",
    )
    d.assume("same", _cov, _q, why="Equal inputs.")
    d.assume(
        "erf-chi",
        _chi,
        4 * _w / (pi * sqrt((1 + 2 * _q) ** 2 - 4 * _cov**2)),
        why="The stretch factor.",
    )
    d.step(
        "erf-susceptibility",
        _chi,
        4 * _w / (pi * sqrt(1 + 4 * _q)),
        by=Rewrite(),
        using=("erf-chi", "same"),
        why="How much the error function stretches small differences at variance $q$.",
    )
    d.assume("erf-weights", _w, pi * sqrt(1 + 4 * _q) / 4, why="The weights of the edge.")
    d.step(
        "erf-edge-weights",
        _chi,
        1,
        by=Rewrite(),
        using=("erf-susceptibility", "erf-weights"),
        why="With these weights $\\chi = 1$.",
    )
    d.assume(
        "erf-variance",
        _b,
        _q - 2 * _w * asin(2 * _q / (1 + 2 * _q)) / pi,
        why="The variance map $q = \\sigma_w^2\\,\\E\\varphi^2 + \\sigma_b^2$, solved for the "
        "biases.",
    )
    d.step(
        "erf-edge",
        _b,
        _q - sqrt(1 + 4 * _q) * asin(2 * _q / (1 + 2 * _q)) / 2,
        by=Rewrite(),
        using=("erf-variance", "erf-weights"),
        why="The edge of chaos of the error function: a curve, run through by the variance $q$.",
    )


def _sine(d: Derivation) -> None:
    d.assume("sine-weights", _w, 2 / (1 + exp(-2 * _q)), why="$\\E\\cos^2 = (1 + e^{-2q})/2$.")
    d.assume("sine-chi", _chi, _w * (1 + exp(-2 * _q)) / 2, why="The stretch factor of the sine.")
    d.step(
        "sine-edge-weights",
        _chi,
        1,
        by=Rewrite(),
        using=("sine-chi", "sine-weights"),
        why="With these weights $\\chi = 1$.",
    )
    d.assume(
        "sine-variance",
        _b,
        _q - _w * (1 - exp(-2 * _q)) / 2,
        why="The variance map of the sine, solved for the biases.",
    )
    d.step(
        "sine-edge",
        _b,
        _q - tanh(_q),
        by=Rewrite(how=lambda e: simplify(e.rewrite(exp))),
        using=("sine-variance", "sine-weights"),
        why="The edge of chaos of the sine.",
    )


def _relu(d: Derivation) -> None:
    d.assume("relu-chi", _chi, _w / 2, why="Half of the units are active, whatever the variance.")
    d.assume(
        "relu-variance",
        _b,
        _q - _w * _q / 2,
        why="The variance map of $\\max(z,0)$, solved for the biases.",
    )
    d.step(
        "relu-edge",
        _b,
        _q * (1 - _chi),
        by=Rewrite(),
        using=("relu-variance", "relu-chi"),
        why="At $\\chi = 1$ there is no room for biases: the edge of the rectifier is the single "
        "point $\\sigma_w^2 = 2$, $\\sigma_b^2 = 0$.",
    )


def _length(d: Derivation) -> None:
    d.assume(
        "e-fold",
        _chi,
        exp(-1 / _depth),
        why="In the ordered phase a small difference shrinks by $\\chi$ in every layer, and by $e$ "
        "in $\\xi_c$ layers.",
        source="schoenholz2017deep",
    )
    d.step(
        "depth-scale",
        _depth,
        -1 / log(_chi),
        by=Inverse(),
        using=("e-fold",),
        why="The depth to which information about a difference travels; it diverges at the edge.",
        source="schoenholz2017deep",
    )


_maps(ORDER_CHAOS)
_error_function(ORDER_CHAOS)
_sine(ORDER_CHAOS)
_relu(ORDER_CHAOS)
_length(ORDER_CHAOS)
