"""False negatives under every noise model, and the match curve."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.sdr import (
    exact,
    half_noise,
    log_false_negative,
    log_false_positive,
    match_curve,
    overlap_pmf_table,
)
from theorylab.sdr.arrays import NOISE

SMALL = np.array(
    [
        (a, s, v, theta)
        for a in range(7)
        for s, v in itertools.product(range(a + 1), repeat=2)
        for theta in range(-1, s + 2)
    ]
).T


@pytest.mark.parametrize("noise", NOISE)
def test_every_small_case(noise):
    values = log_false_negative(*SMALL, noise=noise, n=13)
    expected = [float(exact.fn(*case, noise=noise, n=13)) for case in SMALL.T.tolist()]
    np.testing.assert_allclose(np.exp(values), expected, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(np.isneginf(values), np.equal(expected, 0))


@pytest.mark.parametrize(
    ("theta", "published"),
    [
        (8, (1.20695707974e-7, 7.35429457e-4, 0.0896352007)),
        (12, (3.14435369055e-4, 0.0716985160, 0.664766152)),
        (16, (0.0434711883681, 0.582501773, 0.983735005)),
    ],
)
def test_published_values(theta, published):
    values = np.exp(log_false_negative(128, 30, np.array([45, 64, 83]), theta))
    np.testing.assert_allclose(values, published, rtol=1e-8)


def test_deep_misses_keep_their_digits():
    """1 - Match loses everything below rounding; the tail of the losses does not."""
    a, s, v, theta = 300, 40, 32, 10
    expected = math.log(exact.fn(a, s, v, theta))
    assert expected < math.log(1e-16)
    assert float(log_false_negative(a, s, v, theta)) == pytest.approx(expected, rel=1e-13)
    lost = 1 - math.exp(float(match_curve(a, s, theta)[a - v]))
    assert abs(lost - math.exp(expected)) > 0.1 * math.exp(expected)


def test_no_misses_up_to_s_minus_theta():
    v = np.arange(129)
    values = log_false_negative(128, 30, v, 12)
    np.testing.assert_array_equal(np.isneginf(values), v <= 18)


def test_population_does_not_enter_unless_silenced_cells_may_return():
    for noise in ("swap", "drop", "bernoulli"):
        values = {float(log_false_negative(128, 30, 64, 12, noise, n=n)) for n in (None, 300)}
        assert len(values) == 1
    few, many = (
        float(log_false_negative(128, 30, 64, 12, "swap_readd", n=n)) for n in (300, 10**7)
    )
    gone = float(log_false_negative(128, 30, 64, 12))
    assert few < many < gone == pytest.approx(many, abs=1e-3)


def test_exactly_v_and_v_on_average_differ():
    """Independent losses spread more: more misses below the middle, fewer above."""
    fixed, free = (
        np.exp(log_false_negative(128, 30, np.array([45, 96]), 12, noise))
        for noise in ("swap", "bernoulli")
    )
    assert free[0] > 1.5 * fixed[0] and free[1] < fixed[1]
    assert np.isfinite(log_false_negative(128, 30, 45.5, 12, "bernoulli"))


def test_rounding_of_a_noise_fraction_matters():
    """45 % of 128 cells is 58, rounded, or 57, cut off."""
    rounded, floor = (float(log_false_negative(128, 30, v, 12)) for v in (58, 57))
    assert abs(rounded - floor) > 0.1


def test_returning_cells_explain_a_later_simulation():
    """At theta = 12 and 60 % noise it observes .35247; v = 77 without return would be .42653."""
    assert math.exp(log_false_negative(128, 30, 77, 12)) == pytest.approx(0.42653, abs=1e-5)
    returning = math.exp(log_false_negative(128, 30, 76, 12, "swap_readd", n=6000))
    assert returning == pytest.approx(0.35247, abs=5e-4)
    assert returning == pytest.approx(0.35220, abs=1e-5)


def test_match_curve():
    curve = match_curve(128, 30, np.array([8, 12, 16]))
    assert curve.shape == (3, 129)
    np.testing.assert_allclose(
        np.exp(curve)[:, [32, 48, 64, 80, 96]],
        [
            [0.491285, 0.949275, 0.999265, 0.999999, 1],
            [0.029661, 0.453374, 0.928301, 0.998998, 1],
            [0.00011, 0.034582, 0.417498, 0.918375, 0.99941],
        ],
        atol=6e-7,
    )
    for c in (0, 11, 12, 40, 128):
        expected = exact.match(128, c, 30, 12)
        assert math.exp(curve[1, c]) == pytest.approx(float(expected), rel=1e-12)


def test_match_averages_to_the_false_positive():
    """The thinning identity at full size."""
    n, a, s, theta = 4000, 128, 24, 12
    mixed = jax.nn.logsumexp(overlap_pmf_table(n, a, a) + match_curve(a, s, theta))
    assert float(mixed) == pytest.approx(float(log_false_positive(n, a, s, theta)), rel=1e-13)


def test_half_noise_is_near_the_crossing():
    for theta, crossing in ((8, 0.750), (12, 0.617), (16, 0.484)):
        assert float(half_noise(30, theta)) == pytest.approx(crossing, abs=1e-3)
        fn = np.exp(log_false_negative(128, 30, np.arange(129), theta))
        assert np.argmax(fn >= 0.5) / 128 == pytest.approx(crossing, abs=1 / 128)


def test_compiled_and_differentiated():
    def miss(a, v):
        return log_false_negative(a, 30, v, 12)

    assert float(jax.jit(miss)(128, 64)) == pytest.approx(float(miss(128, 64)), rel=1e-13)
    slope = float(jax.grad(miss, argnums=1)(128.0, 64.0))
    steps = [float(miss(128, v)) for v in (63, 65)]
    assert slope == pytest.approx((steps[1] - steps[0]) / 2, rel=1e-2)


def test_single_precision():
    exactly = log_false_negative(*SMALL)
    values = log_false_negative(*SMALL.astype(np.float32))
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(np.exp(values), np.exp(exactly), atol=3e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(a=10, s=11, v=2, theta=3), "s is 11 where a is 10"),
        (dict(a=10, s=5, v=11, theta=3), "v is 11 where a is 10"),
        (dict(a=10, s=5, v=2.5, theta=3), "v is 2.5"),
        (dict(a=10, s=5, v=-0.5, theta=3, noise="bernoulli"), "v is -0.5"),
        (dict(a=10, s=5, v=2, theta=3, noise="swap_readd"), "n is None"),
        (dict(a=10, s=5, v=2, theta=3, noise="swap_readd", n=9), "a is 10 where n is 9"),
    ],
)
def test_arguments_outside_the_model(arguments, message):
    with pytest.raises(ValueError, match=message):
        log_false_negative(**arguments)
