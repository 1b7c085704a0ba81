"""The figure registry: drawn from data, made byte for byte, checked against references."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import theorylab as tl
from tests.lab import toy_figures
from tests.lab.toys import Noisy
from theorylab.lab import Plan, Recorded, Store, figures, reference, run, style
from theorylab.lab.figures import figure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def references(tmp_path, monkeypatch):
    """Reference files in a folder of this test."""

    def path(name):
        return tmp_path / "reference" / f"{name.partition('/')[2]}.nc"

    monkeypatch.setattr("theorylab.lab.reference.reference_path", path)
    monkeypatch.setattr("theorylab.lab.recorded.reference_path", path)
    return path


def test_the_function_stays_a_function_with_its_references():
    assert toy_figures.with_pyplot.__doc__ == "Averages against the mean."
    assert "kleinman2024critical" in tl.cite(toy_figures.with_pyplot)
    assert "kleinman2024critical" in tl.cite(figures.get("toy/with-pyplot"))


@pytest.mark.parametrize("name", ["toy/with-pyplot", "toy/plain"])
def test_show_draws_in_style_and_leaves_no_trace(name):
    before = dict(mpl.rcParams)
    drawn = figures.show(name)
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before
    assert mpl.colors.to_hex(drawn.get_facecolor()) == style.COLORS["card"]
    assert drawn.axes[0].get_xlabel() or name == "toy/plain"


def test_pyplot_is_cleaned_up_even_when_drawing_fails():
    def broken(noise):
        plt.figure()
        raise RuntimeError("no")

    figure("toy/broken", needs={"noise": toy_figures.NOISE}, title="")(broken)
    mine = plt.figure().number
    with pytest.raises(RuntimeError, match="no"):
        figures.show("toy/broken")
    assert plt.get_fignums() == [mine], "a figure of the user's own stays"
    plt.close(mine)


def test_a_drawing_must_return_a_figure():
    figure("toy/none", needs={"noise": toy_figures.NOISE}, title="")(lambda noise: None)
    with pytest.raises(TypeError, match="must return a Matplotlib Figure, not NoneType"):
        figures.show("toy/none")


def test_registration_is_checked():
    plan = {"noise": toy_figures.NOISE}
    with pytest.raises(ValueError, match="not a figure name"):
        figure("no-topic", needs=plan, title="")(lambda noise: None)
    with pytest.raises(ValueError, match=r"draws \['noize'\] but needs \['noise'\]"):
        figure("toy/x", needs=plan, title="")(lambda noize: None)
    with pytest.raises(ValueError, match="two figures are called toy/plain"):
        figure("toy/plain", needs=plan, title="")(lambda noise: None)
    with pytest.raises(KeyError, match="not in theorylab"):
        figure("toy/y", needs=plan, title="", references=("nobody1900",))(lambda noise: None)
    with pytest.raises(KeyError, match="did you mean toy/plain"):
        figures.get("toy/plane")
    with pytest.raises(KeyError, match=r"no topic .deep_liner.; did you mean deep_linear"):
        figures.figures("deep_liner")


MAKE = """
import sys
import tests.lab.toy_figures
from theorylab.lab import figures
for format in ("svg", "pdf", "png"):
    figures.make("toy/with-pyplot", format=format, out=sys.argv[1])
"""


def test_two_processes_make_the_same_bytes(tmp_path):
    for name, extra in (("a", {}), ("b", {"MPLCONFIGDIR": str(tmp_path), "TZ": "Asia/Tokyo"})):
        if extra:
            (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nfont.size: 20\n")
        environment = {**os.environ, **extra, "THEORYLAB_STORE": str(tmp_path / f"store-{name}")}
        subprocess.run(
            [sys.executable, "-c", MAKE, tmp_path / name], check=True, cwd=ROOT, env=environment
        )
    made = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert made == [f"toy-with-pyplot.{end}" for end in ("json", "pdf", "png", "svg")]
    for name in made:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_the_layout_is_settled_without_its_last_digits():
    """Where they are kept, one figure in six comes out with other names in its SVG."""
    drawn = figures.show("toy/with-pyplot")
    (ax,) = drawn.axes
    before = ax.get_position().bounds
    assert all(edge == round(edge, 9) for edge in ax.get_position().get_points().ravel())
    assert 0.05 < before[0] < 0.2 and before[2] > 0.7  # room for labels, and no more
    drawn.draw_without_rendering()
    assert ax.get_position().bounds == before
    assert ax.get_in_layout()


def test_provenance_is_beside_the_file_and_inside_it(tmp_path):
    svg = figures.make("toy/with-pyplot", out=tmp_path)
    record = json.loads(svg.with_suffix(".json").read_text())
    assert record["data"]["noise"]["key"] == toy_figures.NOISE.key
    assert json.loads(record["data"]["noise"]["over"]) == {"mean": [[0.0], [1.0], [2.0]]}
    assert set(record["versions"]) == {"theorylab", "matplotlib"}
    png = figures.make("toy/with-pyplot", "png", tmp_path)
    pdf = figures.make("toy/with-pyplot", out=tmp_path / "mine.pdf")
    assert pdf.name == "mine.pdf"
    from PIL import Image

    with Image.open(png) as image:
        assert json.loads(image.info["Description"]) == record
    assert toy_figures.NOISE.key in svg.read_text()
    assert b"CreationDate" not in pdf.read_bytes()
    said = svg.read_text() + json.dumps(record)
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|<dc:date>", said), "no date"


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = figures.make("toy/plain", "png", tmp_path)
    table = figures.export("toy/plain", tmp_path, "csv")[0]
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(self, file, *args, **kwargs):
        with open(file, "wb") as half:
            half.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    monkeypatch.setattr("pandas.DataFrame.to_csv", full)
    for attempt in (
        lambda: figures.make("toy/plain", "png", tmp_path),
        lambda: figures.export("toy/plain", tmp_path, "csv"),
    ):
        with pytest.raises(OSError, match="No space left"):
            attempt()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert path.name in before and table.name in before


def test_svg_text_is_outlines(tmp_path):
    svg = figures.make("toy/with-pyplot", out=tmp_path).read_text()
    assert "<text" not in svg and "font-family" not in svg


def test_formats_are_checked(tmp_path):
    for wrong in ({"format": "jpg"}, {"format": "svg", "out": tmp_path / "a.pdf"}):
        with pytest.raises(ValueError, match="allowed: one of svg, pdf, png"):
            figures.make("toy/plain", **wrong)


def test_data_export_as_netcdf_and_csv(tmp_path):
    data = figures.data("toy/with-pyplot")
    xr.testing.assert_identical(data["noise"], toy_figures.NOISE.run())
    noise, _ = figures.export("toy/with-pyplot", tmp_path)
    xr.testing.assert_identical(xr.load_dataset(noise), data["noise"])
    tables = figures.export("toy/with-pyplot", tmp_path, "csv")
    assert [path.name for path in tables] == [
        "toy-with-pyplot-noise-mean-seed.csv",
        "toy-with-pyplot-noise-mean-seed-draw.csv",
        "toy-with-pyplot-single.csv",
    ]
    table = pd.read_csv(tables[0])
    here = table[(table["mean"] == 1.0) & (table["seed"] == 2)].average.item()
    assert here == pytest.approx(float(data["noise"].average.sel(mean=1.0, seed=2)))
    (scalar,) = figures.write(run(Noisy())[["average"]], tmp_path / "one.csv")
    assert pd.read_csv(scalar).average.size == 1
    with pytest.raises(ValueError, match=r"allowed endings: \.nc, \.csv"):
        figures.export("toy/plain", tmp_path, "xlsx")


def test_verify_agrees_with_what_was_written(references):
    assert not figures.verify("toy/with-pyplot"), "no reference is no success"
    assert "there is no reference" in str(figures.verify("toy/with-pyplot"))
    figures.write_reference("toy/with-pyplot")
    assert figures.verify("toy/with-pyplot")
    assert references("toy/with-pyplot").stat().st_size < 100_000


def change(variable, index, factor):
    def edit(datasets):
        values = datasets["noise"][variable].values.copy()
        values[index] *= factor
        datasets["noise"][variable] = datasets["noise"][variable].copy(data=values)

    return edit


def test_a_drawing_without_data_has_nothing_to_compare():
    outcome = figures.verify("deep_linear/model")
    assert outcome and outcome.variables == 0
    assert "without data" in str(outcome)
    with pytest.raises(ValueError, match="no reference values"):
        figures.write_reference("deep_linear/model")


@pytest.mark.parametrize(
    "edit, says",
    [
        (change("average", (1, 2), 1 + 3e-6), r"noise.average: .* at mean=1.0, seed=2; 1 of 12"),
        (change("draws", (2, 0, 3), np.nan), r"noise.draws: .*nan.* at mean=2.0, seed=0, draw=3"),
        (change("mean", 2, 1.5), r"noise.mean: .*2.0.* instead of .*3.0"),
        (lambda d: d.pop("single"), "single: not in the reference"),
        (lambda d: d.update(more=d["single"]), "more: only in the reference"),
        (lambda d: d.update(noise=d["noise"].drop_vars("draws")), "draws: not in the reference"),
        (lambda d: d.update(noise=d["noise"].isel(seed=[0, 1])), "noise.average: .*instead of"),
    ],
)
def test_verify_says_what_differs_and_where(references, edit, says):
    datasets = figures.data("toy/with-pyplot")
    edit(datasets)
    reference.save_reference("toy/with-pyplot", datasets)
    outcome = figures.verify("toy/with-pyplot")
    assert not outcome
    assert re.search(says, str(outcome)), str(outcome)


def test_a_change_within_the_tolerance_passes(references):
    datasets = figures.data("toy/with-pyplot")
    change("average", (1, 2), 1 + 3e-7)(datasets)
    reference.save_reference("toy/with-pyplot", datasets)
    assert figures.verify("toy/with-pyplot")


def test_a_recorded_result_is_not_overwritten(references):
    path = references("toy/with-pyplot")
    path.parent.mkdir(parents=True, exist_ok=True)
    run(Noisy()).to_netcdf(path, engine="h5netcdf")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="recorded result"):
        figures.write_reference("toy/with-pyplot")
    assert path.read_bytes() == before


def test_a_reference_stays_small(references, monkeypatch):
    monkeypatch.setattr(reference, "LIMIT", 1000)
    with pytest.raises(ValueError, match=r"reference of .* bytes; allowed: 1000"):
        figures.write_reference("toy/plain")
    assert not list(references("toy/plain").parent.iterdir())


def test_reduce_decides_what_is_kept(references):
    figure(
        "toy/reduced",
        needs={"noise": toy_figures.NOISE},
        title="",
        reduce=lambda noise: {"noise": noise[["average"]].isel(seed=[0])},
    )(lambda noise: toy_figures.plain(noise))
    figures.write_reference("toy/reduced")
    kept = reference.read_reference("toy/reduced")["noise"]
    assert list(kept.data_vars) == ["average"] and kept.sizes["seed"] == 1
    assert figures.verify("toy/reduced")


def test_a_recorded_result_is_read_and_must_fit_its_plan(references, tmp_path):
    recorded = Recorded("toy/slow", toy_figures.NOISE)
    with pytest.raises(FileNotFoundError, match=r"Recorded\.record"):
        recorded.run()
    recorded.record()
    xr.testing.assert_identical(recorded.run(), toy_figures.NOISE.run())
    assert recorded.provenance()["key"] == toy_figures.NOISE.key
    other = Recorded("toy/slow", Plan(Noisy(scale=2.0), over={"mean": [0.0, 1.0, 2.0]}, seeds=4))
    with pytest.raises(ValueError, match="was made with parameters"):
        other.run(Store(tmp_path))
    assert other.key != recorded.key
