"""The store: whole or absent, never damaged, never stale."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.toys import Noisy, Single
from theorylab.lab import Plan, Store, default_store, fingerprint
from theorylab.lab.store import checkout

ROOT = Path(__file__).parents[2]
KEY = hashlib.sha256(b"a").hexdigest()


def some(value=1.0):
    return xr.Dataset({"x": ("t", np.arange(50.0) * value)}, attrs={"note": "µ"})


def test_what_is_put_is_got(tmp_path):
    store = Store(tmp_path / "new")
    assert store.get(KEY) is None and KEY not in store and store.size() == 0
    store.put(KEY, some())
    xr.testing.assert_identical(store.get(KEY), some())
    assert store.keys() == [KEY] and store.size() > 0
    store.delete(KEY)
    assert store.get(KEY) is None


def test_a_key_is_a_digest(tmp_path):
    for wrong in ("", "../../x", KEY[:-1], KEY.upper()):
        with pytest.raises(ValueError, match="not a content key"):
            Store(tmp_path).put(wrong, some())


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_damaged_file_is_served(tmp_path_factory, data):
    store = Store(tmp_path_factory.mktemp("store"))
    path = store.put(KEY, some())
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content) - 1), "at")]
    else:
        content[data.draw(st.integers(0, len(content) - 1), "byte")] ^= data.draw(
            st.integers(1, 255), "flip"
        )
    path.write_bytes(content)
    assert store.get(KEY) is None
    assert store.keys() == [], "the damaged file is removed"


def test_a_damaged_result_is_computed_again(tmp_path):
    store, events = Store(tmp_path), []
    plan = Plan(Noisy(), over={"mean": [0.0, 1.0]}, seeds=2)
    first = plan.run(store)
    (path,) = tmp_path.glob("*/*.nc")
    path.write_bytes(path.read_bytes()[:-100])
    again = plan.run(store, progress=events.append)
    assert events[-1].computed == 1
    xr.testing.assert_identical(first, again)


def test_writers_and_readers_at_once(tmp_path):
    store, seen = Store(tmp_path), []

    def read():
        result = store.get(KEY)
        if result is not None:
            seen.append(float(result.x[1]))

    script = (
        "import sys; from tests.lab.test_store import *; s = Store(sys.argv[1]);"
        "[s.put(KEY, some(float(sys.argv[2]))) for _ in range(10)]"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path, str(v)], cwd=ROOT)
        for v in (1.0, 2.0)
    ]
    while any(writer.poll() is None for writer in writers):
        read()
    assert all(writer.returncode == 0 for writer in writers)
    read()
    assert seen and set(seen) <= {1.0, 2.0}
    assert not list(tmp_path.glob("*/*.part"))


def test_an_abandoned_temporary_file_goes(tmp_path):
    store = Store(tmp_path)
    old = store.put(KEY, some()).parent / "dead.part"
    fresh = old.with_name("alive.part")
    old.write_bytes(b"half"), fresh.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.put(KEY, some())
    assert not old.exists() and fresh.exists()


def test_where_the_store_is(monkeypatch, tmp_path):
    monkeypatch.setenv("THEORYLAB_STORE", str(tmp_path))
    assert default_store().path == tmp_path
    monkeypatch.delenv("THEORYLAB_STORE")
    assert default_store().path == checkout() / "_build" / "store"
    monkeypatch.setattr("theorylab.lab.store.checkout", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_store().path == tmp_path / "theorylab"


@settings(max_examples=30, deadline=None)
@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(1, 3), st.integers(1, 3))
def test_keys_agree_exactly_when_plans_do(a, b, m, n):
    one, other = Plan(Noisy(mean=a), seeds=m), Plan(Noisy(mean=b), seeds=n)
    assert (one.key == other.key) == (repr(a) == repr(b) and m == n)


def test_the_key_tells_everything_apart_that_changes_results():
    plans = [
        Plan(Noisy()),
        Plan(Noisy(kind="squared")),
        Plan(Noisy(), seeds=(1,)),
        Plan(Noisy(), over={"mean": [0.0]}),
        Plan(Noisy(), over={"mean": [0.0, 1.0]}),
        Plan(Noisy(), over={"mean": [1.0, 0.0]}),
        Plan(Noisy(), over={"scale": [0.5, 1.0]}),
        Plan(Noisy(), over={"mean": [0.0, 1.0]}, chunk=1),
        Plan(Single()),
    ]
    assert len({plan.key for plan in plans}) == len(plans)


def test_a_class_made_in_a_function_is_not_stored(tmp_path):
    # Its code may use what surrounds it, which no key can see.
    def made(power):
        from theorylab.lab import Experiment, Output, traced

        class Local(Experiment):
            x: float = traced(3.0)
            outputs = {"y": Output()}

            def simulate(self, key):
                return {"y": self.x**power}

        return Local()

    store = Store(tmp_path)
    assert float(Plan(made(1)).run(store).y) == 3.0
    assert float(Plan(made(2)).run(store).y) == 9.0
    assert store.keys() == []


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A copy of the package with a topic of three modules, to be edited."""
    root = tmp_path_factory.mktemp("copy")
    ignore = shutil.ignore_patterns("__pycache__", "deep_linear")
    shutil.copytree(ROOT / "theorylab", root / "theorylab", ignore=ignore)
    topic = root / "theorylab" / "toy"
    topic.mkdir()
    (topic / "__init__.py").write_text(
        '"""A topic."""\nfrom theorylab.toy.maths import double as double\n'
        "from theorylab.toy.other import triple as triple\n"
    )
    (topic / "derivations.py").write_text("DERIVATIONS = ()\n")
    (topic / "maths.py").write_text(
        '"""Sums."""\n\n\ndef double(x):\n    return 2 * x\n\n\ndef half(x):\n    return x / 2\n'
    )
    (topic / "other.py").write_text("def triple(x):\n    return 3 * x\n")
    (topic / "experiments.py").write_text(
        "from theorylab.lab import Experiment, Output, traced\n"
        "from theorylab.toy import double\n\n\n"
        "class Twice(Experiment):\n"
        "    x: float = traced(1.0)\n"
        "    outputs = {'y': Output()}\n\n"
        "    def simulate(self, key):\n"
        "        return {'y': double(self.x)}\n"
    )
    return topic


def key_after(topic, file="maths.py", old="", new=""):
    """The fingerprint in a fresh process, with one edit in place."""
    path = topic / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    code = (
        "from theorylab.lab.fingerprint import fingerprint, traceable;"
        "assert traceable('theorylab.toy.experiments');"
        "print(fingerprint('theorylab.toy.experiments'))"
    )
    try:
        done = inside(topic, code)
    finally:
        path.write_text(before)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def inside(topic, code):
    root = topic.parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment)


def test_the_key_follows_the_code_and_nothing_else(elsewhere):
    key = key_after(elsewhere)
    same = [
        ("maths.py", "def double", "# a comment\ndef double"),
        ("maths.py", '"""Sums."""', '"""Other words."""'),
        ("maths.py", "double(x):\n", 'double(x):\n    "What it does."\n'),
        ("other.py", "3 * x", "4 * x"),  # not reached: another name of the package
        ("../lab/style.py", '"lines.linewidth": 1.8', '"lines.linewidth": 1.9'),
        ("../lab/progress.py", "computed = 0", "computed = 0 + 0"),  # only carries results
    ]
    for edit in same:
        assert key_after(elsewhere, *edit) == key, edit
    other = [
        ("maths.py", "2 * x", "2 * x + 0"),
        ("experiments.py", "double(self.x)", "double(self.x) + 1"),
        ("__init__.py", "toy.maths import double as", "toy.other import triple as"),
        ("__init__.py", "toy.maths import double as", "toy.maths import half as"),
        ("../lab/batch.py", "jax.random.key(seed,", "jax.random.key(seed + 1,"),
    ]
    keys = [key_after(elsewhere, *edit) for edit in other]
    assert len({key, *keys}) == len(other) + 1


def test_the_key_of_a_plan_holds_the_fingerprint(elsewhere):
    code = (
        "from theorylab.lab import Plan; from theorylab.toy.experiments import Twice;"
        "print(Plan(Twice()).key)"
    )
    first = inside(elsewhere, code).stdout
    path = elsewhere / "maths.py"
    before = path.read_text()
    path.write_text(before.replace("2 * x", "2 * x + 0"))
    second = inside(elsewhere, code).stdout
    path.write_text(before)
    assert len(first) == len(second) == 65 and first != second


def test_a_claim_named_in_a_string_is_reached(elsewhere):
    before = key_after(elsewhere, "maths.py", "2 * x", '(2 * x, "toy/doubling/law")[0]')
    text = "DERIVATIONS = ()\n"
    (elsewhere / "derivations.py").write_text("DERIVATIONS = ((),)\n")
    after = key_after(elsewhere, "maths.py", "2 * x", '(2 * x, "toy/doubling/law")[0]')
    plain = key_after(elsewhere)
    (elsewhere / "derivations.py").write_text(text)
    assert before != after and plain == key_after(elsewhere)


def test_a_file_changed_after_loading_is_not_trusted(elsewhere):
    code = (
        "import os, time, theorylab.toy.experiments as e; from theorylab.lab import Plan;"
        "path = e.__file__; now = time.time() + 60; os.utime(path, (now, now));"
        "assert not Plan(e.Twice()).storable"
    )
    done = inside(elsewhere, code)
    assert done.returncode == 0, done.stderr
    os.utime(elsewhere / "experiments.py", (1e9, 1e9))


def test_a_lazy_package_is_followed_to_the_name():
    reached = fingerprint.reached("tests.lab.toys")
    assert {"tests.lab.toys", "theorylab.lab.experiment", "theorylab.lab.require"} <= set(reached)
    assert "theorylab.lab.figures" not in reached and "theorylab.lab.style" not in reached
