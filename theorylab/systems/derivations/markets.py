"""Prediction markets: a market of markets is one market, and what it can lose."""

from sympy import Rational, cancel, expand_log, log, symbols, together

from theorylab.symbolic import Bound, Derivation, Interval, Rewrite

_w1, _w2 = symbols("w_1 w_2", positive=True)
_v = symbols("v_11 v_12 v_21 v_22 v_23", positive=True)
_g = symbols("g_11 g_12 g_21 g_22 g_23", positive=True)
_u = symbols("u_11 u_12 u_21 u_22 u_23", positive=True)
_G1, _G2, _Z, _Y, _U1, _U2 = symbols("G_1 G_2 Z Y U_1 U_2", positive=True)
_w, _W, _Gi, _M, _rest = symbols("w_i W_i Pi_i M R", positive=True)
_next, _mix, _gi = symbols("V_i m g_i", positive=True)

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
        s: Interval(Rational(1, 20), 1)
        for s in (
            *(_w1, _w2, *_v, *_g, *_u, _G1, _G2, _Z, _Y, _U1, _U2),
            *(_w, _W, _Gi, _M, _rest, _next, _mix, _gi),
        )
    },
)


def _nested(d: Derivation) -> None:
    groups = ((_w1, _G1, _U1, (0, 1)), (_w2, _G2, _U2, (2, 3, 4)))
    d.assume(
        "groups",
        (_G1, _G2),
        tuple(sum(_v[n] * _g[n] for n in group) for *_, group in groups),
        why="What two markets, of two and of three forecasters, gave to the outcome that came.",
    )
    d.assume("price", _Z, _w1 * _G1 + _w2 * _G2, why="What the market above them gave to it.")
    d.assume(
        "above",
        (_U1, _U2),
        (_w1 * _G1 / _Z, _w2 * _G2 / _Z),
        why="The wealth of the two markets after the outcome.",
    )
    d.assume(
        "within",
        _u,
        tuple(_v[n] * _g[n] / G for _, G, _, group in groups for n in group),
        why="The wealth of each forecaster within its own market.",
    )
    d.assume(
        "flat-price",
        _Y,
        sum(w * _v[n] * _g[n] for w, _, _, group in groups for n in group),
        why="What a single market of all five gave to the outcome, if forecaster $j$ of group $i$ "
        "holds the wealth $w_i v_{ij}$ in it.",
    )
    d.step(
        "same-price",
        _Z,
        _Y,
        by=Rewrite(),
        using=("price", "groups", "flat-price"),
        why="Both show the same forecast.",
        source="shapiro2022dynamic; derived here",
    )
    d.step(
        "nested",
        tuple(U * _u[n] for *_, U, group in groups for n in group),
        tuple(w * _v[n] * _g[n] / _Y for w, _, _, group in groups for n in group),
        by=Rewrite(how=(together, cancel)),
        using=("above", "within", "price", "groups", "flat-price"),
        why="Wealth of the group times wealth within it: what each would hold in the single "
        "market. The price of the group cancels.",
        source="shapiro2022dynamic; derived here",
    )


def _regret(d: Derivation) -> None:
    d.assume(
        "wealth",
        _W,
        _w * _Gi / _M,
        why="After some outcomes forecaster $i$ holds its first wealth times the product $\\Pi_i$ "
        "of what it gave to them, over the product $M$ of what the market gave.",
    )
    d.assume(
        "traded",
        _next,
        _W * _gi / _mix,
        why="The next outcome, to which the market gives $m$ and the forecaster $g_i$, moves it.",
    )
    d.step(
        "wealth-after",
        _next,
        _w * (_Gi * _gi) / (_M * _mix),
        by=Rewrite(),
        using=("traded", "wealth"),
        why="The same formula with one more factor in each product: it holds at every time.",
    )
    d.assume(
        "total",
        _M,
        _w * _Gi + _rest,
        why="The wealths add up to one, so $M = \\sum_i w_i \\Pi_i$; $R$ is the sum of the others.",
    )
    d.step(
        "share",
        _w * _Gi,
        _M,
        relation="<=",
        by=Bound(),
        using=("total",),
        why="A sum is at least any of its terms.",
    )
    d.step(
        "regret",
        -log(_M),
        -log(_w) - log(_Gi),
        relation="<=",
        by=Bound(along=(_rest, 0), how=expand_log),
        using=("total",),
        why="The market's total loss exceeds that of any of its forecasters by at most minus the "
        "logarithm of that one's first wealth, however long it runs.",
    )


_nested(MARKETS)
_regret(MARKETS)
