"""What this installation consists of, and whether it can work."""

import os
import platform
import shutil
from importlib.metadata import version

from theorylab.lab.store import Store, checkout, default_store

PACKAGES = ("theorylab", "jax", "jaxlib", "numpy", "scipy", "sympy", "xarray", "matplotlib")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def doctor() -> tuple[list[tuple[str, str]], bool]:
    """What was found, line by line, and whether the store can be written."""
    import jax

    devices = ", ".join(f"{device.device_kind} {device.id}" for device in jax.local_devices())
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    root = checkout()
    store = default_store()
    writable = _writable(store)
    rows = [
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        *((name, version(name)) for name in PACKAGES),
        ("devices", devices),
        ("checkout", str(root) if root else "none: installed as a package"),
        ("store", f"{store.path}{'' if writable else ' (cannot be written)'}"),
        ("stored", f"{len(store.keys())} results, {store.size() / 1e6:.1f} MB"),
        ("browser", browser or "none: the tests of the website are skipped"),
    ]
    return rows, writable


def _writable(store: Store) -> bool:
    place = store.path
    while not place.exists():
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK)
