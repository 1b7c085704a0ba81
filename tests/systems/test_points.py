"""Points that are easily got wrong, each with what the wrong reading would give."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from theorylab.systems import (
    R,
    Wire,
    copy,
    hebbian,
    identity,
    lens,
    machine,
    nest,
    run,
    smooth,
    weights,
)
from theorylab.systems.finite import Box, Lens, Moore, Poly, Wiring, hom, monomial

KEY = jax.random.key(0)


@pytest.fixture(autouse=True)
def _promotion():
    """Optax multiplies counters by floats."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def test_directions_add_in_one_product_and_multiply_in_the_other():
    p, q = Poly((2,)), Poly((3,))
    assert p * q == Poly((5,)) and p @ q == Poly((6,))
    assert Poly((0, 2)).then(Poly((1, 1))) == Poly((0, 2, 2, 2, 2))


@pytest.mark.parametrize(
    ("p", "q", "arities"),
    [
        ((2, 1), (2, 0), {4: 4, 2: 5, 0: 1}),
        ((3, 2), (2, 1, 0), {4: 36, 3: 30, 2: 19, 1: 5, 0: 1}),
        ((2, 2), (2, 2), {4: 64}),
    ],
)
def test_a_direction_of_the_hom_is_a_position_with_a_direction(p, q, arities):
    """Were it the direction that came back alone, 2y^2 to 2y^2 would have exponents 2, not 4."""
    p, q = Poly(p), Poly(q)
    found = list(hom(p, q).arity)
    assert {n: found.count(n) for n in set(found)} == arities
    assert Lens.count(p, q) == sum(arities.values())


def test_one_output_may_feed_two_inputs_without_any_addition():
    one = Box((2,), (2,))
    wiring = Wiring((one, one), one, feed=(((-1, 0),), ((-1, 0),)), show=((0, 0),))
    hold = Moore(monomial(2, 2), (0, 1), ((0, 1), (0, 1)))
    both = (hold @ hold) >> wiring.as_lens()
    # after the input 1 both hold it: the pair of states (1, 1) is the last of four
    assert both.update[0] == (0, 3)


def test_averaging_the_updates_of_a_tied_weight_is_half_the_step():
    w, x = jnp.array(0.5), jnp.array(1.0)

    def loss(first, second):
        return (second * (first * x) - 0.0) ** 2 / 2

    slopes = jax.grad(loss, argnums=(0, 1))(w, w)
    tied = w - 0.1 * (slopes[0] + slopes[1])
    averaged = ((w - 0.1 * slopes[0]) + (w - 0.1 * slopes[1])) / 2
    np.testing.assert_allclose(w - averaged, (w - tied) / 2, rtol=1e-12)
    use = smooth(lambda w, x: w * x, (R(), R()), (R(),))
    box = weights("w", lambda key: w, optax.sgd(0.1))
    net = (((box >> copy(R())) @ identity(R())) >> (identity(R()) @ use)) >> use
    state = net.init(KEY)
    (shown,), residual = net.fwd(state, (x,))
    np.testing.assert_allclose(net.bwd(residual, (shown,))[0]["w"][0], tied, rtol=1e-12)


def test_a_trust_ratio_may_be_split_over_layers_but_not_over_neurons():
    optimiser = optax.chain(optax.scale_by_trust_ratio(), optax.sgd(0.1))
    first, second = jnp.array([[1.0, 2.0], [3.0, -1.0]]), jnp.array([[0.5, 1.5]])
    slopes = jnp.array([[0.1, -0.4], [2.0, 0.3]]), jnp.array([[1.0, 0.2]])

    def moved(parts, gradients):
        boxes = [
            weights(f"w{n}", lambda key, part=part: part, optimiser) for n, part in enumerate(parts)
        ]
        box = nest(identity(*(b.cod[0] for b in boxes)), *boxes)
        state, _, _ = box.step(box.init(KEY), (), gradients)
        return [state[f"w{n}"][0] for n in range(len(parts))]

    whole = weights("w", lambda key: (first, second), optimiser)
    wanted = whole.step(whole.init(KEY), (), (slopes,))[0]["w"][0]
    layers = moved((first, second), slopes)
    for a, b in zip(layers, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    neurons = jnp.stack(moved(tuple(first), tuple(slopes[0])))
    assert jnp.abs(neurons - wanted[0]).max() > 0.01


def test_a_wiring_with_a_memory_is_a_fixed_one_with_a_box_more():
    """Currying: the matrix in a box of its own, and a lens that reads it and tells it to move."""
    cells, rate, decay = 4, 0.1, 0.3
    wire, memory = R(cells), R(cells, cells)
    start = jax.random.normal(KEY, (cells,))
    units = machine("cells", lambda key: start, lambda s: s, lambda s, d: jnp.tanh(2 * d), wire)
    box = machine("W", lambda key: jnp.zeros((cells, cells)), lambda s: s, lambda s, d: d, memory)
    others = 1 - jnp.eye(cells)

    def bwd(positions, directions):
        x, w = positions
        moved = w + rate * (others * jnp.outer(x, x) / cells - decay * w)
        return w @ x + directions[0], moved

    fixed = nest(lens((wire, memory), (wire,), lambda x, w: (x,), bwd), units, box)
    own = units >> hebbian("wiring", cells, rate, decay)
    given = jax.random.normal(jax.random.key(1), (20, cells))
    end, (shown,) = run(fixed, fixed.init(KEY), (given,))
    other, (wanted,) = run(own, own.init(KEY), (given,))
    np.testing.assert_allclose(shown, wanted, rtol=1e-12)
    np.testing.assert_allclose(end["W"], other["wiring"], rtol=1e-12)
    # delivered with the matrix after its move, it would be another system
    late = others * jnp.outer(start, start) / cells @ start * rate
    assert jnp.abs(late).max() > 1e-3


def test_looking_does_not_move_the_state():
    """To evaluate is to run forward; only what comes back moves a state."""
    count = machine("n", lambda key: jnp.zeros(()), lambda s: s, lambda s, d: s + 1, R())
    state = count.init(KEY)
    for _ in range(3):
        (shown,), residual = count.fwd(state, ())
        assert float(shown) == 0
    assert float(count.bwd(residual, (jnp.ones(()),))[0]["n"]) == 1


def test_a_wire_has_the_precision_of_when_it_was_made():
    with jax.enable_x64(False):
        single = R(3)
    assert single.pos.dtype == jnp.float32 and R(3).pos.dtype == jnp.float64
    assert single != R(3) and single == R(3, dtype=jnp.float32)
    assert Wire(jnp.zeros(2), ()) != R(2)
