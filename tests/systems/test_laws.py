"""Laws of systems with real numbers: composition, training, optimisers, time."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from theorylab.systems import (
    InterfaceError,
    R,
    Wire,
    compiled_work,
    copy,
    discard,
    discretise,
    identity,
    learner,
    lens,
    machine,
    nest,
    power,
    run,
    smooth,
    source,
    stateful,
    swap,
    vectorfield,
    weights,
)

SIZES, BATCH = (5, 8, 8, 6, 3), 16


@pytest.fixture(autouse=True)
def _promotion():
    """Optax multiplies counters by floats."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def _same(left, right, tolerance=0.0):
    assert jax.tree.structure(left) == jax.tree.structure(right)
    for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def _apply(parameters, x):
    matrix, bias = parameters
    return jnp.tanh(x @ matrix + jnp.broadcast_to(bias, (x.shape[0], bias.shape[0])))


def _layer(name, m, n, optimiser, dtype=float):
    def init(key):
        return jax.random.normal(key, (m, n), dtype) / m**0.5, jnp.zeros(n, dtype)

    wires = (R(BATCH, m, dtype=dtype),), (R(BATCH, n, dtype=dtype),)
    return learner(name, _apply, init, optimiser, *wires)


def _net(optimiser, dtype=float):
    net = identity(R(BATCH, SIZES[0], dtype=dtype))
    for k, (m, n) in enumerate(pairwise(SIZES)):
        net = net >> _layer(f"layer {k}", m, n, optimiser, dtype)
    return net


def _data(ticks, dtype=float):
    x = jax.random.normal(jax.random.key(1), (ticks, BATCH, SIZES[0]), dtype)
    y = jax.random.normal(jax.random.key(2), (ticks, BATCH, SIZES[-1]), dtype)
    return x, y


def _train_composed(net, state, x, y):
    def tick(state, pair):
        shown, residual = net.fwd(state, (pair[0],))
        state, _ = net.bwd(residual, ((shown[0] - pair[1]) / BATCH,))
        return state, shown[0]

    return jax.lax.scan(tick, state, (x, y))[0]


def _train_plain(optimiser, parameters, x, y):
    def loss(parameters, x, y):
        for layer in parameters:
            x = _apply(layer, x)
        return ((x - y) ** 2).sum() / (2 * BATCH)

    def tick(carry, pair):
        parameters, memory = carry
        gradient = jax.grad(loss)(parameters, *pair)
        change, memory = optimiser.update(gradient, memory, parameters)
        return (optax.apply_updates(parameters, change), memory), None

    return jax.lax.scan(tick, (parameters, optimiser.init(parameters)), (x, y))[0][0]


def _started(net):
    state = net.init(jax.random.key(0))
    return state, [state[name][0] for name in net.leaves]


@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float32])
@pytest.mark.parametrize("optimiser", [optax.sgd(0.1), optax.adam(1e-2)], ids=["sgd", "adam"])
def test_layers_in_series_train_as_the_whole_network(optimiser, dtype):
    net = _net(optimiser, dtype)
    state, parameters = _started(net)
    x, y = _data(60, dtype)
    state = jax.jit(lambda s: _train_composed(net, s, x, y))(state)
    plain = jax.jit(lambda p: _train_plain(optimiser, p, x, y))(parameters)
    composed = [state[name][0] for name in net.leaves]
    _same(composed, plain, 1e-12 if dtype == jnp.float64 else 1e-5)
    moved = max(float(jnp.abs(a[0] - b[0]).max()) for a, b in zip(plain, parameters, strict=True))
    assert moved > 0.05


def test_updating_the_later_layer_first_would_not():
    """The gap to gradient descent that a wrong order makes, so that the test above can fail."""
    optimiser, (x, y) = optax.sgd(0.1), _data(1)
    first, last = _layer("a", 5, 8, optimiser), _layer("b", 8, 3, optimiser)
    both = first >> last
    state = both.init(jax.random.key(0))
    hidden, kept = first.fwd(state, (x[0],))
    shown, later = last.fwd(state, hidden)
    new, _ = last.bwd(later, (shown[0] - y[0][:, :3],))
    _, stale = last.fwd(state | new, hidden)
    _, wrong = last.bwd(stale, (shown[0] - y[0][:, :3],))
    wrong, _ = first.bwd(kept, wrong)
    right, _, _ = both.step(state, (x[0],), (shown[0] - y[0][:, :3],))
    gap = jnp.abs(wrong["a"][0][0] - right["a"][0][0]).max()
    assert gap > 1e-3


def test_the_composed_step_compiles_to_the_same_work():
    optimiser, (x, y) = optax.sgd(0.1), _data(1)
    net = _net(optimiser)
    state, parameters = _started(net)
    composed = compiled_work(lambda s: _train_composed(net, s, x, y), state)
    plain = compiled_work(lambda p: _train_plain(optimiser, p, x, y), parameters)
    assert composed == plain
    assert plain.flops > 1000


def _box(name, m, n):
    return learner(
        name,
        lambda w, x: jnp.tanh(w @ x),
        lambda key: jax.random.normal(key, (n, m)),
        optax.sgd(0.1),
        (R(m),),
        (R(n),),
    )


def _everything(system, key=3):
    """State, positions and directions of a tick from the system's own start."""
    key = jax.random.key(key)
    positions = tuple(jax.random.normal(key, wire.pos.shape) for wire in system.dom)
    directions = tuple(jax.random.normal(key, wire.dir.shape) for wire in system.cod)
    return system.step(system.init(jax.random.key(0)), positions, directions)


def test_composition_is_associative_unital_and_interchanges_on_the_nose():
    f, g, h = _box("f", 2, 3), _box("g", 3, 4), _box("h", 4, 2)
    k = _box("k", 2, 2)
    _same(_everything((f >> g) >> h), _everything(f >> (g >> h)))
    _same(_everything(identity(R(2)) >> f), _everything(f))
    _same(_everything(f >> identity(R(3))), _everything(f))
    _same(_everything((f @ g) @ h), _everything(f @ (g @ h)))
    _same(_everything(f @ identity()), _everything(f))
    _same(_everything((f @ h) >> (g @ k)), _everything((f >> g) @ (h >> k)))
    _same(_everything((f @ g) >> swap(R(3), R(4))), _everything(swap(R(2), R(3)) >> (g @ f)))


def test_a_layer_is_its_neurons_side_by_side():
    matrix = jax.random.normal(jax.random.key(5), (4, 3))
    layer = learner(
        "layer", lambda w, x: jnp.tanh(w @ x), lambda k: matrix, optax.sgd(0.1), (R(3),), (R(4),)
    )
    neurons = copy(R(3), 4) >> nest(
        identity(*(R(),) * 4),
        *(
            learner(
                f"neuron {n}",
                lambda w, x: jnp.tanh(w @ x),
                lambda k, n=n: matrix[n],
                optax.sgd(0.1),
                (R(3),),
                (R(),),
            )
            for n in range(4)
        ),
    )
    x, g = jnp.array([0.3, -0.7, 0.2]), jnp.array([1.0, -0.5, 0.25, 2.0])
    state, shown, back = layer.step(layer.init(jax.random.key(0)), (x,), (g,))
    small, parts, returned = neurons.step(neurons.init(jax.random.key(0)), (x,), tuple(g))
    _same(jnp.stack(parts), shown[0], 1e-14)
    _same(returned, back, 1e-14)
    rows = jnp.stack([small[f"neuron {n}"][0] for n in range(4)])
    _same(rows, state["layer"][0], 1e-14)


def _oscillator(name):
    return vectorfield(
        name,
        lambda key: jnp.array([1.0, 0.0]),
        lambda s: s[0],
        lambda s, d: jnp.array([s[1], d - s[0]]),
        R(),
    )


def _coupled():
    """Two oscillators that push each other."""
    return lens((R(), R()), (R(),), lambda x, y: (x,), lambda i, d: (d[0] + i[1], i[0]))


def _nothing_in(system, ticks):
    return tuple(jnp.zeros((ticks, *wire.dir.shape)) for wire in system.cod)


def test_euler_commutes_with_wiring():
    a, b, outer = _oscillator("a"), _oscillator("b"), _coupled()
    whole = discretise(nest(outer, a, b), "euler", 0.05)
    boxes = nest(outer, discretise(a, "euler", 0.05), discretise(b, "euler", 0.05))
    start = whole.init(jax.random.key(0))
    came = _nothing_in(whole, 40)
    _same(run(whole, start, came)[0], run(boxes, start, came)[0], 1e-15)


def test_runge_kutta_box_by_box_is_of_first_order_only():
    a, b, outer = _oscillator("a"), _oscillator("b"), _coupled()

    def end(steps, whole):
        dt = 2.0 / steps
        if whole:
            system = discretise(nest(outer, a, b), "rk4", dt)
        else:
            system = nest(outer, discretise(a, "rk4", dt), discretise(b, "rk4", dt))
        start = system.init(jax.random.key(0))
        start["b"] = jnp.array([-0.5, 1.0])
        return jax.jit(lambda s: run(system, s, _nothing_in(system, steps))[0])(start)["a"]

    exact = end(1280, True)
    orders = {}
    for whole in (True, False):
        errors = [float(jnp.abs(end(steps, whole) - exact).max()) for steps in (20, 40)]
        orders[whole] = np.log2(errors[0] / errors[1])
    assert 3.7 < orders[True] < 4.3
    assert 0.7 < orders[False] < 1.3


def test_machines_delay_and_learners_do_not():
    hold = [
        machine(f"hold {k}", lambda key: jnp.zeros(()), lambda s: s, lambda s, d: d, R())
        for k in range(3)
    ]
    chain = lens((R(),) * 3, (R(),), lambda a, b, c: (c,), lambda i, d: (d[0], i[0], i[1]))
    system = nest(chain, *hold)
    shown = run(system, system.init(jax.random.key(0)), (jnp.arange(1.0, 7.0),))[1][0]
    assert shown.tolist() == [0, 0, 0, 1, 2, 3]
    series = _box("f", 1, 1) >> _box("g", 1, 1)
    state = series.init(jax.random.key(0))
    assert series.fwd(state, (jnp.array([0.5]),))[0] != series.fwd(state, (jnp.array([1.0]),))[0]


def test_exchanging_hidden_units_is_an_automorphism_and_rescaling_is_not():
    def net(first, second):
        def layer(name, w):
            n, m = w.shape
            return learner(
                name, lambda w, x: jax.nn.relu(w @ x), lambda k: w, optax.sgd(0.1), (R(m),), (R(n),)
            )

        system = layer("a", first) >> layer("b", second)
        state, shown, _ = system.step(
            system.init(jax.random.key(0)), (jnp.array([1.0, 0.5]),), (jnp.array([1.0]),)
        )
        return state["a"][0], state["b"][0], shown[0]

    a = jnp.array([[1.0, 0.5], [0.2, 0.7]])
    b = jnp.array([[0.6, 0.8]])
    left, right, shown = net(a, b)
    turned, back, same = net(a[::-1], b[:, ::-1])
    _same((turned[::-1], back[:, ::-1], same), (left, right, shown), 1e-15)
    scale = jnp.array([3.0, 1.0])
    scaled, _, still = net(a * scale[:, None], b / scale[None])
    _same(still, shown, 1e-15)
    assert jnp.abs(scaled / scale[:, None] - left).max() > 0.05


@pytest.mark.parametrize(
    ("optimiser", "composes"),
    [
        (optax.sgd(0.1), True),
        (optax.sgd(0.1, momentum=0.9), True),
        (optax.adamw(0.1), True),
        (optax.lion(0.1), True),
        (optax.chain(optax.clip(0.5), optax.sgd(0.1)), True),
        (optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1)), False),
    ],
    ids=["sgd", "momentum", "adamw", "lion", "clip", "clip_by_global_norm"],
)
def test_which_optimisers_may_be_split(optimiser, composes):
    one = weights("w", lambda key: (jnp.ones(2), jnp.ones(3)), optimiser)
    two = weights("a", lambda key: jnp.ones(2), optimiser) @ weights(
        "b", lambda key: jnp.ones(3), optimiser
    )
    gradients = (jnp.array([1.0, -2.0]), jnp.array([0.5, 3.0, -1.0]))
    whole, parts = one.init(jax.random.key(0)), two.init(jax.random.key(0))
    for _ in range(3):
        whole = one.step(whole, (), (gradients,))[0]
        parts = two.step(parts, (), gradients)[0]
    gap = max(
        float(jnp.abs(x - y).max())
        for x, y in zip(whole["w"][0], (parts["a"][0], parts["b"][0]), strict=True)
    )
    assert (gap < 1e-12) is composes


def test_tied_weights_add_their_gradients():
    w = weights("w", lambda key: jnp.array([[0.5, 0.2], [-0.3, 0.8]]), optax.sgd(0.1))
    shape = R(2, 2)

    def layer(w, x):
        return jnp.tanh(w @ x)

    use = smooth(layer, (shape, R(2)), (R(2),))
    tied = (
        ((w >> copy(shape)) @ identity(R(2)))
        >> (identity(shape) @ use)
        >> smooth(layer, (shape, R(2)), (R(2),))
    )
    x, target = jnp.array([1.0, -0.5]), jnp.array([0.2, 0.4])
    state = tied.init(jax.random.key(0))
    shown = tied.fwd(state, (x,))[0][0]
    state, _, _ = tied.step(state, (x,), (shown - target,))
    start = jnp.array([[0.5, 0.2], [-0.3, 0.8]])
    gradient = jax.grad(lambda w: ((layer(w, layer(w, x)) - target) ** 2).sum() / 2)(start)
    _same(state["w"][0], start - 0.1 * gradient, 1e-14)


def test_a_closed_training_run_is_a_machine():
    def target(key):
        return jax.random.normal(key, (4,))

    data = machine(
        "data",
        lambda key: key,
        lambda key: (x := target(key), jnp.tanh(2 * x[:1])),
        lambda key, d: jax.random.split(key)[0],
        Wire((R(4).pos, R(1).pos), (R(4).pos, R(1).pos)),
    )
    pair = data.cod[0]
    unpack = smooth(lambda pair: pair, (pair,), (R(4), R(1)))
    net = _box("hidden", 4, 6) >> _box("out", 6, 1)
    loss = smooth(lambda y, t: ((y - t) ** 2).sum(), (R(1), R(1)), (R(),))
    training = data >> unpack >> (net @ identity(R(1))) >> loss
    assert training.dom == () and training.cod == (R(),)
    start = training.init(jax.random.key(0))
    _, (losses,) = jax.jit(lambda s: run(training, s, (jnp.ones(300),)))(start)
    assert losses[-50:].mean() < losses[:50].mean()
    many = power(training, 3)
    start = many.init(jax.random.key(0))
    _, (several,) = run(many, start, (jnp.ones((20, 3)),))
    alone = {name: jax.tree.map(lambda x: x[1], value) for name, value in start.items()}
    _same(several[:, 1], run(training, alone, (jnp.ones(20),))[1][0], 1e-13)
    assert (several[0] != several[0, 0]).sum() == 2


def test_names_keep_boxes_apart():
    box = _box("f", 2, 2)
    with pytest.raises(InterfaceError, match="two boxes are called 'f'"):
        box >> box
    renamed = box.rename("left") >> box.rename("right")
    assert set(renamed.leaves) == {"left/f", "right/f"}
    state = renamed.init(jax.random.key(0))
    assert not np.allclose(state["left/f"][0], state["right/f"][0])
    new, _, _ = _everything(renamed)
    assert set(new) == set(state)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: _box("f", 2, 3) >> _box("g", 2, 3), r"R\^3·y\^R\^3 on the left, R\^2·y\^R\^2 on"),
        (lambda: smooth(lambda x: x[:1], (R(2),), (R(2),)), r"given R\^1, wanted R\^2"),
        (lambda: smooth(lambda x: x, (source(2),), (source(2),)), "which must be gradients"),
        (
            lambda: lens((R(),), (R(),), lambda x: (x,), lambda i, d: ()),
            "directions sent back",
        ),
        (
            lambda: machine("m", lambda k: jnp.ones(2), jnp.sum, lambda s, d: s[:1], R()),
            r"state of m after a tick: given R\^1, wanted R\^2",
        ),
        (lambda: run(_box("f", 2, 2), {}), "close its left side"),
        (lambda: run(_oscillator("o"), {}), "discretise it"),
        (lambda: run(discretise(_oscillator("o"), "euler", 0.1), {}), "needs directions"),
        (lambda: _oscillator("o") @ _box("f", 2, 2), "discretise the flow first"),
        (lambda: lens([R()], (R(),), lambda x: (x,), lambda i, d: d), "tuple"),
        (lambda: discretise(_box("f", 2, 2), "euler", 0.1), "is no flow"),
    ],
)
def test_what_does_not_fit_is_refused(make, words):
    with pytest.raises((InterfaceError, TypeError, jax.errors.JaxRuntimeError), match=words):
        make()


def test_other_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="method is 'rk3'"):
        discretise(_oscillator("o"), "rk3", 0.1)
    with pytest.raises(ValueError, match="dt is 0"):
        discretise(_oscillator("o"), "rk4", 0.0)
    with pytest.raises(ValueError, match="copies is 0"):
        power(identity(R()), 0)
    with pytest.raises(ValueError, match="clock is 'tock'"):
        stateful("s", jnp.ones, (), (), lambda s: (), lambda s, i, d: (s, ()), clock="tock")
    with pytest.raises(ValueError, match="length is None"):
        run(machine_without_input(), {"m": jnp.ones(())})


def machine_without_input():
    """A machine that hears nothing."""
    return machine("m", lambda key: jnp.ones(()), lambda s: s, lambda s, d: 2 * s, source())


def test_a_machine_without_input_runs_by_its_own():
    system = machine_without_input()
    _, (shown,) = run(system, system.init(jax.random.key(0)), length=4)
    assert shown.tolist() == [1, 2, 4, 8]


def test_discarding_sends_zero_back():
    _, shown, back = discard(R(2)).step({}, (jnp.ones(2),), ())
    assert shown == () and back[0].tolist() == [0, 0]
