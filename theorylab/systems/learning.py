"""Learners: a parametric map whose parameters are shown by an optimiser."""

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
import optax

from theorylab.citation import references
from theorylab.systems.boxes import machine, smooth
from theorylab.systems.errors import InterfaceError
from theorylab.systems.system import System, Wires, identity
from theorylab.systems.wires import Wire, checked_wires


@references("cruttwell2022categorical")
def weights(name: str, init: Callable, optimiser: optax.GradientTransformation) -> System:
    r"""An optimiser as a Moore machine: it shows parameters and receives gradients.

    Its state is the pair of the parameters and the optimiser's own memory. The optimiser sees
    the parameters of this box only: a transformation that looks at all parameters together, such
    as `optax.clip_by_global_norm`, does not compose, and belongs on one box for the whole net.

    Args:
        name: the box's name, unique within a diagram.
        init: from a random key to the parameters, a pytree of arrays.
        optimiser: any Optax transformation.

    Raises:
        InterfaceError: a parameter is not real.

    Source: `cruttwell2022categorical`.

    >>> import jax.numpy as jnp
    >>> weights("w", lambda key: jnp.ones(2), optax.sgd(0.1))
    System(y -> R^2·y^R^2, state in w)
    """

    def start(key: jax.Array) -> tuple:
        parameters = init(key)
        return parameters, optimiser.init(parameters)

    def update(state: tuple, gradient: optax.Updates) -> tuple:
        parameters, memory = state
        change, memory = optimiser.update(gradient, memory, parameters)
        return optax.apply_updates(parameters, change), memory

    shown = jax.eval_shape(init, jax.random.key(0))
    if not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(shown)):
        raise InterfaceError(f"parameters of {name} are {shown}; allowed: real numbers")
    return machine(name, start, lambda state: state[0], update, Wire(shown, shown))


@references("fong2019backprop", "cruttwell2022categorical")
def learner(
    name: str,
    fn: Callable,
    init: Callable,
    optimiser: optax.GradientTransformation,
    dom: Wires,
    cod: Wires,
) -> System:
    r"""A layer that learns: `(weights @ identity) >> smooth(fn)`.

    Inputs go forward through `fn(parameters, *inputs)`. The gradient that comes back moves the
    parameters, and goes on to the inputs through the parameters of *before* the move. Learners
    in series make, in one tick, the gradient step of the whole network.

    Args:
        name: the box's name, unique within a diagram.
        fn: `(parameters, *positions of dom) -> position of cod`, or a tuple of these.
        init: from a random key to the parameters.
        optimiser: any Optax transformation.
        dom, cod: the interfaces; wires that carry gradients.

    Raises:
        InterfaceError: `fn` returns other shapes than `cod` says.

    Source: `fong2019backprop`, in the form with gradients instead of targets.

    >>> import jax.numpy as jnp
    >>> from theorylab.systems import R
    >>> init = lambda key: jax.random.normal(key, (3, 2))
    >>> learner("layer", lambda w, x: w @ x, init, optax.sgd(0.1), (R(2),), (R(3),))
    System(R^2·y^R^2 -> R^3·y^R^3, state in layer)
    """
    checked_wires("dom", dom)
    checked_wires("cod", cod)
    box = weights(name, init, optimiser)
    box = replace(box, term=replace(box.term, label="weights"))
    return ((box @ identity(*dom)) >> smooth(fn, box.cod + dom, cod)).framed(name)
