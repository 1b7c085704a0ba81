"""Bad input says what is wrong before anything is computed, and is never NaN in silence."""

import subprocess
import sys

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
    layer_strength,
    low_rank,
    mode_at,
    mode_rhs,
    pathway_error,
    race_potential,
    race_potential_inverse,
    share_after_dose,
    solve_modes,
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
    "complex": (lambda: mode_at(1j, 0.1, 3.0, 2), "real numbers"),
    "nan target": (lambda: two_layer_exact(ONE, ONE, NAN * SIGMA, TS), "sigma holds"),
    "nan potential": (lambda: race_potential_inverse(NAN, 2), "f is"),
    "nan strength, imbalanced": (lambda: race_potential(NAN, 4, 1.0), "p is"),
    "nan strength": (lambda: layer_strength(NAN, 3, 1.0), "k is"),
    "no gap": (lambda: allocate(jnp.zeros(0), 1.0, 3), r"c has shape \(0,\)"),
    "gaps beyond the race": (
        lambda: allocate(jnp.array([9.0]), 1.0, 4, 1.0),
        "allowed: a finite number below",
    ),
    "no mode": (lambda: Deficit("blur", 1, modes=()), "modes is"),
    "nan decay": (lambda: mode_rhs(P0, S, 2, decay=NAN), "decay is nan"),
    "nan decay, solved": (lambda: solve_modes(P0, S, 3, TS, decay=NAN), "decay is nan"),
    "stiff decay": (lambda: solve_modes(P0, S, 3, TS, decay=1e4), "steps is 400"),
    "a start far beyond": (lambda: solve_modes(50 + P0, S, 3, TS), "steps is 400"),
    "nan task": (lambda: aligned_init(NAN * SIGMA, 3, 4, P0, KEY), "sigma holds"),
    "nan weights": (lambda: train_gd(((ONE, NAN * ONE),), SIGMA, 0.01, 2), "weights of pathway 0"),
    "no layers": (lambda: train_gd(((),), SIGMA, 0.01, 2), "no layers"),
    "nothing to learn": (lambda: pathway_error(LAYERS, 0 * SIGMA), "largest entry of sigma"),
    "no spectrum": (lambda: effective_rank(jnp.zeros(3)), "sum of s"),
    "nan where observed": (
        lambda: fit_completion(FACTORS, M.at[0, 0].set(NAN), MASK, 0.1, 2),
        "m holds",
    ),
    "no plateau": (lambda: share_after_dose(5.0, 1), "depth is 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()


# Here the annotations are enforced and would speak first; a user's Python does not enforce them.
PLAIN = """
import jax, jax.numpy as jnp, numpy as np
from theorylab.deep_linear import *
mask, m, key = jnp.ones((5, 5), bool), jnp.ones((5, 5)), jax.random.key(0)
bad = [
    (lambda: mode_at(1.0, 0.1, 3.0, [2, 3]), "depth has shape (2,)"),
    (lambda: mode_at(1.0, 0.1, 3.0, 2.5), "depth is 2.5"),
    (lambda: jax.jit(lambda d: mode_at(1.0, 0.1, 3.0, d))(3), "mark it static"),
    (lambda: Deficit("blur", 1, modes=(0.7,)), "modes holds"),
    (lambda: Deficit("blur", 1, modes=1), "modes is 1"),
    (lambda: Deficit("blur", 1, "a", 1.0), "start is 'a'"),
    (lambda: gates("freeze", 0.0, 2, 1), "allowed: Deficit"),
    (lambda: task_svd(jnp.ones(2)), "sigma has shape (2,)"),
    (lambda: allocate(0.5, 1.0, 3), "c has shape ()"),
    (lambda: fit_completion((m,), m, 2 * mask.astype(int), 0.1, 2), "mask has dtype"),
    (lambda: fit_completion((), m, mask, 0.1, 2), "holds no layer"),
]
for call, words in bad:
    try:
        call()
    except ValueError as error:
        assert words in str(error), (words, str(error))
    else:
        raise SystemExit(f"accepted: {words}")
for depth in (np.int64(3), 3.0):
    assert float(mode_at(1.0, 0.1, 3.0, depth)) == float(mode_at(1.0, 0.1, 3.0, 3))
"""


def test_bad_input_is_named_where_annotations_are_not_enforced():
    done = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_two_layers_unlearn_a_target_of_zero():
    """All rates are then zero: dK/dt = -2 K^2 for each of two balanced modes."""
    w = jnp.sqrt(0.5) * ONE
    omega = two_layer_exact(w, w, 0 * SIGMA, jnp.array([0.0, 1.0, 50.0]))
    expected = 0.5 / (1 + 2 * 0.5 * np.array([0.0, 1.0, 50.0]))
    np.testing.assert_allclose(omega[:, 0, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(omega[:, 0, 1], 0.0, atol=1e-15)
