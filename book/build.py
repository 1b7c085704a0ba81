"""Build, serve and clean the website: `python book/build.py build`.

The order is fixed: settings, derivations checked and store filled (in parallel), pages
executed (in parallel, only those that changed), then Sphinx with warnings as errors.
"""

import argparse
import functools
import http.server
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


def build(jobs: int = 0, student: bool = False) -> int:
    """Build the site into `_build/html` (the student edition into `_build/student`).

    Returns an exit code: 0, or 1 after saying what failed.
    """
    from bookbuild import digest, environment, execute, fill, pages, records

    jobs = jobs or os.cpu_count() or 1
    environment.enter(ROOT)
    for what, step in (
        ("derivations checked", lambda: records.check_all(ROOT, jobs)),
        ("store filled", lambda: fill.fill(jobs)),
    ):
        start = time.perf_counter()
        failed = step()
        if failed:
            print("\n\n".join(failed), file=sys.stderr)
            return 1
        print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)

    folder = digest.cache_folder(ROOT)
    prune(folder)
    start = time.perf_counter()
    try:
        ran = execute.execute(pages.notebooks(ROOT), folder, jobs)
    except execute.PageError as error:
        print(error, file=sys.stderr)
        return 1
    took = time.perf_counter() - start
    print(f"{len(ran)} page(s) executed: {took:.1f} s", flush=True)
    return sphinx(student, again=bool(ran))


def sphinx(student: bool = False, again: bool = True) -> int:
    """Turn the executed pages into HTML; every warning is an error.

    The folder is made anew each time, so that no file of an earlier build stays and equal
    sources give equal bytes; pages that did not change are not read again. Unless it has to be
    done `again`, nothing is done where the site is there and its sources are what they were.
    """
    from bookbuild import digest

    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(ROOT)]
    command += ["-W", "-n", "--keep-going"]
    edition = {}
    built = ROOT / "_build"
    if student:
        edition = {"THEORYLAB_EDITION": "student"}
        command += ["--path-output", str(built / "student")]
        built = built / "student" / "_build"
    key, kept = digest.site_digest(ROOT), built / "site.key"
    there = (built / "html" / "index.html").exists() and kept.is_file()
    if not again and there and kept.read_text() == key:
        print(f"{built / 'html'} is up to date", flush=True)
        return 0
    kept.unlink(missing_ok=True)
    shutil.rmtree(built / "html", ignore_errors=True)
    path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, env={**os.environ, **edition, "PYTHONPATH": path}, check=False)
    if done.returncode:
        return 1
    kept.write_text(key)
    return 0


def prune(keep: Path, limit: int = 3) -> None:
    """Delete notebook caches of older states of the package; the newest few stay."""
    old = [folder for folder in keep.parent.glob("*") if folder != keep]
    old.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in old[limit - 1 :]:
        shutil.rmtree(folder)


def serve(port: int = 8000) -> None:
    """Serve the built site on this machine until interrupted.

    Raises:
        FileNotFoundError: nothing has been built.
    """
    site = ROOT / "_build" / "html"
    if not (site / "index.html").exists():
        raise FileNotFoundError(f"no site at {site}; build it first: theorylab book build")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://localhost:{port}  (Ctrl-C stops)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def clean(everything: bool = False) -> None:
    """Delete the built site; with `everything` also the store and what was executed."""
    built = ROOT / "_build"
    parts = [built] if everything else [built / "html", built / ".doctrees", built / "student"]
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)


def export(out: Path, solutions: bool = True) -> list[Path]:
    """Write every page with cells as a notebook under `out`; return the files."""
    from bookbuild import digest, notebooks, pages, records
    from bookbuild.execute import executed

    folder, written = digest.cache_folder(ROOT), []
    for page in pages.notebooks(ROOT):
        try:
            values = notebooks.glued(executed(page, folder))
        except (KeyError, OSError):
            values = None  # not executed yet: numbers show their names
        notebook = notebooks.export(
            page, lambda path: records.claim_record(ROOT, path), values, solutions
        )
        target = out / page.relative_to(ROOT).with_suffix(".ipynb")
        notebooks.write(notebook, target)
        written.append(target)
    return written


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    building = verbs.add_parser("build", help="build the website")
    building.add_argument("--jobs", type=int, default=0, help="processes (default: one a core)")
    building.add_argument("--student", action="store_true", help="leave the solutions out")
    serving = verbs.add_parser("serve", help="serve the built website")
    serving.add_argument("--port", type=int, default=8000)
    cleaning = verbs.add_parser("clean", help="delete the built website")
    cleaning.add_argument("--all", action="store_true", help="and everything computed for it")
    exporting = verbs.add_parser("export", help="write the pages as notebooks")
    exporting.add_argument("--out", type=Path, default=ROOT / "_build" / "notebooks")
    exporting.add_argument("--student", action="store_true", help="leave the solutions out")
    given = parser.parse_args()
    if given.verb == "build":
        return build(given.jobs, given.student)
    if given.verb == "serve":
        serve(given.port)
    elif given.verb == "clean":
        clean(given.all)
    else:
        for path in export(given.out, not given.student):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
