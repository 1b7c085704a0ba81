"""Figures of the linear theory: data that agree with the reference, and what they show."""

import numpy as np
import pytest

from tests.figures import agrees, drawn, labels
from theorylab.lab import figures
from theorylab.rich_lazy.experiments.linear import (
    BALANCED,
    BEYOND,
    EXCEPTION,
    PATH,
    SILENT,
    THEOREM,
    AlignedStart,
    TaskAverage,
)

OWN = (
    "aligned-exception",
    "balanced",
    "beyond-the-limit",
    "expected-alignment",
    "l1-to-l2",
    "silent-alignment",
)


def test_the_chapter_has_its_figures():
    known = figures.figures("rich_lazy")
    assert {f"rich_lazy/{name}" for name in OWN} <= set(known)
    assert all(known[f"rich_lazy/{name}"].references for name in OWN)


@pytest.mark.parametrize("name", OWN)
def test_data_agree_with_the_reference(name, figure_store):
    agrees(f"rich_lazy/{name}", figure_store, most=100_000)


@pytest.mark.parametrize("name", OWN)
def test_drawn_at_the_width_of_the_book(name, figure_store):
    figure = drawn(f"rich_lazy/{name}", figure_store)
    assert sum(bool(text) for text in labels(figure)) >= 2


def test_theory_and_simulation_of_the_theorem(figure_store):
    data = THEOREM.run(figure_store)
    assert float(data.loss.max()) < 1e-20 and float(data.gap.max()) < 1e-5
    away = np.abs(data.alignment - data.theory)
    assert bool((away <= 3 * data.error + 1e-6).all()) and float(away.max()) < 0.01
    # ranks are paired: the alignment rises with every step of the rank
    assert bool((data.alignment.diff("rank") > 0).all())
    effect = data.alignment.sel(rank=10) - data.alignment.sel(rank=1)
    assert np.all(np.diff(effect.sortby("ratio").values) < 0)


def test_beyond_the_limit_the_order_is_lost():
    data = BEYOND.run()
    small = data.sel(sigma=1e-3)
    assert bool((np.abs(small.alignment - small.theory) <= 3 * small.error + 1e-5).all())
    large = data.alignment.sel(ratio=0.1, sigma=3.0)
    assert float(large.sel(rank=1) - large.sel(rank=3)) > 10 * float(
        data.error.sel(ratio=0.1, sigma=3.0, rank=3)
    )
    assert bool((data.alignment.sel(sigma=slice(0, 1.0)).diff("rank") > 0).all())
    assert float(data.loss.max()) < 1e-20


def test_a_slice_of_the_recorded_table_comes_out_again():
    kept = BEYOND.run().sel(ratio=0.1, sigma=1.7, rank=2)
    import jax

    from theorylab.lab import run

    jax.config.update("jax_enable_x64", True)
    again = run(TaskAverage(tasks=32, steps=3000, ratio=0.1, sigma=1.7, rank=2))
    for name in ("alignment", "error", "theory"):
        assert np.isclose(float(again[name]), float(kept[name]), rtol=1e-8)


def test_the_exception(figure_store):
    data = EXCEPTION.run(figure_store)
    assert float(data.gap.max()) < 1e-5
    assert np.allclose(data.alignment.sel(start="aligned"), 1, atol=1e-6)
    partial, free = (data.alignment.sel(start=name) for name in ("partial", "random"))
    assert bool((partial.diff("kappa") > 0).all()) and bool((partial > free + 0.02).all())
    # a direction that is drawn at random catches 1/d of the task on average
    expected = (1 / 8 + 10) / 11
    assert bool((np.abs(free - expected) < 3 * data.error.sel(start="random")).all())


def test_the_kernel_turns_before_the_loss_falls(figure_store):
    data = SILENT.run(figure_store)
    for rank in (1, 10):
        small, large = (data.sel(rank=rank, sigma=sigma) for sigma in (1e-3, 0.7))
        turned = small.direction > 0.999
        assert float(small.loss.where(turned, drop=True)[0]) > 0.99
        assert float(small["size"].where(turned, drop=True)[0]) < 0.01
        assert abs(float(small.target[-1]) - 2 / 13**0.5) < 1e-5
        assert float(large.loss.where(large.direction > 0.999, drop=True)[0]) < 0.3


def test_the_balance_decides(figure_store):
    data = BALANCED.run(figure_store)
    assert float(data.gap.max()) < 1e-7
    end = data.isel(t=-1)
    assert float(data.loss.isel(t=-1).max()) < 1e-3
    rich, lazy = end.turn.sel(lam=0), end.turn.sel(lam=[-1.5, 1.5])
    assert bool((lazy > 0.9).all()) and float(rich) < 0.7
    assert float(end["first"].sel(lam=1.5)) > 3 * float(end.second.sel(lam=1.5))
    assert float(end.second.sel(lam=-1.5)) > 3 * float(end["first"].sel(lam=-1.5))


def test_the_path_from_l1_to_l2(figure_store):
    data = PATH.run(figure_store)
    assert float(data.kkt.max()) < 1e-9
    assert float(np.abs(data.beta - data.trained).max()) < 1e-3
    assert bool((data.l1.diff("alpha") > 0).all()) and bool((data.l2.diff("alpha") < 0).all())
    assert np.isclose(data.l2[-1], data.least_l2[-1], rtol=1e-6)


def test_the_number_of_features_is_even():
    with pytest.raises(ValueError, match="d is 7; allowed: even"):
        AlignedStart(d=7)
