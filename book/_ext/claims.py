"""The `{claim}` directive: a checked equation, printed from the object that was checked.

It checks the derivation that holds the claim, prints its LaTeX with a number that `{eq}` can
refer to, and says how it is established, from what, and after whom. A name that does not exist
or a step that fails fails the build; so does a theorem that contains no claim.
"""

from pathlib import Path
from typing import ClassVar

from bookbuild.catalogue import with_citations
from bookbuild.digest import derivation_sources
from bookbuild.records import claim_record
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.domains import Domain
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

LOG = logging.getLogger(__name__)
STATEMENTS = {"theorem", "lemma", "proposition", "corollary"}
MAP = "book/claims"  # the map, or the folder of the maps of the topics


def row_id(path: str) -> str:
    """The anchor of a claim's row in the map of all claims."""
    return nodes.make_id(f"claim-{path}")


def said(record: dict) -> str:
    """What stands beside a claim: status, cases, premises, source; as MyST."""
    parts = [f"{{badge}}`{record['status']}`"]
    if record["cases"]:
        parts[0] += f" for {record['cases']}"
    if record["strength"] and record["strength"] != record["status"]:
        parts.append(f"rests on {{badge}}`{record['strength']}`")
    if record["using"]:
        parts.append("from " + ", ".join(f"{{claimref}}`{path}`" for path in record["using"]))
    if record["source"]:
        parts.append(with_citations(record["source"]))
    return " · ".join(parts)


class ClaimDirective(SphinxDirective):
    """`{claim} topic/derivation/item`."""

    required_arguments = 1
    option_spec: ClassVar = {"repeat": directives.flag}

    def run(self):
        """Check, then print."""
        path = self.arguments[0].strip()
        root = Path(self.env.srcdir)
        for source in derivation_sources(root, path.split("/")[0]):
            self.env.note_dependency(str(source))
        try:
            record = claim_record(root, path)
        except Exception as error:
            raise self.error(f"claim {path}: {type(error).__name__}: {error}") from error

        equation = nodes.math_block(record["latex"], record["latex"], nowrap=False, number=None)
        equation["docname"] = self.env.docname
        self.set_source_info(equation)
        shown = [equation]
        repeated = "repeat" in self.options
        if not repeated:
            equation["label"] = path
            math = self.env.get_domain("math")
            math.note_equation(self.env.docname, path, location=equation)
            equation["number"] = math.get_equation_number_for(path)
            anchor = f"equation-{path}"
            target = nodes.target("", "", ids=[nodes.make_id(anchor)])
            self.state.document.note_explicit_target(target)
            shown = [target, equation]
            self.env.get_domain("claim").note(path, self.env.docname)

        text = said(record)
        if repeated:
            text += f" · this is {{claimref}}`{path}`"
        children, messages = self.parse_inline(text)
        line = nodes.container("", nodes.paragraph("", "", *children), classes=["tl-said"])
        box = nodes.container("", *shown, line, classes=["tl-claim", record["status"].lower()])
        box["claim"] = path
        return [box, *messages]


class ClaimDomain(Domain):
    """Where each claim is shown, and links to it by name."""

    name = "claim"
    label = "claims"
    initial_data: ClassVar = {"shown": {}}  # path -> docname
    data_version = 1

    def note(self, path: str, docname: str) -> None:
        """Remember the page that shows a claim."""
        self.data["shown"][path] = docname

    def clear_doc(self, docname: str) -> None:
        """Forget what a page showed."""
        shown = self.data["shown"]
        for path in [path for path, doc in shown.items() if doc == docname]:
            del shown[path]

    def merge_domaindata(self, docnames, otherdata) -> None:
        """Join what parallel readers saw."""
        self.data["shown"].update(
            {path: doc for path, doc in otherdata["shown"].items() if doc in docnames}
        )

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        """Link to the equation where it is shown, else to its row in the map."""
        if target in self.data["shown"]:
            math = env.get_domain("math")
            link = math.resolve_xref(env, fromdocname, builder, "eq", target, node, contnode)
            if typ == "shown":
                return nodes.inline("", "", nodes.Text("shown as "), link, classes=["tl-quiet"])
            return link
        if typ == "shown":
            return nodes.inline("", "not shown", classes=["tl-quiet"])
        try:
            claim_record(Path(env.srcdir), target)
        except KeyError as error:
            LOG.warning("claimref: %s", error.args[0], location=node)
            return None
        name = nodes.literal("", target.rpartition("/")[2])
        of_topic = f"{MAP}/{target.split('/')[0]}"
        page = of_topic if of_topic in env.found_docs else MAP
        if page not in env.found_docs:
            return name
        return make_refnode(builder, fromdocname, page, row_id(target), name, target)

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        """Claims are referred to by their own role only."""
        return []


class ClaimRefRole(XRefRole):
    """`{claimref}` and `{claimshown}` with a claim's path."""

    def __init__(self, kind: str):
        super().__init__(warn_dangling=True)
        self.kind = kind

    def result_nodes(self, document, env, node, is_ref):
        """Hand over to the domain."""
        node["refdomain"], node["reftype"] = "claim", self.kind
        return [node], []


def require_claims(app, doctree):
    """Every theorem, lemma, proposition and corollary contains a claim."""
    for node in doctree.findall(nodes.Element):
        if node.get("realtype") in STATEMENTS and "countertype" in node:
            inner = [box for box in node.findall(nodes.container) if box.get("claim")]
            if not inner:
                LOG.warning(
                    "%s %r contains no {claim}: name the checked step it rests on",
                    node["realtype"],
                    node.get("label", ""),
                    location=node,
                )


def rewrite_all(app, env):
    """Numbers of equations and the map of claims depend on all pages: write all or none."""
    return sorted(env.found_docs)


def setup(app):
    """Connect."""
    app.add_domain(ClaimDomain)
    app.add_directive("claim", ClaimDirective)
    app.add_role("claimref", ClaimRefRole("ref"))
    app.add_role("claimshown", ClaimRefRole("shown"))
    app.connect("doctree-read", require_claims)
    app.connect("env-updated", rewrite_all)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
