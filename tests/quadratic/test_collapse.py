"""Training with depth: gamma = 0 is the conventional network, bit by bit; what collapse is."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from theorylab.quadratic import (
    Condition,
    Net,
    QuadraticParams,
    Recipe,
    collapse_sweep,
    gauge_invariants,
    init_net,
    is_collapsed,
    net_apply,
    quadratic_apply,
    relinear,
    train_net,
    two_spirals,
)
from theorylab.quadratic.training import accuracy, cross_entropy, descend, stacked, train_each

KEY = jax.random.key(0)
TRAIN, TEST = two_spirals(jax.random.key(1), 64), two_spirals(jax.random.key(2), 64)


def plain_net(layers, x):
    """A conventional ReLU network, written down without anything of this package."""
    for w, b in layers[:-1]:
        x = jnp.maximum(x @ w + b[None], 0)
    w, b = layers[-1]
    return x @ w + b[None]


def plain_training(layers, steps, lr, momentum):
    """Its training by momentum, written down likewise."""

    def loss(layers):
        logits = plain_net(layers, TRAIN.x)[:, 0]
        return jnp.mean(jax.nn.softplus((1 - 2 * TRAIN.y.astype(float)) * logits))

    def step(_, carry):
        layers, speed = carry
        speed = jax.tree.map(lambda v, g: g + momentum * v, speed, jax.grad(loss)(layers))
        return jax.tree.map(lambda p, v: p - lr * v, layers, speed), speed

    start = (layers, jax.tree.map(jnp.zeros_like, layers))
    return jax.lax.fori_loop(0, steps, step, start)[0]


def layers_of(net: Net):
    hidden = [
        (net.hidden.kernel_r[i], net.hidden.bias_r[i]) for i in range(net.hidden.bias_r.shape[0])
    ]
    return [(net.first.kernel_r, net.first.bias_r), *hidden, (net.kernel, net.bias)]


@pytest.mark.parametrize("depth", [1, 4])
def test_gamma_zero_is_the_conventional_network_bit_by_bit(depth):
    net = init_net(KEY, 2, 8, depth, 1)
    assert jnp.array_equal(net_apply(net, TEST.x), plain_net(layers_of(net), TEST.x))
    end = train_net(net, TRAIN, TEST, 100, Recipe(lr=0.02, gamma=0.0)).net
    plain = jax.jit(lambda layers: plain_training(layers, 100, 0.02, 0.9))(layers_of(net))
    for mine, theirs in zip(layers_of(end), plain, strict=True):
        assert jnp.array_equal(mine[0], theirs[0]) and jnp.array_equal(mine[1], theirs[1])
    assert jnp.array_equal(net_apply(end, TEST.x), plain_net(plain, TEST.x))
    assert not jnp.array_equal(end.kernel, net.kernel)
    for part in (end.first, end.hidden):
        assert bool(jnp.all(part.kernel_g == 0)) and bool(jnp.all(part.bias_g == 1))
        assert bool(jnp.all(part.kernel_b == 0)) and bool(jnp.all(part.bias_c == 0))


def test_a_stack_is_its_layers():
    net = init_net(KEY, 2, 6, 3, 2, "torch_default")
    h = TEST.x
    parts = [QuadraticParams(*(None if v is None else v[i] for v in net.hidden)) for i in range(2)]
    for params in (net.first, *parts):
        h = jax.nn.relu(quadratic_apply(params, h))
    assert jnp.allclose(net_apply(net, TEST.x), h @ net.kernel + net.bias[None], atol=1e-14)


def test_batch_statistics_are_those_of_the_training_points():
    net = init_net(KEY, 2, 6, 2, 1, "torch_default")
    both = net_apply(net, jnp.vstack([TRAIN.x, TEST.x]), norm="batch", rows=64)
    assert jnp.allclose(both[:64], net_apply(net, TRAIN.x, norm="batch"), atol=1e-12)
    assert not jnp.allclose(both[64:], net_apply(net, TEST.x, norm="batch"), atol=1e-3)


def test_training_in_a_row_is_training_alone():
    nets = [init_net(jax.random.key(seed), 2, 6, 2, 1) for seed in range(2)]
    row = train_each(stacked(nets), stacked([TRAIN] * 2), stacked([TEST] * 2), 20, Recipe(lr=0.05))
    alone = train_net(nets[1], TRAIN, TEST, 20, Recipe(lr=0.05))
    assert jnp.allclose(row.losses[1], alone.losses, rtol=1e-12)
    assert row.test_accuracy[1] == alone.test_accuracy


def test_losses():
    logits = jax.random.normal(KEY, (5, 3))
    y = jnp.array([0, 2, 1, 1, 0])
    chosen = jax.nn.softmax(logits)[jnp.arange(5), y]
    assert jnp.allclose(cross_entropy(logits, y), -jnp.mean(jnp.log(chosen)))
    # One output is the difference of two.
    two = jnp.stack([jnp.zeros(5), logits[:, 0]], axis=1)
    half = y % 2
    assert jnp.allclose(cross_entropy(two, half), cross_entropy(logits[:, :1], half))
    assert accuracy(two, half) == accuracy(logits[:, :1], half)


def test_collapse_has_two_faces():
    losses = jnp.array([jnp.nan, jnp.inf, jnp.log(2.0), 0.66, 0.64, 0.0])
    assert is_collapsed(losses).tolist() == [True, True, True, True, False, False]
    assert not bool(is_collapsed(jnp.array(2.0), np.log(10.0)))
    assert bool(is_collapsed(jnp.array(2.2), np.log(10.0)))
    # Extinct activities: the outputs are finite, all the same, and nothing is ever learned.
    dead = init_net(KEY, 2, 8, 8, 1, "torch_default")
    end = train_net(dead, TRAIN, TEST, 30)
    assert bool(jnp.isfinite(end.losses[-1])) and bool(is_collapsed(end.losses[-1]))
    wild = init_net(KEY, 2, 16, 8, 1, "he_all_open")
    end = train_net(wild, TRAIN, TEST, 30)
    assert not bool(jnp.isfinite(end.losses[-1])) and end.test_accuracy == 0


def test_clipping_bounds_the_first_step():
    net = init_net(KEY, 2, 8, 2, 1, "he_all_open")
    recipe = Recipe(lr=1.0, momentum=0.0, clip=1e-3)
    end = train_net(net, TRAIN, TEST, 1, recipe).net
    moved = jax.tree.map(lambda a, b: jnp.sum((a - b) ** 2), end, net)
    assert np.isclose(float(jnp.sqrt(sum(jax.tree.leaves(moved)))), 1e-3, rtol=1e-6)


def test_the_sweep_is_training_of_each_network():
    conditions = [Condition("relinear", 0.1), Condition("he_all", 1.0, clip=1.0)]
    table = collapse_sweep(KEY, (1, 2), conditions, runs=2, width=6, steps=20, points=32)
    assert table.rate.shape == (2, 2)
    again = collapse_sweep(KEY, (2,), conditions[1:], runs=2, width=6, steps=20, points=32)
    assert jnp.allclose(again.loss[0, 0], table.loss[1, 1], rtol=1e-12)
    for index, one in itertools.product(range(1), jax.random.split(KEY, 2)[:1]):
        data, more, start = jax.random.split(one, 3)
        tasks = two_spirals(data, 32), two_spirals(more, 64)
        net = init_net(start, 2, 6, 2, 1, "he_all")
        end = train_net(net, *tasks, 20, Recipe(lr=0.01, clip=1.0))
        assert jnp.allclose(end.losses[-1], table.loss[1, 1, index], rtol=1e-12)


def test_gradient_descent_conserves_at_first_order():
    # Twice the steps of half the size: half the drift. With another factor in front of the
    # norms there is no conservation at all.
    net = init_net(KEY, 2, 4, 1, 1, "relinear_perturbed", eps=0.5)

    def drift(lr, gamma, claimed):
        optimiser = relinear(optax.sgd(lr), gamma)
        loss = lambda net: cross_entropy(net_apply(net, TRAIN.x), TRAIN.y)  # noqa: E731
        end = jax.jit(lambda net: descend(loss, optimiser, net, round(4 / lr))[0])(net)
        change = gauge_invariants(end.first, claimed) - gauge_invariants(net.first, claimed)
        return float(jnp.max(jnp.abs(change)))

    for gamma in (1.0, 0.1):
        assert 1.8 < drift(0.04, gamma, gamma) / drift(0.02, gamma, gamma) < 2.2
        assert drift(0.02, gamma, 2 * gamma) > 20 * drift(0.02, gamma, gamma)
