"""The numerical core of a sweep: one chunk of points, compiled and run.

What a chunk gives depends on the task alone: not on memory, on the number of devices, or on
which chunks ran before. That is why an interrupted sweep ends as an uninterrupted one.
"""

import dataclasses
import queue
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np

from theorylab.lab.experiment import Experiment, bind, checked, parameters_of, precision

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Task:
    """One chunk: an experiment, what varies over its points, and its padded size.

    Args:
        experiment: the values that all points share.
        varying: traced parameter to its values, one per point.
        seeds: one per point, or, if not `seeded`, the one that all points share.
        seeded: whether seeds vary over the points.
        count: number of points.
        size: number of points that are computed; the last one is repeated to fill up.
    """

    experiment: Experiment
    varying: Mapping[str, tuple]
    seeds: tuple[int, ...]
    seeded: bool
    count: int
    size: int


@runtime_checkable
class Executor(Protocol):
    """Runs tasks somewhere; another back end, such as a cluster, is one more of these."""

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Arrays]]:
        """Yield each task with its arrays (point first), in any order."""
        ...


class Local:
    """Runs tasks on the devices of this machine, one thread for each device."""

    def __init__(self, devices: Iterable[Any] | None = None) -> None:
        self.devices = None if devices is None else tuple(devices)

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Arrays]]:
        """Yield each task with its arrays, as they finish."""
        tasks = list(tasks)
        devices = self.devices or tuple(jax.local_devices())
        host_only = any(type(task.experiment).host_only for task in tasks)
        if host_only or len(devices) == 1 or len(tasks) < 2:
            for task in tasks:
                yield task, compute(task)
            return
        free: queue.SimpleQueue = queue.SimpleQueue()
        for device in devices:
            free.put(device)

        def on_a_free_device(task: Task) -> tuple[Task, Arrays]:
            device = free.get()
            try:
                return task, compute(task, device)
            finally:
                free.put(device)

        with ThreadPoolExecutor(len(devices)) as pool:
            waiting = [pool.submit(on_a_free_device, task) for task in tasks]
            try:
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                pool.shutdown(cancel_futures=True)


def compute(task: Task, device: Any = None) -> Arrays:
    """Run one task; each array has one row per point.

    Raises:
        ValueError: `simulate` does not return what `outputs` declares.
    """
    experiment = task.experiment
    kind = type(experiment)
    with precision(kind), jax.default_device(device):
        if kind.host_only:
            return _on_host(task)
        shared, batched = {}, {}
        for name, parameter in parameters_of(kind).items():
            if name in task.varying:
                batched[name] = _array(kind, _padded(task.varying[name], task.size))
            elif not parameter.static:
                shared[name] = _array(kind, getattr(experiment, name))
        seeds = _padded(task.seeds, task.size) if task.seeded else task.seeds[0]
        fixed = tuple(
            (name, getattr(experiment, name))
            for name, parameter in parameters_of(kind).items()
            if parameter.static
        )
        program = _program(kind, fixed, task.seeded)
        arrays = program(shared, batched, np.asarray(seeds, np.uint32))
        return {name: np.asarray(array)[: task.count] for name, array in arrays.items()}


@lru_cache(maxsize=128)
def _program(kind: type, fixed: tuple[tuple[str, Any], ...], seeded: bool) -> Any:
    # One program for each class and set of static values; traced values are its arguments.
    def one(shared: Any, batched: Any, seed: Any) -> dict:
        experiment = bind(kind, {**dict(fixed), **shared, **batched})
        return checked(experiment, experiment.simulate(key_of(seed)))

    return jax.jit(jax.vmap(one, in_axes=(None, 0, 0 if seeded else None)))


def key_of(seed: Any) -> jax.Array:
    """The random key of a seed: the same in every condition, so that conditions are paired."""
    return jax.random.key(seed, impl="threefry2x32")


def _on_host(task: Task) -> Arrays:
    rows = []
    shared = task.experiment.parameters()
    for point in range(task.count):
        values = {name: column[point] for name, column in task.varying.items()}
        seed = task.seeds[point] if task.seeded else task.seeds[0]
        experiment = bind(type(task.experiment), {**shared, **values})
        rows.append(checked(experiment, experiment.simulate(key_of(seed)), np.asarray))
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _padded(values: tuple, size: int) -> tuple:
    return tuple(values) + (values[-1],) * (size - len(values))


def _array(kind: type, values: Any) -> np.ndarray:
    if np.asarray(values).dtype.kind in "iu":
        return np.asarray(values, np.int64 if kind.precision == "float64" else np.int32)
    return np.asarray(values, kind.precision)
