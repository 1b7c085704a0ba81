"""Uses that nobody intended: each either works, or is refused by name."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.systems import R, machine, power, smooth


def _counter(name):
    return machine(name, lambda key: jnp.zeros(()), lambda s: s, lambda s, d: s + d, R())


def test_powers_stand_beside_boxes_with_other_states():
    """A power maps over its own boxes only."""
    many, few, one = power(_counter("a"), 4), power(_counter("b"), 2), _counter("c")
    both = many @ few @ one
    total = smooth(
        lambda x, y, z: x.sum() + y.sum() + z, (R(4), R(2), R()), (R(),)
    )  # fmt: skip
    system = both >> total >> smooth(lambda x: 2 * x, (R(),), (R(),))
    state = system.init(jax.random.key(0))
    for _ in range(3):
        state, (shown,), _ = system.step(state, (), (jnp.array(1.0),))
    assert {name: value.shape for name, value in state.items()} == {"a": (4,), "b": (2,), "c": ()}
    np.testing.assert_array_equal(state["a"], 6.0)
    assert shown == 2 * (4 + 2 + 1) * 4
    late = smooth(lambda x: x, (R(),), (R(),))
    bare = one >> late >> smooth(lambda x: jnp.stack([x, x]), (R(),), (R(2),))
    closed = bare >> power(smooth(lambda x: 3 * x, (R(),), (R(),)), 2)
    _, (shown,), _ = closed.step({"c": jnp.array(1.0)}, (), (jnp.ones(2),))
    assert shown.tolist() == [3.0, 3.0]
