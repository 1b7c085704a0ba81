"""Prediction markets: a market of markets is one market, and what it can lose."""

from sympy import Rational, cancel, expand_log, log, symbols, together

from theorylab.symbolic import Bound, Derivation, Interval, Rewrite

_w1, _w2 = symbols("w_1 w_2", positive=True)
_v = symbols("v_11 v_12 v_21 v_22 v_23", positive=True)
_g = symbols("g_11 g_12 g_21 g_22 g_23", positive=True)
_G1, _G2, _Z = symbols("G_1 G_2 Z", positive=True)
_W, _Gi, _M, _rest = symbols("W_i Pi_i M R", positive=True)
_next, _mix, _gi, _others = symbols("W_i' m g_i S", positive=True)

MARKETS = Derivation(
    "systems/markets",
    title="A market of markets",
    about=(
        "A market shows a forecast, the mean of its forecasters' weighted by wealth. When the "
        "outcome is known, each forecaster's wealth is multiplied by the probability it gave to "
        "that outcome and divided by the market's. A market may itself be a forecaster in a "
        "larger one."
    ),
    domain={
        **{s: Interval(Rational(1, 20), 1) for s in (_w1, _w2, *_v, *_g, _G1, _G2, _Z)},
        **{s: Interval(Rational(1, 20), 1) for s in (_W, _Gi, _M, _rest, _next, _mix, _gi)},
        _others: Interval(Rational(1, 20), 1),
    },
)


def _nested(d: Derivation) -> None:
    groups = ((0, 1), (2, 3, 4))
    d.assume(
        "groups",
        (_G1, _G2),
        tuple(sum(_v[n] * _g[n] for n in group) for group in groups),
        why="What two markets, of two and of three forecasters, gave to the outcome that came.",
    )
    d.assume("price", _Z, _w1 * _G1 + _w2 * _G2, why="What the market above them gave to it.")
    flat = sum(
        w * sum(_v[n] * _g[n] for n in group) for w, group in zip((_w1, _w2), groups, strict=True)
    )
    inner = []
    outer = []
    for w, G, group in zip((_w1, _w2), (_G1, _G2), groups, strict=True):
        inner += [(w * G / _Z) * (_v[n] * _g[n] / G) for n in group]
        outer += [w * _v[n] * _g[n] / flat for n in group]
    d.step(
        "nested",
        tuple(inner),
        tuple(outer),
        by=Rewrite(how=(together, cancel)),
        using=("price", "groups"),
        why="Wealth of a group times wealth within the group, after the outcome: the same as in "
        "one market in which forecaster $j$ of group $i$ starts with $w_i v_{ij}$.",
    )


def _regret(d: Derivation) -> None:
    d.assume(
        "wealth",
        _W,
        _w1 * _Gi / _M,
        why="After some outcomes forecaster $i$ holds its first wealth times the product $\\Pi_i$ "
        "of what it gave to them, over the product $M$ of what the market gave.",
    )
    d.assume("mixture", _mix, _W * _gi + _others, why="The market's next forecast.")
    d.assume(
        "traded",
        _next,
        _W * _gi / _mix,
        why="The next outcome changes the wealth.",
    )
    d.step(
        "wealth-after",
        _next,
        _w1 * (_Gi * _gi) / (_M * (_w1 * _Gi * _gi / _M + _others)),
        by=Rewrite(how=(together, cancel)),
        using=("traded", "mixture", "wealth"),
        why="The same formula with one more factor in each product: it holds at every time.",
    )
    d.assume(
        "total",
        _M,
        _w1 * _Gi + _rest,
        why="The wealths add up to one, so $M = \\sum_i w_i \\Pi_i$; $R$ is the sum of the others.",
    )
    d.step(
        "share",
        _w1 * _Gi,
        _M,
        relation="<=",
        by=Bound(),
        using=("total",),
        why="A sum is at least any of its terms.",
    )
    d.step(
        "regret",
        -log(_M),
        -log(_w1) - log(_Gi),
        relation="<=",
        by=Bound(along=(_rest, 0), how=expand_log),
        using=("total",),
        why="The market's total loss exceeds that of any of its forecasters by at most minus the "
        "logarithm of that one's first wealth, however long it runs.",
    )


_nested(MARKETS)
_regret(MARKETS)
