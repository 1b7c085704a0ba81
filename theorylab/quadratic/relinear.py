"""ReLinear: keep the quadratic part of every neuron close to a conventional neuron.

The first half is the initialisation (`init_quadratic`, "relinear"). The second half, here,
regularises what is not in a conventional neuron, as an Optax transformation. The exact update
rules of the source paper were not available to us; the three knobs and their definitions below
are ours.

Three mistakes are easy to make, and this module avoids them:

- Groups are told apart by the *path* of a parameter in its tree. The type of an `nnx.Variable`
  does not do: `nnx.Optimizer` hands plain arrays to the transformation when it updates.
- What is scaled is the *update*. Adam divides a scaled gradient by its own size.
- What decays, decays towards the reference $b_g = 1$. Decay towards 0 closes the gate.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PyTree

from theorylab.citation import references
from theorylab.lab.arrays import Scalar
from theorylab.lab.require import require

LABELS = {
    "kernel_g": "gate",
    "bias_g": "gate",
    "kernel_b": "power",
    "bias_c": "power",
    "kernel_c": "power",
    "kernel_q": "power",
}
Pair = tuple[Scalar, Scalar]


def relinear_labels(tree: PyTree) -> PyTree:
    """The group of every parameter, by its path: "gate", "power" or "linear".

    "gate" is $W_g, b_g$; "power" is $W_b, c$ and whatever else of a quadratic form is not in
    a conventional neuron; "linear" is all the rest, quadratic layer or not. The tree of labels,
    or this function, serves in `optax.partition` too.

    Args:
        tree: parameters in dicts, tuples, `QuadraticParams` or an `nnx.State`.

    >>> from theorylab.quadratic import init_quadratic
    >>> labels = relinear_labels({"layer": init_quadratic(jax.random.key(0), 2, 1)})
    >>> labels["layer"].kernel_r, labels["layer"].bias_g, labels["layer"].bias_c
    ('linear', 'gate', 'power')
    """
    return jax.tree_util.tree_map_with_path(lambda path, _: _label(path), tree)


@references("fan2023expressivity")
def relinear(
    base: optax.GradientTransformation,
    gamma_g: Scalar,
    gamma_b: Scalar | None = None,
    *,
    lr: Scalar | None = None,
    alpha: Pair = (0.0, 0.0),
    beta: Pair = (0.0, 0.0),
) -> optax.GradientTransformationExtraArgs:
    """An optimiser that moves the quadratic part of every neuron slower, and pulls it back.

    The updates of `base` are multiplied by $\\gamma_g$ for the gate and by $\\gamma_b$ for the
    squares and constants; then `shrink_to_reference` acts, if alpha or beta are given. With
    $\\gamma = 0$ from the initialisation "relinear", the network is and remains the conventional
    one.

    Args:
        base: a complete optimiser, such as `optax.sgd(0.01, momentum=0.9)`, without weight
            decay on the gate (decay belongs in alpha).
        gamma_g, gamma_b: ratios to the learning rate of the conventional weights, at least 0;
            gamma_b defaults to gamma_g.
        lr: learning rate that multiplies alpha and beta.
        alpha, beta: for (gate, power); see `shrink_to_reference`.

    Raises:
        ValueError: a number is not allowed, or alpha or beta are given without lr.

    Source: the strategy is that of fan2023expressivity; this definition is ours.

    >>> optimiser = relinear(optax.sgd(1.0), gamma_g=0.1)
    >>> tree = {"kernel_r": jnp.array(1.0), "kernel_g": jnp.array(1.0)}
    >>> updates, _ = optimiser.update(tree, optimiser.init(tree), tree)
    >>> [round(float(updates[name]), 6) for name in ("kernel_r", "kernel_g")]
    [-1.0, -0.1]
    """
    gamma_b = gamma_g if gamma_b is None else gamma_b
    require("gamma_g", gamma_g, low=0.0)
    require("gamma_b", gamma_b, low=0.0)
    factors = {"linear": 1.0, "gate": gamma_g, "power": gamma_b}

    def scale(updates: Any, params: Any) -> Any:
        return _by_group(
            lambda label, update: update * jnp.asarray(factors[label], update.dtype), updates
        )

    steps = [base, optax.stateless(scale)]
    if any(not _is_zero(number) for number in (*alpha, *beta)):
        if lr is None:
            raise ValueError("lr is None; allowed with alpha or beta: the learning rate")
        steps.append(shrink_to_reference(lr, alpha, beta))
    return optax.with_extra_args_support(optax.chain(*steps))


@references("fan2023expressivity")
def shrink_to_reference(
    lr: Scalar, alpha: Pair = (0.0, 0.0), beta: Pair = (0.0, 0.0)
) -> optax.GradientTransformation:
    """Pull the quadratic part towards the conventional neuron; the last link of a chain.

    With the reference $p^*$ ($W_g = 0$, $b_g = 1$, $W_b = 0$, $c = 0$) and the distance
    $d = p - p^*$ after the step,

    $$d \\leftarrow \\mathrm{soft}\\big((1 - \\eta\\alpha)\\, d,\\; \\eta\\beta\\big), \\qquad
      \\mathrm{soft}(d, t) = \\mathrm{sign}(d) \\max(|d| - t, 0).$$

    Args:
        lr: learning rate $\\eta$, above 0.
        alpha: for (gate, power), at least 0, with $\\eta\\alpha \\le 1$: decay of squares.
        beta: for (gate, power), at least 0: of absolute values, which makes zeros.

    Raises:
        ValueError: a number is not allowed; on update, if it gets no parameters.

    Source: definition of this chapter.

    >>> pull = shrink_to_reference(0.1, alpha=(1.0, 0.0))
    >>> tree = {"bias_g": jnp.array(3.0)}
    >>> still = {"bias_g": jnp.array(0.0)}
    >>> updates, _ = pull.update(still, pull.init(tree), tree)
    >>> round(float(tree["bias_g"] + updates["bias_g"]), 6)
    2.8
    """
    require("lr", lr, above=0.0)
    for name, pair in (("alpha", alpha), ("beta", beta)):
        if len(pair) != 2:
            raise ValueError(f"{name} is {pair}; allowed: a pair, for gate and power")
        for value in pair:
            require(name, value, low=0.0)
    for value in alpha:
        require("lr * alpha", lr * value, high=1.0)
    pulls = {"gate": (alpha[0], beta[0]), "power": (alpha[1], beta[1])}

    def shrink(path: tuple, update: Any, param: Any) -> Any:
        label = _label(path)
        if label == "linear":
            return update
        decay, least = (jnp.asarray(lr * number, update.dtype) for number in pulls[label])
        target = jnp.asarray(1.0 if _name(path) == "bias_g" else 0.0, update.dtype)
        far = param + update - target
        # So written, alpha = beta = 0 leaves the update exactly as it is.
        near = far - decay * far
        return update + (jnp.sign(near) * jnp.maximum(jnp.abs(near) - least, 0) - far)

    def apply(updates: Any, params: Any) -> Any:
        if params is None:
            raise ValueError("params is None; allowed: the parameters, as in update(u, s, params)")
        return jax.tree_util.tree_map_with_path(shrink, updates, params)

    return optax.stateless(apply)


def _by_group(function: Any, tree: Any) -> Any:
    return jax.tree_util.tree_map_with_path(lambda path, leaf: function(_label(path), leaf), tree)


def _label(path: tuple) -> str:
    return LABELS.get(_name(path), "linear")


def _name(path: tuple) -> str:
    # The name of a parameter is the last that we know; a path may go on inside an nnx.Variable.
    for entry in reversed(path):
        name = getattr(entry, "key", getattr(entry, "name", None))
        if name in LABELS:
            return name
    return ""


def _is_zero(number: Scalar) -> bool:
    return not isinstance(number, jax.core.Tracer) and bool(np.all(np.asarray(number) == 0))
