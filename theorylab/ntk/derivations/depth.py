"""How fast the kernels converge with depth: the exact correction of the NTK, and its crossover."""

from sympy import Derivative, Function, Rational, Sum, Symbol, expand, log, oo, simplify, symbols

from theorylab.ntk.derivations.symbols import L, alpha, eps, gamma, l, mean, p_1, u
from theorylab.symbolic import (
    Derivation,
    Integers,
    Interval,
    Limit,
    Rewrite,
    Telescoping,
)

_f, _D, _value, _slope, _psi, _psi_slope = symbols(r"f D w s psi \psi'", positive=True)
_layer, _iterate, _slopes = (Function(name, positive=True) for name in ("lambda", "f", "D"))
_S, _C, _c = symbols("S C c", positive=True)
_EXCESS = Sum(_layer(l) - 1, (l, 0, L))

DEPTH = Derivation(
    "ntk/depth",
    title="Convergence with depth",
    about=(
        "The NNGP kernel and the tangent kernel have the same limit, but not the same rate. The "
        "tangent kernel adds up contributions of all layers, and those of the first layers, where "
        "the inputs are still close, are the largest. Schröder's equation sums them exactly."
    ),
    domain={
        _f: Interval(Rational(1, 10), 1),
        _D: Interval(Rational(1, 10), 3),
        _value: Interval(Rational(1, 10), 3),
        _slope: Interval(Rational(1, 10), 3),
        _psi: Interval(Rational(1, 10), 3),
        _psi_slope: Interval(Rational(1, 10), 3),
        p_1: Interval(Rational(1, 10), Rational(9, 10)),
        l: Integers(0, 8),
        L: Integers(0, 20),
        _layer: Interval(1, 3),
        _iterate: Interval(Rational(1, 10), 1),
        _slopes: Interval(Rational(1, 10), 3),
        _S: Interval(0, 9),
        _C: Interval(Rational(1, 2), 2),
        _c: Interval(Rational(1, 10), 3),
        eps: Interval(Rational(1, 1000), Rational(1, 2)),
        u: Interval(Rational(1, 100), 1),
        mean: Interval(Rational(11, 10), 5),
        gamma: Interval(Rational(1, 10), 5),
        alpha: Interval(Rational(1, 5), 10),
    },
)


def _sum_over_layers(d: Derivation) -> None:
    d.assume(
        "iterate",
        _value,
        p_1**l * _psi,
        why="Schröder's equation, $l$ times: $w = \\psi(f_l)$.",
    )
    d.assume(
        "iterate-slope",
        _slope,
        p_1**l * _psi_slope / _D,
        why="The same differentiated by $\\xi$, with $s = \\psi'(f_l)$ and $D = f_l'$.",
    )
    d.step(
        "layer",
        _f / _D,
        _f * _slope / _value * (_psi / _psi_slope),
        by=Rewrite(),
        using=("iterate", "iterate-slope"),
        why="The contribution of layer $l$ in the closed form of the tangent kernel, by the "
        "logarithmic slope $\\lambda_l = f_l\\,\\psi'(f_l)/\\psi(f_l)$ of the profile at the "
        "correlation that the layer sees.",
    )
    d.assume(
        "contribution",
        _iterate(l),
        _layer(l) * _slopes(l) * _psi / _psi_slope,
        why="The same with the layers counted.",
    )
    d.assume(
        "deep",
        _slopes(L),
        p_1**L * _psi_slope,
        why="A deep layer sees a small correlation, where $\\psi' = 1$; the error is exponentially "
        "small in $L$.",
    )
    d.step(
        "correction",
        _slopes(L) * Sum(_iterate(l) / _slopes(l), (l, 0, L)),
        p_1**L * _psi * (L + 1 + _EXCESS),
        by=Rewrite(how=_in_front),
        using=("contribution", "deep"),
        why="Each layer contributes one, and a little more where the inputs are still close.",
    )
    d.assume(
        "excess",
        _EXCESS,
        _S,
        why="The excess converges to a number $S(\\xi)$, exponentially fast.",
    )


def _limit(d: Derivation) -> None:
    d.step(
        "normalised",
        p_1**L * _psi * (L + 1 + _EXCESS) / (p_1**L * (L + 1)),
        _psi * (1 + _S / (L + 1)),
        by=Rewrite(how=simplify),
        using=("excess",),
        why="The tangent kernel, divided by its natural size.",
    )
    d.step(
        "limit",
        _psi * (1 + _S / (L + 1)),
        _psi,
        by=Limit(L, oo),
        why="It has the same limit as the NNGP kernel, but approaches it only like $1/L$.",
    )


def _near(d: Derivation) -> None:
    profile = _C * eps**-gamma
    d.step(
        "log-slope",
        -(1 - eps) * Derivative(log(profile), eps),
        gamma * (1 - eps) / eps,
        by=Rewrite(),
        why="For close inputs the logarithmic slope $\\xi\\psi'/\\psi$ is large.",
    )
    d.step(
        "excess-near",
        Sum(gamma / (mean**l * eps), (l, 0, oo)),
        gamma * mean / ((mean - 1) * eps),
        by=Telescoping(
            -gamma * mean ** (1 - l) / ((mean - 1) * eps), l, at_infinity=0, how=_supercritical
        ),
        why="While the inputs are close, layer $l$ sees $\\varepsilon_l = B'^l\\varepsilon$: the "
        "excess of close inputs is a geometric sum.",
    )
    d.assume("twice", gamma, alpha / 2, why="The exponent in the distance.")
    d.assume("distance", eps, u**2 / 2, why="On the sphere.")
    d.step(
        "excess-in-distance",
        gamma * mean / ((mean - 1) * eps),
        alpha * mean / ((mean - 1) * u**2),
        by=Rewrite(),
        using=("twice", "distance"),
        why="In terms of the distance. It is also the depth that the tangent kernel needs at this "
        "distance: far more layers than $1/u^2$.",
    )
    d.step(
        "shallow",
        _C * u**-alpha * (alpha * mean / ((mean - 1) * u**2)),
        _C * alpha * mean / (mean - 1) * u ** -(alpha + 2),
        by=Rewrite(how=simplify),
        why="Where the network is not that deep, the excess is all there is: a singular kernel "
        "whose exponent is larger by two.",
    )
    kernel = _C * u**-alpha * (1 + _c / ((L + 1) * u**2))
    d.step(
        "local-exponent",
        -u * Derivative(log(kernel), u),
        alpha + 2 * _c / (_c + (L + 1) * u**2),
        by=Rewrite(how=simplify),
        why="The exponent that one sees at the distance $u$ and depth $L$, with "
        "$c = \\alpha B'/(B'-1)$: it falls from $\\alpha+2$ to $\\alpha$ where "
        "$(L+1)u^2$ passes $c$.",
    )


def _in_front(expr):
    """A sum of a sum, term by term, with what does not depend on the index in front."""

    def split(node):
        inside, rest = node.function.as_independent(l)[::-1]
        return rest * Sum(inside, *node.limits) if inside != 1 else node.doit()

    expr = expand(expr)
    return expand(expr.replace(lambda node: isinstance(node, Sum), split))


def _supercritical(expr):
    """With B' = 1 + b it is plain that B' exceeds 1."""
    return expr.xreplace({mean: 1 + Symbol("b", positive=True)}).simplify()


_sum_over_layers(DEPTH)
_limit(DEPTH)
_near(DEPTH)
