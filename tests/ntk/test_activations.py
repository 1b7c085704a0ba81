"""Activations: values, derivatives, normalisation, and the activations made for a dimension."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.ntk import (
    Activation,
    get_activation,
    hermite_activation,
    moments,
    optimal_activation,
    polynomial,
    singular_exponent,
)
from theorylab.symbolic import compiled

Z = np.array([-2.3, -0.7, -0.1, 0.2, 1.1, 2.6])
NAMES = [
    "relu",
    "leaky_relu",
    "abs",
    "erf",
    "gelu",
    "sin",
    "cos",
    "exp",
    "gaussian",
    "tanh",
    "sigmoid",
    "silu",
    "softplus",
    "elu",
    "selu",
    "sign",
    "step",
    "rect_power:2",
    "rect_power:3",
    "hermite:4",
]
KNOWN = {
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "erf": lambda z: np.vectorize(math.erf)(z),
    "gelu": lambda z: z * (1 + np.vectorize(math.erf)(z / math.sqrt(2))) / 2,
    "gaussian": lambda z: np.exp(-(z**2)),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z)),
    "step": lambda z: (z > 0) * 1.0,
    "rect_power:3": lambda z: np.maximum(z, 0) ** 3,
    "hermite:4": lambda z: (z**4 - 6 * z**2 + 3) / math.sqrt(24),
}


@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives(name):
    act = get_activation(name)
    if name in KNOWN:
        np.testing.assert_allclose(act(jnp.array(Z)), KNOWN[name](Z), rtol=1e-14, atol=1e-15)
    automatic = jax.vmap(jax.grad(lambda z: act(z)))(jnp.array(Z))
    np.testing.assert_allclose(act.derivative(jnp.array(Z)), automatic, rtol=1e-12, atol=1e-14)
    assert act(jnp.float32(0.3)).dtype == act.derivative(jnp.float32(0.3)).dtype == jnp.float32


@pytest.mark.parametrize("name", ["relu", "tanh", "elu", "exp", "hermite:3", "sigmoid"])
@pytest.mark.parametrize("q", [1.0, 0.6])
def test_centring_and_normalising_are_exact(name, q):
    act = get_activation(name).centered(q).normalized(q)
    found = moments(act, q)
    assert abs(found.mean) < 1e-14
    assert found.square == pytest.approx(1, abs=1e-14)


def test_activations_are_values():
    assert get_activation("erf") is get_activation("erf", 1.0)
    assert get_activation("relu").scaled(2.0) == get_activation("relu").scaled(2.0)
    assert len({get_activation("relu"), get_activation("relu"), get_activation("abs")}) == 2
    act = get_activation("tanh")
    assert get_activation(act) is act
    twice = jax.jit(lambda a, z: a(z), static_argnums=0)(act.scaled(2.0), 0.5)
    assert float(twice) == pytest.approx(2 * math.tanh(0.5))


def test_hermite_sums_against_numpy():
    a = [0.3, -0.2, 0.0, 0.5, 0.1, 0.0, -0.7]
    own = np.array(a) / np.sqrt([math.factorial(i) for i in range(7)])
    act = hermite_activation(a)
    np.testing.assert_allclose(act(jnp.array(Z)), np.polynomial.hermite_e.hermeval(Z, own), 1e-13)
    slopes = np.polynomial.hermite_e.hermeval(Z, np.polynomial.hermite_e.hermeder(own))
    np.testing.assert_allclose(act.derivative(jnp.array(Z)), slopes, 1e-12)


def test_polynomials():
    b = [0.5, -1.0, 0.25, 2.0]
    np.testing.assert_allclose(polynomial(b)(jnp.array(Z)), np.polyval(b[::-1], Z), 1e-13)


@pytest.mark.parametrize("d", [1, 2, 3, 4, 8, 20])
def test_optimal_hermite_has_exponent_d(d):
    act = optimal_activation(d)
    assert singular_exponent(act) == pytest.approx(d, rel=1e-13)
    if d > 1:
        weights = compiled("ntk/optimal/weights", args=("d",))(float(d)).ravel()
        np.testing.assert_allclose(np.square(act.coefficients[1:]), weights, atol=1e-15)
        value = compiled("ntk/optimal/activation", args=("z", "d"))
        np.testing.assert_allclose(act(jnp.array(Z)), value(Z, float(d)), 1e-12, 1e-14)
    else:
        value = compiled("ntk/optimal-circle/activation", args=("z",))
        np.testing.assert_allclose(act(jnp.array(Z)), value(Z), 1e-12, 1e-13)


@pytest.mark.parametrize(
    ("d", "a"), [(2, 2.67607396491965190), (4, 6.13539303589720273), (8, 13.8258458052815053)]
)
def test_optimal_sine(d, a):
    """The rates a by root finding with 30 digits."""
    act = optimal_activation(d, "sine")
    np.testing.assert_allclose(
        act(jnp.array(Z)), np.sin(math.sqrt(a) * Z) / math.sqrt((1 - math.exp(-2 * a)) / 2), 1e-11
    )
    assert singular_exponent(act) == pytest.approx(d, rel=1e-12)
    own = math.asin(float(act(0.1)) / act.scale) ** 2 * 100
    formula = compiled("ntk/families/sine", args=("a",))
    assert float(formula(own)) == pytest.approx(d, rel=1e-12)


def test_signs_change_the_function_and_not_the_kernel():
    act, flipped = optimal_activation(4), optimal_activation(4, signs=(1, -1, -1))
    assert singular_exponent(flipped) == singular_exponent(act)
    assert abs(float(flipped(1.5)) - float(act(1.5))) > 0.1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: get_activation("rellu"), "did you mean relu"),
        (lambda: get_activation("hermite:x"), "hermite:k"),
        (lambda: get_activation("erf", -1.0), "rate is -1.0"),
        (lambda: hermite_activation([]), "number of coefficients"),
        (lambda: hermite_activation([1.0, math.nan]), "coefficients holds"),
        (lambda: optimal_activation(0), "d is 0"),
        (lambda: optimal_activation(1, "sine"), "d is 1"),
        (lambda: optimal_activation(3, "tanh"), "family is 'tanh'"),
        (lambda: optimal_activation(3, signs=(1, 1)), "3 numbers"),
        (lambda: get_activation("relu").scaled(math.inf), "factor is inf"),
        (lambda: Activation("zero", jnp.zeros_like).normalized(), "second moment"),
        (lambda: replace(get_activation("relu"), scale=math.nan), "scale is nan"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
