"""The same two pathways with a nonlinearity after every layer: where the theory is not exact."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import Scalar, as_float
from theorylab.deep_linear.deficits import Deficits, gates, in_steps, listed
from theorylab.deep_linear.initialisation import Params, check_params
from theorylab.deep_linear.tasks import task_svd
from theorylab.lab.require import require, whole
from theorylab.lab.stepping import check_record_every, record_scan

ACTIVATIONS = {"linear": lambda x: x, "tanh": jnp.tanh, "relu": jax.nn.relu}


class NonlinearHistory(NamedTuple):
    """What nonlinear training recorded, at n times including the start.

    Attributes:
        t: time, learning rate times step, (n,).
        k: each pathway's output in the task's modes, $u^T Y_a v$, (n, P, r).
        loss: $\\tfrac12 \\| \\Sigma - \\sum_a Y_a \\|^2$, (n,).
        error: of each pathway alone, $\\| \\Sigma - Y_a \\|^2 / \\| \\Sigma \\|^2$, (n, P).
        params: the final weights.
    """

    t: Float[Array, " n"]
    k: Float[Array, "n P r"]
    loss: Float[Array, " n"]
    error: Float[Array, "n P"]
    params: Params


@references("kleinman2024critical")
def train_nonlinear(
    params: Params,
    sigma: Real[ArrayLike, "o i"],
    lr: Scalar,
    steps: int,
    deficits: Deficits = (),
    activation: str = "tanh",
    record_every: int = 1,
) -> NonlinearHistory:
    """Gradient descent on pathways $Y_a = \\phi(W_D\\, \\phi( \\cdots \\phi(W_1)))$ that add up.

    The inputs are one-hot items, so that the outputs to all of them are an (o, i) matrix; the
    loss is $\\tfrac12 \\| \\Sigma - \\sum_a Y_a \\|^2$. The nonlinearity follows every layer,
    the last included.

    Args:
        params: weights, from `aligned_init` (with `spare` strengths as in the official script).
        sigma: the task, (o, i).
        lr, steps, record_every: as in `train_gd`; the learning rate is not checked, and
            one that is too large ends in infinities or NaN.
        deficits: "freeze" of whole pathways.
        activation: "linear", "tanh" or "relu".

    Raises:
        ValueError: another deficit than freezing a whole pathway, or bad arguments.

    Source: the nonlinear control experiment of kleinman2024critical.

    >>> from theorylab.deep_linear import aligned_init, train_gd
    >>> params = aligned_init(jnp.eye(2), 2, 4, jnp.full((2, 2), 0.1), jax.random.key(0))
    >>> same = train_nonlinear(params, jnp.eye(2), 0.1, 50, activation="linear")
    >>> bool(jnp.allclose(same.k, train_gd(params, jnp.eye(2), 0.1, 50).k))
    True
    """
    sigma = as_float(sigma)
    require("activation", activation, choices=tuple(ACTIVATIONS))
    require("sigma", sigma, shape=(None, None))
    require("lr", lr, above=0.0, shape=())
    steps = whole("steps", steps, low=1)
    check_record_every(record_every, steps)
    check_params(params, sigma.shape)
    deficits = listed(deficits, len(params))
    for deficit in deficits:
        require("kind of a deficit of nonlinear pathways", deficit.kind, choices=("freeze",))
        require("modes of a deficit of nonlinear pathways", deficit.modes, choices=(None,))
    return _train(
        params,
        sigma,
        lr,
        deficits,
        steps=steps,
        record_every=record_every,
        activation=activation,
    )


@partial(jax.jit, static_argnames=("steps", "record_every", "activation"))
def _train(params, sigma, lr, deficits, *, steps, record_every, activation):
    with jax.default_matmul_precision("highest"):
        dtype = sigma.dtype
        params = jax.tree.map(lambda w: jnp.asarray(w, dtype), params)
        u, _, v = task_svd(sigma)
        windows = in_steps(deficits, lr)
        lr = jnp.asarray(lr, dtype)
        phi = ACTIVATIONS[activation]

        def output(layers):
            y = phi(layers[0])
            for layer in layers[1:]:
                y = phi(layer @ y)
            return y

        def outputs(params):
            return jnp.stack([output(layers) for layers in params])

        def loss(params):
            return 0.5 * jnp.sum((sigma - jnp.sum(outputs(params), axis=0)) ** 2)

        def advance(params, k):
            learns = gates(windows, k, len(params), 1, dtype).plasticity[:, 0]
            gradient = jax.grad(loss)(params)
            return tuple(
                tuple(w - lr * g * dw for w, dw in zip(layers, slopes, strict=True))
                for layers, slopes, g in zip(params, gradient, learns, strict=True)
            )

        def measure(params):
            y = outputs(params)
            k = jnp.einsum("or,poi,ir->pr", u, y, v)
            miss = jnp.sum((sigma[None] - y) ** 2, axis=(1, 2)) / jnp.sum(sigma**2)
            return k, loss(params), miss

        last, seen = record_scan(advance, measure, params, steps, record_every)
        t = lr * jnp.arange(0, steps + 1, record_every).astype(dtype)
        return NonlinearHistory(t, *seen, last)
