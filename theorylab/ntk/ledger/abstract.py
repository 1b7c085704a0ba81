"""Rows of the abstract's claims: three classifiers, explicit optimal ones, depth."""

from collections.abc import Callable

import numpy as np

from theorylab.lab import Measurement, Row
from theorylab.lab.judges import below, between
from theorylab.ntk.experiments.agreement import TAXONOMY
from theorylab.ntk.experiments.official import DEPTHS, GRID, RISK_CIRCLE, RISK_SPHERE
from theorylab.ntk.experiments.taxonomy import MAP
from theorylab.ntk.ledger.common import PAPER


def _agreement(name: str, kernel: str) -> Callable:
    def measure(taxonomy) -> Measurement:
        found = taxonomy[kernel].values[list(taxonomy.activation.values).index(name)]
        return Measurement(float(found))

    return measure


def _exponents(map) -> Measurement:
    gaps = [abs(float(map.alpha.sel(name=f"d={d}")) - d) for d in (1, 2, 4, 8)]
    return Measurement(max(gaps))


def _fall(risk, index: int) -> Measurement:
    one = risk.hilbert.isel(exponent=index)
    first, last = one.isel(n=0), one.isel(n=-1)
    ratio = float(last.mean() / first.mean())
    parts = [float(x.std(ddof=1) / x.mean()) / np.sqrt(x.size) for x in (first, last)]
    return Measurement(ratio, ratio * float(np.hypot(*parts)))


def _same_class(grid) -> Measurement:
    pairs = ((2, "sine_2.676", "3d_opt"), (4, "sine_6.135", "5d_opt"), (8, "sine_13.83", "9d_opt"))
    shares = [
        float(grid.agree_hilbert.sel(d=d, activation=name)) for d, *names in pairs for name in names
    ]
    return Measurement(min(shares))


def _deepest(depths, name: str) -> float:
    one = depths.sel(kernel="nngp").isel(depth=-1)
    return float(one[name])


def _regression(depths) -> Measurement:
    return Measurement(_deepest(depths, "error"))


def _classification(depths) -> Measurement:
    bayes = float(depths.bayes)
    return Measurement(bayes - _deepest(depths, "accuracy"))


def _row(name: str, claim: str, needs, measure, judge, **rest) -> Row:
    return Row(
        id=f"ntk/{name}",
        paper=PAPER,
        locator="abstract",
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        **rest,
    )


_TAXONOMY = {"taxonomy": TAXONOMY}
_OURS = "Distributions of the official code; sizes and samples are ours"
ROWS = (
    *(
        _row(
            f"{slug}-{kernel}",
            claim,
            _TAXONOMY,
            _agreement(name, kernel),
            between(least, 1.0),
            difference=difference,
            note=f"Share of labels that are the limit's; {kernel.upper()} {how}. {_OURS}",
        )
        for slug, name, kernel, least, how, difference, claim in (
            (
                "nearest",
                "h2",
                "nngp",
                1.0,
                "of 25 layers",
                "",
                "With A = A' = 0 the network is 1-NN.",
            ),
            (
                "nearest",
                "h2",
                "ntk",
                1.0,
                "of 25 layers",
                "",
                "With A = A' = 0 the network is 1-NN.",
            ),
            (
                "nearest-mixed",
                "h2+h3",
                "ntk",
                1.0,
                "of 40 layers",
                "",
                "The same for an activation that is neither even nor odd.",
            ),
            (
                "majority-chaotic",
                "chaotic",
                "nngp",
                1.0,
                "of 100 layers",
                "",
                "With A not 0 and B' > 1 the network takes a majority vote.",
            ),
            (
                "majority-chaotic",
                "chaotic",
                "ntk",
                1.0,
                "of 100 layers",
                "",
                "With A not 0 and B' > 1 the network takes a majority vote.",
            ),
            (
                "majority-relu",
                "relu",
                "ntk",
                1.0,
                "of 3000 layers",
                "15 training points (d = 8) and 3000 layers instead of 100 and 50,000",
                "A deep ReLU network takes a majority vote.",
            ),
            (
                "singular",
                "singular",
                "nngp",
                0.98,
                "of 30 layers",
                "",
                "With A = 0 and A' not 0 the network is a singular kernel classifier.",
            ),
        )
    ),
    _row(
        "optimal-exponent",
        "Explicit activations give the singular kernel whose exponent is the dimension.",
        {"map": MAP},
        _exponents,
        below(1e-12),
        note="Largest distance of the exponent from d = 1, 2, 4, 8",
    ),
    *(
        _row(
            f"optimal-risk-{d}",
            f"Such networks approach the Bayes rule: excess risk falls with n (d = {d}).",
            {"risk": plan},
            lambda risk: _fall(risk, 1),
            below(0.75),
            difference="A finite sample shows a fall, not the limit: the rate is logarithmic",
            note="Excess risk at n = 10,000 over that at n = 100, five seeds",
        )
        for d, plan in ((1, RISK_CIRCLE), (2, RISK_SPHERE))
    ),
    _row(
        "optimal-others",
        "Networks of any activation with exponent d are the same classifier.",
        {"grid": GRID},
        _same_class,
        between(0.98, 1.0),
        note="Least agreement of six activations with the Hilbert estimate of exponent d",
    ),
    _row(
        "regression",
        "In regression excessive depth is harmful.",
        {"depths": DEPTHS},
        _regression,
        between(0.9, 1.1),
        note="Squared error at 1000 layers over that of predicting zero; d = 2, NNGP",
    ),
    _row(
        "classification",
        "In classification depth is of use.",
        {"depths": DEPTHS},
        _classification,
        between(0.0, 0.05),
        note="Accuracy lost to the Bayes rule at 1000 layers, where the prediction itself is gone",
    ),
)
