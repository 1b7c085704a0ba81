"""Uses that nobody intended: each either works, or is refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from theorylab.systems import (
    InterfaceError,
    R,
    column,
    lorentzian,
    machine,
    market,
    modulation_index,
    power,
    reduced_column,
    smooth,
)
from theorylab.systems.finite import (
    Box,
    Lens,
    Moore,
    Poly,
    Wiring,
    hom,
    monomial,
    polynomials,
)


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


P, Q = Poly((2, 1)), Poly((2, 0))
BIT = Box((2,), (2,))
CHAIN = Wiring((BIT, BIT), BIT, feed=(((-1, 0),), ((0, 0),)), show=((1, 0),))
FLIP = Moore(monomial(2, 2), readout=(0, 1), update=((0, 1), (1, 0)))


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: CHAIN.substitute(-1, CHAIN), "place is -1; allowed: 0 to 1"),
        (lambda: CHAIN.substitute(2, CHAIN), "place is 2"),
        (lambda: FLIP.outputs(-1, (0,)), "state is -1; allowed: 0 to 1"),
        (lambda: FLIP.outputs(2, ()), "state is 2"),
        (lambda: Poly((-1,)), "arity holds -1"),
        (lambda: Poly((True,)), "arity holds True"),
        (lambda: P(-1), "size is -1"),
        (lambda: monomial(-1, 2), "positions is -1"),
        (lambda: monomial(2, -1), "directions is -1"),
        (lambda: list(polynomials(-1, 2)), "positions is -1"),
        (lambda: Box((-1,), (2,)), "inputs holds -1"),
        (lambda: P + 3, "unsupported operand"),
        (lambda: P * 3, "unsupported operand"),
        (lambda: P @ 3, "unsupported operand"),
        (lambda: Lens.identity(P) >> 3, "unsupported operand"),
        (lambda: Lens.identity(P) @ 3, "unsupported operand"),
        (lambda: FLIP @ 3, "unsupported operand"),
        (lambda: hom(Poly((5,) * 5), Poly((5,) * 5)), r"are 9.31e\+20; at most"),
        (lambda: next(Lens.all(Poly((9,) * 9), Poly((9,) * 9))), "at most 1000000 are listed"),
        (lambda: Poly((30,)).then(Poly((1, 1))), r"composition are 1.07e\+09"),
        (lambda: Poly((1,) * 2000) @ Poly((1,) * 2000), "product are"),
    ],
)
def test_finite_things_refuse_by_name(use, words):
    with pytest.raises((InterfaceError, ValueError, TypeError), match=words):
        use()


@pytest.mark.parametrize(
    "use",
    [
        lambda: Poly([2, 1]),
        lambda: Poly(3),
        lambda: Lens(P, Q, [0, 1], [[1, 0], []]),
        lambda: Lens(Poly((2,)), Poly((1,)), (0,), ((0.5,),)),
        lambda: Lens(3, P, (), ()),
        lambda: Lens.identity(3),
        lambda: P.then(3),
        lambda: FLIP >> 3,
        lambda: Moore(P, [0], [[0, 0]]),
        lambda: Box([2], [2]),
        lambda: Wiring([BIT], BIT, [[(-1, 0)]], [(0, 0)]),
        lambda: Wiring((BIT,), BIT, ((-1,),), ((0, 0),)),
        lambda: Wiring((3,), BIT, (((-1, 0),),), ((0, 0),)),
        lambda: CHAIN.substitute(0, 3),
    ],
)
def test_tables_are_tuples_of_whole_numbers(use):
    """Whether annotations are enforced or not, nothing else is taken."""
    with pytest.raises((InterfaceError, TypeCheckError)):
        use()


def test_empty_things_are_things():
    nothing = Poly(())
    assert hom(nothing, P) == Poly((0,)) and hom(P, nothing) == nothing
    assert Moore(P, (), ()).bisimulation() == ()
    assert Wiring((), Box((), ()), (), ()).as_lens() == Lens.identity(Poly((1,)))


def _named(name):
    return machine(name, lambda key: jax.random.normal(key), lambda s: s, lambda s, d: s, R())


def test_names_are_words_and_give_keys_of_their_own():
    with pytest.raises((InterfaceError, TypeCheckError)):
        _named(3)
    with pytest.raises(InterfaceError, match="name is ''"):
        _named("")
    with pytest.raises(InterfaceError, match="prefix is ''"):
        _named("a").rename("")
    # two words with the same CRC-32
    with pytest.raises(InterfaceError, match="'plumless' and 'buckeroo' would start from one"):
        _named("plumless") @ _named("buckeroo")
    with pytest.raises(InterfaceError, match="two boxes are called 'x/y'"):
        _named("x/y") @ _named("y").rename("x")


@pytest.mark.parametrize("outcome", [-1, 2, 7])
def test_an_outcome_that_does_not_exist_is_not_another_one(outcome):
    box = market("m", jnp.array([0.5, 0.5]), 2)
    forecasts = jnp.array([0.5, 0.5]), jnp.array([0.9, 0.1])
    state, _, _ = jax.jit(box.step)(
        box.init(jax.random.key(0)), forecasts, (jnp.asarray(outcome, jnp.int32),)
    )
    assert jnp.isnan(state["m"]).all()


def test_an_outcome_that_nobody_expected_leaves_no_wealth():
    box = market("m", jnp.array([0.5, 0.5]), 2)
    sure = (jnp.array([1.0, 0.0]),) * 2
    state, _, _ = box.step(box.init(jax.random.key(0)), sure, (jnp.int32(1),))
    assert jnp.isnan(state["m"]).all()


def test_wealth_is_a_vector():
    with pytest.raises((ValueError, TypeCheckError)):
        market("m", jnp.ones((2, 2)) / 4, 2)
    with pytest.raises((ValueError, TypeCheckError)):
        market("m", 1.0, 2)
    single = market("m", jnp.array([0.5, 0.5], jnp.float32), 2)
    assert single.init(jax.random.key(0))["m"].dtype == jnp.float64


@pytest.mark.parametrize(
    "use",
    [
        lambda: lorentzian(3, 0.0, -1.0),
        lambda: lorentzian(3, float("nan"), 1.0),
        lambda: column("a", jnp.ones((2, 2)), 0.5),
        lambda: column("a", 1.0, 0.5),
        lambda: column("a", jnp.array([jnp.nan, 1.0]), 0.5),
        lambda: reduced_column("a", 0.0, -1.0, 0.5),
        lambda: modulation_index(jnp.zeros(3), jnp.ones(4)),
    ],
)
def test_oscillators_refuse_nonsense(use):
    with pytest.raises((ValueError, TypeCheckError)):
        use()
