"""How far a network is from linear in its parameters: after training, and before."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from theorylab.citation import references
from theorylab.lab.arrays import as_float, is_traced
from theorylab.lab.require import require, whole
from theorylab.ntk import linearize
from theorylab.rich_lazy.measures import parameter_pairs
from theorylab.rich_lazy.rescaling import power_of_two

Network = Callable[[PyTree, Array], Array]


def linearization_gap(
    f: Network, p0: PyTree, p1: PyTree, x: Float[Array, "m ..."]
) -> Float[Array, ""]:
    """Share of the change of the outputs that the tangent at the start does not explain.

    $$\\frac{\\| f(p_1) - f(p_0) - \\partial_p f(p_0) (p_1 - p_0) \\|}{\\| f(p_1) - f(p_0) \\|}$$

    It costs one directional derivative. Lazy training has a gap near 0.

    Args:
        f: `f(params, x)`.  p0, p1: parameters before and after.  x: inputs.

    Outputs that have not changed at all give "not a number".

    Raises:
        ValueError: structures or shapes of parameters that differ, parameters or inputs that are
            not finite.

    >>> f = lambda p, x: p**2 * x
    >>> float(linearization_gap(f, jnp.array(1.0), jnp.array(3.0), jnp.ones(1)))
    0.5
    """
    parameter_pairs(p0, p1)
    require("x", x)
    after = f(p1, x)
    change = after - f(p0, x)
    unit = power_of_two(change)
    rest = after - linearize(f, p0)(p1, x)
    return jnp.linalg.norm(rest / unit) / jnp.linalg.norm(change / unit)


@references("chizat2019lazy")
def chizat_kappa(
    f: Network,
    p0: PyTree,
    x: Float[Array, "m ..."],
    y: Float[Array, "m ..."],
    key: PRNGKeyArray,
    starts: int = 8,
    iterations: int = 100,
) -> Float[Array, ""]:
    """The number that announces lazy training before it begins: it is lazy if it is small.

    $$\\kappa = \\| f(p_0) - y \\| \\frac{\\| D^2 f(p_0) \\|}{\\| D f(p_0) \\|^2}$$

    with operator norms, $\\|D^2 f\\| = \\max_{|u|=1} \\| D^2 f[u, u] \\|$. That of the first
    derivative is found by power iteration; that of the second by ascent from several random
    directions, of which the best is a lower bound.

    Args:
        f: `f(params, x)`, twice differentiable (second derivatives of ReLU are zero).
        p0: parameters.  x: inputs.  y: targets, of the shape of the outputs.
        key: of the starting directions.  starts, iterations: of both iterations.

    Raises:
        ValueError: targets that do not fit, numbers below 1, parameters, inputs or targets that
            are not finite, parameters that are integers, or a start where the output does not move
            at all; inside `jit` the last gives what is not finite.

    Source: chizat2019lazy, equation (4).

    >>> f = lambda p, x: (p[0] * p[1] * x)[:, None]
    >>> x, y = jnp.ones(1), jnp.zeros((1, 1))
    >>> round(float(chizat_kappa(f, jnp.array([2.0, 2.0]), x, y, jax.random.key(0))), 4)
    0.5
    """
    starts, iterations = whole("starts", starts, low=1), whole("iterations", iterations, low=1)
    parameter_pairs(p0, p0)
    require("x", x)
    flat, unravel = ravel_pytree(p0)
    if not jnp.issubdtype(flat.dtype, jnp.floating):
        raise ValueError(f"p0 holds {flat.dtype}; allowed: floating point")

    def outputs(p):
        return f(unravel(p), x).ravel()

    require("y", y, shape=jax.eval_shape(f, p0, x).shape)
    now = outputs(flat)
    _, slope = jax.linearize(outputs, flat)
    pull = jax.linear_transpose(slope, flat)

    def second(u):
        return jax.jvp(lambda p: jax.jvp(outputs, (p,), (u,))[1], (flat,), (u,))[1]

    def hessian_product(w, u):
        return jax.jvp(jax.grad(lambda p: w @ outputs(p)), (flat,), (u,))[1]

    def first_order(u, _):
        moved = slope(u)
        return _unit(pull(_unit(moved))[0]), _length(moved)

    def second_order(u, _):
        bent = second(u)
        turned = hessian_product(_unit(bent), u)
        # The shift makes the largest eigenvalue, not the most negative one, win.
        return _unit(turned + _length(turned) * u), _length(bent)

    def largest(step, u):
        return jnp.max(jax.lax.scan(step, _unit(u), None, length=iterations)[1])

    directions = jax.random.normal(key, (starts, flat.size), flat.dtype)
    steepness, curvature = (
        jnp.max(jax.vmap(lambda u, step=step: largest(step, u))(directions))
        for step in (first_order, second_order)
    )
    if not is_traced(steepness) and not float(steepness) > 0:
        raise ValueError("f has derivative 0 at p0; allowed: a start where the output moves")
    gap = _length(now - as_float(y).ravel().astype(now.dtype))
    return (gap / steepness) * (curvature / steepness)


def _length(u):
    unit = power_of_two(u)
    return unit * jnp.linalg.norm(u / unit)


def _unit(u):
    u = u / power_of_two(u)
    size = jnp.linalg.norm(u)
    return u / jnp.where(size > 0, size, jnp.ones_like(size))
