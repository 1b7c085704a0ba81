"""Experiments as values: declaration, validation, precision, pytree."""

import dataclasses
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.toys import Chosen, Noisy, Single, Vector
from theorylab.lab import Experiment, Output, run, static, sweep, traced
from theorylab.lab.require import require


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_value_is_accepted_exactly_when_it_is_in_range(value):
    if -100.0 <= value <= 100.0:
        assert Noisy(mean=value).mean == value
    else:
        with pytest.raises(ValueError, match=r"mean is .*allowed: a finite number at least -100"):
            Noisy(mean=value)


@pytest.mark.parametrize("wrong", [0, 51, 2.5, "three", None, True and "x"])
def test_static_values_raise(wrong):
    with pytest.raises(ValueError, match=r"count is .*allowed: a whole number"):
        Noisy(count=wrong)


def test_choices_are_listed_in_the_message():
    with pytest.raises(ValueError, match="kind is 'cubed'; allowed: one of 'plain', 'squared'"):
        Noisy(kind="cubed")


def test_an_unknown_name_suggests_a_near_one():
    with pytest.raises(TypeError, match="no parameter 'maen'; did you mean 'mean'"):
        Noisy(maen=1.0)
    with pytest.raises(TypeError, match="no parameter 'skale'; did you mean 'scale'"):
        sweep(Noisy(), over={"skale": [1.0]})


def test_values_are_normalised_so_that_equal_means_equal():
    ours = Noisy(mean=np.float32(2), count=np.int64(7), scale=1)
    assert ours == Noisy(mean=2.0, count=7)
    assert hash(ours) == hash(Noisy(mean=2.0, count=7))
    assert [type(v) for v in (ours.mean, ours.count, ours.scale)] == [float, int, float]
    assert Vector(strengths=np.array([1.0, 2.0])).strengths == (1.0, 2.0)


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Noisy().mean = 3.0


def test_a_pytree_of_traced_values_only():
    leaves = jax.tree.leaves(Noisy(mean=2.0))
    assert leaves == [2.0, 1.0]
    moved = jax.tree.map(lambda leaf: leaf + 1, Noisy(mean=2.0))
    assert (moved.mean, moved.scale, moved.count) == (3.0, 2.0, 4)
    assert jax.jit(lambda e: e.mean * e.count)(Noisy(mean=2.0)) == 8.0
    slope = jax.grad(lambda e: e.simulate(jax.random.key(0))["average"])(
        jax.tree.map(jnp.asarray, Noisy(mean=2.0))
    )
    assert slope.mean == 1.0
    assert pickle.loads(pickle.dumps(Noisy(mean=2.0))) == Noisy(mean=2.0)


def test_declarations_are_checked():
    with pytest.raises(TypeError, match="must be static"):

        class Bare(Experiment):
            x: float = 1.0
            outputs = {"y": Output()}

            def simulate(self, key):
                return {"y": self.x}

    with pytest.raises(TypeError, match="no parameter can be called 'seed'"):

        class Seeded(Experiment):
            seed: int = static(1)
            outputs = {"y": Output()}

            def simulate(self, key):
                return {"y": self.seed}

    with pytest.raises(TypeError, match="must define outputs and simulate"):

        class Empty(Experiment):
            outputs = {"y": Output()}

    with pytest.raises(TypeError, match="traced parameter is a number"):
        traced("text")
    with pytest.raises(ValueError, match="the default is -1"):
        static(-1, low=0)


def test_what_simulate_returns_must_be_what_was_declared():
    class Wrong(Experiment):
        named: bool = static(True)
        outputs = {"y": Output(("time",))}

        def simulate(self, key):
            return {"z": jnp.ones(3)} if self.named else {"y": jnp.ones(())}

    with pytest.raises(ValueError, match=r"returns \['z'\]; declared: \['y'\]"):
        run(Wrong())
    with pytest.raises(ValueError, match=r"'y' with shape \(\); declared dimensions: \('time',\)"):
        run(Wrong(named=False))


@pytest.mark.parametrize("outer", [True, False])
def test_precision_is_the_experiments_own_and_leaves_no_trace(outer):
    with jax.enable_x64(outer):
        assert run(Noisy()).average.dtype == np.float64
        assert run(Single()).value.dtype == np.float32
        assert jnp.ones(()).dtype == (np.float64 if outer else np.float32)


def test_units_names_and_provenance_are_in_the_dataset():
    result = run(Noisy(mean=2.0), seed=3)
    assert result.average.attrs == {"units": "mV", "long_name": "average of the draws"}
    assert result.draw.attrs["long_name"] == "number of the draw"
    assert result.attrs["precision"] == "float64"
    assert result.attrs["seeds"] == "[3]"
    assert '"mean": 2.0' in result.attrs["parameters"]
    assert set(result.attrs) >= {"key", "device", "theorylab", "versions", "experiment"}
    swept = sweep(Noisy(), over={"mean": [0.0, 1.0]})
    assert swept["mean"].attrs == {"units": "mV", "long_name": "mean of the draws"}


def test_host_only_is_exact_and_never_traced():
    result = sweep(Chosen(n=60), over={"k": [30, 31]})
    assert result.ways.values.tolist() == [118264581564861424, 114449595062769120]
    assert result.attrs["device"] == "host"


def test_a_run_agrees_with_the_definition():
    with jax.enable_x64(True):
        expected = 2.0 + jax.random.normal(jax.random.key(5, impl="threefry2x32"), (4,))
    np.testing.assert_allclose(run(Noisy(mean=2.0), seed=5).draws, expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int8"])
def test_every_real_precision_is_a_number(dtype):
    good = np.ones(3, jnp.dtype(dtype))
    assert require("x", good, low=1) is good
    with pytest.raises(ValueError, match="x holds"):
        require("x", good, above=1)


def test_complex_numbers_are_refused():
    for value in (1j, np.ones(2) * 1j):
        with pytest.raises(ValueError, match=r"x (is|holds)"):
            require("x", value)
