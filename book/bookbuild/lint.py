"""What must hold in the sources of pages, as functions from a page's text to complaints."""

import re
from collections.abc import Iterable

import nbformat
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook

DRAWS = re.compile(r"plt\.show\(|figures\.show\(")
FORBIDDEN = {
    r"\bn(?:um)?py?\.random\b": "np.random (use jax.random with a key)",
    r"^\s*import random\b|\bfrom random import\b": "the random module",
    r"\btime\.(?:time|perf_counter)\b|\bdatetime\b": "a clock",
    r"^\s*[!%]\s*(?:pip|conda)\b|\bpip install\b": "an install command",
    r"\burllib\b|\brequests\b|https?://": "the network",
    r"\bos\.chdir\b|\bopen\(": "the working directory",
}
KEY = re.compile(r"\b(?:random\.key|PRNGKey)\(([^()]*)\)")
FENCE = re.compile(r"^\s*[`:]{3,}\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)$", re.MULTILINE)
CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
MATH = re.compile(r"\$((?:[^$\n]|\n(?!\n))+)\$")
ROLE = re.compile(r"\{[a-z][\w:-]*\}`")
LINE = 78
ALT = 40


def code_cells(text: str) -> list[nbformat.NotebookNode]:
    """The code cells of a page; none if it is plain text."""
    if not is_myst_markdown_notebook(text):
        return []
    return [c for c in read_myst_markdown_notebook(text).cells if c.cell_type == "code"]


def figures(text: str) -> list[str]:
    """Figures without name, caption or alt text that says something."""
    found = []
    for cell in code_cells(text):
        options = cell.metadata.get("mystnb", {})
        figure = options.get("figure")
        if figure is None:
            if DRAWS.search(cell.source):
                found.append(f"a cell draws, but declares no figure: {cell.source[:60]!r}")
            continue
        name = figure.get("name", "without a name")
        if "name" not in figure or not figure.get("caption"):
            found.append(f"figure {name}: needs a name and a caption")
        if len(str(options.get("image", {}).get("alt", ""))) < ALT:
            found.append(f"figure {name}: alt text of at least {ALT} characters")
    for block in re.finditer(r"[`:]{3,}\{(?:figure|image)\}(.*?)\n[`:]{3,}", text, re.DOTALL):
        alt = re.search(r"^:alt:\s*(.*)$", block[1], re.MULTILINE)
        if alt is None or len(alt[1]) < ALT:
            found.append(f"image{block[1].splitlines()[0]}: alt text of at least {ALT} characters")
    return found


def code(text: str) -> list[str]:
    """Code that would not give the same page everywhere, or does not fit the page."""
    found = []
    for cell in code_cells(text):
        for line in cell.source.splitlines():
            if len(line) > LINE:
                found.append(f"{len(line)} characters (at most {LINE}): {line}")
            found += [f"{what}: {line}" for p, what in FORBIDDEN.items() if re.search(p, line)]
        for argument in KEY.findall(cell.source):
            if not re.fullmatch(r"\s*(?:\d+|[A-Za-z_]\w*)\s*", argument):
                found.append(f"a random key made from {argument!r}: use an integer")
    return found


def mathematics(text: str) -> list[str]:
    """Roles inside of mathematics, which would print them as letters."""
    if not is_myst_markdown_notebook(text):
        return []
    prose = [c.source for c in read_myst_markdown_notebook(text).cells if c.cell_type != "code"]
    spans = [span for part in prose for span in MATH.findall(part.replace("$$", ""))]
    return [f"a role inside of mathematics: ${span}$" for span in spans if ROLE.search(span)]


def exercises(texts: Iterable[str]) -> list[str]:
    """Exercises without a solution, and solutions without a machine check."""
    posed, solved, found = set(), set(), []
    for text in texts:
        for block in re.finditer(r"\{exercise(?:-start)?\}[^\n]*\n:label:\s*(\S+)", text):
            posed.add(block[1])
        for block in re.finditer(r"\{solution\}\s*(\S+)", text):
            solved.add(block[1])
        gated = r"\{solution-start\}\s*(\S+)(.*?)\{solution-end\}"
        for block in re.finditer(gated, text, re.DOTALL):
            solved.add(block[1])
            if not re.search(r"\bassert\b|\.check\(", block[2]):
                found.append(f"solution of {block[1]}: no assert checks it")
        count = len(re.findall(r"\{exercise(?:-start)?\}", text))
        labels = len(re.findall(r"\{exercise(?:-start)?\}[^\n]*\n:label:", text))
        if count != labels:
            found.append(f"{count - labels} exercise(s) without a label")
    found += [f"exercise {label}: no solution" for label in sorted(posed - solved)]
    found += [f"solution of {label}: no such exercise" for label in sorted(solved - posed)]
    return found


def citations(text: str) -> set[str]:
    """BibTeX keys that a page cites."""
    return {key.strip() for group in CITED.findall(text) for key in group.split(",")}


def bibliography(entries: dict[str, str], used: set[str]) -> list[str]:
    """Entries that nothing cites, or that name no place to find the work.

    An entry without DOI or eprint says why in a field `noid`.
    """
    found = [f"{key}: cited nowhere" for key in sorted(set(entries) - used)]
    for key, entry in sorted(entries.items()):
        if not re.search(r"^\s*(?:doi|eprint|noid)\s*=", entry, re.MULTILINE):
            found.append(f"{key}: give doi or eprint, or the reason in noid")
    return found


def opening(text: str) -> list[str]:
    """A chapter page starts with its title and what a reader should know before."""
    names = [match["name"] for match in FENCE.finditer(text)]
    return [] if names and names[0] == "prerequisites" else ["start with {prerequisites}"]
