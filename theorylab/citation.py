"""Citations: what a function, claim or figure rests on, as BibTeX."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_KEY = re.compile(r"^[a-z]+\d{4}[a-z]*$")


class BibTeX(str):
    """BibTeX text that shows itself unquoted at the prompt."""

    __repr__ = str.__str__


@cache
def bibliography() -> dict[str, BibTeX]:
    """Every entry of the book's bibliography, keyed by BibTeX key.

    >>> "kleinman2024critical" in bibliography()
    True
    """
    text = (Path(__file__).parent / "references.bib").read_text(encoding="utf-8")
    entries = re.split(r"^(?=@)", text, flags=re.MULTILINE)
    return {
        match[1]: BibTeX(entry.strip() + "\n")
        for entry in entries
        if (match := re.match(r"@\w+\{([^,\s]+),", entry))
    }


def references(*keys: str) -> Callable[[T], T]:
    """Decorator that records the BibTeX keys a function or class rests on.

    Raises:
        KeyError: a key is not in the bibliography.
    """
    _entries(keys)

    def mark(thing: T) -> T:
        thing.__references__ = keys
        return thing

    return mark


def keys_in(source: str) -> tuple[str, ...]:
    """BibTeX keys named in a source line such as ``"saxe2014exact, eq. (12)"``.

    >>> keys_in("saxe2014exact, eq. (12); derived here")
    ('saxe2014exact',)
    """
    words = re.findall(r"[A-Za-z0-9]+", source)
    return tuple(dict.fromkeys(word for word in words if _KEY.match(word)))


def cite(*things: Any) -> BibTeX:
    """BibTeX of the results that the given things rest on.

    Args:
        things: BibTeX keys, or anything that carries references: functions of a topic,
            derivations and their items, experiments, figures, rows of the ledger.

    Raises:
        KeyError: a key is not in the bibliography.
        TypeError: a thing carries no references.

    >>> print(cite("kleinman2024critical").splitlines()[0])
    @inproceedings{kleinman2024critical,
    """
    keys = dict.fromkeys(key for thing in things for key in _keys(thing))
    return BibTeX("\n".join(_entries(keys)))


def _keys(thing: Any) -> tuple[str, ...]:
    if isinstance(thing, str):
        return (thing,)
    keys = getattr(thing, "__references__", None)
    if keys is None:
        name = getattr(thing, "__name__", type(thing).__name__)
        raise TypeError(f"{name!r} carries no references; cite takes BibTeX keys and cited objects")
    return tuple(keys)


def _entries(keys: Iterable[str]) -> list[BibTeX]:
    known = bibliography()
    missing = [key for key in keys if key not in known]
    if missing:
        raise KeyError(f"not in theorylab/references.bib: {', '.join(missing)}")
    return [known[key] for key in keys]
