"""`{page-times}`: how long the cells of each page took when they were last executed."""

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util.docutils import SphinxDirective


class times(nodes.General, nodes.Element):
    """Stands for the table until all pages have been read."""


class PageTimesDirective(SphinxDirective):
    """Put the placeholder."""

    def run(self):
        """No table yet."""
        return [times()]


def seconds(env) -> dict[str, float]:
    """Seconds of execution by page."""
    data = NbMetadataCollector.get_doc_data(env)
    found = {page: values.get("exec_data") for page, values in data.items()}
    return {page: run["runtime"] or 0.0 for page, run in sorted(found.items()) if run}


def table(app, docname: str) -> nodes.table:
    """Pages, linked, with their seconds, and the total."""
    took = seconds(app.env)
    body = nodes.tbody()
    for page, value in took.items():
        title = nodes.Text(app.env.titles[page].astext() if page in app.env.titles else page)
        uri = app.builder.get_relative_uri(docname, page)
        link = nodes.paragraph("", "", nodes.reference("", "", title, refuri=uri, internal=True))
        body += _row(link, nodes.paragraph(text=page), nodes.paragraph(text=f"{value:.1f}"))
    total = nodes.paragraph(text=f"{sum(took.values()):.1f}")
    body += _row(nodes.paragraph(text="all"), nodes.paragraph(), total)
    head = nodes.thead("", _row(*(nodes.paragraph(text=t) for t in ("page", "file", "seconds"))))
    group = nodes.tgroup("", *(nodes.colspec(colwidth=w) for w in (50, 35, 15)), head, body, cols=3)
    return nodes.table("", group, classes=["tl-table"])


def _row(*cells) -> nodes.row:
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def fill(app, doctree, docname):
    """Replace the placeholder."""
    for place in list(doctree.findall(times)):
        place.replace_self(table(app, docname))


def setup(app):
    """Connect."""
    app.add_node(times)
    app.add_directive("page-times", PageTimesDirective)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
