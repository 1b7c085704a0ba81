"""The diagonal linear network: one scale that leads from l1 to l2."""

from sympy import (
    Derivative,
    Function,
    Symbol,
    asinh,
    exp,
    log,
    oo,
    simplify,
    sinh,
    sqrt,
    symbols,
)

from theorylab.symbolic import (
    Derivation,
    Interval,
    Limit,
    Rewrite,
    Series,
    SolvesODE,
)

_t = Symbol("t", nonnegative=True)
_u, _v = Function("u", positive=True)(_t), Function("v", positive=True)(_t)
_rho, _nu = Function("rho", real=True)(_t), Function("nu", real=True)(_t)
_beta = Function("beta", real=True)(_t)
_alpha, _x = symbols("alpha x", positive=True)
_z, _b = symbols("z b", real=True)
_q = Function("q", real=True)

DIAGONAL = Derivation(
    "rich_lazy/diagonal",
    title="The diagonal network, from l1 to l2",
    about=(
        "The smallest model with a rich and a lazy regime: linear regression whose coefficients "
        "are written as $\\beta_i = u_i^2 - v_i^2$, all weights starting at $\\alpha$. If many "
        "coefficients fit the data, gradient flow takes those that minimise a function $Q$ that "
        "$\\alpha$ moves from the l1 norm (rich) to the l2 norm (lazy). Below is one coordinate."
    ),
    domain={
        _t: Interval(0, 2),
        _alpha: Interval("1/10", 2),
        _x: Interval(1, 20),
        _z: Interval(-4, 4),
        _b: Interval(-4, 4),
        **{f: Interval("1/10", 3) for f in (_u, _v)},
        **{f: Interval(-2, 2) for f in (_rho, _nu, _beta)},
        _q(_z): Interval(0, 5),
    },
)


def _flow(d: Derivation) -> None:
    d.assume(
        "flow",
        (Derivative(_u, _t), Derivative(_v, _t)),
        (2 * _u * _rho, -2 * _v * _rho),
        why="Gradient flow of half the squared error; $\\rho = X^T(y - X\\beta)$ is minus the "
        "gradient by this coefficient.",
        source="woodworth2020kernel",
    )
    d.step(
        "conserved",
        _u * Derivative(_v, _t),
        -_v * Derivative(_u, _t),
        by=Rewrite(),
        using=("flow",),
        why="So the product $uv$ of the two weights is conserved.",
        source="woodworth2020kernel",
    )
    d.assume(
        "force",
        _rho,
        Derivative(_nu, _t),
        why="$\\nu = \\int_0^t \\rho\\,dt$ adds up what $X^T$ sends back, so that it "
        "is in the row space of $X$.",
    )
    d.assume("force-start", _nu.subs(_t, 0), 0, why="It starts at zero.")
    d.assume(
        "start",
        (_u.subs(_t, 0), _v.subs(_t, 0)),
        (_alpha, _alpha),
        why="All weights start at $\\alpha$: the coefficients start at zero.",
    )
    d.step(
        "weights",
        (_u, _v),
        (_alpha * exp(2 * _nu), _alpha * exp(-2 * _nu)),
        by=SolvesODE(_t),
        using=("flow", "start", "force", "force-start"),
        why="The weights, in terms of what has been learned.",
        source="woodworth2020kernel",
    )
    d.assume("coefficient", _beta, _u**2 - _v**2, why="The coefficient.")
    d.step(
        "coefficients",
        _beta,
        2 * _alpha**2 * sinh(4 * _nu),
        by=Rewrite(how=_exponentials),
        using=("coefficient", "weights"),
        why="The coefficient: a hyperbolic sine of something in the row space of $X$.",
        source="woodworth2020kernel",
    )
    d.step(
        "kernel",
        (_u**2 + _v**2) ** 2,
        _beta**2 + 4 * _alpha**4,
        by=Rewrite(how=_exponentials),
        using=("coefficient", "weights"),
        why="The tangent kernel of this coordinate is $4(u^2 + v^2)$. It is a function of the "
        "coefficient that moves by a small part of itself if $\\alpha^2$ is large: lazy.",
    )


def _penalty(d: Derivation) -> None:
    d.assume(
        "penalty",
        _q(_z),
        2 - sqrt(4 + _z**2) + _z * asinh(_z / 2),
        why="What is minimised, for one coefficient: $Q(\\beta) = \\alpha^2 \\sum_i "
        "q(\\beta_i/\\alpha^2)$.",
        source="woodworth2020kernel, Thm 1",
    )
    d.step(
        "penalty-stable",
        _q(_z),
        _z * asinh(_z / 2) - _z**2 / (2 + sqrt(4 + _z**2)),
        by=Rewrite(how=simplify),
        using=("penalty",),
        why="The same in a form that loses no digits for small arguments.",
    )
    d.step(
        "slope",
        Derivative(_q(_z), _z),
        asinh(_z / 2),
        by=Rewrite(how=simplify),
        using=("penalty",),
        why="Its slope.",
    )
    d.step(
        "curvature",
        Derivative(_q(_z), (_z, 2)),
        1 / sqrt(4 + _z**2),
        by=Rewrite(how=simplify),
        using=("penalty",),
        why="and its curvature: $Q$ is strictly convex, so that there is one minimum.",
    )
    d.assume("coefficient-learned", _b, 2 * _alpha**2 * sinh(4 * _nu), why="The coefficient.")
    d.step(
        "stationary",
        asinh(_b / _alpha**2 / 2),
        4 * _nu,
        by=Rewrite(how=_undone),
        using=("coefficient-learned",),
        why="The slope of $Q$ at the coefficients of gradient flow is in the row space of $X$. If "
        "they fit the data, this is the condition of Karush, Kuhn and Tucker for the least $Q$ "
        "among all coefficients that do.",
        source="woodworth2020kernel, Thm 1",
    )
    d.step(
        "lazy-end",
        2 - sqrt(4 + _z**2) + _z * asinh(_z / 2),
        _z**2 / 4,
        by=Series(_z, 0, 4),
        why="For large $\\alpha$ the argument is small and $Q$ is the squared l2 norm, over "
        "$4\\alpha^2$.",
        source="woodworth2020kernel",
    )
    d.step(
        "rich-end",
        2 - sqrt(4 + _x**2) + _x * asinh(_x / 2) - _x * (log(_x) - 1),
        2,
        by=Limit(_x, oo, how=_logarithms),
        why="For small $\\alpha$ the argument is large and $q$ grows as $z \\log z$: $Q$ is the l1 "
        "norm, times a factor that is nearly the same for all coefficients.",
        source="woodworth2020kernel",
    )


def _undone(expr):
    """For real arguments, asinh undoes sinh."""
    return expr.replace(
        lambda node: isinstance(node, asinh) and isinstance(node.args[0], sinh),
        lambda node: node.args[0].args[0],
    )


def _logarithms(expr):
    return expr.rewrite(log)


def _exponentials(expr):
    return expr.rewrite(exp).expand()


_flow(DIAGONAL)
_penalty(DIAGONAL)
