"""Files that appear whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path`, which takes its place if the block ends well.

    What was at `path` stays if the block fails, as on a full disk. The folder is made.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "new" / "a.txt") as part:
    ...     _ = part.write_text("all of it")
    >>> [found.name for found in (folder / "new").iterdir()]
    ['a.txt']

    Raises:
        OSError: the folder cannot be written, or `path` is a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; allowed: a file")
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
