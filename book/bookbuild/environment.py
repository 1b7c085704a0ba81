"""The environment in which everything of a build runs."""

import os
from pathlib import Path

EPOCH = "1767225600"  # 2026-01-01: files carry this date, so that equal sources give equal bytes

KERNEL_CONFIG = """\
c = get_config()
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
c.HistoryManager.enabled = False
"""
MATPLOTLIBRC = "svg.hashsalt: theorylab\n"  # else each drawing gets names of its own


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
        "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
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
