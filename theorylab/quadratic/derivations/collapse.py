"""Naive initialisation: a map that squares, so that no variance is critical."""

from sympy import Derivative, Function, Rational, Symbol, exp, expand_log, log, simplify, symbols

from theorylab.quadratic.derivations.moments import (
    m_4,
    m_next,
    mean,
    q,
    q_next,
    v_b,
    v_g,
    v_r,
    written_out,
)
from theorylab.quadratic.derivations.symbols import L
from theorylab.symbolic import Bound, Derivation, Induction, Instance, Integers, Interval, Rewrite

_alpha, _beta, _kappa = symbols("alpha beta kappa", positive=True)
_rho, _rho_next = symbols(r"rho \rho'", positive=True)
_q_0, _q_star = symbols("q_0 q_*", positive=True)
_length = Function("q", positive=True)
_x, _y = Symbol("x", positive=True), Symbol("y", real=True)

COLLAPSE = Derivation(
    "quadratic/collapse",
    title="Why naive initialisation collapses",
    about=(
        "If all three weight matrices are random and the second form has no bias, a layer "
        "multiplies two numbers that both grow with the layer below: it squares lengths. Such a "
        "map has one fixed point, which repels, and everything else explodes or dies out, doubly "
        "exponentially, whatever the variances."
    ),
    domain={
        **{symbol: Interval("1/4", 4) for symbol in (_alpha, _beta, _kappa, q, _q_0, _q_star)},
        **{symbol: Interval("1/10", 3) for symbol in (v_r, v_g, v_b)},
        _rho: Interval(6, 18),
        _rho_next: Interval(6, 18),
        m_4: Interval("1/4", 40),
        q_next: Interval("1/4", 40),
        m_next: Interval("1/4", 40),
        _x: Interval("1/100", 4),
        _y: Interval(-2, 2),
        L: Integers(0, 5),
        _length(L): Interval("1/4", 4),
    },
)


def _maps(d: Derivation) -> None:
    variances = (v_r * q, v_g * q, v_b * m_4)
    d.assume(
        "layer",
        (q_next, m_next),
        (mean(2, 0, *variances) / 2, mean(4, 0, *variances) / 2),
        why="A wide layer whose second form has no bias: half the second and the fourth moment of "
        "$z$, by the rectifier.",
    )
    d.assume(
        "ratio",
        m_4,
        _rho * q**2,
        why="The ratio of the moments, 3 for a Gaussian; 6 for a rectified one, which is zero half "
        "of the time.",
    )
    d.assume(
        "strengths",
        (_alpha, _beta),
        (v_r * v_g, v_b),
        why="Only the product of the variances of the two forms matters.",
    )
    d.assume("ratio-next", _rho_next, m_next / q_next**2, why="The ratio in the next layer.")
    d.step(
        "length",
        q_next,
        (_alpha + _beta * _rho) * q**2 / 2,
        by=Rewrite(how=(written_out, simplify)),
        using=("layer", "ratio", "strengths"),
        why="The mean square is squared: both factors of the product grow with it.",
    )
    d.step(
        "ratio-map",
        _rho_next,
        6 + 12 * _alpha**2 / (_alpha + _beta * _rho) ** 2,
        by=Rewrite(how=(written_out, simplify)),
        using=("ratio-next", "layer", "ratio", "strengths"),
        why="The ratio obeys a map of its own, in which lengths do not occur.",
    )
    d.step(
        "he-length",
        q_next,
        (2 + _rho) * q**2,
        by=Instance({_alpha: 4, _beta: 2}),
        using=("length",),
        why="All variances 2, as is right for conventional rectifier networks.",
    )
    d.step(
        "he-ratio",
        _rho_next,
        6 + 48 / (2 + _rho) ** 2,
        by=Instance({_alpha: 4, _beta: 2}, how=simplify),
        using=("ratio-map",),
        why="The ratio for these variances.",
    )


def _ratio_settles(d: Derivation) -> None:
    image = 6 + 12 * _alpha**2 / (_alpha + _beta * _rho) ** 2
    d.step(
        "ratio-above",
        image,
        6,
        relation=">",
        by=Bound(certificate=12 * _alpha**2 / (_alpha + _beta * _rho) ** 2),
        why="After one layer the ratio exceeds 6, whatever it was.",
    )
    d.step(
        "ratio-below",
        image,
        18,
        relation="<",
        by=Bound(
            certificate=12
            * _beta
            * _rho
            * (2 * _alpha + _beta * _rho)
            / (_alpha + _beta * _rho) ** 2
        ),
        why="And stays below 18.",
    )
    d.step(
        "ratio-slope",
        Derivative(image, _rho),
        -24 * _alpha**2 * _beta / (_alpha + _beta * _rho) ** 3,
        by=Rewrite(),
        why="The slope of the map: negative, and smaller in size for larger $\\rho$.",
    )
    d.step(
        "contraction",
        24 * _x / (1 + 6 * _x) ** 3,
        Rational(16, 27),
        relation="<=",
        by=Bound(certificate=16 * (12 * _x - 1) ** 2 * (3 * _x + 2) / (54 * (1 + 6 * _x) ** 3)),
        why="With $x = \\beta/\\alpha$ the left side is the steepest slope, at $\\rho = 6$. The "
        "map is a contraction: the ratio settles at one value $\\rho^*$ from every start.",
    )
    d.step(
        "fixed-ratio",
        (_rho_next - 6) * (_alpha + _beta * _rho) ** 2,
        12 * _alpha**2,
        by=Rewrite(),
        using=("ratio-map",),
        why="With $\\rho' = \\rho = \\rho^*$ this is a cubic equation for $\\rho^*$.",
    )


def _iteration(d: Derivation) -> None:
    d.assume(
        "kappa",
        _kappa,
        (_alpha + _beta * _rho) / 2,
        why="The factor of the squared length, once the ratio has settled.",
    )
    d.step(
        "squaring",
        q_next,
        _kappa * q**2,
        by=Rewrite(),
        using=("length", "kappa"),
        why="From then on a layer squares and multiplies.",
    )
    d.assume("start", _length(0), _q_0, why="The mean square at the first such layer.")
    d.assume(
        "layers",
        _length(L + 1),
        _kappa * _length(L) ** 2,
        why="Layer after layer.",
    )
    d.step(
        "closed-form",
        _length(L),
        (_kappa * _q_0) ** (2**L) / _kappa,
        by=Induction(L, 0, how=simplify),
        using=("start", "layers"),
        why="An exponential of an exponential of the depth: explosion above $1/\\kappa$, "
        "extinction below.",
    )
    d.step(
        "log-length",
        log(_length(L)),
        2**L * log(_kappa * _q_0) - log(_kappa),
        by=Rewrite(how=_logarithms),
        using=("closed-form",),
        why="The same, without numbers that overflow: the distance from the fixed point doubles "
        "with every layer.",
    )
    d.assume("critical", _q_star, 1 / _kappa, why="The candidate for a length that is kept.")
    d.step(
        "fixed-point",
        _kappa * _q_star**2,
        _q_star,
        by=Rewrite(),
        using=("critical",),
        why="It is kept: every choice of variances has one such length.",
    )
    d.step(
        "log-slope",
        Derivative(log(_kappa * exp(_y) ** 2), _y),
        2,
        by=Rewrite(how=simplify),
        why="It repels: in logarithms the map has slope 2 everywhere, whatever the variances.",
    )


def _logarithms(expr):
    return expand_log(expr, force=True).expand()


_maps(COLLAPSE)
_ratio_settles(COLLAPSE)
_iteration(COLLAPSE)
