"""Directives whose content is printed from the package: reference, maps, tables."""

import typing
from pathlib import Path

from bookbuild import catalogue, reference
from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .claims import row_id

typing.GENERATING_DOCUMENTATION = "theorylab"  # jaxtyping then prints its types as written


class Generated(SphinxDirective):
    """A directive that stands for Markdown made by a function of the checkout and an argument."""

    optional_arguments = 1

    def text(self, root: Path, argument: str) -> str:
        """The Markdown."""
        raise NotImplementedError

    def run(self):
        """Render what the function returns where the directive stands, headings included."""
        argument = self.arguments[0].strip() if self.arguments else ""
        for file in sorted((Path(self.env.srcdir) / "theorylab").rglob("*.py")):
            self.env.note_dependency(str(file))
        text = self.text(Path(self.env.srcdir), argument)
        self.state._renderer.nested_render_text(text, self.lineno)
        return []


def directive(function) -> type[Generated]:
    """The directive of a function `(root, argument) -> Markdown`."""
    return type(function.__name__, (Generated,), {"text": staticmethod(function)})


class ClaimRowRole(SphinxRole):
    """`{claimrow}`: the name of a claim, as the target of links to it."""

    def run(self):
        """Make the target."""
        name = nodes.literal("", self.text.rpartition("/")[2])
        return [nodes.inline("", "", name, ids=[row_id(self.text)])], []


def setup(app):
    """Connect."""
    app.add_directive("claim-map", directive(catalogue.claim_map))
    app.add_directive("audit-score", directive(lambda root, _: catalogue.audit_score(root)))
    app.add_directive("ledger", directive(catalogue.ledger))
    app.add_directive("figure-gallery", directive(catalogue.gallery))
    app.add_directive("versions", directive(lambda root, _: catalogue.versions(root)))
    app.add_directive("api", directive(lambda _, name: reference.reference(name)))
    app.add_role("claimrow", ClaimRowRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
