"""Executed cells are kept only while the package and the locked versions stay as they are."""

from pathlib import Path

from bookbuild.digest import book_digest, cache_folder


def set_cache(app, config):
    """Name the notebook cache after what the cells can reach."""
    root = Path(app.srcdir)
    config.nb_execution_cache_path = str(cache_folder(root))
    config.theorylab_book_digest = book_digest(root)


def setup(app):
    """Connect; a change of either key makes Sphinx read every page again."""
    app.add_config_value("theorylab_book_digest", "", "env", str)
    app.connect("config-inited", set_cache, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
