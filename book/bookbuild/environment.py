"""The environment in which everything of a build runs."""

import os
from pathlib import Path
from typing import Any

EPOCH = "1767225600"  # 2026-01-01: files carry this date, so that equal sources give equal bytes

KERNEL_CONFIG = """\
c = get_config()
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
c.HistoryManager.enabled = False
"""
MATPLOTLIBRC = "svg.hashsalt: theorylab\n"  # else each drawing gets names of its own


def programs(root: Path) -> dict[str, Any]:
    """JAX's settings under which compiled programs are kept, for the build and for the tests."""
    return {
        "jax_compilation_cache_dir": str(root / "_build" / "cache" / "jax"),
        "jax_persistent_cache_min_compile_time_secs": 0.1,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }


def settings(root: Path) -> dict[str, str]:
    """Environment variables of a build in the checkout `root`; what the caller has set stays."""
    cache = root / "_build" / "cache"
    wanted = {
        "SOURCE_DATE_EPOCH": EPOCH,
        "PYTHONHASHSEED": "0",
        "THEORYLAB_STORE": str(root / "_build" / "store"),
        "IPYTHONDIR": str(cache / "ipython"),
        "MATPLOTLIBRC": str(cache / "matplotlib" / "matplotlibrc"),
        "JAX_PLATFORMS": "cpu",
        **{name.upper(): str(value) for name, value in programs(root).items()},
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def enter(root: Path) -> None:
    """Take on the settings, and write the configurations that page kernels start with."""
    wanted = settings(root)
    os.environ.update(wanted)
    profile = Path(wanted["IPYTHONDIR"]) / "profile_default"
    for path, text in (
        (profile / "ipython_kernel_config.py", KERNEL_CONFIG),
        (root / "_build" / "cache" / "matplotlib" / "matplotlibrc", MATPLOTLIBRC),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
