"""Hermite coefficients and moments against exact values and 40-digit integrals."""

import math

import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from tests.ntk import highprec
from theorylab.ntk import (
    Activation,
    get_activation,
    hermite_activation,
    hermite_coefficients,
    moments,
    monomial_coefficients,
    polynomial,
)
from theorylab.ntk.hermite import gaussian_average, normalised_hermite

RELU = [  # of sqrt 2 ReLU
    1 / math.sqrt(math.pi),
    math.sqrt(0.5),
    1 / math.sqrt(2 * math.pi),
    0.0,
    -math.sqrt(6 / math.pi) / 12,
    0.0,
    math.sqrt(5 / math.pi) / 20,
    0.0,
    -math.sqrt(70 / math.pi) / 112,
]


def test_relu_coefficients_are_the_known_ones():
    found = hermite_coefficients(get_activation("relu").normalized(), 9)
    np.testing.assert_allclose(found, RELU, atol=2e-15)


@pytest.mark.parametrize("name", ["tanh", "selu", "gelu"])
@pytest.mark.parametrize("q", [1.0, 1.7])
def test_coefficients_against_high_precision_integrals(name, q):
    functions = {
        "tanh": mp.tanh,
        "gelu": lambda z: z * mp.ncdf(z),
        "selu": lambda z: mp.mpf(highprec_scale()) * (z if z > 0 else ALPHA * mp.expm1(z)),
    }
    f, root = functions[name], mp.sqrt(mp.mpf(q))
    found = hermite_coefficients(name, 8, q)
    with mp.workdps(30):
        for i in (1, 4, 7):

            def integrand(z, i=i):
                h = mp.hermite(i, z / mp.sqrt(2)) / mp.sqrt(mp.mpf(2) ** i * mp.factorial(i))
                return f(root * z) * h * mp.npdf(z)

            exact = mp.quad(integrand, [-14, -5, -2, 0, 2, 5, 14])
            assert float(found[i]) == pytest.approx(float(exact), abs=2e-14)


ALPHA = mp.mpf("1.6732632423543772848170429916717")


def highprec_scale():
    return "1.0507009873554804934193349852946"


def test_polynomials_and_hermite_sums_are_inverse():
    a = [0.2, -0.5, 0.7, 0.1, 0.4]
    back = polynomial(monomial_coefficients(a)).coefficients
    np.testing.assert_allclose(back, a, atol=1e-15)
    by_quadrature = hermite_coefficients(Activation("p", hermite_activation(a)), 7)
    np.testing.assert_allclose(by_quadrature, [*a, 0, 0], atol=1e-14)


def test_affine_changes_of_a_polynomial():
    act = hermite_activation([0.0, 1.0, 0.5]).scaled(2.0).centered()
    np.testing.assert_allclose(hermite_coefficients(act, 4), [0, 2, 1, 0], atol=1e-15)


def test_orthonormal():
    n = 8
    gram = gaussian_average(
        lambda z: normalised_hermite(n, z)[:, None] * normalised_hermite(n, z)[None]
    ).value
    np.testing.assert_allclose(gram, np.eye(n), atol=1e-13)


@pytest.mark.parametrize(
    ("name", "a", "a1", "b1"),
    [
        ("relu", 1 / math.sqrt(math.pi), math.sqrt(0.5), 1.0),
        ("abs", math.sqrt(2 / math.pi), 0.0, 1.0),
        ("tanh", 0.0, 0.96460869, 1.17780723),
        ("selu", 0.0, 0.98523112, 1.07157499),
        ("elu", 0.19987994, None, 1.0359),
        ("erf", 0.0, math.sqrt(2 / 3 / math.asin(2 / 3)), 2 / math.sqrt(5) / math.asin(2 / 3)),
        ("sin", 0.0, math.sqrt(1 / math.sinh(1)), 1 / math.tanh(1)),
    ],
)
def test_moments_of_common_activations(name, a, a1, b1):
    found = moments(name)
    close = 1e-4 if name == "elu" else 6e-9
    assert pytest.approx(a, abs=6e-9) == found.A
    assert a1 is None or pytest.approx(a1, abs=6e-9) == found.A1
    assert pytest.approx(b1, abs=close) == found.B1


@pytest.mark.parametrize("name", ["gelu", "relu", "sin", "gaussian", "hermite:3"])
@pytest.mark.parametrize("q", [1.0, 0.4])
def test_closed_moments_equal_quadrature(name, q):
    act = get_activation(name).scaled(1.3)
    act = act.centered(0.2)
    plain = Activation("plain", act, act.derivative, kinks=act.kinks)
    for ours, other in zip(moments(act, q), moments(plain, q), strict=True):
        assert ours == pytest.approx(other, abs=2e-13)


def test_moments_of_a_jump():
    found = moments("sign")
    assert found.slope == pytest.approx(math.sqrt(2 / math.pi), abs=1e-13)
    assert found.slope_square == math.inf


def test_errors_are_honest():
    smooth = gaussian_average(np.cos)
    assert abs(smooth.value - math.exp(-0.5)) <= max(smooth.error, 2e-15)
    kinked = gaussian_average(lambda z: np.abs(z - 0.3217))
    exact = 2 * (highprec.mp.npdf(0.3217) + 0.3217 * (highprec.mp.ncdf(0.3217) - 0.5))
    assert 1e-9 < abs(kinked.value - float(exact)) < 20 * kinked.error
    split = gaussian_average(lambda z: np.abs(z - 0.3217), kinks=(0.3217,))
    assert abs(split.value - float(exact)) < 1e-14


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hermite_coefficients("relu", 0), "n is 0"),
        (lambda: hermite_coefficients("relu", 3, -1.0), "q is -1.0"),
        (lambda: moments("relu", 0.0), "q is 0.0"),
        (lambda: moments(Activation("fast", lambda z: jnp.exp(z**6))), "Gaussian average holds"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
