"""Telling how far a sweep is: a bar on a terminal, silence in pages and pipes."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Progress(NamedTuple):
    """How far a sweep is: chunks in all, found in the store, and computed."""

    chunks: int
    found: int
    computed: int


@contextlib.contextmanager
def reporter(
    wanted: bool | Callable[[Progress], Any] | None, title: str, chunks: int
) -> Iterator[Callable]:
    """Yield a function to call with `computed=` after each chunk."""
    found = computed = 0
    with contextlib.ExitStack() as stack:
        if callable(wanted):
            tell = wanted
        elif sys.stderr.isatty() if wanted is None else wanted:
            tell = stack.enter_context(_bar(title, chunks))
        else:
            tell = None

        def report(computed_now: bool) -> None:
            nonlocal found, computed
            found, computed = found + (not computed_now), computed + computed_now
            if tell is not None:
                tell(Progress(chunks, found, computed))

        yield lambda computed: report(computed)


@contextlib.contextmanager
def _bar(title: str, chunks: int) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Bar(
        *columns, TimeRemainingColumn(), console=console, transient=console.is_terminal
    ) as bar:
        line = bar.add_task(title, total=chunks)
        yield lambda progress: bar.update(line, completed=progress.found + progress.computed)
