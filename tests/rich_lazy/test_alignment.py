"""How far the kernel turns: closed forms against trained networks, and what is best."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.rich_lazy import (
    expected_alignment,
    expected_representation_alignment,
    expected_target_alignment,
    kernel_alignment,
    kernel_change,
    linear_weight_flow,
    optimal_init_gram,
    participation_ratio,
    task_alignment,
)

D, HIDDEN, TASKS, SIGMA = 6, 9, 48, 1e-3
TS = jnp.array([60.0])


def _cosine(a, b):
    return jnp.sum(a * b) / (jnp.linalg.norm(a) * jnp.linalg.norm(b))


@jax.jit
def _trained(w1, w2, betas):
    """Alignments of kernel and representation after training on each task."""

    def kernel(lower, upper):
        return lower.T @ lower + jnp.sum(upper**2) * jnp.eye(D)

    def one(beta):
        lower, upper = linear_weight_flow(w1, w2, beta[None], TS, substeps=1500)
        lower, upper = lower[0], upper[0]
        return (
            _cosine(kernel(w1, w2), kernel(lower, upper)),
            _cosine(w1.T @ w1, lower.T @ lower),
            jnp.sum((upper[0] @ lower - beta) ** 2),
        )

    return jax.vmap(one)(betas)


def _start(values, ratio, sigma=SIGMA, basis=None):
    keys = jax.random.split(jax.random.key(1), 3)
    left = jnp.linalg.qr(jax.random.normal(keys[0], (HIDDEN, D)))[0]
    right = jnp.linalg.qr(jax.random.normal(keys[1], (D, D)))[0] if basis is None else basis
    values = jnp.asarray(values, float)
    w1 = sigma * (left * (values / jnp.linalg.norm(values))[None, :]) @ right.T
    w2 = jax.random.normal(keys[2], (1, HIDDEN))
    return w1, ratio * sigma * w2 / jnp.linalg.norm(w2)


@pytest.fixture(scope="module")
def betas():
    """Random orthonormal bases: over each of them $bb^T$ averages to I/d, without scatter."""
    return jax.random.orthogonal(jax.random.key(0), D, (TASKS // D,)).reshape(TASKS, D)


STARTS = {"flat": [1] * D, "rank one": [1, 0, 0, 0, 0, 0], "power law": [1, 0.5, 0.3, 0.2, 0.1, 0]}


@pytest.mark.parametrize("ratio", [1.0, 0.3])
@pytest.mark.parametrize("kind", STARTS)
def test_closed_forms_against_trained_networks(kind, ratio, betas):
    w1, w2 = _start(STARTS[kind], ratio)
    gram, omega = w1.T @ w1, jnp.linalg.norm(w2)
    ka, ra, loss = _trained(w1, w2, betas)
    assert float(loss.max()) < 1e-12
    theory = jax.vmap(lambda beta: task_alignment(gram, omega, beta))(betas)
    assert np.abs(ka - theory).max() < 1e-5
    assert abs(ka.mean() - expected_alignment(gram, omega)) < 1e-5
    assert abs(ra.mean() - expected_representation_alignment(gram)) < 1e-5


def test_from_a_large_start_a_higher_rank_is_not_lazier(betas):
    """The theorem is on small starts. Here rank one turns less than rank three, by far."""
    found = []
    for rank in (1, 3, 6):
        ka = _trained(*_start([1] * rank + [0] * (6 - rank), 0.1, 3.0), betas)[0]
        found.append((float(ka.mean()), float(ka.std()) / TASKS**0.5))
    (one, error), (three, other), (full, _) = found
    assert one - three > 5 * (error + other) and full > one


def test_the_numbers_of_the_theorem():
    def at(rank, ratio, d=10):
        gram = jnp.diag(jnp.where(jnp.arange(d) < rank, 1 / rank, 0.0))
        return float(expected_alignment(gram, ratio))

    for ratio, wanted in {
        1.0: (0.9308, 0.9492, 0.9608, 0.9648),
        0.3: (0.5162, 0.6645, 0.8537, 0.9648),
        0.1: (0.3321, 0.4649, 0.7139, 0.9648),
    }.items():
        found = [at(rank, ratio) for rank in (1, 2, 5, 10)]
        assert np.allclose(found, wanted, atol=5e-5)
        assert np.all(np.diff(found) > 0)
    assert np.isclose(at(1, 1.0), 11**2 / (10 * 13)) and np.isclose(at(10, 0.2), 11 / 130**0.5)
    assert np.isclose(at(4, 0.0), 1.1 * np.sqrt(4 / 13))


def test_only_the_participation_ratio_counts():
    values = jnp.array([0.5, 0.3, 0.15, 0.05])
    pr = float(participation_ratio(jnp.diag(values)))
    assert 1 < pr < 4
    # another spectrum with the same trace and ratio, and another basis
    x = np.sqrt((4 / pr - 1) / 4)
    other = 0.25 * (1 + 2 * x * np.array([1, 1, -1, -1]))
    assert np.isclose(other.sum(), 1) and np.isclose(1 / np.sum(other**2), pr)
    turn = jnp.linalg.qr(jax.random.normal(jax.random.key(2), (4, 4)))[0]
    gram = turn @ jnp.diag(jnp.asarray(other)) @ turn.T
    assert np.isclose(expected_alignment(gram, 0.4), expected_alignment(jnp.diag(values), 0.4))


def test_transfers_make_the_start_lazier():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = rng.dirichlet(np.ones(5))
        i, j = np.argsort(values)[[-1, 0]]
        moved = values.copy()
        moved[[i, j]] += np.array([-1, 1]) * rng.uniform(0.01, 0.99) * (values[i] - values[j])
        pair = [float(expected_alignment(jnp.diag(jnp.asarray(v)), 0.5)) for v in (values, moved)]
        assert pair[1] > pair[0]


def test_alignment_with_the_task_before_and_after():
    for rank in (1, 4, 10):
        gram = jnp.diag(jnp.where(jnp.arange(10) < rank, 1 / rank, 0.0))
        for omega in (1.0, 0.2):
            kernel = gram + omega**2 * jnp.eye(10)
            exact = jnp.trace(kernel) / 10 / jnp.linalg.norm(kernel)
            assert np.isclose(expected_target_alignment(gram, omega), exact, rtol=1e-12)
    low, high = (jnp.diag(jnp.array(v)) for v in ([1.0, 0.0], [0.5, 0.5]))
    assert expected_target_alignment(low, 1.0) < expected_target_alignment(high, 1.0)


def test_the_exception_and_its_condition():
    beta = jnp.arange(1.0, 11.0)
    b = beta / jnp.linalg.norm(beta)
    along = jnp.outer(b, b)
    assert np.isclose(task_alignment(along, 1.0, beta), 1)
    assert np.isclose(task_alignment(along, 0.1, beta), 0.5792, atol=5e-5)
    assert task_alignment(along, 0.1, beta) < task_alignment(jnp.eye(10) / 10, 0.1, beta)
    v = jnp.zeros(10).at[9].set(1.0)
    assert np.isclose(task_alignment(jnp.outer(v, v), 1.0, beta), (b[9] ** 2 + 12) / 13)


def test_the_small_starts_that_training_does_not_leave():
    """W_1 = -w_2 b^T returns to zero; W_1 b = -w_2 alone does not keep it from the task."""
    b, w2 = jnp.array([0.6, 0.8]), jnp.array([[0.02, -0.01, 0.03]])
    trapped = -jnp.outer(w2[0], b)
    free = trapped + 0.02 * jnp.outer(jnp.array([1.0, 1.0, 0.0]), jnp.array([0.8, -0.6]))
    assert np.allclose(free @ b, -w2[0])

    def trained(w1, t):
        lower, upper = linear_weight_flow(w1, w2, b[None], jnp.array([t]), substeps=2000)
        return lower[0], upper[0]

    assert max(float(jnp.abs(w).max()) for w in trained(trapped, 12.0)) < 1e-6
    lower, upper = trained(free, 60.0)
    assert np.allclose(upper @ lower, b[None])
    kernel = lower.T @ lower + jnp.sum(upper**2) * jnp.eye(2)
    assert np.allclose(kernel, jnp.eye(2) + jnp.outer(b, b), atol=0.01)


COVARIANCE = jnp.diag(jnp.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04]))


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.1])
def test_no_start_is_lazier_than_the_best(ratio):
    best = optimal_init_gram(COVARIANCE, 1.0, ratio)
    assert np.isclose(jnp.trace(best), 1)
    top = expected_alignment(best, ratio, COVARIANCE)
    assert np.isclose(top, jnp.sqrt((8 + jnp.sum(COVARIANCE**2)) / 9))
    for seed in range(30):
        root = jax.random.normal(jax.random.key(seed), (6, 6)) * jnp.geomspace(1, 0.1, 6)[None, :]
        other = root @ root.T / jnp.sum(root**2)
        near = 0.9 * best + 0.1 * other
        assert expected_alignment(other, ratio, COVARIANCE) < top
        assert expected_alignment(near, ratio, COVARIANCE) < top


def test_the_average_over_tasks_of_any_covariance():
    """Tasks along the eigenvectors, as often as the eigenvalues say, have this covariance."""
    turn = jax.random.orthogonal(jax.random.key(3), 6)
    weights = jnp.diag(COVARIANCE)
    covariance = (turn * weights[None, :]) @ turn.T
    gram = jnp.diag(jnp.array([0.6, 0.2, 0.1, 0.1, 0.0, 0.0]))
    for omega in (1.0, 0.1):
        each = jax.vmap(lambda b, omega=omega: task_alignment(gram, omega, b))(turn.T)
        assert np.isclose(expected_alignment(gram, omega, covariance), weights @ each, rtol=1e-12)


def test_lazier_in_direction_is_not_less_change():
    """With a short readout a flat start turns least, and changes most over its own size."""
    b = jnp.zeros(10).at[0].set(0.6).at[1].set(0.8)
    end, sigma = jnp.eye(10) + jnp.outer(b, b), 1e-3
    one, flat = (
        sigma**2 * (jnp.diag(jnp.where(jnp.arange(10) < r, 1 / r, 0.0)) + 0.01 * jnp.eye(10))
        for r in (1, 10)
    )
    assert kernel_alignment(one, end) < 0.6 < 0.9 < kernel_alignment(flat, end)
    assert 2 * kernel_change(one, end) < kernel_change(flat, end)


def test_the_numbers_of_the_best_start():
    top, flat = optimal_init_gram(COVARIANCE, 1.0), jnp.eye(6) / 6
    axis = jnp.zeros((6, 6)).at[0, 0].set(1.0)
    found = [float(expected_alignment(gram, 1.0, COVARIANCE)) for gram in (top, flat, axis)]
    assert np.allclose(found, (0.9580, 0.9526, 0.9333), atol=5e-5)
    assert np.allclose(top, COVARIANCE)


def test_small_starts_lose_no_digits():
    gram = jnp.diag(jnp.array([3.0, 1.0, 0.5]))
    for scale in (1e-3, 1e-8):
        tiny = expected_alignment(jnp.float32(scale**2) * gram.astype(jnp.float32), scale)
        assert tiny.dtype == jnp.float32
        assert np.isclose(tiny, expected_alignment(gram, 1.0), rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_the_alignments_depend_on_no_common_scale(scale):
    gram, beta = jnp.diag(jnp.array([3.0, 1.0, 0.5])), jnp.array([1.0, 2.0, 0.0])
    huge, omega = scale * gram, 0.7 * scale**0.5
    assert np.isclose(participation_ratio(huge), participation_ratio(gram), rtol=1e-12)
    assert np.isclose(expected_alignment(huge, omega), expected_alignment(gram, 0.7), rtol=1e-12)
    one = task_alignment(huge, omega, scale * beta)
    assert np.isclose(one, task_alignment(gram, 0.7, beta), rtol=1e-12)


def test_without_a_first_layer_the_kernel_is_the_readouts():
    nothing, beta = jnp.zeros((4, 4)), jnp.arange(4.0)
    for omega in (1.0, 1e-9):
        found = expected_alignment(nothing, omega), task_alignment(nothing, omega, beta)
        assert np.allclose(found, 5 / np.sqrt(7 * 4))
    assert np.isclose(jax.jit(expected_alignment)(nothing, 1.0), 5 / np.sqrt(7 * 4))
    with pytest.raises(ValueError, match="gram is zero"):
        expected_alignment(nothing, 0.0)


def test_gradients_of_the_alignment_are_those_of_differences():
    gram, way = jnp.diag(jnp.array([1.0, 0.0, 0.0])), jnp.diag(jnp.array([-1.0, 0.7, 0.3]))

    def value(step):
        return task_alignment(gram + step * way, 0.6, jnp.array([0.0, 1.0, 2.0]))

    h = 1e-6
    assert np.isclose(jax.grad(value)(h), (value(2 * h) - value(0.0)) / (2 * h), rtol=1e-5)
    assert np.isfinite(jax.grad(value)(0.0))
    assert float(jax.grad(lambda omega: expected_alignment(gram, omega))(0.0)) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expected_alignment(jnp.eye(2), -1.0), "omega is -1.0"),
        (lambda: participation_ratio(jnp.zeros((2, 2))), "gram is zero"),
        (lambda: expected_alignment(-jnp.eye(2), 1.0), "gram has an eigenvalue -1"),
        (lambda: expected_alignment(jnp.tri(2), 1.0), "gram differs from its transpose"),
        (lambda: task_alignment(jnp.eye(2), 1.0, jnp.zeros(2)), "beta is zero"),
        (lambda: optimal_init_gram(jnp.diag(jnp.array([2.0, -1.0])), 1.0), "task_covariance has"),
        (lambda: optimal_init_gram(jnp.eye(2) / 2, 1e200), "sigma is 1e.200"),
        (lambda: expected_alignment(jnp.eye(2), 1.0, jnp.eye(2)), "trace 2; allowed: 1"),
        (lambda: optimal_init_gram(COVARIANCE, 0.0), "sigma is 0.0"),
        (lambda: optimal_init_gram(COVARIANCE, 1.0, 3.0), "least eigenvalue"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
