"""Running, recording and drawing experiments.

An `Experiment` is a frozen set of validated parameters and one pure method from a random key
to named arrays; `run` and `sweep` turn it into an `xarray.Dataset` with its provenance; a
`Store` keeps results by content; `figure` registers a drawing of them; `Row` compares a
claim of a paper with what comes out here.

Importing this package loads none of JAX, xarray and Matplotlib: the names load when first
used.

>>> from theorylab.lab import Output
>>> Output(("time",), unit="1").dims
('time',)
"""

import importlib
import time

#: When this process began to load theorylab's code (seconds, wall clock). Files changed
#: later are not what runs here; see `theorylab.lab.fingerprint`.
LOADED = time.time()

_HOME = {
    "experiment": "Coord Experiment Output static traced",
    "plan": "Plan run sweep",
    "progress": "Progress",
    "batch": "Executor Local",
    "store": "Store default_store",
    "figures": "data figure make show verify",
    "recorded": "Recorded",
    "reproduction": "Entry Ledger Measurement Row Verdict Within evaluate ledger rows",
    "require": "",
    "style": "",
}
_MODULE = {name: module for module, names in _HOME.items() for name in names.split()}
__all__ = sorted([*_MODULE, "figures", "require", "style"])


def __getattr__(name: str):
    if name in _MODULE:
        value = getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)
        globals()[name] = value
        return value
    if name in _HOME:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"theorylab.lab has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
