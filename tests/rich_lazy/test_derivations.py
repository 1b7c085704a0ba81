"""Numbers of the claims, and checks that a wrong formula does not pass."""

import copy

import numpy as np
import pytest
from sympy import MatrixSymbol, Trace, symbols

from theorylab.rich_lazy.derivations import DERIVATIONS
from theorylab.symbolic import (
    Derivation,
    DerivationError,
    Integers,
    Interval,
    Rewrite,
    compiled,
    expand_products,
)
from theorylab.symbolic.mutations import mutations


def test_the_whole_theory_is_general():
    assert {d.name.split("/")[1] for d in DERIVATIONS} == {
        "lazy-scale",
        "kernel-flow",
        "small-start",
        "alignment",
        "spectra",
        "best-start",
        "single-task",
        "balanced-flow",
        "diagonal",
    }
    assert all(item.cases is None for d in DERIVATIONS for item in d.items.values())


def test_a_wrong_claim_about_matrices_is_refuted():
    n, m = symbols("n m", integer=True, positive=True)
    a = symbols("a", positive=True)
    A = MatrixSymbol("A", n, m)
    d = Derivation("mine/wrong", domain={n: Integers(2, 3), m: Integers(2, 3), a: Interval(1, 2)})
    d.step("square", Trace(A.T * A * A.T * A), Trace(A.T * A) ** 2, by=Rewrite(how=expand_products))
    d.step("scale", Trace(a * A.T * A), a**2 * Trace(A.T * A), by=Rewrite(how=expand_products))
    for name in ("square", "scale"):
        with pytest.raises(DerivationError) as error:
            d.check(name)
        assert error.value.outcome == "REFUTED"


def test_a_solution_with_another_start_is_refuted():
    """The equation alone would let (c + P_0 G)^{-1} P_0 pass for any c."""
    d = next(d for d in DERIVATIONS if d.name == "rich_lazy/balanced-flow")
    core = d.items["core"]
    changed = [m.item for m in mutations(core, []) if m.label == "rhs: sign of 1"]
    assert len(changed) == 1
    wrong = copy.copy(d)
    wrong.items, wrong._verdicts = d.items | {"core": changed[0]}, {}
    wrong.check("core-flow", "solution")
    with pytest.raises(DerivationError, match="core-start"):
        wrong.check("core-start")


def test_the_slope_is_the_derivative_of_the_compiled_formula():
    args = ("sigma", "omega", r"\mathrm{PR}", "d")
    value = compiled("rich_lazy/alignment/expected", args=args)
    slope = compiled("rich_lazy/alignment/slope", args=args)
    for omega, pr in ((1.0, 2.0), (0.1, 5.0)):
        h = 1e-5
        pair = [float(value(1.0, omega, pr + s * h, 10)) ** 2 for s in (-1, 1)]
        assert np.isclose((pair[1] - pair[0]) / (2 * h), slope(1.0, omega, pr, 10), rtol=1e-6)


def test_the_relative_scale_of_one_mode():
    change = compiled("rich_lazy/lazy-scale/mode-change", args=("kappa",))
    kappa, p = np.array([0.01, 0.1, 1.0]), 2.0
    lam = p / kappa
    assert np.allclose(change(kappa), np.sqrt(lam**2 + 4 * p**2) / lam - 1, rtol=1e-6)
    assert np.isclose(float(change(1e-3)) / 2e-6, 1, rtol=1e-4)
