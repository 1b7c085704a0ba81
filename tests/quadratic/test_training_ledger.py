"""Every row on trainability can fail: right data hold, wrong data do not."""

import numpy as np
import pytest
import xarray as xr

from tests.ledgers import HOLDS, short, verdict
from theorylab.lab import Measurement, Verdict
from theorylab.lab.judges import between
from theorylab.quadratic.ledger import LEDGER
from theorylab.quadratic.ledger.training import ROWS

RUNS = 10
GAMMAS = ("0", "0.001", "0.01", "0.1", "1")
PACED = [f"relinear {gamma}" for gamma in GAMMAS]


def runs(rates, depths, conditions, loss=0.1, accuracy=0.9):
    """Runs of which the given share collapsed, depth by condition."""
    rates = np.asarray(rates, float)
    nonfinite = (np.arange(RUNS) < RUNS * rates[..., None] - 0.5).astype(float)
    dims = ("depth", "condition", "run")
    fill = np.zeros_like(nonfinite)
    wobble = 1e-3 * np.sin(np.arange(RUNS))
    values = {
        "nonfinite": nonfinite,
        "stuck": fill,
        "loss": fill + np.asarray(loss)[..., None],
        "accuracy": fill + np.asarray(accuracy)[..., None] + wobble,
    }
    return xr.Dataset(
        {name: (dims, value) for name, value in values.items()},
        {"depth": depths, "condition": conditions},
    )


def table():
    rates = [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0.7, 1], [0, 0, 0, 0.7, 1, 1], [0, 0, 0.3, 1, 1, 1]]
    loss = np.tile([0.3, 0.28, 0.26, 0.17, 0.02, 0.1], (4, 1))
    accuracy = np.tile([0.90, 0.91, 0.93, 0.95, 0.96, 0.9], (4, 1))
    return runs(rates, [2, 4, 8, 16], [*PACED, "he_all 1"], loss, accuracy)


def naive():
    theory = np.array([[0.0, 28.5], [0.0, -12.4]])[:, None] * np.ones((1, 8, 1))
    dims = ("variance_r_variance_q", "seed", "layer")
    return xr.Dataset({"theory": (dims, theory), "simulated": (dims, 0.99 * theory)})


def near():
    theory = (np.array([[1.0], [2.0]])[:, None] * np.ones((1, 8, 1))) * np.arange(10.0)
    dims = ("variance_q_gate", "seed", "layer")
    return xr.Dataset({"theory": (dims, theory), "simulated": (dims, 1.05 * theory)})


def drift():
    lr = np.array([0.08, 0.04, 0.02, 0.01])
    values = np.stack([np.stack([lr, 0.1 * lr]), np.full((2, 4), 2.0)])
    return xr.Dataset(
        {"drift": (("rule", "gamma", "lr"), values)},
        {"rule": ["descent", "adam"], "gamma": [1.0, 0.1], "lr": lr},
    )


def neurons(tasks):
    values = np.ones((len(tasks), 6, 2)) * np.array([0.55, 1.0])
    return xr.Dataset(
        {"accuracy": (("task", "seed", "condition"), values)},
        {"task": tasks, "condition": ["relinear 0", "relinear 1"]},
    )


def mixtures():
    values = np.array([0.758, 0.757, 0.756, 0.68, 0.67]) + 0.01 * np.arange(4)[:, None]
    names = ["Bayes", "QDA", "quadratic neurons", "linear neurons", "LDA"]
    return xr.Dataset(
        {"accuracy": (("dim", "seed", "classifier"), values[None])},
        {"dim": [2], "classifier": names},
    )


def matched():
    values = np.array([0.2, 0.18, 0.08])[:, None] * np.ones((2, 1, 5))
    return xr.Dataset({"loss": (("depth_cases", "case", "run"), values)})


def digits():
    right = np.array([0.978, 0.978, 0.975, 0.974, 0.9, 0.9])[:, None] * np.ones((3, 1, 5))
    gone = np.zeros((3, 6, 5))
    gone[2, 3:] = 1
    dims = ("depth", "case", "run")
    return xr.Dataset({"accuracy": (dims, right), "collapsed": (dims, gone)}, {"depth": [1, 2, 4]})


def normalised():
    one = runs([[0, 0.0], [0, 0.0]], [4, 8], ["relinear 1", "he_all 1"])
    one.stuck.loc[{"condition": "he_all 1"}] = 1.0
    return one.expand_dims(norm=["batch", "layer"]).copy(deep=True)


MADE_UP = {
    "table": table,
    "small": table,
    "naive": naive,
    "near": near,
    "drift": drift,
    "square": lambda: neurons(["xor01", "xor11"]),
    "curves": lambda: neurons(["ring", "ellipse"]),
    "matched": matched,
    "mixtures": mixtures,
    "remedies": lambda: runs([[0.0], [0.1]], [4, 8], ["relinear 1 clip 1"]),
    "normalised": normalised,
    "digits": digits,
}


def good(row):
    return {need: MADE_UP[need]() for need in row.needs}


@pytest.mark.parametrize("row", ROWS, ids=short)
def test_right_data_hold(row):
    assert verdict(row, good(row)) in HOLDS


@pytest.mark.parametrize("row", ROWS, ids=short)
def test_missing_data_never_hold(row):
    nothing = {need: data * np.nan for need, data in good(row).items()}
    assert verdict(row, nothing) is Verdict.NOT_REPRODUCED


def scaled(name, factor, **where):
    """Multiply some entries of a variable of the only dataset."""

    def change(datasets):
        (data,) = datasets.values()
        values = data[name].copy(deep=True)
        values.loc[where] = values.loc[where] * factor
        data[name] = values

    return change


def put(name, value, **where):
    """Set some entries of a variable of the only dataset."""

    def change(datasets):
        (data,) = datasets.values()
        values = data[name].copy(deep=True)
        values.loc[where] = value
        data[name] = values

    return change


@pytest.mark.parametrize(
    ("identifier", "change"),
    [
        ("abstract-relinear", put("nonfinite", 1.0, condition="relinear 0.001", depth=16)),
        ("readme-curve", put("accuracy", 0.8, condition=PACED[1:])),  # never above the start
        ("readme-curve", put("nonfinite", 0.0)),  # never falls
        ("naive-collapses", put("nonfinite", 0.0, condition="he_all 1", depth=4)),
        ("slow-is-safe", put("nonfinite", 1.0, condition="relinear 0.001", depth=16)),
        ("initialisation-alone", put("nonfinite", 0.0, condition="relinear 1", depth=8)),
        ("rate-in-gamma", put("nonfinite", 1.0, condition="relinear 0.001", depth=8)),
        ("rate-in-depth", put("nonfinite", 1.0, condition="relinear 0.1", depth=4)),
        ("small-table", put("nonfinite", 0.0, condition="he_all 1", depth=8)),
        ("two-layers-gain", put("loss", 1.0, condition="relinear 0.1", depth=2)),
        ("explosion", scaled("simulated", 1.1)),
        ("extinction", scaled("simulated", -1.0)),
        ("blow-up", scaled("simulated", 0.5)),
        ("conserved", scaled("drift", 3.0, rule="descent", lr=0.08)),
        ("adam-breaks-it", scaled("drift", 0.1, rule="adam", lr=0.01)),
        ("xor", put("accuracy", 0.75, condition="relinear 1", task="xor01")),
        ("xor-linear", put("accuracy", 1.0, condition="relinear 0")),
        ("conics", put("accuracy", 0.95, condition="relinear 1", task="ring")),
        ("matched", None),
        ("mixtures-two", put("accuracy", 0.70, classifier="quadratic neurons")),
        ("mixtures-linear", put("accuracy", 0.76, classifier="linear neurons")),
        ("clipping", put("nonfinite", 1.0, depth=4)),
        ("batch-norm-finite", put("nonfinite", 1.0, norm="batch", depth=4)),
        ("batch-norm-start", put("stuck", 0.0, condition="he_all 1")),
        ("digits-no-gain", None),
        ("digits-collapse", put("collapsed", 0.0, depth=4)),
    ],
)
def test_wrong_data_flip_the_verdict(identifier, change):
    (row,) = (row for row in ROWS if short(row) == identifier)
    datasets = good(row)
    if identifier == "matched":  # a factor for the quadratic network alone
        datasets["matched"].loss[:, 2] *= 3
    elif identifier == "digits-no-gain":
        datasets["digits"].accuracy[:, 3] *= 1.1
    else:
        change(datasets)
    assert verdict(row, datasets) is Verdict.NOT_REPRODUCED


def test_every_row_is_tried():
    assert {short(row) for row in ROWS} <= {short(row) for row in LEDGER}
    assert len({row.id for row in LEDGER}) == len(LEDGER)


def test_the_judge_refuses_what_is_just_outside():
    judge = between(0.5, 1.0)
    assert judge(Measurement(0.5)) and judge(Measurement(1.0))
    assert not any(judge(Measurement(value)) for value in (0.49, 1.01, float("nan")))


def test_no_number_of_the_paper_is_invented():
    assert all(row.published is None for row in ROWS)
