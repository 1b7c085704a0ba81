"""A market of two markets beside a single market of the same forecasters."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.systems.boxes import machine
from theorylab.systems.rewiring import forecast, market
from theorylab.systems.system import System, nest

#: First wealth within each group, and of the groups.
GROUPS = ((0.3, 0.7), (0.2, 0.3, 0.5))
TOP = (0.4, 0.6)


class Market(Experiment):
    r"""Five forecasters of random outcomes, in two markets under a third, and in one market.

    Each forecaster gives the same probabilities all the time; they are drawn around the true ones
    (Dirichlet), so none is right. Losses are minus the logarithm of what was given to what came.
    """

    ticks: int = static(2000, low=1, unit="outcomes", doc="number of outcomes")
    truth: tuple = traced((0.4, 0.3, 0.2, 0.1), above=0.0, doc="true probabilities")
    sharpness: float = traced(40.0, above=0.0, doc="how close forecasts lie to the truth")
    outputs = {
        "nested": Output(("tick", "forecaster"), doc="wealth of a group times wealth within it"),
        "flat": Output(("tick", "forecaster"), doc="wealth in the single market"),
        "price": Output(("tick", "outcome"), doc="what the nested market shows"),
        "price_flat": Output(("tick", "outcome"), doc="what the single market shows"),
        "given": Output(("forecaster", "outcome"), doc="what the forecasters show"),
        "truth_was": Output(("outcome",), doc="true probabilities"),
        "loss": Output(("tick",), doc="total loss of the nested market, this outcome included"),
        "losses": Output(("tick", "forecaster"), doc="total loss of each forecaster"),
    }

    def coords(self):
        """Outcomes so far, and which forecaster of which group."""
        names = [f"{g + 1}.{n + 1}" for g, group in enumerate(GROUPS) for n in range(len(group))]
        return {"tick": Coord(np.arange(self.ticks), doc="outcomes so far"), "forecaster": names}

    def simulate(self, key):
        """Both markets hear the same outcomes."""
        first, second = jax.random.split(key)
        truth = jnp.asarray(self.truth) / jnp.sum(jnp.asarray(self.truth))
        given = jax.random.dirichlet(first, self.sharpness * truth, (sum(map(len, GROUPS)),))
        drawn = jax.random.categorical(second, jnp.log(truth), shape=(self.ticks,))
        outcomes = drawn.astype(jnp.int32)
        deep, wide = _systems(given)

        def tick(states, outcome):
            results = [
                box.step(state, (), (outcome,))
                for box, state in zip((deep, wide), states, strict=True)
            ]
            prices = [shown[0] for _, shown, _ in results]
            return [new for new, _, _ in results], (*map(_wealth, states), *prices)

        start = [deep.init(key), wide.init(key)]
        _, (nested, flat, price, price_flat) = jax.lax.scan(tick, start, outcomes)
        at = jnp.arange(self.ticks)
        return {
            "nested": nested,
            "flat": flat,
            "price": price,
            "price_flat": price_flat,
            "given": given,
            "truth_was": truth,
            "loss": jnp.cumsum(-jnp.log(price[at, outcomes])),
            "losses": jnp.cumsum(-jnp.log(given[:, outcomes].T), axis=0),
        }


def first_wealth() -> np.ndarray:
    """What each forecaster holds at the start, in the single market, (forecasters,)."""
    return np.concatenate([w * np.asarray(v) for w, v in zip(TOP, GROUPS, strict=True)])


def _systems(given: jax.Array) -> tuple[System, System]:
    outcomes = given.shape[1]
    boxes = [
        machine(f"forecaster {n}", lambda key: (), lambda s, g=g: g, lambda s, d: s, wire)
        for wire in (forecast(outcomes),)
        for n, g in enumerate(given)
    ]
    start, groups = 0, []
    for n, group in enumerate(GROUPS):
        members = boxes[start : start + len(group)]
        groups.append(nest(market(f"group {n}", np.array(group), outcomes), *members))
        start += len(group)
    deep = nest(market("top", np.array(TOP), outcomes), *groups)
    return deep, nest(market("flat", first_wealth(), outcomes), *boxes)


def _wealth(state: dict) -> jax.Array:
    if "flat" in state:
        return state["flat"]
    return jnp.concatenate([state["top"][n] * state[f"group {n}"] for n in range(len(GROUPS))])


MARKET = Plan(Market())
