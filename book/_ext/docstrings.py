"""Docstrings are written for a terminal, in Markdown's manner; Sphinx gets them as it needs.

`name` becomes literal, $formula$ mathematics, a paragraph that ends in a colon introduces the
indented block after it; what looks like reStructuredText by accident is taken literally.
"""

import re

from jax.typing import ArrayLike
from sphinx.util.typing import stringify_annotation

PLUMBING = {"tree_flatten", "tree_unflatten"}
INLINE = re.compile(r"(?P<code>`{1,2}[^`]+`{1,2})|\$(?P<math>[^$]+)\$|(?P<odd>\||(?<=\w)_(?!\w))")


def to_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText."""
    done: list[str] = []
    example = display = False
    for number, line in enumerate(lines):
        text = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        if display or text.startswith("$$"):
            body = text.removeprefix("$$") if not display else text
            if not display:
                done += [f"{indent}.. math::", ""]
            display = not body.endswith("$$")
            if body.removesuffix("$$"):
                done.append(f"{indent}   {body.removesuffix('$$')}")
            if not display:
                done.append("")
            continue
        example = bool(text) and (example or text.startswith(">>>"))
        if example:
            done.append(line)
        elif text.endswith(":") and not text.endswith("::") and _introduces(lines, number, indent):
            done.append(f"{INLINE.sub(_inline, line)}:")
        else:
            done.append(INLINE.sub(_inline, line))
    return done


def _introduces(lines: list[str], number: int, indent: str) -> bool:
    # A blank line, then something deeper that is neither a list nor an example.
    after = lines[number + 1 : number + 3]
    if len(after) < 2 or after[0].strip():
        return False
    deeper = len(after[1]) - len(after[1].lstrip()) > len(indent)
    return deeper and not re.match(r"\s*(?:[-*]|\d+\.|>>>)", after[1])


def _inline(match: re.Match[str]) -> str:
    joined = match.string[match.end() : match.end() + 1].isalnum()
    gap = "\\ " if joined else ""
    if match["code"]:
        return f"``{match['code'].strip('`')}``{gap}"
    if match["math"]:
        return f":math:`{match['math']}`{gap}"
    return f"\\{match['odd']}"


def convert(app, what, name, obj, options, lines):
    """Before napoleon reads the sections."""
    lines[:] = to_rst(lines)


def skip(app, what, name, obj, skipped, options):
    """Fields of named tuples (the class says what they are), and what only JAX calls."""
    plumbing = type(obj).__name__ == "_tuplegetter" or name in PLUMBING
    return True if plumbing else None


def shorten(app, what, name, obj, options, signature, returns):
    """`ArrayLike` by its name instead of all the types it stands for."""
    mode = "smart" if app.config.autodoc_typehints_format == "short" else "fully-qualified"
    long = stringify_annotation(ArrayLike, mode)
    said = [text.replace(long, "ArrayLike") if text else text for text in (signature, returns)]
    return tuple(said)


def setup(app):
    """Connect."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", convert, priority=100)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-signature", shorten)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
