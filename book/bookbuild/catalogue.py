"""Pages that are printed from the package: the map of claims, the ledger, the gallery.

Each function returns MyST Markdown, which the `generated` extension puts on the page.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from bookbuild.records import derivation_record, ledger_record
from theorylab.citation import keys_in


def claim_map(root: Path, topic: str = "") -> str:
    """Every item of every derivation: statement, status, what it rests on, where it is shown."""
    from theorylab import symbolic

    names = list(symbolic.derivations(topic or None))
    return "\n\n".join(_derivation(derivation_record(root, name)) for name in names)


def _derivation(record: dict[str, Any]) -> str:
    rows = [["claim", "statement", "rests on"]]
    for path, item in record["items"].items():
        status = f"{{badge}}`{item['status']}`"
        if item["cases"]:
            status += f" for {item['cases']}"
        if item["strength"] and item["strength"] != item["status"]:
            status += f", rests on {{badge}}`{item['strength']}`"
        name = f"{{claimrow}}`{path}`\n\n{status}\n\n{{claimshown}}`{path}`"
        said = [f"$$\n{_one_line(item['latex'])}\n$$"]
        said += [text for text in (item["why"], with_citations(item["source"])) if text]
        using = ", ".join(f"{{claimref}}`{premise}`" for premise in item["using"]) or "—"
        rows.append([name, "\n\n".join(said), using])
    audit = (
        f"Audit: of {record['mutants']} changes, a counterexample refutes {record['killed']}, "
        f"{_still_true(record)} leave the statement true, {record['defects']} pass unnoticed."
    )
    return "\n\n".join(
        [
            f"## {record['title']}",
            f"`{record['name']}`. {record['about']}",
            audit,
            table(rows, "tl-claims", "18 56 26"),
        ]
    )


def audit_score(root: Path) -> str:
    """One line per derivation: how many changes of it were tried, and what became of them."""
    from theorylab import symbolic

    records = [derivation_record(root, name) for name in symbolic.derivations()]
    if not records:
        return "There is no derivation yet."
    rows = [["derivation", "items", "changes", "refuted", "still true", "unnoticed"]]
    counts = [_audit_counts(record) for record in records]
    for record, numbers in zip(records, counts, strict=True):
        rows.append([f"`{record['name']}`", *map(str, numbers)])
    rows.append(["**all**", *(str(sum(column)) for column in zip(*counts, strict=True))])
    killed = sum(record["killed"] for record in records)
    missed = sum(record["defects"] for record in records)
    score = killed / (killed + missed) if killed + missed else 1.0
    said = f"Of the {killed + missed} false statements tried, {killed} were refuted: {score:.1%}."
    return f"{table(rows, 'tl-numbers')}\n\n{said}"


def _audit_counts(record: dict[str, Any]) -> list[int]:
    counts = (record["mutants"], record["killed"], _still_true(record), record["defects"])
    return [len(record["items"]), *counts]


def _still_true(record: dict[str, Any]) -> int:
    return record["mutants"] - record["killed"] - record["defects"]


def ledger(root: Path, topic: str = "") -> str:
    """The reproduction ledger of a topic, or of all, with a count of the verdicts."""
    from theorylab.discover import topics

    entries = [
        row for name in ([topic] if topic else topics()) for row in ledger_record(root, name)
    ]
    if not entries:
        return "No row yet."
    counts = Counter(entry["words"] for entry in entries)
    said = ", ".join(f"{count} {words}" for words, count in counts.most_common())
    rows = [["claim", "published", "ours", "verdict"]]
    for entry in entries:
        claim = f"{entry['claim']}\n\n{_paper(entry['paper'])}, {entry['locator']}"
        verdict = [f"{{badge}}`{entry['verdict']}`", entry["remarks"], entry["detail"]]
        rows.append([claim, _shown(entry["published"]), entry["ours"], _paragraphs(verdict)])
    many = "claim" if len(entries) == 1 else "claims"
    return f"{len(entries)} {many}: {said}.\n\n{table(rows, 'tl-claims', '35 15 15 35')}"


def _paper(key: str) -> str:
    return "this book" if key == "theorylab" else f"{{cite:t}}`{key}`"


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else f"{value:.4g}"


def _paragraphs(texts: list[str]) -> str:
    return "\n\n".join(filter(None, texts))


def gallery(root: Path, topic: str = "") -> str:
    """Every registered figure: drawn, named, with its function and its command."""
    from theorylab import lab

    cards = []
    for name, spec in sorted(lab.figures.figures().items()):
        if topic and not name.startswith(f"{topic}/"):
            continue
        draw = f"{spec.draw.__module__}.{spec.draw.__qualname__}"
        sources = " · ".join(f"{{cite:t}}`{key}`" for key in spec.references)
        text = f"{{py:func}}`{spec.draw.__name__} <{draw}>` · `theorylab figures make {name}`"
        cards.append(f"{{galleryfigure}}`{name}`\n\n**{spec.title}** {sources}\n\n{text}")
    return "\n\n".join(cards) or "No figure is registered yet."


def versions(root: Path) -> str:
    """What the book was built with."""
    import platform
    from importlib.metadata import version

    names = ["theorylab", "jax", "jaxlib", "numpy", "scipy", "sympy", "flax", "optax", "xarray"]
    names += ["matplotlib", "jupyter-book", "Sphinx", "myst-nb"]
    rows = [["package", "version"], ["Python", platform.python_version()]]
    rows += [[name, version(name)] for name in names]
    rows += [["machine", f"{platform.system()} {platform.machine()}"]]
    return table(rows)


def with_citations(source: str) -> str:
    """A source line with its BibTeX keys turned into citations."""
    for key in keys_in(source):
        source = source.replace(key, f"{{cite:t}}`{key}`")
    return source


def table(rows: list[list[str]], classes: str = "", widths: str = "") -> str:
    """A list-table; cells may hold paragraphs."""
    lines = ["```````{list-table}", ":header-rows: 1", f":class: tl-table {classes}".rstrip()]
    lines += [f":widths: {widths}", ""] if widths else [""]
    for row in rows:
        for number, cell in enumerate(row):
            first, *others = cell.splitlines() or [""]
            lines.append(f"{'* -' if number == 0 else '  -'} {first}")
            lines += [f"    {line}".rstrip() for line in others]
    return "\n".join([*lines, "```````"])


def _one_line(latex: str) -> str:
    return " ".join(latex.split())
