"""The experiments: what the figures show, and what they would show if the code were wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.systems.experiments.control import SignFlip
from theorylab.systems.experiments.markets import Market, first_wealth
from theorylab.systems.experiments.memory import Recall


def _many(experiment, count, name):
    keys = jax.random.split(jax.random.key(7), count)
    return jax.jit(jax.vmap(lambda key: experiment.simulate(key)[name]))(keys)


def test_only_a_wiring_that_learns_completes_a_pattern():
    small = {"cells": 96, "longest": 20, "free": 10}
    held = _many(Recall(**small), 8, "held")
    assert (held > 0.8).mean() > 0.8
    fixed = _many(Recall(rate=0.0, **small), 8, "held")
    np.testing.assert_allclose(fixed, 0.0, atol=1e-12)


def test_the_cue_is_a_quarter_and_the_study_the_whole():
    overlap = Recall(rate=0.0, longest=20).simulate(jax.random.key(0))["overlap"]
    np.testing.assert_allclose(overlap[1:25, 0], np.tanh(4.0), rtol=1e-12)
    np.testing.assert_allclose(overlap[26:50, 1], np.tanh(4.0), rtol=1e-12)
    np.testing.assert_allclose(overlap[204:209, 0], np.tanh(4.0) / 4, rtol=1e-12)
    np.testing.assert_allclose(overlap[232:237, 1], np.tanh(4.0) / 4, rtol=1e-12)


def test_holding_one_pattern_for_long_costs_the_other():
    held = {
        free: _many(Recall(rate=0.01, longest=60, free=free), 24, "held") > 0.9 for free in (5, 60)
    }
    assert held[5][:, 1].mean() - held[60][:, 1].mean() > 0.5
    assert held[60][:, 0].mean() > 0.7


def test_the_fixed_controller_diverges_and_the_one_that_learns_comes_back():
    fixed = _many(SignFlip(learns=False), 8, "x")
    alive = _many(SignFlip(), 8, "x")
    assert jnp.abs(fixed[:, :100]).max() < 1 and jnp.abs(fixed[:, -1]).min() > 1e6
    assert jnp.sqrt((alive[:, -50:] ** 2).mean()) < 0.1
    estimate = _many(SignFlip(), 8, "estimate")
    assert jnp.abs(estimate[:, -1] + 1).max() < 0.5
    # without noise the exact feedback brings the plant to rest in one tick
    still = SignFlip(learns=False, noise=0.0).simulate(jax.random.key(0))["x"]
    assert not still.any()


def test_the_nested_market_is_the_flat_one_and_pays_no_more_than_the_bound():
    out = {k: np.asarray(v) for k, v in Market(ticks=300).simulate(jax.random.key(3)).items()}
    np.testing.assert_allclose(out["nested"], out["flat"], atol=1e-13)
    np.testing.assert_allclose(out["price"], out["price_flat"], atol=1e-13)
    np.testing.assert_allclose(out["nested"][0], first_wealth(), rtol=1e-15)
    # wealth after n outcomes is the first wealth times exp(market's loss - own loss)
    gained = first_wealth() * np.exp(out["loss"][:-1, None] - out["losses"][:-1])
    np.testing.assert_allclose(out["nested"][1:], gained, rtol=1e-10)
    assert (out["loss"][:, None] - out["losses"] <= -np.log(first_wealth()) + 1e-12).all()
    # forgetting the wealth of the groups would be seen
    halves = np.array([0.5, 0.5])[[0, 0, 1, 1, 1]] / np.array([0.4, 0.6])[[0, 0, 1, 1, 1]]
    assert np.abs(first_wealth() * halves - out["nested"][0]).max() > 0.02


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Recall(cells=1), "cells"),
        (lambda: Recall(part=1.5), "part"),
        (lambda: SignFlip(limit=0.0), "limit"),
        (lambda: Market(truth=(0.5, 0.0)), "truth"),
    ],
)
def test_bad_parameters_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
