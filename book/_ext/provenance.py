"""Under each registered figure: the function that draws it, and the command that makes it again."""

import re
from pathlib import Path

from bookbuild.pages import is_notebook
from docutils import nodes
from myst_nb.core.read import myst_nb_reader_plugin
from sphinx import addnodes

SHOW = re.compile(r"\bshow\(\s*[\"']([\w/-]+)[\"']")


def shown_figures(page: Path) -> dict[str, str]:
    """For each named figure of a page, the registered figure that its cell shows."""
    found = {}
    for cell in myst_nb_reader_plugin(str(page)).cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        shown = SHOW.search(cell.source)
        if name and shown:
            found[nodes.fully_normalize_name(name)] = shown[1]
    return found


def function_of(figure: str) -> str:
    """The full Python name of the function that draws a registered figure."""
    from theorylab import lab

    draw = lab.figures.figures()[figure].draw
    return f"{draw.__module__}.{draw.__qualname__}"


def provenance(figure: str, docname: str) -> nodes.paragraph:
    """The line under a figure."""
    function = function_of(figure)
    link = addnodes.pending_xref(
        "",
        nodes.literal("", function.rpartition(".")[2], classes=["xref", "py"]),
        refdomain="py",
        reftype="func",
        reftarget=function,
        refdoc=docname,
        refexplicit=True,
        refwarn=True,
    )
    command = nodes.literal("", f"theorylab figures make {figure}")
    parts = [nodes.Text("drawn by "), link, nodes.Text(" · "), command]
    return nodes.paragraph("", "", *parts, classes=["tl-provenance"])


def add_lines(app, doctree):
    """Add the line to each figure that a cell shows by name."""
    page = Path(app.env.doc2path(app.env.docname))
    if page.suffix != ".md" or not is_notebook(page):
        return
    shown = shown_figures(page)
    for figure in doctree.findall(nodes.figure):
        registered = next((shown[name] for name in figure["names"] if name in shown), None)
        if registered:
            figure += nodes.legend("", provenance(registered, app.env.docname))


def setup(app):
    """Connect."""
    app.connect("doctree-read", add_lines)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
