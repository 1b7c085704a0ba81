"""Rows on two-layer linear networks: claims that are checked, and simulations beside them."""

import numpy as np

from theorylab.lab import Measurement, Plan, Row
from theorylab.lab.judges import above, below, near
from theorylab.rich_lazy.experiments.linear import (
    BEYOND,
    EXCEPTION,
    LAMBDAS,
    PATH,
    SILENT,
    THEOREM,
    Balanced,
)
from theorylab.rich_lazy.ledger.common import beyond, least, own_row, paper_row, proved, true

FORM = (
    "In the form proved here: two linear layers that start small, whitened inputs, one output, "
    "gradient flow of both. How the paper words it was not available to us"
)

#: Balanced networks for a longer time than the figure shows.
LONG = Plan(Balanced(horizon=20.0, points=201), over={"lam": list(LAMBDAS)}, chunk=3)


def _in_errors(theorem) -> Measurement:
    """The largest distance in units of the error; what is below 1e-5 is not looked at."""
    gap = np.abs(theorem.alignment - theorem.theory)
    return Measurement(float((gap / np.hypot(theorem.error, 1e-5)).max(skipna=False)))


def _apart(theorem) -> Measurement:
    return Measurement(float(np.abs(theorem.alignment - theorem.theory).max(skipna=False)))


def _one_task(theorem) -> Measurement:
    return Measurement(float(theorem.gap.max(skipna=False)))


def _rise(theorem) -> Measurement:
    """The least gain of the mean over tasks from rank one to full rank."""
    ends = theorem.isel(rank=[0, -1])
    gain = ends.alignment.diff("rank").values.ravel()
    error = np.hypot(*ends.error.transpose("rank", ...).values).ravel()
    return least([Measurement(float(g), float(e)) for g, e in zip(gain, error, strict=True)])


def _every_start(starts) -> Measurement:
    """The step from one rank to the next that is least, and its error."""
    step = starts.alignment.diff("rank")
    if not np.isfinite(step.values).all():
        return Measurement(float("nan"), float("nan"))
    error = np.hypot(starts.error.isel(rank=slice(1, None)), starts.error.shift(rank=1))
    at = step.argmin(...)
    return Measurement(float(step.isel(at)), float(error.sel(rank=step["rank"]).isel(at)))


def _aligned(exception) -> Measurement:
    return Measurement(float(exception.alignment.sel(start="aligned").min(skipna=False)))


def _over_random(exception) -> Measurement:
    start = exception.sel(start=["aligned", "random"])
    gain = (start.alignment.isel(start=0) - start.alignment.isel(start=1)).values
    error = start.error.isel(start=1).values
    return least([Measurement(float(g), float(e)) for g, e in zip(gain, error, strict=True)])


def _partial(exception) -> Measurement:
    one = exception.alignment.sel(start="partial")
    return Measurement(float(one.diff("kappa").min(skipna=False)))


def _exact(balanced) -> Measurement:
    return Measurement(float(balanced.gap.max(skipna=False)))


def _silent(silent) -> Measurement:
    """The least loss, over its start, left when the kernel has turned into its end."""
    small = silent.sel(sigma=1e-3)
    turned = (small.direction >= 0.999).transpose("rank", "t").values
    if not turned.any(axis=1).all():
        return Measurement(float("nan"))
    loss = small.loss.transpose("rank", "t").values
    return Measurement(float(loss[np.arange(len(loss)), turned.argmax(axis=1)].min()))


def _path(path) -> Measurement:
    return Measurement(float(path.kkt.max(skipna=False)))


def _shorter(path) -> Measurement:
    """The l1 norm from the smallest start over that from the largest."""
    ends = path.l1.sortby("alpha")
    return Measurement(float(ends.isel(alpha=0) / ends.isel(alpha=-1)))


def _on_target() -> Measurement:
    from theorylab.symbolic import compiled

    value = compiled("rich_lazy/single-task/expected-target", args=(r"\mathrm{PR}", "d"))
    rises = all(
        np.all(np.diff([float(value(float(pr), d)) for pr in range(1, d + 1)]) > 0)
        for d in (2, 5, 10)
    )
    return Measurement(rises and proved("single-task/expected-target")().value)


def _needs_readout() -> Measurement:
    """Aligned rank one against a flat spectrum, readout ten times shorter, ten inputs."""
    from theorylab.rich_lazy.alignment import expected_alignment, task_alignment

    task = np.eye(10)[0]
    aligned = task_alignment(np.outer(task, task), 0.1, task)
    return Measurement(float(aligned - expected_alignment(np.eye(10) / 10, 0.1)))


ROWS: tuple[Row, ...] = (
    paper_row(
        "average-over-tasks",
        "theorem, by abstract and reviews",
        "Averaged over tasks, the kernel of a two-layer linear network turns the less, the higher "
        "the effective rank of the first layer at a given norm.",
        {},
        proved("alignment/expected", "alignment/increasing", "spectra/at-most-the-rank"),
        true,
        difference=FORM,
        note="Value: whether the claims are proved. The effective rank is the participation ratio",
    ),
    paper_row(
        "aligned-exception",
        "abstract; caption of a figure",
        "Initial weights of low rank can be lazy if they are aligned with the task.",
        {},
        proved("single-task/aligned-equal", "best-start/best-equal"),
        true,
        difference=FORM,
        note="Value: whether the claims are proved. Rank one along the task: alignment exactly one",
    ),
    paper_row(
        "aligned-simulated",
        "abstract; caption of a figure",
        "The same in simulation: aligned starts of rank one are lazier than random ones.",
        {"exception": EXCEPTION},
        _over_random,
        beyond(3),
        difference=FORM,
        note="Least gain in kernel alignment over seven kinds of features",
    ),
    paper_row(
        "initial-alignment",
        "intuition, at second hand",
        "At higher rank the initial kernel is more aligned with the task, on average.",
        {},
        _on_target,
        true,
        difference=FORM,
        note="Value: whether the closed form is proved and rises with the participation ratio",
    ),
    own_row(
        "theorem",
        "weight-change-linear",
        "From a small start the total change of all weights is the same for every rank.",
        {},
        proved("small-start/weights-end"),
        true,
        "So in this limit no theorem can say that high rank changes the weights less",
    ),
    own_row(
        "theorem",
        "flatter",
        "Every step that makes the spectrum flatter raises the participation ratio.",
        {},
        proved("spectra/flatter", "spectra/at-least-one"),
        true,
    ),
    own_row(
        "theorem",
        "closed-system",
        "Function and kernel obey a system of their own, with two invariants.",
        {},
        proved(
            "kernel-flow/function-flow",
            "kernel-flow/kernel-flow",
            "kernel-flow/first-invariant",
            "kernel-flow/second-invariant",
            "kernel-flow/final-norm",
        ),
        true,
    ),
    own_row(
        "theorem, simulated",
        "within-errors",
        "Gradient flow from sigma = 0.001 is within three standard errors of the theorem.",
        {"theorem": THEOREM},
        _in_errors,
        below(3.0),
        "Largest distance in standard errors, over 18 starts and 64 tasks. Distances below 1e-5 do "
        "not count: from a flat spectrum all tasks turn alike, and the error is zero",
    ),
    own_row(
        "theorem, simulated",
        "within-hundredth",
        "And within 0.01.",
        {"theorem": THEOREM},
        _apart,
        below(0.01),
    ),
    own_row(
        "theorem, simulated",
        "one-task",
        "For each single task it is within 1e-5 of the closed form.",
        {"theorem": THEOREM},
        _one_task,
        below(1e-5),
    ),
    own_row(
        "theorem, simulated",
        "full-rank-lazier",
        "Full rank is lazier than rank one at each ratio of the norms.",
        {"theorem": THEOREM},
        _rise,
        beyond(3),
        "The gain that is least in standard errors",
    ),
    own_row(
        "beyond the limit",
        "every-start",
        "The average alignment rises with rank from starts of every size.",
        {"starts": BEYOND},
        _every_start,
        beyond(-2),
        "Largest fall from one rank to the next, over starts with sigma up to 3. The theorem needs "
        "a small start: with large first layers and a short readout the order of ranks breaks",
    ),
    own_row(
        "exception",
        "aligned-exact",
        "An aligned start of rank one keeps the direction of its kernel to 1e-6.",
        {"exception": EXCEPTION},
        _aligned,
        near(1.0, 1e-6),
    ),
    own_row(
        "exception",
        "partly-aligned",
        "Starts along the strong features alone are the lazier, the stronger these are.",
        {"exception": EXCEPTION},
        _partial,
        above(0.0),
        "Least rise from one strength to the next",
    ),
    own_row(
        "exception",
        "aligned-short-readout",
        "An aligned start of rank one is as lazy as a flat one, whatever the readout.",
        {},
        _needs_readout,
        above(0.0),
        "Kernel alignment less that of the flat start, with the readout ten times shorter than the "
        "first layer. The exception needs a readout as long as the first layer",
    ),
    own_row(
        "exact dynamics",
        "balanced",
        "The exact solution of balanced networks agrees with integrated weights up to t = 20.",
        {"balanced": LONG},
        _exact,
        below(1e-8),
        "Largest difference of the function, for three balances",
    ),
    own_row(
        "exact dynamics",
        "balanced-proved",
        "It solves the Riccati equation, which holds for balanced weights.",
        {},
        proved("balanced-flow/riccati", "balanced-flow/solution"),
        true,
    ),
    own_row(
        "background",
        "silent",
        "From a small start the kernel has turned before half of the loss is gone.",
        {"silent": SILENT},
        _silent,
        above(0.5),
        "Loss over its start when the kernel's alignment with its end reaches 0.999",
    ),
    own_row(
        "background",
        "diagonal-limit",
        "The limit of a diagonal network minimises the penalty of its start, to 1e-8.",
        {"path": PATH},
        _path,
        below(1e-8),
        "Distance of the penalty's slope from the row space of the data",
    ),
    own_row(
        "background",
        "diagonal-sparse",
        "Small starts lead to a smaller l1 norm than large ones.",
        {"path": PATH},
        _shorter,
        below(0.9),
        "Ratio of the norms from the smallest and the largest start",
    ),
)
