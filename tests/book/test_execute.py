"""Pages are executed once, several at a time, and a failing page shows its traceback."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# A page

"""
# In a process of its own: Jupyter's client leaves sockets open, which the tests do not allow.
RUN = """
import sys
from pathlib import Path
from bookbuild import execute
folder, *pages = map(Path, sys.argv[1:])
try:
    ran = execute.execute(pages, folder, jobs=2)
except execute.PageError as error:
    sys.exit(str(error))
print(*(page.name for page in ran), execute.executed(pages[0], folder).cells[1].outputs[0].text)
"""


def page(folder, name, code):
    path = folder / f"{name}.md"
    path.write_text(f"{HEAD}```{{code-cell}} python3\n{code}\n```\n")
    return path


def run(folder, *pages):
    command = [sys.executable, "-c", RUN, str(folder), *map(str, pages)]
    return subprocess.run(command, cwd=ROOT / "book", capture_output=True, text=True, check=False)


def test_pages_run_once_and_failures_show_their_traceback(tmp_path):
    good = page(tmp_path, "good", "print(6 * 7)")
    bad = page(tmp_path, "bad", "def inner():\n    raise ArithmeticError('why it failed')\ninner()")
    cache = tmp_path / "cache" / "key"
    failed = run(cache, good, bad)
    assert failed.returncode == 1
    for said in (str(bad), "why it failed", "inner()"):
        assert said in failed.stderr
    assert f"{good}\n" not in failed.stderr

    # The good one was kept; prose may change, code may not.
    good.write_text(good.read_text().replace("# A page", "# Another title"))
    assert run(cache, good).stdout.split() == ["42"]
    good.write_text(good.read_text().replace("6 * 7", "6 * 8"))
    assert run(cache, good).stdout.split() == ["good.md", "48"]


def test_what_a_cell_prints_is_one_output(tmp_path):
    code = "print('six', end=' ', flush=True)\nprint('seven')\n42"
    said = page(tmp_path, "said", code)
    assert run(tmp_path / "cache" / "key", said).stdout.split() == ["said.md", "six", "seven"]


DRAW = """
import sys
from pathlib import Path
from bookbuild import environment, execute
root, page = map(Path, sys.argv[1:])
environment.enter(root)
execute.execute([page], root / "cache" / "key", jobs=1)
(drawn,) = execute.executed(page, root / "cache" / "key").cells[1].outputs
print(drawn.data["image/svg+xml"])
"""


def test_a_drawing_has_the_same_names_each_time(tmp_path):
    """Also where pyplot first draws under settings that are then undone."""
    code = """import matplotlib.pyplot as plt
with plt.rc_context():
    drawn, ax = plt.subplots()
    ax.plot([0, 1])
    plt.close(drawn)
drawn"""
    drawing = page(tmp_path, "drawing", code)
    kept = {k: v for k, v in os.environ.items() if k not in ("IPYTHONDIR", "MATPLOTLIBRC")}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", DRAW, str(tmp_path / name), str(drawing)],
            cwd=ROOT / "book",
            env=kept,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("first", "second")
    )
    assert "<svg" in first
    assert first == second
