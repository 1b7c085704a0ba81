"""Order and chaos against closed forms, direct iteration and finite differences."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.ntk import (
    chi1,
    correlation_length,
    correlation_map,
    edge_of_chaos,
    fixed_point_correlation,
    fixed_point_variance,
    get_activation,
    optimal_activation,
    phase_diagram,
    second_moment,
    variance_map,
    variance_stability,
)
from theorylab.symbolic import compiled

W2 = jnp.array([0.7, 1.0, 1.6, 3.0])


@pytest.mark.parametrize("name", ["tanh", "erf", "gelu", "sin"])
@pytest.mark.parametrize("sb2", [0.0, 0.2])
def test_fixed_points_are_where_iteration_ends(name, sb2):
    weights = W2 if name != "gelu" else W2[:2]

    def layer(_, q):
        return variance_map(name, q, weights, sb2)

    q = jax.lax.fori_loop(0, 3000, layer, jnp.full_like(weights, 5.0))
    near_edge = (sb2 == 0) & (abs(weights * float(_slope_at_zero(name)) - 1) < 0.05)
    found = fixed_point_variance(name, weights, sb2)
    loose = jnp.where(near_edge, 2e-3, 1e-11)  # iteration is slow at the edge
    assert (jnp.abs(found - q) <= loose * (1 + q)).all()


def _slope_at_zero(name):
    return jax.grad(lambda q: second_moment(name, q))(1e-12)


def test_relu_in_closed_form():
    found = fixed_point_variance("relu", jnp.array([0.5, 1.5, 2.0, 2.5]), 0.3)
    np.testing.assert_allclose(found[:2], [0.3 / 0.75, 0.3 / 0.25], rtol=1e-13)
    assert jnp.isinf(found[2:]).all()
    assert float(fixed_point_variance("relu", 2.0, 0.0)) == 1.0
    assert float(fixed_point_variance("relu", 1.9, 0.0)) == 0.0
    np.testing.assert_allclose(chi1("relu", W2, 0.3), W2 / 2, rtol=1e-14)


def test_derivative_of_the_fixed_point():
    slope = jax.grad(fixed_point_variance, argnums=(1, 2))("tanh", 1.7, 0.1)
    h = 1e-6
    by_w = fixed_point_variance("tanh", 1.7 + h, 0.1) - fixed_point_variance("tanh", 1.7 - h, 0.1)
    by_b = fixed_point_variance("tanh", 1.7, 0.1 + h) - fixed_point_variance("tanh", 1.7, 0.1 - h)
    np.testing.assert_allclose(slope, [by_w / (2 * h), by_b / (2 * h)], rtol=1e-7)


@pytest.mark.parametrize("name", ["erf", "sin"])
def test_edges_in_closed_form(name):
    """Along the edge, weights and bias are functions of q: claims of ntk/order-chaos."""
    q = jnp.array([0.05, 0.2, 0.35])
    weights, biases = (
        compiled(f"ntk/order-chaos/{'erf' if name == 'erf' else 'sine'}-{part}", args=("q",))(q)
        for part in ("weights", "edge")
    )
    np.testing.assert_allclose(edge_of_chaos(name, biases), weights, rtol=1e-10)
    np.testing.assert_allclose(fixed_point_variance(name, weights, biases), q, rtol=1e-9)
    np.testing.assert_allclose(chi1(name, weights, biases), 1, rtol=1e-9)


def test_edge_without_bias():
    assert float(edge_of_chaos("relu")) == pytest.approx(2, abs=1e-12)
    assert float(edge_of_chaos("tanh")) == pytest.approx(1, abs=1e-12)
    assert edge_of_chaos("erf", jnp.array([0.0, 0.1], jnp.float32)).dtype == jnp.float32


@pytest.mark.parametrize(("sw2", "sb2"), [(3.0, 0.0), (3.0, 0.1), (1.2, 0.4)])
def test_stable_correlation_is_where_iteration_ends(sw2, sb2):
    c = 0.6
    for _ in range(400):
        c = correlation_map("erf", c, sw2, sb2)
    found = float(fixed_point_correlation("erf", sw2, sb2))
    assert found == pytest.approx(float(c), abs=1e-10)
    assert (found < 1) == (float(chi1("erf", sw2, sb2)) > 1)


def test_the_correlation_length_is_the_rate_of_settling():
    for sw2, sb2 in ((3.0, 0.1), (1.2, 0.4)):
        c = [0.7]
        for _ in range(30):
            c.append(float(correlation_map("erf", c[-1], sw2, sb2)))
        end = float(fixed_point_correlation("erf", sw2, sb2))
        rate = math.log((c[29] - end) / (c[30] - end))
        assert 1 / rate == pytest.approx(float(correlation_length("erf", sw2, sb2)), rel=0.02)


def test_diagram():
    sw2, sb2 = jnp.array([0.5, 1.5, 3.0]), jnp.array([0.0, 0.1])
    found = phase_diagram("tanh", sw2, sb2)
    assert all(field.shape == (3, 2) for field in found)
    q = fixed_point_variance("tanh", 3.0, 0.1)
    assert float(found.q[2, 1]) == pytest.approx(float(q))
    assert float(found.chi1[0, 0]) == pytest.approx(0.5)  # q = 0: phi'(0) = 1
    assert float(found.c[2, 0]) == 0.0 and float(found.c[0, 1]) == 1.0
    step = float(correlation_map("tanh", found.c[2, 1], 3.0, 0.1))
    assert step == pytest.approx(float(found.c[2, 1]), abs=1e-12)
    grows = phase_diagram("relu", jnp.array([2.0, 3.0]), jnp.array([0.1]))
    assert jnp.isinf(grows.q).all()
    assert grows.chi1[:, 0].tolist() == pytest.approx([1.0, 1.5])


def test_stability_of_the_variance():
    formula = compiled("ntk/variance/optimal", args=("d", "s"))
    for d in (2, 4, 8):
        for sign in (1, -1):
            signs = (1, sign) if d == 2 else (1, 1, sign)
            act = optimal_activation(d, signs=signs)
            expected = float(formula(float(d), float(sign)))
            assert float(variance_stability(act)) == pytest.approx(expected, rel=1e-13)
    a = math.asin(float(get_activation("sin")(0.1))) ** 2 * 100
    sine = float(compiled("ntk/variance/sine", args=("a", "q"))(a, 1.0))
    found = float(variance_stability(get_activation("sin").normalized()))
    assert found == pytest.approx(sine, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: variance_map("relu", -1.0, 1.0), "q is"),
        (lambda: variance_map("relu", 1.0, 0.0), "sw2 is"),
        (lambda: fixed_point_variance("relu", 1.0, -0.1), "sb2 is"),
        (lambda: correlation_map("erf", 1.5, 1.0), "c is"),
        (lambda: edge_of_chaos("relu", 0.1), "has an edge of chaos"),
        (lambda: edge_of_chaos("sign"), "jumps"),
        (lambda: phase_diagram("erf", jnp.ones((2, 2)), jnp.ones(2)), "sw2 has shape|sw2"),
        (lambda: variance_stability("erf", 0.0), "q is"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
