"""What the book prints from the package: reference, figures' provenance, mathematics, tables."""

import importlib
import re
from types import SimpleNamespace

import pytest
from _ext import docstrings, offline_math, provenance
from bookbuild import catalogue, fill, parallel, records, reference
from docutils import nodes
from sphinx.util.docutils import new_document

from theorylab.discover import topics

PAGE = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# A page

```{code-cell} python3
---
mystnb: {figure: {name: Fig-Race, caption: A line.}}
---
tl.lab.figures.show("deep_linear/race")
```

```{code-cell} python3
---
mystnb: {figure: {name: fig-own, caption: A line.}}
---
plt.show()
```
"""


def draw_race():
    """Stands for a drawing function."""


@pytest.mark.parametrize("name", ["symbolic", "lab", *topics()])
def test_reference_documents_every_public_name_once(name):
    package = importlib.import_module(f"theorylab.{name}")
    text = reference.reference(package.__name__)
    documented = re.findall(r"^\.\. auto\w+:: (\S+)$", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    public = {f"{package.__name__}.{thing}" for thing in package.__all__}
    assert public - set(documented) == set()
    assert all(reference.sources(package.__name__))


def test_figures_of_a_page_are_matched_to_registered_ones(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert provenance.shown_figures(page) == {"fig-race": "deep_linear/race"}

    spec = SimpleNamespace(draw=draw_race)
    monkeypatch.setattr("theorylab.lab.figures.figures", lambda: {"deep_linear/race": spec})
    doctree = new_document("page")
    doctree += [nodes.figure("", names=["fig-race"]), nodes.figure("", names=["fig-own"])]
    env = SimpleNamespace(docname="page", doc2path=lambda name: str(page))
    provenance.add_lines(SimpleNamespace(env=env), doctree)
    drawn, own = doctree.findall(nodes.figure)
    assert drawn.astext() == "drawn by draw_race · theorylab figures make deep_linear/race"
    assert own.astext() == ""


def test_mathjax_is_copied_in_part_and_only_after_success(tmp_path):
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    offline_math.copy_mathjax(app, ValueError("failed"))
    assert list(tmp_path.iterdir()) == []
    offline_math.copy_mathjax(app, None)
    copied = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert (tmp_path / "_static" / "mathjax" / "tex-chtml.js") in copied
    assert any(path.suffix == ".woff" for path in copied)
    assert sum(path.stat().st_size for path in copied) < 2_000_000


def test_scripts_that_need_the_network_are_dropped():
    scripts = [
        SimpleNamespace(filename="_static/book.js", attributes={}),
        SimpleNamespace(filename="_static/sphinx-thebe.js", attributes={}),
        SimpleNamespace(filename=None, attributes={"body": 'const THEBE_JS_URL = "x"'}),
    ]
    context = {"script_files": list(scripts)}
    offline_math.drop_thebe(None, "page", "", context, None)
    assert context["script_files"] == scripts[:1]


def test_tables_keep_paragraphs_in_their_cells():
    text = catalogue.table([["a", "b"], ["first\n\nsecond", "third"]])
    assert "* - first\n\n    second\n  - third\n" in text


def test_a_plan_that_fails_is_reported_with_its_traceback(monkeypatch):
    class Broken:
        def run(self):
            raise ArithmeticError("why it failed")

    key = 64 * "0"
    monkeypatch.setattr(fill, "plans", lambda: {key: Broken()})
    said, failure = parallel.attempt(fill.run, key)
    assert said == ""
    assert failure.startswith(f"{key}\n")
    assert "why it failed" in failure


def test_plans_of_figures_and_of_the_ledger_are_found(monkeypatch):
    plan = [SimpleNamespace(key=key) for key in "abc"]
    drawn = {"x/y": SimpleNamespace(needs={"one": plan[0], "two": plan[1]})}
    rows = (SimpleNamespace(needs={"one": plan[1], "two": plan[2]}),)
    monkeypatch.setattr("theorylab.lab.figures.figures", lambda: drawn)
    monkeypatch.setattr("theorylab.lab.rows", lambda: rows, raising=False)
    fill.plans.cache_clear()
    assert sorted(fill.plans()) == ["a", "b", "c"]
    fill.plans.cache_clear()


def test_a_record_depends_on_the_module_its_derivation_is_written_in():
    from theorylab.symbolic import derivations

    for derivation in derivations().values():
        module = records._module(derivation)
        assert module is not None
        assert not importlib.import_module(module).__file__.endswith("derivations/__init__.py")


@pytest.mark.parametrize(
    ("docstring", "rst"),
    [
        ("Take `x`.", "Take ``x``."),
        ("Of $K^2$, twice.", "Of :math:`K^2`, twice."),
        ("The $K$s.", "The :math:`K`\\ s."),
        ("If |a - b| is small.", "If \\|a - b\\| is small."),
        ("A name_ like this_one.", "A name\\_ like this_one."),
        ("$$a = b$$", ".. math::\n\n   a = b\n"),
        ("Like:\n\n    @figure", "Like::\n\n    @figure"),
        ("Args:\n    x: `y`.", "Args:\n    x: ``y``."),
        ("Rules:\n\n  - one", "Rules:\n\n  - one"),
        (">>> a | `b`\n$1$\n\n$x$", ">>> a | `b`\n$1$\n\n:math:`x`"),
    ],
)
def test_docstrings_become_restructuredtext(docstring, rst):
    assert "\n".join(docstrings.to_rst(docstring.splitlines())) == rst
