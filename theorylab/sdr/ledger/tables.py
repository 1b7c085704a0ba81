"""Rows of the tables and examples of ahmad2015properties, and of hawkins2016synapses."""

import math
from collections.abc import Callable

import numpy as np

from theorylab.lab import Measurement, Row, Within
from theorylab.lab.judges import below
from theorylab.sdr.experiments.tables import ENSEMBLES, POINTS, STORED, SUMS, SYMPY, TABLE4
from theorylab.sdr.ledger.claims import point
from theorylab.sdr.ledger.common import P15, W16

_POINTS = {"points": POINTS}


def _at(*which: int, times: float = 1.0, inverse: bool = False) -> Callable:
    def measure(points) -> Measurement:
        p = times * point(points, *which)
        return Measurement(1 / p if inverse else p)

    return measure


def _printed(name, paper, locator, claim, which, value, rtol, **how) -> Row:
    return Row(
        id=f"sdr/{name}",
        paper=paper,
        locator=locator,
        claim=claim,
        published=value,
        needs=_POINTS,
        measure=_at(*which, **how),
        judge=Within(rtol=rtol),
    )


def _stored(index: int, kind: str) -> Callable:
    def measure(table) -> Measurement:
        return Measurement(float(table[kind].isel(n_w_theta_patterns=index)))

    return measure


def _other_binomial(index: int, value: float) -> Callable:
    """Whether the printed number is the sum with n - w in place of n - U."""

    def evidence(table) -> bool:
        found = float(table.printed.isel(n_w_theta_patterns=index))
        return abs(min(found, 1.0) / value - 1) < 2e-5

    return evidence


def _ensemble(theta: int) -> Callable:
    return lambda ensembles: Measurement(float(ensembles.p.sel(theta=theta)))


def _table4(index: int, value: float) -> Row:
    n, w, theta, patterns = STORED[index]
    shared = {
        "id": f"sdr/table4-{n}-{w}-{theta}",
        "paper": P15,
        "locator": f"Table 4, n = {n}, w = {w}, threshold {theta}, M = {patterns}",
        "claim": "False matches of a random pattern with a union, at the rounded mean size.",
        "published": value,
        "needs": {"table": TABLE4},
        "measure": _stored(index, "plugin"),
        "judge": Within(rtol=1e-5),
    }
    if theta == w:
        return Row(**shared, note="Where the threshold is the whole pattern, the table is right")
    return Row(
        **shared,
        published_error="The printed value has C(n - w, w - b) where C(n - U, w - b) belongs, "
        "and is then no probability (one entry is 2.03, printed as 1)",
        evidence=_other_binomial(index, value),
    )


def _notebook_sum(points, sums) -> Measurement:
    return Measurement(point(points, 100_000, 2000, 40, 10))


def _notebook_is_sympy(points, sums) -> bool:
    index = SUMS.index((100_000, 2000, 40, 10))
    one = sums.isel(population_marked_sample_least=index)
    return abs(float(one.evalf) / 4.91541864813209e-9 - 1) < 1e-13


_TABLE2 = (
    ((64, 4, 2, 0.017093815), (64, 32, 16, 0.59857385)),
    (
        (1024, 20, 10, 9.32924e-14),
        (1024, 20, 14, 9.93621e-23),
    ),
)
ROWS = (
    _printed(
        "table1-1024-9",
        P15,
        "Table 1, n = 1024, w = 9",
        "Chance of an exact match.",
        (1024, 9, 9, 9),
        3.03651e-22,
        2e-6,
    ),
    *(
        _printed(
            f"table2-{n}-{w}-{theta}",
            P15,
            f"Table 2, n = {n}, w = {w}, threshold {theta}",
            "Chance of an overlap of at least the threshold.",
            (n, w, w, theta),
            value,
            2e-6,
        )
        for n, w, theta, value in (*_TABLE2[0], *_TABLE2[1])
    ),
    _printed(
        "table3-14",
        P15,
        "Table 3, n = 1024, w = 21, threshold 14, M = 10",
        "Bound on the chance that any of M patterns matches.",
        (1024, 21, 21, 14),
        8.83490e-21,
        2e-6,
        times=10.0,
    ),
    _printed(
        "table3-17",
        P15,
        "Table 3, n = 1024, w = 21, threshold 17, M = 1e9",
        "Bound on the chance that any of M patterns matches.",
        (1024, 21, 21, 17),
        9.58410e-21,
        2e-6,
        times=1e9,
    ),
    *(
        _table4(index, value)
        for index, value in enumerate((0.42653, 0.86675, 2.49000e-7, 6.59353e-5, 1.2532e-10, 1.0))
    ),
    Row(
        id="sdr/table4-bloom",
        paper=P15,
        locator="n = 1024, w = 20, M = 20, exact match, by the formula of a Bloom filter",
        claim="Chance that a union contains a random pattern.",
        published=1.835e-10,
        needs={"table": TABLE4},
        measure=_stored(4, "bloom"),
        judge=Within(rtol=5e-4),
    ),
    Row(
        id="sdr/table4-straddled",
        paper="theorylab",
        locator="n = 1024, w = 20, M = 20, exact match",
        claim="The two printed approximations lie on either side of the exact value, 1.3287e-10.",
        needs={"table": TABLE4},
        measure=_stored(4, "exact"),
        judge=lambda m: bool(
            1.2532e-10 < m.value < 1.835e-10 and abs(m.value - 1.3287e-10) < 1e-14
        ),
    ),
    *(
        _printed(
            f"text-{name}",
            P15,
            locator,
            "One in so many random patterns matches.",
            which,
            value,
            rtol,
            inverse=True,
        )
        for name, locator, which, value, rtol in (
            ("4-of-1024", "text, n = 1024, w = 4, threshold 2", (1024, 4, 4, 2), 14_587, 5e-5),
            (
                "4-of-8",
                "text, n = 1024, w = 8, 4 synapses, threshold 2",
                (1024, 8, 4, 2),
                3142,
                2e-4,
            ),
            (
                "10-of-20",
                "text, n = 1024, w = 20, 10 synapses, threshold 5",
                (1024, 20, 10, 5),
                2.53e6,
                2e-3,
            ),
        )
    ),
    Row(
        id="sdr/text-patterns",
        paper=P15,
        locator="text, n = 2048, w = 40",
        claim="Number of patterns.",
        published=2.37178e84,
        measure=lambda: Measurement(float(math.comb(2048, 40))),
        judge=Within(rtol=3e-6),
    ),
    *(
        Row(
            id=f"sdr/readme-{theta}",
            paper=P15,
            locator=f"official README, n = 100, w = 7, 500 patterns, threshold {theta}",
            claim="Share of random patterns that match any of the stored ones, simulated.",
            published=value,
            needs={"ensembles": ENSEMBLES},
            measure=_ensemble(theta),
            judge=Within(atol=4 * math.sqrt(value * (1 - value) / 1e6)),
            note="Exact value against a million simulated trials, to four standard errors",
        )
        for theta, value in ((3, 0.964839), (4, 0.134632), (5, 0.00285), (6, 1.7e-5))
    ),
    Row(
        id="sdr/readme-formula",
        paper=P15,
        locator="official README, n = 100, w = 7, 500 patterns, thresholds 4 to 6",
        claim="The formula, an upper bound: .144691001, .002826477, 2.03654e-5.",
        needs={"ensembles": ENSEMBLES},
        measure=lambda ensembles: Measurement(
            float(
                np.max(
                    np.abs(
                        ensembles.bound.sel(theta=[4, 5, 6]).values
                        / np.array([0.144691001, 0.002826477, 2.03654e-5])
                        - 1
                    )
                )
            )
        ),
        judge=below(2e-6),
        note="Largest relative difference. At threshold 3 the bound is 3.3, and the exact ensemble "
        "formula is what agrees with the simulation",
    ),
    _printed(
        "neuron-ten",
        W16,
        "n = 200,000, a = 2000, s = 10, threshold 10",
        "False positives of a segment.",
        (200_000, 2000, 10, 10),
        9.8e-21,
        3e-3,
    ),
    Row(
        id="sdr/neuron-twenty",
        paper=W16,
        locator="n = 200,000, a = 2000, s = 20, threshold 10",
        claim="False positives of a segment.",
        published=1.6e-18,
        needs=_POINTS,
        measure=_at(200_000, 2000, 20, 10),
        judge=Within(rtol=0.05),
        published_error="A thousandfold too small; the digits are those of 1.65e-15",
        evidence=lambda points: abs(point(points, 200_000, 2000, 20, 10) / 1.64990e-15 - 1) < 1e-5,
    ),
    *(
        _printed(
            f"notebook-{s}-{theta}",
            W16,
            f"official notebook, n = 100,000, a = 2000, s = {s}, threshold {theta}",
            "False positives of a segment.",
            (100_000, 2000, s, theta),
            value,
            1e-12,
        )
        for s, theta, value in (
            (6, 6, 6.35308872941916e-11),
            (8, 8, 2.52507239284961e-14),
            (10, 10, 1.00163216178113e-17),
            (12, 6, 5.29386836275369e-8),
            (16, 8, 2.81724528327272e-10),
            (20, 10, 1.54192767258720e-12),
            (24, 12, 8.58694100276592e-15),
        )
    ),
    Row(
        id="sdr/notebook-40-10",
        paper=W16,
        locator="official notebook, n = 100,000, a = 2000, s = 40, threshold 10",
        claim="False positives of a segment.",
        published=4.91541864813209e-9,
        needs={"points": POINTS, "sums": SYMPY},
        measure=_notebook_sum,
        judge=Within(rtol=1e-12),
        published_error="SymPy's numerical sum; wrong from the tenth digit on",
        evidence=_notebook_is_sympy,
    ),
)
