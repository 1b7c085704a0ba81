"""Measures of change: identities, invariances, and what tells them apart."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from theorylab.ntk import MLP, empirical_ntk, functional
from theorylab.rich_lazy import (
    LazinessTracker,
    chizat_kappa,
    kernel_alignment,
    kernel_change,
    laziness_report,
    linear_cka,
    linearization_gap,
    paired_difference,
    readout_correlation,
    representation_alignment,
    sign_similarity,
    weight_change,
)

KEYS = jax.random.split(jax.random.key(2), 6)
H0, H1 = jax.random.normal(KEYS[0], (12, 4)), jax.random.normal(KEYS[1], (12, 6))
K0, K1 = H0 @ H0.T, H1 @ H1.T


def test_kernel_alignment_is_the_cosine_and_ignores_size():
    want = np.sum(np.asarray(K0 * K1)) / (np.linalg.norm(K0) * np.linalg.norm(K1))
    assert float(kernel_alignment(K0, K1)) == pytest.approx(want)
    assert float(kernel_alignment(K0, 5.0 * K0)) == pytest.approx(1)
    assert float(kernel_change(K0, 5.0 * K0)) == pytest.approx(4)
    assert float(kernel_change(K0, K1, relative=False)) == pytest.approx(np.linalg.norm(K1 - K0))


def test_direction_and_size_order_networks_differently():
    """One kernel grows without turning, the other turns without growing."""
    grown, turned = 9.0 * K0, K1 * (jnp.linalg.norm(K0) / jnp.linalg.norm(K1))
    assert kernel_alignment(K0, grown) > kernel_alignment(K0, turned)
    assert kernel_change(K0, grown) > kernel_change(K0, turned)


@pytest.mark.parametrize("center", [False, True])
def test_representation_alignment_is_that_of_the_gram_matrices(center):
    h0, h1 = ((h - h.mean(axis=0)[None, :]) if center else h for h in (H0, H1))
    want = float(kernel_alignment(h0 @ h0.T, h1 @ h1.T))
    assert float(representation_alignment(H0, H1, center)) == pytest.approx(want)
    if center:
        assert float(linear_cka(H0, H1)) == pytest.approx(want)
        assert float(kernel_alignment(K0, K1, center=True)) == pytest.approx(want)


def test_a_rotation_of_units_is_not_a_change():
    q = jax.random.orthogonal(KEYS[2], 4)
    assert float(representation_alignment(H0, 3.0 * H0 @ q)) == pytest.approx(1)
    assert float(linear_cka(H0, H0 @ q + 2.0)) == pytest.approx(1)


def test_a_common_mean_saturates_the_uncentred_measure_only():
    """Two unrelated representations: the mean activity makes them look alike; CKA is not moved."""
    far = 10.0
    assert representation_alignment(H0 + far, H1 + far) > 0.98
    assert float(linear_cka(H0 + far, H1 + far)) == pytest.approx(float(linear_cka(H0, H1)))
    assert linear_cka(H0, H1) < 0.7


def test_signs_and_readouts():
    assert float(sign_similarity(jax.nn.relu(H0), jax.nn.relu(H0) * 3.0)) == 1
    assert float(sign_similarity(jnp.array([[0.0, 1, -1]]), jnp.array([[0.0, -1, -2]]))) == (
        pytest.approx(2 / 3)
    )
    w = jnp.eye(4)[:, :1]
    assert float(readout_correlation(jnp.outer(jnp.arange(1.0, 4.0), w[:, 0]), w)) == 1
    assert float(readout_correlation(H0[:, :4] * (1 - w.T), w)) == 0
    n = 400
    h, w = jax.random.normal(KEYS[3], (50, n)), jax.random.normal(KEYS[4], (n, 1))
    assert float(readout_correlation(h, w)) == pytest.approx(n**-0.5, rel=0.3)


def test_weight_change_counts_what_the_filter_passes():
    p0 = {"a": {"kernel": jnp.zeros((2, 2)), "bias": jnp.ones(2)}, "b": jnp.ones(1)}
    p1 = {"a": {"kernel": jnp.full((2, 2), 1.5), "bias": jnp.array([1.0, 5.0])}, "b": jnp.ones(1)}
    assert float(weight_change(p0, p1)) == 5
    assert float(weight_change(p0, p1, lambda path: path == "a/kernel")) == 3
    assert float(weight_change(p0, p1, lambda p: "bias" in p, relative=True)) == (
        pytest.approx(4 / 2**0.5)
    )
    with pytest.raises(ValueError, match="a/bias, a/kernel, b"):
        weight_change(p0, p1, lambda path: False)
    with pytest.raises(ValueError, match="another structure"):
        weight_change(p0, p1["a"])


def test_linearization_gap():
    """f = (p x)^2: the change is (p1^2 - p0^2) x^2, its tangent 2 p0 (p1 - p0) x^2."""
    gap = linearization_gap(lambda p, x: (p * x) ** 2, jnp.array(1.0), jnp.array(1.5), H0)
    assert float(gap) == pytest.approx(0.25 / 1.25)
    assert float(linearization_gap(lambda p, x: x @ p, jnp.ones(4), 3 * jnp.ones(4), H0)) < 1e-12


def test_kappa_against_dense_derivatives_and_its_scaling():
    """One scalar output: operator norms are the largest |eigenvalue| of the Hessian, and the
    length of the gradient. Scaling a model with f(p0) = 0 by alpha divides kappa by alpha."""
    x, y = jnp.ones((1, 3)), jnp.full((1, 1), 0.7)

    def f(p, x):
        return jnp.tanh(x @ p[:6].reshape(3, 2)) @ p[6:, None]

    p = jax.random.normal(KEYS[5], (8,))
    hessian = jax.hessian(lambda p: f(p, x)[0, 0])(p)
    slope = jax.grad(lambda p: f(p, x)[0, 0])(p)
    want = abs(float(f(p, x)[0, 0]) - 0.7) * np.abs(np.linalg.eigvalsh(hessian)).max()
    want /= float(slope @ slope)
    assert float(chizat_kappa(f, p, x, y, KEYS[0])) == pytest.approx(want, rel=1e-6)

    def centred(scale):
        return lambda q, x: scale * (f(q, x) - f(p, x))

    small, large = (float(chizat_kappa(centred(s), p, x, y, KEYS[0])) for s in (1.0, 10.0))
    assert small == pytest.approx(10 * large)


@pytest.fixture(scope="module")
def trained():
    """A small network, before and after some steps of descent on targets of its own."""
    f, p0 = functional(MLP((3, 8, 2), jnp.tanh, rngs=nnx.Rngs(0)))
    x, y = jax.random.normal(KEYS[0], (10, 3)), jax.random.normal(KEYS[1], (10, 2))

    @jax.jit
    def step(p):
        slope = jax.grad(lambda p: jnp.mean((f(p, x) - y) ** 2))(p)
        return jax.tree.map(lambda w, g: w - 0.3 * g, p, slope)

    p1 = p0
    for _ in range(100):
        p1 = step(p1)
    return f, p0, p1, x, y


def test_the_report_on_a_flax_network(trained):
    f, p0, p1, x, y = trained
    report = laziness_report(f, p0, p1, x, y)
    k0, k1 = (empirical_ntk(f, p, x).transpose(0, 2, 1, 3).reshape(20, 20) for p in (p0, p1))
    assert report.kernel_alignment == pytest.approx(float(kernel_alignment(k0, k1)))
    assert report.kernel_change == pytest.approx(float(kernel_change(k0, k1)))
    assert 0.2 < report.kernel_alignment < 0.999 and 0 < report.linearization_gap < 2
    assert report.target_alignment_after > report.target_alignment_before
    text = str(report)
    assert "kernel alignment" in text and f"{report.weight_change:.4g}" in text


def test_the_report_on_one_layer_is_of_its_gradients_alone(trained):
    f, p0, p1, x, _ = trained
    paths = [
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, _ in jax.tree_util.tree_leaves_with_path(p0)
    ]
    last = paths[-1]
    leaves, tree = jax.tree.flatten(p0)

    def of_last(w, x):
        return f(jax.tree.unflatten(tree, [*leaves[:-1], w]), x)

    report = laziness_report(f, p0, p1, x, param_filter=lambda path: path == last)
    assert report.target_alignment_before is None
    assert report.weight_change == pytest.approx(
        float(jnp.linalg.norm(jax.tree.leaves(p1)[-1] - leaves[-1]))
    )
    after = jax.tree.leaves(p1)

    def of_last_after(w, x):
        return f(jax.tree.unflatten(tree, [*after[:-1], w]), x)

    k0, k1 = (
        empirical_ntk(g, w, x).transpose(0, 2, 1, 3).reshape(20, 20)
        for g, w in ((of_last, leaves[-1]), (of_last_after, after[-1]))
    )
    assert report.kernel_alignment == pytest.approx(float(kernel_alignment(k0, k1)))


def test_a_tracker_survives_a_loop_that_donates_its_parameters(trained):
    """It says at each checkpoint what a report says, and keeps a start of its own."""
    f, p0, p1, x, y = trained
    half = jax.tree.map(lambda a, b: (a + b) / 2, p0, p1)
    donated = jax.tree.map(jnp.array, p0)
    tracker = LazinessTracker(f, donated, x, y)
    jax.tree.map(lambda w: w.delete(), donated)
    assert tracker.record(50, half) == laziness_report(f, p0, half, x, y)
    tracker.record(100, p1)
    history = tracker.dataset()
    assert history.step.values.tolist() == [50, 100]
    want = [laziness_report(f, p0, p, x, y) for p in (half, p1)]
    for name in history.data_vars:
        assert history[name].values.tolist() == [getattr(report, name) for report in want]
    assert len(history.data_vars) == 9
    assert "target_alignment_after" not in _tracked_without_targets(f, p0, p1, x)
    with pytest.raises(ValueError, match="step is 100"):
        tracker.record(100, p1)
    with pytest.raises(ValueError, match="no step was recorded"):
        LazinessTracker(f, p0, x).dataset()


def _tracked_without_targets(f, p0, p1, x):
    tracker = LazinessTracker(f, p0, x)
    tracker.record(0, p1)
    return tracker.dataset()


def test_pairs_leave_out_what_is_not_finite():
    pair = paired_difference(np.array([1.0, 3.0, np.nan, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    assert (pair.positive, pair.count, pair.mean) == (2, 3, 1.0)
    assert pair.error == pytest.approx(np.std([1, 3, -1], ddof=1) / 3**0.5)
    with pytest.raises(ValueError, match="1 finite pairs"):
        paired_difference(np.array([1.0, np.nan]), np.zeros(2))


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_no_scale_is_too_small_or_too_large(scale):
    for center in (False, True):
        assert kernel_alignment(scale * K0, K1, center) == pytest.approx(
            float(kernel_alignment(K0, K1, center))
        )
        assert representation_alignment(scale * H0, H1, center) == pytest.approx(
            float(representation_alignment(H0, H1, center))
        )
    assert kernel_change(scale * K0, scale * K1) == pytest.approx(float(kernel_change(K0, K1)))
    assert readout_correlation(scale * H0, scale * H1[:4]) == pytest.approx(
        float(readout_correlation(H0, H1[:4]))
    )
    assert weight_change(scale * H0, -scale * H0) == pytest.approx(
        2 * scale * float(jnp.linalg.norm(H0))
    )
    assert weight_change(scale * H0, -scale * H0, relative=True) == pytest.approx(2)

    def f(p, x):
        return scale * jnp.tanh(x @ p)

    p, y = jnp.ones((4, 1)), jnp.zeros((12, 1))
    plain = chizat_kappa(lambda p, x: jnp.tanh(x @ p), p, H0, y, KEYS[0])
    assert chizat_kappa(f, p, H0, y, KEYS[0]) == pytest.approx(float(plain))
    gap = linearization_gap(lambda p, x: jnp.tanh(x @ p), p, 2 * p, H0)
    assert linearization_gap(f, p, 2 * p, H0) == pytest.approx(float(gap))


def test_what_is_the_same_for_all_inputs_is_zero_once_centred():
    """Rounding leaves 1e-17 of it, whose alignment would be a number without a meaning."""
    for value in (0.1, 7.7, 1000.1):
        with pytest.raises(ValueError, match="h0, once centred, is zero"):
            linear_cka(jnp.full((12, 3), value), H1)


def test_parameters_of_other_shapes_are_not_broadcast():
    with pytest.raises(ValueError, match=r"p1 w has shape \(3,\); allowed: \(1\)"):
        weight_change({"w": jnp.ones(1)}, {"w": jnp.ones(3)})
    with pytest.raises(ValueError, match=r"p1 w holds .*nan"):
        weight_change({"w": jnp.ones(1)}, {"w": jnp.full(1, jnp.nan)})
    with pytest.raises(ValueError, match="p0 is zero"):
        weight_change(jnp.zeros(2), jnp.ones(2), relative=True)
    with pytest.raises(ValueError, match="p1 has shape"):
        linearization_gap(lambda p, x: x @ p, jnp.ones((4, 1)), jnp.ones((4, 2)), H0)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="k1 differs from its transpose"):
        kernel_alignment(K0, K0 + jnp.tri(12, dtype=float))
    with pytest.raises(ValueError, match=r"h1 holds .*inf"):
        sign_similarity(H0, H0 * jnp.inf)
    with pytest.raises(ValueError, match="f has derivative 0"):
        chizat_kappa(lambda p, x: (x @ p) ** 2, jnp.zeros((4, 1)), H0, H0[:, :1], KEYS[0])
    with pytest.raises(ValueError, match="is zero"):
        kernel_alignment(jnp.eye(3), jnp.zeros((3, 3)))
    with pytest.raises(ValueError, match="y has shape"):
        chizat_kappa(lambda p, x: x @ p, jnp.ones((4, 1)), H0, jnp.ones(12), KEYS[0])


def test_shapes_that_do_not_fit_are_named_without_the_type_checker():
    """The tests check annotations; a user does not, and gets the message of the function."""
    calls = {
        "k1 has shape": lambda f: f(kernel_alignment)(jnp.eye(3), jnp.eye(4)),
        "h1 has shape": lambda f: f(representation_alignment)(H0, H1[1:]),
        "high has shape": lambda f: f(paired_difference)(np.ones((2, 2)), np.ones((2, 2))),
        "w has shape": lambda f: f(readout_correlation)(H0, H1),
    }
    for message, call in calls.items():
        with pytest.raises(ValueError, match=message):
            call(inspect.unwrap)
