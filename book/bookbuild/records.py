"""What the package says about itself, as plain data: checked derivations and the ledger.

Checking and auditing take time, so a record is kept under `_build/cache/records` until the
text of the derivations or of the checker changes.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from bookbuild import parallel
from bookbuild.digest import derivation_digest, derivation_sources, package_digest

Record = dict[str, Any]


def derivation_record(root: Path, name: str) -> Record:
    """Check and audit one derivation; its items in order, with LaTeX, status and premises.

    Raises:
        DerivationError: a step fails.
        KeyError: there is no derivation of this name.
    """
    key = _key(root, name)
    return _kept(root, f"derivations/{name}", key, lambda: describe(_derivation(name)))


def claim_record(root: Path, path: str) -> Record:
    """The record of one claim, `topic/derivation/item`.

    Raises:
        KeyError: no such claim; the message names the ones of that derivation.
    """
    derivation, _, item = path.rpartition("/")
    items = derivation_record(root, derivation)["items"]
    if path not in items:
        names = ", ".join(name.rpartition("/")[2] for name in items)
        raise KeyError(f"no item {item!r} in {derivation}; there are: {names}")
    return items[path]


def describe(derivation: Any) -> Record:
    """Check and audit a derivation and write down what came out."""
    from theorylab import symbolic

    verdicts = derivation.check()
    items = [_item(derivation, item, verdicts) for item in derivation.items.values()]
    report = symbolic.audit(derivation)
    return {
        "name": derivation.name,
        "title": derivation.title,
        "about": derivation.about,
        "items": {item["path"]: item for item in items},
        "mutants": sum(mutant.verdict != "rejected" for mutant in report.mutants),
        "killed": len(report.killed),
        "defects": len(report.defects),
        "score": report.score,
    }


def _item(derivation: Any, item: Any, verdicts: dict[str, Any]) -> Record:
    assumed = item.kind == "assumption"
    verdict = verdicts.get(item.name)
    return {
        "path": item.path,
        "latex": item.latex(),
        "kind": item.kind,
        "status": derivation.status(item.name).name,
        "strength": None if assumed else derivation.strength(item.name).name,
        "cases": cases_text(item.cases),
        "using": [f"{derivation.name}/{name}" if "/" not in name else name for name in item.using],
        "why": item.why or "",
        "source": item.source or "",
        "rule": "" if item.rule is None else type(item.rule).__name__,
        "detail": str(getattr(verdict, "detail", "") or ""),
    }


def cases_text(cases: Any) -> str:
    """The listed cases of a claim, for a reader: words, or symbols with their values."""
    if not cases:
        return ""
    if isinstance(cases, str):
        return cases
    if isinstance(cases, Mapping):
        return "; ".join(f"${_tex(name)} = {_tex(values)}$" for name, values in cases.items())
    return f"${_tex(cases)}$"


def _tex(thing: Any) -> str:
    from theorylab.symbolic import latex

    if isinstance(thing, list | tuple | set | range):
        return ", ".join(map(_tex, thing))
    return thing if isinstance(thing, str) else latex(thing)


def ledger_record(root: Path, topic: str) -> list[Record]:
    """The evaluated rows of a topic's ledger."""
    return _kept(root, f"ledger/{topic}", package_digest(root), lambda: _ledger(topic))


def _ledger(topic: str) -> list[Record]:
    from theorylab import lab

    return [
        {
            "id": entry.row.id,
            "paper": entry.row.paper,
            "locator": entry.row.locator,
            "claim": entry.row.claim,
            "published": entry.row.published,
            "ours": "—" if entry.measurement is None else str(entry.measurement),
            "verdict": entry.verdict.name,
            "words": entry.verdict.value,
            "remarks": entry.remarks,
            "detail": entry.detail,
        }
        for entry in lab.ledger(topic)
    ]


def _derivation(name: str) -> Any:
    from theorylab import symbolic

    return symbolic.derivations()[name]


def _key(root: Path, name: str) -> str:
    from theorylab.lab.fingerprint import reached

    module = _module(_derivation(name))
    topic = name.split("/")[0]
    files = reached(module).values() if module else derivation_sources(root, topic)
    return derivation_digest(root, files)


def _module(derivation: Any) -> str | None:
    # The module that a derivation is written in: packages only hand it on.
    topic = f"theorylab.{derivation.name.split('/')[0]}.derivations"
    found = [
        name
        for name, module in list(sys.modules.items())
        if name.startswith(topic) and any(thing is derivation for thing in vars(module).values())
    ]
    return max(found, key=len, default=None)


def _kept(root: Path, name: str, key: str, make: Callable[[], Any]) -> Any:
    path = _path(root, name, key)
    return _load(path) if path.exists() else _store(path, make())


def _path(root: Path, name: str, key: str) -> Path:
    return root / "_build" / "cache" / "records" / key / f"{name}.json"


@cache
def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _store(path: Path, record: Any) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
    return record


def check_all(root: Path, jobs: int) -> list[str]:
    """Make the record of every derivation, in `jobs` processes; return what failed."""
    from theorylab import symbolic

    return parallel.run(partial(check, root), list(symbolic.derivations()), jobs)


def check(root: Path, name: str) -> str | None:
    """Make one record; its name if it was not there."""
    new = not _path(root, f"derivations/{name}", _key(root, name)).exists()
    derivation_record(root, name)
    return name if new else None
