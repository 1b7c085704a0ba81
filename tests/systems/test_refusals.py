"""What a user may get wrong is refused at once, with what was given and what is allowed."""

import re

import jax
import jax.numpy as jnp
import optax
import pytest

from theorylab.systems import (
    InterfaceError,
    R,
    Wire,
    copy,
    discretise,
    identity,
    learner,
    lens,
    machine,
    nest,
    power,
    run,
    sink,
    smooth,
    source,
    stateful,
    weights,
)

KEY = jax.random.key(0)
ONE = jnp.ones(())
WHOLE = Wire(jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))


def _adder():
    return machine("a", lambda key: jnp.zeros(()), lambda s: s, lambda s, d: s + d, R())


def _same(x):
    return x


def _learn(dom, cod):
    return learner("f", lambda w, x: w * x, lambda key: ONE, optax.sgd(0.1), dom, cod)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: smooth(_same, (WHOLE,), (WHOLE,)), "does not carry real numbers; use lens"),
        (lambda: smooth(_same, (R(dtype=bool),), (R(),)), "does not carry real numbers"),
        (lambda: weights("w", lambda key: jnp.ones(2, int), optax.sgd(0.1)), "parameters of w are"),
        (lambda: identity(R()).step({}, (ONE,) * 3, (ONE,) * 3), "positions for R·y"),
        (lambda: identity(R()).step({}, (ONE,), (jnp.ones(3),)), r"given R\^3, wanted R"),
        (lambda: identity(R()).step({}, ONE, (ONE,)), "positions for"),
        (lambda: _adder().step({"a": jnp.ones(3)}, (), (ONE,)), r"state of a: given R\^3"),
        (lambda: _adder().step({}, (), (ONE,)), r"boxes \['a'\], given \[\]"),
        (lambda: run(_adder(), {"a": jnp.ones(3)}, (jnp.ones(3),)), r"state of a: given R\^3"),
        (lambda: run(_adder(), {"a": ONE, "b": ONE}, (jnp.ones(3),)), r"given \['a', 'b'\]"),
        (lambda: run(_adder(), {"a": ONE}, (ONE,)), "no axis of ticks"),
        (lambda: run(_adder(), {"a": ONE}, (jnp.ones((3, 2)),)), r"given R\^2, wanted R"),
        (lambda: identity(3), "allowed: a tuple of wires"),
        (lambda: lens((3,), (R(),), _same, _same), "dom is"),
        (lambda: machine("m", lambda key: ONE, _same, _same, (R(),)), "cod is"),
        (lambda: nest(3, _adder()), "outer is 3; allowed: a system"),
        (lambda: nest(_adder(), 3), "inner is 3"),
        (lambda: power(3, 2), "system is 3"),
        (lambda: run(3, {}), "system is 3"),
        (lambda: discretise(3, "euler", 0.1), "system is 3"),
        (lambda: lens((R(),), (R(),), _same, lambda i, d: d), r"given \* \(.*wanted \(\*,\)"),
        (
            lambda: stateful("s", lambda key: ONE, (), (), lambda s: (), lambda s, i, d: s),
            "bwd of s must return",
        ),
        (lambda: Wire(3.0, ()), "pos of a wire is 3.0"),
        (lambda: _learn([R()], [R()]), "dom is"),
        (lambda: _learn((R(),), R()), "cod is"),
    ],
)
def test_what_does_not_fit_is_refused(make, words):
    """Annotations refuse some of it first while testing; a user sees the message."""
    try:
        make()
    except InterfaceError as error:
        assert re.search(words, str(error)), error
    except TypeError as error:
        assert type(error).__module__.startswith("jaxtyping"), error
    else:
        pytest.fail("was accepted")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: run(_adder(), {"a": ONE}, (jnp.ones(3),), length=2.5), "length is 2.5"),
        (lambda: run(_adder(), {"a": ONE}, (jnp.ones(3),), length=-1), "length is -1"),
        (lambda: R(-1), "shape is -1"),
        (lambda: source(2.5), "shape is 2.5"),
        (lambda: sink((2, 3)), "shape is"),
        (lambda: copy(R(), 0), "times is 0"),
        (lambda: copy(R(), 2.5), "times is 2.5"),
    ],
)
def test_numbers_out_of_range_are_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=f"{words}|annotations|Type-check"):
        make()


@pytest.mark.parametrize(
    "make", [lambda: _adder() >> 3, lambda: _adder() @ 3, lambda: 3 @ _adder()]
)
def test_only_systems_compose(make):
    with pytest.raises(TypeError):
        make()


def test_plain_numbers_may_be_states_and_positions():
    adder = machine("a", lambda key: 1.0, lambda s: s, lambda s, d: s + d, R())
    state, shown, _ = adder.step(adder.init(KEY), (), (2.0,))
    assert float(state["a"]) == 3.0 and float(shown[0]) == 1.0
