"""Classifiers: against sums written out, against each other, and against deep kernels."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from theorylab.ntk import get_activation, hermite_activation, optimal_activation
from theorylab.ntk.classifiers import (
    average_labels,
    hilbert_estimator,
    infinite_depth_classifier,
    majority_vote,
    one_nn,
    singular_estimator,
    table_weight,
)
from theorylab.ntk.infinite_depth import deep_kernels_log, schroder
from theorylab.ntk.learning import decide, kernel_predict, one_hot
from theorylab.ntk.tasks import OFFICIAL, PRIOR, dirichlet_task, positive_odds


@pytest.fixture(scope="module")
def data():
    train = dirichlet_task(jax.random.key(0), 2, 61)
    return train.x, train.y, dirichlet_task(jax.random.key(1), 2, 30).x


def distances(x, z):
    return np.linalg.norm(np.asarray(z)[:, None] - np.asarray(x)[None], axis=-1)


@pytest.mark.parametrize("exponent", [0.5, 2.0, 7.0])
def test_hilbert_is_its_sum(data, exponent):
    x, y, z = data
    w = distances(x, z) ** -exponent
    np.testing.assert_allclose(
        hilbert_estimator(x, y, z, exponent), w @ y / w.sum(1), rtol=1e-9, atol=1e-12
    )


def test_it_interpolates_and_does_not_overflow(data):
    """At a training point its own label, beside one at a distance of 1e-9, with u^-40."""
    x, y, _ = data
    np.testing.assert_array_equal(hilbert_estimator(x, y, x, 2.0), y)
    close = x.at[1].set(x[0] + jnp.array([1e-9, -1e-9, 0.0]))
    labels = y.at[0].set(1.0).at[1].set(-1.0)
    near = x[:1] + 0.2 * (close[1] - x[0])[None]
    found = hilbert_estimator(close, labels, near, 40.0)
    assert np.isfinite(found).all()
    assert float(found[0]) > 0.99
    np.testing.assert_allclose(hilbert_estimator(close, labels, close[1:2], 40.0), -1.0)


def test_several_outputs_are_several_labels(data):
    x, _, z = data
    classes = (np.arange(61) % 3).astype(int)
    several = hilbert_estimator(x, one_hot(jnp.asarray(classes), 3), z, 2.0)
    assert several.shape == (30, 3)
    np.testing.assert_allclose(several.sum(1), 1.0, rtol=1e-12)
    for c in range(3):
        single = hilbert_estimator(x, jnp.asarray((classes == c).astype(float)), z, 2.0)
        np.testing.assert_allclose(several[:, c], single, rtol=1e-12)
    nearest = np.argmin(distances(x, z), axis=1)
    assert decide(one_nn(x, one_hot(jnp.asarray(classes), 3), z)).tolist() == [
        classes[i] for i in nearest
    ]


def test_large_exponents_are_the_nearest_neighbour_and_small_ones_the_majority(data):
    x, y, z = data
    np.testing.assert_allclose(hilbert_estimator(x, y, z, 1e6), one_nn(x, y, z), atol=1e-6)
    np.testing.assert_allclose(hilbert_estimator(x, y, z, 1e-7), majority_vote(y, 30), atol=1e-6)


def test_nearest_neighbour_in_single_precision_tells_close_points_apart():
    """1 - x.z cannot: it is 0 in float32 below an angle of 3e-4."""
    angle = jnp.array([0.5, 0.5001], jnp.float32)
    x = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    assert one_nn(x, jnp.array([1.0, -1.0], jnp.float32), x).tolist() == [1.0, -1.0]


def test_the_singular_classifier_is_the_sum_of_psi(data):
    x, y, z = data
    activation = optimal_activation(2)
    w = np.asarray(schroder(activation, eps=jnp.asarray(distances(x, z) ** 2 / 2)))
    exact = w @ np.asarray(y) / w.sum(1)
    found = infinite_depth_classifier(activation, x, y, z)
    np.testing.assert_allclose(found, exact, rtol=1e-8, atol=1e-11)
    given = singular_estimator(lambda eps: schroder(activation, eps=eps, log=True), x, y, z)
    np.testing.assert_allclose(found, given, rtol=1e-12, atol=1e-14)
    logs = jnp.linspace(np.log(1e-12), np.log1p(-1e-9), 4096)
    values = schroder(activation, eps=jnp.exp(logs), log=True) - jnp.log1p(-jnp.exp(logs))
    table = average_labels(x, y, z, (logs, values), weight=table_weight)
    np.testing.assert_allclose(found, table, atol=1e-4)


@pytest.mark.parametrize(
    ("activation", "depth"),
    [
        (get_activation("hermite:2"), 30),
        (optimal_activation(2), 60),
        (hermite_activation([0.3**0.5, 0.2**0.5, 0.0, 0.5**0.5]), 80),
    ],
)
def test_deep_kernel_regression_is_the_limit(data, activation, depth):
    """One for each kind: the true inverse of the NNGP kernel, at finite depth."""
    x, y, z = data
    eps = jnp.asarray(distances(x, x) ** 2 / 2) + jnp.eye(61)
    tt = jnp.where(jnp.eye(61) > 0, 1.0, jnp.exp(deep_kernels_log(activation, depth, eps=eps)[0]))
    st = deep_kernels_log(activation, depth, eps=jnp.asarray(distances(x, z) ** 2 / 2))[0]
    deep = kernel_predict(tt, jnp.exp(st - st.max(axis=1, keepdims=True)), y).mean
    limit = infinite_depth_classifier(activation, x, y, z)
    assert (decide(deep) == decide(limit)).all()
    assert abs(float(jnp.mean(y))) > 0.01


def test_the_task_has_the_odds_it_says():
    """Labels in bins of the true odds, and the densities by SciPy."""
    from scipy.stats import dirichlet

    for d in (1, 2):
        found = dirichlet_task(jax.random.key(d), d, 40_000)
        np.testing.assert_allclose(jnp.linalg.norm(found.x, axis=1), 1.0, rtol=1e-12)
        assert abs(float((found.y > 0).mean()) - PRIOR) < 0.01
        for low in (0.1, 0.4, 0.7):
            inside = (found.eta > low) & (found.eta < low + 0.2)
            count = int(inside.sum())
            gap = float(np.mean((np.asarray(found.y) > 0)[inside] - np.asarray(found.eta)[inside]))
            assert abs(gap) < 4 * 0.5 / np.sqrt(count)
    w = np.array([0.2, 0.5, 0.3])
    x = jnp.asarray(w / np.linalg.norm(w))[None]
    plus, minus = (dirichlet(alpha).pdf(w) for alpha in OFFICIAL[2])
    exact = PRIOR * plus / (PRIOR * plus + (1 - PRIOR) * minus)
    np.testing.assert_allclose(positive_odds(x, 2), exact, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, y, z: hilbert_estimator(x, y, z, 0.0), "exponent is 0.0"),
        (lambda x, y, z: hilbert_estimator(2 * x, y, z, 1.0), "length of the rows of x"),
        (lambda x, y, z: hilbert_estimator(x, y[:3], z, 1.0), "y has shape"),
        (lambda x, y, z: one_nn(x, y, z[:, :2]), "z has shape"),
        (lambda x, y, z: one_nn(x, y.at[0].set(jnp.nan), z), "y holds"),
        (lambda x, y, z: infinite_depth_classifier("relu", x, y, -z), "smallest inner product"),
        (lambda x, y, z: infinite_depth_classifier("sigmoid", x, y, z), "kind 'rank_one'"),
        (lambda x, y, z: infinite_depth_classifier("hermite:1", x, y, z), "kind 'linear'"),
        (lambda x, y, z: majority_vote(y, 0), "m is 0"),
        (lambda x, y, z: dirichlet_task(jax.random.key(0), 3, 5), "d is 3"),
        (lambda x, y, z: positive_odds(-x, 2), "x holds"),
    ],
)
def test_bad_input_is_named(data, call, said, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=said):
        call(*data)
