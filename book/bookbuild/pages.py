"""The pages of the book: what the table of contents names, and which of them hold cells."""

from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml


def pages(root: Path) -> list[Path]:
    """Source files of all pages, in the order of the table of contents."""
    site = parse_toc_yaml(root / "_toc.yml")
    return [root / f"{name}.md" for name in site]


def is_notebook(page: Path) -> bool:
    """Whether the page holds cells that a kernel executes."""
    from myst_nb.core.read import is_myst_markdown_notebook

    return is_myst_markdown_notebook(page.read_text(encoding="utf-8"))


def notebooks(root: Path) -> list[Path]:
    """The pages that hold cells."""
    return [page for page in pages(root) if is_notebook(page)]
