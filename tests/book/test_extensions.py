"""The book's extensions, on a tiny book that Sphinx builds in this process."""

import re
import shutil
import warnings
from io import StringIO

import pytest
import sympy as sp
from bookbuild import records
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from theorylab.symbolic import Derivation, Interval, Rewrite

x, y = sp.symbols("x y", real=True)
CONFIG = {
    "extensions": [
        "myst_nb",
        "sphinx_proof",
        "sphinx_exercise",
        "_ext.edition",
        "_ext.badges",
        "_ext.claims",
        "_ext.header",
        "_ext.footer",
        "_ext.generated",
    ],
    "html_theme": "basic",
    "html_copy_source": False,
    "myst_enable_extensions": ["colon_fence", "dollarmath"],
    "nb_execution_mode": "off",
    "numfig": True,
    "math_numfig": True,
    "nitpicky": True,
    "root_doc": "index",
    "suppress_warnings": ["myst.domains"],
    "theorylab_repository": "https://example.org/repository",
}
ERRATA = "---\norphan: true\n---\n# Errata\n"
CLAIM = "```{claim} tiny/square/expand\n```\n"
THEOREM = ":::{{prf:{kind}}} A statement\n:label: a-{kind}\n{body}\n:::\n"


def square(right=x**2 + 2 * x + 1) -> Derivation:
    d = Derivation("tiny/square", title="A square", domain={x: Interval(-3, 3), y: Interval(0, 9)})
    d.assume("side", y, x + 1, why="The side.", source="derived here")
    d.step(
        "expand",
        y**2,
        right,
        by=Rewrite(how=sp.expand),
        using=("side",),
        why="Multiply out.",
        source="derived here",
    )
    return d


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A function that builds the given pages and returns (warnings, html of a page, app)."""
    known = {"tiny/square": square()}
    monkeypatch.setattr(records, "_derivation", lambda name: known[name])
    monkeypatch.setattr("theorylab.symbolic.derivations", lambda topic=None: known)
    source = tmp_path / "source"
    (source / "book").mkdir(parents=True)
    (source / "book" / "errata.md").write_text(ERRATA)

    def build(pages, derivation=None, fresh=False):
        if derivation is not None:
            known["tiny/square"] = derivation
        for name, text in pages.items():
            page = source / f"{name}.md"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
        said = StringIO()
        with warnings.catch_warnings(), patch_docutils(None), docutils_namespace():
            warnings.simplefilter("ignore")
            app = Sphinx(
                source,
                None,
                tmp_path / "html",
                tmp_path / "doctrees",
                "html",
                confoverrides=CONFIG,
                status=None,
                warning=said,
                freshenv=fresh,
            )
            app.build()
        plain = re.sub(r"\x1b\[[\d;]*m", "", said.getvalue())
        return plain, (tmp_path / "html" / "index.html").read_text("utf-8"), app

    build.source = source
    build.html = tmp_path / "html"
    return build


def test_a_claim_is_printed_numbered_and_linked(book):
    said, html, _ = book({"index": f"# A page\n\n{CLAIM}\nBy {{eq}}`tiny/square/expand`.\n"})
    assert said == ""
    assert "y^{2} = " in html
    assert 'href="#equation-tiny-square-expand"' in html
    assert "tl-proved" in html
    assert ">side<" in html  # the premise, by name: it is not shown on any page


def test_a_premise_that_is_shown_is_linked_by_its_number(book):
    pages = {
        "index": f"# A page\n\n```{{toctree}}\nother\n```\n\n{CLAIM}",
        "other": "# Other\n\n```{claim} tiny/square/side\n```\n",
    }
    said, html, _ = book(pages)
    assert said == ""
    assert 'href="other.html#equation-tiny-square-side"' in html
    assert "tl-assumed" in (book.html / "other.html").read_text()


def test_a_claim_that_is_not_there_fails_and_the_others_are_named(book):
    said, _, _ = book({"index": "# A page\n\n```{claim} tiny/square/cube\n```\n"})
    assert "no item 'cube' in tiny/square; there are: side, expand" in said


def test_a_derivation_that_is_not_there_fails(book):
    said, _, _ = book({"index": "# A page\n\n```{claim} tiny/circle/area\n```\n"})
    assert "claim tiny/circle/area: KeyError" in said


def test_a_step_that_fails_fails_the_build(book):
    said, _, _ = book({"index": f"# A page\n\n{CLAIM}"}, square(x**2 + 1))
    assert "claim tiny/square/expand: DerivationError" in said


def test_a_claim_numbered_twice_fails_and_repeat_does_not(book):
    said, _, _ = book({"index": f"# A page\n\n{CLAIM}\n{CLAIM}"})
    assert "duplicate label of equation tiny/square/expand" in said
    again = CLAIM.replace("\n", "\n:repeat:\n", 1)
    said, html, _ = book({"index": f"# A page\n\n{CLAIM}\n{again}"})
    assert said == ""
    assert html.count("y^{2} = ") == 2
    assert html.count('id="equation-tiny-square-expand"') == 1


@pytest.mark.parametrize("kind", ["theorem", "lemma", "proposition", "corollary"])
def test_a_statement_needs_a_claim(book, kind):
    empty = THEOREM.format(kind=kind, body="It holds.")
    said, _, _ = book({"index": f"# A page\n\n{empty}"})
    assert f"{kind} 'a-{kind}' contains no {{claim}}" in said
    full = THEOREM.format(kind=kind, body=CLAIM).replace(":::", "::::")
    said, html, _ = book({"index": f"# A page\n\n{full}"})
    assert said == ""
    assert "y^{2} = " in html


def test_a_definition_needs_none(book):
    said, _, _ = book({"index": f"# A page\n\n{THEOREM.format(kind='definition', body='Text.')}"})
    assert said == ""


def test_claimref_to_nothing_fails(book):
    said, _, _ = book({"index": "# A page\n\nSee {claimref}`tiny/square/cube`.\n"})
    assert "no item 'cube'" in said


def test_editing_the_derivation_reads_the_page_again(book):
    file = book.source / "theorylab" / "tiny" / "derivations.py"
    file.parent.mkdir(parents=True)
    file.write_text("first")
    page = {"index": f"# A page\n\n{CLAIM}"}
    _, before, app = book(page)
    assert any("derivations.py" in name for name in app.env.dependencies["index"])
    file.write_text("second")
    said, after, _ = book({}, square((x + 1) * (x + 1)))
    assert said == ""
    assert before != after


@pytest.mark.parametrize("page", ["book/claims", "book/claims/tiny"])
def test_map_of_claims_links_premises_to_their_rows(book, page):
    """One map of all, or one for each topic."""
    pages = {
        "index": f"# A page\n\n```{{toctree}}\n{page}\n```\n\n{CLAIM}",
        page: "# Map\n\n```{claim-map}\n```\n",
    }
    said, html, _ = book(pages)
    assert said == ""
    table = (book.html / f"{page}.html").read_text("utf-8")
    up = "../" * page.count("/")
    assert 'id="claim-tiny-square-side"' in table
    assert 'href="#claim-tiny-square-side"' in table
    assert f'href="{up}index.html#equation-tiny-square-expand"' in table
    assert f'href="{page}.html#claim-tiny-square-side"' in html
    assert "<h2>A square" in table


def test_audit_score_is_the_audit_of_this_build(book):
    said, html, _ = book({"index": "# A page\n\n```{audit-score}\n```\n"})
    assert said == ""
    record = records.describe(square())
    assert record["killed"] > 0
    assert f"<p>{record['mutants']}</p>" in html


def test_header_says_what_is_needed_and_how_long_it_takes(book):
    words = 1800 * "word "
    said, html, _ = book({"index": f"# A page\n\n```{{prerequisites}}\nCare.\n```\n\n{words}\n"})
    assert said == ""
    assert re.search(r"Before: .*Care\.", html)
    assert "About 10 minutes" in html


def test_foot_carries_the_name_of_the_page(book):
    _, html, _ = book({"index": "# A *page*\n"})
    assert "Found an error in “A page”" in html
    assert "https://example.org/repository/issues/new?title=Error%20on%20index" in html
    assert 'href="book/errata.html"' in html


def test_unknown_badge_fails(book):
    said, _, _ = book({"index": "# A page\n\n{badge}`SURE`\n"})
    assert "no status 'SURE'" in said


def test_student_edition_has_no_solution(book, monkeypatch):
    head = "---\njupytext: {text_representation: {extension: .md, format_name: myst}}\n"
    head += "kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n"
    text = (
        f"{head}# A page\n\n```{{exercise}} E\n:label: ex-a\nWhy?\n```\n\n"
        "```{solution} ex-a\n:label: sol-a\nBecause.\n```\n\n"
        "```{exercise} F\n:label: ex-b\nHow?\n```\n\n"
        "```{solution-start} ex-b\n:label: sol-b\n```\nThus.\n\n"
        "```{code-cell} python3\nassert 'secret'\n```\n```{solution-end}\n```\n\nAfter.\n"
    )
    said, html, _ = book({"index": text})
    assert said == ""
    for kept in ("Why?", "Because.", "How?", "Thus.", "secret", "After."):
        assert kept in html
    monkeypatch.setenv("THEORYLAB_EDITION", "student")
    said, html, _ = book({"index": text}, fresh=True)
    assert said == ""
    for kept in ("Why?", "How?", "After."):
        assert kept in html
    for gone in ("Because.", "Thus.", "secret"):
        assert gone not in html


def test_two_builds_are_the_same_bytes(book):
    pages = {"index": f"# A page\n\n{CLAIM}\n\n```{{claim-map}}\n```\n"}
    trees = []
    for _ in range(2):
        shutil.rmtree(book.html, ignore_errors=True)
        book(pages, fresh=True)
        files = [path for path in book.html.rglob("*") if path.is_file()]
        trees.append({path.relative_to(book.html): path.read_bytes() for path in files})
    assert trees[0] == trees[1]


def test_reading_time_counts_words_equations_and_code():
    from _ext.header import minutes
    from sphinx.util.docutils import new_document

    page = new_document("page")
    assert minutes(page) == 5
    page += nodes.paragraph("", 3600 * "word ")
    assert minutes(page) == 20
    page += [nodes.math_block("", "x") for _ in range(20)]
    assert minutes(page) == 30
