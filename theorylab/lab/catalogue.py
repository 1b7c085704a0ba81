"""Finding experiments by name, and reading plans from text.

An experiment of a topic is called `topic/Class` and lives in `theorylab/<topic>/experiments.py`
(or a package of that name).
"""

import ast
from typing import Any

import numpy as np

from theorylab.lab.experiment import Experiment, check_names, parameters_of
from theorylab.lab.parts import parts
from theorylab.lab.plan import Plan
from theorylab.lab.require import unknown


def experiments(topic: str | None = None) -> dict[str, type[Experiment]]:
    """Every experiment of a topic, or of all topics, by name."""
    found = {}
    for owner, modules in parts("experiments", topic).items():
        for module in modules:
            for thing in vars(module).values():
                mine = isinstance(thing, type) and issubclass(thing, Experiment)
                if mine and not thing.abstract and thing.__module__ == module.__name__:
                    found[f"{owner}/{thing.__name__}"] = thing
    return dict(sorted(found.items()))


def find(name: str) -> type[Experiment]:
    """The experiment called `topic/Class`.

    Raises:
        KeyError: there is none; the message names near ones.
    """
    known = experiments()
    if name not in known:
        raise KeyError(unknown("experiment", name, known))
    return known[name]


def read_plan(kind: type[Experiment], given: list[str], swept: list[str], seeds: int = 1) -> Plan:
    """A plan from words such as `depth=4` and `onset=0:2:21`.

    Args:
        kind: the experiment.
        given: `name=value`.
        swept: `name=first:last:count`, `name=first:last:count:log` or `name=a,b,c`.
        seeds: how many seeds.

    Raises:
        TypeError: there is no such parameter.
        ValueError: a word cannot be read, a value is not allowed, or one is given twice.
    """
    fixed, moving = list(map(_pair, given)), list(map(_pair, swept))
    names = [name for name, _ in (*fixed, *moving)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is given twice; say it once, to set or to sweep")
    values = {name: _value(text) for name, text in fixed}
    over = {name: _values(text) for name, text in moving}
    for name, entries in over.items():
        if len(set(map(repr, entries))) < len(entries):
            raise ValueError(f"{name} is swept over a value twice: {entries}")
    check_names(kind, [*values, *over])
    return Plan(kind(**values), over, seeds)


def describe(kind: type[Experiment]) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Tables of an experiment's parameters and outputs: headings and rows."""
    parameters = [
        (name, str(p.default), p.unit, "static" if p.static else "traced", _allowed(p), p.doc)
        for name, p in parameters_of(kind).items()
    ]
    outputs = [(name, ", ".join(o.dims) or "-", o.unit, o.doc) for name, o in kind.outputs.items()]
    return [
        (("parameter", "default", "unit", "kind", "allowed", "what it is"), parameters),
        (("output", "dimensions", "unit", "what it is"), outputs),
    ]


def _allowed(parameter: Any) -> str:
    if parameter.choices is not None:
        return ", ".join(map(str, parameter.choices))
    words = {"low": "at least", "above": "above", "high": "at most", "below": "below"}
    return " and ".join(f"{words[name]} {bound}" for name, bound in parameter.bounds.items())


def _pair(word: str) -> tuple[str, str]:
    name, sign, text = word.partition("=")
    if not sign or not name or not text:
        raise ValueError(f"cannot read {word!r}; write name=value")
    return name.strip(), text.strip()


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _values(text: str) -> list:
    parts = text.split(":")
    if len(parts) == 1:
        value = _value(text)
        if isinstance(value, str):
            return [_value(part.strip()) for part in text.split(",")]
        return list(value) if isinstance(value, tuple | list) else [value]
    try:
        first, last, count = float(parts[0]), float(parts[1]), int(parts[2])
        spaced = {(): np.linspace, ("log",): np.geomspace}[tuple(parts[3:])]
        if count < 1:
            raise ValueError
        return spaced(first, last, count).tolist()
    except (ValueError, IndexError, KeyError):
        raise ValueError(
            f"cannot read {text!r}; write first:last:count, first:last:count:log or a,b,c"
        ) from None
