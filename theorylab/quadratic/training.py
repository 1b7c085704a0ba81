"""Deep quadratic classifiers with all hidden layers of one width, trained on full batches.

The hidden layers after the first are stacked and scanned, so that a depth compiles once, and
initial parameters, learning rates and what else may vary are arguments of the same program.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from theorylab.lab.arrays import Scalar, as_float
from theorylab.lab.require import require, whole
from theorylab.quadratic.neurons import QuadraticParams, init_quadratic, quadratic_apply
from theorylab.quadratic.relinear import relinear
from theorylab.quadratic.tasks import Task

NORMS = (None, "batch", "layer")


class Net(NamedTuple):
    """The parameters of a classifier with L hidden layers of width m.

    Attributes:
        first: the first hidden layer, from D inputs.
        hidden: the other L - 1, stacked along a leading axis.
        kernel, bias: of the linear output layer, (m, o) and (o,).
        scale, shift: of the normalisation of every hidden layer, (L, m); used only with a norm.
    """

    first: QuadraticParams
    hidden: QuadraticParams
    kernel: Float[Array, "m o"]
    bias: Float[Array, " o"]
    scale: Float[Array, "L m"]
    shift: Float[Array, "L m"]


class Trained(NamedTuple):
    """The end of a training run.

    Attributes:
        net: the final parameters.
        losses: training loss before every update and after the last, (steps + 1,).
        train_accuracy, test_accuracy: share of points classified correctly; a network that is
            not finite is wrong everywhere.
    """

    net: Net
    losses: Float[Array, " steps_1"]
    train_accuracy: Float[Array, ""]
    test_accuracy: Float[Array, ""]


class Recipe(NamedTuple):
    """What may vary without compiling again.

    Attributes:
        lr: learning rate, above 0.
        momentum: from 0 to below 1.
        gamma: ratio of the learning rate of the quadratic part, at least 0.
        alpha, beta: pull towards the reference; see `shrink_to_reference`.
        clip: largest global norm of a gradient, above 0; infinite: no clipping.
    """

    lr: Scalar = 0.01
    momentum: Scalar = 0.9
    gamma: Scalar = 1.0
    alpha: Scalar = 0.0
    beta: Scalar = 0.0
    clip: Scalar = float("inf")


def init_net(
    key: PRNGKeyArray,
    din: int,
    width: int,
    depth: int,
    outputs: int,
    init: str = "relinear",
    variant: str = "fan",
    eps: Scalar = 0.0,
) -> Net:
    """Draw a classifier; its output layer is normal with variance 1/width, its biases are 0.

    With "torch_default" the output layer too is uniform on $\\pm 1/\\sqrt{\\mathrm{width}}$.

    Args:
        din: inputs D.  width: m.  depth: number L of hidden layers, at least 1.
        outputs: 1 for two classes, else one for each class.
        init, variant, eps: as in `init_quadratic`.

    Raises:
        ValueError: an argument is not allowed.

    >>> init_net(jax.random.key(0), 2, 16, 4, 1).hidden.kernel_r.shape
    (3, 16, 16)
    """
    width, depth = whole("width", width, low=1), whole("depth", depth, low=1)
    outputs = whole("outputs", outputs, low=1)
    keys = jax.random.split(key, depth + 2)
    first = init_quadratic(keys[0], din, width, variant, init, eps=eps)
    # Layer by layer: so the drawing of a layer compiles once, for all depths. One layer more than
    # there are, so that the stack can be empty.
    layers = [init_quadratic(k, width, width, variant, init, eps=eps) for k in keys[2:]]
    hidden = jax.tree.map(lambda *values: jnp.stack(values)[: depth - 1], *layers)
    shape = (width, outputs)
    if init == "torch_default":
        kernel = jax.random.uniform(keys[1], shape, minval=-1.0) / width**0.5
    else:
        kernel = jax.random.normal(keys[1], shape) / width**0.5
    scale = jnp.ones((depth, width))
    return Net(first, hidden, kernel, jnp.zeros(outputs), scale, jnp.zeros_like(scale))


def net_apply(
    net: Net,
    x: Float[Array, "n D"],
    variant: str = "fan",
    norm: str | None = None,
    rows: int | None = None,
) -> Float[Array, "n o"]:
    """The outputs, with ReLU after every hidden layer.

    Args:
        variant: of the neurons.
        norm: "batch" or "layer" normalises before each ReLU.
        rows: batch statistics are those of the first so many points; default: of all.

    Raises:
        ValueError: an argument is not allowed.

    >>> net = init_net(jax.random.key(0), 2, 16, 4, 1)
    >>> net_apply(net, jnp.ones((5, 2))).shape
    (5, 1)
    """
    require("norm", norm, choices=NORMS)

    def layer(x, of):
        params, scale, shift = of
        z = quadratic_apply(params, x, variant)
        if norm:
            z = _normalised(z, norm, rows) * scale[None] + shift[None]
        return jax.nn.relu(z)

    h = layer(x, (net.first, net.scale[0], net.shift[0]))
    after = (net.hidden, net.scale[1:], net.shift[1:])
    h = jax.lax.scan(lambda h, of: (layer(h, of), None), h, after)[0]
    return h @ net.kernel + net.bias[None]


def cross_entropy(logits: Float[Array, "n o"], y: Int[Array, " n"]) -> Float[Array, ""]:
    """The mean logistic (one output) or softmax (several) loss.

    >>> round(float(cross_entropy(jnp.zeros((4, 1)), jnp.array([0, 1, 1, 0]))), 4)
    0.6931
    """
    if logits.shape[1] == 1:
        sign = 1 - 2 * y.astype(logits.dtype)
        return jnp.mean(jax.nn.softplus(sign * logits[:, 0]))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1))


def accuracy(logits: Float[Array, "n o"], y: Int[Array, " n"]) -> Float[Array, ""]:
    """The share of points classified correctly; outputs that are not finite are wrong.

    >>> accuracy(jnp.array([[1.0], [jnp.nan]]), jnp.array([1, 0])).item()
    0.5
    """
    said = (logits[:, 0] > 0).astype(y.dtype) if logits.shape[1] == 1 else jnp.argmax(logits, 1)
    right = (said == y) & jnp.all(jnp.isfinite(logits), axis=1)
    return jnp.mean(right.astype(logits.dtype))


def train_net(
    net: Net,
    train: Task,
    test: Task,
    steps: int,
    recipe: Recipe = Recipe(),
    variant: str = "fan",
    norm: str | None = None,
) -> Trained:
    """Gradient descent with momentum on the full batch, by `relinear`.

    Args:
        net: the start.
        train, test: the data; batch statistics are those of `train` in both.
        steps: number of updates.
        recipe: what may vary without compiling again.
        variant, norm: as in `net_apply`.

    Raises:
        ValueError: a number is not allowed.

    >>> from theorylab.quadratic.tasks import xor
    >>> net = init_net(jax.random.key(0), 2, 8, 1, 1)
    >>> train_net(net, xor(-1.0), xor(-1.0), 300, Recipe(lr=0.1)).test_accuracy.item()
    1.0
    """
    steps = whole("steps", steps, low=1)
    require("lr", recipe.lr, above=0.0)
    require("momentum", recipe.momentum, low=0.0, below=1.0)
    for name in ("gamma", "alpha", "beta"):
        require(name, getattr(recipe, name), low=0.0)
    recipe = Recipe(*(as_float(value) for value in recipe))
    return _train(net, train, test, recipe, steps=steps, variant=variant, norm=norm)


def stacked(trees: Sequence[Any]) -> Any:
    """Equal trees as one, with a leading axis: networks or tasks for `train_each`."""
    return jax.tree.map(lambda *values: jnp.stack(values), *trees)


@partial(jax.jit, static_argnames=("steps", "variant", "norm"))
def train_each(
    nets: Net,
    train: Task,
    test: Task,
    steps: int,
    recipe: Recipe = Recipe(),
    variant: str = "fan",
    norm: str | None = None,
) -> Trained:
    """`train_net` for every network with its own task, all `stacked` along the leading axis.

    One after another, in one program: on a CPU a batch of such small matrix products is no
    faster.
    """

    def one(of):
        return train_net(*of, steps, recipe, variant, norm)

    return jax.lax.map(one, (nets, train, test))


@partial(jax.jit, static_argnames=("steps", "variant", "norm"))
def _train(net, train, test, recipe, *, steps, variant, norm):
    def loss(net):
        return cross_entropy(net_apply(net, train.x, variant, norm), train.y)

    optimiser = relinear(
        optax.chain(
            optax.clip_by_global_norm(recipe.clip),
            optax.sgd(recipe.lr, momentum=recipe.momentum),
        ),
        recipe.gamma,
        lr=recipe.lr,
        alpha=(recipe.alpha, recipe.alpha),
        beta=(recipe.beta, recipe.beta),
    )
    net, losses = descend(loss, optimiser, net, steps)
    count = train.x.shape[0]
    both = net_apply(net, jnp.vstack([train.x, test.x]), variant, norm, count)
    return Trained(net, losses, accuracy(both[:count], train.y), accuracy(both[count:], test.y))


def descend(loss: Callable, optimiser: optax.GradientTransformation, params, steps: int):
    """The parameters after `steps` updates, and the loss before each and after the last."""

    def step(carry, _):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        # Optax mixes precisions of scalars on purpose, which strict promotion refuses.
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimiser.update(grads, state, params)
            params = optax.apply_updates(params, updates)
        return (params, state), value

    start = (params, optimiser.init(params))
    (params, _), losses = jax.lax.scan(step, start, None, steps)
    return params, jnp.concatenate([losses, loss(params)[None]])


def _normalised(z: Array, norm: str, rows: int | None) -> Array:
    seen, axis = (z[:rows], 0) if norm == "batch" else (z, 1)
    mean = jnp.mean(seen, axis=axis, keepdims=True)
    variance = jnp.mean((seen - mean) ** 2, axis=axis, keepdims=True)
    return (z - mean) * jax.lax.rsqrt(variance + 1e-5)
