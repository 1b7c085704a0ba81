"""What gradient flow conserves in every quadratic neuron."""

from sympy import Add, Derivative, Function, Mul, Sum, Symbol, expand, symbols

from theorylab.quadratic.derivations.symbols import e, gamma, i, n
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite

_N = Symbol("N", integer=True, positive=True)
_w_r, _w_g = Function("w^r", real=True), Function("w^g", real=True)
_rate_r, _rate_g = Function(r"\dot{w}^r", real=True), Function(r"\dot{w}^g", real=True)
_x, _delta = Function("x", real=True), Function("delta", real=True)
_r, _g = Function("r", real=True), Function("g", real=True)
_t = Symbol("t", nonnegative=True)
_norm_r, _norm_g = Function("R", positive=True)(_t), Function("G", positive=True)(_t)
_p = Function("p", real=True)(_t)
_mu, _eta = symbols("mu eta", positive=True)
_R, _G, _P, _Q = symbols("R G P Q", positive=True)
_R_next, _G_next = symbols("R' G'", positive=True)
_C, _C_next = symbols("C C'", real=True)
_dot = Symbol("p", real=True)

CONSERVATION = Derivation(
    "quadratic/conservation",
    title="What each neuron conserves",
    about=(
        "The neuron does not change if one form is scaled up and the other down. As always, a "
        "symmetry of the loss is a conserved quantity of gradient flow; here, one for each neuron, "
        "in a network of any depth and for any data."
    ),
    domain={
        n: Integers(1, 4),
        _N: Integers(1, 4),
        i: Integers(0, n),
        e: Integers(1, _N),
        gamma: Interval("1/100", 1),
        _mu: Interval("1/10", 2),
        _eta: Interval("1/100", "1/10"),
        **{f: Interval(-2, 2) for f in (_w_r(i), _w_g(i), _rate_r(i), _rate_g(i), _x(e, i))},
        **{f: Interval(-2, 2) for f in (_delta(e), _r(e), _g(e), _p)},
        **{f: Interval("1/10", 3) for f in (_norm_r, _norm_g)},
        **{symbol: Interval("1/10", 3) for symbol in (_R, _G, _P, _Q, _R_next, _G_next)},
        **{symbol: Interval(-3, 3) for symbol in (_dot, _C, _C_next)},
    },
)


def _flows(d: Derivation) -> None:
    for name, form, weight in (("r", _r, _w_r), ("g", _g, _w_g)):
        d.assume(
            f"form-{name}",
            form(e),
            Sum(weight(i) * _x(e, i), (i, 0, n)),
            why="A form at example $e$; the input $x_{e,0} = 1$ carries the bias.",
        )
    d.assume(
        "flow-r",
        _rate_r(i),
        -Sum(_delta(e) * _g(e) * _x(e, i), (e, 1, _N)),
        why="Gradient flow: $\\delta_e$ is the derivative of the loss by the neuron's value at "
        "example $e$, whatever the layers above make of it.",
    )
    d.assume(
        "flow-g",
        _rate_g(i),
        -gamma * Sum(_delta(e) * _r(e) * _x(e, i), (e, 1, _N)),
        why="The same for the second form, $\\gamma$ times as fast.",
    )
    pair = Sum(_delta(e) * _r(e) * _g(e), (e, 1, _N))
    for name, weight, rate, factor in (("r", _w_r, _rate_r, 1), ("g", _w_g, _rate_g, gamma)):
        d.step(
            f"rate-{name}",
            Sum(2 * weight(i) * rate(i), (i, 0, n)),
            -2 * factor * pair,
            by=Rewrite(how=_one_sum),
            using=(f"flow-{name}", f"form-{name}"),
            why=f"How the squared length of the weights of $ {name} $ changes, the bias included: "
            "the sum over inputs makes the form whole again.",
        )
    d.step(
        "conserved",
        gamma * Sum(2 * _w_r(i) * _rate_r(i), (i, 0, n)),
        Sum(2 * _w_g(i) * _rate_g(i), (i, 0, n)),
        by=Rewrite(),
        using=("rate-r", "rate-g"),
        why="So $\\gamma\\,\\lVert w^r\\rVert^2 - \\lVert w^g\\rVert^2$ never changes.",
    )


def _one_sum(expr):
    """Every term as one sum over its indices, in a fixed order."""
    return Add(*map(_gathered, Add.make_args(expand(expr))))


def _gathered(term):
    factors, limits = [], []
    waiting = list(Mul.make_args(term))
    while waiting:
        factor = waiting.pop()
        if isinstance(factor, Sum):
            limits += factor.limits
            waiting += Mul.make_args(expand(factor.function))
        else:
            factors.append(factor)
    limits.sort(key=str)
    bound = {limit[0] for limit in limits}
    inside = [factor for factor in factors if factor.free_symbols & bound]
    outside = [factor for factor in factors if not factor.free_symbols & bound]
    return Mul(*outside) * Sum(Mul(*inside), *limits) if limits else term


def _departures(d: Derivation) -> None:
    d.assume(
        "decay",
        (Derivative(_norm_r, _t), Derivative(_norm_g, _t)),
        (-2 * _p - 2 * _mu * _norm_r, -2 * gamma * _p - 2 * _mu * _norm_g),
        why="Weight decay $\\mu$ on all weights; $R$ and $G$ are the two squared lengths, and "
        "$p$ is the sum above.",
    )
    d.step(
        "with-decay",
        Derivative(gamma * _norm_r - _norm_g, _t),
        -2 * _mu * (gamma * _norm_r - _norm_g),
        by=Rewrite(),
        using=("decay",),
        why="With weight decay the quantity is forgotten, at twice the rate of the decay.",
    )
    d.assume(
        "quantity",
        (_C, _C_next),
        (gamma * _R - _G, gamma * _R_next - _G_next),
        why="The conserved quantity before and after a step.",
    )
    d.assume(
        "descent",
        (_R_next, _G_next),
        (
            _R - 2 * _eta * _dot + _eta**2 * _P,
            _G - 2 * _eta * gamma * _dot + _eta**2 * gamma**2 * _Q,
        ),
        why="One step of gradient descent; $P$ and $Q$ are the squared lengths of the two "
        "gradients.",
    )
    d.step(
        "drift",
        _C_next - _C,
        _eta**2 * gamma * (_P - gamma * _Q),
        by=Rewrite(),
        using=("quantity", "descent"),
        why="A step violates the law at second order, so that over a fixed time the drift is "
        "proportional to the learning rate.",
    )


_flows(CONSERVATION)
_departures(CONSERVATION)
