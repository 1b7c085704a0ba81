"""The figure registry: a figure is a function of data, found by name and made anywhere.

A topic registers its figures in `theorylab/<topic>/figures.py`:

    @figure("topic/name", needs={"flow": Plan(...)}, title="...", references=("key",))
    def name(flow):
        fig, ax = plt.subplots()
        ...
        return fig
"""

import contextlib
import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from theorylab.citation import references as cited
from theorylab.lab import style
from theorylab.lab.files import replacing
from theorylab.lab.fingerprint import fingerprint
from theorylab.lab.parts import parts
from theorylab.lab.plan import Plan
from theorylab.lab.recorded import Recorded as Recorded
from theorylab.lab.reference import Comparison, compare, read_reference, save_reference
from theorylab.lab.require import unknown
from theorylab.lab.store import Store

FORMATS = ("svg", "pdf", "png")
Datasets = dict[str, xr.Dataset]


@dataclasses.dataclass(frozen=True)
class FigureSpec:
    """A registered figure: the data it needs and the function that draws them."""

    name: str
    needs: Mapping[str, Any]
    draw: Callable[..., Figure]
    title: str
    references: tuple[str, ...]
    rtol: float
    atol: float
    reduce: Callable[..., Datasets] | None

    @property
    def __references__(self) -> tuple[str, ...]:
        return self.references

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        return self.name.replace("/", "-")


_REGISTRY: dict[str, FigureSpec] = {}


def figure(
    name: str,
    *,
    needs: Mapping[str, Plan | Recorded],
    title: str,
    references: tuple[str, ...] = (),
    rtol: float = 1e-6,
    atol: float = 1e-12,
    reduce: Callable[..., Datasets] | None = None,
) -> Callable[[Callable[..., Figure]], Callable[..., Figure]]:
    """Register the decorated function, which draws the needed datasets, as a figure.

    Args:
        name: "topic/name", the name used everywhere.
        needs: for each argument of the function, the plan whose result it gets.
        title: one line, for lists and galleries.
        references: BibTeX keys of what the figure rests on or reproduces.
        rtol, atol: tolerances of `verify`.
        reduce: from the datasets (by keyword) to the smaller ones kept as reference values.

    Raises:
        ValueError: the name is taken or malformed, or the function takes other arguments.
        KeyError: a reference is not in the bibliography.
    """

    def register(draw: Callable[..., Figure]) -> Callable[..., Figure]:
        if not re.fullmatch(r"[a-z_]\w*/[a-z0-9-]+", name):
            raise ValueError(f"{name!r} is not a figure name; write topic/name-with-dashes")
        wanted = set(inspect.signature(draw).parameters)
        if wanted != set(needs):
            raise ValueError(f"{name} draws {sorted(wanted)} but needs {sorted(needs)}")
        taken = _REGISTRY.get(name)
        if taken and _origin(taken.draw) != _origin(draw):
            raise ValueError(f"two figures are called {name}")
        _REGISTRY[name] = FigureSpec(
            name, dict(needs), draw, title, tuple(references), rtol, atol, reduce
        )
        return cited(*references)(draw)

    return register


def figures(topic: str | None = None) -> dict[str, FigureSpec]:
    """All registered figures, of one topic or of all, by name.

    Raises:
        KeyError: there is no such topic.
    """
    parts("figures", topic)  # importing them registers their figures
    return {
        name: spec
        for name, spec in sorted(_REGISTRY.items())
        if topic is None or name.startswith(f"{topic}/")
    }


def get(name: str) -> FigureSpec:
    """One registered figure.

    Raises:
        KeyError: there is none of this name; the message has near ones.
    """
    if name not in _REGISTRY:
        known = figures()
        if name not in known:
            raise KeyError(unknown("figure", name, known))
    return _REGISTRY[name]


def data(name: str, store: Store | None = None) -> Datasets:
    """The datasets that a figure draws, by argument name."""
    return {need: plan.run(store) for need, plan in get(name).needs.items()}


def show(name: str, store: Store | None = None) -> Figure:
    """The figure, drawn in the house style from the store; pyplot keeps no trace of it.

    Raises:
        TypeError: the drawing function does not return a Matplotlib figure.
    """
    spec = get(name)
    datasets = data(name, store)
    with style.style(), _no_trace():
        drawn = spec.draw(**datasets)
        if not isinstance(drawn, Figure):
            raise TypeError(f"{name} must return a Matplotlib Figure, not {type(drawn).__name__}")
        _settle(drawn)
    return drawn


def make(
    name: str,
    format: str | None = None,
    out: str | Path = ".",
    store: Store | None = None,
) -> Path:
    """Write the figure with its provenance, inside the file and as JSON beside it.

    Args:
        name: the figure.
        format: "svg" (default), "pdf" or "png".
        out: a folder, or a file whose ending then is the format.
        store: default: `default_store()`.

    Raises:
        ValueError: the format is none of these, or differs from the ending of `out`.
        OSError: the file cannot be written; what was there before is still there.
    """
    spec = get(name)
    path = target(name, format, out)
    kind = path.suffix[1:]
    with replacing(path) as part, replacing(path.with_suffix(".json")) as beside:
        drawn = show(name, store)
        record = provenance(name)
        with style.style():
            drawn.savefig(part, format=kind, metadata=_metadata(kind, spec.title, record))
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        beside.write_text(text, encoding="utf-8")
    return path


def target(name: str, format: str | None = None, out: str | Path = ".") -> Path:
    """The file that `make` writes.

    >>> target("deep_linear/race-portrait", "pdf", "figs").as_posix()
    'figs/deep_linear-race-portrait.pdf'
    """
    out = Path(out)
    ending = out.suffix.removeprefix(".")
    to_file = ending in FORMATS
    format = format or (ending if to_file else "svg")
    if format not in FORMATS or (to_file and ending != format):
        raise ValueError(f"format is {format!r} for {out}; allowed: one of {', '.join(FORMATS)}")
    return out if to_file else out / f"{name.replace('/', '-')}.{format}"


def export(
    name: str, out: str | Path = ".", format: str = "nc", store: Store | None = None
) -> list[Path]:
    """Write the figure's data: one NetCDF file, or one CSV table per shape, for each dataset.

    Raises:
        ValueError: the format is neither "nc" nor "csv".
    """
    spec = get(name)
    return [
        path
        for need, dataset in data(name, store).items()
        for path in write(dataset, Path(out) / f"{spec.slug}-{need}.{format}")
    ]


def write(dataset: xr.Dataset, path: Path) -> list[Path]:
    """Write a dataset as NetCDF (.nc) or, one table per set of dimensions, as CSV (.csv).

    Raises:
        ValueError: another ending.
        OSError: the file cannot be written; what was there before is still there.
    """
    if path.suffix == ".nc":
        with replacing(path) as part:
            dataset.to_netcdf(part, engine="h5netcdf")
        return [path]
    if path.suffix != ".csv":
        raise ValueError(f"cannot write {path.name}; allowed endings: .nc, .csv")
    shapes = dict.fromkeys(variable.dims for variable in dataset.data_vars.values())
    written = []
    for dims in shapes:
        names = [name for name in dataset.data_vars if dataset[name].dims == dims]
        target = path if len(shapes) == 1 else path.with_stem("-".join([path.stem, *dims]))
        some = dataset[names]
        table = some.to_dataframe().reset_index() if dims else some.expand_dims("row").to_pandas()
        with replacing(target) as part:
            table.to_csv(part, index=False)
        written.append(target)
    return written


def provenance(name: str) -> dict[str, Any]:
    """What a figure is made from: content keys, parameters and versions; no date, no commit."""
    from importlib.metadata import version

    spec = get(name)
    return {
        "figure": name,
        "title": spec.title,
        "drawn by": ".".join(_origin(spec.draw)),
        "code": fingerprint(spec.draw.__module__),
        "data": {need: plan.provenance() for need, plan in spec.needs.items()},
        "references": list(spec.references),
        "versions": {package: version(package) for package in ("theorylab", "matplotlib")},
    }


def verify(name: str, store: Store | None = None) -> Comparison:
    """Compare the figure's data with the committed reference values, at its tolerances.

    A drawing that needs no data agrees with nothing: `variables` is 0.
    """
    spec = get(name)
    if not spec.needs:
        return Comparison(name, (), 0)
    return compare(name, _reduced(spec, store), read_reference(name), spec.rtol, spec.atol)


def write_reference(name: str, store: Store | None = None) -> Path:
    """Write the figure's data as the reference values that `verify` compares with.

    Raises:
        ValueError: the figure needs no data, or they are too large to commit: then give it a
            `reduce`.
    """
    spec = get(name)
    if not spec.needs:
        raise ValueError(f"{name} is a drawing without data: there are no reference values")
    return save_reference(name, _reduced(spec, store))


def _reduced(spec: FigureSpec, store: Store | None) -> Datasets:
    datasets = data(spec.name, store)
    return spec.reduce(**datasets) if spec.reduce else datasets


@contextlib.contextmanager
def _no_trace() -> Iterator[None]:
    # A drawing function may use pyplot; what it opened is closed, so nothing piles up.
    pyplot = sys.modules.get("matplotlib.pyplot")
    before = set(pyplot.get_fignums()) if pyplot else set()
    try:
        yield
    finally:
        pyplot = sys.modules.get("matplotlib.pyplot")
        for number in set(pyplot.get_fignums()) - before if pyplot else ():
            pyplot.close(number)


def _settle(drawn: Figure) -> None:
    # The layout's solver adds up in the order of memory addresses. Its last digits enter into the
    # names of clip paths, so that without rounding two drawings of one figure can differ.
    drawn.draw_without_rendering()
    drawn.set_layout_engine("none")
    for ax in drawn.axes:
        corners = ax.get_position(original=True).get_points().round(9)
        ax.set_position(Bbox(corners))
        ax.set_in_layout(True)


def _metadata(format: str, title: str, record: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(record, sort_keys=True, ensure_ascii=True)
    maker = f"theorylab, Matplotlib {mpl.__version__}"
    if format == "svg":
        return {"Title": title, "Description": text, "Creator": maker, "Date": None}
    if format == "pdf":
        return {"Title": title, "Subject": text, "Creator": maker, "CreationDate": None}
    return {"Title": title, "Description": text, "Software": maker}


def _origin(function: Callable) -> tuple[str, str]:
    return function.__module__, function.__qualname__
