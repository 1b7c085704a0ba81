"""Weight decay: whether the split between pathways heals, stays, or runs to one winner."""

from sympy import Derivative, Function, Rational, Sum, Symbol, symbols

from theorylab.deep_linear.derivations.symbols import (
    K_A,
    K_B,
    D,
    S,
    exponents,
    layer_a,
    layer_b,
    mu,
    powers,
    r,
    strength_a,
    t,
    tidy,
)
from theorylab.symbolic import Bound, Derivation, Integers, Interval, Rewrite

_a, _b, _k = layer_a(t), layer_b(t), strength_a(t)
_cost = Function("V", positive=True)(K_A)
_p, _strength = symbols("p K", positive=True)
_l, _P = (Symbol(name, integer=True, positive=True) for name in ("l", "P"))
_n = Symbol("n", integer=True, nonnegative=True)
_SHARE = Rational(2) / D

WEIGHT_DECAY = Derivation(
    "deep_linear/weight-decay",
    title="Weight decay",
    about=(
        "Without weight decay every split of the target between the pathways is equally good, and "
        "what a deficit did is permanent. A penalty $\\frac{\\mu}{2}$ on the squared layer "
        "strengths chooses among the splits, and which one it prefers depends on the depth."
    ),
    domain={
        D: Integers(1, 9),
        _n: Integers(0, 6),
        _P: Integers(1, 6),
        _l: Integers(1, D),
        mu: Interval(Rational(1, 100), Rational(1, 2)),
        S: Interval(Rational(1, 2), 4),
        K_A: Interval(S / 10, S * Rational(9, 10)),
        K_B: Interval(Rational(1, 10), 3),
        _p: Interval(Rational(1, 10), 2),
        _strength: Interval(Rational(1, 10), 3),
        _cost: Interval(0, 3),
        r(t): Interval(Rational(-1, 2), 2),
        _a: Interval(Rational(1, 10), 2),
        _b: Interval(Rational(1, 10), 2),
        _k: Interval(Rational(1, 10), 2),
    },
)


def _penalty(strength):
    return mu * D * strength**_SHARE / 2


def _curvature(d: Derivation) -> None:
    d.assume("balanced", _strength, _p**D, why="A balanced pathway has $D$ equal layers.")
    d.step(
        "penalty",
        mu * Sum(_p**2, (_l, 1, D)) / 2,
        _penalty(_strength),
        by=Rewrite(how=(_carry_out, exponents)),
        using=("balanced",),
        why="What the strength of one pathway costs: the deeper the pathway, the less the cost "
        "depends on the strength.",
    )
    d.assume(
        "split",
        _cost,
        _penalty(K_A) + _penalty(S - K_A),
        why="The cost $V$ of a split of the target between two pathways, along the line of perfect "
        "splits.",
    )
    d.assume("rest", S, K_A + K_B, why="Pathway B has what pathway A leaves of the target.")
    d.step(
        "curvature",
        Derivative(_cost, (K_A, 2)),
        mu * (_SHARE - 1) * (K_A ** (_SHARE - 2) + K_B ** (_SHARE - 2)),
        by=Rewrite(how=(powers, tidy)),
        using=("split", "rest"),
        why="The curvature along this line changes its sign with the depth.",
    )
    d.assume("one-matrix", D, 1, why="Pathways of one matrix.")
    d.step(
        "convex",
        Derivative(_cost, (K_A, 2)),
        2 * mu,
        by=Rewrite(),
        using=("curvature", "one-matrix"),
        why="One matrix: the cost is convex and the even split is the cheapest, so the damage "
        "heals.",
    )
    d.assume("two-matrices", D, 2, why="Pathways of two matrices.")
    d.step(
        "flat",
        _cost,
        mu * S,
        by=Rewrite(),
        using=("split", "two-matrices"),
        why="Two matrices: every split costs the same.",
    )
    d.assume("deep", D, _n + 3, why="Pathways of three or more matrices.")
    d.step(
        "concave",
        Derivative(_cost, (K_A, 2)),
        -mu / 3 * (K_A ** (_SHARE - 2) + K_B ** (_SHARE - 2)),
        relation="<=",
        by=Bound(),
        using=("curvature", "deep"),
        why="Three or more matrices: the curvature is negative, the cost is concave, the even "
        "split is the dearest, and the decay drives towards one winner.",
    )
    d.step(
        "price-of-sharing",
        _P * _penalty(S / _P),
        _P ** (1 - _SHARE) * _penalty(S),
        by=Rewrite(how=exponents),
        why="What an even split among $P$ pathways costs, against one winner: the factor by which "
        "sharing makes the minimum flatter is the factor by which it makes it dearer.",
    )


def _motion(d: Derivation) -> None:
    for name, layer in (("a", _a), ("b", _b)):
        d.assume(
            f"flow-{name}",
            Derivative(layer, t),
            layer ** (D - 1) * r(t) - mu * layer,
            why=f"A layer of the balanced pathway {name.upper()}, with weight decay.",
        )
    d.assume("strength", _k, _a**D, why="The strength of pathway A.")
    d.step(
        "speed",
        Derivative(_k, t),
        D * _k ** (2 - _SHARE) * r(t) - mu * D * _k,
        by=Rewrite(how=(powers, tidy)),
        using=("strength", "flow-a"),
        why="The mode with weight decay: all $D$ layers decay, so the strength decays $D$ times as "
        "fast.",
    )
    handicap = _b ** (2 - D) - _a ** (2 - D)
    d.step(
        "handicap",
        Derivative(handicap, t),
        (D - 2) * mu * handicap,
        by=Rewrite(how=(powers, tidy)),
        using=("flow-a", "flow-b"),
        why="The handicap $C = (p_B^{2-D} - p_A^{2-D})/(D-2)$ is no longer conserved, but its "
        "change does not depend on the residual: it grows at the rate $(D-2)\\mu$ for three or "
        "more matrices.",
    )
    d.step(
        "indifferent",
        Derivative(_a / _b, t),
        0,
        by=Rewrite(),
        using=("flow-a", "flow-b", "two-matrices"),
        why="With two matrices the ratio of the pathways stays as it is.",
    )
    d.step(
        "healing",
        Derivative(_a - _b, t),
        -mu * (_a - _b),
        by=Rewrite(),
        using=("flow-a", "flow-b", "one-matrix"),
        why="With one matrix the difference between the pathways decays.",
    )


def _carry_out(expr):
    return expr.doit()


_curvature(WEIGHT_DECAY)
_motion(WEIGHT_DECAY)
