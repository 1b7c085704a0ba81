"""Rows of sequence memories, and the chapter's own acceptance rows for its simulations."""

from collections.abc import Callable

import numpy as np

from theorylab.lab import Measurement, Row, Within
from theorylab.lab.judges import above, below
from theorylab.sdr.experiments.counts import DEEP, SCALAR_COUNTS, UNIONS
from theorylab.sdr.experiments.memory import CROWDED, MEMORY_SIZE, NOISY
from theorylab.sdr.experiments.paper import (
    CURVES,
    MEMORY_NOISE,
    MIXED_SMALL,
    SCALAR,
    SCALAR_SMALL,
    TAIL_DEEP,
)
from theorylab.sdr.ledger.common import H16, least_pvalue
from theorylab.sdr.published import published

_THETA = (8, 12, 16)
_TRANSITIONS = 19 * 40  # printed accuracies are multiples of 1/760: one sequence, 40 cells


def _noise_theory(exact) -> Measurement:
    gaps = [
        np.abs(-np.expm1(exact.log_p.sel(theta=t).values) - published("memory-noise", "theory", t))
        for t in _THETA
    ]
    return Measurement(float(np.max(gaps)))


def _noise_observed(kind: str) -> Callable:
    def measure(exact) -> Measurement:
        return Measurement(
            min(
                least_pvalue(
                    np.round(published("memory-noise", "observed", t) * _TRANSITIONS),
                    _TRANSITIONS,
                    -np.expm1(exact[kind].sel(theta=t).values),
                )
                for t in _THETA
            )
        )

    return measure


def _noise_ours(noisy) -> Measurement:
    cells = 50 * 19 * 40
    hits = np.round(noisy.accuracy.values * cells)
    return Measurement(least_pvalue(hits, cells, noisy.theory.values))


def _size_theory(a: int) -> Callable:
    def measure(size) -> Measurement:
        gap = size.accuracy.sel(a=a).values - published("memory-size", "theory", a)
        return Measurement(float(np.max(np.abs(gap))))

    return measure


def _crowded_gap(crowded) -> Measurement:
    return Measurement(float(np.max(np.abs(crowded.accuracy - crowded.theory))))


def _crowded_at_700(crowded) -> Measurement:
    one = crowded.sel(n=700)
    return Measurement(float(one.accuracy), float(one.se))


def _deep(weighted) -> Measurement:
    return Measurement(float(weighted.rel_se.max()))


def _deep_gap(weighted, exact) -> Measurement:
    # A pass needs a small error and no more of them than it says.
    gap = np.abs(weighted.log_p - exact.log_p) / weighted.rel_se
    return Measurement(float(gap.max()))


def _scalar(counted, small, sparse) -> Measurement:
    law = [float(small.p.sel(a=64)), float(sparse.p.sel(a=128, n=500))]
    return Measurement(least_pvalue(counted.hits.values, 2**21, law))


def _union_counts(counted, exact) -> Measurement:
    # Probes of one union are dependent: the error comes from the spread between unions.
    share = counted.hits / 64
    law = np.exp(exact.log_exact.sel(patterns=counted.patterns.values))
    error = np.sqrt(share.var("union", ddof=1) / counted.sizes["union"])
    some = (counted.hits > 0).sum("union") >= 20
    return Measurement(float((np.abs(share.mean("union") - law) / error).where(some).max()))


def _union_sizes(counted, exact) -> Measurement:
    at = exact.sel(patterns=counted.patterns.values)
    error = np.sqrt(at.variance / counted.sizes["union"])
    return Measurement(float((np.abs(counted["size"] - at["mean"]) / error).max()))


def _union_variance(counted, exact) -> Measurement:
    at = exact.sel(patterns=counted.patterns.values)
    return Measurement(float(np.abs(counted.variance / at.variance - 1).max()))


def _thinning(curves) -> Measurement:
    return Measurement(float(np.max(np.abs(curves.thinned - curves.log_fp))))


def _own(name: str, claim: str, needs, measure, judge, note: str = "") -> Row:
    return Row(
        id=f"sdr/{name}",
        paper="theorylab",
        locator="acceptance",
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        note=note,
    )


_UNIONS = {"counted": UNIONS, "exact": MIXED_SMALL}
ROWS = (
    Row(
        id="sdr/memory-noise-theory",
        paper=H16,
        locator="official scripts, sequence memory under noise",
        claim="Predicted accuracy at 20 levels of noise and three thresholds.",
        needs={"exact": MEMORY_NOISE},
        measure=_noise_theory,
        judge=below(1e-12),
        note="Largest difference from the printed values",
    ),
    Row(
        id="sdr/memory-noise-observed",
        paper=H16,
        locator="official scripts, sequence memory under noise",
        claim="The accuracies observed in simulation follow the formula.",
        needs={"exact": MEMORY_NOISE},
        measure=_noise_observed("log_p"),
        judge=above(1e-3),
        note="Smallest binomial p-value, corrected for 20 points; 760 predicted cells each",
    ),
    _own(
        "memory-noise-ours",
        "A literal memory predicts with the accuracy 1 - FN, at 60 points of 38,000 cells each.",
        {"noisy": NOISY},
        _noise_ours,
        above(1e-3),
        "Smallest binomial p-value, corrected for the number of points",
    ),
    *(
        Row(
            id=f"sdr/memory-size-{a}",
            paper=H16,
            locator=f"official scripts, sequence memory against n, a = {a}",
            claim="Predicted accuracy at 38 values of n, after 20,000 transitions.",
            needs={"size": MEMORY_SIZE},
            measure=_size_theory(a),
            judge=below(1e-9),
            difference="With F = 20,000 and s = 20; the notebook says 19,000 and 25, which are "
            "not the settings of the printed values",
            note="Largest difference; ten digits are printed",
        )
        for a in (64, 128, 256)
    ),
    _own(
        "memory-size-ours",
        "A literal memory of 20,000 transitions predicts as the formula says, to 0.02.",
        {"crowded": CROWDED},
        _crowded_gap,
        below(0.02),
        "Largest difference over 11 values of n; 40 transitions tested at each. The formula is a "
        "ratio of expectations, and the expectation of the ratio is a little larger",
    ),
    Row(
        id="sdr/memory-size-observed",
        paper=H16,
        locator="official scripts, sequence memory, a = 64, n = 700",
        claim="Observed accuracy after training on a thousand sequences.",
        published=0.540992088875,
        needs={"crowded": CROWDED},
        measure=_crowded_at_700,
        judge=Within(atol=0.05),
        note="Below n = 900 the official run predicts less well than its own theory, which a "
        "memory that grows a new segment for each transition follows. It falls as the official "
        "one does if segments that match by accident learn the new pattern too, as in the "
        "temporal memory: see the page on sequence memory, which computes 600 cells; at 700 the "
        "value hangs on a few cells of one memory",
    ),
    _own(
        "importance-error",
        "Importance sampling: relative error of at most 1 % with 1e5 draws, from 1e-3 to 1e-53.",
        {"weighted": DEEP},
        _deep,
        below(0.01),
    ),
    _own(
        "importance-value",
        "Those estimates are within 3.5 of their standard errors of the exact tail.",
        {"weighted": DEEP, "exact": TAIL_DEEP},
        _deep_gap,
        below(3.5),
    ),
    _own(
        "scalar-counts",
        "Two million pairs of scalar vectors match as often as the convolutions say.",
        {"counted": SCALAR_COUNTS, "small": SCALAR_SMALL, "sparse": SCALAR},
        _scalar,
        above(1e-3),
        "Smallest binomial p-value of two settings, corrected",
    ),
    _own(
        "union-counts",
        "Random patterns match simulated unions as often as the exact law says.",
        _UNIONS,
        _union_counts,
        below(3.5),
        "Largest difference in standard errors, where at least 20 unions were matched",
    ),
    _own(
        "union-sizes",
        "The mean size of simulated unions is the formula's.",
        _UNIONS,
        _union_sizes,
        below(3.5),
        "Largest difference in standard errors",
    ),
    _own(
        "union-variance",
        "The variance of that size is the formula's, to 10 %.",
        _UNIONS,
        _union_variance,
        below(0.10),
        "4000 unions: a standard error of 2.2 %",
    ),
    _own(
        "thinning",
        "The response curve, averaged over random patterns, is the false positive probability.",
        {"curves": CURVES},
        _thinning,
        below(1e-12),
        "Largest difference of the logarithms",
    ),
)
