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
    euler_map,
    fit_completion,
    gd_map,
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
    "step too long": (lambda: gd_map(P0, S, 2, 0.4, 3), "lr is 0.4; allowed: below 0.3333"),
    "step too long, imbalanced": (
        lambda: euler_map(P0, jnp.array([8.0, 2.0]), 3, 0.06, 3, imbalance=1.0),
        "lr is 0.06; allowed: below 0.0",
    ),
    "step too long with decay": (lambda: gd_map(P0, S, 2, 0.3, 3, decay=4.0), "below 0.2"),
    "step too long with decay, matrices": (
        lambda: train_gd(LAYERS, SIGMA, 0.3, 3, decay=4.0),
        "below 0.2",
    ),
    "a start far beyond, stepwise": (lambda: gd_map(50 + P0, S, 3, 0.05, 3), "allowed: below"),
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
    (lambda: race_invariant(jnp.ones(2), 3), "k has shape (2,)"),
    (lambda: pathway_error(((m,),), jnp.ones((2, 5))), "from 5 inputs to 2 outputs"),
    (lambda: pathway_error(((m, jnp.ones((2, 3))),), m), "a chain of matrices"),
    (lambda: pathway_error(m, m), "allowed: a tuple over pathways"),
    (lambda: balancedness(((m, jnp.ones(5)),)), "a chain of matrices"),
    (lambda: sv_velocity((m, m), jnp.ones((5, 4))), "from 4 inputs to 5 outputs"),
    (lambda: completion_gradient(m, jnp.ones((4, 4)), mask), "mask has shape (5, 5)"),
    (lambda: completion_gradient(jnp.ones((4, 4)), m, mask), "w has shape (4, 4)"),
    (lambda: transfer_curve(key, m, m[:4, :4], mask, mask[:4, :4], 1, (0,), 1), "that of m1"),
    (lambda: mode_at(jnp.ones(2), 0.1 * jnp.ones(3), 3.0, 2), "shapes that broadcast"),
    (lambda: unlearn(jnp.ones(2), jnp.ones(3), 2), "shapes that broadcast"),
    (lambda: deficit_dose(jnp.ones(2), jnp.ones(3), 2), "shapes that broadcast"),
    (lambda: closing_time(1e-3 * jnp.ones(2), jnp.ones(3), 2), "shapes that broadcast"),
    (lambda: allocate(jnp.zeros(1), jnp.ones(3), 3), "the batch of c"),
    (lambda: mode_rhs(jnp.ones(2), jnp.ones(2), 2), "allowed: (P, r)"),
    (lambda: residual(jnp.ones((2, 2)), jnp.ones(3), gates((), 0, 2, 2)), "s has shape (3,)"),
    (lambda: couplings(jnp.ones((3, 2))), "allowed: Gates"),
    (lambda: critical_period_map(jnp.ones(2), (2,), 0.1, jnp.ones(1), jnp.ones(1)), "s has shape"),
    (lambda: critical_period_curve(jnp.ones(2), 2, jnp.ones(3), m[0], m[0]), "k0 has shape (3,)"),
    (lambda: balanced_init(key, (2, 3, 4), 2), "shape has shape (3,)"),
    (lambda: layer_strength(1.0, 3, jnp.ones(2)), "imbalance has shape (2,)"),
    (lambda: mode_at("a", 0.1, 3.0, 2), "an argument is 'a'"),
    (lambda: train_gd(((m,),), m, jnp.ones(2), 1), "lr has shape (2,)"),
    (lambda: train_gd(((m,),), m, 0.01, [1, 2]), "steps has shape (2,)"),
    (lambda: train_gd(((m,),), m, 0.01, 2, 0.5), "deficits is 0.5"),
    (lambda: train_gd(((m,),), m, 0.01, 2, (), [1]), "record_every has shape (1,)"),
    (lambda: train_nonlinear(((m,),), m, 0.01, [2]), "steps has shape (1,)"),
    (lambda: Deficit("blur", 1, 1j, 2.0), "start is 1j"),
    (lambda: Deficit("blur", 1, 0.0, {}), "stop is {}"),
    (lambda: Deficit("blur", 1j), "pathway is 1j"),
    (lambda: gates((), float("nan"), 2, 1), "t is nan"),
    (lambda: gates((), 0.0, 2.5, 1), "pathways is 2.5"),
    (lambda: gates((), 0.0, 2, -1), "modes is -1"),
    (lambda: solve_modes(m[:2], m[0], 2, jnp.ones((1, 2))), "ts has shape (1, 2)"),
    (lambda: sv_velocity((m, m), 1.0), "grad has shape ()"),
    (lambda: effective_rank([1.0, -2.0]), "s holds"),
    (lambda: observe(key, 5, [3]), "m has shape (1,)"),
    (lambda: observe(key, 5, 3, "a"), "subset_of is 'a'"),
    (lambda: hierarchical_tree([3]), "levels has shape (1,)"),
    (lambda: task_pair(key, 5, [2], 2), "r1 has shape (1,)"),
    (lambda: low_rank(key, 5, 2, [1.0]), "fro has shape (1,)"),
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


def test_a_step_beyond_the_limit_may_be_asked_for():
    k = gd_map(P0, S, 2, 0.35, 40, check_stability=False)
    assert bool(jnp.all(jnp.isfinite(k)))
    with pytest.raises(ValueError, match="check_stability=False"):
        euler_map(P0, S, 2, 0.35, 40)
    assert euler_map(P0, S, 2, 0.35, 1, check_stability=False).shape == (2, 2, 2)


@pytest.mark.parametrize("depth", [2, 3])
def test_the_limit_of_the_maps_is_where_the_winner_becomes_unstable(depth):
    """Just beside the minimum in which one pathway holds the mode, with and without imbalance."""
    for lam in (0.0, 1.0):
        p0 = layer_strength(jnp.array([[3.0 * 1.001]]), depth, lam)
        s = jnp.array([3.0])
        with pytest.raises(ValueError, match="lr is") as error:
            euler_map(p0, s, depth, 9.0, 1, imbalance=lam)
        limit = float(str(error.value).split("below ")[1].split(",")[0])
        for factor, near in ((0.97, True), (1.03, False)):
            lr = factor * limit
            k = euler_map(p0, s, depth, lr, 200, imbalance=lam, check_stability=False)
            assert (abs(float(k[-1, 0, 0]) - 3.0) < 0.003) == near


def test_two_layers_unlearn_a_target_of_zero():
    """All rates are then zero: dK/dt = -2 K^2 for each of two balanced modes."""
    w = jnp.sqrt(0.5) * ONE
    omega = two_layer_exact(w, w, 0 * SIGMA, jnp.array([0.0, 1.0, 50.0]))
    expected = 0.5 / (1 + 2 * 0.5 * np.array([0.0, 1.0, 50.0]))
    np.testing.assert_allclose(omega[:, 0, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(omega[:, 0, 1], 0.0, atol=1e-15)
