"""The command line: `theorylab --help`.

Exit codes: 0 all is well, 1 a check failed, 2 the command makes no sense. Tables become
tab-separated lines when the output is not a terminal.
"""

import contextlib
import enum
import errno
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup


class _Plain(TyperGroup):
    """What the machine refuses is one line and exit code 1, not a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(130) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # as in `theorylab figures list | head`
                raise
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Plain,
    help="Theory of neural computation: derivations, experiments, figures, ledger, book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FIGURES = typer.Typer(help="The figures of the book, by name.", no_args_is_help=True)
DERIVATIONS = typer.Typer(help="The derivations behind the formulas.", no_args_is_help=True)
BOOK = typer.Typer(help="The website (inside a checkout of the repository).", no_args_is_help=True)
NOTEBOOKS = typer.Typer(help="The pages as notebooks.", no_args_is_help=True)
app.add_typer(FIGURES, name="figures")
app.add_typer(DERIVATIONS, name="derivations")
app.add_typer(BOOK, name="book")
app.add_typer(NOTEBOOKS, name="notebooks")


class Table(enum.Enum):
    """Formats of exported data."""

    nc = "nc"
    csv = "csv"


Names = Annotated[
    list[str] | None, typer.Argument(help="Names, see `list`; or a topic.", show_default=False)
]
Topic = Annotated[str | None, typer.Argument(help="One topic only.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every one.")]
Out = Annotated[Path, typer.Option(help="Folder.")]
Student = Annotated[bool, typer.Option("--student", help="Leave the solutions out.")]


def main() -> None:
    """Entry point of the `theorylab` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows no Greek gets \\u03bb
            stream.reconfigure(errors="backslashreplace")
    app()


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        import theorylab

        print(theorylab.__version__)
        raise typer.Exit


@FIGURES.command("list")
def figures_list(topic: Topic = None) -> None:
    """Names and titles of the registered figures.

    Example: theorylab figures list deep_linear
    """
    from theorylab.lab import figures

    with _usage():
        found = figures.figures(topic)
    _table(("figure", "title"), [(name, spec.title) for name, spec in found.items()])


@FIGURES.command("make")
def figures_make(
    names: Names = None,
    every: All = False,
    format: Annotated[str | None, typer.Option(help="svg, pdf or png.", show_default="svg")] = None,
    out: Annotated[Path, typer.Option(help="Folder, or a file name with its ending.")] = Path("."),
) -> None:
    """Draw figures into files, each with its provenance as JSON beside it.

    Example: theorylab figures make deep_linear/race-portrait --format pdf --out figs
    """
    from theorylab.lab import figures

    chosen = _chosen(names, every, figures.figures, "figure")
    with _usage():
        files = {figures.target(name, format, out) for name in chosen}
        if len(files) < len(chosen):
            raise ValueError(f"--out {out} is one file for {len(chosen)} figures; name a folder")
    for name in chosen:
        print(figures.make(name, format, out))


@FIGURES.command("export")
def figures_export(
    names: Names = None,
    every: All = False,
    format: Annotated[Table, typer.Option(help="NetCDF or CSV.")] = Table.nc,
    out: Out = Path("."),
) -> None:
    """Write the data behind figures.

    Example: theorylab figures export deep_linear/race-portrait --format csv --out data
    """
    from theorylab.lab import figures

    chosen = _chosen(names, every, figures.figures, "figure")
    for name in chosen:
        for path in figures.export(name, out, format.value):
            print(path)


@FIGURES.command("verify")
def figures_verify(
    names: Names = None,
    every: All = False,
    fresh: Annotated[bool, typer.Option(help="Compute everything anew.")] = False,
    update: Annotated[bool, typer.Option(help="Write new reference values.")] = False,
) -> None:
    """Compare the data of figures with the committed reference values.

    Exit code 1 if any differs; the message says which variable and where.

    Example: theorylab figures verify --all
    """
    import tempfile

    from theorylab.lab import Store, figures

    chosen = _chosen(names, every, figures.figures, "figure")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder) if fresh else None
        for name in chosen:
            if update and figures.get(name).needs:
                print(figures.write_reference(name, store))
                continue
            outcome = figures.verify(name, store)
            failed = failed or not outcome
            print(outcome)
    if failed:
        raise typer.Exit(1)


@DERIVATIONS.command("list")
def derivations_list(topic: Topic = None) -> None:
    """Names and titles of the derivations.

    Example: theorylab derivations list
    """
    found = _derivations(topic)
    _table(
        ("derivation", "items", "title"),
        [(name, str(len(d.items)), d.title) for name, d in found.items()],
    )


@DERIVATIONS.command("check")
def derivations_check(names: Names = None, every: All = False) -> None:
    """Check every step, and say how each statement is established.

    Exit code 1 at a step that fails.

    Example: theorylab derivations check deep_linear/race
    """
    from theorylab.symbolic import DerivationError

    known, failed, rows = _derivations(None), False, []
    for name in _chosen(names, every, lambda: known, "derivation"):
        derivation = known[name]
        try:
            derivation.check()
        except DerivationError as error:
            failed = True
            print(f"FAILED {error}", file=sys.stderr)
            continue
        rows += [
            (item.path, derivation.status(item.name).name, item.source)
            for item in derivation.items.values()
        ]
    _table(("claim", "status", "source"), rows)
    if failed:
        raise typer.Exit(1)


@DERIVATIONS.command("audit")
def derivations_audit(names: Names = None, every: All = False) -> None:
    """Change each step of a derivation and see whether its check notices.

    Exit code 1 if a changed step passes without a reason.

    Example: theorylab derivations audit deep_linear/race
    """
    from theorylab.symbolic import audit

    known, rows, defects = _derivations(None), [], []
    for name in _chosen(names, every, lambda: known, "derivation"):
        report = audit(known[name])
        defects += [f"{name}: {found.step}, {found.label}" for found in report.defects]
        rows.append((name, f"{report.score:.1%}", str(len(report.defects))))
    _table(("derivation", "score", "defects"), rows)
    for defect in defects:
        print(defect, file=sys.stderr)
    if defects:
        raise typer.Exit(1)


@app.command("ledger")
def ledger_command(
    topic: Topic = None,
    html: Annotated[bool, typer.Option("--html", help="As an HTML table.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 if a claim is not reproduced.")
    ] = False,
) -> None:
    """The reproduction ledger: claims of the papers, our values, verdicts.

    Example: theorylab ledger deep_linear
    """
    from theorylab.lab.reproduction import Verdict, ledger, rows

    with _usage():
        rows(topic)
    entries = ledger(topic)
    if html:
        print(entries._repr_html_())
    elif sys.stdout.isatty():
        _console().print(entries)
    else:
        print(entries)
    if strict and any(entry.verdict is Verdict.NOT_REPRODUCED for entry in entries):
        raise typer.Exit(1)


@app.command("run")
def run_command(
    experiment: Annotated[
        str | None, typer.Argument(help="topic/Name; without it, all are listed.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="name=value")] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option("--sweep", help="name=first:last:count, with :log for ratios, or name=a,b,c"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds.")] = 1,
    out: Annotated[Path | None, typer.Option(help="File to write: .nc or .csv.")] = None,
    describe: Annotated[bool, typer.Option(help="Print its parameters and outputs.")] = False,
) -> None:
    """Run an experiment over a grid of its parameters.

    What was computed before is read from the store; an interrupted run goes on.

    Example: theorylab run deep_linear/CriticalWindow --set depth=4
    --sweep onset=0:2:21 --seeds 5 --out curve.nc
    """
    from theorylab.lab import catalogue

    if experiment is None:
        known = catalogue.experiments().items()
        rows = [(name, (kind.__doc__ or "").strip().partition("\n")[0]) for name, kind in known]
        _table(("experiment", "what it is"), rows)
        return
    with _usage():
        kind = catalogue.find(experiment)
    if describe:
        for heading, rows in catalogue.describe(kind):
            _table(heading, rows)
        return
    with _usage():
        plan = catalogue.read_plan(kind, set_ or [], sweep or [], seeds)
        if out is not None and out.suffix not in {".nc", ".csv"}:
            raise ValueError(f"--out is {out}; allowed endings: .nc, .csv")
        if out is not None and out.is_dir():
            raise ValueError(f"--out is {out}, a folder; allowed: a file")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _usage(ValueError):  # what only the run can see
            dataset = plan.run()
    except KeyboardInterrupt:
        print("interrupted; finished chunks are kept, run it again to go on", file=sys.stderr)
        raise typer.Exit(130) from None
    except RuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        print("error: not enough memory for this run; make it smaller", file=sys.stderr)
        raise typer.Exit(1) from None
    if out is None:
        print(dataset)
        return
    from theorylab.lab.figures import write

    for path in write(dataset, out):
        print(path)


@NOTEBOOKS.command("export")
def notebooks_export(
    out: Out = Path("notebooks"),
    student: Student = False,
) -> None:
    """Write every page with cells as a Jupyter notebook.

    Example: theorylab notebooks export --out lectures --student
    """
    with _usage():
        if out.exists() and not out.is_dir():
            raise ValueError(f"--out is {out}, a file; allowed: a folder")
    _book("export", "--out", str(out.resolve()), *(["--student"] if student else []))


@BOOK.command("build")
def book_build(
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 is one per core.")] = 0,
    student: Student = False,
) -> None:
    """Build the website into _build/html.

    Example: theorylab book build --student
    """
    _book("build", "--jobs", str(jobs), *(["--student"] if student else []))


@BOOK.command("serve")
def book_serve(port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000) -> None:
    """Serve the built website on this machine.

    Example: theorylab book serve --port 8080
    """
    _book("serve", "--port", str(port))


@BOOK.command("clean")
def book_clean(every: All = False) -> None:
    """Delete the built website; with --all also what was computed for it.

    Example: theorylab book clean --all
    """
    _book("clean", *(["--all"] if every else []))


@app.command("doctor")
def doctor_command() -> None:
    """What this installation consists of, and whether it can work.

    Exit code 1 if the store cannot be written.
    """
    from theorylab.lab.doctor import doctor

    rows, healthy = doctor()
    _table(("what", "found"), rows)
    if not healthy:
        raise typer.Exit(1)


def _derivations(topic: str | None) -> dict[str, Any]:
    from theorylab.symbolic import derivations

    with _usage():
        return derivations(topic)


def _book(*words: str) -> None:
    # The builder of the website belongs to the repository, not to the package.
    import subprocess

    from theorylab.lab.store import checkout

    root = checkout()
    if root is None or not (root / "book" / "build.py").is_file():
        print(
            "error: this command works inside a checkout of the theorylab repository; "
            "the installed package has no book",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    done = subprocess.run([sys.executable, str(root / "book" / "build.py"), *words], check=False)
    raise typer.Exit(done.returncode)


def _chosen(names: list[str] | None, every: bool, known: Any, kind: str) -> list[str]:
    with _usage():
        if every == bool(names):
            raise ValueError(f"name one {kind} or more, or say --all")
        if every:
            return list(known())
        from theorylab.lab.require import unknown

        chosen: dict[str, None] = {}
        for name in names or ():  # a topic stands for all that it has
            of_topic = [other for other in known() if other.startswith(f"{name}/")]
            if name not in known() and not of_topic:
                raise KeyError(unknown(kind, name, known()))
            chosen |= dict.fromkeys(of_topic or [name])
        return list(chosen)


@contextlib.contextmanager
def _usage(*errors: type[Exception]) -> Iterator[None]:
    # What the user asked for makes no sense: one line, exit code 2.
    expected = errors or (KeyError, ValueError, TypeError)
    try:
        yield
    except expected as error:
        print(f"error: {error.args[0] if error.args else error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _console() -> Any:
    from rich.console import Console

    return Console()


def _table(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    from rich.table import Table as RichTable

    table = RichTable(box=None, header_style="bold")
    for name in heading:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)
