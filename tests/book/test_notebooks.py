"""A downloaded page reads alone: nothing of the website's markup is left, nothing is lost."""

import nbformat
import pytest
from bookbuild import notebooks

RECORD = {
    "latex": r"\dot F = r",
    "status": "PROVED",
    "cases": "$D = 2, 3$",
    "using": ["race/flow/potential"],
    "source": "saxe2014exact, eq. (3)",
}
PAGE = r"""---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# A page

```{prerequisites}
Gradients; {doc}`the notation </book/notation>`.
```

```{code-cell} python3
:tags: [hide-cell]
from myst_nb import glue
glue("gap", 0.00125, display=False)
```

::::{prf:theorem} The race
:label: thm-race
On $t \ge 0$,

```{claim} race/flow/invariant
```
::::

Then {eq}`race/flow/invariant` holds, the gap is {glue:text}`gap:.1e`, see {cite:t}`saxe2014exact`
and {cite:p}`saxe2014exact`, {py:func}`~theorylab.cite` and {numref}`fig-a`.

$$
a = b
$$ (eq-typed)

```{code-cell} python3
---
mystnb:
  figure:
    name: fig-a
    caption: "The finding; see {eq}`eq-typed`."
---
1 + 1
```

```{exercise-start} Hard
:label: ex-a
```
Why?
```{exercise-end}
```

```{solution-start} ex-a
:label: sol-a
:class: dropdown
```
Because.

```{code-cell} python3
assert "secret"
```
```{solution-end}
```

After.
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def text_of(notebook, kind="markdown"):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == kind)


def test_everything_is_written_out(page):
    notebook = notebooks.export(
        page, {"race/flow/invariant": RECORD}.__getitem__, {"gap": "0.0124"}
    )
    text = text_of(notebook)
    for said in (
        r"\dot F = r" + "\n\\tag{invariant}",
        "Claim `race/flow/invariant`: proved for $D = 2, 3$; from potential; ",
        "; Saxe et al. (2014), eq. (3).*",
        "**Theorem (The race).**",
        "Then (invariant) holds, the gap is 1.2e-02, see Saxe et al. (2014)\n",
        "and (Saxe et al., 2014), ",
        "`theorylab.cite`",
        "\\tag{typed}",
        "**Figure.** The finding; see (typed).",
        "### Exercise: Hard",
        "*Prerequisites:* Gradients; the notation.",
        "Because.",
        "After.",
    ):
        assert said in text
    for mark in ("{eq}", "{claim}", "```{", ":::", ":label:", ":class:", "(eq-typed)"):
        assert mark not in text
    assert "myst_nb" not in text_of(notebook, "code")
    nbformat.validate(notebook)


def test_exporting_twice_gives_the_same_bytes(page, tmp_path):
    for name in ("a", "b"):
        notebook = notebooks.export(page, lambda path: RECORD)
        notebooks.write(notebook, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_student_edition_holds_no_solution(page):
    notebook = notebooks.export(page, lambda path: RECORD, solutions=False)
    both = text_of(notebook) + text_of(notebook, "code")
    assert "Because" not in both
    assert "secret" not in both
    assert "Why?" in both
    assert "After." in both


def test_a_missing_claim_is_an_error(page):
    with pytest.raises(KeyError):
        notebooks.export(page, {}.__getitem__)


def test_glued_values_are_found():
    output = nbformat.v4.new_output(
        "display_data",
        {"application/papermill.record/text/plain": "0.5"},
        metadata={"scrapbook": {"name": "share"}},
    )
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    assert notebooks.glued(nbformat.v4.new_notebook(cells=[cell])) == {"share": "0.5"}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("saxe2014exact", "Saxe et al. (2014)"),
        ("fukumizu1998effect", "Fukumizu (1998)"),
        ("unknown2000key", "unknown2000key"),
    ],
)
def test_author_year(key, said):
    assert notebooks.author_year(key) == said
