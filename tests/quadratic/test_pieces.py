"""Exact pieces: against Sturm's theorem, brute force, bounds and the derivations."""

from fractions import Fraction
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theorylab.quadratic.derivations.tower import tower_polynomial
from theorylab.quadratic.neurons import QuadraticParams, quadratic_apply
from theorylab.quadratic.pieces import (
    PiecewisePoly1D,
    chebyshev_tower,
    count_pieces_1d,
    count_pieces_on_segment,
    count_sign_changes,
    max_pieces_1d,
    network_pieces,
    quadratic_layer,
    square_layer,
)
from theorylab.quadratic.real_roots import (
    RealRoot,
    add,
    compare,
    multiply,
    point_between,
    rational,
    real_roots,
    separated,
    sturm_count,
)
from theorylab.symbolic import claim

HALF = Fraction(1, 2)


def evaluate(layers, x):
    for layer in layers:
        x = layer(x)
    return x


def random_net(rng, widths, quadratic):
    def draw(*shape):
        return np.round(rng.standard_normal(shape) * 64) / 64

    layers = []
    for din, dout in zip((1, *widths[:-1]), widths, strict=True):
        args = [draw(din, dout), draw(dout)] * (3 if quadratic else 1)
        args = [draw(*np.shape(a)) for a in args]
        layers.append(quadratic_layer(*args))
    return [*layers, quadratic_layer(draw(widths[-1], 1), relu=False)]


@pytest.mark.parametrize("depth", range(1, 7))
def test_tower(depth):
    """Continued fractions through the layers, Sturm's theorem, and the derivation's polynomial."""
    network = network_pieces(chebyshev_tower(depth))
    assert network.count == 2**depth + 1
    assert network.degree == 2**depth
    outside = network.pieces[0][0]
    assert sturm_count(outside) == sturm_count(outside, Fraction(-1), Fraction(1)) == 2**depth
    expected = tower_polynomial(depth).all_coeffs()[::-1]
    assert [int(c) for c in outside] == [int(c) for c in expected]
    roots = np.array([float(root) for root in network.breakpoints])
    # The cosines of the derivation, as sines: a cosine near zero rounds its argument first.
    k = np.arange(1, 2**depth + 1)
    angles = (2 * k - 1 - 2**depth) * np.pi / 2 ** (depth + 1)
    np.testing.assert_allclose(roots, np.sin(angles), rtol=1e-15)
    # Every second piece is zero: that is where the last rectifier is off.
    assert all(
        (piece == ((Fraction(0),),)) == bool(i % 2) for i, piece in enumerate(network.pieces)
    )


def test_tower_of_depth_seven_by_sturm():
    h = (Fraction(0), Fraction(0), Fraction(2))
    for _ in range(6):
        shifted = add(h, (Fraction(-1),))
        h = tuple(2 * c for c in multiply(shifted, shifted))
    assert sturm_count(add(h, (Fraction(-1),))) == 128


def test_same_widths_without_quadratic_neurons():
    """A chain of conventional neurons is monotone: at most 3 pieces. Squares have 1."""
    rng = np.random.default_rng(0)
    counts = [count_pieces_1d(random_net(rng, (1,) * 5, False)) for _ in range(40)]
    assert max(counts) <= 3
    clip = [
        quadratic_layer([[1]]),
        quadratic_layer([[-1]], [1]),
        quadratic_layer([[1]], relu=False),
    ]
    assert count_pieces_1d(clip) == 3
    squares = [square_layer([[3]], [-1])] * 4
    assert count_pieces_1d(squares) == 1
    assert network_pieces(squares).degree == 16


def test_shallow_conventional_network_needs_as_many_neurons_as_kinks():
    kinks = np.arange(16)
    shallow = [quadratic_layer([[1] * 16], -kinks), quadratic_layer([[1]] * 16, relu=False)]
    assert count_pieces_1d(shallow) == max_pieces_1d((16,), 1) == 17


@pytest.mark.parametrize("quadratic", (False, True))
@pytest.mark.parametrize("widths", ((3,), (3, 2), (2, 2, 2)), ids=str)
def test_pieces_are_the_network(quadratic, widths):
    """Values at random points; the bound; and each breakpoint is a kink."""
    rng = np.random.default_rng(len(widths) + 10 * quadratic)
    for _ in range(4):
        layers = random_net(rng, widths, quadratic)
        network = network_pieces(layers, -3, 3)
        x = np.round(rng.uniform(-3, 3, 20) * 1024) / 1024
        ours = [float(network(Fraction(float(v)))[0]) for v in x]
        np.testing.assert_allclose(ours, evaluate(layers, x[:, None])[:, 0], rtol=1e-9, atol=1e-9)
        assert network.count <= max_pieces_1d(widths, 2 if quadratic else 1)
        assert network.degree <= (2 ** len(widths) if quadratic else 1)
        assert all(a != b for a, b in zip(network.pieces[:-1], network.pieces[1:], strict=True))
        for k, root in enumerate(network.breakpoints):
            # Continuous: the two polynomials agree at the root, so it is a root of their gap.
            gap = add(network.pieces[k][0], tuple(-c for c in network.pieces[k + 1][0]))
            assert any(compare(root, other) == 0 for other in real_roots(gap))


def test_count_agrees_with_brute_force():
    """Kinks of the second difference on a fine grid, for a network that has no close ones."""
    layers = [
        quadratic_layer([[1, 1]], [0, 0], [[1, -1]], [0, 2], bias_c=[-1, 0]),
        quadratic_layer([[1], [-2]], [HALF]),
    ]
    network = network_pieces(layers, -3, 3)
    x = np.linspace(-3, 3, 6001)
    y = evaluate(layers, x[:, None])[:, 0]
    third = np.abs(np.diff(y, 3))
    clusters = np.flatnonzero(third > 1e-7)
    kinks = 1 + np.sum(np.diff(clusters) > 10)
    assert network.count - 1 == kinks
    found = [float(root) for root in network.breakpoints]
    np.testing.assert_allclose(found, x[clusters[np.diff(clusters, prepend=-99) > 10]], atol=0.01)


def test_a_segment_of_the_plane():
    """A ring is met twice by a line across it, once from its inside, and not at all outside."""
    ring = [quadratic_layer([[0], [0]], kernel_b=[[1], [1]], bias_c=[-1])]
    assert count_pieces_on_segment(ring, (-2, 0), (2, 1)) == 3
    assert count_pieces_on_segment(ring, (-2, 1), (2, 1)) == 1  # touches: no change of sign
    assert count_pieces_on_segment(ring, (0, 0), (2, 1)) == 2
    assert count_pieces_on_segment(ring, (2, 0), (2, 1)) == 1


def test_touching_and_zero_pieces_are_merged():
    touch = quadratic_layer([[1]], [0], [[1]], [0])  # x^2 never changes sign
    assert count_pieces_1d([touch]) == 1
    dead = quadratic_layer([[0]], [-1])
    assert count_pieces_1d([touch, dead]) == 1
    assert network_pieces([touch, dead])(3) == (Fraction(0),)


def test_layers_are_those_that_are_trained():
    rng = np.random.default_rng(2)
    kernels, biases = rng.normal(size=(3, 2, 3)), rng.normal(size=(3, 3))
    layer = quadratic_layer(
        kernels[0], biases[0], kernels[1], biases[1], kernels[2], biases[2], relu=False
    )
    params = QuadraticParams(**{name: jnp.asarray(v) for name, v in layer.arrays().items()})
    x = rng.normal(size=(5, 2))
    np.testing.assert_allclose(layer(x), quadratic_apply(params, jnp.asarray(x)), rtol=1e-13)
    assert layer.kernel_r[1][2] == Fraction(kernels[0, 1, 2])


def test_bounds_are_those_of_the_derivation():
    for name, degree in (("quadratic", 2), ("conventional", 1)):
        law = claim(f"quadratic/pieces/{name}").rhs
        for depth in (1, 2, 3):
            for m in (1, 3, 8):
                at = law.subs({"L": depth}).subs({s: m for s in law.free_symbols if s.name == "m"})
                at = at.subs({s: depth for s in at.free_symbols}).doit()
                assert int(at) == max_pieces_1d((m,) * depth, degree)


def test_companion_matrix_and_even_grids_lose_pieces():
    """Trap 7."""
    degree = 64
    monomials = np.polynomial.chebyshev.cheb2poly(np.eye(degree + 1)[degree])
    roots = np.polynomial.polynomial.polyroots(monomials)
    assert np.sum((np.abs(roots.imag) < 1e-9) & (np.abs(roots.real) < 1)) < degree

    def last(x):
        return evaluate(chebyshev_tower(10)[:-1], x[:, None])[:, 0]

    even, angles = np.linspace(-1, 1, 20_001), np.pi * (np.arange(8192) + 0.5) / 8192
    assert _runs(last(even)) < 2**10 + 1
    assert _runs(last(np.cos(angles))) == 2**10 + 1
    assert count_sign_changes(np.array([1.0, 0.0, 1.0, -1.0])) == 1


def _runs(h):
    on = h > 0
    return 1 + int(np.sum(on[1:] != on[:-1]))


coefficients = st.lists(st.integers(-6, 6), min_size=2, max_size=5)


@settings(max_examples=40, deadline=None)
@given(coefficients, coefficients)
def test_real_roots(first, second):
    """Isolation against Sturm, order, and equality of roots of different polynomials."""
    p, q = (add(tuple(Fraction(c) for c in cs)) for cs in (first, second))
    roots = real_roots(multiply(p, q))
    if any(p) and any(q):
        assert len(roots) == sturm_count(multiply(p, q))
        for root in real_roots(p):
            assert sum(compare(root, other) == 0 for other in roots) == 1
    for a, b in pairwise(roots):
        assert compare(a, b) == -1 and compare(b, a) == 1
        between = point_between(a, b)
        assert compare(a, rational(between)) == -1 and compare(rational(between), b) == -1
        low, high = separated(a, b)
        assert low.high < high.low


def test_a_root_beside_another_at_the_end_of_its_interval():
    """The interval (0, 1) of x (3x - 1): its lower end is the other root."""
    p = (0, -1, 3)
    root = RealRoot(p, Fraction(0), Fraction(1))
    for _ in range(20):
        root = root.halved()
    assert root.low <= Fraction(1, 3) <= root.high and root.high - root.low <= Fraction(1, 2**20)
    assert compare(RealRoot(p, Fraction(0), Fraction(1)), rational(Fraction(0))) == 1
    # 1/3 and 1/2: what their polynomials share is the root at the common end, not the number.
    half = RealRoot((0, -1, 2), Fraction(0), Fraction(1))
    assert compare(RealRoot(p, Fraction(0), Fraction(1)), half) == -1


@pytest.mark.parametrize(
    "call, message",
    (
        (lambda: quadratic_layer([1, 2]), "kernel_r has shape"),
        (lambda: quadratic_layer([[1, 2]], [1]), "bias_r has shape"),
        (lambda: quadratic_layer([[float("nan")]]), "kernel_r holds"),
        (lambda: network_pieces([]), "layers is empty"),
        (lambda: network_pieces(chebyshev_tower(1), 1, 0), "low is 1"),
        (lambda: network_pieces([quadratic_layer([[1], [1]])]), "layer has 2 inputs"),
        (lambda: network_pieces(chebyshev_tower(1), 0, 1)(2), "x is 2"),
        (lambda: count_pieces_on_segment(chebyshev_tower(1), (0, 1), (1, 1)), "start and stop"),
        (lambda: max_pieces_1d((2,), 3), "degree is 3"),
        (lambda: max_pieces_1d((0,)), "hidden is 0"),
        (lambda: chebyshev_tower(0), "depth is 0"),
    ),
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_reports_are_frozen():
    piece = PiecewisePoly1D((((Fraction(1),),),))
    with pytest.raises(AttributeError):
        piece.low = 1
