"""What the tests of every topic's ledger share: rows judged on data that are given."""

import dataclasses

import xarray as xr

from theorylab.lab import Row, Verdict, evaluate

HOLDS = (Verdict.REPRODUCED, Verdict.WITH_DIFFERENCE)


@dataclasses.dataclass(frozen=True)
class Given:
    """A plan whose result is given."""

    dataset: xr.Dataset

    def run(self, store=None):
        return self.dataset


def short(row: Row) -> str:
    """The name of a row without its topic."""
    return row.id.partition("/")[2]


def verdict(row: Row, datasets: dict[str, xr.Dataset]) -> Verdict:
    """What the row says of these data."""
    given = {need: Given(dataset) for need, dataset in datasets.items()}
    return evaluate(dataclasses.replace(row, needs=given)).verdict


def computed_once(store):
    """A function from a row to copies of its real data, each computed once."""
    known = {}

    def datasets(row):
        for need, plan in row.needs.items():
            known.setdefault((need, plan), plan.run(store))
        return {need: known[need, plan].copy(deep=True) for need, plan in row.needs.items()}

    return datasets
