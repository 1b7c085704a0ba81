"""Near the reference point: slow growth, and the depth at which it runs away."""

from sympy import Function, Symbol, simplify, symbols

from theorylab.quadratic.derivations.moments import m_4, m_next, mean, q, q_next, written_out
from theorylab.symbolic import Bound, Derivation, Interval, Inverse, Rewrite, SolvesODE

_eps, _q_0 = symbols("varepsilon q_0", positive=True)
_l, _depth = Symbol("l", nonnegative=True), Symbol(r"\ell_*", positive=True)
_length = Function("q", positive=True)

BLOW_UP = Derivation(
    "quadratic/blow-up",
    title="The blow-up depth near the reference point",
    about=(
        "At the reference point a quadratic network is a conventional one, whose lengths the "
        "right variance keeps. Let the quadratic weights have the standard deviation "
        "$\\varepsilon\\sqrt2$ instead of zero. Then lengths grow slowly at first, by a share that "
        "is proportional to the length itself, and so run away at a finite depth."
    ),
    domain={
        _eps: Interval("1/10", "1/5"),
        q: Interval("1/4", 2),
        _q_0: Interval("1/2", 1),
        _l: Interval(0, 3),
        _depth: Interval(3, 50),
        m_4: Interval("1/4", 9),
        q_next: Interval("1/4", 9),
        m_next: Interval("1/4", 90),
        _length(_l): Interval("1/4", 9),
    },
)


def _one_layer(d: Derivation) -> None:
    variances = (2 * q, 2 * _eps**2 * q, 2 * _eps**2 * m_4)
    d.assume(
        "layer",
        (q_next, m_next),
        (mean(2, 1, *variances) / 2, mean(4, 1, *variances) / 2),
        why="A wide layer with the bias $b_g = 1$, the variance 2 for the first form, and "
        "$2\\varepsilon^2$ for the second form and the squares.",
    )
    d.step(
        "length",
        q_next,
        q + 2 * _eps**2 * q**2 + _eps**2 * m_4,
        by=Rewrite(how=written_out),
        using=("layer",),
        why="What the second form and the squares add to the mean square.",
    )
    d.assume("reference", _eps, 0, why="At the reference point itself.")
    d.step(
        "reference-ratio",
        m_next,
        6 * q_next**2,
        by=Rewrite(how=written_out),
        using=("layer", "reference"),
        why="There the moments of every layer have the ratio 6, that of a rectified Gaussian.",
    )
    d.assume("ratio", m_4, 6 * q**2, why="Close to the reference point: nearly so.")
    d.step(
        "growth",
        q_next - q,
        8 * _eps**2 * q**2,
        by=Rewrite(),
        using=("length", "ratio"),
        why="The growth of one layer: two parts from the product, six from the squares.",
    )


def _many_layers(d: Derivation) -> None:
    d.assume(
        "flow",
        _length(_l).diff(_l),
        8 * _eps**2 * _length(_l) ** 2,
        why="Many layers, each with little growth: depth as a continuous variable.",
    )
    d.assume("start", _length(0), _q_0, why="The mean square at the input.")
    d.step(
        "solution",
        _length(_l),
        _q_0 / (1 - 8 * _eps**2 * _q_0 * _l),
        by=SolvesODE(_l, how=simplify),
        using=("flow", "start"),
        why="A hyperbola: slow, and then at once.",
    )
    d.assume(
        "depth",
        _depth,
        1 / (8 * _eps**2 * _q_0),
        why="Where the denominator vanishes: the blow-up depth.",
    )
    d.step(
        "in-depths",
        _q_0 / (1 - 8 * _eps**2 * _q_0 * _l),
        _q_0 / (1 - _l / _depth),
        by=Rewrite(how=simplify),
        using=("depth",),
        why="The solution in units of the blow-up depth: half-way there the mean square has "
        "doubled.",
    )
    d.step(
        "design",
        _eps**2,
        1 / (8 * _q_0 * _depth),
        by=Inverse(how=simplify),
        using=("depth",),
        why="How small the quadratic weights must stay, if the network is to be deeper than "
        "$\\ell_*$ layers.",
    )
    d.step(
        "layer-by-layer",
        1 / (q + 8 * _eps**2 * q**2),
        1 / q - 8 * _eps**2,
        relation=">",
        by=Bound(certificate=64 * _eps**4 * q / (1 + 8 * _eps**2 * q)),
        why="Layer by layer, the reciprocal of the mean square falls by less than in the "
        "continuous equation: the estimate errs on the safe side.",
    )


_one_layer(BLOW_UP)
_many_layers(BLOW_UP)
