"""Results too slow for a build: computed once, committed small, with what made them."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import xarray as xr

from theorylab.lab.files import replacing
from theorylab.lab.plan import Plan, _digest
from theorylab.lab.reference import reference_path
from theorylab.lab.store import Store

_SAME = ("experiment", "parameters", "over", "seeds", "precision")


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The committed result of a plan; figures and ledger rows may need it like a plan.

    Args:
        name: `topic/name` of the file `theorylab/<topic>/reference/<name>.nc`.
        plan: what made it. A test should run a slice of it and compare.
    """

    name: str
    plan: Plan

    @property
    def key(self) -> str:
        """Content key of the plan's parameters (not of its code: the result is on file)."""
        made = self.plan.provenance()
        return _digest({"recorded": self.name, **{item: made[item] for item in _SAME}})

    def run(self, store: Store | None = None) -> xr.Dataset:
        """The committed dataset; `store` is not used.

        Raises:
            FileNotFoundError: it was never recorded.
            ValueError: it was made by another plan.
        """
        path = reference_path(self.name)
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist; make it with Recorded.record()")
        dataset = xr.load_dataset(path, engine="h5netcdf")
        planned = self.plan.provenance()
        for item in _SAME:
            if json.dumps(dataset.attrs[item]) != json.dumps(planned[item]):
                raise ValueError(
                    f"{path.name} was made with {item} {dataset.attrs[item]}, "
                    f"the plan has {planned[item]}"
                )
        return dataset

    def record(self, store: Store | None = None) -> Path:
        """Run the plan and write the file to commit."""
        path = reference_path(self.name)
        dataset = self.plan.run(store)
        with replacing(path) as part:
            dataset.to_netcdf(part, engine="h5netcdf")
        return path

    def provenance(self) -> dict[str, Any]:
        """What made the committed result, as it says itself."""
        path = reference_path(self.name)
        return dict(xr.load_dataset(path, engine="h5netcdf").attrs) | {"recorded": self.name}
