"""Learning with kernels: against linear algebra, ODEs, iterated descent and trained networks."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from theorylab.ntk.learning import (
    decide,
    gp_posterior,
    kernel_predict,
    one_hot,
    spectrum,
    target_alignment,
)
from theorylab.ntk.training import (
    gradient_descent,
    gradient_flow,
    max_learning_rate,
    ntk_ensemble,
)


def problem(n=8, m=5, o=None, seed=0):
    """A Gaussian kernel on random points, and random targets."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))

    def kernel(a, b):
        return jnp.asarray(np.exp(-0.5 * ((a[:, None] - b[None]) ** 2).sum(-1)))

    y = jnp.asarray(rng.normal(size=(n,) if o is None else (n, o)))
    return kernel(x, x), kernel(z, x), kernel(z, z), y


@pytest.mark.parametrize("o", [None, 3])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_prediction_is_the_solve(o, ridge):
    k, c, _, y = problem(o=o)
    found = kernel_predict(k, c, y, ridge)
    a = k + ridge * jnp.eye(8)
    np.testing.assert_allclose(found.mean, c @ np.linalg.solve(a, y), rtol=1e-9)
    assert found.mean.shape == (5, *y.shape[1:])
    assert int(found.rank) == 8
    assert float(found.residual) < 1e-14
    np.testing.assert_allclose(found.condition, np.linalg.cond(a), rtol=0.02)


def test_singular_kernel_gives_the_smallest_solution_and_says_so():
    """A repeated point: rank and residual tell, and nothing is NaN."""
    x = np.array([0.0, 0.0, 1.0, 3.0])
    k = jnp.asarray(np.exp(-((x[:, None] - x) ** 2)))
    y = jnp.array([1.0, 1.0, -1.0, 2.0])
    same = kernel_predict(k, k[:2], y)
    assert int(same.rank) == 3
    assert float(same.condition) > 1e15
    assert float(same.residual) < 1e-12
    np.testing.assert_allclose(same.mean, 1.0, atol=1e-12)
    np.testing.assert_allclose(same.weights, np.linalg.pinv(k, rcond=1e-12) @ y, atol=1e-12)
    contradiction = kernel_predict(k, k[:2], y.at[0].set(3.0))
    np.testing.assert_allclose(contradiction.mean, 2.0, atol=1e-12)  # the mean of 3 and 1
    np.testing.assert_allclose(
        contradiction.residual, np.sqrt(2) / np.linalg.norm([3, 1, -1, 2]), rtol=1e-12
    )


def test_both_branches_agree_where_the_matrix_is_hard():
    """Just on either side of the limit of the condition number."""
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))
    y = q[:, 0] + q[:, 1]
    for smallest, rank in ((1e-13, 6), (1e-18, 5)):
        values = np.array([1.0, 0.5, 0.3, 0.2, 0.1, smallest])
        k = jnp.asarray((q * values) @ q.T)
        found = kernel_predict(0.5 * (k + k.T), k, jnp.asarray(y))
        assert int(found.rank) == rank
        np.testing.assert_allclose(found.mean, y, atol=1e-6)


def test_float32_stays_float32():
    k, c, _, y = (a.astype(jnp.float32) for a in problem())
    found = kernel_predict(k, c, y, 0.1)
    assert found.mean.dtype == found.weights.dtype == found.condition.dtype == jnp.float32
    assert gradient_flow(k, c, y, 1.0).dtype == jnp.float32


def test_posterior_is_conditioning_of_the_joint_gaussian():
    k, c, s, y = problem()
    found = gp_posterior(k, c, s, y, noise=0.2)
    joint = np.block([[k + 0.2 * np.eye(8), c.T], [c, s]])
    precision = np.linalg.inv(joint)[8:, 8:]
    np.testing.assert_allclose(found.covariance, np.linalg.inv(precision), rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found.mean, c @ np.linalg.solve(joint[:8, :8], y), rtol=1e-10)


@pytest.mark.parametrize("normalise", ["sum", "mean"])
def test_flow_solves_its_equation(normalise):
    k, c, _, y = problem(o=2)
    rng = np.random.default_rng(3)
    f, g = jnp.asarray(rng.normal(size=(8, 2))), jnp.asarray(rng.normal(size=(5, 2)))
    scale = 8 if normalise == "mean" else 1
    both = np.concatenate([k, c]) / scale

    def velocity(t, state):
        return (-both @ (state.reshape(13, 2)[:8] - y)).ravel()

    t = np.array([0.0, 0.7, 5.0])
    start = np.concatenate([f, g]).ravel()
    exact = solve_ivp(velocity, (0, 5), start, t_eval=t, rtol=1e-10, atol=1e-12).y.T
    found = gradient_flow(k, c, y, t, f, g, normalise)
    assert found.shape == (3, 5, 2)
    np.testing.assert_allclose(found, exact.reshape(3, 13, 2)[:, 8:], atol=1e-8)
    np.testing.assert_allclose(gradient_flow(k, c, y, 0.7, f, g, normalise), found[1], atol=1e-13)


def test_flow_ends_at_kernel_regression_and_accepts_a_singular_kernel():
    k, c, _, y = problem()
    np.testing.assert_allclose(
        gradient_flow(k, c, y, 1e9), kernel_predict(k, c, y).mean, rtol=1e-6, atol=1e-8
    )
    one = jnp.ones((2, 2))
    end = gradient_flow(one, one, jnp.array([3.0, 1.0]), 50.0)
    np.testing.assert_allclose(end, 2.0, atol=1e-12)


@pytest.mark.parametrize("factor", [0.01, 0.4, 0.95])
def test_descent_is_the_iteration(factor):
    """Slow modes, and modes that overshoot in every step."""
    k, c, _, y = problem()
    lr = factor * float(max_learning_rate(k))
    f, g = np.zeros(8), np.zeros(5)
    for _ in range(25):
        f, g = f - lr * k @ (f - y), g - lr * c @ (f - y)
    np.testing.assert_allclose(gradient_descent(k, c, y, lr, 25), g, rtol=1e-9, atol=1e-11)
    both = gradient_descent(k, c, y, lr, jnp.array([0, 25]))
    np.testing.assert_allclose(both, [np.zeros(5), g], rtol=1e-9, atol=1e-11)


def test_descent_approaches_flow_at_first_order():
    """Half the learning rate, half the error, at the same time."""
    k, c, _, y = problem()
    flow = gradient_flow(k, c, y, 1.0)
    errors = [
        float(jnp.abs(gradient_descent(k, c, y, 1.0 / steps, steps) - flow).max())
        for steps in (40, 80, 160)
    ]
    ratio = np.divide(errors[:-1], errors[1:])
    assert errors[0] > 1e-4
    assert np.all(np.abs(ratio - 2) < 0.1), ratio


def test_the_largest_learning_rate_is_sharp():
    k, _, _, y = problem()
    limit = float(max_learning_rate(k))
    assert float(max_learning_rate(k, "mean")) == pytest.approx(8 * limit)
    for factor, grows in ((0.98, False), (1.02, True)):
        f = np.zeros(8)
        for _ in range(400):
            f = f - factor * limit * k @ (f - y)
        assert (np.linalg.norm(f - y) > 10 * np.linalg.norm(y)) == grows
    with pytest.raises(ValueError, match=r"lr is .*; allowed: below"):
        gradient_descent(k, k, y, 1.02 * limit, 10)


def test_ensemble_of_trained_linear_models():
    """Many random starts, each trained by the flow: their mean and covariance, to 1/sqrt(N)."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(9, 20)) / np.sqrt(20)  # of 5 training and 4 test points
    prior = features @ features.T
    ntk = features @ np.diag(rng.uniform(0.5, 2, 20)) @ features.T
    y = jnp.asarray(rng.normal(size=5))
    parts = [jnp.asarray(a) for a in (ntk[:5, :5], ntk[5:, :5])]
    covariances = [jnp.asarray(a) for a in (prior[:5, :5], prior[5:, :5], prior[5:, 5:])]
    found = ntk_ensemble(*parts, *covariances, y, 2.0)
    samples = 40_000
    starts = features @ rng.normal(size=(20, samples))
    targets = jnp.broadcast_to(y[:, None], (5, samples))
    ends = gradient_flow(*parts, targets, 2.0, jnp.asarray(starts[:5]), jnp.asarray(starts[5:]))
    size = float(jnp.abs(found.covariance).max())
    np.testing.assert_allclose(np.mean(ends, axis=1), found.mean, atol=4 / np.sqrt(samples))
    np.testing.assert_allclose(np.cov(ends), found.covariance, atol=6 * size / np.sqrt(samples))
    assert float(jnp.abs(found.covariance - covariances[2]).max()) > 0.1 * size  # it has moved


@pytest.mark.parametrize("normalise", ["sum", "mean"])
def test_ensemble_under_descent_is_the_iterated_gaussian(normalise):
    """The joint mean and covariance of training and test outputs, update by update."""
    k, c, _, y = problem()
    rng = np.random.default_rng(4)
    root = rng.normal(size=(13, 20)) / 5
    prior = root @ root.T
    lr = 0.9 * float(max_learning_rate(k, normalise))
    steps = np.array([0, 3, 40])
    found = ntk_ensemble(
        k, c, prior[:8, :8], prior[8:, :8], prior[8:, 8:], y, steps, normalise, lr=lr
    )
    push = lr / (8 if normalise == "mean" else 1) * np.concatenate([k, c])
    update = np.eye(13)
    update[:, :8] -= push
    mean, covariance = np.zeros(13), prior
    for step in range(41):
        if step in steps:
            i = list(steps).index(step)
            np.testing.assert_allclose(found.mean[i], mean[8:], atol=1e-10)
            np.testing.assert_allclose(found.covariance[i], covariance[8:, 8:], atol=1e-10)
        mean, covariance = update @ mean + push @ y, update @ covariance @ update.T
    flow = ntk_ensemble(k, c, prior[:8, :8], prior[8:, :8], prior[8:, 8:], y, 3 * lr, normalise)
    assert float(jnp.abs(flow.covariance - found.covariance[1]).max()) > 0.01  # another course


def test_ensemble_of_the_last_layer_is_the_posterior():
    """If the tangent kernel is the covariance, training to the end samples the posterior."""
    k, c, s, y = problem()
    trained = ntk_ensemble(k, c, k, c, s, y, jnp.array([0.0, 1e12]))
    exact = gp_posterior(k, c, s, y)
    np.testing.assert_allclose(trained.covariance[1], exact.covariance, atol=1e-7)
    np.testing.assert_allclose(trained.mean[1], exact.mean, atol=1e-6)
    np.testing.assert_allclose(trained.covariance[0], s, atol=1e-14)


def test_spectrum_and_alignment():
    k, _, _, y = problem()
    values = spectrum(k)
    assert np.all(np.diff(values) <= 0)
    np.testing.assert_allclose(values.sum(), 8.0, rtol=1e-12)
    outer = np.outer(y, y)
    expected = (y @ k @ y) / np.linalg.norm(k) / np.linalg.norm(outer)
    np.testing.assert_allclose(target_alignment(k, y), expected, rtol=1e-12)
    top = jnp.linalg.eigh(k)[1][:, -1]
    assert float(target_alignment(k, top)) > float(target_alignment(k, y))


def test_labels():
    assert decide(jnp.array([[0.2, 0.5, 0.3], [1.0, -1.0, 0.0]])).tolist() == [1, 0]
    assert decide(jnp.array([0.0, -0.1])).tolist() == [0, -1]
    assert one_hot(jnp.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(ValueError, match="labels"):
        one_hot(jnp.array([3]), 3)


def test_it_jits_and_differentiates():
    """A gradient through the fit against a finite difference."""
    k, c, _, y = problem()

    def loss(scale):
        return jnp.sum(kernel_predict(scale * k, scale * c, y, 0.3).mean ** 2)

    slope = jax.jit(jax.grad(loss))(1.0)
    h = 1e-5
    np.testing.assert_allclose(slope, (loss(1 + h) - loss(1 - h)) / (2 * h), rtol=1e-6)


BAD = jnp.array([[1.0, 2.0], [2.0, 1.0]])  # eigenvalues 3 and -1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda k, c, y: kernel_predict(k[:, :3], c, y), "k_tt has shape"),
        (lambda k, c, y: kernel_predict(k, c[:, :3], y), "k_st has shape"),
        (lambda k, c, y: kernel_predict(k, c, y[:3]), "y has shape"),
        (lambda k, c, y: kernel_predict(k, c, y, -1.0), "ridge is -1.0"),
        (lambda k, c, y: kernel_predict(k.at[0, 0].set(jnp.nan), c, y), "k_tt holds"),
        (lambda k, c, y: kernel_predict(k.at[0, 1].add(0.1), c, y), "symmetric"),
        (lambda k, c, y: kernel_predict(k, c.at[0, 0].set(jnp.inf), y), "k_st holds"),
        (lambda k, c, y: kernel_predict(k, c, y.at[0].set(jnp.nan)), "y holds"),
        (lambda k, c, y: kernel_predict(BAD, BAD, y[:2]), "eigenvalue -1"),
        (lambda k, c, y: gradient_flow(BAD, BAD, y[:2], 1.0), "eigenvalue -1"),
        (lambda k, c, y: gradient_flow(k, c, y, -1.0), "t is -1.0"),
        (lambda k, c, y: gradient_flow(k, c, y, 1.0, normalise="max"), "normalise"),
        (lambda k, c, y: gradient_flow(k, c, y, 1.0, f0_train=y[:2]), "f0_train has shape"),
        (lambda k, c, y: gradient_descent(k, c, y, 0.1, 1.5), "steps"),
        (lambda k, c, y: ntk_ensemble(k, c, k, c, k[:5, :5], y, 1.5, lr=0.1), "t is 1.5"),
        (lambda k, c, y: ntk_ensemble(k, c, k, c, k[:5, :5], y, 2, lr=99.0), "lr is 99.0"),
        (lambda k, c, y: gp_posterior(k, c, k, y), "k_ss has shape"),
        (lambda k, c, y: max_learning_rate(0 * k), "largest eigenvalue"),
        (lambda k, c, y: target_alignment(k, 0 * y), "all zero"),
    ],
)
def test_bad_input_is_named(call, said, monkeypatch):
    """What a user sees, who has no checker of annotations."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    k, c, _, y = problem()
    with pytest.raises(ValueError, match=said):
        call(k, c, y)
