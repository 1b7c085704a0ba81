"""Bad input to layers, training and mean field says what is wrong, before anything is computed."""

import jax
import jax.numpy as jnp
import optax
import pytest
from flax import nnx

from theorylab.quadratic import (
    Condition,
    QuadraticDense,
    QuadraticMLP,
    QuadraticParams,
    Recipe,
    Task,
    balance,
    blowup_depth,
    class_scores,
    collapse_sweep,
    conventional,
    fit_gaussians,
    from_conventional,
    gauge_invariants,
    gaussian_mixture,
    init_net,
    init_quadratic,
    is_collapsed,
    length_map,
    lift_to_square,
    naive_fixed_point,
    net_apply,
    quadratic_apply,
    relinear,
    ring,
    shrink_to_reference,
    simulate_length,
    train_net,
    two_spirals,
    xor,
)

NAN = float("nan")
KEY = jax.random.key(0)
RNGS = nnx.Rngs(0)
FAN = init_quadratic(KEY, 2, 1)
NET = init_net(KEY, 2, 3, 1, 1)
SGD = optax.sgd(0.1)
ONE = jnp.ones((2, 1))


def linears(*sizes):
    return [nnx.Linear(*size, rngs=RNGS) for size in sizes]


BAD = {
    "variant": (lambda: init_quadratic(KEY, 2, 1, "cubic"), "variant is 'cubic'"),
    "init": (lambda: init_quadratic(KEY, 2, 1, init="zeros"), "init is 'zeros'"),
    "no reference": (lambda: init_quadratic(KEY, 2, 1, "square"), "no conventional neuron"),
    "no reference, exactly": (
        lambda: conventional(jnp.ones((2, 1)), jnp.ones(1), "type2"),
        "type2",
    ),
    "din": (lambda: init_quadratic(KEY, 0, 1), "din is 0"),
    "dout": (lambda: init_quadratic(KEY, 2, 0), "dout is 0"),
    "eps": (lambda: init_quadratic(KEY, 2, 1, eps=-0.1), "eps is -0.1"),
    "std": (lambda: init_quadratic(KEY, 2, 1, init="small", std=0.0), "std is 0.0"),
    "a missing part": (
        lambda: quadratic_apply(FAN._replace(kernel_g=None), jnp.ones((1, 2))),
        "params lacks kernel_g",
    ),
    "no factor": (lambda: gauge_invariants(QuadraticParams(kernel_b=jnp.ones((2, 1)))), "factor"),
    "nothing to balance": (lambda: balance(QuadraticParams()), "factor"),
    "gamma of the invariant": (lambda: gauge_invariants(FAN, -1.0), "gamma is -1.0"),
    "layer": (lambda: QuadraticDense(2, 0, rngs=RNGS), "dout is 0"),
    "widths": (lambda: QuadraticMLP((3,), rngs=RNGS), r"widths is \(3,\)"),
    "norm": (lambda: QuadraticMLP((3, 2), norm="group", rngs=RNGS), "norm is 'group'"),
    "residual": (lambda: QuadraticMLP((3, 2), residual="skip", rngs=RNGS), "residual is 'skip'"),
    "no layers": (lambda: from_conventional([]), "linears holds no layer"),
    "layers that do not fit": (
        lambda: from_conventional(linears((2, 3), (4, 1))),
        "linears has shape",
    ),
    "another variant": (
        lambda: lift_to_square(QuadraticDense(2, 1, variant="product", rngs=RNGS)),
        "variant of the layer",
    ),
    "gamma_g": (lambda: relinear(SGD, -0.1), "gamma_g is -0.1"),
    "gamma_b": (lambda: relinear(SGD, 0.1, NAN), "gamma_b is nan"),
    "a pull without lr": (lambda: relinear(SGD, 0.1, alpha=(1.0, 0.0)), "lr is None"),
    "lr": (lambda: shrink_to_reference(0.0), "lr is 0.0"),
    "alpha": (lambda: shrink_to_reference(0.1, alpha=(-1.0, 0.0)), "alpha is -1.0"),
    "beta": (lambda: shrink_to_reference(0.1, beta=(0.0, NAN)), "beta is nan"),
    "overshooting pull": (lambda: shrink_to_reference(0.1, alpha=(11.0, 0.0)), "lr . alpha is"),
    "no parameters": (
        lambda: shrink_to_reference(0.1).update(FAN, optax.EmptyState(), None),
        "params is None",
    ),
    "q0": (lambda: length_map(0.0, 3.0, 2.0, 2.0, 2.0, 0.0, 3), "q0 is 0.0"),
    "m40": (lambda: length_map(1.0, NAN, 2.0, 2.0, 2.0, 0.0, 3), "m40 is nan"),
    "sigma": (lambda: length_map(1.0, 3.0, 2.0, -2.0, 2.0, 0.0, 3), "sigma_g2 is -2.0"),
    "gate": (lambda: length_map(1.0, 3.0, 2.0, 2.0, 2.0, NAN, 3), "b_g is nan"),
    "depth": (lambda: length_map(1.0, 3.0, 2.0, 2.0, 2.0, 0.0, -1), "depth is -1"),
    "all variances zero": (lambda: naive_fixed_point(2.0, 0.0, 0.0), "alpha . sigma_b2"),
    "no distance": (lambda: blowup_depth(0.0), "eps is 0.0"),
    "width": (lambda: simulate_length(KEY, 0, 2, 2.0, 2.0, 2.0, 0.0), "width is 0"),
    "norm of a net": (lambda: net_apply(NET, jnp.ones((1, 2)), norm="group"), "norm is 'group'"),
    "steps": (lambda: train_net(NET, xor(), xor(), 0), "steps is 0"),
    "learning rate": (lambda: train_net(NET, xor(), xor(), 1, Recipe(lr=0.0)), "lr is 0.0"),
    "momentum": (lambda: train_net(NET, xor(), xor(), 1, Recipe(momentum=1.0)), "momentum is 1.0"),
    "gamma": (lambda: train_net(NET, xor(), xor(), 1, Recipe(gamma=-1.0)), "gamma is -1.0"),
    "runs": (lambda: collapse_sweep(KEY, (2,), [Condition()], 0), "runs is 0"),
    "no depths": (lambda: collapse_sweep(KEY, (), [Condition()], 1), "number of depths"),
    "a condition": (lambda: collapse_sweep(KEY, (2,), [Condition("he")], 1), "init is 'he'"),
    "chance": (lambda: is_collapsed(jnp.zeros(2), 0.0), "chance is 0.0"),
    "odd points": (lambda: ring(KEY, 7), "n is 7"),
    "turns": (lambda: two_spirals(KEY, 8, turns=0.0), "turns is 0.0"),
    "coding": (lambda: xor(1.0), "low is 1.0"),
    "one class": (lambda: gaussian_mixture(KEY, 2, 1), "classes is 1"),
    "another dimension": (
        lambda: class_scores(
            fit_gaussians(Task(jnp.eye(4)[:, :1], jnp.array([0, 0, 1, 1])), 2), jnp.ones((1, 3))
        ),
        "x has shape",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_raises(name):
    call, said = BAD[name]
    with pytest.raises(ValueError, match=said):
        call()
