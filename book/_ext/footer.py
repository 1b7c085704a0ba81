"""At the foot of every page: how to report an error in it."""

import re
from html import escape
from urllib.parse import quote


def add_line(app, pagename, templatename, context, doctree):
    """Append the line to the body of pages that have a source."""
    if doctree is None or not context.get("body"):
        return
    title = re.sub(r"<[^>]*>", "", context.get("title", pagename))
    issue = f"{app.config.theorylab_repository}/issues/new?title={quote(f'Error on {pagename}')}"
    how = context["pathto"]("book/errata")
    context["body"] += (
        f'<p class="tl-report">Found an error in “{title}” (<code>{escape(pagename)}</code>)? '
        f'<a href="{escape(issue)}">Report it</a> (<a href="{escape(how)}">how</a>).</p>\n'
    )


def setup(app):
    """Connect."""
    app.add_config_value("theorylab_repository", "", "html", str)
    app.connect("html-page-context", add_line)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
