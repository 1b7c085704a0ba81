"""Keys that change when something changes that computed results depend on."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(root: Path, paths: Iterable[Path]) -> str:
    """Hash of names (relative to `root`) and contents."""
    total = hashlib.sha256()
    for path in sorted(paths):
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        total.update(str(name).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def package_digest(root: Path) -> str:
    """Key of everything a page's cells can reach: the package, its data, the locked versions."""
    package = root / "theorylab"
    paths = [*package.rglob("*.py"), *package.glob("*.bib"), *package.glob("*/reference/**/*")]
    lock = root / "requirements.lock"
    return digest(root, [path for path in [*paths, lock] if path.is_file()])


def derivation_sources(root: Path, topic: str) -> list[Path]:
    """Files that say what a topic's derivations are."""
    folder = root / "theorylab" / topic
    return sorted([*folder.glob("derivations.py"), *folder.glob("derivations/**/*.py")])


def derivation_digest(root: Path, sources: Iterable[Path]) -> str:
    """Key of a checked derivation: the files it is written in, and the checker."""
    package = root / "theorylab"
    checker = [*(package / "symbolic").rglob("*.py"), package / "citation.py"]
    paths = {*checker, *sources, root / "requirements.lock"}
    return digest(root, [path for path in paths if path.is_file()])


def book_digest(root: Path) -> str:
    """Key of the book's own machinery: a change of it re-reads every page."""
    book = root / "book"
    return digest(root, [*book.glob("_ext/*.py"), *book.glob("bookbuild/*.py")])


def site_digest(root: Path) -> str:
    """Key of all that the site is built from."""
    paths = [root / name for name in ("_config.yml", "_toc.yml", "requirements.lock")]
    for folder in ("book", "chapters", "theorylab"):
        paths += [p for p in (root / folder).rglob("*") if "__pycache__" not in p.parts]
    return digest(root, [path for path in paths if path.is_file()])


def cache_folder(root: Path) -> Path:
    """Where executed notebooks are kept while the package stays as it is."""
    return root / "_build" / "cache" / "notebooks" / package_digest(root)
