"""The box under a page's title: what to know before, how long it takes, the page as a notebook."""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

WORDS_A_MINUTE = 180
SECONDS_AN_EQUATION = 30
SECONDS_A_LINE_OF_CODE = 4


def minutes(doctree: nodes.document) -> int:
    """Reading time: words, display equations and visible lines of code; to five minutes."""
    words = equations = lines = 0
    for node in doctree.findall():
        if isinstance(node, nodes.math_block):
            equations += 1
        elif isinstance(node, nodes.literal_block):
            lines += node.astext().count("\n") + 1
        elif isinstance(node, nodes.Text) and not isinstance(
            node.parent, nodes.literal_block | nodes.math_block
        ):
            words += len(node.astext().split())
    seconds = (
        60 * words / WORDS_A_MINUTE
        + SECONDS_AN_EQUATION * equations
        + SECONDS_A_LINE_OF_CODE * lines
    )
    return max(5, 5 * round(seconds / 300))


class PrerequisitesDirective(SphinxDirective):
    """`{prerequisites}`: its text says what a reader should know before."""

    has_content = True

    def run(self):
        """Lay out the box; the reading time comes when the page has been read."""
        self.assert_has_content()
        needed = nodes.container("", classes=["tl-needed"])
        self.state.nested_parse(self.content, self.content_offset, needed)
        if needed.children and isinstance(needed[0], nodes.paragraph):
            needed[0].insert(0, nodes.strong("", "Before: "))
        facts = nodes.paragraph("", "", classes=["tl-facts"])
        return [nodes.container("", needed, facts, classes=["tl-header"])]


def complete(app, doctree):
    """Add the reading time and the link to the notebook."""
    for facts in doctree.findall(nodes.paragraph):
        if "tl-facts" not in facts["classes"] or facts.children:
            continue
        facts += nodes.Text(f"About {minutes(doctree)} minutes")
        name = app.env.docname.rpartition("/")[2]
        if app.env.docname in getattr(app.env, "theorylab_notebooks", {}):
            facts += nodes.Text(" · ")
            facts += nodes.reference("", "this page as a notebook", refuri=f"{name}.ipynb")


def setup(app):
    """Connect; after the extension that knows which pages are notebooks."""
    app.add_directive("prerequisites", PrerequisitesDirective)
    app.connect("doctree-read", complete, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
