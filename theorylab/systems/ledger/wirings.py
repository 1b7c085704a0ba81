"""Rows on the analogy and on wirings that learn: cells, controllers, markets and clocks."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from theorylab.lab import Measurement
from theorylab.lab.judges import above, below, between
from theorylab.systems.boxes import machine
from theorylab.systems.errors import InterfaceError
from theorylab.systems.experiments.clocks import CLOCKS
from theorylab.systems.experiments.control import SIGN_FLIP
from theorylab.systems.experiments.memory import HOLDING, RECALL
from theorylab.systems.learning import learner
from theorylab.systems.ledger.common import (
    UNSEEN,
    claims,
    established,
    gap,
    none,
    precisely,
    row,
)
from theorylab.systems.rewiring import forecast, hebbian, market
from theorylab.systems.running import run
from theorylab.systems.system import System, identity, nest
from theorylab.systems.wires import R

NESTED, ORG, ORDER, RHYTHMS = (
    "spivak2021deeply",
    "shapiro2022dynamic",
    "ott2008low",
    "monaco2021brain",
)


def _typed_wrongly() -> Measurement:
    """Uses of a neuron as a wire or a cell, or of a wire as a neuron, that are not refused."""
    with precisely():
        wire = R(2)
        cells = machine("cells", lambda key: jnp.ones(2), lambda s: s, lambda s, d: d, wire)
        neurons = learner(
            "neurons", lambda w, x: jnp.tanh(w @ x), lambda key: jnp.eye(2), optax.sgd(0.1),
            (wire,), (wire,),
        )  # fmt: skip
        synapses = hebbian("synapses", 2, 0.1, 0.1)
        inputs = (jnp.zeros((1, 2)),)

        def ticks(system: System) -> None:
            run(system, system.init(jax.random.key(0)), inputs)

        ticks(cells >> synapses)
        ticks(cells >> neurons)
        wrong = (
            lambda: identity(neurons),
            lambda: cells >> wire,
            lambda: ticks(neurons >> synapses),
            lambda: ticks(synapses),
        )
        return Measurement(sum(not _refused(use) for use in wrong))


def _refused(use) -> bool:
    try:
        use()
    except (InterfaceError, TypeError):
        return True
    return False


def _both_at_once() -> Measurement:
    """Whether what a wiring delivers depends on the past and on what the other cells show."""
    with precisely():
        wiring = hebbian("wiring", 3, 0.5, 0.0)
        x, nothing = jnp.array([1.0, -1.0, 0.5]), jnp.zeros(3)
        state = wiring.init(jax.random.key(0))
        state, _, (first,) = wiring.step(state, (x,), (nothing,))
        _, _, (second,) = wiring.step(state, (x,), (nothing,))
        _, _, (other,) = wiring.step(state, (x[::-1],), (nothing,))
        return Measurement(bool(gap(first, second) > 0.01 and gap(second, other) > 0.01))


def _yes(m: Measurement) -> bool:
    return m.value is True


def _completed(runs) -> Measurement:
    """The worse of two patterns at the end, learning wiring; nan if the fixed one has any."""
    held = runs.held.sel(rate=slice(None)).sortby("rate")
    fixed, learns = held.isel(rate=0), held.isel(rate=-1)
    if not bool((abs(fixed) < 0.1).all()):
        return Measurement(float("nan"))
    return Measurement(float(learns.min(skipna=False)))


def _lost(runs) -> Measurement:
    """The share of seeds in which the second pattern is held, short minus long free time."""
    share = (runs.held > 0.9).where(runs.held.notnull()).mean("seed", skipna=False)
    ends = share.sel(pattern="B").sortby("free").isel(free=[0, -1])
    return Measurement(float((ends.isel(free=0) - ends.isel(free=1)).min(skipna=False)))


def _diverged(runs) -> Measurement:
    return Measurement(float(np.log10(abs(runs.x.sel(learns=False).isel(tick=-1)))))


def _adapted(runs) -> Measurement:
    last = runs.x.sel(learns=True).isel(tick=slice(-50, None))
    return Measurement(float(np.sqrt((last**2).mean(skipna=False))))


def _reduced(runs) -> Measurement:
    """The order parameter of oscillators less that of the reduced columns, over both depths."""
    late = runs.order.isel(tick=slice(runs.sizes["tick"] // 4, None))
    miss = late.sel(reduced=False) - late.sel(reduced=True)
    return Measurement(float(np.sqrt((miss**2).mean(skipna=False))))


def _modulated(runs) -> Measurement:
    """The least index of a column under the slow clock; nan if the control has one, too."""
    index = runs["index"].sel(reduced=False).sortby("depth")
    control, driven = index.isel(depth=0), index.isel(depth=-1)
    if not bool((abs(control) < 1e-3).all()):
        return Measurement(float("nan"))
    return Measurement(float(driven.min(skipna=False)))


_GROUPS = ((0.4, (0.3, 0.7)), (0.6, (0.2, 0.3, 0.5)))


def _markets(outcomes) -> tuple:
    """Prices of five forecasters in two markets of a market, in one, and their forecasts."""
    forecasts = jax.random.dirichlet(jax.random.key(0), jnp.ones(3), (5,))
    boxes = [
        machine(f"f{n}", lambda key, n=n: forecasts[n], lambda s: s, lambda s, d: s, forecast(3))
        for n in range(5)
    ]
    first = nest(market("first", jnp.array(_GROUPS[0][1]), 3), *boxes[:2])
    second = nest(market("second", jnp.array(_GROUPS[1][1]), 3), *boxes[2:])
    nested = nest(market("top", jnp.array([w for w, _ in _GROUPS]), 3), first, second)
    flat = nest(market("flat", _wealth(), 3), *boxes)

    def prices(system: System):
        return run(system, system.init(jax.random.key(0)), (outcomes,))[1][0]

    return prices(nested), prices(flat), forecasts


def _wealth():
    return jnp.array([w * v for w, within in _GROUPS for v in within])


def _outcomes():
    return jax.random.randint(jax.random.key(1), (100,), 0, 3, jnp.int32)


def _nested_prices() -> Measurement:
    with precisely():
        nested, flat, _ = _markets(_outcomes())
        return Measurement(gap(nested, flat))


def _regret() -> Measurement:
    """Regret to each forecaster less its bound, the largest over all times and forecasters."""
    with precisely():
        outcomes = _outcomes()
        _, prices, forecasts = _markets(outcomes)
        given = jnp.log(prices[jnp.arange(outcomes.size), outcomes])
        own = jnp.cumsum(jnp.log(forecasts[:, outcomes]), axis=1)
        excess = own - jnp.cumsum(given)[None] + jnp.log(_wealth())[:, None]
        return Measurement(float(excess.max()))


_RUNS = {"runs": SIGN_FLIP}
ROWS = (
    row(
        "type-check",
        NESTED,
        "abstract",
        "The analogy of artificial neurons with nerve cells does not type check: neurons are like "
        "synapses, and it is the wires that are like cells.",
        _typed_wrongly,
        none,
        difference="A claim about types, tried on those of this library: wires and cells on one "
        "side, neurons and synapses, which have a left and a right side, on the other",
        note="Wrong uses, of four, that are not refused; the two right ones run",
    ),
    row(
        "control-fails",
        NESTED,
        "abstract",
        "The interaction of control engineering fails to adapt to changing circumstances.",
        _diverged,
        above(6),
        needs=_RUNS,
        difference="One plant and one change of it, chosen here; there are fixed controllers that "
        "survive other changes",
        note="Power of ten that the plant reaches 100 ticks after its sign has changed",
    ),
    row(
        "deeply-interacting",
        NESTED,
        "abstract",
        "A common generalisation has interaction as in control theory and adapts as deep networks "
        "do.",
        _adapted,
        between(0, 0.2),
        needs=_RUNS,
        difference="The same plant, closed by a wiring that learns",
        note="Root mean square of the plant over the last 50 ticks; its noise is 0.05",
    ),
    row(
        "interaction-with-memory",
        NESTED,
        "abstract",
        "In it the pattern of interaction itself changes with what passes through.",
        _both_at_once,
        _yes,
        difference=UNSEEN,
        note="With the same shown and received a wiring of cells delivers something else later, "
        "and what it delivers depends on what the others show",
    ),
    row(
        "fire-together",
        NESTED,
        "abstract",
        "Cells that fire together wire together: the weights of synapses are their state.",
        _completed,
        between(0.9, 1.0),
        needs={"runs": RECALL},
        difference="A simulation of our own; the paper has none",
        note="Overlap with two patterns long after a cue of a quarter, the smaller one; in the "
        "fixed wiring it must be below 0.1",
    ),
    row(
        "held-and-lost",
        "theorylab",
        "wirings",
        "What is recalled is learned again, at the cost of the other pattern.",
        _lost,
        above(0.5),
        needs={"runs": HOLDING},
        note="Share of 60 seeds that hold the second pattern, after 5 ticks without input less "
        "after 80; the smaller of two rates",
    ),
    row(
        "hebb-growth",
        "theorylab",
        "wirings",
        "While a pattern is held, Hebb's rule wires it in: with decay to a limit, else for ever.",
        claims("hebb", "grown", "unbounded"),
        established,
        note="The checked claims systems/hebb/grown and unbounded",
    ),
    row(
        "market-operad",
        ORG,
        "abstract",
        "Prediction markets are a dynamic operad: a market of markets is a market.",
        claims("markets", "same-price", "nested"),
        established,
        difference="How the paper moves wealth was not visible to us. Here it is by Bayes' rule; "
        "that this is the paper's is from memory",
        note="The checked claims systems/markets/same-price and nested, for two and three members",
    ),
    row(
        "market-running",
        ORG,
        "abstract",
        "The same, running.",
        _nested_prices,
        below(1e-13),
        difference="As above",
        note="Largest difference of the prices, five forecasters and 100 outcomes",
    ),
    row(
        "market-regret",
        "theorylab",
        "wirings",
        "A market loses to none of its members more than minus the logarithm of its first wealth.",
        claims("markets", "wealth-after", "share", "regret"),
        established,
        note="The checked claims systems/markets/wealth-after, share and regret",
    ),
    row(
        "market-regret-running",
        "theorylab",
        "wirings",
        "The same, running: at no time and to no member.",
        _regret,
        between(-1.0, 1e-12),
        note="Regret less bound, the largest of five forecasters and 100 times",
    ),
    row(
        "low-dimensional",
        ORDER,
        "abstract",
        "Infinitely many coupled phase oscillators have low-dimensional dynamics.",
        claims("oscillators", "modes", "manifold"),
        established,
        difference="On an invariant set of states, one complex number for each frequency",
        note="The checked claims systems/oscillators/modes and manifold",
    ),
    row(
        "order-parameter",
        ORDER,
        "abstract",
        "For Lorentzian frequencies the approach to synchrony has a closed form.",
        claims("oscillators", "square-flow", "solution"),
        established,
        difference="Given the equation for the order parameter, which is taken over as a premise",
        note="The checked claims systems/oscillators/square-flow and solution",
    ),
    row(
        "onset",
        ORDER,
        "section on the Kuramoto problem",
        "Synchrony sets in at a coupling of twice the half-width, and is stable above it.",
        claims("oscillators", "stationary", "critical", "stable"),
        established,
        difference="Given the same equation",
        note="The checked claims systems/oscillators/stationary, critical and stable",
    ),
    row(
        "columns-reduce",
        ORDER,
        "abstract",
        "The same, running: a column of 500 oscillators is close to the reduced one.",
        _reduced,
        between(0, 0.03),
        needs={"runs": CLOCKS},
        difference="A coupling that a slow clock sets, and as control a steady one; the theory is "
        "for infinitely many oscillators",
        note="Root mean square of the difference of the order parameters, which lie in 0 to 1",
    ),
    row(
        "nested-clocks",
        "theorylab",
        "wirings",
        "A slow clock that sets the coupling of fast ones modulates their amplitude.",
        _modulated,
        between(0.005, 1.0),
        needs={"runs": CLOCKS},
        note="Modulation index of a column, the least of three; without modulation it must be "
        "below 0.001",
    ),
    row(
        "rhythms",
        RHYTHMS,
        "abstract",
        "Synchrony, nested oscillations and flexible sequences are a layer of computation in "
        "brains.",
        None,
        None,
        out_of_reach="A perspective without a model. The nested clocks of this chapter illustrate "
        "the idea and decide nothing",
    ),
)
