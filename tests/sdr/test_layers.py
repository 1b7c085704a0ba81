"""Layers: hard segments against sets, k winners against sorting, gates against the definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from theorylab.sdr import (
    ActiveDendriteLayer,
    BinarySegmentNeuron,
    KWinners,
    k_winners,
    random_patterns,
    to_dense,
)


def test_a_neuron_fires_when_any_segment_reaches_its_threshold():
    synapses = random_patterns(jax.random.key(0), 30, 5, 12).reshape(3, 4, 5)
    active = random_patterns(jax.random.key(1), 30, 12, 50)
    neuron = BinarySegmentNeuron(synapses, 4)
    dense = to_dense(active, 30)
    sets = [set(row) for row in np.asarray(active).tolist()]
    overlap = np.array(
        [[[len(s & set(g)) for g in unit] for unit in np.asarray(synapses).tolist()] for s in sets]
    )
    np.testing.assert_array_equal(neuron.overlaps(dense), overlap)
    fires = (overlap >= 4).any(axis=2)
    np.testing.assert_array_equal(neuron(dense), fires)
    assert 0.05 < fires.mean() < 0.95
    np.testing.assert_array_equal(nnx.jit(lambda m, x: m(x))(neuron, dense), fires)


def test_k_winners_are_the_largest():
    x = jax.random.normal(jax.random.key(0), (7, 9))
    for k in (0, 1, 4, 9):
        wins = np.asarray(k_winners(x, k))
        assert (wins.sum(axis=1) == k).all()
        if 0 < k < 9:
            inside = np.where(wins, x, np.inf).min(axis=1)
            assert (inside > np.where(wins, -np.inf, x).max(axis=1)).all()


def test_boosting_evens_out_who_wins():
    bias = jnp.linspace(1.0, 1.6, 12)[None, :]
    shares = {}
    for boost in (0.0, 6.0):
        layer = KWinners(12, k=3, boost=boost, rate=0.05)
        wins = np.zeros(12)
        for step in range(150):
            x = bias + 0.2 * jax.random.uniform(jax.random.key(step), (8, 12))
            out = layer(x, train=True)
            assert ((out == x) | (out == 0)).all()  # what passes is not boosted
            wins += np.asarray(out != 0).sum(axis=0) if step >= 100 else 0
        shares[boost] = wins / wins.sum()
    assert shares[0.0].max() > 0.25 and shares[0.0].min() == 0
    assert shares[6.0].std() < 0.5 * shares[0.0].std()
    still = KWinners(12, k=3)
    still(bias)
    np.testing.assert_array_equal(still.duty[...], np.full(12, 0.25))  # not in training


def test_the_strongest_segment_gates_its_unit():
    layer = ActiveDendriteLayer(5, 12, 3, 10, k=4, sparsity=0.6, rngs=nnx.Rngs(0))
    assert (np.asarray(layer.mask[...]).sum(axis=2) == 4).all()
    x, c = (jax.random.normal(jax.random.key(i), (6, m)) for i, m in ((1, 5), (2, 10)))
    weights = np.asarray(layer.segments[...])
    assert (weights[~np.asarray(layer.mask[...])] == 0).all()
    drive = np.einsum("bc,ugc->bug", c, weights)
    best = np.take_along_axis(drive, np.abs(drive).argmax(axis=2)[..., None], axis=2)[..., 0]
    y = np.asarray(layer.linear(x)) / (1 + np.exp(-best))
    expected = np.zeros_like(y)
    for row, values in enumerate(y):
        top = np.argsort(values)[-4:]
        expected[row, top] = values[top]
    np.testing.assert_allclose(layer(x, c), expected, rtol=1e-12)


def test_only_winning_segments_of_winning_units_learn():
    layer = ActiveDendriteLayer(5, 12, 3, 10, k=4, sparsity=0.5, rngs=nnx.Rngs(0))
    x, c = (jax.random.normal(jax.random.key(i), (1, m)) for i, m in ((1, 5), (2, 10)))
    grads = nnx.grad(lambda m: jnp.sum(m(x, c) ** 2))(layer)
    touched = np.asarray(grads.segments[...] != 0).any(axis=2)
    out, drive = np.asarray(layer(x, c))[0], np.asarray(layer.dendrites(c))[0]
    wanted = np.zeros_like(touched)
    for unit in np.flatnonzero(out):
        wanted[unit, np.abs(drive[unit]).argmax()] = True
    np.testing.assert_array_equal(touched, wanted)
    hidden = np.asarray(grads.segments[...])[~np.asarray(layer.mask[...])]
    assert (hidden == 0).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="theta is 3"):
        BinarySegmentNeuron(jnp.zeros((1, 1, 2), int), 3)
    with pytest.raises(ValueError, match="k is 5"):
        KWinners(4, 5)
    with pytest.raises(ValueError, match=r"sparsity is 1\.0"):
        ActiveDendriteLayer(2, 2, 2, 2, k=1, sparsity=1.0, rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="k is 3"):
        k_winners(jnp.zeros((1, 2)), 3)
