"""A page as a notebook that reads alone: claims, references and numbers written out.

The website's own markup (directives and roles) means nothing to Jupyter, so it is turned into
plain Markdown: a claim becomes its equation with its status, a theorem a bold heading and its
text, a reference the name of what it refers to, a computed number the number.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from myst_nb.core.read import myst_nb_reader_plugin

Claim = Callable[[str], dict[str, Any]]

OPEN = re.compile(r"^\s*(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)$")
OPTION = re.compile(r"^\s*:[\w-]+:")
ROLE = re.compile(r"\{(?P<name>[\w:-]+)\}(?P<ticks>`+)(?P<text>.+?)(?P=ticks)", re.DOTALL)
TITLED = re.compile(r"^(?P<title>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
LABEL = re.compile(r"^(\s*)\$\$\s*\((?P<label>[^()\s]+)\)\s*$")
TARGET = re.compile(r"^\([\w:/.-]+\)=\s*$")
GLUE_IMPORT = re.compile(r"^from myst_nb import glue\b.*$", re.MULTILINE)
GLUE = "def glue(name, value, display=True):\n    print(name, '=', value)\n"
ONLY_ON_SITE = {
    "ledger",
    "claim-map",
    "figure-gallery",
    "audit-score",
    "tableofcontents",
    "toctree",
}


def export(
    page: Path,
    claim: Claim,
    values: dict[str, str] | None = None,
    solutions: bool = True,
) -> nbformat.NotebookNode:
    """The page as a notebook without outputs that needs nothing but the installed package.

    Args:
        page: a page with cells.
        claim: gives the record of a claim by its path.
        values: what `glue` computed, by name, as text; unknown numbers show their names.
        solutions: whether solutions to exercises are kept.
    """
    source = myst_nb_reader_plugin(str(page))
    writer = _Writer(claim, values or {})
    cells, hidden = [], False
    for cell in source.cells:
        if cell.cell_type == "markdown":
            text = cell.source
            if not solutions:
                text, hidden = _without_solutions(text, hidden)
            text = writer.markdown(text).strip()
            if text:
                cells.append(nbformat.v4.new_markdown_cell(text))
        elif not hidden:
            cells.extend(writer.code(cell))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook, equal notebooks as equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def glued(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What the cells of an executed notebook glued, by name, as text."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name:
                data = output["data"]
                found[name] = data.get("application/papermill.record/text/plain") or data.get(
                    "text/plain", ""
                )
    return found


class _Writer:
    """Turns the website's markup into plain Markdown."""

    def __init__(self, claim: Claim, values: dict[str, str]):
        self.claim = claim
        self.values = values

    def code(self, cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
        new = nbformat.v4.new_code_cell(GLUE_IMPORT.sub(GLUE, cell.source))
        tags = cell.metadata.get("tags", [])
        if tags:
            new.metadata["tags"] = list(tags)
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if not figure.get("caption"):
            return [new]
        caption = f"**Figure.** {self.inline(str(figure['caption']))}"
        return [new, nbformat.v4.new_markdown_cell(caption)]

    def markdown(self, text: str) -> str:
        return self.inline(self.blocks(text.splitlines()))

    def blocks(self, lines: list[str]) -> str:
        done, position = [], 0
        while position < len(lines):
            line = lines[position]
            opened = OPEN.match(line)
            if opened:
                end = _closing(lines, position, opened["fence"])
                body = lines[position + 1 : end]
                done.append(self.directive(opened["name"], opened["argument"].strip(), body))
                position = end + 1
                continue
            label = LABEL.match(line)
            if label:
                done.append(f"\\tag{{{short(label['label'])}}}\n$$")
            elif not TARGET.match(line):
                done.append(line)
            position += 1
        return "\n".join(done)

    def directive(self, name: str, argument: str, lines: list[str]) -> str:
        body = self.blocks(_without_options(lines))
        kind, _, proof = name.partition(":")
        if name == "claim":
            return self.claim_text(argument)
        if kind == "prf":
            title = f" ({argument})" if argument else ""
            return f"**{proof.capitalize()}{title}.**\n\n{body}\n"
        if name in {"exercise", "exercise-start"}:
            return f"### Exercise: {argument or 'without a title'}\n\n{body}\n"
        if name in {"solution", "solution-start"}:
            return f"**Solution.**\n\n{body}\n"
        if name in {"exercise-end", "solution-end"} or name in ONLY_ON_SITE:
            return ""
        if name == "prerequisites":
            return f"*Prerequisites:* {body.strip()}\n"
        if name == "math":
            return f"$$\n{body.strip()}\n$$\n"
        if name in {"admonition", "dropdown"}:
            return f"**{argument}.** {body.strip()}\n"
        if name in {"note", "tip", "warning", "important", "hint", "caution", "seealso"}:
            return f"**{name.capitalize()}.** {body.strip()}\n"
        return f"{body}\n"

    def claim_text(self, path: str) -> str:
        record = self.claim(path)
        said = record["status"].lower()
        if record["cases"]:
            said += f" for {record['cases']}"
        if record["using"]:
            said += "; from " + ", ".join(map(short, record["using"]))
        if record["source"]:
            said += f"; {self.sources(record['source'])}"
        return f"$$\n{record['latex']}\n\\tag{{{short(path)}}}\n$$\n\n*Claim `{path}`: {said}.*\n"

    def sources(self, text: str) -> str:
        from theorylab.citation import keys_in

        for key in keys_in(text):
            text = text.replace(key, author_year(key))
        return text

    def inline(self, text: str) -> str:
        return ROLE.sub(self.role, text)

    def role(self, match: re.Match[str]) -> str:
        name, text = match["name"], match["text"]
        titled = TITLED.match(text)
        title, target = (titled["title"], titled["target"]) if titled else ("", text)
        if name == "glue:text":
            return self.value(text)
        if name == "eq":
            return f"({short(target)})"
        if name in {"cite:t", "cite:p", "cite"}:
            names = [author_year(key.strip()) for key in text.split(",")]
            joined = "; ".join(names)
            return (
                f"({joined.replace(' (', ', ').replace(')', '')})" if name != "cite:t" else joined
            )
        if name == "math":
            return f"${text}$"
        if name.startswith("py:") or name == "code":
            return f"`{title or target.removeprefix('~')}`"
        if name in {"numref", "prf:ref", "ref", "doc", "claimref"}:
            return title or f"“{short(target)}”"
        return title or text

    def value(self, text: str) -> str:
        name, _, form = text.partition(":")
        if name not in self.values:
            return f"`{name}`"
        value = self.values[name].strip("'\"")
        return format(float(value), form) if form else value


def short(path: str) -> str:
    """The last part of a name, fit for a tag in an equation."""
    return path.rsplit("/", 1)[-1].removeprefix("eq-").replace("_", "-")


def author_year(key: str) -> str:
    """A BibTeX key as a reader cites it: "Saxe et al. (2014)"."""
    from theorylab.citation import bibliography

    entry = bibliography().get(key)
    if entry is None:
        return key
    authors = re.search(r"author\s*=\s*\{(.*?)\},?\s*$", entry, re.MULTILINE | re.DOTALL)
    year = re.search(r"year\s*=\s*\{?(\d+)", entry)
    names = [_family(name) for name in re.split(r"\s+and\s+", authors[1])] if authors else [key]
    said = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{said} ({year[1]})" if year else said


def _family(name: str) -> str:
    family = name.split(",")[0] if "," in name else name.split()[-1]
    return re.sub(r"[{}]|\\\W", "", family).strip()


def _closing(lines: list[str], start: int, fence: str) -> int:
    for position in range(start + 1, len(lines)):
        text = lines[position].strip()
        if set(text) == {fence[0]} and len(text) >= len(fence):
            return position
    return len(lines)


def _without_options(lines: list[str]) -> list[str]:
    if lines and lines[0].strip() == "---":
        end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        return lines[end + 1 :]
    position = 0
    while position < len(lines) and OPTION.match(lines[position]):
        position += 1
    return lines[position:]


def _without_solutions(text: str, hidden: bool) -> tuple[str, bool]:
    kept, position = [], 0
    lines = text.splitlines()
    while position < len(lines):
        opened = OPEN.match(lines[position])
        name = opened["name"] if opened else ""
        end = _closing(lines, position, opened["fence"]) if opened else position
        if name == "solution-start":
            hidden = True
        elif name == "solution-end":
            hidden = False
        elif name != "solution" and not hidden:
            kept.extend(lines[position : end + 1])
        position = end + 1
    return "\n".join(kept), hidden
