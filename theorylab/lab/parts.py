"""The parts of a topic: its experiments, its figures, its ledger."""

import importlib
import importlib.util
import pkgutil
from types import ModuleType

from theorylab.discover import topics
from theorylab.lab.require import unknown


def parts(name: str, topic: str | None = None) -> dict[str, list[ModuleType]]:
    """The modules `theorylab/<topic>/<name>.py`, or all of a package of that name, by topic.

    A topic that has no such part is left out.

    Raises:
        KeyError: there is no such topic; the message names near ones.

    >>> sorted(parts("derivations")) == sorted(topics())
    True
    """
    if topic is not None and topic not in topics():
        raise KeyError(unknown("topic", topic, topics()))
    found = {}
    for owner in [topic] if topic else topics():
        path = f"theorylab.{owner}.{name}"
        if importlib.util.find_spec(path) is None:
            continue
        module = importlib.import_module(path)
        inner = [
            importlib.import_module(f"{path}.{part.name}")
            for part in pkgutil.iter_modules(getattr(module, "__path__", []))
        ]
        found[owner] = [module, *inner]
    return found
