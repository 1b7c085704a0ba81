"""The reference of a package, printed from its public face.

What `__all__` names is listed under the module that defines it, in the order of definition;
the figures and experiments of a topic follow.
"""

import importlib
import inspect
from types import ModuleType
from typing import Any


def reference(name: str) -> str:
    """MyST Markdown that documents everything public in a package."""
    package = importlib.import_module(name)
    groups: dict[str, list[str]] = {}
    for public in package.__all__:
        groups.setdefault(_home(package, public), []).append(public)
    target = f"```{{eval-rst}}\n.. py:module:: {name}\n```"
    parts = [target, _markdown(inspect.getdoc(package) or "")]
    for home, names in groups.items():
        module = importlib.import_module(home)
        names.sort(key=lambda public: _line(getattr(package, public)))
        entries = "\n".join(
            _entry(f"{name}.{public}", getattr(package, public)) for public in names
        )
        parts += [_heading(module, name), f"```{{eval-rst}}\n{entries}```"]
    return "\n\n".join([*parts, *_drawings(name)])


def sources(name: str) -> list[str]:
    """Files that the reference of a package is printed from."""
    package = importlib.import_module(name)
    homes = {_home(package, public) for public in package.__all__} | {name}
    files = (getattr(importlib.import_module(home), "__file__", None) for home in homes)
    return sorted(file for file in files if file)


def _home(package: ModuleType, public: str) -> str:
    thing = getattr(package, public)
    if isinstance(thing, ModuleType):
        return thing.__name__
    home = getattr(thing, "__module__", None)
    inside = isinstance(home, str) and home.split(".")[0] == package.__name__.split(".")[0]
    return home if inside else package.__name__


def _markdown(docstring: str) -> str:
    # Examples in a docstring become code blocks; the rest is Markdown already.
    blocks = []
    for block in docstring.split("\n\n"):
        fenced = block.lstrip().startswith(">>>")
        blocks.append(f"```pycon\n{block}\n```" if fenced else block)
    return "\n\n".join(blocks)


def _line(thing: Any) -> int:
    try:
        return inspect.getsourcelines(inspect.unwrap(thing))[1]
    except (TypeError, OSError):
        return 0


def _heading(module: ModuleType, package: str) -> str:
    first = (inspect.getdoc(module) or module.__name__).split("\n\n")[0]
    short = module.__name__.removeprefix(f"{package}.")
    return f"## {short}\n\n{first}"


def _entry(name: str, thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return f".. automodule:: {thing.__name__}\n   :members:\n\n"
    if inspect.isclass(thing):
        return f".. autoclass:: {name}\n   :members:\n   :show-inheritance:\n\n"
    if callable(thing):
        return f".. autofunction:: {name}\n\n"
    return f".. autodata:: {name}\n   :no-value:\n\n"


def _drawings(package: str) -> list[str]:
    from theorylab import lab

    found = [spec.draw for _, spec in sorted(lab.figures.figures().items())]
    mine = [draw for draw in found if draw.__module__.startswith(f"{package}.")]
    if not mine or package in {"theorylab.lab", "theorylab.symbolic"}:
        return []
    entries = "".join(f".. autofunction:: {d.__module__}.{d.__qualname__}\n\n" for d in mine)
    return [
        "## figures\n\nThe functions that draw the registered figures.",
        f"```{{eval-rst}}\n{entries}```",
    ]
