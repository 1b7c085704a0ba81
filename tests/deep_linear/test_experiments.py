"""The numbers that the experiments give, against published settings and acceptance bounds."""

import numpy as np
import pytest

from theorylab.deep_linear.experiments import agreement, critical, paper, race
from theorylab.lab import Plan, Store


@pytest.fixture
def run(figure_store):
    return lambda plan: plan.run(figure_store)


def test_a_start_beyond_the_half_of_the_target_is_refused(tmp_path):
    """Also where the two are swept, each allowed by itself."""
    with pytest.raises(ValueError, match=r"initial is 5\.0; allowed: below strength / 4 = 0\.75"):
        critical.CriticalWindow(initial=5.0)
    over = {"strength": (3.0, 1.0), "initial": (0.01, 0.5)}
    for experiment in (critical.CriticalWindow(), critical.Sensitivity()):
        with pytest.raises(ValueError, match=r"initial is 0\.5; allowed: below .* = 0\.25"):
            Plan(experiment, over).run(Store(tmp_path))


def test_fig1_mean_shares_of_a_hundred_starts(run):
    """A8 and the caption of Fig. 1: early deficits cost more with depth, late ones little."""
    data = run(paper.LARGE_INIT)
    early, late = data.share.mean("run").values.T
    np.testing.assert_allclose(early, [0.431, 0.177, 0.090, 0.044], atol=0.02)
    np.testing.assert_allclose(late, [0.447, 0.497, 0.492, 0.505], atol=0.03)
    assert np.all(np.diff(early) < -0.03)
    np.testing.assert_allclose(data.share.std("run")[:, 1], [0.006, 0.046, 0.092, 0.137], rtol=0.25)


def test_fig1_invariant_predicts_every_run(run):
    data = run(paper.LARGE_INIT)
    gap = np.abs(data.share - data.theory).mean("run", skipna=False)
    assert float(gap.max()) < 0.012
    assert float(np.abs(data.share - 0.5).max()) > 0.2  # there is something to predict


def test_fig7_official_window_acts_on_four_updates(run):
    data = run(paper.SMALL_INIT)
    expected = [[6.819, 3.181], [8.375, 1.625], [9.024, 0.976]]
    np.testing.assert_allclose(data.final[:, 0], expected, atol=2e-3)
    nominal = [[7.217, 2.783], [8.773, 1.227], [9.289, 0.711]]
    np.testing.assert_allclose(data.final[:, 1], nominal, atol=2e-3)
    np.testing.assert_allclose(data.final[:, 2], 5.0, atol=1e-9)


def test_fig7_flow_and_half_learning(run):
    data = run(paper.SMALL_INIT)
    flow = [[7.311, 2.689], [8.943, 1.057], [9.431, 0.569]]
    np.testing.assert_allclose(data.theory[:, 1], flow, atol=2e-3)
    assert data.half_step[:, 0].values.tolist() == [66, 2002, 200008]


def test_fig2_each_feature_has_its_own_period(run):
    share = run(paper.TREE).k[:, -1, 1] / run(paper.TREE).strength
    early, middle, late = share.values
    np.testing.assert_allclose(early[[0, 1, 2, 4]], [0.003, 0.0056, 0.017, 0.065], atol=0.01)
    np.testing.assert_allclose(middle[:4], 0.5, atol=0.001)
    assert np.all((middle[4:] > 0.18) & (middle[4:] < 0.25))
    np.testing.assert_allclose(late, 0.5, atol=2e-4)


def test_fig2_matrices_map_and_flow(run):
    """The official Euler map is shifted by one update: equal only where no deficit has begun."""
    k, theory = run(paper.TREE).k, run(paper.TREE_THEORY)
    late = {"start_stop": 2, "time": slice(0, 80)}
    assert float(np.abs(k - theory.euler).isel(late).max()) < 1e-10
    assert 1e-4 < float(np.abs(k - theory.euler).isel(start_stop=0, time=-1).max()) < 0.01
    assert float(np.abs(k - theory.flow).isel(time=-1).max()) < 0.02
    assert 0.05 < float(np.abs(k - theory.flow).max()) < 0.8  # the steep rise is shifted in time
    np.testing.assert_allclose(theory.flow.isel(time=-1, start_stop=0), theory.theory[0], atol=2e-3)


def test_fig3_a_lesion_of_the_competitor_ends_the_critical_period(run):
    last = run(paper.LESION).k.isel(time=-1)
    s = np.sqrt([15, 7, 3, 3, 1, 1, 1, 1])
    without, with_lesion = (last / s).values
    assert without[1, 1] < 0.01
    assert with_lesion[1, 1] > 0.9999
    np.testing.assert_allclose(with_lesion[:, [0, 2, 4]], without[:, [0, 2, 4]], atol=1e-6)
    exact = run(paper.LESION_THEORY).theory / s
    np.testing.assert_allclose(exact[1, 1], with_lesion[1], atol=2e-3)


def test_fig11_and_12_nonlinear_pathways(run):
    data = run(paper.NONLINEAR)
    error = data.error.sel(pathway="B")
    np.testing.assert_allclose(error[:, 0], [0.974, 0.912, 0.991], atol=0.02)
    np.testing.assert_allclose(error[:, 2], 0.25, atol=0.01)
    share = (data.k.isel(time=-1) / data.strength).sel(pathway="B").isel(start_stop=1)
    strong, weak = share[:, 0].values, share[:, 4:].mean("strength").values
    np.testing.assert_allclose(strong[:2], 0.5, atol=0.002)  # linear, tanh: only the weak ones
    assert strong[2] < 0.49  # ReLU: all
    assert np.all(weak < 0.45)


def test_agreement_is_first_order(run):
    """A2: the error of the final share, and its factor of four for a step a quarter as long."""
    data = run(agreement.ONSETS)
    error = np.abs(data.share - data.theory).isel(mode=0)
    worst = error.max("onset")
    assert float(worst.sel(step=0.05).max()) < 0.01
    assert float(worst.sel(step=0.0125).max()) < 0.0025
    ratio = worst.sel(step=0.05) / worst.sel(step=0.0125)
    assert np.all((ratio > 3.5) & (ratio < 4.5))
    assert float(error.sel(step=0.05, onset=0.0).max()) < 0.0025
    assert float(data.residual.isel(mode=0).max()) < 1e-6


def test_matrices_follow_the_mode_map_to_rounding(run):
    """A1: and not the closed form, which they follow to first order only."""
    data = run(agreement.ONSETS)
    assert float(data.map_gap.max()) < 1e-10
    assert float(np.abs(data.share - data.theory).max()) > 1e-3


def test_shares_of_the_table(run):
    """Final shares at eta = 0.05 for onsets 0, 0.8 and 1.2 half-times."""
    share = run(agreement.ONSETS).share.sel(step=0.05).isel(mode=0)
    expected = [
        [0.321, 0.358, 0.472],
        [0.076, 0.083, 0.499],
        [0.024, 0.025, 0.500],
        [0.014, 0.014, 0.500],
        [0.010, 0.010, 0.500],
    ]
    np.testing.assert_allclose(share.sel(onset=[0.0, 0.8, 1.2]), expected, atol=0.003)


def test_learning_curves_follow_the_closed_form(run):
    data = run(agreement.CURVES)
    for depth in data.depth.values:
        one = data.sel(depth=depth)
        at = np.interp(one.time / one.half_time, one.moment, one.theory / 3)
        assert float(np.abs(one.k / 3 - at).max()) < (0.02 if depth == 1 else 0.06)
        assert float(np.abs(one.k / 3 - at)[[20, -1]].max()) < 0.006
    assert np.all(np.diff(data.half_time) > 0.6)


def test_drift_has_the_order_of_the_method(run):
    """A4, A5: first and fourth order; none at all at depths 1 and 2."""
    descent, flow = run(agreement.DESCENT_DRIFT), run(agreement.RK4_DRIFT)
    for drift, factor in ((descent, 2), (flow, 16)):
        for name, depth in (("balance", 2), ("balance", 4), ("race", 4)):
            one = drift[name].sel(depth=depth).values
            ratio = one[1:4] / one[2:5] if factor == 2 else one[1:3] / one[2:4]
            assert np.all(np.abs(np.log2(ratio) / np.log2(factor) - 1) < 0.15), (name, depth, ratio)
    assert float(descent.race.sel(depth=[1, 2]).max()) < 1e-12
    assert float(flow.race.sel(depth=2).max()) < 1e-12
    assert float(descent.race.sel(depth=4).max()) > 1e-3


def test_one_dose_one_share(run):
    data, law = run(critical.DOSES), run(critical.DOSE_LAW)
    assert float(data.residual.max()) < 1e-6
    smaller = data.isel(strength_initial=data.initial < 5e-4)
    spread = smaller.share.max("strength_initial") / smaller.share.min("strength_initial")
    assert float(spread.max()) < 1.01
    expected = law.share.interp(dose=data.dose)
    np.testing.assert_allclose(
        smaller.share.transpose("strength_initial", ...),
        np.broadcast_to(expected, (3, *expected.shape)),
        rtol=0.01,
    )
    assert float(law.share.sel(dose=1.0, method="nearest").std("depth")) > 0.005


def test_plateau_shares_in_relative_time(run):
    """A tenth of the half-time is ever more, the deeper the pathways."""
    share = run(critical.WINDOWS).share.sel(duration=0.1, onset=0.0)
    np.testing.assert_allclose(share, [0.325, 0.076, 0.024, 0.014, 0.0098], atol=1e-3)


def test_brief_deficits_follow_the_kernel(run):
    windows, linear = run(critical.WINDOWS), run(critical.SENSITIVITY)
    share = windows.share.sel(duration=critical.BRIEF)
    loss = (0.5 - share) * 3.0 / (critical.BRIEF * linear.half_time)
    kernel = linear.kernel.transpose("depth", "moment").values
    early = windows.onset.values < 0.8
    ratio = loss.transpose("depth", "onset").values[:, early] / kernel[:, early]
    expected = np.array([1.0, 0.9999, 0.9991, 0.9969, 0.9929])
    np.testing.assert_allclose(ratio[:, 0], expected, atol=2e-4)
    np.testing.assert_allclose(linear.susceptibility, [1.5, 2.576, 3.674, 4.783, 5.897], atol=1e-3)


def test_the_window_closes_faster_with_depth(run):
    closing = run(critical.SENSITIVITY).closing
    width = (closing.sel(level=0.1) - closing.sel(level=0.9)).values
    np.testing.assert_allclose(width, [0.60, 0.19, 0.09, 0.06, 0.04], atol=0.006)
    np.testing.assert_allclose(closing.sel(level=0.5), 1.0, atol=2e-3)


def test_kinds_agree_early_and_part_late(run):
    data = run(critical.KINDS_COMPARED)
    assert float(np.abs(data.flow - data.descent).max()) < 0.01
    assert float(data.residual.max()) < 1e-6
    complete = data.flow.isel(amounts=[0, 1, 3, 4])
    onset, duration = data.onset.values, data.duration.values
    spread = (complete.max("amounts") / complete.min("amounts")).values
    assert np.max(spread[:, onset == 0.0]) < 1.05
    late = data.flow.sel(depth=4).isel(onset_duration=int(np.argmax(onset)))
    freeze, silence, _, noise, lesion = late.values
    assert freeze > 0.49 and silence < 0.40 and noise < 0.2
    assert silence == pytest.approx(lesion, abs=1e-9)
    assert np.all(duration[onset > 0] == 0.3)


@pytest.mark.parametrize("plan", [race.PLANE, race.BALANCED_PLANE])
def test_undisturbed_runs_end_where_their_contour_does(run, plan):
    data = run(plan)
    last = data.k.isel(sample=-1)
    share = (last.sel(pathway="B") / last.sum("pathway")).values
    np.testing.assert_allclose(share, np.broadcast_to(data.orbit, share.shape), atol=1e-6)
    moved = np.abs(data.k.isel(sample=0) - last).sum("pathway")
    assert float(moved.min()) > 1.0


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="depth"):
        paper.LargeInit(depth=0)
    with pytest.raises(ValueError, match="lesion"):
        paper.TreeNonlinear(lesion=2)
    with pytest.raises(ValueError, match="activation"):
        Plan(paper.TreeNonlinear(), {"activation": ("sigmoid",)})
