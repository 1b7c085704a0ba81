"""Committed reference values of figures, and the comparison with what comes out now."""

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import xarray as xr

from theorylab.lab.files import replacing

LIMIT = 2**20  # bytes; reference data are committed, so they stay small


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The outcome of comparing a figure's data with its reference: true if all agree."""

    name: str
    differences: tuple[str, ...]
    variables: int

    def __bool__(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        if self and not self.variables:
            return f"{self.name}: a drawing without data, nothing to compare"
        if self:
            return f"{self.name}: {self.variables} variables agree with the reference"
        return "\n  ".join([f"{self.name} differs from the reference:", *self.differences])


def reference_path(name: str) -> Path:
    """The file of committed data called `topic/name`."""
    topic, _, short = name.partition("/")
    spec = importlib.util.find_spec(f"theorylab.{topic}")
    if spec is None or not spec.origin:
        raise KeyError(f"{name}: theorylab has no topic {topic!r}")
    return Path(spec.origin).parent / "reference" / f"{short}.nc"


def read_reference(name: str) -> dict[str, xr.Dataset] | None:
    """The committed datasets of a figure, or None if there are none."""
    path = reference_path(name)
    if not path.is_file():
        return None
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return {group: tree[group].to_dataset().load() for group in tree.children}


def save_reference(name: str, datasets: dict[str, xr.Dataset]) -> Path:
    """Write the datasets of a figure, compressed, in one file with a group for each.

    Raises:
        ValueError: the file would be larger than `LIMIT`, or is a recorded result of this name.
    """
    path = reference_path(name)
    if path.is_file() and xr.load_dataset(path, engine="h5netcdf").data_vars:
        raise ValueError(f"{path} is a recorded result: a figure cannot have the same name")
    with replacing(path) as part:
        for mode, (group, dataset) in zip(
            "w" + "a" * len(datasets), datasets.items(), strict=False
        ):
            packed = {
                variable: {"zlib": True, "complevel": 9, "shuffle": True}
                for variable in dataset.data_vars
                if dataset[variable].ndim and dataset[variable].dtype.kind in "fiu"
            }
            dataset.to_netcdf(part, mode=mode, group=group, engine="h5netcdf", encoding=packed)
        if part.stat().st_size > LIMIT:
            raise ValueError(
                f"{name}: reference of {part.stat().st_size} bytes; allowed: {LIMIT}. "
                f"Give the figure reduce=, a function from the datasets to smaller ones"
            )
    return path


def compare(
    name: str,
    ours: dict[str, xr.Dataset],
    reference: dict[str, xr.Dataset] | None,
    rtol: float,
    atol: float,
) -> Comparison:
    """Say which variables differ, where, and by how much."""
    if reference is None:
        return Comparison(name, (f"there is no reference file {reference_path(name)}",), 0)
    said = [f"{need}: only in the reference" for need in set(reference) - set(ours)]
    said += [f"{need}: not in the reference" for need in set(ours) - set(reference)]
    count = 0
    for need in sorted(set(ours) & set(reference)):
        names = {**ours[need].variables, **reference[need].variables}
        count += len(names)
        for variable in names:
            text = _difference(ours[need], reference[need], variable, rtol, atol)
            if text:
                said.append(f"{need}.{variable}: {text}")
    return Comparison(name, tuple(said), count)


def _difference(ours: xr.Dataset, reference: xr.Dataset, name, rtol: float, atol: float) -> str:
    if name not in ours.variables:
        return "only in the reference"
    if name not in reference.variables:
        return "not in the reference"
    have, want = ours[name], reference[name]
    if have.dims != want.dims or have.shape != want.shape:
        return f"{dict(have.sizes)} instead of {dict(want.sizes)}"
    if have.dtype.kind not in "fiu" or want.dtype.kind not in "fiu":
        wrong = np.asarray(have.values != want.values)
        worst = wrong
    else:
        a, b = have.values.astype(float), want.values.astype(float)
        wrong = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        with np.errstate(invalid="ignore"):
            worst = np.nan_to_num(np.abs(a - b), nan=np.inf, posinf=np.inf) * wrong
        worst = np.where(wrong, worst, -1.0)
    if not wrong.any():
        return ""
    index = np.unravel_index(np.argmax(worst), wrong.shape)
    place = ", ".join(
        f"{dim}={have[dim].values[i] if dim in have.coords else i}"
        for dim, i in zip(have.dims, index, strict=True)
    )
    where = f" at {place}" if place else ""
    values = f"{have.values[index]!r} instead of {want.values[index]!r}"
    return f"{values}{where}; {int(wrong.sum())} of {wrong.size} differ (rtol={rtol}, atol={atol})"
