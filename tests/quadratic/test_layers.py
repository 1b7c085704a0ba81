"""Quadratic layers: exact embeddings, quadratic forms, variants, and the gauge freedom."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from theorylab.quadratic import (
    VARIANTS,
    QuadraticDense,
    QuadraticMLP,
    QuadraticParams,
    balance,
    conventional,
    embed_dense,
    embed_square,
    forms,
    from_conventional,
    gauge_invariants,
    init_quadratic,
    lift_to_square,
    quadratic_apply,
    quadratic_form,
    reference,
)
from theorylab.quadratic.neurons import INITS, parts_of

KEY = jax.random.key(0)
DIN, DOUT = 4, 3
X = jax.random.normal(jax.random.key(1), (7, DIN))


def random(variant="fan", din=DIN, dout=DOUT):
    return init_quadratic(KEY, din, dout, variant, "torch_default")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_formula_is_the_quadratic_form(variant):
    params = random(variant)
    a, beta, kappa = forms(params, variant)
    z = jnp.einsum("ni,kij,nj->nk", X, a, X) + X @ beta.T + kappa[None]
    assert jnp.allclose(quadratic_apply(params, X, variant), z, atol=1e-12)
    assert jnp.allclose(a, a.mT, atol=1e-14)


def test_the_form_by_its_formula():
    p = random()
    a, beta, kappa = forms(p)
    for k in range(DOUT):
        r, g = p.kernel_r[:, k], p.kernel_g[:, k]
        outer = jnp.outer(r, g)
        assert jnp.allclose(a[k], (outer + outer.T) / 2 + jnp.diag(p.kernel_b[:, k]), atol=1e-14)
        assert jnp.allclose(beta[k], p.bias_r[k] * g + p.bias_g[k] * r, atol=1e-14)
    assert jnp.allclose(kappa, p.bias_r * p.bias_g + p.bias_c, atol=1e-14)


# Numbers of parameters of one neuron with n inputs, biases included.
COUNTS = {
    "linear": lambda n: n + 1,
    "square": lambda n: n + 1,
    "type2": lambda n: n + 1,
    "compact": lambda n: 2 * n + 1,
    "product": lambda n: 2 * n + 2,
    "qres": lambda n: 2 * n + 1,
    "quadralib": lambda n: 3 * n + 3,
    "fan": lambda n: 3 * n + 3,
    "full": lambda n: n**2 + n + 1,
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_of_a_neuron(variant):
    layer = QuadraticDense(DIN, 1, variant=variant, init="he_all", rngs=nnx.Rngs(0))
    count = sum(value.size for value in jax.tree.leaves(nnx.state(layer, nnx.Param)))
    assert count == COUNTS[variant](DIN)
    assert layer(X).shape == (7, 1)


def test_embeddings_are_exact():
    linear = nnx.Linear(DIN, DOUT, param_dtype=float, rngs=nnx.Rngs(3))
    assert jnp.array_equal(embed_dense(linear)(X), linear(X))
    assert jnp.array_equal(embed_square(linear)(X), linear(X) ** 2)
    # A ReLU behind a square does nothing: so the square activation is contained too.
    assert jnp.array_equal(jax.nn.relu(embed_square(linear)(X)), linear(X) ** 2)
    bare = nnx.Linear(DIN, DOUT, use_bias=False, param_dtype=float, rngs=nnx.Rngs(3))
    assert jnp.array_equal(embed_dense(bare)(X), bare(X))


def test_a_conventional_network_is_taken_over_exactly():
    rngs = nnx.Rngs(0)
    sizes = [(DIN, 8), (8, 5), (5, 2)]
    linears = [nnx.Linear(*size, param_dtype=float, rngs=rngs) for size in sizes]
    h = X
    for linear in linears[:-1]:
        h = jax.nn.relu(linear(h))
    assert jnp.array_equal(from_conventional(linears)(X), linears[-1](h))


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v not in ("square", "type2")])
def test_at_the_reference_every_variant_is_the_conventional_layer(variant):
    kernel, bias = random().kernel_r, random().bias_r
    linear = quadratic_apply(conventional(kernel, bias, "linear"), X, "linear")
    assert jnp.array_equal(quadratic_apply(conventional(kernel, bias, variant), X, variant), linear)
    at = reference(random(variant))
    assert jnp.allclose(quadratic_apply(at, X, variant), X @ at.kernel_r + at.bias_r[None])


def test_a_layer_is_a_wider_layer_of_squares():
    layer = QuadraticDense(DIN, DOUT, init="torch_default", rngs=nnx.Rngs(0))
    square, linear = lift_to_square(layer)
    assert square.kernel_r.shape == (DIN, 2 * DOUT + DIN)
    assert jnp.allclose(linear(square(X)), layer(X), atol=1e-12)
    assert [form.shape for form in quadratic_form(layer)] == [(3, 4, 4), (3, 4), (3,)]


def test_the_gauge_changes_no_function():
    p = random()
    for other in (balance(p), _rescaled(p, 3.0)):
        for mine, theirs in zip(forms(p), forms(other), strict=True):
            assert jnp.allclose(mine, theirs, atol=1e-12)
    assert jnp.allclose(gauge_invariants(balance(p)), 0.0, atol=1e-12)
    assert not jnp.allclose(gauge_invariants(_rescaled(p, 3.0)), 0.0, atol=0.1)
    # A dead factor is left alone.
    dead = p._replace(kernel_g=jnp.zeros_like(p.kernel_g), bias_g=jnp.zeros_like(p.bias_g))
    assert jax.tree.all(jax.tree.map(jnp.array_equal, balance(dead), dead))


def _rescaled(p: QuadraticParams, factor: float) -> QuadraticParams:
    return p._replace(
        kernel_r=factor * p.kernel_r,
        bias_r=factor * p.bias_r,
        kernel_g=p.kernel_g / factor,
        bias_g=p.bias_g / factor,
    )


def test_initialisations():
    n = 400
    he = init_quadratic(KEY, n, n, init="he_all")
    for kernel in (he.kernel_r, he.kernel_g, he.kernel_b):
        assert np.isclose(float(jnp.var(kernel)) * n, 2.0, rtol=0.02)
    near = init_quadratic(KEY, n, n, init="relinear_perturbed", eps=0.1)
    assert np.isclose(float(jnp.var(near.kernel_g)) * n, 2 * 0.1**2, rtol=0.02)
    assert np.isclose(float(jnp.var(near.kernel_b)) * n, 2 * 0.1**2, rtol=0.02)
    exact = init_quadratic(KEY, n, n)
    for params in (near, exact):
        assert jnp.array_equal(params.kernel_r, he.kernel_r)  # paired
        assert bool(jnp.all(params.bias_g == 1)) and bool(jnp.all(params.bias_c == 0))
    assert bool(jnp.all(exact.kernel_g == 0)) and bool(jnp.all(exact.kernel_b == 0))
    assert bool(jnp.all(he.bias_g == 0))
    assert bool(jnp.all(init_quadratic(KEY, n, 2, init="he_all_open").bias_g == 1))
    torch = init_quadratic(KEY, n, n, init="torch_default")
    for value in jax.tree.leaves(torch):
        assert 0.9 < float(jnp.max(jnp.abs(value))) * n**0.5 <= 1.0
    small = init_quadratic(KEY, n, n, init="small", std=0.01)
    assert np.isclose(float(jnp.std(small.kernel_r)), 0.01, rtol=0.02)


@pytest.mark.parametrize("init", INITS)
def test_drawing_keeps_the_precision(init):
    params = init_quadratic(KEY, 3, 2, init=init, eps=0.1, dtype=jnp.float32)
    assert {value.dtype.name for value in jax.tree.leaves(params)} == {"float32"}
    assert quadratic_apply(params, jnp.ones((1, 3), jnp.float32)).dtype == jnp.float32


def test_at_the_reference_everything_can_learn():
    # And with a closed gate, g = 0, the conventional weights get no gradient.
    def total(params):
        return jnp.sum(quadratic_apply(params, X))

    alive = jax.grad(total)(init_quadratic(KEY, DIN, DOUT))
    assert all(bool(jnp.any(value != 0)) for value in jax.tree.leaves(alive))
    start = init_quadratic(KEY, DIN, DOUT)
    dead = jax.grad(total)(start._replace(bias_g=jnp.zeros(DOUT)))
    assert bool(jnp.all(dead.kernel_r == 0)) and bool(jnp.any(dead.kernel_g != 0))


def test_a_network_is_its_layers():
    net = QuadraticMLP((DIN, 6, 6, 2), param_dtype=float, rngs=nnx.Rngs(0))
    h = X
    for layer in net.layers:
        h = jax.nn.relu(quadratic_apply(layer.params(), h))
    assert jnp.allclose(net(X), h @ net.output.kernel[...] + net.output.bias[...][None])


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_what_is_normalised_forgets_the_scale(norm):
    # Flax keeps running means in single precision.
    x = X.astype(jnp.float32)
    net = QuadraticMLP((DIN, 6, 2), norm=norm, param_dtype=jnp.float32, rngs=nnx.Rngs(0))
    before = net(x)
    net.layers[0].kernel_r[...] = 10 * net.layers[0].kernel_r[...]
    assert jnp.allclose(net(x), before, atol=1e-3)


def test_rezero_starts_as_the_identity_where_widths_agree():
    model = QuadraticMLP((DIN, 6, 6, 2), residual="rezero", param_dtype=float, rngs=nnx.Rngs(0))
    assert len(model.gains) == 1
    first = jax.nn.relu(model.layers[0](X))
    assert jnp.array_equal(model(X), model.output(first))
    model.gains[0][...] = jnp.ones(())
    second = first + jax.nn.relu(model.layers[1](first))
    assert jnp.array_equal(model(X), model.output(second))


def test_every_part_has_its_place():
    for variant in VARIANTS:
        params = random(variant)
        there = {name for name, value in params._asdict().items() if value is not None}
        assert there == set(parts_of(variant))
