"""Running experiments: once, or over a grid of parameters and seeds.

>>> from theorylab.lab import Experiment, Output, Plan, static, traced
>>> class Square(Experiment):
...     "A square."
...     side: float = traced(1.0, low=0.0, unit="m", doc="length of a side")
...     outputs = {"area": Output((), unit="m^2", doc="area")}
...
...     def simulate(self, key):
...         return {"area": self.side**2}
>>> areas = sweep(Square(), over={"side": [1.0, 2.0, 3.0]})
>>> areas.area.values.tolist(), areas.area.attrs["units"]
([1.0, 4.0, 9.0], 'm^2')
"""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np
import xarray as xr

from theorylab.lab.batch import Arrays, Executor, Local, Task
from theorylab.lab.experiment import Coord, Experiment, bind, check_names, name_of, parameters_of
from theorylab.lab.fingerprint import fingerprint, libraries, traceable
from theorylab.lab.progress import Progress, reporter
from theorylab.lab.store import Store, default_store


@dataclasses.dataclass(frozen=True)
class Axis:
    """One dimension of the grid: the fields that change along it together, and their values."""

    names: tuple[str, ...]
    values: tuple[tuple, ...]

    @property
    def dim(self) -> str:
        """The dimension's name."""
        return "_".join(self.names)


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """A sweep as a value: an experiment over a grid of fields times seeds.

    Args:
        experiment: the values of everything that is not swept.
        over: field to its values. A tuple of fields takes tuples of values that change
            together: `{("start", "stop"): [(0, 1), (1, 2)]}`.
        seeds: how many seeds (0, 1, ...), or which.
        chunk: most points in one batch. It is part of the plan since results in single
            precision depend on the size of the batch.

    Raises:
        TypeError: a swept name is not a parameter.
        ValueError: a value is not allowed, or nothing is left to run.
    """

    experiment: Experiment
    over: Mapping[Any, Any] = dataclasses.field(default_factory=dict)
    seeds: int | Sequence[int] = 1
    chunk: int = 64

    def __post_init__(self) -> None:
        kind = type(self.experiment)
        axes = []
        for names, values in dict(self.over).items():
            together = isinstance(names, tuple)
            axis = Axis(
                names if together else (names,),
                tuple(tuple(value) if together else (value,) for value in values),
            )
            check_names(kind, axis.names)
            axes.append(_clean(kind, axis))
        swept = [name for axis in axes for name in axis.names]
        if len(set(swept)) < len(swept):
            raise ValueError(f"a field is swept twice: {', '.join(swept)}")
        seeds = range(self.seeds) if isinstance(self.seeds, int) else self.seeds
        seeds = tuple(int(seed) for seed in seeds)
        if not seeds or min(seeds) < 0 or max(seeds) >= 2**32:
            raise ValueError(f"seeds is {self.seeds!r}; allowed: at least one, each below 2**32")
        if self.chunk < 1:
            raise ValueError(f"chunk is {self.chunk}; allowed: a whole number at least 1")
        dims = {dim for output in kind.outputs.values() for dim in output.dims}
        clash = dims & {*swept, *(axis.dim for axis in axes), "seed"}
        if clash:
            raise ValueError(f"both a swept field and a dimension of an output: {sorted(clash)}")
        object.__setattr__(self, "over", {axis.names: axis.values for axis in axes})
        object.__setattr__(self, "seeds", seeds)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The dimensions of the grid, in the order given."""
        return tuple(Axis(names, values) for names, values in self.over.items())

    @cached_property
    def key(self) -> str:
        """Content key: parameters, code reached, libraries, precision."""
        return _digest({**self._identity(), "sweep": self._grid()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def run(
        self,
        store: Store | None = None,
        progress: bool | Callable[[Progress], Any] | None = None,
        executor: Executor | None = None,
    ) -> xr.Dataset:
        """The results: from the store, or computed and put there chunk by chunk.

        Args:
            store: default: `default_store()`.
            progress: a bar if True; default: only on a terminal. Or a function that is
                called with a `Progress` after each chunk.
            executor: where chunks run; default: the devices of this machine.

        Raises:
            ValueError: `validate` of the experiment refuses a combination of swept values,
                `simulate` does not return what `outputs` declares, or results of different
                conditions cannot share one array.
        """
        store = (store or default_store()) if self.storable else None
        known = store.get(self.key) if store else None
        if known is not None:
            return known
        self._validate()
        groups = list(self._groups())
        tasks = [task for _, tasks in groups for task in tasks]
        done: dict[int, Arrays] = {}
        with reporter(progress, name_of(type(self.experiment)), len(tasks)) as report:
            missing = []
            for task in tasks:
                # A single chunk is the whole result, which the store does not have.
                part = store.get(self._task_key(task)) if store and len(tasks) > 1 else None
                if part is None:
                    missing.append(task)
                else:
                    done[id(task)] = {name: part[name].values for name in part}
                    report(computed=False)
            for task, arrays in (executor or Local()).run(missing):
                done[id(task)] = arrays
                if store and len(tasks) > 1:
                    store.put(self._task_key(task), _packed(arrays))
                report(computed=True)
        dataset = self._assemble([_join([done[id(task)] for task in tasks]) for _, tasks in groups])
        if store:
            store.put(self.key, dataset)
            for task in tasks if len(tasks) > 1 else ():
                store.delete(self._task_key(task))
        return dataset

    def _validate(self) -> None:
        # Each swept value was checked by itself; here what concerns several of them.
        kind = type(self.experiment)
        if kind.validate is Experiment.validate:
            return
        names = [name for axis in self.axes for name in axis.names]
        for values in itertools.product(*(axis.values for axis in self.axes)):
            point = dict(zip(names, sum(values, ()), strict=True))
            bind(kind, {**self.experiment.parameters(), **point}).validate()

    @property
    def storable(self) -> bool:
        """Whether the code behind the results is known, so that they can be kept.

        It is not for a class made inside a function or typed at a prompt, or when a file
        changed after it was loaded.
        """
        kind = type(self.experiment)
        return "<locals>" not in kind.__qualname__ and traceable(kind.__module__)

    def _groups(self) -> Iterator[tuple[Experiment, list[Task]]]:
        # One group for each combination of static values; its points vary in the rest.
        still, moving = self._split()
        names = [name for axis in moving for name in axis.names]
        points = [
            (sum(values, ()), seed)
            for *values, seed in itertools.product(*(axis.values for axis in moving), self.seeds)
        ]
        seeded = len(self.seeds) > 1 or not moving
        count = -(-len(points) // self.chunk)
        size = -(-len(points) // count)
        for values in itertools.product(*(axis.values for axis in still)):
            fixed = {
                name: value
                for axis, entry in zip(still, values, strict=True)
                for name, value in zip(axis.names, entry, strict=True)
            }
            experiment = self.experiment.replace(**fixed)
            tasks = []
            for start in range(0, len(points), size):
                block = points[start : start + size]
                columns = zip(*(entry for entry, _ in block), strict=True)
                varying = dict(zip(names, columns, strict=True)) if names else {}
                seeds = tuple(seed for _, seed in block) if seeded else self.seeds
                tasks.append(Task(experiment, varying, seeds, seeded, len(block), size))
            yield experiment, tasks

    def _split(self) -> tuple[list[Axis], list[Axis]]:
        known = parameters_of(type(self.experiment))
        still = [axis for axis in self.axes if any(known[name].static for name in axis.names)]
        return still, [axis for axis in self.axes if axis not in still]

    def _assemble(self, groups: list[Arrays]) -> xr.Dataset:
        kind = type(self.experiment)
        still, moving = self._split()
        lead = [axis.dim for axis in (*still, *moving)] + ["seed"]
        lengths = [len(axis.values) for axis in (*still, *moving)] + [len(self.seeds)]
        keep = [axis.dim for axis in self.axes] + (["seed"] if len(self.seeds) > 1 else [])
        variables = {}
        for name, output in kind.outputs.items():
            shapes = {group[name].shape[1:] for group in groups}
            if len(shapes) > 1:
                raise ValueError(
                    f"{kind.__name__}: {name!r} has different shapes {sorted(shapes)} for "
                    f"different static values; sweep them one at a time"
                )
            values = np.stack([group[name] for group in groups])
            values = values.reshape(*lengths, *shapes.pop())
            array = xr.DataArray(values, dims=(*lead, *output.dims))
            if len(self.seeds) == 1:
                array = array.isel(seed=0)
            attrs = {"units": output.unit, "long_name": output.doc or name}
            variables[name] = array.transpose(*keep, *output.dims).assign_attrs(attrs)
        dataset = xr.Dataset(variables).assign_coords(self._coords())
        return dataset.assign_attrs(self.provenance())

    def _coords(self) -> dict[str, Any]:
        known = parameters_of(type(self.experiment))
        coords: dict[str, Any] = {}
        for axis in self.axes:
            for name, values in zip(axis.names, zip(*axis.values, strict=True), strict=True):
                attrs = {"units": known[name].unit, "long_name": known[name].doc or name}
                coords[name] = (axis.dim, _labels(values), attrs)
        if len(self.seeds) > 1:
            coords["seed"] = ("seed", np.asarray(self.seeds), {"long_name": "seed"})
        given = [experiment.coords() for experiment, _ in self._groups()]
        for dim, values in given[0].items():
            coord = values if isinstance(values, Coord) else Coord(values)
            for other in given[1:]:
                rival = other[dim].values if isinstance(other[dim], Coord) else other[dim]
                if not np.array_equal(coord.values, rival):
                    raise ValueError(
                        f"{type(self.experiment).__name__}: {dim!r} has different labels for "
                        f"different static values; make it an output, or sweep one at a time"
                    )
            attrs = {"units": coord.unit, "long_name": coord.doc or dim}
            coords[dim] = (dim, np.asarray(coord.values), attrs)
        return coords

    def provenance(self) -> dict[str, Any]:
        """What made the results, as attributes of the dataset."""
        from importlib.metadata import version

        kind = type(self.experiment)
        parameters = self.experiment.parameters()
        for axis in self.axes:
            for name in axis.names:
                del parameters[name]
        return {
            "experiment": name_of(kind),
            "parameters": json.dumps(parameters),
            "over": json.dumps({axis.dim: axis.values for axis in self.axes}),
            "seeds": json.dumps(self.seeds),
            "key": self.key if self.storable else "none: the code is not in a file",
            "precision": kind.precision,
            "device": "host" if kind.host_only else jax.devices()[0].device_kind,
            "theorylab": version("theorylab"),
            "versions": json.dumps(libraries(kind.__module__)),
        }

    def _identity(self) -> dict[str, Any]:
        kind = type(self.experiment)
        return {
            "experiment": f"{kind.__module__}:{kind.__qualname__}",
            "code": fingerprint(kind.__module__),
            "libraries": libraries(kind.__module__),
            "precision": kind.precision,
            "parameters": self.experiment.parameters(),
        }

    def _grid(self) -> list:
        return [[(axis.names, axis.values) for axis in self.axes], self.seeds, self.chunk]

    def _task_key(self, task: Task) -> str:
        chunk = {**dataclasses.asdict(task), "experiment": task.experiment.parameters()}
        return _digest({**self._identity(), "chunk": chunk})

    def _value(self) -> tuple:
        return (self.experiment, self.axes, self.seeds, self.chunk)


def sweep(
    experiment: Experiment,
    over: Mapping[Any, Any] | None = None,
    seeds: int | Sequence[int] = 1,
    chunk: int = 64,
    store: Store | None = None,
    progress: bool | Callable[[Progress], Any] | None = None,
) -> xr.Dataset:
    """Run an experiment over a grid of fields times seeds; see `Plan` and `Plan.run`.

    Dimensions: the swept fields in the order given, `seed` if there is more than one, then
    the dimensions of each output. The random key depends on the seed alone, so conditions
    are paired.
    """
    return Plan(experiment, over or {}, seeds, chunk).run(store, progress)


def run(experiment: Experiment, seed: int = 0, store: Store | None = None) -> xr.Dataset:
    """Run an experiment once; the dataset's attributes are its provenance."""
    return Plan(experiment, seeds=(seed,)).run(store)


def _clean(kind: type, axis: Axis) -> Axis:
    known = parameters_of(kind)
    if not axis.values:
        raise ValueError(f"no values to sweep {axis.dim} over")
    rows = []
    for values in axis.values:
        if len(values) != len(axis.names):
            raise ValueError(f"{axis.dim} needs {len(axis.names)} values, not {values!r}")
        pairs = zip(axis.names, values, strict=True)
        rows.append(tuple(known[name].clean(name, value) for name, value in pairs))
    return Axis(axis.names, tuple(rows))


def _labels(values: tuple) -> np.ndarray:
    plain = all(isinstance(value, bool | int | float) for value in values)
    return np.asarray(values if plain else [str(value) for value in values])


def _packed(arrays: Arrays) -> xr.Dataset:
    return xr.Dataset(
        {name: ([f"{name}_{i}" for i in range(a.ndim)], a) for name, a in arrays.items()}
    )


def _join(parts: list[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _digest(identity: dict) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
