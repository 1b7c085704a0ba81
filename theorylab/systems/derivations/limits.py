"""What does not compose: the wrong order of updates, and systems that only look alike."""

from sympy import Derivative, Rational, Symbol, expand, symbols

from theorylab.symbolic import Derivation, Interval, Rewrite

_p, _q, _a, _c = symbols("p q a c", real=True)
_eps = Symbol("epsilon", positive=True)
_next, _late, _right = symbols("q' p_- p_+", real=True)
_w1, _w2, _x, _r = symbols("w_1 w_2 x r", real=True)
_lam = Symbol("lambda", positive=True)
_out = _q * (_p * _a) ** 2
_loss = (_out - _c) ** 2 / 2

LIMITS = Derivation(
    "systems/limits",
    title="What does not compose",
    about=(
        "Two counterexamples that keep the theorem honest. If a layer asks for its input with "
        "weights that it has just changed, the network no longer follows the gradient. And two "
        "networks that compute the same function need not be the same system: they learn "
        "differently."
    ),
    domain={
        **{
            symbol: Interval(-1, 1)
            for symbol in (_p, _q, _a, _c, _next, _late, _right, _w1, _w2, _x, _r)
        },
        _eps: Interval(Rational(1, 10), 1),
        _lam: Interval(Rational(1, 2), 2),
    },
)


def _order(d: Derivation) -> None:
    d.assume(
        "updated",
        _next,
        _q - _eps * Derivative(_loss, _q),
        why="The second layer of the network $q\\,(pa)^2$ takes its gradient step first.",
    )
    d.assume(
        "late",
        _late,
        _p - _eps * 2 * _next * _a * (_p * _a) * (_next * (_p * _a) ** 2 - _c),
        why="The first layer uses the gradient that comes back through the *updated* $q'$.",
    )
    d.assume(
        "right",
        _right,
        _p - _eps * Derivative(_loss, _p),
        why="The first layer steps against the gradient of the loss.",
    )
    d.step(
        "order-defect",
        _late - _right,
        -2
        * _a**4
        * _eps**2
        * _p**3
        * (_a**2 * _p**2 * _q - _c)
        * (_a**6 * _eps * _p**6 * _q - _a**4 * _c * _eps * _p**4 - 2 * _a**2 * _p**2 * _q + _c),
        by=Rewrite(),
        using=("late", "updated", "right"),
        why="The two differ, by a term of second order in the step: too small to be noticed by a "
        "test with a small step, and not zero.",
    )


def _rescaling(d: Derivation) -> None:
    d.assume(
        "residual",
        _r,
        _w1 * _w2 * _x - _c,
        why="The error of the network $w_2 w_1 x$, and of $(w_2/\\lambda)(\\lambda w_1) x$.",
    )
    gain, step = Symbol("K", real=True), Symbol("K_\\lambda", real=True)
    for name, symbol, first, second in (
        ("product", gain, _w1, _w2),
        ("product-rescaled", step, _lam * _w1, _w2 / _lam),
    ):
        d.assume(
            name,
            symbol,
            (first - _eps * second * _x * _r) * (second - _eps * first * _x * _r),
            why="The product of the weights after one gradient step"
            + (", from rescaled weights." if symbol is step else "."),
        )
    d.step(
        "rescaling-defect",
        step - gain,
        -_eps * _x * (_w1 * _w2 * _x - _c) * (_lam**2 - 1) * (_lam**2 * _w1**2 - _w2**2) / _lam**2,
        by=Rewrite(how=expand),
        using=("product", "product-rescaled", "residual"),
        why="The same function before the step, another one after it, unless $\\lambda = 1$ or the "
        "two layers are balanced after rescaling in exchanged order.",
    )


_order(LIMITS)
_rescaling(LIMITS)
