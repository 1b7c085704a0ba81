"""The sources of the pages keep the rules; and each rule notices a page that breaks it."""

import re
from pathlib import Path

import pytest
from bookbuild import lint
from bookbuild.pages import pages

from theorylab.citation import bibliography
from theorylab.discover import topics

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in pages(ROOT)
}
HEAD = "---\njupytext: {text_representation: {format_name: myst}}\n---\n# A page\n\n"


def cell(body: str, options: str = "") -> str:
    front = f"---\n{options}\n---\n" if options else ""
    return f"{HEAD}```{{code-cell}} python3\n{front}{body}\n```\n"


@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_the_rules(name):
    text = PAGES[name]
    found = lint.figures(text) + lint.code(text) + lint.mathematics(text)
    if name.startswith("chapters/"):
        found += lint.opening(text)
    assert found == []


def test_every_exercise_is_solved_and_checked():
    assert lint.exercises(PAGES.values()) == []


def test_bibliography_is_used_and_findable():
    sources = [*(ROOT / "theorylab").rglob("*.py"), *(ROOT / "chapters").rglob("*.md")]
    words = {w for path in sources for w in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    used = words.union(*map(lint.citations, PAGES.values())) & set(bibliography())
    assert lint.bibliography(bibliography(), used) == []


def test_every_chapter_page_and_every_topic_is_in_the_contents():
    written = {path.relative_to(ROOT).as_posix() for path in (ROOT / "chapters").rglob("*.md")}
    assert written - set(PAGES) == set()
    assert {f"book/api/{name}.md" for name in (*topics(), "symbolic", "lab")} - set(PAGES) == set()


GOOD = "name: fig-a\n    caption: A line.\n  image:\n    alt: " + 45 * "x"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lint.figures, cell("plt.show()")),
        (lint.figures, cell("plt.show()", "mystnb:\n  figure:\n    " + GOOD.replace("x", "", 10))),
        (lint.figures, cell("a", "mystnb:\n  figure:\n    " + GOOD.replace("name: fig-a", "b: c"))),
        (lint.figures, "# A page\n\n```{image} x.png\n:alt: a plot\n```\n"),
        (lint.code, cell("np.random.normal()")),
        (lint.code, cell("import random")),
        (lint.code, cell("now = time.time()")),
        (lint.code, cell("!pip install x")),
        (lint.code, cell("jax.random.key(int(now))".replace("int(now)", "a + 1"))),
        (lint.code, cell("x = " + 75 * "1")),
        (lint.mathematics, cell("1") + "\nFrom $L = {glue:text}`x`$ on.\n"),
        (lint.opening, "# A page\n\nText.\n"),
        (lambda text: lint.exercises([text]), "```{exercise-start} A\n:label: ex-a\n```\n"),
        (lambda text: lint.exercises([text]), "```{exercise-start} A\n```\n"),
        (
            lambda text: lint.exercises([text]),
            "{solution-start} ex-b\nassert x\n{solution-end}\n",
        ),
        (lambda text: lint.bibliography({"a": "  year = {1}"}, {"a"}), ""),
        (lambda text: lint.bibliography({"a": "  doi = {1}"}, set()), ""),
    ],
)
def test_each_rule_notices(rule, text):
    assert len(rule(text)) == 1


def test_rules_accept_what_is_right():
    good = cell("plt.show()\nkey = jax.random.key(3)", "mystnb:\n  figure:\n    " + GOOD)
    assert lint.figures(good) + lint.code(good) == []
    assert lint.mathematics(cell("1") + "\nFrom $L=2$ and {glue:text}`x`, to $M$.\n") == []
    solved = "{exercise-start} A\n:label: ex-a\n{solution-start} ex-a\nassert x\n{solution-end}\n"
    assert lint.exercises([solved]) == []
