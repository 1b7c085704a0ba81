"""Rows of Figs. 2, 3, 11 and 12: the hierarchical task, on matrices."""

from collections.abc import Callable

import numpy as np

from theorylab.deep_linear.experiments.paper import LESION, NONLINEAR, TREE, TREE_THEORY
from theorylab.deep_linear.ledger.common import PAPER, SCRIPT, UNSEEN
from theorylab.deep_linear.ledger.measures import EARLY, LATE, MIDDLE, STRONG, WEAK, shares
from theorylab.lab import Measurement, Row
from theorylab.lab.judges import above, below, near


def _tree_share(window: int, mode: int) -> Callable:
    return lambda matrices: Measurement(float(shares(matrices, window)[mode]))


def _late_worst(matrices) -> Measurement:
    return Measurement(float(np.abs(shares(matrices, LATE) - 0.5).max()))


def _map_gap(matrices, modes) -> Measurement:
    final = modes.theory
    gap = np.abs(matrices.k.isel(time=-1) - final) / final.strength
    return Measurement(float(gap.max()))


def _second(pathway: str, lesion: int) -> Callable:
    """Strength of a pathway in the second feature, relative to the target's."""

    def measure(run) -> Measurement:
        k = run.k.isel(time=-1, strength=1).sel(pathway=pathway, lesion=lesion)
        return Measurement(float(k / k.strength))

    return measure


def _moved(run) -> Measurement:
    k = run.k.isel(strength=1).sel(pathway="A", lesion=1)
    return Measurement(float(abs(k.isel(time=-1) - k.isel(time=0))))


def _nonlinear(activation: str, window: int, pick: Callable) -> Callable:
    """Something about the shares of B at the end of a run with a nonlinearity."""

    def measure(run) -> Measurement:
        return Measurement(float(pick(shares(run.sel(activation=activation), window))))

    return measure


ROWS = (
    *(
        Row(
            id=f"deep_linear/fig2-{name}-mode{mode}",
            paper=PAPER,
            locator="Fig. 2",
            claim=f"Depth 4, {name} freeze: final share of B in the feature of strength {root}.",
            needs={"matrices": TREE},
            measure=_tree_share(window, mode),
            judge=near(value, tolerance),
            note=f"{SCRIPT}, {value}. {UNSEEN}",
        )
        for name, window, mode, root, value, tolerance in (
            ("early", EARLY, 0, "√15", 0.003, 0.002),
            ("early", EARLY, 1, "√7", 0.0056, 0.003),
            ("early", EARLY, 2, "√3", 0.017, 0.008),
            ("early", EARLY, 4, "1", 0.065, 0.01),
            ("middle", MIDDLE, 0, "√15", 0.5, 0.01),
            ("middle", MIDDLE, 1, "√7", 0.5, 0.01),
            ("middle", MIDDLE, 2, "√3", 0.5, 0.01),
            ("middle", MIDDLE, 4, "1", 0.21, 0.03),
        )
    ),
    Row(
        id="deep_linear/fig2-late",
        paper=PAPER,
        locator="Fig. 2",
        claim="Depth 4, late freeze: every feature is shared equally.",
        needs={"matrices": TREE},
        measure=_late_worst,
        judge=below(0.01),
        note=f"Largest distance of B's share from one half. {SCRIPT}, at most 0.0001. {UNSEEN}",
    ),
    Row(
        id="deep_linear/fig2-theory",
        paper=PAPER,
        locator="Fig. 2",
        claim="Theory and gradient descent agree on the final strength of every mode.",
        needs={"matrices": TREE, "modes": TREE_THEORY},
        measure=_map_gap,
        judge=below(0.05),
        difference="The paper's theory lines are an Euler map with the learning rate as step, "
        "which gradient descent follows by construction; ours is the exact flow",
        note="Largest difference of final strengths, relative to the feature",
    ),
    Row(
        id="deep_linear/fig3-with-lesion",
        paper=PAPER,
        locator="Fig. 3",
        claim="Depth 3: the feature that A lacks is learnt by B in full, after the same deficit.",
        needs={"run": LESION},
        measure=_second("B", 1),
        judge=near(1.0, 0.01),
        note=f"Strength relative to the target's. {SCRIPT}, 2.646 / 2.646. {UNSEEN}",
    ),
    Row(
        id="deep_linear/fig3-without-lesion",
        paper=PAPER,
        locator="Fig. 3",
        claim="Depth 3: without the lesion A takes that feature, and B never learns it.",
        needs={"run": LESION},
        measure=_second("B", -1),
        judge=below(0.01),
        note=f"Strength of B relative to the target's. {SCRIPT}, 0.010 / 2.646. {UNSEEN}",
    ),
    Row(
        id="deep_linear/fig3-lesioned",
        paper=PAPER,
        locator="Fig. 3",
        claim="A's strength in its lesioned feature stays where it started.",
        needs={"run": LESION},
        measure=_moved,
        judge=below(1e-6),
        note="Largest change of the strength; its target is 2.646",
    ),
    *(
        Row(
            id=f"deep_linear/fig{number}-{name}",
            paper=PAPER,
            locator=f"Fig. {number}",
            claim=claim,
            needs={"run": NONLINEAR},
            measure=_nonlinear(*arguments),
            judge=judge,
            note=f"{measured}. The official script re-implemented: {script}. A nonlinearity makes "
            f"this depend on the random hidden basis and start. {UNSEEN}",
        )
        for number, name, arguments, judge, claim, measured, script in (
            (
                11,
                "tanh-early",
                ("tanh", EARLY, lambda b: b[STRONG].max()),
                below(0.1),
                "Tanh, early freeze: B keeps next to nothing of the strong features.",
                "Largest share of B in features of strength above 1",
                "0.05",
            ),
            (
                11,
                "tanh-middle",
                ("tanh", MIDDLE, lambda b: b[STRONG].min() - b[WEAK].mean()),
                above(0.05),
                "Tanh, middle freeze: only the weakest features (strength 1) are hurt.",
                "Smallest share of B in strong features, less its mean share in weak ones",
                "0.16",
            ),
            (
                12,
                "relu-early",
                ("relu", EARLY, lambda b: b.max()),
                below(0.03),
                "ReLU, early freeze: B learns no feature.",
                "Largest share of B in any feature",
                "0.01",
            ),
            (
                12,
                "relu-middle",
                ("relu", MIDDLE, lambda b: 0.5 - b.max()),
                above(0.01),
                "ReLU, middle freeze: even the strongest feature is hurt.",
                "What the largest share of B lacks to one half",
                "0.06",
            ),
        )
    ),
)
