"""Initial connectivity: ranks, sizes, spectra, and the features that experiments report."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from theorylab.rich_lazy import (
    cell_type,
    chain_motif,
    dale,
    distance_dependent,
    effective_rank,
    from_spectrum,
    lambda_balanced,
    low_rank,
    power_law,
    rescale,
    sparse,
    spectral_radius,
    task_aligned,
    truncate_svd,
)

KEY = jax.random.key(7)
N = 24
SQUARE = {
    "low rank": low_rank(3),
    "power law": power_law(1.0),
    "Dale": dale(),
    "sparse": sparse(),
    "distance": distance_dependent(),
    "chains": chain_motif(),
    "cell types": cell_type(),
}


def singular(w):
    return np.linalg.svd(np.asarray(w), compute_uv=False)


@pytest.mark.parametrize("match", ["fro", "spectral", "radius", None])
def test_truncation_keeps_what_it_says_and_nothing_else(match):
    w = jax.random.normal(KEY, (N, N))
    low = truncate_svd(w, 5, match)
    sizes = {
        "fro": (np.linalg.norm, np.linalg.norm(w)),
        "spectral": (lambda m: singular(m)[0], singular(w)[0]),
        "radius": (lambda m: abs(np.linalg.eigvals(m)).max(), abs(np.linalg.eigvals(w)).max()),
    }
    assert np.linalg.matrix_rank(low) == 5
    # The best approximation of that rank, up to one factor (Eckart and Young).
    ratio = singular(low)[:5] / singular(w)[:5]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)
    for name, (size, want) in sizes.items():
        kept = name == match or (match is None and name == "spectral")
        assert np.isclose(size(np.asarray(low)), want, rtol=1e-9) == kept, name


def test_low_rank_at_equal_frobenius_norm_has_a_larger_spectral_norm():
    """At rank one by the root of the stable rank, about n/4. Which size to match is a choice."""
    n = 200
    one, full = (low_rank(r, 1.0)(KEY, (n, n)) for r in (1, n))
    assert np.isclose(np.linalg.norm(one), np.linalg.norm(full))
    assert singular(one)[0] / singular(full)[0] == pytest.approx((n / 4) ** 0.5, rel=0.05)


def test_the_rank_may_be_traced_and_all_ranks_share_one_program():
    compiled = jax.jit(lambda rank: low_rank(rank)(KEY, (N, N)))
    for rank in (1, 7, N):
        np.testing.assert_allclose(
            compiled(jnp.asarray(rank)), low_rank(rank)(KEY, (N, N)), atol=1e-12
        )
    assert compiled._cache_size() == 1
    stack = jax.vmap(lambda rank: low_rank(rank)(KEY, (N, N)))(jnp.arange(1, 4))
    assert [int(np.linalg.matrix_rank(w)) for w in stack] == [1, 2, 3]


@pytest.mark.parametrize("name", SQUARE)
def test_all_have_the_size_of_a_gaussian_matrix(name):
    w = SQUARE[name](KEY, (N, N))
    loose = 0.2 if name == "low rank" else 1e-9  # cut from a matrix of random norm
    assert np.linalg.norm(w) == pytest.approx(1.25 * N**0.5, rel=loose)
    assert SQUARE[name](KEY, (N, N), jnp.float32).dtype == jnp.float32


@pytest.mark.parametrize("make", [dale, chain_motif, cell_type, low_rank])
def test_orientation_is_a_transpose(make):
    args = (3,) if make is low_rank else ()
    recurrent, flax = (make(*args, orientation=o)(KEY, (N, N)) for o in ("post_pre", "flax"))
    np.testing.assert_array_equal(recurrent, flax.T)
    assert not np.allclose(recurrent, flax)


def test_they_are_kernels_of_flax_layers():
    """Dale's sign belongs to the sender: to a row of a Flax kernel, (in, out)."""
    init = dale(0.25, orientation="flax")
    dense = linen.Dense(6, kernel_init=init, param_dtype=jnp.float64)
    kernel = dense.init(KEY, jnp.ones((1, 8)))["params"]["kernel"]
    other = nnx.Linear(8, 6, kernel_init=init, rngs=nnx.Rngs(0)).kernel[...]
    for k in (kernel, other):
        assert k.shape == (8, 6)
        assert (k[:6] >= 0).all() and (k[6:] <= 0).all()


def test_dale_balances_the_mean_of_a_row():
    n = 400
    balanced, plain = (dale(0.2, b, gain=1.0)(KEY, (n, n)) for b in (True, False))
    scale = float(jnp.abs(balanced).mean())
    assert abs(float(balanced.mean())) < 0.03 * scale
    assert float(plain.mean()) > 0.5 * float(jnp.abs(plain).mean())
    strength = jnp.abs(balanced).mean(axis=0)
    assert float(strength[320:].mean() / strength[:320].mean()) == pytest.approx(4, rel=0.05)


def test_connection_probabilities():
    n = 300
    assert float((sparse(0.2)(KEY, (n, n)) != 0).mean()) == pytest.approx(0.2, abs=0.01)
    near = distance_dependent(0.05, 0.3, positive=True)(KEY, (n, n))
    assert float((near != 0).mean()) == pytest.approx(0.05, abs=0.01)
    assert (near >= 0).all()
    cells = cell_type()(KEY, (n, n)) != 0
    assert float(cells[:240, :240].mean()) == pytest.approx(0.16, abs=0.01)
    # The two that differ most from their transposes: PV from VIP, and VIP from PV.
    assert float(cells[240:267, 285:].mean()) == pytest.approx(0.020, abs=0.03)
    assert float(cells[285:, 240:267].mean()) == pytest.approx(0.220, abs=0.08)


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.8])
def test_chains_have_the_covariance_that_is_said(rho):
    """cov(W_ij, W_jk) = a^2 rho, over the common middle j: rows' against columns' means."""
    n, amp = 500, 0.5
    w = chain_motif(rho, amp)(KEY, (n, n))
    receives, sends = w.mean(axis=1), w.mean(axis=0)
    covariance = np.cov(receives, sends)[0, 1] / float(w.var()) * (1 + 2 * amp**2)
    assert covariance == pytest.approx(amp**2 * rho, abs=0.035)


def test_spectra_are_as_given():
    w = from_spectrum(jnp.array([3.0, 2.0, 0.5]))(KEY, (7, 5))
    np.testing.assert_allclose(singular(w), [3, 2, 0.5, 0, 0], atol=1e-12)
    flat, steep = (power_law(a)(KEY, (N, N)) for a in (0.0, 2.0))
    assert float(effective_rank(flat, "pr")) == pytest.approx(N)
    np.testing.assert_allclose(singular(steep)[0] / singular(steep)[3], 16.0)


def test_task_alignment_is_in_the_gram_matrix():
    b = jnp.array([3.0, 0.0, 4.0]) / 5
    w = task_aligned(jnp.outer(b, b), 0.5)(KEY, (6, 3))
    np.testing.assert_allclose(w.T @ w, 0.25 * jnp.outer(b, b), atol=1e-12)
    assert np.linalg.matrix_rank(w) == 1


@pytest.mark.parametrize(
    "sizes, lam",
    [((4, 3, 5), 1.5), ((5, 3, 4), -1.5), ((3, 6, 2), 0.0), ((6, 2, 3), 0.0), ((2, 5, 7), 0.5)],
)
def test_lambda_balanced_layers(sizes, lam):
    w1, w2 = lambda_balanced(KEY, *sizes, lam=lam)
    assert w1.shape == (sizes[1], sizes[0]) and w2.shape == (sizes[2], sizes[1])
    want = lam * jnp.eye(sizes[1])
    np.testing.assert_allclose(w2.T @ w2 - w1 @ w1.T, want, atol=1e-12)
    assert float(jnp.linalg.norm(w1)) > 0.1 and float(jnp.linalg.norm(w2)) > 0.1


def test_one_output_is_balanced_below_zero_where_inputs_outnumber_hidden_units():
    w1, w2 = lambda_balanced(KEY, 4, 3, 1, lam=-2.0)
    np.testing.assert_allclose(w2.T @ w2 - w1 @ w1.T, -2 * jnp.eye(3), atol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_drawn_in_single(dtype):
    for init in (*SQUARE.values(), from_spectrum(jnp.ones(2)), task_aligned(jnp.eye(N))):
        w, single = init(KEY, (N, N), dtype), init(KEY, (N, N), jnp.float32)
        assert w.dtype == dtype
        np.testing.assert_array_equal(w, single.astype(dtype))


def test_the_mean_probability_is_lower_where_it_is_cut():
    """The numbers of the docstring."""
    n = 400
    share = [float((distance_dependent(p)(KEY, (n, n)) != 0).mean()) for p in (0.2, 1.0)]
    assert share == pytest.approx([0.17, 0.45], abs=0.01)


def test_there_are_no_balanced_layers_of_some_sizes():
    with pytest.raises(ValueError, match="n_out >= n_hidden"):
        lambda_balanced(KEY, 10, 5, 1, lam=1.0)
    with pytest.raises(ValueError, match=r"lam is -0\.5 for 2 inputs.*7 outputs; .*n_in >= n_hid"):
        lambda_balanced(KEY, 2, 5, 7, lam=-0.5)


def test_what_cannot_be_rescaled_is_said():
    zero, nilpotent = jnp.zeros((3, 3)), jnp.diag(jnp.ones(2), 1)
    with pytest.raises(ValueError, match="fro 0"):
        rescale(zero, fro=1.0)
    with pytest.raises(ValueError, match="radius 0"):
        rescale(nilpotent, radius=1.0)
    assert float(spectral_radius(rescale(jnp.eye(3) + nilpotent, radius=2.0))) == pytest.approx(2)
    assert jnp.isnan(jax.jit(lambda w: rescale(w, radius=1.0))(nilpotent)).any()
    with pytest.raises(ValueError, match="one of fro, spectral, radius"):
        rescale(nilpotent, fro=1.0, spectral=1.0)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: low_rank(0), "rank is 0"),
        (lambda: low_rank(30)(KEY, (N, N)), "rank is 30"),
        (lambda: low_rank(2, match="nuclear"), "match is 'nuclear'"),
        (lambda: low_rank(2, orientation="torch"), "orientation is 'torch'"),
        (lambda: low_rank(2)(KEY, (3, 4, 5)), "shape is"),
        (lambda: low_rank(1)(KEY, (0, 4)), "shape is 0"),
        (lambda: low_rank(1)(KEY, (4, 4), jnp.int32), "dtype is int32"),
        (lambda: low_rank(1)(KEY, (4, 4), jnp.complex64), "dtype is complex64"),
        (lambda: dale(0.2)(KEY, (2, 2)), "0.2 of 2 units; allowed: some units of either sign"),
        (lambda: sparse(1e-9)(KEY, (4, 4)), "fro 0"),
        (lambda: task_aligned(jnp.zeros((2, 2))), "is zero; allowed: not zero"),
        (lambda: task_aligned(-jnp.eye(2)), "c has an eigenvalue -1"),
        (lambda: task_aligned(jnp.tri(2)), "c differs from its transpose"),
        (lambda: lambda_balanced(KEY, 3, 2, 4, scale=1e80), "scale is 1e.80"),
        (lambda: truncate_svd(jnp.full((2, 2), jnp.nan), 1, None), "w holds"),
        (lambda: dale(1.0), "frac_inh is 1.0"),
        (lambda: dale(dist="uniform"), "dist is 'uniform'"),
        (lambda: sparse(0.0), "p is 0.0"),
        (lambda: distance_dependent(0.1)(KEY, (3, 4)), "3 x 4"),
        (lambda: chain_motif(1.5), "rho is 1.5"),
        (lambda: cell_type(fractions=np.array([0.5, 0.2, 0.2, 0.2])), "fractions sum to"),
        (lambda: from_spectrum(jnp.ones(5))(KEY, (3, 4)), "singular_values holds 5"),
        (lambda: task_aligned(jnp.eye(3))(KEY, (2, 3)), "from 3 inputs to 2 outputs"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
