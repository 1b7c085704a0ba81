"""Every row of the ledger can fail: on data that are right it holds, on wrong data it does not.

The data are made up here, at the size of what the experiments give, so that this tests what the
rows measure and how they judge, not the experiments.
"""

import numpy as np
import pytest
import xarray as xr

from tests.ledgers import HOLDS, short, verdict
from theorylab.lab import Measurement, Verdict, evaluate
from theorylab.lab.judges import below, between, near
from theorylab.ntk.experiments.official import OFFICIAL_ACTIVATIONS
from theorylab.ntk.ledger import LEDGER

JUDGED = [row for row in LEDGER if row.measure]
MATCHED = {2: ("sine_2.676", "3d_opt"), 4: ("sine_6.135", "5d_opt"), 8: ("sine_13.83", "9d_opt")}


def taxonomy():
    names = ["h2", "h2+h3", "singular", "chaotic", "relu", "smooth critical"]
    case = "activation_depth_n_tests"
    return xr.Dataset(
        {
            "nngp": (case, np.ones(6)),
            "ntk": (case, [1.0, 1.0, 0.98, 1.0, 1.0, 1.0]),
            "others": (case, np.full(6, 0.9)),
        },
        {"activation": (case, names)},
    )


def moments():
    names = [f"d={d}" for d in (1, 2, 4, 8)]
    return xr.Dataset({"alpha": ("name", [1.0, 2.0, 4.0, 8.0])}, {"name": names})


def risk():
    mean = np.array([[0.04, 0.02, 0.02], [0.04, 0.02, 0.012], [0.05, 0.05, 0.05]])
    noise = 1 + 0.05 * np.array([-1.0, 0.0, 1.0])[:, None, None]
    return xr.Dataset({"hilbert": (("seed", "exponent", "n"), mean * noise)}, {"n": [1, 2, 3]})


def grid():
    accuracy = xr.DataArray(
        np.full((4, 9), 0.8),
        dims=("d", "activation"),
        coords={"d": [1, 2, 4, 8], "activation": list(OFFICIAL_ACTIVATIONS)},
    )
    agree = accuracy.copy() * 0 + 0.9
    for d, names in MATCHED.items():
        for name in names:
            agree.loc[{"d": d, "activation": name}] = 0.997
            accuracy.loc[{"d": d, "activation": name}] = 0.85
    return xr.Dataset({"accuracy": accuracy, "agree_hilbert": agree})


def full():
    names = ["2d_opt", "3d_opt", "5d_opt", "9d_opt"]
    dims = ("d", "activation")
    return xr.Dataset(
        {
            "accuracy": (dims, 0.8 + 0.1 * np.eye(4)),
            "agree_hilbert": (dims, 0.9 + 0.099 * np.eye(4)),
            "nearest": ("d", np.full(4, 0.85)),
        },
        {"d": [1, 2, 4, 8], "activation": names},
    )


def depths():
    dims = ("kernel", "depth")
    return xr.Dataset(
        {
            "error": (dims, [[0.3, 0.999], [0.3, 0.999]]),
            "accuracy": (dims, [[0.93, 0.94], [0.93, 0.94]]),
            "agree_alpha": (dims, [[1.0, 1.0], [0.987, 0.99]]),
            "agree_more": (dims, [[0.98, 0.98], [0.997, 0.99]]),
            "bayes": ((), 0.95),
        },
        {"kernel": ["nngp", "ntk"], "depth": [100, 1000]},
    )


def approach():
    depth, correction = np.array([100, 10_000]), np.array([400.0, 1.2])
    ntk = 1 + correction[None, :] / (depth[:, None] + 1)
    return xr.Dataset(
        {
            "ntk": (("depth", "u"), ntk),
            "nngp": (("depth", "u"), np.full((2, 2), 1 + 1e-13)),
            "correction": ("u", correction),
        },
        {"depth": depth, "u": [0.1, 1.0]},
    )


def local():
    dims = ("depth", "u")
    return xr.Dataset(
        {
            "ntk": (dims, [[4.0, 3.99], [4.0, 2.1]]),
            "nngp": (dims, [[2.0, 2.0], [2.0, 2.0]]),
            "alpha": ((), 2.0),
        },
        {"depth": [100, 10_000], "u": [1e-3, 1e-2]},
    )


def near_zero():
    names = ["optimal 1", "optimal 2", "sine 2", "h1+h31", "p1=0.01"]
    swing = [1.3737e-3, 1.07e-7, 1e-6, 0.061, 0.122]
    return xr.Dataset(
        {"swing": ("activation", swing), "period_error": ("activation", np.full(5, 1e-9))},
        {"activation": names},
    )


def ratio():
    values = np.array([[0.4, 0.2502], [0.2, 0.2502], [0.4, 0.3333]])
    return xr.Dataset(
        {"ratio": (("activation", "record"), values)},
        {"activation": ["relu", "abs", "smooth"]},
    )


def scaling():
    width = np.array([16, 32, 64, 128, 256])
    spread = np.stack([3.0 * width**-0.5, 2.0 * width**-0.5])
    names = {f"{kernel}_spread": (("activation", "width"), spread) for kernel in ("nngp", "ntk")}
    return xr.Dataset(names, {"activation": ["sine", "relu"], "width": width})


def variance():
    last = np.array([[0.01, -0.02, 0.0, 0.0], [9.0, -9.0, 2.0, -3.0], [0.1, -0.2, 0.0, 9.0]])
    values = np.stack([np.zeros((3, 4)), last], axis=-1)
    return xr.Dataset(
        {"variance": (("activation", "sample", "layer"), values)},
        {"activation": ["sine", "hermite", "flipped"]},
    )


def trained():
    width = np.array([128, 256, 512, 1024])
    mean, covariance = np.array([0.1, -0.3]), np.array([[0.02, -0.01], [-0.01, 0.04]])
    away = 1 + 5.0 / width
    return xr.Dataset(
        {
            "mean": (("width", "test"), away[:, None] * mean),
            "mean_error": (("width", "test"), np.full((4, 2), 1e-6)),
            "limit_mean": ("test", mean),
            "covariance": (("width", "test", "other"), away[:, None, None] * covariance),
            "covariance_error": (("width", "test", "other"), np.full((4, 2, 2), 1e-6)),
            "limit_covariance": (("test", "other"), covariance),
        },
        {"width": width},
    )


MADE_UP = {
    "taxonomy": taxonomy,
    "map": moments,
    "risk": risk,
    "grid": grid,
    "full": full,
    "depths": depths,
    "approach": approach,
    "local": local,
    "near_zero": near_zero,
    "ratio": ratio,
    "scaling": scaling,
    "trained": trained,
    "variance": variance,
}


def good(row):
    return {need: MADE_UP[need]() for need in row.needs}


@pytest.mark.parametrize("row", JUDGED, ids=short)
def test_right_data_hold(row):
    assert verdict(row, good(row)) in HOLDS


@pytest.mark.parametrize("row", JUDGED, ids=short)
def test_missing_data_never_hold(row):
    # Errors of a fit on NaN are errors: only a verdict of "holds" would be wrong.
    nothing = {need: data * np.nan for need, data in good(row).items()}
    if "scaling" in row.needs:
        with pytest.raises(ValueError, match="errors holds"):
            verdict(row, nothing)
    else:
        assert verdict(row, nothing) is Verdict.NOT_REPRODUCED


def changed(name, factor=1.0, shift=0.0):
    """Every entry of one variable of the only dataset, scaled and shifted."""

    def change(datasets):
        (data,) = datasets.values()
        data[name] = data[name] * factor + shift

    return change


def turned(name, dim):
    """A variable of the only dataset, read backwards along a dimension."""

    def change(datasets):
        (data,) = datasets.values()
        back = data[name].isel({dim: slice(None, None, -1)})
        data[name] = back.drop_vars(list(back.coords))

    return change


@pytest.mark.parametrize(
    ("identifier", "change"),
    [
        ("nearest-nngp", changed("nngp", 0.99)),
        ("nearest-ntk", changed("ntk", 0.99)),
        ("nearest-mixed-ntk", changed("ntk", 0.99)),
        ("majority-chaotic-ntk", changed("ntk", 0.99)),
        ("majority-chaotic-nngp", changed("nngp", 0.99)),
        ("majority-relu-ntk", changed("ntk", 0.99)),
        ("singular-nngp", changed("nngp", 0.97)),
        ("optimal-exponent", changed("alpha", 1 + 1e-9)),  # d + 1 or d - 1 for d: worse
        ("optimal-exponent", turned("alpha", "name")),
        ("optimal-risk-1", turned("hilbert", "n")),
        ("optimal-risk-2", turned("hilbert", "n")),
        ("optimal-others", changed("agree_hilbert", 0.98)),
        ("optimal-others", turned("agree_hilbert", "activation")),
        ("regression", turned("error", "depth")),
        ("classification", changed("accuracy", 0.94)),
        ("official-nearest", turned("accuracy", "activation")),
        ("official-hilbert", turned("agree_hilbert", "activation")),
        ("official-matched", turned("accuracy", "activation")),
        ("ntk-approach", changed("correction", 1.01)),
        ("nngp-approach", changed("nngp", 1 + 1e-6)),
        ("crossover", changed("ntk", 0.95)),
        ("crossover", turned("ntk", "depth")),
        ("crossover-nngp", changed("nngp", 1.01)),
        ("depth-more", turned("agree_more", "kernel")),
        ("depth-alpha", turned("agree_alpha", "kernel")),
        ("swing-circle", changed("swing", 1.05)),
        ("swing-sphere", changed("swing", 1.2)),
        ("swing-h31", turned("swing", "activation")),
        ("swing-p1", changed("swing", 0.5)),
        ("period", changed("period_error", 1e4)),
        ("critical-relu", changed("ratio", 1.01)),
        ("critical-abs", changed("ratio", 1.01)),
        ("critical-smooth", turned("ratio", "activation")),
        ("width-sine-ntk", lambda data: _steeper(data, "ntk_spread")),
        ("width-relu-nngp", lambda data: _steeper(data, "nngp_spread")),
        ("trained-mean", changed("limit_mean", 1.1)),
        ("trained-covariance", changed("limit_covariance", 1.1)),
        ("variance-sine", changed("variance", 100.0)),
        ("variance-hermite", changed("variance", 0.01)),
        ("variance-flipped", changed("variance", 10.0)),
    ],
)
def test_wrong_data_flip_the_verdict(identifier, change):
    (row,) = (row for row in LEDGER if short(row) == identifier)
    datasets = good(row)
    assert verdict(row, datasets) in HOLDS
    change(datasets)
    assert verdict(row, datasets) is Verdict.NOT_REPRODUCED


def _steeper(datasets, name):
    (data,) = datasets.values()
    data[name] = data[name] * data.width**-0.25


def test_judges_refuse_what_is_just_outside():
    for judge, inside, outside in (
        (near(0.5, 0.01), (0.491, 0.509), (0.489, 0.511)),
        (below(1.0), (0.0, 1.0), (-0.1, 1.1)),
        (between(3.5, 4.5), (3.6, 4.5), (3.4, 4.6)),
    ):
        assert all(judge(Measurement(value)) for value in inside)
        assert not any(judge(Measurement(value)) for value in (*outside, float("nan")))


def test_no_number_of_the_paper_is_invented():
    # Not one number of its figures was visible to us.
    assert all(row.published is None for row in LEDGER)
    assert len({row.id for row in LEDGER}) == len(LEDGER)


def test_what_was_not_visible_is_out_of_reach():
    figures = next(row for row in LEDGER if short(row) == "official-figures")
    assert evaluate(figures).verdict is Verdict.OUT_OF_REACH
