"""Two builds in two folders give the same site, byte for byte, but for the status page.

Takes minutes: runs where THEORYLAB_TWO_BUILDS=1 asks for it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WHERE = ("_config.yml", "_toc.yml", "requirements.lock", "book", "chapters", "theorylab")
STATUS = {"book/status.html", "_sources/book/status.md"}


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.skipif(
    os.environ.get("THEORYLAB_TWO_BUILDS") != "1",
    reason="takes minutes; ask for it with THEORYLAB_TWO_BUILDS=1",
)
def test_two_cold_builds_are_the_same(tmp_path):
    sites = []
    for name in ("first", "second/deeper"):
        checkout = tmp_path / name
        checkout.mkdir(parents=True)
        for part in WHERE:
            source = ROOT / part
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, checkout / part)
        environment = {k: v for k, v in os.environ.items() if k != "THEORYLAB_STORE"}
        command = [sys.executable, str(checkout / "book" / "build.py"), "build"]
        environment["PYTHONPATH"] = str(checkout)
        subprocess.run(command, env=environment, check=True, capture_output=True)
        sites.append(tree(checkout / "_build" / "html"))
    first, second = sites
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name] and name not in STATUS] == []
