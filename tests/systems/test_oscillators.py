"""Columns of oscillators: nested against flat, many against two numbers, and their modulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.systems import discretise, run
from theorylab.systems.experiments.clocks import Clocks
from theorylab.systems.oscillators import (
    coherent_phases,
    column,
    lorentzian,
    modulation_index,
    reduced_column,
)

KEY = jax.random.key(0)
TURN = 2 * np.pi


def test_nested_clocks_are_the_flat_equations_to_rounding():
    """Against a hand-written loop over all phases in one array."""
    clocks = Clocks(cells=30, ticks=300, skip=0)
    system = discretise(clocks.system(), "euler", clocks.dt)
    state = system.init(KEY)
    phases = np.stack([np.asarray(state[f"column {k}"]) for k in range(3)])
    _, (means, slow) = jax.jit(lambda s: run(system, s, length=300))(state)
    speeds = TURN * np.asarray(lorentzian(30, 40.0, 4.0))
    theta, lags = 0.0, TURN * np.arange(3) / 3
    for tick in range(300):
        field = np.exp(1j * phases).mean(axis=1)
        np.testing.assert_allclose(means[tick, :, 0], field.real, atol=1e-11)
        np.testing.assert_allclose(means[tick, :, 1], field.imag, atol=1e-11)
        np.testing.assert_allclose(slow[tick], theta, atol=1e-11)
        given = TURN * 14.0 * (1 + 0.8 * np.cos(theta - lags))[:, None]
        pull = np.imag(field[:, None] * np.exp(-1j * phases))
        phases = phases + clocks.dt * (speeds + given * pull)
        theta = theta + clocks.dt * TURN * 6.0


SMALL = {"columns": 1, "ticks": 150, "skip": 0}
_simulate = jax.jit(jax.vmap(lambda clocks, key: clocks.simulate(key), in_axes=(None, 0)))


def _order(clocks, keys):
    return _simulate(clocks, keys)["order"]


def _gap(cells, depth, keys):
    """Root mean square distance of the order parameter from that of the reduced column."""
    order = _order(Clocks(cells=cells, depth=depth, **SMALL), jax.random.split(KEY, keys))
    reduced = _order(Clocks(reduced=True, depth=depth, **SMALL), KEY[None])
    return float(np.sqrt(((order - np.asarray(reduced)) ** 2).mean()))


def test_the_reduced_column_is_the_limit_of_many_oscillators():
    for depth in (0.8, 0.0):
        few, many = _gap(36, depth, 12), _gap(576, depth, 3)
        assert many < 0.025
        # the distance falls as the root of the number: by 4 for 16 times as many
        assert 2.8 < few / many < 5.7


def test_the_mean_field_of_either_column_turns_at_the_centre_frequency():
    full = _simulate(Clocks(cells=576, **SMALL), jax.random.split(KEY, 3))
    reduced = _simulate(Clocks(reduced=True, **SMALL), KEY[None])
    turned = np.cos(TURN * 40 * 1e-3 * np.arange(150))
    field = np.asarray(reduced["field"])[0, :, 0]
    np.testing.assert_allclose(field, np.asarray(reduced["order"])[0, :, 0] * turned, atol=1e-10)
    assert np.sqrt(((np.asarray(full["field"])[..., 0] - field[None]) ** 2).mean()) < 0.05


def test_a_wrong_reduced_column_would_be_seen():
    """A fifth more coupling moves the order parameter by more than the test above allows."""
    right, wrong = (
        _order(Clocks(reduced=True, coupling=coupling, **SMALL), KEY[None])
        for coupling in (14.0, 16.8)
    )
    assert jnp.sqrt(((right - wrong) ** 2).mean()) > 0.04


def test_either_column_fits_the_same_diagram():
    full, reduced = column("c", lorentzian(99, 1.0, 0.1), 0.5), reduced_column("c", 1.0, 0.1, 0.5)
    assert full.cod == reduced.cod and full.clock == reduced.clock == "flow"
    for system in (full, reduced):
        _, shown, _ = system.step(system.init(KEY), (), (jnp.zeros(()),))
        np.testing.assert_allclose(shown[0], [0.5, 0.0], atol=1e-4)


def test_the_frequencies_forget_their_phase_as_a_lorentzian_does():
    """The mean of exp(i omega t) is exp(i omega_0 t - Delta |t|)."""
    speeds = np.asarray(lorentzian(20_000, 3.0, 0.5))
    for time in (0.5, 1.0, 2.0):
        mean = np.exp(1j * time * speeds).mean()
        assert abs(mean - np.exp(3j * time - 0.5 * time)) < 1e-3


def test_the_start_lies_on_the_manifold():
    """Its n-th mode is the n-th power of the first, as the derivation wants."""
    phases = np.asarray(coherent_phases(KEY, 4000, 0.7))
    for n in range(1, 6):
        assert abs(np.exp(1j * n * phases).mean() - 0.7**n) < 2e-3
    assert not np.array_equal(phases, np.sort(phases))


def test_the_modulation_index_is_the_relative_entropy_to_the_uniform_law():
    phase = np.random.default_rng(0).uniform(-20, 20, 5000)
    amplitude = 1 + 0.7 * np.cos(phase - 1.0)
    index, shares = modulation_index(phase, amplitude)
    bins = np.digitize(phase % TURN, np.linspace(0, TURN, 19)) - 1
    means = np.array([amplitude[bins == b].mean() for b in range(18)])
    p = means / means.sum()
    np.testing.assert_allclose(shares, p, rtol=1e-12)
    np.testing.assert_allclose(index, (p * np.log(p * 18)).sum() / np.log(18), rtol=1e-12)
    even = np.arange(18) / 18 * TURN + 0.1
    single = np.zeros(18)
    single[4] = 2.0
    assert abs(modulation_index(even, single)[0] - 1) < 1e-12
    assert abs(modulation_index(even, np.ones(18))[0]) < 1e-12


def test_only_the_slow_clock_modulates_and_each_column_at_its_turn():
    three_cycles = {"reduced": True, "ticks": 1000, "skip": 500}
    simulate = jax.jit(lambda clocks: clocks.simulate(KEY))
    out = simulate(Clocks(**three_cycles))
    still = simulate(Clocks(depth=0.0, **three_cycles))
    assert (out["index"] > 0.01).all() and (jnp.abs(still["index"]) < 1e-6).all()
    # the order parameter settles at the root of the derivation, sqrt(1 - 2 Delta / K)
    np.testing.assert_allclose(still["order"][-1], np.sqrt(1 - 8 / 14), rtol=1e-6)
    middles = (np.arange(18) + 0.5) / 18 * TURN
    mean = (np.asarray(out["share"]) * np.exp(1j * middles)).sum(axis=1)
    np.testing.assert_allclose(mean[1:] / mean[:-1], np.exp(1j * TURN / 3), atol=0.01)
    together = simulate(Clocks(spread=0.0, **three_cycles))["order"]
    np.testing.assert_allclose(together[:, 1], together[:, 0], rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: lorentzian(0, 1.0, 1.0), "cells is 0"),
        (lambda: coherent_phases(KEY, 3, 1.5), "order is 1.5"),
        (lambda: column("c", jnp.ones(3), -0.1), "order is -0.1"),
        (lambda: reduced_column("c", 1.0, 1.0, 2.0), "order is 2.0"),
        (lambda: modulation_index(jnp.ones(3), jnp.ones(3), bins=1), "bins is 1"),
        (lambda: modulation_index(jnp.ones(3), -jnp.ones(3)), "amplitude"),
        (lambda: Clocks(ticks=10, skip=10), "skip is 10"),
    ],
)
def test_bad_arguments_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
