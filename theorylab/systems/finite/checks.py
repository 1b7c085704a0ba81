"""What tables may hold, and how much is listed."""

from typing import Any

from theorylab.systems.errors import InterfaceError

MOST = 10**6


def numbers(what: str, given: Any) -> None:
    """Check a tuple of whole numbers from 0.

    Raises:
        InterfaceError: it is something else; the message names the first wrong entry.
    """
    if not isinstance(given, tuple):
        raise InterfaceError(f"{what} is {given!r}; allowed: a tuple of whole numbers from 0")
    for n in given:
        if type(n) is not int or n < 0:
            raise InterfaceError(f"{what} holds {n!r}; allowed: whole numbers from 0")


def instance(what: str, given: Any, kind: type) -> None:
    """Check the type of an argument.

    Raises:
        InterfaceError: it is of another type.
    """
    if not isinstance(given, kind):
        raise InterfaceError(f"{what} is {given!r}; allowed: a {kind.__name__}")


def few(what: str, count: int) -> None:
    """Refuse to list more than a million things.

    Raises:
        InterfaceError: there are more.
    """
    if count > MOST:
        raise InterfaceError(f"{what} are {count:.3g}; at most {MOST} are listed")
