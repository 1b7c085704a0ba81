"""Results on disk, found by what made them.

A result is one NetCDF file named by its content key and by the digest of its own bytes. It
appears whole or not at all, and is served only if the bytes still match, so a file that is
cut short, changed or half copied counts as absent and is computed again.
"""

import contextlib
import hashlib
import io
import os
import re
import time
import uuid
from pathlib import Path

import xarray as xr

_KEY = re.compile(r"[0-9a-f]{64}")
_ABANDONED = 3600.0  # seconds after which a temporary file has no writer


class Store:
    """A folder of datasets by content key; many processes may read and write at once.

    Args:
        path: the folder; it is made when something is first written.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def get(self, key: str) -> xr.Dataset | None:
        """The dataset of this key, or None if there is none that is intact."""
        for path in self._files(key):
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                if path.name == _name(key, content):
                    with io.BytesIO(content) as file:
                        return xr.load_dataset(file, engine="h5netcdf")
                path.unlink()  # what is damaged goes
        return None

    def put(self, key: str, dataset: xr.Dataset) -> Path:
        """Write a dataset under its key, whole, and return the file.

        Raises:
            ValueError: the key is not a SHA-256 digest in hexadecimal.
            OSError: the folder cannot be written.
        """
        folder = self._folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        self._sweep_out(folder)
        temporary = folder / f"{uuid.uuid4().hex}.part"
        try:
            dataset.to_netcdf(temporary, engine="h5netcdf")
            with open(temporary, "rb+") as file:
                content = file.read()
                os.fsync(file.fileno())
            path = folder / _name(key, content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    def delete(self, key: str) -> None:
        """Forget a key."""
        for path in self._files(key):
            path.unlink(missing_ok=True)

    def keys(self) -> list[str]:
        """All keys that have a file."""
        return sorted({path.name[:64] for path in self.path.glob("??/*.nc")})

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.path.glob("??/*"))

    def _folder(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a content key: {key!r}")
        return self.path / key[:2]

    def _files(self, key: str) -> list[Path]:
        return sorted(self._folder(key).glob(f"{key}-*.nc"))

    def _sweep_out(self, folder: Path) -> None:
        for path in folder.glob("*.part"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()


def default_store() -> Store:
    """The store of this machine.

    `$THEORYLAB_STORE` if it is set; else `_build/store` of the checkout that the package
    runs from; else `theorylab` in the user's cache folder.
    """
    given = os.environ.get("THEORYLAB_STORE")
    if given:
        return Store(given)
    root = checkout()
    if root is not None:
        return Store(root / "_build" / "store")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Store(Path(cache) / "theorylab")


def checkout() -> Path | None:
    """The repository that this package runs from, or None if it is installed elsewhere."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / "book").is_dir() else None


def _name(key: str, content: bytes) -> str:
    return f"{key}-{hashlib.sha256(content).hexdigest()[:16]}.nc"
