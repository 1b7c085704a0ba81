"""Finding topics: a topic is a subpackage of theorylab that has derivations."""

from functools import cache
from pathlib import Path


@cache
def topics() -> tuple[str, ...]:
    """Names of the topic packages, in alphabetical order.

    A topic is found, not listed: any folder of the package that holds `derivations.py`
    or a `derivations` package.

    >>> all(name.isidentifier() for name in topics())
    True
    """
    root = Path(__file__).parent
    found = {
        path.relative_to(root).parts[0]
        for pattern in ("*/derivations.py", "*/derivations/__init__.py")
        for path in root.glob(pattern)
    }
    return tuple(sorted(found))
