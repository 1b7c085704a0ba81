"""Experiments on training: small runs, and slices of the stored results made again."""

import numpy as np
import pytest

from theorylab.lab import run
from theorylab.quadratic.experiments.collapse import (
    FULL,
    MATCHED,
    NORMALISED,
    REMEDIES,
    DepthSweep,
    MatchedParameters,
    said,
)
from theorylab.quadratic.experiments.conserved import DRIFT, Drift
from theorylab.quadratic.experiments.digits import DIGITS, Digits
from theorylab.quadratic.experiments.lengths import NEAR, near_reference
from theorylab.quadratic.experiments.mixtures import MIXTURES, Mixtures
from theorylab.quadratic.experiments.neuron import OneNeuron


def test_the_stored_table_can_be_made_again():
    # Two runs of the depth-2 row need the keys of all ten, but not their training.
    kept = FULL.run()
    plan = FULL.plan.experiment
    chosen = tuple(plan.conditions[i] for i in (0, 6))
    again = run(plan.replace(depths=(2,), conditions=chosen))
    names = [said(one) for one in chosen]
    assert list(again.condition.values) == names
    stored = kept.sel(depth=[2], condition=names)
    # Without collapse, training amplifies rounding little: other machines agree too.
    assert np.allclose(again.loss, stored.loss, rtol=1e-3)
    assert np.allclose(again.accuracy, stored.accuracy, atol=0.02)


STORED = [FULL, REMEDIES, NORMALISED, MATCHED, DRIFT, MIXTURES, DIGITS]


@pytest.mark.parametrize("stored", STORED, ids=lambda recorded: recorded.name)
def test_stored_results_belong_to_their_plans(stored):
    data = stored.run()
    assert all(np.all(np.isfinite(data[name]) | (name == "loss")) for name in data.data_vars)


def test_the_drift_can_be_made_again():
    one = run(Drift(lr=0.08))
    kept = DRIFT.run().sel(rule="descent", gamma=1.0, lr=0.08)
    assert np.isclose(float(one.drift), float(kept.drift), rtol=1e-3)
    assert np.isclose(float(one.loss), float(kept.loss), rtol=1e-6)


def test_a_mixture_can_be_made_again():
    one = run(Mixtures())
    kept = MIXTURES.run().sel(dim=2, seed=0)
    assert np.allclose(one.accuracy, kept.accuracy, atol=1e-3)


def test_digits_can_be_made_again():
    pytest.importorskip("sklearn")
    kept = DIGITS.run().sel(depth=1)
    one = run(Digits(variant="linear", gamma=0.0))
    case = kept.isel({next(dim for dim in kept.dims if dim != "run"): 0})
    assert np.allclose(one.loss, case.loss, rtol=1e-3)


def test_without_scikit_learn_the_digits_say_so(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="scikit-learn"):
        run(Digits(steps=1))


def test_parameters_are_counted_without_what_does_nothing():
    cases = (("linear", 16), ("linear", 40), ("fan", 16))
    small = run(MatchedParameters(cases=cases, runs=1, steps=2, points=8))
    assert small.parameters.values.tolist() == [65, 161, 161]
    two = (("linear", 29), ("fan", 16))
    deep = run(MatchedParameters(depth=2, cases=two, runs=1, steps=2, points=8))
    assert deep.parameters.values.tolist() == [987, 977]


def test_conditions_differ_in_name():
    for stored in (FULL, REMEDIES, NORMALISED):
        names = [said(one) for one in stored.plan.experiment.conditions]
        assert len(set(names)) == len(names)


def test_a_clip_of_zero_is_no_clip():
    free = ("relinear", 1.0, 0.0, 0.0, 0.0)
    loose = ("relinear", 1.0, 0.0, 0.0, 1e6)
    data = run(DepthSweep(depths=(1,), conditions=(free, loose), runs=1, steps=5, points=16))
    assert np.array_equal(data.loss[0, 0], data.loss[0, 1])


def test_exclusive_or_by_one_neuron():
    data = run(OneNeuron(task="xor11", lr=0.5, steps=600))
    right = data.accuracy
    assert float(right.sel(condition="relinear 1")) == 1.0
    assert float(right.sel(condition="relinear 0")) < 1.0
    # The stored quadratic form is the neuron: its sign classifies.
    one = data.sel(condition="relinear 1")
    x = one.x.values
    z = np.einsum("ni,ij,nj->n", x, one.A, x) + x @ one.beta.values + float(one.kappa)
    assert np.array_equal(z > 0, one.y.values == 1)
    # The conventional neuron has no quadratic form.
    assert np.all(data.A.sel(condition="relinear 0") == 0)


def test_the_distance_from_the_reference_is_a_variance():
    assert near_reference(0.1) == (2 * 0.1**2, 1.0)
    assert NEAR.experiment.variance_r == 2.0
