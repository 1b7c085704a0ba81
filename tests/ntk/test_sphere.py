"""Spectra on the sphere against known ones, and the learning curve against simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.ntk import (
    KernelRegressor,
    decide,
    dual_correlation,
    gp_posterior,
    kernel_predict,
    learning_curve,
    mlp_kernels,
    one_hot,
    sphere_spectrum,
)


def sphere(key, n, dimension):
    x = jax.random.normal(key, (n, dimension))
    return x / jnp.linalg.norm(x, axis=1, keepdims=True)


def test_exponential_kernel_has_bessel_eigenvalues():
    """On the circle e^{a cos} has I_k(a); on the 2-sphere sqrt(pi / 2a) I_{k+1/2}(a)."""
    from scipy.special import iv

    a, k = 1.7, np.arange(12)
    circle = sphere_spectrum(lambda eps: jnp.exp(a * (1 - eps)), 2, 11)
    np.testing.assert_allclose(circle.eigenvalues, iv(k, a), rtol=1e-9, atol=2e-13)
    assert circle.multiplicity.tolist() == [1.0] + [2.0] * 11
    ball = sphere_spectrum(lambda eps: jnp.exp(a * (1 - eps)), 3, 11)
    exact = np.sqrt(np.pi / (2 * a)) * iv(k + 0.5, a)
    np.testing.assert_allclose(ball.eigenvalues, exact, rtol=1e-9, atol=2e-13)
    np.testing.assert_allclose(ball.multiplicity, 2 * k + 1)
    k = np.arange(12, 40)  # the degrees left out
    left_out = float(np.sum((2 * k + 1) * np.sqrt(np.pi / (2 * a)) * iv(k + 0.5, a)))
    assert float(ball.remainder) == pytest.approx(left_out, abs=1e-12)


def test_arc_cosine_kernel_has_no_odd_degrees_beyond_one():
    """The kink of max(z, 0) is that of |z|, an even function; the rest decays as k^-(D+2)."""
    found = sphere_spectrum(lambda eps: dual_correlation("relu", 1 - eps), 4, 41)
    assert np.all(np.abs(found.eigenvalues[3::2]) < 1e-15)
    even = found.eigenvalues[20:41:2]
    slope = np.polyfit(np.log(np.arange(20, 41, 2) + 1), np.log(even), 1)[0]
    assert slope == pytest.approx(-6, abs=0.15)


def test_spectrum_of_a_matrix_of_many_points():
    """The largest eigenvalues of K/n approach those of the kernel as n^-1/2."""
    x = sphere(jax.random.key(0), 1500, 3)
    k = mlp_kernels(x, activation="relu", depth=2, inputs="sphere").ntk
    top = jnp.linalg.eigvalsh(k)[::-1][:4] / 1500
    found = sphere_spectrum(
        lambda eps: mlp_kernels(
            jnp.array([[1.0, 0.0]]),
            jnp.stack([1 - eps, jnp.sqrt(jnp.maximum(eps * (2 - eps), 0))], axis=-1).reshape(-1, 2),
            activation="relu",
            depth=2,
            inputs="sphere",
        ).ntk.reshape(eps.shape),
        3,
        3,
    )
    assert float(top[0]) == pytest.approx(float(found.eigenvalues[0]), rel=0.02)
    assert float(top[1:4].mean()) == pytest.approx(float(found.eigenvalues[1]), rel=0.05)


def test_learning_curve_against_simulation():
    """Mean squared error over random samples, targets with power in two degrees, and noise."""
    dimension, ridge, noise = 5, 0.02, 0.1

    def kernel(eps):
        return jnp.exp(-1.5 * eps)

    found = sphere_spectrum(kernel, dimension, 12)
    power = jnp.zeros(13).at[1].set(0.7).at[2].set(0.3)
    sizes = jnp.array([15.0, 60.0, 200.0])
    theory = learning_curve(
        found.eigenvalues,
        found.multiplicity,
        power,
        sizes,
        ridge=ridge + float(found.remainder),
        noise=noise,
    )

    def target(x):
        first = (0.7 * dimension) ** 0.5 * x[:, 0]
        pair = (0.3 * dimension * (dimension + 2)) ** 0.5 * x[:, 0] * x[:, 1]
        return first + pair

    for n, expected in zip((15, 60, 200), theory.error, strict=True):

        @jax.jit
        @jax.vmap
        def one(key, n=n):
            a, b, c = jax.random.split(key, 3)
            x, z = sphere(a, n, dimension), sphere(b, 200, dimension)
            y = target(x) + noise**0.5 * jax.random.normal(c, (n,))
            k = kernel(1 - x @ x.T) + ridge * jnp.eye(n)
            return jnp.mean((kernel(1 - z @ x.T) @ jnp.linalg.solve(k, y) - target(z)) ** 2)

        errors = one(jax.random.split(jax.random.key(n), 60))
        spread = float(errors.std() / 60**0.5)
        assert abs(float(errors.mean()) - float(expected)) < 4 * spread + 0.03 * float(expected)


def test_learning_curve_laws():
    values, count = jnp.array([0.5, 0.1, 0.01]), jnp.array([1.0, 10.0, 500.0])
    n = jnp.array([3.0, 40.0, 300.0])
    found = learning_curve(values, count, jnp.array([1.0, 1.0, 1.0]), n)
    # Conservation: without a ridge the learned shares add up to the number of points.
    np.testing.assert_allclose(found.learned @ count, n, rtol=1e-12)
    assert np.all(np.diff(found.kappa) < 0)

    def error(ridge):
        return learning_curve(values, count, jnp.ones(3), n, ridge=ridge).error[1]

    slope = jax.grad(error)(0.3)
    assert float(slope) == pytest.approx(float(error(0.301) - error(0.299)) / 0.002, rel=1e-4)


def test_fitted_kernels_are_the_functions_of_matrices():
    x, z = sphere(jax.random.key(1), 12, 3), sphere(jax.random.key(2), 5, 3)
    labels = jnp.arange(12) % 3

    def kernel(x, z):
        z = x if z is None else z
        return jnp.exp(-((x[:, None] - z[None]) ** 2).sum(-1))

    fitted = KernelRegressor(kernel, ridge=0.1).fit(x, one_hot(labels, 3))
    by_hand = kernel_predict(kernel(x, None), kernel(z, x), one_hot(labels, 3), 0.1)
    np.testing.assert_allclose(fitted.predict(z), by_hand.mean, rtol=1e-12)
    assert fitted.classify(z).tolist() == decide(by_hand.mean).tolist()
    assert int(fitted.training.rank) == 12
    exact = gp_posterior(kernel(x, None), kernel(z, x), kernel(z, None), one_hot(labels, 3), 0.1)
    found = fitted.posterior(z)
    np.testing.assert_allclose(found.covariance, exact.covariance, rtol=1e-10)
    np.testing.assert_allclose(found.mean, exact.mean, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sphere_spectrum(jnp.exp, 1, 3), "dimension is 1"),
        (lambda: sphere_spectrum(jnp.exp, 3, 30, nodes=20), "nodes is 20"),
        (lambda: learning_curve(jnp.ones(1), jnp.ones(1), jnp.ones(1), -jnp.ones(1)), "n holds"),
        (
            lambda: learning_curve(jnp.ones(1), jnp.ones(1), jnp.ones(1), 5 * jnp.ones(1)),
            "without a ridge",
        ),
        (lambda: learning_curve(*[jnp.ones(1)] * 4, noise=-1.0), "noise is -1.0"),
        (lambda: KernelRegressor(jnp.dot, ridge=-1.0), "ridge is -1.0"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
