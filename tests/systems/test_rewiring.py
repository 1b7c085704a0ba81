"""Wirings with a memory: Hebb's rule against its closed form, markets against Bayes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.symbolic import compiled
from theorylab.systems import (
    InterfaceError,
    R,
    forecast,
    hebbian,
    machine,
    market,
    nest,
    run,
)

OUTCOMES = 4


def _forecaster(name, probabilities):
    return machine(name, lambda key: probabilities, lambda s: s, lambda s, d: s, forecast(OUTCOMES))


@pytest.fixture(scope="module")
def forecasts():
    return jax.random.dirichlet(jax.random.key(0), jnp.ones(OUTCOMES), (5,))


@pytest.fixture(scope="module")
def outcomes():
    return jax.random.choice(
        jax.random.key(1), OUTCOMES, (300,), p=jnp.array([0.4, 0.3, 0.2, 0.1])
    ).astype(jnp.int32)


def _run(system, outcomes):
    return jax.jit(lambda state: run(system, state, (outcomes,)))(system.init(jax.random.key(0)))


def test_a_market_of_markets_is_one_market(forecasts, outcomes):
    boxes = [_forecaster(f"f{n}", g) for n, g in enumerate(forecasts)]
    groups = nest(market("a", jnp.array([0.3, 0.7]), OUTCOMES), *boxes[:2]) @ nest(
        market("b", jnp.array([0.2, 0.3, 0.5]), OUTCOMES), *boxes[2:]
    )
    nested = groups >> market("top", jnp.array([0.4, 0.6]), OUTCOMES)
    flat = nest(market("flat", jnp.array([0.12, 0.28, 0.12, 0.18, 0.3]), OUTCOMES), *boxes)
    deep, (shown,) = _run(nested, outcomes)
    wide, (expected,) = _run(flat, outcomes)
    np.testing.assert_allclose(shown, expected, atol=1e-13)
    top = deep["top"]
    wealth = jnp.concatenate([top[0] * deep["a"], top[1] * deep["b"]])
    np.testing.assert_allclose(wealth, wide["flat"], atol=1e-13)


def test_wealth_is_the_posterior_and_regret_is_bounded(forecasts, outcomes):
    prior = jnp.array([0.12, 0.28, 0.12, 0.18, 0.3])
    boxes = [_forecaster(f"f{n}", g) for n, g in enumerate(forecasts)]
    state, (shown,) = _run(nest(market("m", prior, OUTCOMES), *boxes), outcomes)
    gains = jnp.log(forecasts[:, outcomes]).sum(axis=1) + jnp.log(prior)
    np.testing.assert_allclose(state["m"], jax.nn.softmax(gains), atol=1e-12)
    loss = -jnp.log(shown[jnp.arange(300), outcomes]).sum()
    assert abs(loss + jax.nn.logsumexp(gains)) < 1e-10
    assert loss <= (-gains).min() + 1e-12
    assert loss > (-gains).min() - 0.5


def _held(pattern):
    wire = R(len(pattern))
    return machine("cells", lambda key: pattern, lambda s: s, lambda s, d: s, wire)


def test_wiring_grows_as_the_closed_form_says():
    pattern = jnp.array([1.0, -1.0, 1.0, 1.0, -1.0])
    system = _held(pattern) >> hebbian("wiring", 5, 0.1, 0.5)
    state, _ = run(system, system.init(jax.random.key(0)), (jnp.zeros((30, 5)),))
    grown = compiled("systems/hebb/grown", args=("C", "eta", "lambda", "T"))
    off = ~np.eye(5, dtype=bool)
    share = jnp.outer(pattern, pattern)[off] / 5
    expected = grown(share, *(jnp.full(share.shape, x) for x in (0.1, 0.5, 30.0)))
    np.testing.assert_allclose(state["wiring"][off], expected, rtol=1e-12)
    assert not state["wiring"][~off].any()


def test_what_is_delivered_changes_with_the_past():
    """The certificate that no static wiring does it: same positions, same input, other delivery."""
    wiring = hebbian("wiring", 3, 0.1, 0.0)
    x, nothing = jnp.array([1.0, -1.0, 0.5]), jnp.zeros(3)
    state = wiring.init(jax.random.key(0))
    state, _, first = wiring.step(state, (x,), (nothing,))
    _, _, second = wiring.step(state, (x,), (nothing,))
    assert first[0].tolist() == [0, 0, 0]
    assert jnp.abs(second[0]).min() > 0.01


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="sum of wealth"):
        market("m", jnp.array([0.5, 0.6]), 2)
    with pytest.raises(ValueError, match="wealth holds"):
        market("m", jnp.array([1.5, -0.5]), 2)
    with pytest.raises(ValueError, match="outcomes is 1"):
        forecast(1)
    with pytest.raises(ValueError, match="cells is 0"):
        hebbian("w", 0, 0.1, 0.1)
    with pytest.raises(ValueError, match="rate is -1"):
        hebbian("w", 2, -1, 0.1)
    with pytest.raises(InterfaceError, match="cannot compose"):
        nest(market("m", jnp.array([0.5, 0.5]), 2), machine_of_three())


def machine_of_three():
    """A forecaster of three outcomes."""
    return machine("f", lambda k: jnp.ones(3) / 3, lambda s: s, lambda s, d: s, forecast(3))
