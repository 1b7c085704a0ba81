"""Numbers that the papers and their official code print, as data: see `reference/published.json`.

They are facts, quoted with their place. Nothing here is computed by theorylab, and nothing that
theorylab computes depends on it: figures and the ledger compare with it.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from theorylab.lab.require import unknown


@cache
def _all() -> dict[str, Any]:
    path = files("theorylab.sdr") / "reference" / "published.json"
    return json.loads(path.read_text(encoding="utf-8"))


def published(name: str, kind: str, curve: str | int | None = None) -> np.ndarray:
    """A list of published numbers.

    Args:
        name: figure or table, such as "fig5a".
        kind: "observed" (their simulation), "theory" (their formula) or another key.
        curve: which curve, where there are several.

    Raises:
        KeyError: there is no such list; the message has those that exist.

    >>> published("fig4a", "observed", 64).tolist()
    [0.00109318, 5.74e-06, 1.1e-07]
    """
    known = _all()
    if name not in known:
        raise KeyError(unknown("published list", name, known))
    lists = known[name]
    if kind not in lists:
        raise KeyError(unknown(f"list of {name}", kind, [key for key in lists if key != "where"]))
    values = lists[kind]
    if curve is not None:
        if str(curve) not in values:
            raise KeyError(unknown(f"curve of {name}", str(curve), values))
        values = values[str(curve)]
    return np.asarray(values, float)


def source_of(name: str) -> str:
    """Where a list is printed.

    Raises:
        KeyError: there is no such list.

    >>> source_of("fig4a")
    'official plot_numerical_results.py: theta 12, s 24'
    """
    if name not in _all():
        raise KeyError(unknown("published list", name, _all()))
    return _all()[name]["where"]
