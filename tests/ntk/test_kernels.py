"""Kernels against 60-digit recursions, at depth and near coincident points, and their limits."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from tests.ntk.highprec import DUALS, kernels
from theorylab.ntk import (
    get_activation,
    mlp_diagonals,
    mlp_kernels,
    optimal_activation,
)
from theorylab.symbolic import compiled


def covariances(x, z, w2, b2, sphere):
    """Of the first preactivations, from the floats as they are."""
    x, z = ([mp.mpf(float(v)) for v in row] for row in (x, z))

    def dot(a, b):
        return mp.fsum(s * t for s, t in zip(a, b, strict=True))

    scale = 1 if sphere else mp.mpf(len(x))
    return [mp.mpf(w2) * dot(a, b) / scale + mp.mpf(b2) for a, b in ((x, x), (x, z), (z, z))]


def reference(name, x, z, depth, w_std, b_std):
    w2, b2 = mp.mpf(w_std) ** 2, mp.mpf(b_std) ** 2
    dual = DUALS[name]
    return kernels(dual, lambda q: dual(q, q, q), *covariances(x, z, w2, b2, False), depth, w2, b2)


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "sin", "hermite:2", "rect_power:3"])
@pytest.mark.parametrize("b_std", [0.0, 0.3])
def test_general_inputs_against_high_precision(name, b_std):
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=(2, 4)), rng.normal(size=(3, 4))
    found = mlp_kernels(
        jnp.array(x), jnp.array(z), activation=name, depth=3, w_std=0.9, b_std=b_std
    )
    for i in range(2):
        for j in range(3):
            nngp, ntk = reference(name, x[i], z[j], 3, 0.9, b_std)
            size = float(abs(nngp)) + 1e-3
            assert float(found.nngp[i, j]) == pytest.approx(float(nngp), abs=4e-13 * size)
            assert float(found.ntk[i, j]) == pytest.approx(float(ntk), rel=2e-11)


def squared_distance(x, z):
    """Of the floats as they are."""
    return mp.fsum((mp.mpf(float(a)) - mp.mpf(float(b))) ** 2 for a, b in zip(x, z, strict=True))


def pairs(distances, dtype):
    """Unit vectors (to rounding) at given distances from the first axis."""
    u = np.array(distances)
    rows = np.stack([1 - u**2 / 2, u * np.sqrt(1 - u**2 / 4)], axis=1).astype(dtype)
    return jnp.array([[1.0, 0.0]], dtype), jnp.array(rows)


@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-13), (np.float32, 3e-5)])
@pytest.mark.parametrize("b_std", [0.0, 0.5])
def test_relu_at_depth_50_and_any_distance(dtype, close, b_std):
    """Down to 1e-12 in double and 1e-5 in single precision; the angle is all that is known."""
    distances = [1e-12, 1e-8, 1e-5, 1e-3, 0.1, 1.0, 1.9]
    x, z = pairs(distances if dtype == np.float64 else distances[2:], dtype)
    act = get_activation("relu").normalized()
    found = mlp_kernels(x, z, activation=act, depth=50, b_std=b_std, inputs="sphere")
    scale = mp.mpf(act.scale) ** 2
    for j, row in enumerate(z):
        u2 = mp.fsum(
            (mp.mpf(float(a)) - mp.mpf(float(b))) ** 2 for a, b in zip(x[0], row, strict=True)
        )
        b2 = mp.mpf(float(np.asarray(b_std, dtype))) ** 2
        with mp.workdps(120):
            c = [1 + b2, 1 - u2 / 2 + b2, 1 + b2]
            nngp, ntk = kernels(
                lambda *a: scale * DUALS["relu"](*a), lambda q: scale * q / 2, *c, 50, 1, b2
            )
        assert float(found.nngp[0, j]) == pytest.approx(float(nngp), rel=close)
        assert float(found.ntk[0, j]) == pytest.approx(float(ntk), rel=close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_diagonals_are_exact_at_any_depth(dtype):
    rounding = 60 * np.finfo(dtype).eps
    x = jax.random.normal(jax.random.key(0), (4, 3), dtype)
    x = x / jnp.linalg.norm(x, axis=1, keepdims=True)
    relu, chaotic = get_activation("relu").normalized(), optimal_activation(2)
    for depth in (1, 50, 300):
        k = mlp_kernels(x, activation=relu, depth=depth, inputs="sphere")
        np.testing.assert_allclose(
            jnp.diag(k.ntk), depth + 1, rtol=rounding * depth / 20 + rounding
        )
        np.testing.assert_allclose(jnp.diag(k.nngp), 1, rtol=rounding)
    k = mlp_kernels(x, activation=chaotic, depth=30, inputs="sphere")
    total = compiled("ntk/recursion/diagonal-sum", args=("B'", "L"))(2.0, 30.0)
    np.testing.assert_allclose(jnp.diag(k.ntk), float(total), rtol=rounding)


def test_regression_value_of_the_optimal_activation():
    """d = 2, xi = 0.8, five layers; the same numbers as another library's polynomial layer."""
    x = jnp.array([[1.0, 0.0], [0.8, 0.6]])
    k = mlp_kernels(x, activation=optimal_activation(2), depth=5, inputs="sphere")
    assert float(k.nngp[0, 1]) == pytest.approx(0.07926804750921905, rel=1e-14)
    assert float(k.ntk[0, 1]) == pytest.approx(0.9668448825164839, rel=1e-14)
    assert float(k.ntk[0, 0]) == pytest.approx(63, rel=1e-14)


def test_chaos_keeps_the_distances_of_near_points():
    """The correlation alone, 1 - 2e-16, would be wrong by a third after fifty layers."""
    x, z = pairs([2e-8, 1.97e-8], np.float64)
    k = mlp_kernels(x, z, activation=optimal_activation(2), depth=50, inputs="sphere")
    for j, row in enumerate(z):
        eps = (
            mp.fsum(
                (mp.mpf(float(a)) - mp.mpf(float(b))) ** 2 for a, b in zip(x[0], row, strict=True)
            )
            / 2
        )
        f, slope = 1 - eps, mp.mpf(1)
        ntk = f
        for _ in range(50):
            slope = (1 + 3 * f**2) / 2
            f = (f + f**3) / 2
            ntk = f + ntk * slope
        assert float(k.nngp[0, j]) == pytest.approx(float(f), rel=1e-12)
        assert float(k.ntk[0, j]) == pytest.approx(float(ntk), rel=1e-12)


def test_critical_limits():
    """NTK / (L + 1) tends to 1/4 for ReLU: 0.25083 after 5000 layers at correlation 0.3."""
    x = jnp.array([[1.0, 0.0], [0.3, math.sqrt(1 - 0.09)]])
    act = get_activation("relu").normalized()
    for depth, value in ((10, 0.3430), (100, 0.2748), (1000, 0.25352), (5000, 0.25083)):
        k = mlp_kernels(x, activation=act, depth=depth, inputs="sphere", get="ntk")
        assert k.nngp is None
        assert float(k.ntk[0, 1]) / (depth + 1) == pytest.approx(value, abs=6e-5)


def test_scaled_inputs_are_the_sphere_times_root_d():
    x = jax.random.normal(jax.random.key(0), (5, 4))
    x = x / jnp.linalg.norm(x, axis=1, keepdims=True)
    sphere = mlp_kernels(x, activation="gelu", depth=4, b_std=0.2, inputs="sphere")
    scaled = mlp_kernels(2.0 * x, activation="gelu", depth=4, b_std=0.2)
    np.testing.assert_allclose(sphere.nngp, scaled.nngp, rtol=1e-12)
    np.testing.assert_allclose(sphere.ntk, scaled.ntk, rtol=1e-12)


def test_layers_blocks_and_per_layer_scales():
    x, z = (jax.random.normal(jax.random.key(k), (n, 3)) for k, n in ((0, 7), (1, 5)))
    w, b = jnp.array([1.1, 0.9, 1.3]), jnp.array([0.1, 0.0, 0.2])
    whole = mlp_kernels(x, z, activation="erf", depth=2, w_std=w, b_std=b, return_layers=True)
    assert whole.ntk.shape == whole.nngp.shape == (3, 7, 5)
    assert whole.var1.shape == (3, 7) and whole.var2.shape == (3, 5)
    for depth in range(3):
        part = mlp_kernels(
            x, z, activation="erf", depth=depth, w_std=w[: depth + 1], b_std=b[: depth + 1], block=3
        )
        np.testing.assert_allclose(part.ntk, whole.ntk[depth], rtol=1e-13)
        np.testing.assert_allclose(part.nngp, whole.nngp[depth], rtol=1e-13)
        np.testing.assert_allclose(part.var1, whole.var1[depth], rtol=1e-13)


def test_symmetry_and_diagonals():
    x = jax.random.normal(jax.random.key(0), (9, 3))
    k = mlp_kernels(x, activation="gelu", depth=6, b_std=0.3, w_std=1.2)
    np.testing.assert_allclose(k.ntk, k.ntk.T, rtol=1e-14)
    own = mlp_diagonals(x, activation="gelu", depth=6, b_std=0.3, w_std=1.2)
    np.testing.assert_allclose(jnp.diag(k.ntk), own.ntk, rtol=1e-14)
    np.testing.assert_allclose(jnp.diag(k.nngp), own.nngp, rtol=1e-14)
    np.testing.assert_allclose(k.var1, own.nngp, rtol=1e-14)
    assert np.linalg.eigvalsh(k.ntk).min() > 0


def test_standard_parameterization():
    """One hidden layer written out: widths multiply the layers' own terms."""
    x = jax.random.normal(jax.random.key(0), (4, 3))
    w2, b2, width = 1.3, 0.2, 50
    k = mlp_kernels(
        x,
        activation="erf",
        depth=1,
        w_std=math.sqrt(w2),
        b_std=math.sqrt(b2),
        parameterization="standard",
        width=width,
    )
    first = w2 * x @ x.T / 3 + b2
    for i, j in ((0, 1), (2, 3), (3, 0)):
        c = [mp.mpf(float(first[a, b])) for a, b in ((i, i), (i, j), (j, j))]
        average, ntk = kernels(DUALS["erf"], lambda q: q, *c, 1)
        slope = (ntk - average) / c[1]
        exact = width * average + 1 + w2 * slope * (float(x[i] @ x[j]) + 1)
        assert float(k.ntk[i, j]) == pytest.approx(float(exact), rel=1e-11)


def test_gradients_match_finite_differences():
    x = jax.random.normal(jax.random.key(0), (5, 3))
    weights = jax.random.normal(jax.random.key(1), (5, 5))

    @jax.jit
    @partial(jax.value_and_grad, argnums=(0, 1))
    def total(x, w_std):
        k = mlp_kernels(x, activation="gelu", depth=3, w_std=w_std, b_std=0.2, block=2)
        return (weights * (k.ntk + k.nngp)).sum()

    slope_x, slope_w = total(x, 1.1)[1]
    step = jax.random.normal(jax.random.key(2), x.shape)
    h = 1e-5
    by_x = (total(x + h * step, 1.1)[0] - total(x - h * step, 1.1)[0]) / (2 * h)
    by_w = (total(x, 1.1 + h)[0] - total(x, 1.1 - h)[0]) / (2 * h)
    assert float((slope_x * step).sum()) == pytest.approx(float(by_x), rel=1e-7)
    assert float(slope_w) == pytest.approx(float(by_w), rel=1e-7)


def test_vmap_over_weights_and_jit():
    x = jax.random.normal(jax.random.key(0), (4, 3))
    w = jnp.array([0.8, 1.2])

    @jax.jit
    def ntk(w_std):
        return mlp_kernels(x, activation="relu", depth=3, w_std=w_std, get="ntk").ntk

    np.testing.assert_allclose(jax.vmap(ntk)(w)[1], ntk(1.2), rtol=1e-14)


@pytest.mark.parametrize("symmetric", [True, False])
def test_memory_beyond_the_result_is_a_block(symmetric):
    """Twenty thousand points: XLA's temporaries are less than a hundredth of one kernel."""
    n = 20_000  # compiled, not run
    x = jax.ShapeDtypeStruct((n, 10), jnp.float32)

    def kernels(x, z):
        z = None if symmetric else z
        return mlp_kernels(x, z, activation="relu", depth=4, b_std=0.1)[:2]

    memory = jax.jit(kernels).lower(x, x).compile().memory_analysis()
    one = n * n * 4
    assert memory.output_size_in_bytes == pytest.approx(2 * one, abs=64)
    assert memory.temp_size_in_bytes < one / 100

    def and_its_square(x, z):
        return [k * k[::-1] for k in kernels(x, z)]

    worse = jax.jit(and_its_square).lower(x, x).compile().memory_analysis()
    assert worse.temp_size_in_bytes > one  # the measure sees a matrix too many


def test_a_point_at_the_origin():
    x = jnp.array([[0.0, 0.0], [1.0, 2.0]])
    assert mlp_kernels(x, activation="relu", depth=2).ntk[0].tolist() == [0.0, 0.0]
    k = mlp_kernels(x, activation="erf", depth=2, b_std=0.5)
    dual = DUALS["erf"]
    exact = kernels(dual, lambda q: dual(q, q, q), *map(mp.mpf, (0.25, 0.25, 2.75)), 2, 1, 0.25)
    assert float(k.nngp[0, 1]) == pytest.approx(float(exact[0]), rel=1e-13)


X = jnp.array([[0.6, 0.8], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation": "step"}, "its NTK is infinite"),
        ({"depth": -1}, "depth is -1"),
        ({"w_std": 0.0}, "w_std is"),
        ({"b_std": -0.1}, "b_std is"),
        ({"w_std": jnp.ones(3)}, "w_std has shape"),
        ({"get": "nkt"}, "get is 'nkt'"),
        ({"inputs": "ball"}, "inputs is 'ball'"),
        ({"parameterization": "mup"}, "parameterization is 'mup'"),
        ({"parameterization": "standard"}, "width is None"),
        ({"width": 5}, "width is 5"),
        ({"block": 0}, "block is 0"),
        ({"x": 2 * X, "inputs": "sphere"}, "length of the rows of x"),
        ({"x": X[0]}, "x has shape"),
        ({"z": jnp.ones((2, 3))}, "z has shape"),
    ],
)
def test_bad_input_is_named(change, words):
    arguments = {"x": X, "activation": "relu", "depth": 1} | change
    with pytest.raises(ValueError, match=words):
        mlp_kernels(**arguments)
    assert mlp_kernels(X, activation="step", depth=1, get="nngp").ntk is None
