"""One place for the numerical settings under which everything is tested."""

import jax
import matplotlib
import pytest

matplotlib.use("Agg")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory, monkeypatch):
    """No test reads what an earlier one stored."""
    monkeypatch.setenv("THEORYLAB_STORE", str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module", autouse=True)
def _compiled_programs_go():
    """A worker that runs hundreds of tests would else hold gigabytes of compiled programs."""
    yield
    jax.clear_caches()
