"""Dimensions of architectures: exact ranks against formulas, tables and other arithmetic."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.quadratic.jacobians import (
    INHOMOGENEOUS,
    NEURONS,
    PRIME,
    _draw,
    _forward,
    layer_shapes,
    monomials,
    neuron_terms,
    parameter_jacobian,
    rank_float,
    rank_modp,
    rank_rational,
)
from theorylab.quadratic.neurons import QuadraticParams, parts_of, quadratic_apply
from theorylab.quadratic.neurovariety import (
    equiwidth_dim,
    minimal_filling_widths,
    naive_bound,
    neuron_dim,
    neurovariety_dim,
    shallow_dim,
)

COMPARED = ("square", "product", "fan")

#: widths; homogeneous: ambient, naive bound, square, product, fan; biased: square, fan, ambient.
TABLE = {
    (2, 1, 1, 1): (5, 2, 2, 3, 3, 5, 7, 15),
    (2, 2, 1, 1): (5, 4, 3, 5, 5, 7, 12, 15),
    (2, 2, 2, 1): (5, 5, 5, 5, 5, 10, 12, 15),
    (3, 2, 2, 1): (15, 8, 7, 11, 11, 12, 20, 35),
    (3, 3, 2, 1): (15, 12, 11, 15, 15, 17, 28, 35),
    (3, 3, 3, 1): (15, 15, 12, 15, 15, 19, 28, 35),
    (4, 4, 4, 1): (35, 28, 22, 34, 34, 31, 55, 70),
    (2, 2, 2, 2, 1): (9, 8, 7, 7, 7, 14, 18, 45),
    (2, 3, 3, 3, 1): (9, 9, 9, 9, 9, 25, 34, 45),
    (3, 3, 3, 3, 1): (45, 21, 18, 24, 24, 28, 46, 165),
    (5, 1, 4, 1): (70, 8, 5, 9, 14, 8, 18, 126),
    (4, 2, 2): (20, 10, 10, 16, 20, 14, 30, 30),
    (3, 3, 3, 3): (45, 21, 21, 27, 27, 30, 48, 105),
    (2, 3, 2, 3, 4): (36, 22, 16, 18, 18, 32, 42, 180),
}


@pytest.mark.parametrize("widths", TABLE, ids=str)
def test_table(widths):
    ambient, naive, *dims, square, fan, all_biased = TABLE[widths]
    found = {variant: neurovariety_dim(widths, variant, seeds=1) for variant in COMPARED}
    assert [found[variant].dim for variant in COMPARED] == dims
    assert all(report.ambient == ambient for report in found.values())
    assert naive_bound(widths) == found["square"].naive_bound == naive
    biased = {v: neurovariety_dim(widths, v, bias=True, seeds=1) for v in ("square", "fan")}
    assert (biased["square"].dim, biased["fan"].dim, biased["fan"].ambient) == (
        square,
        fan,
        all_biased,
    )
    for report in (*found.values(), *biased.values()):
        assert report.defect == report.naive_bound - report.dim >= 0
        assert report.fibre_dim == report.n_params - report.dim
        assert report.filling == (report.dim == report.ambient)


def test_homogeneous_and_biased_are_different_problems():
    """Trap 9. Without biases nothing is gained at (2,2,2,2,1), which does not fill; with them 4."""
    plain = [neurovariety_dim((2, 2, 2, 2, 1), v) for v in ("square", "fan")]
    biased = [neurovariety_dim((2, 2, 2, 2, 1), v, bias=True) for v in ("square", "fan")]
    assert plain[0].dim == plain[1].dim == 7 < plain[0].ambient
    assert (biased[0].dim, biased[1].dim) == (14, 18)


@pytest.mark.parametrize("variant", NEURONS)
@pytest.mark.parametrize("bias", (False, True))
@pytest.mark.parametrize("widths", ((2, 2, 2), (3, 2, 1, 1)), ids=str)
def test_three_arithmetics_agree(variant, bias, widths):
    if not bias and variant in INHOMOGENEOUS:
        with pytest.raises(ValueError, match="bias is False"):
            neurovariety_dim(widths, variant)
        return
    exact, whole, floating = (
        neurovariety_dim(widths, variant, bias=bias, method=method, seeds=1)
        for method in ("modp", "rational", "float64")
    )
    assert exact.dim == whole.dim == floating.dim
    assert exact.gap is None and floating.gap > 1e6


@pytest.mark.parametrize("variant", NEURONS)
def test_jacobian_is_the_derivative(variant):
    """Column by column, against differences of the network."""
    terms = neuron_terms(variant)
    widths = (2, 2, 3, 1)
    jacobian = parameter_jacobian(widths, variant, bias=True, method="float64", seed=3)
    rng = np.random.default_rng([3, *widths])  # the same draws, in the same order
    layers = [
        [_draw(rng, shape, "float64") for shape in layer_shapes(terms, din, dout)]
        for din, dout in ((2, 2), (2, 3))
    ]
    last = [_draw(rng, (3, 1), "float64"), _draw(rng, (1,), "float64")]
    n = sum(p.size for params in (*layers, last) for p in params)
    inputs = _draw(rng, (min(monomials(2, 4, True), n) + 4, 2), "float64")

    def network():
        h = _forward(terms, layers[1], _forward(terms, layers[0], inputs))
        return (h @ last[0] + last[1])[:, 0]

    columns, step = [], 1e-6
    for array in (*last, *layers[1], *layers[0]):
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + step
            above = network()
            array[index] = kept - step
            below = network()
            array[index] = kept
            columns.append((above - below) / (2 * step))
    expected = np.stack(columns, axis=1)
    np.testing.assert_allclose(jacobian, expected, rtol=1e-6, atol=1e-8 * np.max(expected))


@pytest.mark.parametrize("variant", NEURONS)
def test_neurons_are_those_of_the_layers(variant):
    """One definition in exact numbers, another in the layers that are trained."""
    rng = np.random.default_rng(0)
    din, dout = 3, 2
    kernel, bias = rng.normal(size=(5, din, dout)), rng.normal(size=(3, dout))
    form = rng.normal(size=(dout, din, din))
    upper = np.triu(form + form.transpose(0, 2, 1), 1) + np.einsum("ijk,jk->ijk", form, np.eye(din))
    i, j = np.triu_indices(din)
    ours = {
        "square": [kernel[0], bias[0]],
        "product": [kernel[0], bias[0], kernel[1], bias[1]],
        "fan": [kernel[0], bias[0], kernel[1], bias[1], kernel[2], bias[2]],
        "type2": [kernel[2], bias[2]],
        "full": [upper[:, i, j].T, bias[0], kernel[0]],
        "compact": [kernel[0], bias[0], kernel[2]],
        "qres": [kernel[0], kernel[1], np.zeros((0, dout)), bias[0]],
        "quadralib": [kernel[0], bias[0], kernel[1], bias[1], kernel[3], bias[2]],
    }[variant]
    params = QuadraticParams(
        kernel_r=kernel[0],
        bias_r=bias[0],
        kernel_g=kernel[1],
        bias_g=bias[1],
        kernel_b=kernel[2],
        bias_c=bias[2],
        kernel_c=kernel[3],
        kernel_q=form,
    )
    params = QuadraticParams(
        **{name: jnp.asarray(getattr(params, name)) for name in parts_of(variant)}
    )
    x = rng.normal(size=(4, din))
    expected = quadratic_apply(params, jnp.asarray(x), variant)
    np.testing.assert_allclose(_forward(neuron_terms(variant), ours, x), expected, rtol=1e-12)


def test_single_neurons():
    for variant in NEURONS:
        for n in range(1, 7):
            exact = neurovariety_dim((n, 1), variant, bias=True, readout=False, seeds=1)
            assert exact.dim == neuron_dim(n, variant), (variant, n)
    assert [neuron_dim(n) for n in range(1, 7)] == [3, 6, 10, 14, 17, 20]
    for n in range(1, 7):  # homogeneous: one input fewer
        plain = neurovariety_dim((n, 1), readout=False, seeds=1).dim
        assert plain == min(3 * n - 1, n * (n + 1) // 2)


def test_the_naive_bound_is_reached_by_one_neuron():
    """Each obvious symmetry is counted, and no other: equality with six inputs."""
    for variant in NEURONS:
        if variant in INHOMOGENEOUS:
            found = neurovariety_dim((6, 1), variant, bias=True, readout=False)
        else:
            found = neurovariety_dim((6, 1, 1), variant)
        assert found.defect == 0, variant
    assert neurovariety_dim((6, 1, 1), "product").fibre_dim == 2


def test_fibre_of_one_neuron():
    """Trap 12: beyond the rescaling, 3 directions for two inputs and 2 for three change nothing."""
    fibres = [neurovariety_dim((n, 1), bias=True, readout=False).fibre_dim for n in (1, 2, 3, 4, 5)]
    assert fibres == [3, 3, 2, 1, 1]


@pytest.mark.parametrize("variant", COMPARED)
def test_closed_forms(variant):
    for n in range(2, 8):
        for m in range(1, 5):
            assert neurovariety_dim((n, m, 1), variant, seeds=1).dim == shallow_dim(n, m, variant)
        for h in (2, 3):
            widths = (*[n] * h, 1)
            assert neurovariety_dim(widths, variant, seeds=1).dim == equiwidth_dim(n, h, variant)
    for n in (2, 3, 4):
        for h in (2, 3):
            found = neurovariety_dim((n,) * (h + 1), variant, seeds=1).dim
            assert found == equiwidth_dim(n, h, variant, outputs=n)
    assert [equiwidth_dim(n, 3, variant) for n in (5, 6, 7, 8)] == {
        "square": [35, 51, 70, 92],
        "product": [55, 81, 112, 148],
        "fan": [65, 111, 161, 212],
    }[variant]


def test_squares_reach_the_naive_bound_with_as_many_outputs():
    for n in (2, 3, 4):
        for h in (2, 3):
            widths = (n,) * (h + 1)
            assert neurovariety_dim(widths, "square", seeds=1).dim == naive_bound(widths)


def test_no_closed_form_for_all_widths():
    """The count per layer would give more where a network is narrow first and wide later."""
    narrow = neurovariety_dim((5, 1, 4, 1), "square", seeds=1)
    assert narrow.dim == 5 < narrow.naive_bound == 8


@pytest.mark.parametrize(
    "widths, power, dim",
    (
        ((3, 2, 1), 2, 5),
        ((5, 7, 1), 3, 34),
        ((3, 5, 1), 4, 14),
        ((4, 9, 1), 4, 34),
        ((5, 14, 1), 4, 69),
        ((5, 6, 1), 3, 30),
        ((5, 8, 1), 3, 35),
        ((3, 3, 3, 1), 3, 15),
        ((2, 3, 2, 1), 2, 5),
        ((2, 3, 2, 1), 3, 8),
        ((2, 3, 2, 1), 4, 9),
    ),
)
def test_power_activations(widths, power, dim):
    """Defects of sums of powers (Alexander and Hirschowitz), and the bound for high powers."""
    assert neurovariety_dim(widths, "square", power=power, seeds=1).dim == dim


def test_filling_widths():
    expected = {
        (3, 3): ((4, 3), (3, 2), (3, 1)),
        (2, 3): ((2, 2), (2, 1), (2, 1)),
        (5, 2): ((5,), (3,), (2,)),
        (2, 4): ((3, 3, 2), (3, 2, 1), (3, 2, 1)),
        (4, 3): ((6, 5), (5, 3), (5, 1)),
    }
    for (inputs, layers), hidden in expected.items():
        for variant, widths in zip(COMPARED, hidden, strict=True):
            assert minimal_filling_widths(inputs, layers, variant) == (widths,)
    assert minimal_filling_widths(5, 2, "square", max_width=4) == ()


def test_per_weight_the_order_turns_around():
    """Trap 10: at equal numbers of weights a quadratic network may reach less."""
    ahead = [(n, m) for n in (8, 16, 20) for m in (1, 2, 3) if _gain(n, m) > 0]
    behind = [(n, m) for n in (8, 16, 20) for m in (1, 2, 3) if _gain(n, m) < 0]
    assert ahead == [(8, 1), (8, 2), (16, 1), (20, 1)]
    assert behind == [(16, 2), (16, 3), (20, 2), (20, 3)]
    assert (shallow_dim(16, 2), shallow_dim(16, 6, "square")) == (74, 81)
    quadratic = neurovariety_dim((4, 5, 1, 1))
    square = neurovariety_dim((4, 6, 5, 1), "square")
    assert quadratic.filling and square.filling
    assert (quadratic.n_params, square.n_params) == (76, 59)


def _gain(n, m):
    return shallow_dim(n, m) - shallow_dim(n, 3 * m, "square")


def test_single_precision_is_wrong():
    """Trap 8: ranks from the same Jacobian, rounded to single precision."""
    cases = {
        ((3, 3, 2, 1), "square"): 11,
        ((2, 2, 2, 2, 2, 1), "fan"): 9,
        ((3, 3, 3, 3, 3, 1), "square"): 24,
    }
    for (widths, variant), dim in cases.items():
        jacobian = parameter_jacobian(widths, variant, method="float64")
        assert neurovariety_dim(widths, variant).dim == rank_float(jacobian)[0] == dim
        assert rank_float(jacobian.astype(np.float32))[0] < dim


def test_double_precision_can_be_wrong_and_its_gap_says_so():
    wrong = neurovariety_dim((2, 2, 2, 2, 1), "square", method="float64", seeds=1)
    right = neurovariety_dim((2, 2, 2, 2, 1), "square", seeds=1)
    assert wrong.dim != right.dim == 7
    assert wrong.gap < 1e7
    sure = neurovariety_dim((3, 2, 2, 1), "square", method="float64", seeds=1)
    assert sure.dim == 7 and sure.gap > 1e9


def test_ranks():
    rng = np.random.default_rng(0)
    low = rng.integers(0, 50, (8, 3)) @ rng.integers(0, 50, (3, 9))
    assert rank_modp(low) == rank_rational(low.astype(object)) == rank_float(low.astype(float))[0]
    assert rank_modp(np.array([[PRIME, 0], [0, 1]])) == 1  # never above the rational rank
    assert rank_rational(np.array([[Fraction(PRIME), 0], [0, 1]], dtype=object)) == 2
    thirds = np.array([[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 7), Fraction(2, 7)]])
    assert rank_rational(thirds) == 1
    assert rank_modp(np.zeros((3, 2), int)) == 0


def test_residues_do_not_overflow():
    """Products of residues, and sums of as many as a layer has inputs, stay below 2^63."""
    assert (PRIME - 1) ** 2 * 4096 < 2**63
    wide = neurovariety_dim((40, 3, 1), "square", seeds=1)
    assert wide.dim == shallow_dim(40, 3, "square")


@pytest.mark.parametrize(
    "call, message",
    (
        (lambda: neurovariety_dim((3, 1)), "widths is"),
        (lambda: neurovariety_dim((3, 0, 1)), "widths is 0"),
        (lambda: neurovariety_dim((3, 2, 1), "linear"), "variant is 'linear'"),
        (lambda: neurovariety_dim((3, 2, 1), power=3), "power is 3"),
        (lambda: parameter_jacobian((3, 2, 1), seed=-1), "seed is -1"),
        (lambda: shallow_dim(3, 2, "fan") and shallow_dim(0, 2), "inputs is 0"),
        (lambda: equiwidth_dim(3, 3, outputs=2), "outputs is 2"),
        (lambda: equiwidth_dim(3, 1), "layers is 1"),
        (lambda: minimal_filling_widths(3, 1), "layers is 1"),
        (lambda: neuron_dim(0), "inputs is 0"),
        (lambda: neuron_dim(3, "linear"), "variant is 'linear'"),
    ),
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
