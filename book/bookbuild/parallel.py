"""Doing named pieces of work in several processes, saying what is done and how long it took."""

import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context


def run(work: Callable[[str], str | None], names: Sequence[str], jobs: int) -> list[str]:
    """Call `work(name)` for every name, in `jobs` processes; return what failed, with tracebacks.

    Each call is reported with its seconds on a line of its own; `work` may return the text
    to report, or None to report nothing.
    """
    if not names:
        return []
    failures = []
    workers = min(jobs, len(names))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for said, failure in pool.map(partial(attempt, work), names):
            if said:
                print(f"  {said}", flush=True)
            if failure:
                failures.append(failure)
    return failures


def attempt(work: Callable[[str], str | None], name: str) -> tuple[str, str]:
    """What to report, and what failed, of one call."""
    start = time.perf_counter()
    try:
        said = work(name)
    except Exception:
        return "", f"{name}\n{traceback.format_exc()}"
    return (f"{said}: {time.perf_counter() - start:.1f} s" if said else ""), ""
