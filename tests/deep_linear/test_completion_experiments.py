"""Matrix completion and permanence: acceptance A9, slices of stored results, rates of error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear.experiments.completion import (
    OFFICIAL,
    Completion,
    OfficialCompletion,
    TaskSwitch,
    _tasks,
    case,
)
from theorylab.deep_linear.experiments.permanence import (
    LargeSteps,
    WeightDecay,
    relative_sharpness,
    valley_penalty,
)
from theorylab.lab import Plan, run, sweep

SEEDS = 5


def medians(experiment, seeds=SEEDS):
    return sweep(experiment, seeds=seeds).test.median("seed").values


def test_tasks_have_the_ranks_and_the_masks_nest():
    for seed in range(3):
        fewer = Completion(rank1=4, rank2=2, first=200, observed=480)
        new, m2, order = _tasks(jax.random.key(seed), fewer)
        assert np.linalg.matrix_rank(new) == 4
        assert np.linalg.matrix_rank(m2) == 2
        assert np.allclose(np.linalg.norm(new), 40.0)
        assert np.allclose(np.linalg.norm(m2), 40.0)
        mask1, mask2 = np.asarray(order < 200), np.asarray(order < 480)
        assert mask1.sum() == 200 and mask2.sum() == 480
        assert not np.any(mask1 & ~mask2)


def test_ranks_are_paired():
    # The second matrix and the observed entries are the same, whatever the first matrix is.
    _, m2, order = _tasks(jax.random.key(0), Completion(rank1=1))
    _, other, same = _tasks(jax.random.key(0), Completion(rank1=6))
    assert jnp.array_equal(m2, other) and jnp.array_equal(order, same)


def test_no_change_means_the_same_matrix():
    # Trained on the same entries of the same matrix, the length of each phase does not count:
    # only their sum does.
    still = Completion(depth=2, change=0.0, rank1=2, n=20, observed=200, first=200)
    split = run(still.replace(pretrain=(0, 300), steps=100))
    whole = run(still.replace(pretrain=(0,), steps=400))
    assert np.allclose(split.test[1], whole.test[0], rtol=1e-8)


@pytest.mark.parametrize(
    "wrong", [{"first": 500}, {"observed": 1601}, {"rank1": 41}, {"depth": 0}, {"change": 1.5}]
)
def test_bad_parameters_raise(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Completion(**wrong)


def test_one_layer_is_flat():
    curves = sweep(Completion(depth=1, pretrain=(0, 500, 2500)), seeds=SEEDS).test
    assert float((curves.max("pretrain") - curves.min("pretrain")).max()) <= 0.002
    assert float(curves.min()) > 0.5  # entries that are not observed never move


def test_two_layers_are_damaged_at_official_and_large_steps():
    # What counts is lr x step: ten times the step, a tenth of the steps, the same medians.
    official = medians(Completion(depth=2, lr=0.2, pretrain=(0, 5000), steps=10_000))
    assert official[1] >= 5 * official[0]
    large = medians(Completion(depth=2, lr=2.0, pretrain=(0, 500), steps=1000))
    assert np.allclose(large, official, rtol=0.05)


def test_three_layers_are_damaged_by_higher_ranks_only():
    ends = Completion(depth=3, pretrain=(0, 2500))
    last = {rank1: medians(ends.replace(rank1=rank1))[1] for rank1 in (2, 6)}
    assert last[2] <= 0.01
    assert last[6] >= 5 * last[2] and last[6] >= 0.05


def test_arora_velocity_is_first_order_in_the_step():
    # The same times at two step sizes, through the change of matrix.
    def gap(lr):
        fields = {"switch": round(400 / lr), "every": round(20 / lr), "records": 40}
        data = run(TaskSwitch(lr=lr, n=24, observed=200, rank1=3, rank2=1, **fields))
        return float(np.abs(data.measured - data.theory).max())

    assert 1.7 < gap(0.5) / gap(0.25) < 2.3


@pytest.fixture(scope="module")
def stored():
    return OFFICIAL.run()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_official_starts_as_stored(stored, depth):
    again = run(OfficialCompletion(depth=depth, pretrain=(0,), steps=1))
    kept = case(stored, depth, 10, 2000, 2000)
    assert np.allclose(again.early_top, kept.early_top, rtol=1e-3)
    assert np.allclose(again.early_error, kept.early_error, rtol=1e-4)
    assert np.allclose(again.target, kept.target, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("depth", "pretrain"), [(1, (0, 1000)), (2, (0,))])
def test_official_ends_as_stored(stored, depth, pretrain):
    again = run(OfficialCompletion(depth=depth, pretrain=pretrain))
    kept = case(stored, depth, 10, 2000, 2000).sel(pretrain=list(pretrain))
    assert np.allclose(again.test, kept.test, rtol=0.02)
    assert np.allclose(again.effective_rank, kept.effective_rank, rtol=0.02)


def test_unknown_conditions_raise(stored):
    with pytest.raises(KeyError, match="rank1=7"):
        case(stored, 3, 7, 2000, 2000)


def test_decay_follows_the_handicap():
    # The handicap is exact; the line K_A + K_B = S holds to first order in the decay.
    def gap(depth, decay):
        updates = round(200 / decay / 100) * 100 * 2
        data = run(WeightDecay(depth=depth, decay=decay, updates=updates, every=updates // 100))
        return float(np.abs(data.share - data.theory).max())

    for depth in (1, 3, 4):
        assert gap(depth, 0.04) < 0.01
        assert 1.7 < gap(depth, 0.04) / gap(depth, 0.02) < 2.3
    assert gap(2, 0.04) < 1e-12  # the ratio of two pathways of two layers never changes


def test_decay_decides_by_depth():
    last = {depth: float(run(WeightDecay(depth=depth)).share[-1]) for depth in (1, 2, 3, 4)}
    assert last[1] > 0.49
    assert abs(last[2] - 0.2) < 1e-12
    assert last[3] < 1e-4 and last[4] < 1e-4


def test_the_penalty_bends_as_depth_says():
    x = np.linspace(0.05, 0.95, 19)
    bend = {depth: np.diff(valley_penalty(x, depth), 2) for depth in (1, 2, 3, 6)}
    assert np.all(bend[1] > 0) and np.allclose(bend[2], 0, atol=1e-12)
    assert np.all(bend[3] < 0) and np.all(bend[6] < 0)


def test_sharing_is_flatter_by_the_known_ratio():
    for depth in (1, 2, 3, 6):
        assert np.isclose(float(relative_sharpness(0.5, depth)), 2.0 ** -(1 - 2 / depth))


@pytest.mark.parametrize("depth", [3, 4, 6])
def test_large_steps_end_at_the_edge(depth):
    too_large, small = (run(LargeSteps(depth=depth, factor=factor)) for factor in (1.2, 0.95))
    assert float(too_large.error) < 1e-6
    assert 0.98 < float(too_large.sharpness) < 1
    assert abs(float(too_large.final - too_large.edge)) < 0.02
    assert abs(float(small.final) - 0.02) < 1e-4


def test_large_steps_at_depth_two_find_no_rest():
    last = run(LargeSteps(depth=2, factor=1.2))
    assert float(last.error) > 0.05 and np.isnan(float(last.edge))


def test_no_edge_where_even_sharing_is_too_sharp():
    plan = Plan(LargeSteps(depth=3), {"factor": [0.9, 1.25, 1.27]})
    edge = plan.run().edge.values
    assert np.isclose(edge[0], 0.02) and 0.3 < edge[1] < 0.5 and np.isnan(edge[2])
