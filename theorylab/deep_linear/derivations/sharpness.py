"""The curvature of the loss at its minima, and which of them large steps can hold."""

from sympy import Derivative, Function, Matrix, Rational, Sum, Symbol, symbols

from theorylab.deep_linear.derivations.symbols import K_A, K_B, D, S, eta, exponents, powers, tidy
from theorylab.symbolic import Bound, Derivation, Integers, Interval, Rewrite

_x, _y = symbols("x y", real=True)
_total = Function("f", real=True)(_x, _y)
_loss = Function("L", real=True)(_x, _y)
_p, _q, _Lambda = symbols("p q Lambda", positive=True)
_k = Function("K", positive=True)(_p)
_distance = Symbol("delta", real=True)
_l, _P = (Symbol(name, integer=True, positive=True) for name in ("l", "P"))
_n = Symbol("n", integer=True, nonnegative=True)
_along = Function("Lambda", positive=True)(K_A)
_SHARE = Rational(2) / D
_EXPONENT = 2 - _SHARE

SHARPNESS = Derivation(
    "deep_linear/sharpness",
    title="Sharpness of the minima",
    about=(
        "Every split of the target between the pathways is a minimum of the loss, but not every "
        "one is equally sharp. Gradient descent with a large step can only rest where the "
        "curvature is small enough, and with three or more matrices that is where the pathways "
        "share."
    ),
    domain={
        D: Integers(1, 9),
        _P: Integers(1, 6),
        _n: Integers(0, 6),
        _l: Integers(1, D),
        S: Interval(Rational(1, 2), 4),
        K_A: Interval(Rational(1, 10), 10),
        K_B: Interval(Rational(1, 10), 10),
        _total: Interval(-2, 2),
        _loss: Interval(0, 3),
        _x: Interval(-2, 2),
        _y: Interval(-2, 2),
        _p: Interval(Rational(1, 10), 2),
        _q: Interval(Rational(1, 10), 2),
        _k: Interval(Rational(1, 10), 3),
        _along: Interval(Rational(1, 2), 4),
        _Lambda: Interval(Rational(1, 2), 4),
        _distance: Interval(-1, 1),
        eta: Interval(Rational(1, 100), 4),
    },
)


def _hessian(d: Derivation) -> None:
    def hessian(f):
        return Matrix(2, 2, [Derivative(f, a, b) for a in (_x, _y) for b in (_x, _y)])

    slope = Matrix([Derivative(_total, _x), Derivative(_total, _y)])
    d.assume(
        "loss",
        _loss,
        (S - _total) ** 2 / 2,
        why="The loss of a mode; $f$ is the sum of the strengths of its pathways, as a function of "
        "all layer strengths, of which $x$ and $y$ are any two.",
        source="kleinman2024critical",
    )
    d.step(
        "hessian",
        hessian(_loss),
        slope * slope.T - (S - _total) * hessian(_total),
        by=Rewrite(),
        using=("loss",),
        why="Differentiated twice.",
    )
    d.assume("minimum", S - _total, 0, why="At a minimum nothing is left to learn.")
    d.step(
        "hessian-at-minimum",
        hessian(_loss),
        slope * slope.T,
        by=Rewrite(),
        using=("hessian", "minimum"),
        why="What is left of the Hessian has rank one: the loss is flat in every direction in "
        "which the product does not change.",
    )
    d.step(
        "eigenvector",
        hessian(_loss) * slope,
        (slope[0] ** 2 + slope[1] ** 2) * slope,
        by=Rewrite(),
        using=("hessian-at-minimum",),
        cases="written out for two layers",
        why="The one direction that is not flat is the gradient of the product, and its eigenvalue "
        "is the sum of the squared slopes over all layers of all pathways.",
    )


def _pathways(d: Derivation) -> None:
    d.assume(
        "strength",
        _k,
        _p * _q ** (D - 1),
        why="A pathway, with one of its layers singled out.",
    )
    d.assume("balanced", _p, _q, why="All layers of a balanced pathway are equal.")
    d.step(
        "slope",
        Derivative(_k, _p),
        _k ** (1 - 1 / D),
        by=Rewrite(how=(powers, tidy)),
        using=("strength", "balanced"),
        why="The slope in one layer is the product of the others.",
    )
    d.step(
        "pathway",
        Sum(Derivative(_k, _p) ** 2, (_l, 1, D)),
        D * _k**_EXPONENT,
        by=Rewrite(how=(_carry_out, exponents)),
        using=("slope",),
        why="All $D$ layers of a pathway have the same slope.",
    )
    a = Symbol("a", integer=True, positive=True)
    share = Function("K", positive=True)
    d.assume(
        "sharpness",
        _Lambda,
        D * Sum(share(a) ** _EXPONENT, (a, 1, _P)),
        why="The sharpness $\\Lambda$, the largest eigenvalue of the Hessian of the mode: the sum "
        "over its $P$ pathways.",
    )
    d.assume("equal", share(a), S / _P, why="All pathways have the same share of the target.")
    d.step(
        "shared",
        _Lambda,
        D * S**_EXPONENT * _P ** (-(1 - _SHARE)),
        by=Rewrite(how=(_carry_out, exponents)),
        using=("sharpness", "equal"),
        why="The more pathways share the mode, the flatter the minimum, if there are three or more "
        "matrices; with two matrices all minima are equally sharp.",
    )
    d.assume("one-pathway", _P, 1, why="A single pathway has everything.")
    d.step(
        "winner",
        _Lambda,
        D * S**_EXPONENT,
        by=Rewrite(how=exponents),
        using=("shared", "one-pathway"),
        why="The sharpness where the winner took all: sharing among $P$ divides it by $P^{1-2/D}$.",
    )
    d.assume("deep", D, _n + 3, why="Three or more matrices.")
    d.assume(
        "two-pathways",
        _along,
        D * (K_A**_EXPONENT + (S - K_A) ** _EXPONENT),
        why="The sharpness along the line of perfect splits between two pathways.",
    )
    d.assume("rest", S, K_A + K_B, why="Pathway B has what pathway A leaves of the target.")
    d.step(
        "along-splits",
        Derivative(_along, (K_A, 2)),
        (2 * D - 2) * (1 - _SHARE) * (K_A**-_SHARE + K_B**-_SHARE),
        by=Rewrite(how=(powers, tidy)),
        using=("two-pathways", "rest"),
        why="With two matrices the sharpness is the same along the whole line.",
    )
    d.step(
        "flattest",
        Derivative(_along, (K_A, 2)),
        Rational(4, 3) * (K_A**-_SHARE + K_B**-_SHARE),
        relation=">=",
        by=Bound(),
        using=("along-splits", "deep"),
        why="With three or more it is convex, and symmetric in the two pathways: the even split is "
        "the flattest minimum, the single winners are the sharpest.",
    )


def _steps(d: Derivation) -> None:
    d.step(
        "contraction",
        _distance - eta * Derivative(_Lambda * _distance**2 / 2, _distance),
        (1 - eta * _Lambda) * _distance,
        by=Rewrite(),
        why="Near the minimum one step of gradient descent multiplies the distance $\\delta$ along "
        "the steep direction by $1 - \\eta\\Lambda$.",
    )
    d.assume(
        "step-size",
        eta,
        2 / _Lambda,
        relation="<",
        why="The learning rate stays below $2/\\Lambda$.",
    )
    d.step(
        "stable",
        (1 - eta * _Lambda) ** 2,
        1,
        relation="<",
        by=Bound(multipliers={"step-size": eta * _Lambda**2}),
        using=("step-size",),
        why="Then the distance shrinks. Between $2/\\Lambda$ of the single winner and $2/\\Lambda$ "
        "of the shared minimum only the shared one can hold gradient descent.",
    )


def _carry_out(expr):
    return exponents(expr).doit()


_hessian(SHARPNESS)
_pathways(SHARPNESS)
_steps(SHARPNESS)
