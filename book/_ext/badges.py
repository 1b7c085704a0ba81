"""Badges: how a claim is established, and how a row of the ledger came out."""

from docutils import nodes
from sphinx.util.docutils import SphinxRole

MARKS = {
    "ASSUMED": ("◇", "assumed", "a definition or hypothesis"),
    "PROVED": ("✓", "proved", "established in exact arithmetic"),
    "TESTED": ("≈", "tested", "checked at random points in high precision"),
    "CITED": ("“", "cited", "from the literature, not checked here"),
    "REPRODUCED": ("✓", "reproduced", "our value agrees within the stated tolerance"),
    "WITH_DIFFERENCE": ("≈", "reproduced with a difference", "see the note"),
    "NOT_REPRODUCED": ("✗", "not reproduced", "our value disagrees"),
    "PUBLISHED_ERROR": ("!", "published value in error", "see the note for the evidence"),
    "OUT_OF_REACH": ("…", "out of reach", "needs more than this book has"),
}


def badge(status: str) -> nodes.inline:
    """A badge that shape and word tell apart, not colour alone."""
    mark, words, meaning = MARKS[status]
    kind = status.lower().replace("_", "-")
    node = nodes.inline("", "", classes=["tl-badge", f"tl-{kind}"])
    node += nodes.inline("", f"{mark} ", classes=["tl-mark"])
    node += nodes.Text(words)
    node["tl-meaning"] = meaning
    return node


class BadgeRole(SphinxRole):
    """`{badge}` with a status in capitals."""

    def run(self):
        """Look the status up."""
        if self.text not in MARKS:
            message = f"no status {self.text!r}; there are: {', '.join(MARKS)}"
            return [], [self.inliner.reporter.error(message, line=self.lineno)]
        return [badge(self.text)], []


def setup(app):
    """Connect."""
    app.add_role("badge", BadgeRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
