"""The chapter's own acceptance rows: theory against independent numerics."""

from collections.abc import Callable

import numpy as np

from theorylab.deep_linear.experiments.acceptance import HESSIAN, SOLVER, TIMES, TWO_LAYER
from theorylab.deep_linear.experiments.agreement import DESCENT_DRIFT, ONSETS, RK4_DRIFT
from theorylab.deep_linear.experiments.completion import FAMILY, case
from theorylab.deep_linear.experiments.permanence import STEPS
from theorylab.lab import Measurement, Row
from theorylab.lab.judges import above, below, between, near


def _worst(name: str) -> Callable:
    def measure(onsets) -> Measurement:
        return Measurement(float(np.abs(onsets[name]).max()))

    return measure


def _share_error(onsets, step: float) -> float:
    return float(np.abs(onsets.share - onsets.theory).sel(step=step).max())


def _order(onsets) -> Measurement:
    return Measurement(_share_error(onsets, 0.05) / _share_error(onsets, 0.0125))


def _at_onset_zero(onsets) -> Measurement:
    gap = np.abs(onsets.share - onsets.theory).sel(onset=0.0, step=0.0125)
    return Measurement(float(gap.max()))


def _drift_ratio(drift) -> Measurement:
    balance = drift.balance.sel(depth=[2, 4]).sortby("step")
    ratio = balance.isel(step=1) / balance.isel(step=0)
    return Measurement(float(ratio[int(np.argmax(np.abs(ratio.values - 2)))]))


def _flow_drift(drift) -> Measurement:
    balance = drift.balance.sortby("step").isel(step=0)
    return Measurement(float(balance.max()))


def _riccati(two) -> Measurement:
    gap = two.gap.sortby("lr").values
    return Measurement(float(np.max(np.abs(np.diff(np.log10(gap)) - 1))))


def _riccati_size(two) -> Measurement:
    return Measurement(float(two.gap.sel(lr=1e-4)))


def _edge(steps) -> Measurement:
    deep = steps.sel(depth=[3, 4, 6], factor=1.2)
    return Measurement(float(np.abs(deep.final - deep.edge).max()))


def _stays(steps) -> Measurement:
    return Measurement(float(np.abs(steps.sel(factor=0.95).final - 0.02).max()))


def _two_oscillates(steps) -> Measurement:
    return Measurement(float(steps.sel(depth=2, factor=1.2).error))


def _family_flat(family) -> Measurement:
    error = case(family, 1, 4, 480, 480).test
    return Measurement(float((error.max("pretrain") - error.min("pretrain")).max()))


def _family_rise(family) -> Measurement:
    error = case(family, 2, 4, 480, 480).test.median("seed")
    return Measurement(float(error.sel(pretrain=500) / error.sel(pretrain=0)))


def _family_rank(family) -> Measurement:
    last = {r: case(family, 3, r, 480, 480).test.isel(pretrain=-1) for r in (1, 2, 4, 6)}
    middle = {r: float(error.median("seed")) for r, error in last.items()}
    return Measurement(min(middle[4], middle[6]) / max(middle[1], middle[2]))


def _acceptance(number: str, name: str, claim: str, needs, measure, judge, note: str = "") -> Row:
    return Row(
        id=f"deep_linear/{number.lower()}-{name}",
        paper="theorylab",
        locator=f"acceptance {number}",
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        note=note,
    )


_ONSETS, _FAMILY = {"onsets": ONSETS}, {"family": FAMILY}
_TWO, _STEPS = {"two": TWO_LAYER}, {"steps": STEPS}
ROWS = (
    _acceptance(
        "A1",
        "modes",
        "Gradient descent on matrices is the mode map, to 1e-10 of the target.",
        _ONSETS,
        _worst("map_gap"),
        below(1e-10),
    ),
    _acceptance(
        "A2",
        "settled",
        "Every run of A2 has converged before its share is read.",
        _ONSETS,
        _worst("residual"),
        below(1e-5),
    ),
    _acceptance(
        "A2",
        "share",
        "Final shares, gradient descent against theory, at step size 0.0125: within 0.0025.",
        _ONSETS,
        lambda onsets: Measurement(_share_error(onsets, 0.0125)),
        below(0.0025),
    ),
    _acceptance(
        "A2",
        "coarse",
        "The same at step size 0.05: within 0.01.",
        _ONSETS,
        lambda onsets: Measurement(_share_error(onsets, 0.05)),
        below(0.01),
    ),
    _acceptance(
        "A2",
        "order",
        "That error is of first order: four times the step, 3.5 to 4.5 times the error.",
        _ONSETS,
        _order,
        between(3.5, 4.5),
    ),
    _acceptance(
        "A2",
        "onset-zero",
        "Deficits from the start: within 0.0025 of theory.",
        _ONSETS,
        _at_onset_zero,
        below(0.0025),
    ),
    _acceptance(
        "A3",
        "time",
        "Closed-form time to a strength, depths 1 to 8: within 1e-9 of adaptive integration.",
        {"times": TIMES},
        lambda times: Measurement(float(times.error.max())),
        below(1e-9),
    ),
    _acceptance(
        "A4",
        "final",
        "Fixed-step mode solver, 400 steps a segment: final strengths within 1e-6 of adaptive.",
        {"solver": SOLVER},
        lambda solver: Measurement(float(solver.final.max())),
        below(1e-6),
    ),
    _acceptance(
        "A4",
        "drift",
        "Its drift of the race invariant at 400 steps: at most 1e-4.",
        {"solver": SOLVER},
        lambda solver: Measurement(float(solver.drift.sel(steps=400).max())),
        below(1e-4),
    ),
    _acceptance(
        "A4",
        "order",
        "With ten times the steps that drift falls ten-thousandfold, to 1e-8: fourth order.",
        {"solver": SOLVER},
        lambda solver: Measurement(float(solver.drift.sel(steps=4000).max())),
        below(1e-8),
    ),
    _acceptance(
        "A5",
        "descent",
        "Balancedness drifts in proportion to the learning rate: half the step, half the drift.",
        {"drift": DESCENT_DRIFT},
        _drift_ratio,
        near(2.0, 0.2),
        note="The ratio furthest from 2 of depths 2 and 4",
    ),
    _acceptance(
        "A5",
        "flow",
        "Under the Runge-Kutta flow balancedness stays to 1e-9.",
        {"drift": RK4_DRIFT},
        _flow_drift,
        below(1e-9),
    ),
    _acceptance(
        "A6",
        "order",
        "Unaligned depth 2: gradient descent approaches the exact matrix solution at first order.",
        _TWO,
        _riccati,
        below(0.05),
        note="Largest deviation of the observed order from 1",
    ),
    _acceptance(
        "A6",
        "size",
        "At a learning rate of 1e-4 they differ by at most 3e-4 of the largest entry.",
        _TWO,
        _riccati_size,
        below(3e-4),
    ),
    _acceptance(
        "A7",
        "sharpness",
        "The sharpness formula is the largest Hessian eigenvalue, to 1e-10.",
        {"hessian": HESSIAN},
        lambda hessian: Measurement(float(hessian.error.max())),
        below(1e-10),
    ),
    _acceptance(
        "A7",
        "rebalances",
        "Steps 1.2 times too large for one winner move the share to where they are stable.",
        _STEPS,
        _edge,
        below(0.03),
        note="Largest distance from the share at which sharpness is 2 / (learning rate); depths "
        "3, 4, 6",
    ),
    _acceptance(
        "A7",
        "stays",
        "Steps 0.95 times the limit leave the share where it was.",
        _STEPS,
        _stays,
        below(1e-3),
    ),
    _acceptance(
        "A7",
        "oscillates",
        "At depth 2 too large steps never settle: sharing is no flatter.",
        _STEPS,
        _two_oscillates,
        above(0.05),
        note="Error that remains, relative to the target",
    ),
    _acceptance(
        "A9",
        "flat",
        "Small completion, depth 1: spread of the error at most 0.002, every seed.",
        _FAMILY,
        _family_flat,
        below(0.002),
    ),
    _acceptance(
        "A9",
        "rise",
        "Small completion, depth 2, rank 4 to 2: the median error rises at least fivefold.",
        _FAMILY,
        _family_rise,
        above(5.0),
        note="From no pre-training to time 1000 (5000 official steps); median of 5 seeds",
    ),
    _acceptance(
        "A9",
        "rank",
        "Small completion, depth 3: a first matrix of higher rank hurts more.",
        _FAMILY,
        _family_rank,
        above(5.0),
        note="Smaller median error of ranks 4 and 6 over the larger of 1 and 2, before rank 2",
    ),
)
