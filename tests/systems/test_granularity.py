"""The same network cut finer and finer: the same step, and what it costs, counted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.systems import R, power, vectorfield
from theorylab.systems.experiments.equality import Equality
from theorylab.systems.experiments.granularity import (
    PROGRAMS,
    Granularity,
    batches,
    matrices,
    network,
    trainer,
)
from theorylab.systems.work import compiled_work

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def _promotion():
    """Optax multiplies counters by floats."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="module")
def counted():
    with jax.numpy_dtype_promotion("standard"):
        found = Granularity().simulate(KEY)
    return {name: dict(zip(PROGRAMS, found[name].tolist(), strict=True)) for name in found}


def test_layers_make_the_work_of_the_hand_written_step(counted):
    for name in ("flops", "fusions", "dots"):
        assert counted[name]["layers"] == counted[name]["by hand"]
    # 2 layers: forward and weight gradient for each, and one gradient passed on
    assert counted["dots"]["by hand"] == 5
    assert counted["flops"]["by hand"] > 3000


def test_every_cut_takes_the_same_step(counted):
    assert max(counted["gap"].values()) < 1e-14
    assert counted["gap"]["layers"] == 0


def test_single_neurons_cost_code_and_stacked_ones_do_not(counted):
    assert counted["fusions"]["single neurons"] > 2 * counted["fusions"]["by hand"]
    assert counted["fusions"]["stacked neurons"] <= counted["fusions"]["by hand"] + 3
    assert counted["flops"]["stacked neurons"] < 1.1 * counted["flops"]["by hand"]


def test_equal_work_at_another_size_in_single_precision():
    sizes = (5, 8, 8, 3)
    with jax.enable_x64(False):
        start = matrices(KEY, sizes)
        data = batches(KEY, sizes, 8, ticks=2)
        works = []
        for kind in ("by hand", "layers"):
            train, state = trainer(kind, start, 8, 0.1)
            works.append(compiled_work(train, state, *data))
    assert works[0] == works[1]


def test_a_request_that_is_used_costs_one_more_product():
    """While nobody asks for the gradient at the input, the compiler drops it."""
    start = matrices(KEY, (6, 6, 3))
    net = network("layers", start, 4, 0.1)
    x, g = jnp.ones((4, 6)), jnp.ones((4, 3))

    def step(state, x, g):
        return net.step(state, (x,), (g,))

    state = net.init(KEY)
    dropped = compiled_work(lambda *args: step(*args)[0], state, x, g)
    asked = compiled_work(lambda *args: step(*args)[::2], state, x, g)
    assert asked.dots == dropped.dots + 1


def test_copies_stand_beside_boxes_that_are_not_copied():
    """Their states have other shapes, and only the copies' own may be mapped over."""
    clock = vectorfield("t", lambda key: jnp.zeros(2), lambda s: s, lambda s, d: s, R(2))
    pair = vectorfield("s", lambda key: jnp.ones(()), lambda s: s, lambda s, d: d - s, R())
    both = clock @ power(pair, 3)
    state, shown, _ = both.step(both.init(KEY), (), (jnp.zeros(2), jnp.arange(3.0)))
    assert state["s"].tolist() == [-1, 0, 1] and shown[0].shape == (2,)


@pytest.mark.parametrize(("variant", "order"), [("updated first", 2), ("clipped apart", 1)])
def test_near_misses_miss_at_their_order(variant, order):
    experiment = Equality(variant=variant, ticks=1, sizes=(5, 8, 3))
    first_gap = jax.jit(lambda experiment: experiment.simulate(KEY)["gap"][0])
    found = np.array([first_gap(experiment.replace(rate=rate)) for rate in (0.01, 0.02, 0.04)])
    np.testing.assert_allclose(np.log2(found[1:] / found[:-1]), order, atol=0.1)


def test_composed_learners_take_the_step_of_the_whole():
    out = Equality(ticks=60, sizes=(5, 8, 8, 3)).simulate(KEY)
    assert out["gap"].max() < 1e-12 < 1e-2 < out["moved"][-1]
    np.testing.assert_allclose(out["loss"], out["loss_whole"], rtol=1e-12)
    assert out["loss"][-10:].mean() < out["loss"][:10].mean() / 2
