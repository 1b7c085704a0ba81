"""The chapter's experiments: small instances, with the answers that theory gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.lab import run
from theorylab.ntk import (
    dirichlet_task,
    gradient_flow,
    hilbert_estimator,
    majority_vote,
    mlp_kernels,
    one_nn,
)
from theorylab.ntk.experiments.agreement import Taxonomy
from theorylab.ntk.experiments.digits import DIGITS, unit_digits
from theorylab.ntk.experiments.limits import NearZero
from theorylab.ntk.experiments.official import FULL, DepthScan, ExcessRisk, OfficialTask
from theorylab.ntk.experiments.widths import TRAINED, TrainedEnsemble, VarianceByDepth


def test_recorded_results_come_out_again():
    """One of the four dimensions, at the full number of training points."""
    recorded = FULL.run().sel(d=1)
    again = run(FULL.plan.experiment.replace(d=1, names=("2d_opt",)))
    for name in ("bayes", "nearest", "hilbert", "majority", "hilbert_nn"):
        np.testing.assert_allclose(again[name], recorded[name], atol=1e-3)
    kept = recorded.sel(activation="2d_opt")
    for name in ("alpha", "accuracy", "agree_hilbert", "agree_own"):
        np.testing.assert_allclose(again[name][0], kept[name], atol=1e-3)


SIZE = {"n": 61, "tests": 40}  # one size for all, that compiles once


def test_labels_of_a_deep_network_are_those_of_its_limit():
    found = run(Taxonomy(activation="h2", depth=25, **SIZE))
    assert float(found.nngp) == float(found.ntk) == 1.0
    shallow = run(Taxonomy(activation="chaotic", depth=1, **SIZE))
    assert float(shallow.ntk) < 1.0  # one layer is no majority vote


def test_the_condition_number_is_that_of_a_finite_rank_kernel():
    """One layer of (h1 + h3)/sqrt 2: polynomials of degree 1 and 3 in 3 variables, 10 of them."""
    found = run(DepthScan(depths=(1, 40), **SIZE))
    assert found["rank"].values.tolist() == [[10, 61], [10, 61]]
    assert np.all(found.log_condition.values[:, 0] > 15)
    assert np.all(found.log_condition.values[:, 1] < 6)


def test_excess_risk_is_that_of_each_rule_by_itself():
    """From the definition, one sample size at a time, with the classifiers of the library."""
    sizes, exponents, tests = (10, 60), (1.0, 4.0), 80
    key = jax.random.key(5)
    found = ExcessRisk(d=2, sizes=sizes, exponents=exponents, tests=tests).simulate(key)
    one, two = jax.random.split(key)
    train, test = dirichlet_task(one, 2, max(sizes)), dirichlet_task(two, 2, tests)

    def excess(scores):
        risk = jnp.where(scores > 0, 1 - test.eta, test.eta)
        return float(jnp.mean(risk - jnp.minimum(test.eta, 1 - test.eta)))

    for j, n in enumerate(sizes):
        x, y = train.x[:n], train.y[:n]
        for i, alpha in enumerate(exponents):
            by_rule = excess(hilbert_estimator(x, y, test.x, alpha))
            assert float(found["hilbert"][i, j]) == pytest.approx(by_rule, abs=1e-12)
        assert float(found["nearest"][j]) == pytest.approx(excess(one_nn(x, y, test.x)), abs=1e-12)
        by_vote = excess(majority_vote(y, tests))
        assert float(found["majority"][j]) == pytest.approx(by_vote, abs=1e-12)
    assert float(found["nearest"][0]) > 0 and float(found["majority"][1]) > 0


def test_swings_of_the_profile():
    """Iterated with 80 digits by hand, largest over smallest less 1, for (xi + xi^7)/2."""
    found = run(NearZero(activation="optimal 1", points=40))
    assert float(found.swing) == pytest.approx(1.3737e-3, rel=1e-3)
    assert float(found.period_error) < 1e-7


def test_variances_part_with_the_sign():
    kept = {
        name: run(VarianceByDepth(activation=name, width=64, depth=6, samples=8))
        .variance.isel(layer=-1)
        .values
        for name in ("sine", "hermite")
    }
    assert np.all(np.abs(kept["sine"]) < 0.3)
    assert np.mean(np.abs(kept["hermite"]) > 0.5) > 0.7


def test_bad_parameters_are_refused():
    for change, said in (
        (dict(d=3), "d is 3"),
        (dict(n=2), "n is 2"),
    ):
        with pytest.raises(ValueError, match=said):
            OfficialTask(**change)
    with pytest.raises(ValueError, match="depths holds"):
        DepthScan(depths=(0,))
    with pytest.raises(ValueError, match="activation"):
        Taxonomy(activation="relu6")


def test_a_slice_of_the_stored_digits_is_found_again():
    pytest.importorskip("sklearn")
    stored = DIGITS.run().sel(activation="h_2")
    again = run(DIGITS.plan.experiment.replace(activation="h_2", depths=(1, 10)))
    here = stored.sel(depth=[1, 10])
    np.testing.assert_allclose(again.accuracy, here.accuracy, atol=3 / 797)
    np.testing.assert_allclose(again.agree_nn, here.agree_nn, atol=3 / 797)
    assert float(again.nearest) == float(stored.nearest)


def test_the_nearest_neighbour_of_the_digits_is_found_by_a_plain_search():
    pytest.importorskip("sklearn")
    (x, y), (z, truth) = unit_digits(1000, 797)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1, rtol=1e-12)
    assert float(jnp.min(x)) >= 0
    guess = [int(y[np.argmax(np.asarray(x) @ np.asarray(one))]) for one in z]
    found = np.mean(np.asarray(guess) == np.asarray(truth))
    assert found == pytest.approx(float(DIGITS.run().nearest[0]), abs=1e-12)
    with pytest.raises(ValueError, match=r"n \+ tests is 1798; allowed: at most 1797"):
        unit_digits(1000, 798)


@pytest.fixture(scope="module")
def trained():
    return run(TrainedEnsemble(widths=(128,), samples=400)).isel(width=0)


def test_trained_networks_have_the_recorded_mean_and_covariance(trained):
    recorded = TRAINED.run().squeeze().sel(width=128)
    for name in ("mean", "covariance"):
        error = np.hypot(trained[f"{name}_error"], recorded[f"{name}_error"])
        assert np.all(np.abs(trained[name] - recorded[name]) < 4.5 * error)
        np.testing.assert_allclose(trained[f"limit_{name}"], recorded[f"limit_{name}"], rtol=1e-9)


def test_the_covariance_of_trained_networks_needs_each_of_its_terms(trained):
    """Within sampling and 1/width of the formula; far from it with any of its terms left out."""

    def distance(limit):
        return float(np.linalg.norm(trained.covariance.values - limit))

    noise = float(np.linalg.norm(trained.covariance_error))
    limit = trained.limit_covariance.values
    size = float(np.linalg.norm(limit))
    assert distance(limit) < 4 * noise + 16 * size / 128
    x, z = (
        jnp.stack([jnp.cos(jnp.array(a)), jnp.sin(jnp.array(a))], axis=1)
        for a in ([0.0, 0.7, 1.5, 2.4], trained.test.values)
    )
    k = mlp_kernels(
        jnp.concatenate([x, z]), activation="erf", depth=1, w_std=1.5, b_std=0.3, inputs="sphere"
    )
    t = 12 / jnp.linalg.eigvalsh(k.ntk[:4, :4])[-1]
    gain = gradient_flow(k.ntk[:4, :4], k.ntk[4:, :4], jnp.eye(4), t)
    prior, learned = k.nngp[4:, 4:], gain @ k.nngp[:4, :4] @ gain.T
    cross = gain @ k.nngp[:4, 4:]
    np.testing.assert_allclose(limit, prior + learned - cross - cross.T, atol=1e-12)
    wrong = (limit - prior, limit - learned, limit + cross, limit + cross.T)
    assert all(distance(other) > 5 * (4 * noise + 16 * size / 128) for other in wrong)
