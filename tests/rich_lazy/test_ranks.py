"""Effective ranks: known values, limits of random matrices, and where they are of no use."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.rich_lazy import RANKS, dale, effective_rank, low_rank, rank_report
from theorylab.rich_lazy.rescaling import _eigenvalues_on_host, eigenvalues

KEY = jax.random.key(11)


def test_flat_spectra_have_their_rank_by_every_definition():
    q = jax.random.orthogonal(KEY, 12)
    projector = q[:, :5] @ q[:, :5].T
    for kind in RANKS:
        assert float(effective_rank(3.0 * projector, kind)) == pytest.approx(5)
        assert float(effective_rank(projector, kind, normalize=True)) == pytest.approx(5 / 12)


def test_definitions_on_given_singular_values():
    s = np.array([2.0, 1.0, 0.5])
    p = s / s.sum()
    w = jnp.diag(jnp.asarray(s))[:, jnp.array([1, 2, 0])]  # a permutation: eigenvalues differ
    want = {
        "eig": 3.0,
        "pr": (s**2).sum() ** 2 / (s**4).sum(),
        "stable": (s**2).sum() / 4,
        "nuclear": s.sum() / 2,
        "entropy": np.exp(-(p * np.log(p)).sum()),
    }
    for kind, value in want.items():
        assert float(effective_rank(w, kind)) == pytest.approx(value), kind
    rectangle = jnp.zeros((3, 5)).at[:, :3].set(w)
    assert float(effective_rank(rectangle, "pr")) == pytest.approx(want["pr"])


def test_gaussian_matrices_reach_the_limits_of_their_laws():
    """Circular law 2/3, quarter circle 1/2, 1/4 and 4/(3 pi); deviations fall like n^(-2/3)."""
    n = 300
    w = low_rank(n, 1.0)(KEY, (n, n))
    limits = {"eig": 2 / 3, "pr": 0.5, "stable": 0.25, "nuclear": 4 / (3 * np.pi)}
    for kind, limit in limits.items():
        assert float(effective_rank(w, kind, normalize=True)) == pytest.approx(limit, abs=0.05)
    assert float(effective_rank(low_rank(1)(KEY, (n, n)), "eig")) == pytest.approx(1, abs=1e-3)


def test_a_tall_gaussian_matrix_is_not_isotropic():
    n, d = 400, 200
    w = jax.random.normal(KEY, (n, d))
    assert float(effective_rank(w, "pr")) == pytest.approx(d / (1 + d / n), rel=0.02)


def test_a_positive_mean_sets_one_measure_and_not_another():
    w = dale(balanced=False)(KEY, (200, 200))
    ranks = {kind: float(effective_rank(w, kind, normalize=True)) for kind in RANKS}
    assert ranks["eig"] < 0.1 and ranks["pr"] < 0.05 and ranks["entropy"] > 0.5


def test_zero_and_nilpotent_matrices():
    zero, chain = jnp.zeros((6, 6)), jnp.diag(jnp.ones(5), 1)
    for kind in RANKS:
        assert float(effective_rank(zero, kind)) == 0
        assert float(effective_rank(chain, kind)) == pytest.approx(0 if kind == "eig" else 5)
    # In another basis rounding makes eigenvalues of the size eps^(1/6), and a rank out of nothing.
    q = jax.random.orthogonal(KEY, 6)
    assert float(effective_rank(q @ chain @ q.T, "eig")) > 1


def test_it_compiles_and_the_report_lists_all():
    w = jax.random.normal(KEY, (3, 8, 8))
    reports = jax.jit(jax.vmap(rank_report))(w)
    assert set(reports) == {*RANKS, "fro", "spectral", "radius"}
    for kind in RANKS:
        np.testing.assert_allclose(reports[kind][1], effective_rank(w[1], kind))
    np.testing.assert_allclose(reports["radius"][2], abs(np.linalg.eigvals(w[2])).max())


def test_the_host_finds_the_eigenvalues_where_the_device_cannot():
    w = jax.random.normal(KEY, (2, 5, 5))
    on_host = jax.jit(jax.vmap(_eigenvalues_on_host))(w)
    for have, matrix in zip(on_host, w, strict=True):
        np.testing.assert_allclose(np.sort(have), np.sort(eigenvalues(matrix)), atol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_no_scale_is_too_small_or_too_large(scale):
    """LAPACK gives 1.5e138 for the eigenvalue of 1e200 times the identity."""
    w = jax.random.normal(KEY, (5, 5))
    small, plain = rank_report(scale * w), rank_report(w)
    for name, value in plain.items():
        want = value if name in RANKS else value * scale
        assert float(small[name]) == pytest.approx(float(want), rel=1e-12), name
    single = jnp.eye(3, dtype=jnp.float32) * (1e-30 if scale < 1 else 1e30)
    assert float(rank_report(single)["eig"]) == pytest.approx(3)
    assert float(rank_report(single)["radius"]) == pytest.approx(float(single[0, 0]))


def test_gradients_are_finite_where_the_rank_is_smooth():
    flat, single = jnp.eye(4), jnp.outer(jnp.arange(1.0, 5.0), jnp.ones(4))
    for kind in ("eig", "pr", "entropy"):
        for w in (flat, single) if kind == "pr" else (flat,):
            slope = jax.grad(lambda w, kind=kind: effective_rank(w, kind))(w)
            assert np.abs(slope).max() < 1e-12  # the largest value, or the least
    w, way = jax.random.normal(KEY, (2, 4, 4))
    for kind in RANKS:
        line = lambda a, kind=kind: effective_rank(w + a * way, kind)  # noqa: E731
        numeric = (line(1e-6) - line(-1e-6)) / 2e-6
        np.testing.assert_allclose(jax.grad(line)(0.0), numeric, rtol=1e-6)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="kind is 'trace'"):
        effective_rank(jnp.eye(2), "trace")
    with pytest.raises(ValueError, match=r"\(2, 3\); allowed: \(n, n\)"):
        effective_rank(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match=r"w holds .*nan"):
        effective_rank(jnp.full((2, 2), jnp.nan))
