"""Sweeps: layout, pairing, compilation, resume, devices."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab import toys
from tests.lab.toys import Chosen, Noisy, Single, Vector
from theorylab.lab import Plan, Progress, Store, run, sweep

ROOT = Path(__file__).parents[2]


def test_dimensions_are_the_swept_names_then_seed_then_the_outputs():
    over = {"mean": [0.0, 1.0, 2.0], "kind": ["plain", "squared"], "scale": [1.0, 2.0]}
    result = sweep(Noisy(), over=over, seeds=5)
    assert result.draws.dims == ("mean", "kind", "scale", "seed", "draw")
    assert result.draws.shape == (3, 2, 2, 5, 4)
    for mean in over["mean"]:
        for kind in over["kind"]:
            one = run(Noisy(mean=mean, kind=kind, scale=2.0), seed=4)
            here = result.sel(mean=mean, kind=kind, scale=2.0, seed=4)
            np.testing.assert_allclose(here.draws, one.draws, rtol=1e-13)


@settings(max_examples=15, deadline=None)
@given(
    means=st.lists(st.integers(-50, 50), min_size=3, max_size=3, unique=True),
    seeds=st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=2, unique=True),
    chunk=st.integers(1, 7),
)
def test_conditions_are_paired_and_the_layout_does_not_matter(means, seeds, chunk):
    means = [float(mean) for mean in means]
    result = sweep(Noisy(), over={"mean": means}, seeds=tuple(seeds), chunk=chunk)
    noise = result.draws - xr.DataArray(means, dims="mean")
    assert float(np.ptp(noise.values, axis=0).max()) < 1e-12
    assert np.unique(noise.values[0, :, 0]).size == len(seeds)
    other = sweep(Noisy(), over={"mean": means[::-1]}, seeds=tuple(seeds[::-1]), chunk=64)
    same = {name: result[name].values for name in ("mean", "seed") if name in result.dims}
    np.testing.assert_allclose(result.draws, other.draws.sel(same), rtol=1e-12, atol=1e-12)


def test_fields_that_change_together():
    pairs = [(0.0, 1.0), (5.0, 2.0), (9.0, 3.0)]
    result = sweep(Noisy(), over={("mean", "scale"): pairs}, seeds=2)
    assert result.draws.dims == ("mean_scale", "seed", "draw")
    assert result["scale"].dims == ("mean_scale",)
    one = run(Noisy(mean=5.0, scale=2.0), seed=1)
    np.testing.assert_allclose(result.draws[1, 1], one.draws, rtol=1e-13)
    mixed = sweep(Noisy(), over={("count", "mean"): [(4, 1.0), (4, 2.0)]})
    assert mixed.draws.dims == ("count_mean", "draw")
    np.testing.assert_allclose(mixed.draws[1] - mixed.draws[0], 1.0, rtol=1e-12)


def test_tuples_sweep():
    result = sweep(Vector(), over={"strengths": [(1.0, 2.0), (3.0, 4.0)]})
    assert result.total.values.tolist() == [3.0, 7.0]
    assert result["strengths"].values.tolist() == ["(1.0, 2.0)", "(3.0, 4.0)"]


def test_each_static_value_compiles_once():
    toys.TRACES.clear()
    over = {"kind": ["plain", "squared"], "mean": np.linspace(-1.0, 1.0, 13)}
    sweep(Noisy(count=13), over=over, seeds=3, chunk=4)
    assert sorted(toys.TRACES) == [(13, "plain"), (13, "squared")]
    sweep(Noisy(count=13, scale=2.5), over=over, seeds=3, chunk=4)
    assert len(toys.TRACES) == 2, "another traced value is another argument, not another program"


def test_host_only_visits_each_point_once():
    toys.TRACES.clear()
    result = sweep(Chosen(), over={"n": [4, 5], "k": [0, 1, 2]}, chunk=2)
    assert result.ways.values.tolist() == [[1, 4, 6], [1, 5, 10]]
    assert sorted(toys.TRACES) == [(n, k) for n in (4, 5) for k in (0, 1, 2)]


def test_the_second_time_nothing_is_computed(tmp_path):
    store, events = Store(tmp_path), []
    plan = Plan(Noisy(), over={"mean": [0.0, 1.0, 2.0]}, seeds=3, chunk=4)
    first = plan.run(store, progress=events.append)
    assert events[-1] == Progress(chunks=3, found=0, computed=3)
    again = plan.run(store, progress=events.append)
    assert len(events) == 3
    xr.testing.assert_identical(first, again)
    assert store.keys() == [plan.key], "the chunks give way to the whole"


def test_results_do_not_depend_on_which_chunks_were_there(tmp_path):
    plan = Plan(Single(), over={"mean": np.linspace(0.0, 3.0, 23)}, seeds=3, chunk=8)
    whole = plan.run(Store(tmp_path / "a"))
    store = Store(tmp_path / "b")

    def stop_after_two(progress):
        if progress.computed == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan.run(store, progress=stop_after_two)
    assert len(store.keys()) == 2
    left = [store.get(key) for key in store.keys()]  # noqa: SIM118
    assert all(part is not None for part in left), "an interrupt leaves no damaged file"
    events = []
    resumed = plan.run(store, progress=events.append)
    assert events[-1] == Progress(chunks=9, found=2, computed=7)
    xr.testing.assert_identical(whole, resumed)


SCRIPT = """
import os, signal, sys
from tests.lab.toys import Single
from theorylab.lab import Plan, Store
import numpy as np
plan = Plan(Single(), over={"mean": np.linspace(0.0, 3.0, 50)}, seeds=3, chunk=10)
last = None
def tell(progress):
    global last
    last = progress
    if progress.computed == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
data = plan.run(Store(sys.argv[1]), progress=tell)
print(last.chunks, last.found, last.computed, data.value.values.tobytes().hex())
"""


def python(code, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def test_after_a_kill_it_goes_on_where_it_stopped(tmp_path):
    killed = python(SCRIPT, tmp_path / "a", 6)
    assert killed.returncode == -9 and killed.stdout == ""
    assert len(Store(tmp_path / "a").keys()) == 6
    resumed = python(SCRIPT, tmp_path / "a", -1).stdout.split()
    whole = python(SCRIPT, tmp_path / "b", -1).stdout.split()
    assert resumed[:3] == ["15", "6", "9"], "six chunks were found, nine computed"
    assert whole[:3] == ["15", "0", "15"]
    assert resumed[3] == whole[3], "bit for bit"


DEVICES = """
import sys, threading, jax
import numpy as np
from tests.lab.toys import Single
from theorylab.lab import Plan, Store
from theorylab.lab import batch
used = set()
compute = batch.compute
def spy(task, device=None):
    used.add(device)
    return compute(task, device)
batch.compute = spy
plan = Plan(Single(), over={"mean": np.linspace(0.0, 3.0, 50)}, seeds=3, chunk=10)
data = plan.run(Store(sys.argv[1]))
print(len(used), data.value.values.tobytes().hex())
"""


def test_devices_share_the_chunks_and_change_nothing(tmp_path):
    four = python(DEVICES, tmp_path / "a", XLA_FLAGS="--xla_force_host_platform_device_count=4")
    one = python(DEVICES, tmp_path / "b", XLA_FLAGS="--xla_force_host_platform_device_count=1")
    assert four.returncode == 0, four.stderr
    assert four.stdout.split()[0] == "4", "every device worked"
    assert one.stdout.split()[0] == "1"
    assert four.stdout.split()[1] == one.stdout.split()[1]


@pytest.mark.parametrize(
    "plan, message",
    [
        ({"over": {"mean": []}}, "no values to sweep mean over"),
        ({"over": {"mean": [1.0], ("mean", "scale"): [(1.0, 1.0)]}}, "swept twice"),
        ({"over": {("mean", "scale"): [(1.0,)]}}, "needs 2 values"),
        ({"over": {"mean": [1000.0]}}, "mean is 1000.0"),
        ({"seeds": 0}, "at least one"),
        ({"seeds": (-1,)}, "at least one"),
        ({"chunk": 0}, "chunk is 0"),
    ],
)
def test_bad_plans_raise_when_made(plan, message):
    with pytest.raises(ValueError, match=message):
        Plan(Noisy(), **plan)


def test_shapes_that_differ_are_not_silently_joined():
    with pytest.raises(ValueError, match="'draws' has different shapes"):
        sweep(Noisy(), over={"count": [3, 4]})


def test_the_bar_is_silent_when_nobody_watches(capfd):
    sweep(Noisy(), over={"mean": [0.0, 1.0]})
    assert capfd.readouterr() == ("", "")
    sweep(Noisy(), over={"mean": [0.5, 1.0]}, progress=True)
    assert "Noisy" in capfd.readouterr().err


def test_plans_are_values():
    a = Plan(Noisy(), over={"mean": [0, 1]}, seeds=2)
    b = Plan(Noisy(), over={"mean": np.array([0.0, 1.0])}, seeds=(0, 1))
    assert a == b and hash(a) == hash(b) and a.key == b.key
    assert a != Plan(Noisy(), over={"mean": [0, 1]}, seeds=3)
