"""The commands of the README print what it says they print; its Python runs as a doctest."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSION = re.compile(
    r"^\$ (?P<command>\.venv/bin/theorylab .*)\n(?P<output>(?:(?!\$ |```).*\n)*)", re.M
)
SHOWN = [(m["command"], m["output"]) for m in SESSION.finditer(README)]


def test_there_are_commands_to_try():
    assert len(SHOWN) >= 3


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_readme_shows(command, output, tmp_path):
    words = shlex.split(command)
    words[0] = str(Path(sys.executable).with_name("theorylab"))
    env = {**os.environ, "THEORYLAB_STORE": str(ROOT / "_build" / "store")}
    done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, output), done.stderr
    for line in output.splitlines():
        if "." in line and " " not in line:
            assert (tmp_path / line).stat().st_size > 0


def test_pictures_and_links_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
