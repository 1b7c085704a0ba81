"""Results are kept exactly as long as what they depend on stays the same."""

import importlib.util
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from bookbuild import digest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path):
    files = {
        "theorylab/a.py": "x = 1",
        "theorylab/symbolic/rules.py": "x = 2",
        "theorylab/race/derivations.py": "x = 3",
        "theorylab/race/figures.py": "x = 4",
        "theorylab/race/reference/figure.nc": "5",
        "theorylab/references.bib": "@x",
        "requirements.lock": "jax==1",
        "README.md": "text",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "pages", "derivations"),
    [
        ("theorylab/a.py", True, False),
        ("theorylab/symbolic/rules.py", True, True),
        ("theorylab/race/derivations.py", True, True),
        ("theorylab/race/figures.py", True, False),
        ("theorylab/race/reference/figure.nc", True, False),
        ("theorylab/references.bib", True, False),
        ("requirements.lock", True, True),
        ("README.md", False, False),
    ],
)
def test_what_an_edit_invalidates(checkout, name, pages, derivations):
    sources = digest.derivation_sources(checkout, "race")
    assert [path.name for path in sources] == ["derivations.py"]
    before = digest.package_digest(checkout), digest.derivation_digest(checkout, sources)
    (checkout / name).write_text("edited")
    after = digest.package_digest(checkout), digest.derivation_digest(checkout, sources)
    assert [a != b for a, b in zip(before, after, strict=True)] == [pages, derivations]


def test_renaming_a_file_is_an_edit(checkout):
    before = digest.package_digest(checkout)
    (checkout / "theorylab/a.py").rename(checkout / "theorylab/b.py")
    assert digest.package_digest(checkout) != before


@pytest.fixture
def build():
    """The script that builds the book."""
    spec = importlib.util.spec_from_file_location("book_build", ROOT / "book" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_site_is_built_again_when_it_has_to_be(checkout, build, monkeypatch):
    site, calls = checkout / "_build" / "html", []
    (checkout / "_config.yml").write_text("title: x")
    (checkout / "_toc.yml").write_text("root: x")

    def jupyter_book(command, **_):
        site.mkdir(parents=True)
        (site / "index.html").write_text("done")
        calls.append(command)
        return SimpleNamespace(returncode=0 if fine else 1)

    monkeypatch.setattr(build, "ROOT", checkout)
    monkeypatch.setattr(build.subprocess, "run", jupyter_book)
    edits = (
        lambda: None,
        lambda: (checkout / "theorylab/a.py").write_text("x = 0"),
        lambda: (checkout / "_toc.yml").write_text("root: y"),
        lambda: (site / "index.html").unlink(),
    )
    fine = True
    for number, edit in enumerate(edits):
        edit()
        assert build.sphinx(again=False) == 0
        assert build.sphinx(again=False) == 0
        assert len(calls) == number + 1
    build.sphinx()
    assert len(calls) == len(edits) + 1
    (checkout / "_toc.yml").write_text("wrong")
    fine = False
    assert build.sphinx(again=False) == build.sphinx(again=False) == 1
    assert len(calls) == len(edits) + 3


def test_caches_of_older_states_are_deleted(tmp_path, build):
    for age in range(5):
        (tmp_path / f"state{age}").mkdir()

        os.utime(tmp_path / f"state{age}", (1e9 - age, 1e9 - age))
    build.prune(tmp_path / "now")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state0", "state1"]
