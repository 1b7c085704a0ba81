"""One store for the data of all the chapter's figures: computed once in a test session."""

import os

import pytest

from theorylab.lab import Store


@pytest.fixture(scope="session")
def figure_store(tmp_path_factory):
    """Empty at the start of a session; shared by the workers of a parallel one."""
    base = tmp_path_factory.getbasetemp()
    return Store(
        (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "rich-lazy-figures"
    )
