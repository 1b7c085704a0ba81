"""Rows on trainability: what the abstract and the repository say, and acceptance of our own."""

from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr

from theorylab.lab import Measurement, Row
from theorylab.lab.judges import between
from theorylab.quadratic.experiments.collapse import FULL, MATCHED, NORMALISED, REMEDIES, SWEEP
from theorylab.quadratic.experiments.conserved import DRIFT
from theorylab.quadratic.experiments.digits import DIGITS
from theorylab.quadratic.experiments.lengths import NAIVE, NEAR
from theorylab.quadratic.experiments.mixtures import MIXTURES
from theorylab.quadratic.experiments.neuron import CURVES, XOR
from theorylab.quadratic.ledger.common import own_row

PAPER = "fan2023expressivity"
SETTING = (
    "Two spirals and networks of width 16 without normalisation; the paper's image data and "
    "residual networks are out of reach here"
)


def rate(data: xr.Dataset, condition: str) -> xr.DataArray:
    """The share of runs that collapsed under a condition, by depth; NaN where data miss."""
    one = data.sel(condition=condition)
    return (one.nonfinite + one.stuck).mean("run", skipna=False)


def _paced(data: xr.Dataset) -> xr.DataArray:
    """Collapse rates of ReLinear, by depth and rising gamma."""
    one = data.isel(condition=data.condition.str.startswith("relinear"))
    return (one.nonfinite + one.stuck).mean("run", skipna=False)


def _stable(table) -> Measurement:
    deep = table.sel(depth=slice(4, None))
    gap = rate(deep, "he_all 1") - rate(deep, "relinear 0.001")
    return Measurement(float(gap.min(skipna=False)))


def _rise_and_fall(table) -> Measurement:
    """At how many depths some gamma beats 0 by two standard errors, and the largest does worse."""
    one = table.isel(condition=table.condition.str.startswith("relinear"))
    if not np.isfinite(one.accuracy.values).all():
        return Measurement(float("nan"))
    right = one.accuracy.where(one.nonfinite + one.stuck == 0, 0.5).transpose(
        "depth", "condition", "run"
    )
    gain = (right - right.isel(condition=0)).values
    mean = gain.mean(axis=-1)
    error = gain.std(axis=-1, ddof=1) / np.sqrt(gain.shape[-1])
    best = mean.argmax(axis=1)
    depths = np.arange(len(best))
    rises = mean[depths, best] > 2 * error[depths, best]
    falls = mean[:, -1] < mean[depths, best] - 2 * error[:, -1]
    return Measurement(float(np.sum(rises & falls)))


def _naive(table) -> Measurement:
    return Measurement(float(rate(table, "he_all 1").sel(depth=slice(4, None)).min(skipna=False)))


def _slow(table) -> Measurement:
    return Measurement(float(_paced(table).isel(condition=slice(0, 2)).max(skipna=False)))


def _equal_pace(table) -> Measurement:
    return Measurement(float(rate(table, "relinear 1").sel(depth=8)))


def _steps_back(dim: str) -> Callable:
    def measure(table) -> Measurement:
        return Measurement(float(-_paced(table).diff(dim).min(skipna=False)))

    return measure


def _two_layers(table) -> Measurement:
    one = table.isel(condition=table.condition.str.startswith("relinear")).sel(depth=2)
    return Measurement(
        float(one.loss.median("run", skipna=False).diff("condition").max(skipna=False))
    )


def _explosion(naive) -> Measurement:
    one = naive.isel(variance_r_variance_q=0, layer=-1)
    seen, theory = one.simulated.mean("seed", skipna=False), one.theory.isel(seed=0)
    return Measurement(float(abs(seen / theory - 1)))


def _extinction(naive) -> Measurement:
    one = naive.isel(variance_r_variance_q=-1, layer=-1)
    return Measurement(float(one.simulated.max(skipna=False)))


def _blow_up(near) -> Measurement:
    """When the median network passes q = 100 in layers, over when the mean field does."""
    one = near.isel(variance_q_gate=-1)
    limit = np.log(100.0)

    def first(logs) -> float:
        # What is not a number is beyond the range of numbers, but only after it was large.
        above = np.flatnonzero(np.nan_to_num(logs, nan=-np.inf) > limit)
        return float(above[0]) if above.size else np.nan

    seen = np.median([first(run) for run in one.simulated.values])
    return Measurement(float(seen / first(one.theory.isel(seed=0).values)))


def _order(drift) -> Measurement:
    """The ratio of drifts at twice the learning rate that is furthest from 2."""
    values = drift.drift.sel(rule="descent").sortby("lr")
    ratio = values.isel(lr=slice(1, None)).values / values.isel(lr=slice(0, -1)).values
    return Measurement(float(ratio.flat[np.argmax(np.abs(ratio - 2))]))


def _adam(drift) -> Measurement:
    values = drift.drift.sel(rule="adam").sortby("lr")
    return Measurement(float((values.isel(lr=0) / values.isel(lr=1)).min(skipna=False)))


def _perfect(condition: str) -> Callable:
    def measure(square) -> Measurement:
        right = square.accuracy.sel(condition=condition)
        return Measurement(
            float((right == 1).where(right.notnull()).mean("seed", skipna=False).min(skipna=False))
        )

    return measure


def _conics(curves) -> Measurement:
    return Measurement(
        float(
            curves.accuracy.sel(condition="relinear 1").mean("seed", skipna=False).min(skipna=False)
        )
    )


def _matched(matched) -> Measurement:
    """The least factor by which the loss is lower at (nearly) as many parameters."""
    loss = matched.loss.median("run", skipna=False)
    return Measurement(float((loss.isel(case=1) / loss.isel(case=2)).min(skipna=False)))


def _behind(name: str, dim: int) -> Callable:
    def measure(mixtures) -> Measurement:
        one = mixtures.accuracy.sel(dim=dim)
        gap = 100 * (one.sel(classifier="Bayes") - one.sel(classifier=name))
        return Measurement(
            float(gap.mean("seed", skipna=False)), float(gap.std("seed", ddof=1) / 2)
        )

    return measure


def _digits_gain(digits) -> Measurement:
    right = digits.accuracy.sel(depth=1).median("run", skipna=False).values
    return Measurement(float(right[3] - right[0]))


def _digits_collapse(digits) -> Measurement:
    return Measurement(float(digits.collapsed.sel(depth=4).mean("run", skipna=False).values[3]))


def _clipped(remedies) -> Measurement:
    return Measurement(float(rate(remedies, "relinear 1 clip 1").sel(depth=4)))


def _batch_finite(normalised) -> Measurement:
    return Measurement(float(normalised.nonfinite.sel(norm="batch").max(skipna=False)))


def _batch_naive(normalised) -> Measurement:
    one = normalised.sel(norm="batch", depth=8)
    return Measurement(float(rate(one, "he_all 1") - rate(one, "relinear 1")))


_own = partial(own_row, "trainability")
_TABLE, _NEURON = {"table": FULL}, {"square": XOR}
ROWS = (
    Row(
        id="quadratic/abstract-relinear",
        paper=PAPER,
        locator="abstract",
        claim="ReLinear makes the training of quadratic networks stable.",
        needs=_TABLE,
        measure=_stable,
        judge=between(0.5, 1.0),
        difference=SETTING,
        note="Collapse rate of He initialisation of all weights less that of ReLinear with gamma "
        "0.001, least over depths 4, 8 and 16. At gamma = 1 the initialisation alone is not enough",
    ),
    Row(
        id="quadratic/readme-curve",
        paper=PAPER,
        locator="figure in the README of the official repository",
        claim="As gamma grows from 0, performance rises above the conventional level, then falls.",
        needs=_TABLE,
        measure=_rise_and_fall,
        judge=between(1, 4),
        note="Number of depths (of 2, 4, 8, 16) at which test accuracy does both, beyond two "
        "standard errors. Two layers only rise up to gamma = 1, deeper networks only fall; "
        "training loss falls at every depth until collapse. " + SETTING,
    ),
    _own(
        "naive-collapses",
        "He initialisation of all weights collapses in at least 0.7 of the runs from depth 4 on.",
        _TABLE,
        _naive,
        between(0.7, 1.0),
    ),
    _own(
        "slow-is-safe",
        "ReLinear with gamma up to 0.001 collapses in at most 0.1 of the runs, up to depth 16.",
        _TABLE,
        _slow,
        between(0.0, 0.1),
    ),
    _own(
        "initialisation-alone",
        "The initialisation alone is not enough: at gamma = 1 and depth 8, at least 0.8 collapse.",
        _TABLE,
        _equal_pace,
        between(0.8, 1.0),
    ),
    _own(
        "rate-in-gamma",
        "The collapse rate does not fall with gamma, up to 0.2, at any depth.",
        _TABLE,
        _steps_back("condition"),
        between(-1.0, 0.2),
        "Largest step down",
    ),
    _own(
        "rate-in-depth",
        "The collapse rate does not fall with depth, up to 0.2, at any gamma.",
        _TABLE,
        _steps_back("depth"),
        between(-1.0, 0.2),
        "Largest step down",
    ),
    _own(
        "small-table",
        "The small table of the book agrees: He on all collapses from depth 4 on.",
        {"table": SWEEP},
        _naive,
        between(0.7, 1.0),
    ),
    _own(
        "two-layers-gain",
        "With two layers the training loss falls with every step of gamma.",
        _TABLE,
        _two_layers,
        between(-1.0, 0.0),
        "Largest change of the median from one gamma to the next",
    ),
    _own(
        "explosion",
        "A closed gate and He's variance: log q after four layers is the theory's, within 5 %.",
        {"naive": NAIVE},
        _explosion,
        between(0.0, 0.05),
        "Mean of 8 networks of width 400",
    ),
    _own(
        "extinction",
        "With the variance 0.2 every network is extinct after four layers: log q below -8.",
        {"naive": NAIVE},
        _extinction,
        between(-1000.0, -8.0),
    ),
    _own(
        "blow-up",
        "Near the reference the median network passes q = 100 where the mean field does, to 30 %.",
        {"near": NEAR},
        _blow_up,
        between(0.7, 1.3),
        "Ratio of the layers, at eps = 0.1 and width 200",
    ),
    _own(
        "conserved",
        "The conserved quantity drifts in proportion to the learning rate of gradient descent.",
        {"drift": DRIFT},
        _order,
        between(1.8, 2.2),
        "The ratio furthest from 2 when the learning rate doubles",
    ),
    _own(
        "adam-breaks-it",
        "Under Adam the drift does not go to zero with the learning rate.",
        {"drift": DRIFT},
        _adam,
        between(0.8, 1.25),
        "Drift at the finest learning rate over that at twice it; proportional would be 0.5. The "
        "coarsest, 0.08, is left out: there Adam is far from its own limit of small steps",
    ),
    _own(
        "xor",
        "One quadratic neuron learns exclusive or from every start, at gamma = 1.",
        _NEURON,
        _perfect("relinear 1"),
        between(1.0, 1.0),
        "Least share of perfect runs of the two codings",
    ),
    _own(
        "xor-linear",
        "One conventional neuron never does.",
        _NEURON,
        _perfect("relinear 0"),
        between(0.0, 0.0),
    ),
    _own(
        "conics",
        "One quadratic neuron separates ring and ellipse: at least 0.99 of the points.",
        {"curves": CURVES},
        _conics,
        between(0.99, 1.0),
    ),
    _own(
        "matched",
        "At as many parameters the quadratic network reaches a lower training loss.",
        {"matched": MATCHED},
        _matched,
        between(1.2, 1e6),
        "Least factor of the medians at one and two layers; two spirals",
    ),
    _own(
        "mixtures-two",
        "In two dimensions quadratic neurons come within half a point of Bayes' rule.",
        {"mixtures": MIXTURES},
        _behind("quadratic neurons", 2),
        between(-0.5, 0.5),
        "Percentage points; mean of 4 mixtures",
    ),
    _own(
        "mixtures-linear",
        "Linear neurons stay at least three points behind it.",
        {"mixtures": MIXTURES},
        _behind("linear neurons", 2),
        between(3.0, 100.0),
        "Percentage points; mean of 4 mixtures",
    ),
    _own(
        "clipping",
        "Clipping gradients at 1 prevents collapse at depth 4 and gamma = 1: at most 0.2.",
        {"remedies": REMEDIES},
        _clipped,
        between(0.0, 0.2),
        "A cheap alternative that a comparison should include",
    ),
    _own(
        "batch-norm-finite",
        "With batch normalisation nothing is ever infinite.",
        {"normalised": NORMALISED},
        _batch_finite,
        between(0.0, 0.0),
    ),
    _own(
        "batch-norm-start",
        "Even so the start matters at depth 8: He on all collapses more often, by at least 0.5.",
        {"normalised": NORMALISED},
        _batch_naive,
        between(0.5, 1.0),
    ),
    _own(
        "digits-no-gain",
        "On the digits a quadratic hidden layer gains at most 0.01 of test accuracy.",
        {"digits": DIGITS},
        _digits_gain,
        between(-0.1, 0.01),
        "Median at equal width; the quadratic layer has three times the parameters",
    ),
    _own(
        "digits-collapse",
        "On the digits too, depth 4 at gamma = 1 collapses: at least 0.8.",
        {"digits": DIGITS},
        _digits_collapse,
        between(0.8, 1.0),
        "Expected from trials; in the five stored runs it is less often. All of them collapse from "
        "He initialisation of all weights, none at gamma = 0.1",
    ),
)
