"""Splines as networks, exactly; rates of interpolation against their leading terms."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import make_interp_spline

from theorylab.quadratic.neurons import QuadraticParams, quadratic_apply
from theorylab.quadratic.pieces import network_pieces
from theorylab.quadratic.splines import (
    QuadraticSpline,
    convergence_order,
    interpolate_linear,
    interpolate_quadratic,
    quadratic_spline_net,
)

EXACT = QuadraticSpline(
    tuple(Fraction(k) for k in (-2, 0, 1, 3)),
    (Fraction(1, 3), Fraction(-2), Fraction(5, 7)),
    (Fraction(3), Fraction(-1, 2)),
)


def sine(x):
    return np.sin(2 * np.pi * x)


def test_the_network_is_the_spline_exactly():
    """Coefficient by coefficient, in fractions, on every piece."""
    layers = quadratic_spline_net(EXACT)
    assert [len(layer.bias_r) for layer in layers] == [3, 4, 1]
    network = network_pieces(layers, -2, 3)
    assert [float(root) for root in network.breakpoints] == [0.0, 1.0]
    c0, c1, c2 = EXACT.start
    t = EXACT.knots
    expected = [c0 - c1 * t[0] + c2 * t[0] ** 2, c1 - 2 * c2 * t[0], c2]
    assert network.pieces[0][0] == tuple(expected)
    for knot, gamma, (piece,) in zip(t[1:-1], EXACT.jumps, network.pieces[1:], strict=True):
        expected = [a + gamma * b for a, b in zip(expected, (knot**2, -2 * knot, 1), strict=True)]
        assert piece == tuple(expected)
    for x in (Fraction(-3, 2), Fraction(0), Fraction(2, 3), Fraction(3)):
        assert network(x) == (EXACT(x),)


def test_left_of_the_interval_it_is_another_function():
    """x - t_0 + 1 is rectified one unit below the interval: the construction stops there."""
    layers = quadratic_spline_net(EXACT)
    network = network_pieces(layers)
    assert network(-3) == (EXACT(Fraction(-3)),)
    assert network(-4) != (EXACT(Fraction(-4)),)


def test_the_layers_run_as_trained_ones():
    spline = interpolate_quadratic(sine, 0.0, 1.0, 16)
    x = np.linspace(0, 1, 101)
    h = jnp.asarray(x[:, None])
    for layer in quadratic_spline_net(spline):
        params = QuadraticParams(**{k: jnp.asarray(v) for k, v in layer.arrays().items()})
        h = quadratic_apply(params, h)
        h = jnp.maximum(h, 0) if layer.relu else h
    assert np.max(np.abs(h[:, 0] - spline(x))) < 2e-14


def test_interpolation():
    """Values at middles and ends; reproduction of parabolas; SciPy's own evaluation."""
    spline = interpolate_quadratic(sine, 0.0, 1.0, 8)
    knots = np.linspace(0, 1, 9)
    sites = np.concatenate([[0], (knots[1:] + knots[:-1]) / 2, [1]])
    np.testing.assert_allclose(spline(sites), sine(sites), atol=1e-14)
    padded = np.concatenate([[0.0] * 2, knots, [1.0] * 2])
    x = np.linspace(0, 1, 57)
    expected = make_interp_spline(sites, sine(sites), k=2, t=padded)(x)
    np.testing.assert_allclose(spline(x), expected, atol=1e-13)
    parabola = interpolate_quadratic(lambda x: 3 * x * x - x + 2, -1.0, 2.0, 5)
    np.testing.assert_allclose(parabola.jumps, 0, atol=1e-12)
    assert parabola.start == pytest.approx((6.0, -7.0, 3.0), abs=1e-12)


def test_orders():
    """Slopes -2 and -3, and the leading terms f'' h^2/8 and sqrt(3) f''' h^3 / 216."""
    pieces, x = (16, 32, 64, 128), np.linspace(0, 1, 12_801)
    linear = [np.max(np.abs(interpolate_linear(sine, 0.0, 1.0, k)(x) - sine(x))) for k in pieces]
    quadratic = [
        np.max(np.abs(interpolate_quadratic(sine, 0.0, 1.0, k)(x) - sine(x))) for k in pieces
    ]
    assert convergence_order(pieces, linear) == pytest.approx(-2, abs=0.02)
    assert convergence_order(pieces, quadratic) == pytest.approx(-3, abs=0.03)
    w = 2 * np.pi
    assert linear[-1] == pytest.approx(w**2 / 8 / 128**2, rel=1e-3)
    assert quadratic[-1] == pytest.approx(np.sqrt(3) * w**3 / 216 / 128**3, rel=3e-3)


def test_bernoulli_error_of_a_cubic():
    """Away from the ends, the error for x^3/6 is h^3 B_3(x/h)/6 on each piece."""
    from theorylab.quadratic.figures.counting import midpoint_error

    spline = interpolate_quadratic(lambda x: x**3 / 6, 0.0, 40.0, 40)
    x = np.linspace(20, 21, 201)
    t = x - 20
    np.testing.assert_allclose(x**3 / 6 - spline(x), (t**3 - 1.5 * t**2 + 0.5 * t) / 6, atol=1e-10)
    assert np.max(np.abs(t**3 - 1.5 * t**2 + 0.5 * t)) / 6 == pytest.approx(
        midpoint_error(1.0, 1.0), rel=1e-3
    )


def test_runge_is_slow_at_first():
    """With few pieces the spline of Runge's function is worse than the polygon."""

    def runge(x):
        return 1 / (1 + 25 * x**2)

    x = np.linspace(-1, 1, 4001)
    errors = {
        k: [
            np.max(np.abs(f(runge, -1.0, 1.0, k)(x) - runge(x)))
            for f in (interpolate_linear, interpolate_quadratic)
        ]
        for k in (8, 64, 128)
    }
    assert errors[8][1] > errors[8][0]
    assert errors[128][1] < errors[128][0] / 50
    assert convergence_order((64, 128), [errors[k][0] for k in (64, 128)]) == pytest.approx(
        -2, abs=0.1
    )
    assert convergence_order((64, 128), [errors[k][1] for k in (64, 128)]) == pytest.approx(
        -3.17, abs=0.05
    )


@pytest.mark.parametrize(
    "call, message",
    (
        (lambda: QuadraticSpline((0, 1, 1), (0, 0, 0), (1,)), "knots"),
        (lambda: QuadraticSpline((0, 1, 2), (0, 0, 0), (1, 2)), "jumps has shape"),
        (lambda: interpolate_quadratic(sine, 0.0, 1.0, 0), "pieces is 0"),
        (lambda: interpolate_linear(sine, 1.0, 0.0, 4), "high is 0"),
        (lambda: convergence_order((1,), (1.0,)), "errors has one entry"),
        (lambda: convergence_order((1, 2), (1.0, 0.0)), "errors holds"),
    ),
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
