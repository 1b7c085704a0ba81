"""ReLinear: groups by path, factors on updates, decay towards the reference; and three traps."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from theorylab import symbolic
from theorylab.quadratic import (
    QuadraticMLP,
    init_quadratic,
    quadratic_apply,
    reference,
    relinear,
    relinear_labels,
    shrink_to_reference,
)

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (9, 3))
Y = jax.random.normal(jax.random.key(2), (9, 2))
PARAMS = init_quadratic(KEY, 3, 2, init="relinear_perturbed", eps=0.3)
LINEAR, GATE, POWER = ("kernel_r", "bias_r"), ("kernel_g", "bias_g"), ("kernel_b", "bias_c")


def loss(params):
    return jnp.mean((quadratic_apply(params, X) - Y) ** 2)


def one_step(optimiser, params, grads):
    with jax.numpy_dtype_promotion("standard"):
        updates, _ = optimiser.update(grads, optimiser.init(params), params)
        return optax.apply_updates(params, updates)


def test_one_step_moves_every_group_at_its_pace():
    grads, lr = jax.grad(loss)(PARAMS), 0.1
    after = one_step(relinear(optax.sgd(lr), 0.01, 0.2), PARAMS, grads)
    for names, gamma in ((LINEAR, 1.0), (GATE, 0.01), (POWER, 0.2)):
        for name in names:
            moved = getattr(after, name) - getattr(PARAMS, name)
            assert jnp.allclose(moved, -lr * gamma * getattr(grads, name), rtol=1e-9, atol=1e-14)


def model():
    return QuadraticMLP((3, 5, 2), param_dtype=float, rngs=nnx.Rngs(0))


def flat(state):
    return {
        tuple(str(getattr(entry, "key", entry)) for entry in path if not hasattr(entry, "name")): x
        for path, x in jax.tree_util.tree_leaves_with_path(state)
    }


@pytest.mark.parametrize("how", ["relinear", "partition"])
def test_trap_one_groups_survive_the_flax_optimiser(how):
    # Labels by the type of a variable would put all parameters in one group on update.
    lr, gamma = 0.1, 0.01
    net = model()
    transformation = {
        "relinear": relinear(optax.sgd(lr), gamma),
        "partition": optax.partition(
            {
                "linear": optax.sgd(lr),
                "gate": optax.sgd(lr * gamma),
                "power": optax.sgd(lr * gamma),
            },
            relinear_labels,
        ),
    }[how]
    optimiser = nnx.Optimizer(net, transformation, wrt=nnx.Param)
    before = flat(jax.tree.map(jnp.copy, nnx.state(net, nnx.Param)))
    grads = nnx.grad(lambda net: jnp.mean((net(X) - Y) ** 2))(net)
    with jax.numpy_dtype_promotion("standard"):
        optimiser.update(net, grads)
    after, grads = flat(nnx.state(net, nnx.Param)), flat(grads)
    assert len(after) == 8
    for path, value in after.items():
        step = lr * (gamma if any(name in path for name in (*GATE, *POWER)) else 1.0)
        assert jnp.any(grads[path] != 0)
        assert jnp.allclose(value - before[path], -step * grads[path], rtol=1e-9, atol=1e-14)


def test_labels_of_a_whole_network():
    labels = flat(relinear_labels(nnx.state(model(), nnx.Param)))
    found = {path[-1]: label for path, label in labels.items()}
    assert found == {
        **dict.fromkeys((*LINEAR, "kernel", "bias"), "linear"),
        **dict.fromkeys(GATE, "gate"),
        **dict.fromkeys(POWER, "power"),
    }


def test_trap_two_gamma_scales_the_step_of_adam():
    grads, lr, gamma = jax.grad(loss)(PARAMS), 0.01, 0.1
    after = one_step(relinear(optax.adam(lr), gamma), PARAMS, grads)
    for names, step in ((LINEAR, lr), (GATE, lr * gamma), (POWER, lr * gamma)):
        for name in names:
            moved = jnp.abs(getattr(after, name) - getattr(PARAMS, name))
            assert jnp.allclose(moved, step, rtol=1e-4)
    # The mistake: gradients scaled before Adam take the full step.
    wrong = one_step(optax.chain(optax.scale(gamma), optax.adam(lr)), PARAMS, grads)
    assert jnp.allclose(jnp.abs(wrong.kernel_g - PARAMS.kernel_g), lr, rtol=1e-4)


def test_trap_three_decay_goes_to_the_reference():
    zero = jax.tree.map(jnp.zeros_like, PARAMS)
    pull = relinear(optax.sgd(0.1), 1.0, lr=0.1, alpha=(5.0, 5.0))
    plain = optax.chain(optax.add_decayed_weights(5.0), optax.sgd(0.1))
    near, dead = PARAMS, PARAMS
    for _ in range(40):
        near, dead = one_step(pull, near, zero), one_step(plain, dead, zero)
    target = reference(PARAMS)
    assert jax.tree.all(jax.tree.map(lambda a, b: jnp.allclose(a, b, atol=1e-9), near, target))
    assert jnp.array_equal(near.kernel_r, PARAMS.kernel_r)
    assert jnp.allclose(dead.bias_g, 0.0, atol=1e-9)  # the gate is closed: the neuron is dead
    assert jnp.allclose(quadratic_apply(dead, X), 0.0, atol=1e-9)


def test_the_pull_is_the_derived_one():
    closed = symbolic.compiled(
        "quadratic/relinear/pull-closed-form", args=("k", "eta", "alpha", "y_0")
    )
    lr, alpha = 0.05, 2.0
    pull = shrink_to_reference(lr, alpha=(alpha, 0.0))
    params, still = {"bias_g": jnp.array([3.0, 0.5])}, {"bias_g": jnp.zeros(2)}
    for k in range(1, 6):
        params = one_step(pull, params, still)
        far = closed(float(k), lr, alpha, jnp.array([2.0, -0.5]))
        assert jnp.allclose(params["bias_g"] - 1, far, rtol=1e-12)


def test_small_gradients_never_leave_the_reference():
    # |gamma g| < beta: the threshold wins; above it the distance grows.
    lr, gamma, beta = 0.1, 0.5, 1.0
    optimiser = relinear(optax.sgd(lr), gamma, lr=lr, beta=(beta, beta))
    params = {"kernel_b": jnp.zeros(2), "bias_g": jnp.ones(2)}
    grads = {"kernel_b": jnp.array([1.9, 2.5]), "bias_g": jnp.array([-1.9, -2.5])}
    after = one_step(optimiser, params, grads)
    cut = lr * (gamma * 2.5 - beta)
    assert np.allclose(after["kernel_b"], [0.0, -cut], atol=1e-15)
    assert np.allclose(after["bias_g"], [1.0, 1.0 + cut], atol=1e-15)


def test_without_pull_the_update_is_untouched_bit_by_bit():
    grads = jax.grad(loss)(PARAMS)
    base, pulled = (
        one_step(optimiser, PARAMS, grads)
        for optimiser in (
            relinear(optax.sgd(0.1), 0.3),
            optax.chain(relinear(optax.sgd(0.1), 0.3), shrink_to_reference(0.1)),
        )
    )
    assert jax.tree.all(jax.tree.map(jnp.array_equal, base, pulled))


def test_gamma_may_be_traced():
    grads = jax.grad(loss)(PARAMS)

    def moved(gamma):
        return one_step(relinear(optax.sgd(0.1), gamma), PARAMS, grads).bias_g - PARAMS.bias_g

    steps = jax.vmap(moved)(jnp.array([0.1, 1.0]))
    assert jnp.allclose(steps[0], 0.1 * steps[1])
