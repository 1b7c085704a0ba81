"""Networks linearised in their parameters, and how far a kernel moves in training."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree, Real

from theorylab.citation import references
from theorylab.lab.arrays import as_float, is_traced
from theorylab.lab.matrices import symmetric
from theorylab.lab.require import require
from theorylab.ntk.empirical import Network


def linearize(f: Network, params0: PyTree) -> Network:
    """The network replaced by its tangent at `params0`: linear in the parameters.

    $$f_{lin}(p, x) = f(p_0, x) + \\partial_p f(p_0, x) \\cdot (p - p_0)$$

    Trained by gradient descent it follows `gradient_descent` with its own empirical kernel.

    >>> g = linearize(lambda p, x: p**2 * x, jnp.array(3.0))
    >>> float(g(jnp.array(4.0), jnp.array(1.0)))
    15.0
    """
    return taylor_expand(f, params0, 1)


def taylor_expand(f: Network, params0: PyTree, order: int) -> Network:
    """The network's Taylor polynomial in the parameters, to the given order.

    $$\\sum_{k=0}^{K} \\frac{1}{k!} \\frac{d^k}{ds^k} f(p_0 + s (p - p_0), x) \\Big|_{s=0}$$

    Args:
        f, params0: the network and where it is expanded.  order: K >= 0.

    Raises:
        ValueError: a negative order.

    >>> g = taylor_expand(lambda p, x: jnp.exp(p) * x, jnp.array(0.0), 2)
    >>> float(g(jnp.array(1.0), jnp.array(1.0)))
    2.5
    """
    require("order", order, low=0, integer=True)

    def polynomial(params: PyTree, x: Array) -> Array:
        step = jax.tree.map(lambda p, p0: p - p0, params, params0)

        def along(s):
            return f(jax.tree.map(lambda p0, d: p0 + s.astype(d.dtype) * d, params0, step), x)

        derivative = along
        dtype = jnp.result_type(*jax.tree.leaves(params0))
        zero, one = jnp.zeros((), dtype), jnp.ones((), dtype)
        total, factor = along(zero), 1.0
        for k in range(1, order + 1):
            derivative = _slope(derivative, one)
            factor *= k
            total = total + derivative(zero) / factor
        return total

    return polynomial


def _slope(function, one):
    return lambda s: jax.jvp(function, (s,), (one,))[1]


class Drift(NamedTuple):
    """How far a kernel has moved from where it was.

    Attributes:
        relative: $\\| K_t - K_0 \\|_F / \\| K_0 \\|_F$.
        alignment: centred kernel alignment of the two; 1 if they differ by a factor only.
        scale: $\\| K_t \\|_F / \\| K_0 \\|_F$.
    """

    relative: Float[Array, "..."]
    alignment: Float[Array, "..."]
    scale: Float[Array, "..."]


@references("cortes2012algorithms")
def centered_alignment(k1: Real[ArrayLike, "n n"], k2: Real[ArrayLike, "n n"]) -> Float[Array, ""]:
    """Centred kernel alignment, the cosine of two kernels after centring in feature space.

    $$\\frac{\\langle H K_1 H, H K_2 H \\rangle_F}{\\| H K_1 H \\|_F\\, \\| H K_2 H \\|_F},
      \\qquad H = I - \\tfrac1n 1 1^T$$

    Raises:
        ValueError: matrices that are not square, finite and of one size, or zero once centred.

    Source: cortes2012algorithms, definition 4.

    >>> k = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    >>> round(float(centered_alignment(k, 5.0 * k)), 6)
    1.0
    """
    n = jnp.shape(k1)[0]
    k1, k2 = (symmetric(name, k, n) for name, k in (("k1", k1), ("k2", k2)))
    size = jnp.linalg.norm(_centred(k1)) * jnp.linalg.norm(_centred(k2))
    if not is_traced(size) and not float(size) > 0:
        raise ValueError("k1 or k2 is zero once centred; allowed: a kernel that is not constant")
    return jnp.sum(_centred(k1) * _centred(k2)) / size


@references("cortes2012algorithms")
def kernel_drift(k0: Real[ArrayLike, "n n"], kt: Real[ArrayLike, "*t n n"]) -> Drift:
    """How a tangent kernel has moved in training: in size, and in direction.

    Lazy training leaves both alone; at finite width the relative change is of order 1/width.

    Args:
        k0: kernel at the start, (n, n).  kt: later ones, (n, n) or (T, n, n).

    Raises:
        ValueError: as in `centered_alignment`.

    >>> k = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    >>> drift = kernel_drift(k, 1.5 * k)
    >>> round(float(drift.relative), 6), round(float(drift.alignment), 6)
    (0.5, 1.0)
    """
    n = jnp.shape(k0)[0]
    k0 = symmetric("k0", k0, n)
    require("the shape of kt", jnp.shape(kt)[-2:], choices=((n, n),))
    require("kt", kt)
    kt = as_float(kt).astype(k0.dtype)

    def one(k):
        return Drift(
            jnp.linalg.norm(k - k0) / jnp.linalg.norm(k0),
            centered_alignment(k0, k),
            jnp.linalg.norm(k) / jnp.linalg.norm(k0),
        )

    return one(kt) if kt.ndim == 2 else jax.vmap(one)(kt)


def _centred(k):
    k = k - k.mean(axis=0, keepdims=True)
    return k - k.mean(axis=1, keepdims=True)
