"""The tasks are what they say, and what one neuron can do with them; Bayes, QDA and LDA."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.quadratic import (
    Gaussians,
    QuadraticParams,
    class_scores,
    digits,
    ellipse,
    fit_gaussians,
    forms,
    gaussian_mixture,
    linear_discriminant,
    quadratic_apply,
    ring,
    sample_mixture,
    two_spirals,
    xor,
)

KEY = jax.random.key(0)


def neuron(r, b_r, g, b_g, b, c):
    column = [jnp.array(value, float)[:, None] for value in (r, g, b)]
    scalar = [jnp.array([float(value)]) for value in (b_r, b_g, c)]
    return QuadraticParams(column[0], scalar[0], column[1], scalar[1], column[2], scalar[2])


def test_one_neuron_solves_exclusive_or_exactly():
    params = neuron((1, -1), 0, (1, -1), 0, (0, 0), 0)
    task = xor()
    assert quadratic_apply(params, task.x)[:, 0].tolist() == task.y.tolist()


def test_one_neuron_solves_the_ring_exactly():
    params = neuron((0, 0), 0, (0, 0), 0, (1, 1), -1)
    task = ring(KEY, 400)
    assert bool(jnp.all((quadratic_apply(params, task.x)[:, 0] > 0) == (task.y == 1)))


def test_the_ellipse_is_a_ring_seen_from_elsewhere():
    shape, circle = ellipse(KEY, 400), ring(KEY, 400)
    turn = jnp.array([[jnp.cos(jnp.pi / 6), -jnp.sin(jnp.pi / 6)],
                      [jnp.sin(jnp.pi / 6), jnp.cos(jnp.pi / 6)]])  # fmt: skip
    back = (shape.x - jnp.array([[1.0, -0.5]])) @ turn / jnp.array([[1.5, 0.6]])
    assert jnp.allclose(back, circle.x, atol=1e-12)


def test_spirals_are_each_others_mirror_image():
    clean = two_spirals(KEY, 200, noise=0.0)
    radius = jnp.linalg.norm(clean.x, axis=1)
    angle = jnp.arctan2(clean.x[:, 1], clean.x[:, 0])
    off = (angle - 2 * jnp.pi * 1.5 * radius - jnp.pi * clean.y.astype(float)) / (2 * jnp.pi)
    assert jnp.allclose(off, jnp.round(off), atol=1e-9)
    noisy = two_spirals(KEY, 2000, noise=0.3).x - two_spirals(KEY, 2000, noise=0.0).x
    assert np.isclose(float(jnp.std(noisy)), 0.3, rtol=0.05)


def test_samples_have_the_moments_of_the_mixture():
    mixture = gaussian_mixture(KEY, 3, 2)
    seen = fit_gaussians(sample_mixture(jax.random.key(1), mixture, 20_000), 2)
    assert jnp.allclose(seen.means, mixture.means, atol=0.05)
    assert jnp.allclose(seen.covariances, mixture.covariances, atol=0.08)
    assert jnp.allclose(seen.log_priors, jnp.log(0.5))


def test_scores_are_log_densities():
    from scipy.stats import multivariate_normal

    mixture = gaussian_mixture(KEY, 3, 4)
    x = jax.random.normal(jax.random.key(2), (5, 3))
    scores = class_scores(Gaussians(*mixture, jnp.log(jnp.array([0.1, 0.2, 0.3, 0.4]))), x)
    for k, prior in enumerate((0.1, 0.2, 0.3, 0.4)):
        density = multivariate_normal(mixture.means[k], mixture.covariances[k])
        assert np.allclose(scores[:, k], density.logpdf(np.asarray(x)) + np.log(prior))


def test_bayes_rule_is_quadratic_and_lda_is_linear():
    mixture = gaussian_mixture(KEY, 2, 3)
    true = Gaussians(*mixture, jnp.log(jnp.full(3, 1 / 3)))

    def curved(gaussians):
        def difference(x):
            scores = class_scores(gaussians, x[None])[0]
            return scores - scores[0]

        return jax.hessian(difference)(jnp.zeros(2))

    bayes = curved(true)
    assert jnp.allclose(curved(linear_discriminant(true)), 0.0, atol=1e-9)
    inverse = jnp.linalg.inv(mixture.covariances)
    assert jnp.allclose(bayes, inverse[:1] - inverse, atol=1e-9)
    # In two dimensions one quadratic neuron has any such form: here by its square terms and
    # one product.
    target = bayes[1] / 2
    params = neuron((1, 0), 0, (0, 2 * target[0, 1]), 0, jnp.diag(target), 0)
    assert jnp.allclose(forms(params)[0][0], target, atol=1e-12)


def test_digits_say_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"theorylab\[book\]"):
        digits()


def test_digits_are_split_and_centred():
    pytest.importorskip("sklearn")
    train, test = digits()
    assert train.x.shape == (1297, 64) and test.x.shape == (500, 64)
    assert jnp.allclose(train.x.mean(axis=0), 0.0, atol=1e-12)
    assert set(np.unique(train.y)) == set(range(10))
