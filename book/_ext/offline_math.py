"""Mathematics without the network: MathJax from the installed wheel, only the parts in use.

Also drops the sphinx-thebe snippet, which throws an error on every page and loads nothing here.
"""

import shutil
from importlib.metadata import distribution
from pathlib import Path

ENTRY = "tex-chtml.js"
FONTS = Path("output") / "chtml" / "fonts" / "woff-v2"


def wheel_folder() -> Path:
    """Where the sphinx-mathjax-offline wheel keeps MathJax."""
    files = distribution("sphinx-mathjax-offline").files or []
    entry = next(file for file in files if file.name == ENTRY)
    return Path(str(entry.locate())).parent


def set_path(app, config):
    """Point every page at the copy."""
    config.mathjax_path = f"mathjax/{ENTRY}"


def copy_mathjax(app, exception):
    """Copy the entry file and its fonts, 1.6 of the wheel's 24 MB."""
    if exception is not None or app.builder.format != "html":
        return
    source, target = wheel_folder(), Path(app.outdir) / "_static" / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / ENTRY, target / ENTRY)
    shutil.copytree(
        source / FONTS, target / FONTS, dirs_exist_ok=True, copy_function=shutil.copyfile
    )


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out the scripts of a feature that needs the network."""

    def keep(script):
        body = str(getattr(script, "attributes", {}).get("body", ""))
        name = str(getattr(script, "filename", "") or "")
        return "THEBE_JS_URL" not in body and "sphinx-thebe" not in name

    context["script_files"] = [s for s in context.get("script_files", []) if keep(s)]


def setup(app):
    """Connect."""
    app.connect("config-inited", set_path)
    app.connect("build-finished", copy_mathjax)
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
