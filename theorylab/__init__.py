"""Theory of neural computation: checked derivations, compiled formulas, reproducible simulations.

Importing this package costs next to nothing: topics load when they are first used.

>>> import theorylab as tl
>>> "deep_linear" in tl.topics()
True
"""

import importlib
from importlib.metadata import version

from theorylab.citation import cite as cite
from theorylab.discover import topics as topics

__version__ = version("theorylab")
__all__ = ["cite", "lab", "symbolic", "topics", *topics()]


def __getattr__(name: str):
    if name in {"lab", "symbolic", *topics()}:
        return importlib.import_module(f"theorylab.{name}")
    raise AttributeError(f"theorylab has no attribute {name!r}; its topics: {', '.join(topics())}")


def __dir__() -> list[str]:
    return sorted(__all__)
