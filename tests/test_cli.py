"""The command line: what it prints, how it fails, how fast it starts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

import theorylab
from tests.lab import toy_figures
from tests.lab.toys import Noisy
from theorylab import cli
from theorylab.lab import Measurement, Row, Within, catalogue

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "figures list", "figures make", "figures export", "figures verify",
    "derivations list", "derivations check", "derivations audit",
    "ledger", "run", "notebooks export", "doctor", "book build", "book serve", "book clean",
)  # fmt: skip


def call(*words):
    """Exit code, standard output, standard error."""
    done = CliRunner().invoke(cli.app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def _toys(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "experiments", lambda: {"toy/Noisy": Noisy})

    def path(name):
        return tmp_path / "reference" / f"{name.partition('/')[2]}.nc"

    monkeypatch.setattr("theorylab.lab.reference.reference_path", path)


def test_version():
    assert call("--version") == (0, f"{theorylab.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_a_claim_and_an_example(command):
    code, out, _ = call(*command.split(), "--help")
    assert code == 0
    assert command == "doctor" or f"theorylab {command}" in out.split("Example:")[1]


@pytest.mark.parametrize("words", [["nonsense"], ["figures", "nope"], ["run", "--sedes", "3"]])
def test_what_is_no_command_exits_with_2(words):
    assert call(*words)[0] == 2


def test_help_is_quick_and_loads_nothing_heavy():
    heavy = ("jax", "numpy", "sympy", "xarray", "matplotlib", "theorylab.lab")
    code = f"""
import resource, sys
sys.argv = ["theorylab", "--help"]
from theorylab.cli import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded, seconds = done.stderr.splitlines()
    assert loaded == "[]" and "figures" in done.stdout
    assert float(seconds) < 1.0, "0.35 s of processor time when measured"


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("theorylab")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == theorylab.__version__


def test_lists_are_tab_separated_when_piped():
    code, out, err = call("figures", "list")
    assert code == 0 and err == ""
    assert "toy/plain\tPlain" in out.splitlines()
    assert not re.search("\x1b|[│─]", out)


def test_figures_are_made_and_their_files_printed(tmp_path):
    code, out, _ = call("figures", "make", "toy/plain", "--format", "pdf", "--out", tmp_path)
    assert code == 0
    assert out == f"{tmp_path}/toy-plain.pdf\n"
    assert (tmp_path / "toy-plain.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "toy-plain.json").exists()


@pytest.mark.parametrize(
    "words, says",
    [
        (["toy/plane"], "did you mean toy/plain"),
        ([], "name one figure or more, or say --all"),
        (["toy/plain", "--all"], "name one figure or more, or say --all"),
        (["toy/plain", "--format", "jpg"], "allowed: one of svg, pdf, png"),
        (["toy/plain", "toy/with-pyplot", "--out", "a.svg"], "one file for 2 figures"),
    ],
)
def test_figures_make_says_what_is_wrong(words, says):
    code, out, err = call("figures", "make", *words)
    assert (code, out) == (2, "")
    assert says in err and err.count("\n") == 1


def test_figures_export(tmp_path):
    code, out, _ = call("figures", "export", "toy/plain", "--format", "csv", "--out", tmp_path)
    assert code == 0
    assert [Path(line).suffix for line in out.splitlines()] == [".csv", ".csv"]
    assert all(Path(line).exists() for line in out.splitlines())
    assert call("figures", "export", "toy/plain", "--format", "xls")[0] == 2


def test_figures_verify_exits_with_1_when_something_differs(tmp_path):
    code, out, _ = call("figures", "verify", "toy/plain")
    assert code == 1 and "there is no reference file" in out
    assert call("figures", "verify", "toy/plain", "--update")[0] == 0
    assert call("figures", "verify", "toy/plain", "--fresh")[0] == 0
    path = tmp_path / "reference" / "plain.nc"
    from theorylab.lab import reference

    datasets = reference.read_reference("toy/plain")
    datasets["noise"]["average"] = datasets["noise"].average + 1e-3
    reference.save_reference("toy/plain", datasets)
    code, out, _ = call("figures", "verify", "toy/plain")
    assert code == 1 and "noise.average" in out and path.exists()


def derivation(right):
    from sympy import symbols

    from theorylab.symbolic import Derivation, Interval, Rewrite

    x, y, total = symbols("x y S", positive=True)
    domain = {x: Interval(1, 2), y: Interval(1, 2), total: Interval(1, 4)}
    made = Derivation("toy/square", title="A square", domain=domain)
    made.assume("sum", total, x + y)
    made.step("square", total**2, right(x, y), by=Rewrite(), using=("sum",), why="Expand.")
    return made


def test_derivations_are_checked(monkeypatch):
    good = derivation(lambda x, y: x**2 + 2 * x * y + y**2)
    monkeypatch.setattr("theorylab.symbolic.derivations", lambda topic=None: {good.name: good})
    assert call("derivations", "list") == (0, "toy/square\t2\tA square\n", "")
    code, out, _ = call("derivations", "check", "toy/square")
    assert code == 0
    assert [line.split("\t")[:2] for line in out.splitlines()] == [
        ["toy/square/sum", "ASSUMED"],
        ["toy/square/square", "PROVED"],
    ]
    assert call("derivations", "check", "toy") == (code, out, "")
    code, out, _ = call("derivations", "audit", "--all")
    assert (code, out) == (0, "toy/square\t100.0%\t0\n")
    code, _, err = call("derivations", "check", "toy/sqare")
    assert code == 2 and "did you mean toy/square" in err


def test_a_false_derivation_exits_with_1(monkeypatch):
    bad = derivation(lambda x, y: x**2 + x * y + y**2)
    monkeypatch.setattr("theorylab.symbolic.derivations", lambda topic=None: {bad.name: bad})
    code, _, err = call("derivations", "check", "--all")
    assert code == 1 and "FAILED" in err and "square" in err


@pytest.mark.parametrize("value, strict, code", [(1.0, True, 0), (2.0, False, 0), (2.0, True, 1)])
def test_ledger(monkeypatch, value, strict, code):
    row = Row(
        id="toy/row", paper="kleinman2024critical", locator="Fig. 1", claim="One is one.",
        published=1.0, measure=lambda: Measurement(value), judge=Within(rtol=0.1),
    )  # fmt: skip
    monkeypatch.setattr("theorylab.lab.reproduction.rows", lambda topic=None: (row,))
    found, out, _ = call("ledger", *(["--strict"] if strict else []))
    assert found == code
    assert "toy/row\tkleinman2024critical, Fig. 1\tOne is one." in out
    assert out.splitlines()[1].endswith("\treproduced" if value == 1.0 else "\tnot reproduced")
    assert "<caption>" in call("ledger", "--html")[1]


def test_an_unknown_topic_exits_with_2():
    for words in (["ledger", "deep_liner"], ["figures", "list", "deep_liner"]):
        code, _, err = call(*words)
        assert code == 2 and "did you mean deep_linear" in err


def test_run_writes_what_was_asked_for(tmp_path):
    out = tmp_path / "a.nc"
    code, printed, err = call(
        "run", "toy/Noisy", "--set", "kind=squared", "--set", "count=3",
        "--sweep", "mean=0:2:3", "--sweep", "scale=1,2.5", "--seeds", 2, "--out", out,
    )  # fmt: skip
    assert (code, printed, err) == (0, f"{out}\n", "")
    data = xr.load_dataset(out)
    assert data.draws.dims == ("mean", "scale", "seed", "draw")
    assert data["mean"].values.tolist() == [0.0, 1.0, 2.0]
    assert '"kind": "squared"' in data.attrs["parameters"]
    code, printed, _ = call("run", "toy/Noisy", "--out", tmp_path / "b.csv")
    assert code == 0 and len(printed.splitlines()) == 2


def test_run_without_a_file_prints_and_without_a_name_lists():
    assert "average" in call("run", "toy/Noisy")[1]
    assert call("run") == (0, "toy/Noisy\tA mean with noise.\n", "")
    described = call("run", "toy/Noisy", "--describe")[1]
    assert (
        "mean\t0.0\tmV\ttraced\tat least -100.0 and at most 100.0\tmean of the draws" in described
    )
    assert "draws\tdraw\tmV\tthe draws" in described


@pytest.mark.parametrize(
    "words, says",
    [
        (["toy/Nosy"], "did you mean toy/Noisy"),
        (["toy/Noisy", "--set", "maen=1"], "did you mean 'mean'"),
        (["toy/Noisy", "--sweep", "scal=1,2"], "did you mean 'scale'"),
        (["toy/Noisy", "--set", "mean"], "write name=value"),
        (["toy/Noisy", "--set", "mean=1000"], "mean is 1000"),
        (["toy/Noisy", "--set", "mean=high"], "mean is 'high'"),
        (["toy/Noisy", "--sweep", "mean=0:1"], "write first:last:count"),
        (["toy/Noisy", "--sweep", "mean=0:1:0"], "write first:last:count"),
        (["toy/Noisy", "--sweep", "count=1:2:3"], "a whole number"),
        (["toy/Noisy", "--out", "a.txt"], "allowed endings: .nc, .csv"),
        (["toy/Noisy", "--set", "mean=1", "--set", "mean=2"], "mean is given twice"),
        (["toy/Noisy", "--set", "mean=1", "--sweep", "mean=2,3"], "mean is given twice"),
        (["toy/Noisy", "--sweep", "mean=0,1", "--sweep", "mean=2,3"], "mean is given twice"),
        (["toy/Noisy", "--sweep", "mean=1,1"], "swept over a value twice"),
    ],
)
def test_run_says_what_is_wrong(words, says):
    code, out, err = call("run", *words)
    assert (code, out) == (2, "")
    assert says in err and err.count("\n") == 1


def test_sweeps_are_read():
    def values(text):
        return catalogue._values(text)

    assert values("1:100:3:log") == pytest.approx([1.0, 10.0, 100.0])
    assert values("2,3") == [2, 3] and values("3") == [3]
    assert values("plain,squared") == ["plain", "squared"]
    assert values("[(1,2),(3,4)]") == [(1, 2), (3, 4)]


def test_an_interrupt_is_no_traceback(monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("theorylab.lab.plan.Plan.run", interrupted)
    code, _, err = call("run", "toy/Noisy")
    assert code == 130 and "run it again to go on" in err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (ValueError("k0 is 9; allowed: below 1"), 2, "k0 is 9; allowed: below 1"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory"), 1, "not enough memory"),
    ],
    ids=["disk", "values", "memory"],
)
def test_what_only_the_run_can_see_is_no_traceback(monkeypatch, error, code, says):
    def fail(self):
        raise error

    monkeypatch.setattr("theorylab.lab.plan.Plan.run", fail)
    found, out, err = call("run", "toy/Noisy")
    assert (found, out) == (code, "") and says in err and err.count("\n") == 1


def test_files_that_cannot_be_written_are_no_traceback(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    (tmp_path / "a.svg").mkdir()
    for words in (
        ["figures", "make", "toy/plain", "--out", taken],
        ["figures", "make", "toy/plain", "--out", tmp_path / "a.svg"],
        ["figures", "export", "toy/plain", "--out", taken],
        ["run", "toy/Noisy", "--out", taken / "a.nc"],
    ):
        code, out, err = call(*words)
        assert (code, out) == (1, "") and err.startswith("error: ") and err.count("\n") == 1
    assert call("run", "toy/Noisy", "--out", tmp_path)[0] == 2
    assert taken.read_text() == "mine"
    code, out, _ = call("run", "toy/Noisy", "--out", tmp_path / "new" / "ä.nc")
    assert code == 0 and (tmp_path / "new" / "ä.nc").is_file()


def test_an_interrupt_of_any_command_is_no_traceback(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("theorylab.lab.figures.make", interrupted)
    code, _, err = call("figures", "make", "toy/plain")
    assert (code, err) == (130, "interrupted\n")


def test_doctor(monkeypatch, tmp_path):
    code, out, _ = call("doctor")
    found = dict(line.split("\t") for line in out.splitlines())
    assert code == 0
    assert found["theorylab"] == theorylab.__version__
    assert found["store"] == os.environ["THEORYLAB_STORE"]
    assert {"Python", "jax", "devices", "stored", "browser", "checkout"} <= set(found)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("THEORYLAB_STORE", str(tmp_path / "file"))
    code, out, _ = call("doctor")
    assert code == 1 and "cannot be written" in out


def test_the_book_is_built_by_the_repository(monkeypatch, tmp_path):
    builder = tmp_path / "book" / "build.py"
    builder.parent.mkdir()
    builder.write_text("import sys\nprint(*sys.argv[1:])\nsys.exit(len(sys.argv) % 2)\n")
    monkeypatch.setattr("theorylab.lab.store.checkout", lambda: tmp_path)
    seen = []

    def fake(command, check):
        seen.append(command[2:])
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr("subprocess.run", fake)
    assert call("book", "build", "--student")[0] == 1, "its exit code is ours"
    call("book", "serve", "--port", "80")
    call("book", "clean", "--all")
    call("notebooks", "export", "--out", tmp_path)
    assert seen == [
        ["build", "--jobs", "0", "--student"],
        ["serve", "--port", "80"],
        ["clean", "--all"],
        ["export", "--out", str(tmp_path)],
    ]


def test_notebooks_cannot_be_written_into_a_file(tmp_path):
    (tmp_path / "file").touch()
    code, _, err = call("notebooks", "export", "--out", tmp_path / "file")
    assert code == 2 and "a file; allowed: a folder" in err and err.count("\n") == 1


@pytest.mark.parametrize("words", [["book", "build"], ["notebooks", "export"]])
def test_outside_a_checkout_the_book_says_so(monkeypatch, words):
    monkeypatch.setattr("theorylab.lab.store.checkout", lambda: None)
    code, _, err = call(*words)
    assert code == 2 and "inside a checkout of the theorylab repository" in err


def test_toy_figures_are_registered():
    assert toy_figures.plain.__name__ == "plain"
