"""An experiment is a value: validated parameters, and one pure method from a key to arrays.

>>> from theorylab.lab import Experiment, Output, static, traced
>>> class Decay(Experiment):
...     "Exponential decay, with noise in the rate."
...     steps: int = static(3, low=1, doc="number of samples")
...     rate: float = traced(1.0, above=0.0, unit="1/s", doc="mean decay rate")
...     outputs = {"level": Output(("time",), doc="what is left")}
...
...     def coords(self):
...         return {"time": Coord(np.arange(float(self.steps)), unit="s")}
...
...     def simulate(self, key):
...         rate = self.rate + 0.1 * jax.random.normal(key)
...         return {"level": jnp.exp(-rate * jnp.arange(float(self.steps)))}
>>> Decay(rate=2.0)
Decay(steps=3, rate=2.0)
>>> Decay(rat=2.0)
Traceback (most recent call last):
...
TypeError: Decay has no parameter 'rat'; did you mean 'rate'? It has: steps, rate
"""

import contextlib
import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab.require import require

PRECISIONS = ("float64", "float32")
RESERVED = ("key", "seed", "outputs", "precision", "host_only", "abstract", "coords", "simulate")


@dataclasses.dataclass(frozen=True)
class Output:
    """An array that an experiment returns: its named dimensions, unit and meaning.

    Args:
        dims: one name per axis; `()` for a scalar.
        unit: "1" for a pure number.
        doc: what it is, for labels and files.
    """

    dims: tuple[str, ...] = ()
    unit: str = "1"
    doc: str = ""


class Coord(NamedTuple):
    """Labels along a dimension, with their unit and meaning."""

    values: Any
    unit: str = "1"
    doc: str = ""


@dataclasses.dataclass(frozen=True)
class Parameter:
    """What is known of one field: its default, what is allowed, its unit and meaning."""

    default: Any
    static: bool
    bounds: Mapping[str, float | int]
    integer: bool
    choices: tuple | None
    unit: str
    doc: str

    def clean(self, name: str, value: Any) -> Any:
        """The value as plain Python numbers and tuples.

        Raises:
            ValueError: it is not allowed.
        """
        if isinstance(value, np.ndarray | np.generic | jax.Array):
            value = value.tolist()
        if self.choices is not None:
            return require(name, value, choices=self.choices)
        if isinstance(self.default, bool):
            return require(name, value, choices=(False, True))
        if isinstance(self.default, str) and not isinstance(value, str):
            raise ValueError(f"{name} is {value!r}; allowed: a string")
        if not _numeric(self.default):
            return _plain(name, value)
        whole = self.integer or _whole(self.default)
        require(name, value, integer=whole, **self.bounds)
        return _cast(value, int if whole else float)


def static(default: Any, **allowed: Any) -> Any:
    """A parameter that changes shapes or code: each of its values is compiled once.

    Args:
        default: a number, string, bool, tuple or None; a whole default wants whole values.
        allowed: `low`, `above`, `high`, `below`, `choices`, `integer` as in `require`;
            `unit` and `doc` describe it.
    """
    return _field(default, True, **allowed)


def traced(default: Any, **allowed: Any) -> Any:
    """A parameter that enters as an array, so that many values run in one batch.

    Args:
        default: a number or a (nested) tuple of numbers; inside `simulate` it is an array.
        allowed: as in `static`.
    """
    if not _numeric(default):
        raise TypeError(f"a traced parameter is a number or a tuple of numbers, not {default!r}")
    return _field(default, False, **allowed)


def _field(
    default: Any,
    is_static: bool,
    *,
    low: float | int | None = None,
    above: float | int | None = None,
    high: float | int | None = None,
    below: float | int | None = None,
    integer: bool = False,
    choices: tuple | list | None = None,
    unit: str = "1",
    doc: str = "",
) -> Any:
    limits = {"low": low, "above": above, "high": high, "below": below}
    bounds = {name: value for name, value in limits.items() if value is not None}
    choices = None if choices is None else tuple(choices)
    parameter = Parameter(default, is_static, bounds, integer, choices, unit, doc)
    parameter.clean("the default", default)
    return dataclasses.field(default=default, metadata={"parameter": parameter})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(static, traced))
class Experiment:
    """Base of all experiments: a subclass declares parameters, outputs and `simulate`.

    The subclass becomes a frozen dataclass with keyword arguments and a JAX pytree whose
    leaves are the traced parameters. Class attributes: `outputs` (name to `Output`),
    `precision` ("float64" or "float32": holds while it runs, nowhere else), `host_only`
    (`simulate` runs in plain Python, for exact integers and enumeration). A base that only
    shares parameters is declared with `class Base(Experiment, abstract=True)`.

    Raises:
        TypeError: on definition, if a field or an output is not declared as it must be; on
            construction, if there is no such parameter.
        ValueError: on construction, if a value is not allowed.
    """

    outputs: ClassVar[Mapping[str, Output]] = {}
    precision: ClassVar[str] = "float64"
    host_only: ClassVar[bool] = False
    abstract: ClassVar[bool] = True

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.abstract = abstract
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)
        for field in dataclasses.fields(cls):
            if "parameter" not in field.metadata:
                raise TypeError(f"{cls.__name__}.{field.name} must be static(...) or traced(...)")
            if field.name in RESERVED:
                raise TypeError(f"{cls.__name__}: no parameter can be called {field.name!r}")
        if cls.precision not in PRECISIONS:
            raise TypeError(f"{cls.__name__}.precision is {cls.precision!r}; allowed: {PRECISIONS}")
        if not abstract:
            if cls.simulate is Experiment.simulate or not cls.outputs:
                raise TypeError(f"{cls.__name__} must define outputs and simulate(self, key)")
            _register(cls)

    def __new__(cls, *args: Any, **values: Any) -> "Experiment":
        check_names(cls, values)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for name, parameter in parameters_of(type(self)).items():
            object.__setattr__(self, name, parameter.clean(name, getattr(self, name)))
        self.validate()

    def validate(self) -> None:
        """Check what concerns several parameters at once; a subclass may define it."""

    def coords(self) -> Mapping[str, Any]:
        """Labels along output dimensions (arrays or `Coord`), from static values only."""
        return {}

    def simulate(self, key: Any) -> Mapping[str, Any]:
        """The experiment: from a random key to one array per declared output."""
        raise NotImplementedError(f"{type(self).__name__} does not define simulate")

    def replace(self, **changes: Any) -> "Experiment":
        """The same experiment with other values; they are checked as on construction."""
        return dataclasses.replace(self, **changes)

    def parameters(self) -> dict[str, Any]:
        """All parameter values, as plain Python numbers, strings and tuples."""
        return {name: getattr(self, name) for name in parameters_of(type(self))}


def parameters_of(kind: type) -> dict[str, Parameter]:
    """The declared parameters of an experiment class, in order."""
    return {field.name: field.metadata["parameter"] for field in dataclasses.fields(kind)}


def check_names(kind: type, names: Any) -> None:
    """Raise TypeError, with near names, for what is not a parameter of the experiment."""
    known = list(parameters_of(kind))
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"; did you mean {near[0]!r}?" if near else "."
            listed = ", ".join(known) or "none"
            raise TypeError(f"{kind.__name__} has no parameter {name!r}{guess} It has: {listed}")


def name_of(kind: type) -> str:
    """The name that finds an experiment: topic/Class inside theorylab, else module:Class."""
    parts = kind.__module__.split(".")
    if parts[0] == "theorylab" and len(parts) > 2 and parts[2] == "experiments":
        return f"{parts[1]}/{kind.__qualname__}"
    return f"{kind.__module__}:{kind.__qualname__}"


def bind(kind: type, values: Mapping[str, Any]) -> Experiment:
    """An experiment whose fields are set to anything, such as traced arrays, unchecked."""
    experiment = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(experiment, name, value)
    return experiment


@contextlib.contextmanager
def precision(kind: type) -> Iterator[None]:
    """While it holds, JAX works in the experiment's precision."""
    with jax.enable_x64(kind.precision == "float64"), jax.default_matmul_precision("highest"):
        yield


def checked(experiment: Experiment, arrays: Any, convert: Callable = jnp.asarray) -> dict:
    """What `simulate` returned, if it is what `outputs` declares.

    Raises:
        ValueError: a name or a number of axes differs.
    """
    kind = type(experiment)
    declared = kind.outputs
    if set(arrays) != set(declared):
        raise ValueError(
            f"{kind.__name__}.simulate returns {sorted(arrays)}; declared: {sorted(declared)}"
        )
    converted = {name: convert(arrays[name]) for name in declared}
    for name, array in converted.items():
        if array.ndim != len(declared[name].dims):
            raise ValueError(
                f"{kind.__name__}.simulate returns {name!r} with shape {array.shape}; "
                f"declared dimensions: {declared[name].dims}"
            )
    return converted


def _register(cls: type) -> None:
    # Not register_dataclass: it rebuilds through __init__, which would validate tracers.
    known = parameters_of(cls)
    data = [name for name, parameter in known.items() if not parameter.static]
    meta = [name for name, parameter in known.items() if parameter.static]

    def flatten(value: Any) -> tuple:
        return [getattr(value, n) for n in data], tuple(getattr(value, n) for n in meta)

    def flatten_with_keys(value: Any) -> tuple:
        children, aux = flatten(value)
        keys = [jax.tree_util.GetAttrKey(name) for name in data]
        return list(zip(keys, children, strict=True)), aux

    def unflatten(aux: tuple, children: Any) -> Any:
        return bind(cls, dict(zip([*data, *meta], [*children, *aux], strict=True)))

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def _numeric(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return bool(value) and all(_numeric(entry) for entry in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return all(map(_whole, value)) if isinstance(value, tuple | list) else isinstance(value, int)


def _cast(value: Any, kind: type) -> Any:
    if isinstance(value, tuple | list):
        return tuple(_cast(entry, kind) for entry in value)
    return kind(value)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, tuple | list):
        return tuple(_plain(name, entry) for entry in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{name} is {value!r}; allowed: numbers, strings, None and tuples of them")
