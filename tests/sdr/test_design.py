"""Designs against brute force over whole numbers, and the published studies of thresholds."""

import itertools
import math

import numpy as np
import pytest

from theorylab.sdr import (
    chernoff_point,
    divergence,
    exact,
    frontier,
    log_false_negative,
    log_false_positive,
    log_union_fp,
    max_threshold,
    min_population,
    min_synapses,
    min_threshold,
    optimal_threshold,
    robustness_capacity_frontier,
    threshold_study,
)

SPARSITIES = np.arange(1, 7) * 0.005
SYNAPSES = np.arange(20, 51, 5)
THRESHOLDS = np.arange(3, 25)


def test_thresholds_by_brute_force():
    cells = [(n, a, s) for n in (1, 4, 9) for a, s in itertools.product(range(n + 1), repeat=2)]
    for eps in (0.4, 0.01):
        expected = [next(t for t in range(12) if exact.fp(n, a, s, t) <= eps) for n, a, s in cells]
        assert min_threshold(*np.array(cells).T, eps).tolist() == expected
        pairs = [(a, s, v) for a in range(8) for s, v in itertools.product(range(a + 1), repeat=2)]
        expected = [
            max(t for t in range(s + 1) if exact.fn(a, s, v, t) <= eps) for a, s, v in pairs
        ]
        assert max_threshold(*np.array(pairs).T, eps).tolist() == expected


def test_threshold_is_the_least_safe_one():
    n, a, s = np.array([2000, 10_000, 190_000]), np.array([60, 50, 5000]), np.array([20, 40, 50])
    for eps in (1e-6, 1e-12):
        theta = min_threshold(n, a, s, eps)
        assert (log_false_positive(n, a, s, theta) <= math.log(eps)).all()
        assert (log_false_positive(n, a, s, theta - 1) > math.log(eps)).all()


@pytest.mark.parametrize(
    ("case", "theta", "cost", "point"),
    [
        ((10_000, 200, 30, 60), 8, 1.0044e-7, 7.49),
        ((10_000, 200, 40, 60), 11, 2.5239e-10, 9.99),
        ((20_000, 600, 50, 180), 14, 1.6488e-10, 13.57),
        ((2000, 40, 20, 20), 5, 2.1081e-4, 3.46),
    ],
)
def test_optimal_threshold(case, theta, cost, point):
    n, a, s, v = case
    best = optimal_threshold(*case)
    assert int(best.theta) == theta
    assert math.exp(best.log_cost) == pytest.approx(cost, rel=3e-5)
    assert s * float(chernoff_point(a / n, v / a)) == pytest.approx(point, abs=6e-3)
    costs = [
        exact.fp(n, a, s, t) + exact.fn(a, s, v, t) for t in range(max(0, theta - 3), theta + 4)
    ]
    assert min(costs) == costs[min(3, theta)]


def test_weights_shift_the_threshold():
    case = (10_000, 200, 30, 60)
    weighted = optimal_threshold(*case, w_fp=np.array([1.0, 1e4, 1e-4]))
    middle, high, low = weighted.theta.tolist()
    assert low < middle < high
    alone = optimal_threshold(*case, w_fp=1e4)
    assert float(alone.log_cost) == float(weighted.log_cost[1])


def test_chernoff_point_balances_the_exponents():
    p, nu = 0.02, 0.4
    x = float(chernoff_point(p, nu))
    assert float(divergence(x, p)) == pytest.approx(float(divergence(x, 1 - nu)), rel=1e-12)


@pytest.mark.parametrize(
    ("a", "published"),
    [
        (50, [(9, 5), (12, 6), (15, 6), (18, 6), (22, 6)]),
        (100, [(10, 6), (14, 7), (18, 7), (24, 8), (29, 8)]),
        (200, [(12, 7), (16, 8), (22, 9), (29, 10), (38, 11)]),
        (300, [(13, 8), (18, 9), (24, 10), (31, 11), (44, 13)]),
        (500, [(16, 10), (21, 11), (29, 13), (40, 15), (55, 17)]),
    ],
)
def test_fewest_synapses(a, published):
    for share, (s, theta) in zip((10, 20, 30, 40, 50), published, strict=True):
        v = a * share // 100
        assert min_synapses(10_000, a, v, 1e-9, 1e-3) == (s, theta, theta)


def test_fewest_synapses_are_fewest():
    n, a, v, eps, delta = 300, 30, 6, 1e-3, 1e-2
    s, low, high = min_synapses(n, a, v, eps, delta)
    for size in range(1, s + 1):
        serve = [
            t
            for t in range(size + 2)
            if exact.fp(n, a, size, t) <= eps and exact.fn(a, size, v, t) <= delta
        ]
        assert serve == (list(range(low, high + 1)) if size == s else [])


def test_smallest_population():
    for a, s, theta, eps in ((128, 24, 12, 1e-12), (20, 10, 1, 1e-3), (40, 20, 10, 1e-20)):
        n = min_population(a, s, theta, eps)
        assert exact.fp(n, a, s, theta) <= eps < exact.fp(n - 1, a, s, theta)
    assert min_population(10, 5, 6, 1e-3) == 10


def test_frontier():
    curve = frontier(10_000, 200, 30, 60)
    assert curve.theta.tolist() == list(range(32))
    assert (np.diff(curve.log_fp[1:31]) < 0).all() and (np.diff(curve.log_fn[5:31]) > 0).all()
    assert float(curve.log_fp[8]) == float(log_false_positive(10_000, 200, 30, 8))
    assert float(curve.log_fn[8]) == float(log_false_negative(200, 30, 60, 8))
    assert (curve.log_fp[0], curve.log_fn[31]) == (0, 0)
    assert (curve.log_fp[31], curve.log_fn[0]) == (-math.inf, -math.inf)


def test_published_study_that_is_plotted():
    """All medians of Fig. 6 to the printed digits."""
    study = threshold_study([1000, 5000, 9000, 13000, 17000], SPARSITIES, SYNAPSES, THRESHOLDS)
    medians = study.fp.median(("n", "sparsity", "s"))
    assert study.fp.isel(theta=0).size == 210
    for theta, printed in {
        3: "0.0173255", 4: "0.00198947", 5: "0.00017097", 6: "1.20092e-05", 7: "6.57245e-07",
        8: "3.3335e-08", 9: "1.35351e-09", 10: "4.79954e-11", 12: "3.40944e-14",
        15: "1.37159e-19", 20: "3.89842e-30", 24: "2.07095e-39",
    }.items():  # fmt: skip
        assert f"{float(medians.sel(theta=theta)):.6g}" == printed


def test_published_study_of_the_caption():
    study = threshold_study(
        np.arange(10_000, 190_001, 20_000), SPARSITIES, SYNAPSES, THRESHOLDS, (1e-6, 1e-9, 1e-12)
    )
    at = study.fp.sel(theta=3).values
    assert at.size == 420
    assert [at.mean(), at.std(), at.min(), at.max(), np.median(at)] == pytest.approx(
        [0.036662656, 0.045076188, 0.000126298, 0.189184284, 0.018156949], rel=3e-6
    )
    medians = [float(study.fp.sel(theta=t).median()) for t in (9, 10, 20)]
    assert medians == pytest.approx([2.04e-9, 7.40e-11, 4.11e-28], rel=2e-3)
    least = study.min_threshold.transpose("eps", ...)
    assert least.median(("n", "sparsity", "s")).values.tolist() == [7.5, 10, 12]
    assert least.min(("n", "sparsity", "s")).values.tolist() == [5, 6, 8]
    assert least.max(("n", "sparsity", "s")).values.tolist() == [11, 14, 16]
    inside = ((least >= 8) & (least <= 20)).mean(("n", "sparsity", "s"))
    assert inside.values.tolist() == pytest.approx([0.5, 0.879, 1.0], abs=5e-4)
    spare = (1 - least / study.s).median(("n", "sparsity", "s"))
    assert spare.values.tolist() == pytest.approx([0.78, 0.71, 0.65], abs=5e-3)


def test_active_cells_are_rounded_half_up():
    study = threshold_study([1000, 100], [0.0125, 0.025], [5], [2])
    assert study.a.values.tolist() == [[13, 25], [1, 3]]
    assert float(study.fp.values[1, 1, 0, 0]) == pytest.approx(float(exact.fp(100, 3, 5, 2)))


@pytest.mark.parametrize("method", ["exact", "plugin"])
def test_robustness_against_capacity(method):
    table = robustness_capacity_frontier(20_000, 200, [15, 25], [1, 7, 40], 1e-9, method)
    assert dict(table.sizes) == {"s": 2, "patterns": 3}
    for (i, s), (j, m) in itertools.product(enumerate([15, 25]), enumerate([1, 7, 40])):
        theta = int(table.theta[i, j])
        if theta <= s:
            fp = log_union_fp(20_000, 200, s, m, np.array([theta - 1, theta]), method)
            assert fp[1] <= math.log(1e-9) < fp[0]
        assert float(table.noise[i, j]) == pytest.approx(max(0.0, 1 - theta / s))
    assert (np.diff(table.noise, axis=1) <= 0).all()
    assert float(table.noise[0, 2]) == 0 and int(table.theta[0, 2]) == 16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: min_threshold(10, 4, 3, 0.0), "eps is 0.0"),
        (lambda: max_threshold(10, 11, 3, 0.1), "s is 11 where a is 10"),
        (lambda: optimal_threshold(10, 4, 3, 1, w_fp=0.0), "w_fp is 0.0"),
        (lambda: optimal_threshold(100, 4, 5, 1), "s is 5 where a is 4"),
        (lambda: min_synapses(100, 10, 9, 1e-9, 1e-3), "no number of synapses up to a = 10"),
        (lambda: min_population(10, 5, 0, 1e-3), "theta is 0"),
        (lambda: chernoff_point(0.6, 0.5), "p [+] nu is"),
        (lambda: threshold_study([100], [1.5], [5], [2]), "sparsities holds"),
        (lambda: frontier(100, 10, 11, 2), "s is 11 where a is 10"),
        (lambda: robustness_capacity_frontier(100, 10, [0], [1], 0.1), "synapses holds"),
    ],
)
def test_arguments_outside_the_model(call, message):
    with pytest.raises(ValueError, match=message):
        call()
