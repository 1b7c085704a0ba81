"""Lengths of activities: the maps, their fixed points, and wide networks that approach them."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.quadratic import (
    blowup_depth,
    length_map,
    length_near_reference,
    naive_fixed_point,
    naive_log_length,
    simulate_length,
)


def test_the_numbers_of_he_on_all():
    lengths = length_map(1.0, 3.0, 2.0, 2.0, 2.0, 0.0, 4)[:, 0]
    assert np.allclose(lengths, [1, 5, 248, 522032, 2.36171089e12], rtol=1e-8)
    point = naive_fixed_point(2.0, 2.0, 2.0)
    assert np.allclose([*point], [6.642615, 8.642615, 0.115706], atol=1e-6)


@pytest.mark.parametrize("variances", [(2.0, 2.0, 2.0), (2.0, 0.5, 0.1), (1.0, 1.0, 0.0)])
def test_the_fixed_point_is_kept_and_repels(variances):
    rho, _, q = naive_fixed_point(*variances)

    def logs(start, depth=3):
        # m_4 = rho q^2: the ratio is at its fixed point.
        return jnp.log(length_map(start, rho * start**2, *variances, 0.0, depth)[:, 0])

    assert np.allclose(logs(q), jnp.log(q), atol=1e-9)
    for factor in (0.9, 1.1):
        away = logs(factor * q) - jnp.log(q)
        assert np.allclose(away, np.log(factor) * 2.0 ** np.arange(4), rtol=1e-9)
        kappa, start = 1 / q, factor * q
        theory = naive_log_length(jnp.arange(4), kappa, start)
        assert np.allclose(theory, logs(start), rtol=1e-9)


def test_no_variance_is_critical():
    # Ten per cent above or below the fixed length: far away after a few layers, for any variance.
    for scale in (0.01, 1.0, 100.0):
        point = naive_fixed_point(scale, scale, scale)
        for factor, sign in ((0.9, -1), (1.1, 1)):
            start = factor * point.q_star
            moments = length_map(start, point.rho * start**2, scale, scale, scale, 0.0, 7)
            assert sign * float(jnp.log(moments[-1, 0] / point.q_star)) > 10


def test_at_the_reference_lengths_are_kept():
    moments = length_map(1.7, 9.0, 2.0, 0.0, 0.0, 1.0, 50)
    assert np.allclose(moments[:, 0], 1.7)
    assert np.allclose(moments[1:, 1], 6 * 1.7**2)


@pytest.mark.parametrize(
    ("eps", "hundred", "double"), [(0.02, 312, 157), (0.05, 52, 26), (0.1, 15, 7)]
)
def test_blow_up_near_the_reference(eps, hundred, double):
    q = length_map(1.0, 6.0, 2.0, 2 * eps**2, 2 * eps**2, 1.0, 330)[:, 0]
    assert int(jnp.argmax(q > 100)) == hundred
    assert int(jnp.argmax(q > 2)) == double
    assert np.isclose(float(blowup_depth(eps)), 1 / (8 * eps**2))
    assert 0 <= double - float(blowup_depth(eps)) / 2 < 1.01


def test_the_hyperbola_is_the_limit_of_small_eps():
    # At half the blow-up depth, the distance from the map falls like eps^2: four times per half.
    gaps = []
    for eps in (0.05, 0.025, 0.0125, 0.00625):
        layer = round(0.4 * float(blowup_depth(eps)))
        q = length_map(1.0, 6.0, 2.0, 2 * eps**2, 2 * eps**2, 1.0, layer)[layer, 0]
        gaps.append(abs(float(jnp.log(q / length_near_reference(layer, eps)))))
    ratios = [a / b for a, b in pairwise(gaps)]
    assert gaps[0] < 0.01
    assert ratios[0] > ratios[1] > ratios[2] > 4 and ratios[2] < 4.2
    assert bool(jnp.isnan(length_near_reference(60.0, 0.05)))


def test_overflow_stays_infinite():
    moments = length_map(1.0, 3.0, 2.0, 2.0, 2.0, 0.0, 14)
    assert bool(jnp.isinf(moments[-1, 0])) and not bool(jnp.any(jnp.isnan(moments)))
    mixed = length_map(1.0, 3.0, 2.0, 0.0, 2.0, 0.0, 14)
    assert bool(jnp.all(jnp.isinf(mixed[-1]))) and not bool(jnp.any(jnp.isnan(mixed)))
    # Without squares the mean square is finite two layers longer than the fourth moment.
    gates = length_map(1.0, 3.0, 2.0, 2.0, 0.0, 0.0, 14)
    assert int(jnp.sum(jnp.isfinite(gates[:, 0]))) == int(jnp.sum(jnp.isfinite(gates[:, 1]))) + 2
    assert not bool(jnp.any(jnp.isnan(gates)))


@pytest.mark.parametrize("variances", [(2.0, 2.0, 2.0, 0.0), (2.0, 0.02, 0.02, 1.0)])
def test_wide_networks_approach_the_map(variances):
    # Two layers. The mean of q over networks is nearly right at any width, and better the wider
    # they are; its spread falls like the root of the width.
    theory = length_map(1.0, 3.0, *variances, 2)[2, 0]
    spread = {}
    for width in (50, 200):
        keys = jax.random.split(jax.random.key(0), 512)
        q = jax.lax.map(lambda k, w=width: simulate_length(k, w, 2, *variances)[2, 0], keys)
        spread[width] = float(jnp.std(jnp.log(q / theory)))
    mean, error = float(jnp.mean(q / theory)), float(jnp.std(q / theory)) / 512**0.5
    assert abs(mean - 1) < 4 * error < 0.15
    assert 1.5 < spread[50] / spread[200] < 2.7
