"""The wheel is complete: it works outside the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder that holds the installed wheel and nothing of the repository."""
    place = tmp_path_factory.mktemp("wheel")
    python = [sys.executable, "-m"]
    quiet = {"check": True, "capture_output": True, "text": True}
    subprocess.run(
        [*python, "build", "--wheel", "--no-isolation", "--outdir", place, ROOT], **quiet
    )
    (wheel,) = place.glob("*.whl")
    target = place / "site"
    subprocess.run(
        [
            *python,
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            target,
            wheel,
        ],
        **quiet,
    )
    return target


def outside(installed: Path, code: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(installed), "THEORYLAB_STORE": str(installed / "store")}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=installed, env=env
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_it_is_the_wheel_that_is_imported(installed):
    where = outside(installed, "import theorylab; print(theorylab.__file__)")
    assert where.startswith(str(installed))


def test_a_derivation_checks_and_a_citation_prints(installed):
    code = """
import theorylab as tl
d = tl.symbolic.derivations("deep_linear")["deep_linear/race"]
d.check()
print(d.strength("conservation").name)
print(tl.cite(d))
"""
    printed = outside(installed, code)
    assert printed.startswith("PROVED")
    assert "@" in printed


def test_every_figure_is_listed_and_one_is_made(installed):
    code = """
import theorylab as tl
from theorylab.lab import figures
names = sorted(figures.figures())
print(*names)
made = figures.make("deep_linear/race-portrait", format="svg", out=".")
print(made)
"""
    outside(installed, code)
    assert any(installed.glob("*race-portrait*.svg"))
