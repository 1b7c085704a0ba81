"""What lazy means: the relative scale of Chizat, Oyallon and Bach, and a mode that shows it."""

from sympy import Symbol, simplify, sqrt, symbols

from theorylab.symbolic import Derivation, Integers, Interval, Rewrite, Series

_alpha, _c = symbols("alpha c", positive=True)
_p = Symbol("p", integer=True, positive=True)
_J, _H, _R, _F = symbols("J H R F", positive=True)
_J_s, _H_s, _R_s, _J_c, _H_c, _R_c = symbols("J_alpha H_alpha R_alpha J_c H_c R_c", positive=True)
_kappa, _kappa_alpha, _kappa_c = symbols("kappa kappa_alpha kappa_c", positive=True)
_s, _lam, _k_0, _k_f = symbols("s lambda k_0 k_f", positive=True)

LAZY_SCALE = Derivation(
    "rich_lazy/lazy-scale",
    title="What lazy means",
    about=(
        "A model is lazy if its derivative hardly changes while the output travels all the way to "
        "the target. The relative scale $\\kappa$ compares the two: the distance to travel, times "
        "how fast the derivative turns, over how fast the output moves. Below $J = \\lVert Dh "
        "\\rVert$, $H = \\lVert D^2 h\\rVert$ and $R$ is the distance to the target, at the start."
    ),
    domain={
        _p: Integers(1, 6),
        **{
            symbol: Interval("1/10", 3)
            for symbol in (_alpha, _c, _J, _H, _R, _F, _J_s, _H_s, _R_s, _J_c, _H_c, _R_c)
        },
        **{s: Interval("1/10", 3) for s in (_kappa_alpha, _kappa_c, _s, _lam, _k_0, _k_f)},
        _kappa: Interval(0, 3),
    },
)


def _scaling(d: Derivation) -> None:
    d.assume("scale", _kappa, _R * _H / _J**2, why="The relative scale.", source="chizat2019lazy")
    d.assume(
        "scaled-model",
        (_J_s, _H_s, _R_s),
        (_alpha * _J, _alpha * _H, _R),
        why="Multiply the output by $\\alpha$. If it is zero at the start, the distance to the "
        "target does not change.",
        source="chizat2019lazy",
    )
    d.assume("scaled-scale", _kappa_alpha, _R_s * _H_s / _J_s**2, why="The scaled model's scale.")
    d.step(
        "output-scale",
        _kappa_alpha,
        _kappa / _alpha,
        by=Rewrite(),
        using=("scaled-scale", "scaled-model", "scale"),
        why="A large output scale makes any model lazy.",
        source="chizat2019lazy",
    )
    d.assume(
        "homogeneous-model",
        (_J_c, _H_c, _R_c),
        (_c ** (_p - 1) * _J, _c ** (_p - 2) * _H, _R),
        why="Multiply all weights of a homogeneous model of degree $p$ by $c$: the output gains "
        "$c^p$, and every derivative one power less. Again the output is zero at the start.",
        source="chizat2019lazy",
    )
    d.assume("homogeneous", _kappa_c, _R_c * _H_c / _J_c**2, why="This model's scale.")
    d.step(
        "weight-scale",
        _kappa_c,
        _kappa / _c**_p,
        by=Rewrite(),
        using=("homogeneous", "homogeneous-model", "scale"),
        why="Large weights make a homogeneous model lazy, a deep one the more so.",
        source="chizat2019lazy",
    )


def _one_mode(d: Derivation) -> None:
    d.assume(
        "mode",
        (_R, _H, _J),
        (_s, 1, sqrt(_lam)),
        why="The product of two numbers that is to become $s$, from a start where one of them is "
        "zero and the other has the square $\\lambda$. The second derivative of a product has the "
        "norm one.",
    )
    d.step(
        "mode-scale",
        _R * _H / _J**2,
        _s / _lam,
        by=Rewrite(),
        using=("mode",),
        why="Its relative scale is the target over the initial kernel.",
    )
    d.assume(
        "mode-kernel",
        (_k_0, _k_f),
        (_lam, sqrt(_lam**2 + 4 * _s**2)),
        why="The kernel before and after training.",
        source="derived here, in rich_lazy/balanced-flow",
    )
    d.assume("target", _s, _kappa * _lam, why="The target, in terms of the relative scale.")
    d.step(
        "mode-change",
        _k_f / _k_0 - 1,
        sqrt(1 + 4 * _kappa**2) - 1,
        by=Rewrite(how=simplify),
        using=("mode-kernel", "target"),
        why="How much the kernel changes is a function of the relative scale and of nothing else.",
    )
    d.step(
        "mode-lazy",
        sqrt(1 + 4 * _kappa**2) - 1,
        2 * _kappa**2,
        by=Series(_kappa, 0, 4),
        why="For a small scale it changes by $2\\kappa^2$: lazy.",
    )


_scaling(LAZY_SCALE)
_one_mode(LAZY_SCALE)
