"""Many segments, also where the probability of one is below the smallest float."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from theorylab.sdr import exact, log_ensemble, log_false_positive

LOGP = np.array([-1000.0, -700.0, -40.0, -18.0, -17.0, -5.0, -1e-3, -1e-15])
SEGMENTS = np.array([1, 3, 10**6, 10**12])


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-15), ("float32", 1e-6)])
def test_against_many_digits(dtype, tolerance):
    logp = LOGP.astype(dtype)
    values = log_ensemble(logp[:, None], SEGMENTS)
    assert values.dtype == dtype
    with mp.workdps(700):
        for row, x in zip(np.asarray(values), logp, strict=True):
            for value, m in zip(row, SEGMENTS.tolist(), strict=True):
                expected = float(mp.log(-mp.expm1(m * mp.log1p(-mp.exp(mp.mpf(float(x)))))))
                assert abs(float(value) - expected) <= tolerance * (1 + abs(expected))


def test_edges():
    assert log_ensemble(-math.inf, 5) == -jnp.inf
    assert log_ensemble(-1.0, 0) == -jnp.inf
    assert log_ensemble(0.0, 5) == 0


def test_against_fractions():
    p = Fraction(1, 7)
    for m in (0, 1, 2, 9):
        value = math.exp(log_ensemble(math.log(p), m))
        assert value == pytest.approx(float(exact.ensemble(p, m)), rel=1e-14, abs=0)


def test_union_bound_is_not_the_probability():
    """n = 100, M = 500, w = 7, theta = 4: 0.144691 is M FP, the probability is 0.134728."""
    logp = log_false_positive(100, 7, 7, 4)
    assert 500 * math.exp(logp) == pytest.approx(0.144691, rel=1e-5)
    assert math.exp(log_ensemble(logp, 500)) == pytest.approx(0.134728, rel=1e-5)
    logp = log_false_positive(100, 7, 7, 3)
    assert 500 * math.exp(logp) == pytest.approx(3.34, abs=5e-3)
    assert math.exp(log_ensemble(logp, 500)) == pytest.approx(0.964839, rel=1e-6)


def test_a_million_segments():
    logp = log_false_positive(10_000, 300, 30, 15)
    assert math.exp(log_ensemble(logp, 10**6)) == pytest.approx(1.04919e-9, rel=1e-5)


def test_gradients_are_finite():
    slope = jax.vmap(jax.grad(log_ensemble), (0, None))
    for dtype in (jnp.float64, jnp.float32):
        logp = jnp.concatenate([jnp.asarray(LOGP, dtype), jnp.array([0, -jnp.inf], dtype)])
        for m in (0.0, 1.0, 1e6, 1e12):
            assert bool(jnp.isfinite(slope(logp, jnp.asarray(m, dtype))).all())
    assert float(jax.grad(log_ensemble)(-50.0, 7.0)) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.5, 3), r"exp\(logp\) is 1\.6"),
        ((math.nan, 3), "exp"),
        ((-1.0, -2), "segments is -2"),
        ((-1.0, 1.5), r"segments is 1\.5"),
    ],
)
def test_arguments_outside_the_model(arguments, message):
    with pytest.raises(ValueError, match=message):
        log_ensemble(*arguments)
