"""How one mode of one pathway learns: unequal layers, then equal ones."""

from sympy import Derivative, Function, Rational

from theorylab.deep_linear.derivations.symbols import D, powers, r, t, tidy
from theorylab.symbolic import Derivation, Integers, Interval, Rewrite

_p, _p1 = (Function(name, real=True)(t) for name in ("p", "p_1"))
_q = Function("q", positive=True)(t)
_K = Function("K", real=True)(t)

MODES = Derivation(
    "deep_linear/modes",
    title="One mode of a pathway",
    about=(
        "In the bases of the target, the matrices of a pathway are diagonal and each mode learns "
        "on its own. The strength of a mode is the product of its $D$ layer strengths, and $r$ "
        "is what the target asks for beyond what all pathways give. One layer has strength $p$ "
        "(which may be negative), the other $D-1$ have strength $q$."
    ),
    domain={
        D: Integers(2, 9),
        _p: Interval(-2, 2),
        _p1: Interval(Rational(1, 10), 2),
        _q: Interval(Rational(1, 10), 2),
        _K: Interval(Rational(1, 10), 2),
        r(t): Interval(Rational(1, 10), 3),
    },
)


def _layers(d: Derivation) -> None:
    d.assume(
        "layer-flow",
        Derivative(_p1, t),
        _K / _p1 * r(t),
        why="Any layer of strength $p_1$ is driven by the residual times the product of the other "
        "layers, $K/p_1$.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )
    d.step(
        "layer-growth",
        Derivative(_p1**2, t),
        2 * _K * r(t),
        by=Rewrite(),
        using=("layer-flow",),
        why="The squared strength of every layer grows at the same rate, so the differences "
        "between layers never change.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )


def _unequal(d: Derivation) -> None:
    d.assume(
        "strength",
        _K,
        _p * _q ** (D - 1),
        why="One layer of strength $p$, and $D-1$ of strength $q$.",
        source="shi2022learning",
    )
    d.assume(
        "flow-one",
        Derivative(_p, t),
        _q ** (D - 1) * r(t),
        why="The single layer is driven by the residual times the $D-1$ others.",
        source="shi2022learning",
    )
    d.assume(
        "flow-others",
        Derivative(_q, t),
        _p * _q ** (D - 2) * r(t),
        why="Each of the others is driven by the residual times the single layer and the "
        "$D-2$ remaining ones.",
        source="shi2022learning",
    )
    d.step(
        "imbalance",
        Derivative(_q**2, t),
        Derivative(_p**2, t),
        by=Rewrite(how=powers),
        using=("flow-one", "flow-others"),
        why="The imbalance $\\lambda = q^2 - p^2$ is conserved: the mode version of the balance of "
        "matrices.",
        source="shi2022learning",
    )
    d.step(
        "speed",
        Derivative(_K, t),
        (_q ** (2 * D - 2) + (D - 1) * _p**2 * _q ** (2 * D - 4)) * r(t),
        by=Rewrite(how=(powers, tidy)),
        using=("strength", "flow-one", "flow-others"),
        why="Product rule: the speed of a mode is its residual times a gain that grows with its "
        "own layers.",
        source="shi2022learning",
    )
    gain = _K / _p
    d.step(
        "official-form",
        _q ** (2 * D - 2) + (D - 1) * _p**2 * _q ** (2 * D - 4),
        gain**2 + (D - 1) * _p * gain ** ((D - 3) / (D - 1)) * _K,
        by=Rewrite(how=(powers, tidy)),
        using=("strength",),
        why="The gain as the code of the paper writes it for its phase portraits.",
        source="kleinman2024critical, Fig. 1",
    )


def _equal(d: Derivation) -> None:
    d.assume(
        "balanced",
        _p,
        _q,
        why="All layers of the mode are equally strong; by the conservation of the imbalance they "
        "stay so.",
    )
    d.step(
        "balanced-strength",
        _K,
        _q**D,
        by=Rewrite(how=powers),
        using=("strength", "balanced"),
        why="The product of $D$ equal layers.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )
    d.step(
        "balanced-speed",
        Derivative(_K, t),
        D * _K ** (2 - Rational(2) / D) * r(t),
        by=Rewrite(how=(powers, tidy)),
        using=("speed", "balanced-strength", "balanced"),
        why="A balanced mode is a single number that obeys one equation; the depth enters as a "
        "factor and as an exponent.",
        source="saxe2014exact, Deeper multilayer dynamics",
    )


_layers(MODES)
_unequal(MODES)
_equal(MODES)
