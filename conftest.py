"""One place for the numerical settings under which everything is tested."""

import os
from pathlib import Path

import jax
import matplotlib
import pytest
from bookbuild.environment import programs

ROOT = Path(__file__).parent

matplotlib.use("Agg")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

# Compiled programs are shared with the book's build, the other workers and the next run.
for _name, _value in programs(ROOT).items():
    jax.config.update(_name, _value)
    os.environ[_name.upper()] = str(_value)  # for the processes that tests start


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory, monkeypatch):
    """No test reads what an earlier one stored."""
    monkeypatch.setenv("THEORYLAB_STORE", str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="session")
def figure_store():
    """The book's store, whose results are keyed by the code that made them."""
    from theorylab.lab import Store

    return Store(ROOT / "_build" / "store")


@pytest.fixture(scope="module", autouse=True)
def _compiled_programs_go():
    """A worker that runs hundreds of tests would else hold gigabytes of compiled programs."""
    yield
    jax.clear_caches()
