"""Scalar vectors and modular codes: convolutions, an inversion integral, and enumeration."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import sici
from scipy.stats import hypergeom

from theorylab.sdr import (
    scalar_match_probability,
    scalar_match_tails,
    sparsey_capacity,
    sparsey_code_intersection,
)


def inverted(k, threshold):
    """The tails by the characteristic function Si(t)/t of a product (Gil-Pelaez)."""
    t = np.linspace(1e-9, 2000, 2_000_001)
    phi = sici(t)[0] / t
    wave = np.sin(t * threshold) / t
    return np.array([0.5 - np.trapezoid(wave * phi**b, t) / np.pi for b in range(2, k + 1)])


def test_tails_against_an_inversion_integral():
    for threshold in (0.5, 2.0):
        tails = np.asarray(scalar_match_tails(8, threshold))
        expected = inverted(8, threshold)
        possible = np.arange(2, 9) > threshold
        np.testing.assert_allclose(tails[2:][possible], expected[possible], atol=2e-6)
        assert (tails[: int(threshold) + 1] == 0).all()


def test_one_product_has_a_closed_form_and_the_error_is_of_second_order():
    t = 0.3
    closed = (1 - t + t * math.log(t)) / 2
    errors = [abs(float(scalar_match_tails(2, t, cells)[1]) - closed) for cells in (6, 8, 10)]
    assert errors[-1] < 1e-6
    assert all(8 < a / b < 32 for a, b in itertools.pairwise(errors))


def test_the_mixture_and_its_power_law():
    n, k = np.array([2000, 4000, 8000, 16_000]), 24
    tails = np.concatenate([np.zeros(3), inverted(k, 2.0)[1:]])
    expected = [hypergeom.pmf(np.arange(k + 1), m, 64, k) @ tails for m in n]
    found = [float(scalar_match_probability(m, 64, k)) for m in n.tolist()]
    np.testing.assert_allclose(found, expected, rtol=2e-4)
    slopes = np.diff(np.log(found)) / np.diff(np.log(n))
    assert abs(slopes[-1] + 3) < 0.04 and abs(slopes[-1] + 3) < abs(slopes[0] + 3)


def test_a_scale_changes_the_number_of_products_that_are_needed():
    n = np.array([20_000, 40_000])
    for scale, power in ((1.0, 3), (2.0, 2), (8.0, 1)):
        p = [float(scalar_match_probability(m, 64, 24, scale)) for m in n.tolist()]
        assert np.log(p[0] / p[1]) / np.log(2) == pytest.approx(power, abs=0.15)


def test_codes_of_modules_by_enumeration():
    modules, units = 4, 3
    codes = list(itertools.product(range(units), repeat=modules))
    for theta in range(modules + 1):
        share = np.mean([sum(x == 0 for x in code) >= theta for code in codes])
        found = math.exp(float(sparsey_code_intersection(modules, units, theta)))
        assert found == pytest.approx(share, rel=1e-12)
    assert 10 ** sparsey_capacity(modules, units)[0] == pytest.approx(len(codes))
    assert 10 ** sparsey_capacity(modules, units)[1] == pytest.approx(math.comb(12, 4))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"threshold is 0\.0"):
        scalar_match_tails(3, 0.0)
    with pytest.raises(ValueError, match=r"scale is -1\.0"):
        scalar_match_probability(100, 10, 5, -1.0)
    with pytest.raises(ValueError, match="units is 0"):
        sparsey_code_intersection(3, 0, 1)
