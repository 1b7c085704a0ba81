"""Every downloaded notebook runs from beginning to end with nothing but the package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
RUN = """
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
"""
NOTEBOOKS = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs(name, tmp_path, monkeypatch):
    code = [c for c in json.loads((SITE / name).read_text())["cells"] if c["cell_type"] == "code"]
    assert code
    assert not any("myst_nb" in line for cell in code for line in cell["source"])
    monkeypatch.setenv("THEORYLAB_STORE", str(ROOT / "_build" / "store"))
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    command = [sys.executable, "-c", RUN, str(SITE / name)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_every_page_with_cells_is_offered_as_a_notebook(site):
    from bookbuild.pages import notebooks

    wanted = {page.relative_to(ROOT).with_suffix(".ipynb").as_posix() for page in notebooks(ROOT)}
    assert wanted - set(NOTEBOOKS) == set()
