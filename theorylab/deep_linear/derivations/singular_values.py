"""How the singular values of a product of balanced layers move, in any basis."""

from sympy import Derivative, Function, Matrix, Rational, Sum, Symbol, diag, symbols, transpose

from theorylab.deep_linear.derivations.symbols import D, exponents, powers, t, tidy
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite, Telescoping

_T = transpose
_l = Symbol("l", integer=True, positive=True)
_x, _y = symbols("sigma_r sigma_s", positive=True)
_g = {pair: Symbol(f"g_{pair}", real=True) for pair in ("rs", "sr")}
_w = {pair: Symbol(rf"\omega_{pair}", real=True) for pair in ("rs", "sr")}
_a, _b = symbols("a_r b_s", positive=True)
_turn_out, _turn_in = symbols("alpha beta", real=True)
_sigma = Function("sigma", positive=True)(t)
_slope = Function("g", real=True)(t)
_residual = Function("r", real=True)(t)

SINGULAR_VALUES = Derivation(
    "deep_linear/singular-values",
    title="Singular values of a product of balanced layers",
    about=(
        "Random initial weights are not aligned with the target, and a problem such as matrix "
        "completion has no basis in which its modes decouple. Balance alone still gives the "
        "speed of every singular value of the product. Below, $\\nabla$ is the gradient of the "
        "loss with respect to the product $W$, and $W = U \\Sigma V^T$."
    ),
    domain={
        D: Integers(1, 9),
        _l: Integers(1, D),
        _x: Interval(Rational(3, 2), 3),
        _y: Interval(Rational(1, 4), 1),
        _sigma: Interval(Rational(1, 4), 3),
        _a: Interval(Rational(1, 4), 3),
        _b: Interval(Rational(1, 4), 1),
        **{s: Interval(-2, 2) for s in (*_g.values(), *_w.values(), _turn_out, _turn_in)},
        _slope: Interval(-2, 2),
        _residual: Interval(-2, 2),
    },
)


def _product(d: Derivation) -> None:
    A, B, U, V, X, Y, a, b = symbols("A B U V X Y a b", commutative=False)
    N, rate = symbols(r"\nabla \dot{W}_l", commutative=False)
    d.assume(
        "layer-flow",
        rate,
        -_T(A) * N * _T(B),
        why="Gradient flow of layer $l$, which lies below the product $A$ of the layers above and "
        "above the product $B$ of the layers below.",
        source="arora2019implicit",
    )
    d.step(
        "product-rule",
        A * rate * B,
        -(A * _T(A)) * N * (_T(B) * B),
        by=Rewrite(),
        using=("layer-flow",),
        why="What the motion of layer $l$ adds to the velocity of the product: the gradient, "
        "filtered by the layers above and by the layers below.",
        source="arora2019implicit",
    )
    d.assume("basis-out", _T(U) * U, 1, why="$U$ is orthogonal.")
    d.assume("basis-in", _T(V) * V, 1, why="$V$ is orthogonal.")
    d.assume("basis-above", _T(X) * X, 1, why="The basis $X$ of the hidden units above the layer.")
    d.assume("basis-below", _T(Y) * Y, 1, why="The basis $Y$ of the hidden units below the layer.")
    d.assume("symmetric-above", _T(a), a, why="$a$ is diagonal.")
    d.assume("symmetric-below", _T(b), b, why="$b$ is diagonal.")
    d.assume(
        "balanced-above",
        A,
        U * a * _T(X),
        why="Balanced layers share their singular values, and each one's output basis is the input "
        "basis of the next: the $D-l$ layers above multiply up to $a = \\Sigma^{(D-l)/D}$.",
        source="arora2019implicit",
    )
    d.assume(
        "balanced-below",
        B,
        Y * b * _T(V),
        why="For the same reason the $l-1$ layers below multiply up to $b = \\Sigma^{(l-1)/D}$.",
        source="arora2019implicit",
    )
    d.step(
        "filters",
        _T(U) * ((A * _T(A)) * N * (_T(B) * B)) * V,
        a**2 * (_T(U) * N * V) * b**2,
        by=Rewrite(),
        using=(
            "balanced-above",
            "balanced-below",
            "symmetric-above",
            "symmetric-below",
            "basis-out",
            "basis-in",
            "basis-above",
            "basis-below",
        ),
        why="In the singular basis of the product both filters are diagonal.",
        source="arora2019implicit",
    )


def _entries(d: Derivation) -> None:
    def layers(x, y):
        return Sum(x ** (2 * (D - _l) / D) * y ** (2 * (_l - 1) / D), (_l, 1, D))

    d.assume(
        "share-above",
        _a,
        _x ** ((D - _l) / D),
        why="The filter of the layers above, for one singular value $\\sigma_r$.",
    )
    d.assume(
        "share-below",
        _b,
        _y ** ((_l - 1) / D),
        why="The filter of the layers below, for another one $\\sigma_s$.",
    )
    d.step(
        "entry",
        _a**2 * _g["rs"] * _b**2,
        _x ** (2 * (D - _l) / D) * _y ** (2 * (_l - 1) / D) * _g["rs"],
        by=Rewrite(how=exponents),
        using=("share-above", "share-below"),
        why="Read entry by entry, with $g_{rs} = u_r^T \nabla v_s$.",
        source="arora2019implicit",
    )
    d.step(
        "diagonal",
        layers(_x, _x),
        D * _x ** (2 - Rational(2) / D),
        by=Rewrite(how=_carry_out),
        why="On the diagonal all layers contribute the same amount.",
        source="arora2019implicit, Thm 3",
    )
    d.step(
        "off-diagonal",
        layers(_x, _y),
        (_x**2 - _y**2) / (_x ** (Rational(2) / D) - _y ** (Rational(2) / D)),
        by=Telescoping(
            -(_x ** (2 * (D + 1 - _l) / D))
            * _y ** (2 * (_l - 1) / D)
            / (_x ** (Rational(2) / D) - _y ** (Rational(2) / D)),
            _l,
            how=tidy,
        ),
        why="Off the diagonal the layers form a geometric series.",
    )


def _perturbation(d: Derivation) -> None:
    u, v, W = symbols("u v W", commutative=False)
    du, dv, dW = symbols(r"\dot{u} \dot{v} \dot{W}", commutative=False)
    d.assume("right-vector", W * v, _x * u, why="Singular vectors of the product.")
    d.assume("left-vector", _T(u) * W, _x * _T(v), why="Singular vectors of the product.")
    d.assume("norm-out", _T(du) * u, 0, why="$u$ keeps its length.")
    d.assume("norm-in", _T(v) * dv, 0, why="$v$ keeps its length.")
    d.step(
        "perturbation",
        _T(du) * W * v + _T(u) * dW * v + _T(u) * W * dv,
        _T(u) * dW * v,
        by=Rewrite(),
        using=("right-vector", "left-vector", "norm-out", "norm-in"),
        why="The left side is the rate of change of the singular value $u^T W v$: the motion of "
        "the singular vectors drops out, and only the diagonal entry is left.",
        source="arora2019implicit, Thm 3",
    )


def _theorem(d: Derivation) -> None:
    d.assume(
        "velocity",
        Derivative(_sigma, t),
        -Sum(_sigma ** (2 * (D - _l) / D) * _sigma ** (2 * (_l - 1) / D) * _slope, (_l, 1, D)),
        why="The statements above together: the diagonal entry of the velocity, summed over the "
        "layers, with $g = u^T \\nabla v$.",
        source="arora2019implicit, Thm 3",
    )
    d.step(
        "singular-value",
        Derivative(_sigma, t),
        -D * _sigma ** (2 - Rational(2) / D) * _slope,
        by=Rewrite(how=_carry_out),
        using=("velocity",),
        why="Each singular value moves at a speed that grows with its own size, the more so the "
        "deeper the product: large ones run ahead, small ones wait.",
        source="arora2019implicit, Thm 3",
    )
    d.assume(
        "aligned",
        _slope,
        -_residual,
        why="If the product is aligned with the target, the gradient in its singular basis is "
        "minus the residual of the mode.",
    )
    d.step(
        "aligned-mode",
        Derivative(_sigma, t),
        D * _sigma ** (2 - Rational(2) / D) * _residual,
        by=Rewrite(),
        using=("singular-value", "aligned"),
        why="For an aligned network this is the equation of one balanced mode.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )


def _rotation(d: Derivation) -> None:
    turn_out = Matrix([[0, _turn_out], [-_turn_out, 0]])
    turn_in = Matrix([[0, _turn_in], [-_turn_in, 0]])
    sigma = diag(_x, _y)
    velocity = turn_out * sigma + sigma * turn_in
    for (i, j), name in (((0, 1), "rs"), ((1, 0), "sr")):
        d.assume(
            f"velocity-{name}",
            _w[name],
            velocity[i, j],
            why="The entry of $U^T \\dot W V$ off the diagonal, where $\\alpha = u_r^T \\dot u_s$ "
            "and $\\beta = \\dot v_r^T v_s$ are the rates at which the singular vectors turn.",
        )
    d.step(
        "turning",
        (_y * _w["rs"] + _x * _w["sr"]) / (_y**2 - _x**2),
        _turn_out,
        by=Rewrite(),
        using=("velocity-rs", "velocity-sr"),
        why="The entries off the diagonal turn the singular vectors and do nothing else.",
    )
    series = (_x**2 - _y**2) / (_x ** (Rational(2) / D) - _y ** (Rational(2) / D))
    for name in ("rs", "sr"):
        d.assume(
            f"flow-{name}",
            _w[name],
            -series * _g[name],
            why="This entry under gradient flow, with the series summed above.",
        )
    d.step(
        "rotation",
        (_y * _w["rs"] + _x * _w["sr"]) / (_y**2 - _x**2),
        (_y * _g["rs"] + _x * _g["sr"]) / (_x ** (Rational(2) / D) - _y ** (Rational(2) / D)),
        by=Rewrite(),
        using=("flow-rs", "flow-sr"),
        why="How fast the singular vectors turn under gradient flow.",
    )


def _carry_out(expr):
    """Merge the powers inside sums, so that a term no longer depends on the layer, and add up."""
    merged = expr.replace(
        lambda node: isinstance(node, Sum),
        lambda node: node.func(powers(node.function), *node.limits),
    )
    return tidy(merged.doit())


_product(SINGULAR_VALUES)
_entries(SINGULAR_VALUES)
_perturbation(SINGULAR_VALUES)
_theorem(SINGULAR_VALUES)
_rotation(SINGULAR_VALUES)
