"""Bad input says what is wrong before anything is computed, and is never NaN in silence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    Deficit,
    aligned_init,
    allocate,
    completion_init,
    effective_rank,
    fit_completion,
    gates,
    layer_strength,
    low_rank,
    mode_at,
    mode_rhs,
    pathway_error,
    race_potential,
    race_potential_inverse,
    share_after_dose,
    solve_modes,
    task_svd,
    train_gd,
    two_layer_exact,
)

NAN = float("nan")
P0, S = jnp.full((2, 2), 0.1), jnp.array([3.0, 2.0])
SIGMA, ONE = jnp.diag(S), jnp.eye(2)
TS = jnp.array([0.0, 1.0])
KEY = jax.random.key(0)
LAYERS = ((ONE, 0.1 * ONE),)
FACTORS = completion_init(KEY, 5, 2)
M, MASK = low_rank(KEY, 5, 2), jnp.ones((5, 5), bool)

BAD = {
    "a depth that is no number": (lambda: mode_at(1.0, 0.1, 3.0, [2, 3]), "depth"),
    "a fractional depth": (lambda: mode_at(1.0, 0.1, 3.0, 2.5), "depth is 2.5"),
    "complex": (lambda: mode_at(1j, 0.1, 3.0, 2), "real numbers"),
    "nan target": (lambda: two_layer_exact(ONE, ONE, NAN * SIGMA, TS), "sigma holds"),
    "nan potential": (lambda: race_potential_inverse(NAN, 2), "f is"),
    "nan strength, imbalanced": (lambda: race_potential(NAN, 4, 1.0), "p is"),
    "nan strength": (lambda: layer_strength(NAN, 3, 1.0), "k is"),
    "no gap": (lambda: allocate(jnp.zeros(0), 1.0, 3), r"c has shape \(0,\)"),
    "gaps beyond the race": (lambda: allocate(jnp.array([9.0]), 1.0, 4, 1.0), "below 2.0"),
    "half a mode": (lambda: Deficit("blur", 1, modes=(0.7,)), "modes holds"),
    "no mode": (lambda: Deficit("blur", 1, modes=()), "modes is"),
    "modes as a number": (lambda: Deficit("blur", 1, modes=1), "modes is"),
    "a time in words": (lambda: Deficit("blur", 1, "a", 1.0), "start is 'a'"),
    "no deficit": (lambda: gates("freeze", 0.0, 2, 1), "allowed: Deficit"),
    "nan decay": (lambda: mode_rhs(P0, S, 2, decay=NAN), "decay is nan"),
    "nan decay, solved": (lambda: solve_modes(P0, S, 3, TS, decay=NAN), "decay is nan"),
    "stiff decay": (lambda: solve_modes(P0, S, 3, TS, decay=1e4), "steps is 400"),
    "a start far beyond": (lambda: solve_modes(50 + P0, S, 3, TS), "steps is 400"),
    "nan task": (lambda: aligned_init(NAN * SIGMA, 3, 4, P0, KEY), "sigma holds"),
    "a flat task": (lambda: task_svd(S), "sigma has shape"),
    "nan weights": (lambda: train_gd(((ONE, NAN * ONE),), SIGMA, 0.01, 2), "weights of pathway 0"),
    "no layers": (lambda: train_gd(((),), SIGMA, 0.01, 2), "no layers"),
    "nothing to learn": (lambda: pathway_error(LAYERS, 0 * SIGMA), "largest entry of sigma"),
    "no spectrum": (lambda: effective_rank(jnp.zeros(3)), "sum of s"),
    "a mask of numbers": (
        lambda: fit_completion(FACTORS, M, 2 * MASK.astype(int), 0.1, 2),
        "mask has dtype",
    ),
    "nan where observed": (
        lambda: fit_completion(FACTORS, M.at[0, 0].set(NAN), MASK, 0.1, 2),
        "m holds",
    ),
    "no plateau": (lambda: share_after_dose(5.0, 1), "depth is 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    call, words = BAD[name]
    # with the annotations enforced, as here, some of it is caught even earlier
    with pytest.raises(Exception, match=words) as caught:
        call()
    assert isinstance(caught.value, ValueError)


def test_a_traced_depth_says_how_to_help_oneself():
    with pytest.raises(ValueError, match="mark it static"):
        jax.jit(lambda depth: mode_at(1.0, 0.1, 3.0, depth))(3)


@pytest.mark.parametrize("depth", [np.int64(3), 3.0])
def test_a_depth_may_be_any_whole_number(depth):
    assert float(mode_at(1.0, 0.1, 3.0, depth)) == float(mode_at(1.0, 0.1, 3.0, 3))


def test_two_layers_unlearn_a_target_of_zero():
    """All rates are then zero: dK/dt = -2 K^2 for each of two balanced modes."""
    w = jnp.sqrt(0.5) * ONE
    omega = two_layer_exact(w, w, 0 * SIGMA, jnp.array([0.0, 1.0, 50.0]))
    expected = 0.5 / (1 + 2 * 0.5 * np.array([0.0, 1.0, 50.0]))
    np.testing.assert_allclose(omega[:, 0, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(omega[:, 0, 1], 0.0, atol=1e-15)
