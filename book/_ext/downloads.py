"""Every page with cells can be downloaded as a notebook that runs beside the installed package."""

from pathlib import Path

from bookbuild import notebooks
from bookbuild.execute import executed
from bookbuild.pages import is_notebook
from bookbuild.records import claim_record
from sphinx.util import logging

LOG = logging.getLogger(__name__)


def find(app, doctree):
    """Remember which pages have cells."""
    env = app.env
    if not hasattr(env, "theorylab_notebooks"):
        env.theorylab_notebooks = {}
    page = Path(env.doc2path(env.docname))
    if page.suffix == ".md" and is_notebook(page):
        env.theorylab_notebooks[env.docname] = page.relative_to(env.srcdir).as_posix()


def forget(app, env, docname):
    """A page is read anew or gone."""
    getattr(env, "theorylab_notebooks", {}).pop(docname, None)


def write_all(app, exception):
    """Write the notebooks beside the pages."""
    if exception is not None or app.builder.format != "html":
        return
    root = Path(app.srcdir)
    for docname, source in sorted(getattr(app.env, "theorylab_notebooks", {}).items()):
        page = root / source
        values = notebooks.glued(executed(page, Path(app.config.nb_execution_cache_path)))
        notebook = notebooks.export(
            page,
            lambda path: claim_record(root, path),
            values,
            solutions=not app.config.theorylab_student,
        )
        notebooks.write(notebook, Path(app.outdir) / f"{docname}.ipynb")


def setup(app):
    """Connect."""
    app.connect("env-purge-doc", forget)
    app.connect("doctree-read", find, priority=400)
    app.connect("build-finished", write_all)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
