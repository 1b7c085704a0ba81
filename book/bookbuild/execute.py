"""Executing pages, several at a time, into the cache that the site is built from."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.read import myst_nb_reader_plugin

TIMEOUT = 300  # seconds a cell


class PageError(RuntimeError):
    """Some pages did not run; the message holds their tracebacks."""


def execute(pages: list[Path], folder: Path, jobs: int) -> dict[Path, float]:
    """Execute the pages that the cache in `folder` does not hold; return seconds per page.

    Raises:
        PageError: with the traceback of every page that failed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    cache = get_cache(folder)
    waiting = []
    for page in pages:
        notebook = myst_nb_reader_plugin(str(page))
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((page, notebook))

    def run(work) -> ExecutionResult:
        with tempfile.TemporaryDirectory() as empty:
            return single_nb_execution(work[1], cwd=empty, timeout=TIMEOUT, allow_errors=False)

    seconds, failures = {}, []
    with ThreadPoolExecutor(jobs) as pool:
        for (page, _), result in zip(waiting, pool.map(run, waiting), strict=True):
            if result.err is not None:
                failures.append(f"{page}\n{result.exc_string}")
                continue
            seconds[page] = result.time
            join_streams(result.nb)
            data = {"execution_seconds": result.time}
            bundle = CacheBundleIn(result.nb, str(page), data=data)
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if failures:
        raise PageError("\n\n".join(failures))
    return seconds


def join_streams(notebook: nbformat.NotebookNode) -> None:
    """Make one output of what a cell printed: the kernel sends it in pieces, cut by the clock."""
    for cell in notebook.cells:
        joined: list = []
        for output in cell.get("outputs", []):
            last = joined[-1] if joined else {}
            if output.output_type == "stream" and output.get("name") == last.get("name"):
                last.text += output.text
            else:
                joined.append(output)
        if joined:
            cell.outputs = joined


def executed(page: Path, folder: Path):
    """The page as a notebook with its outputs; KeyError if the cache does not hold it."""
    notebook = myst_nb_reader_plugin(str(page))
    return get_cache(folder).merge_match_into_notebook(notebook)[1]
