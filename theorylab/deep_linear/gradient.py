"""Training on the matrices themselves: gradient descent and gradient flow.

The loss is a sum, $L = \\tfrac12 \\| \\Sigma - \\sum_a \\Omega_a \\|_F^2$ with
$\\Omega_a = W_a^D \\cdots W_a^1$ and whitened inputs, so that time is t = lr x step. Everything
is computed in the task's singular basis, which gradient descent does not notice: there a
deficit multiplies entries of the maps (`theorylab.deep_linear.deficits`), and a mode's strength
is a diagonal entry.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import Scalar, as_float
from theorylab.deep_linear.conserved import balancedness
from theorylab.deep_linear.deficits import Deficits, in_steps, listed, matrix_gates, residual
from theorylab.deep_linear.initialisation import Params, check_params
from theorylab.deep_linear.tasks import full_basis
from theorylab.lab.require import require, whole
from theorylab.lab.stepping import check_record_every, euler, record_scan, rk4


class History(NamedTuple):
    """What training recorded, at n times including the start.

    Attributes:
        t: time, learning rate times step, (n,).
        k: strength K of each mode in each pathway, $u^T \\Omega_a v$, (n, P, r).
        loss: $\\tfrac12 \\| \\Sigma - \\sum_a \\Omega_a \\|^2$ with every pathway intact, (n,).
        leak: what the maps have outside the modes: the root of the summed squares of all
            off-diagonal entries of $U^T \\Omega_a V$ over all pathways, (n,).
        balance: $\\| W_{l+1}^T W_{l+1} - W_l W_l^T \\|_F$, (n, P, D - 1).
        params: the final weights.
    """

    t: Float[Array, " n"]
    k: Float[Array, "n P r"]
    loss: Float[Array, " n"]
    leak: Float[Array, " n"]
    balance: Float[Array, "n P gap"]
    params: Params


@references("saxe2014exact", "kleinman2024critical")
def train_gd(
    params: Params,
    sigma: Real[ArrayLike, "o i"],
    lr: Scalar,
    steps: int,
    deficits: Deficits = (),
    record_every: int = 1,
    decay: Scalar = 0.0,
    check_stability: bool = True,
) -> History:
    """Gradient descent on all weight matrices, with deficits.

    $$W_a^l \\leftarrow W_a^l + \\mathrm{lr}\\,\\big[ (W_a^D \\cdots W_a^{l+1})^T R_a
      (W_a^{l-1} \\cdots W_a^1)^T - \\mu W_a^l \\big], \\qquad R_a = \\Sigma - \\sum_b \\Omega_b$$

    where nothing is impaired, and $R_a$ as in `deficits` elsewhere. Update k maps state k to
    state k + 1 and is impaired if round(start/lr) <= k < round(stop/lr).

    It jits and vmaps, over the windows and strengths of the deficits above all: a whole curve
    of onsets is one call, and new windows do not recompile. The precision is that of `sigma`.

    Args:
        params: weights, from `aligned_init`, `gaussian_init` or `balanced_init`.
        sigma: the task, (o, i).
        lr: learning rate; must lie below $2 / (D s_1^{2-2/D} + \\mu)$, where one pathway that
            holds the strongest mode alone would become unstable.
        steps: number of updates.
        deficits: one or several.
        record_every: record after each so many updates; must divide `steps`.
        decay: weight decay $\\mu$, per unit of time.
        check_stability: False lets a learning rate beyond the limit pass.

    Raises:
        ValueError: shapes that do not fit, bad deficits, a learning rate beyond the limit, a
            pathway of depth 2 or more that never learns because two of its layers are zero.

    Source: the model of kleinman2024critical; the gradient as in saxe2014exact.

    >>> from theorylab.deep_linear import aligned_init, Deficit
    >>> sigma = jnp.diag(jnp.array([3.0, 2.0]))
    >>> params = aligned_init(sigma, 2, 4, jnp.full((2, 2), 0.01), jax.random.key(0))
    >>> frozen = train_gd(params, sigma, 0.02, 400, Deficit("freeze", 1, 0.0, 0.3), 400)
    >>> bool(frozen.k[-1, 1, 0] < 0.2 * frozen.k[-1, 0, 0]), bool(frozen.loss[-1] < 1e-9)
    (True, True)
    """
    sigma, steps = as_float(sigma), whole("steps", steps, low=1)
    deficits = _checked(params, sigma, lr, "lr", steps, deficits, record_every, decay)
    if check_stability:
        check_step("lr", lr, sigma, len(params[0]), 2.0, decay=decay)
    return _train(
        params, sigma, lr, deficits, decay, steps=steps, record_every=record_every, step=euler
    )


@references("saxe2014exact")
def gradient_flow(
    params: Params,
    sigma: Real[ArrayLike, "o i"],
    step: Scalar,
    steps: int,
    deficits: Deficits = (),
    record_every: int = 1,
    decay: Scalar = 0.0,
) -> History:
    """Gradient flow $\\dot W = -\\partial L / \\partial W$ by the classical Runge-Kutta method.

    Fixed steps of fourth order; the windows of deficits are rounded to whole steps, so that no
    step crosses an edge. Same arguments and record as `train_gd`, with `step` the time step;
    it must lie below $2.5 / (D s_1^{2-2/D} + \\mu)$.

    >>> from theorylab.deep_linear import aligned_init
    >>> params = aligned_init(jnp.eye(2), 1, 2, jnp.zeros((1, 2)), jax.random.key(0))
    >>> flow = gradient_flow(params, jnp.eye(2), 0.01, 100)
    >>> round(float(flow.k[-1, 0, 0] - (1 - jnp.exp(-1))), 9)
    -0.0
    """
    sigma, steps = as_float(sigma), whole("steps", steps, low=1)
    deficits = _checked(params, sigma, step, "step", steps, deficits, record_every, decay)
    check_step("step", step, sigma, len(params[0]), 2.5, decay=decay)
    return _train(
        params, sigma, step, deficits, decay, steps=steps, record_every=record_every, step=rk4
    )


def products(layers: tuple[Array, ...]) -> list[Array]:
    """The partial products $W_1$, $W_2 W_1$, ..., $W_D \\cdots W_1$.

    >>> [float(p[0, 0]) for p in products((jnp.array([[2.0]]), jnp.array([[3.0]])))]
    [2.0, 6.0]
    """
    partial_products = [layers[0]]
    for layer in layers[1:]:
        partial_products.append(layer @ partial_products[-1])
    return partial_products


def descent(
    layers: tuple[Array, ...], partial_products: list[Array], residual: Array
) -> tuple[Array, ...]:
    """Minus the gradient of each layer, $(W_D \\cdots W_{l+1})^T R\\, (W_{l-1} \\cdots W_1)^T$.

    The left factors are gathered from the last layer down, so that each layer costs two
    products.

    Args:
        layers: the D matrices.  partial_products: from `products`.
        residual: R, (o, i), the target minus the end-to-end map.

    >>> w = (jnp.array([[2.0]]), jnp.array([[3.0]]))
    >>> [float(g[0, 0]) for g in descent(w, products(w), jnp.array([[10.0]]))]
    [30.0, 20.0]
    """
    down = []
    for l in range(len(layers) - 1, 0, -1):
        down.append(residual @ partial_products[l - 1].T)
        residual = layers[l].T @ residual
    return (residual, *reversed(down))


def check_step(
    name: str, step: Scalar, sigma: Array, depth: int, limit: float, decay: Scalar = 0.0
) -> None:
    """Raise ValueError if `step` times the sharpness $D s_1^{2-2/D} + \\mu$ passes `limit`.

    >>> check_step("lr", 0.2, jnp.array([[3.0]]), 3, 2.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: lr is 0.2; allowed: below 0.1541, that is 2 / (D s^(2-2/D) + decay) with ...
    """
    if any(isinstance(x, jax.core.Tracer) for x in (step, sigma, decay)):
        return
    strongest = float(np.max(np.linalg.svd(np.asarray(sigma), compute_uv=False)))
    sharpness = depth * strongest ** (2 - 2 / depth) + float(decay)
    if float(step) * sharpness >= limit:
        raise ValueError(
            f"{name} is {float(step):.4g}; allowed: below {limit / sharpness:.4g}, that is "
            f"{limit:g} / (D s^(2-2/D) + decay) with depth D = {depth} and the largest singular "
            f"value s = {strongest:.4g}: beyond, training is unstable where one pathway holds that "
            f"mode alone{_WAY_OUT.get(name, '')}"
        )


_WAY_OUT = {"lr": "; check_stability=False lets it run"}


def _checked(params, sigma, step, name, steps, deficits, record_every, decay):
    require("sigma", sigma, shape=(None, None))
    require(name, step, above=0.0, shape=())
    require("decay", decay, low=0.0, shape=())
    check_record_every(record_every, steps)
    check_params(params, sigma.shape)
    for a, layers in enumerate(params):
        if any(isinstance(layer, jax.core.Tracer) for layer in layers):
            continue
        for layer in layers:
            require(f"weights of pathway {a}", layer)
        if sum(not np.any(np.asarray(layer)) for layer in layers) > 1:
            raise ValueError(
                f"pathway {a} has two or more layers that are all zero: it never learns; "
                "allowed: at most one"
            )
    return listed(deficits, len(params), min(sigma.shape))


@partial(jax.jit, static_argnames=("steps", "record_every", "step"))
def _train(params, sigma, lr, deficits, decay, *, steps, record_every, step):
    with jax.default_matmul_precision("highest"):
        dtype = sigma.dtype
        u, s, v = full_basis(sigma)
        params = _turn(jax.tree.map(lambda w: jnp.asarray(w, dtype), params), u.T, v)
        target = jnp.zeros_like(sigma).at[jnp.arange(s.size), jnp.arange(s.size)].set(s)
        windows = in_steps(deficits, lr)
        lr, decay = jnp.asarray(lr, dtype), jnp.asarray(decay, dtype)

        def maps(partials):
            return jnp.stack([chain[-1] for chain in partials])

        def advance(params, k):
            gate = matrix_gates(windows, k, len(params), *sigma.shape, dtype)

            def velocity(params):
                partials = [products(layers) for layers in params]
                residuals = residual(maps(partials), target, gate)
                down = tuple(map(descent, params, partials, residuals))
                return jax.tree.map(lambda g, w: g - decay * w, down, params)

            return step(velocity, params, lr)

        def measure(params):
            omega = maps([products(layers) for layers in params])
            k = jnp.diagonal(omega, axis1=1, axis2=2)
            on = jnp.eye(*sigma.shape, dtype=bool)[None]
            leak = jnp.sqrt(jnp.sum(jnp.where(on, jnp.zeros_like(omega), omega) ** 2))
            loss = 0.5 * jnp.sum((target - jnp.sum(omega, axis=0)) ** 2)
            return k, loss, leak, balancedness(params)

        last, seen = record_scan(advance, measure, params, steps, record_every)
        t = lr * jnp.arange(0, steps + 1, record_every).astype(dtype)
        return History(t, *seen, _turn(last, u, v.T))


def _turn(params, left, right):
    """The same weights seen in other bases of outputs and inputs."""

    def pathway(layers):
        first, *rest = layers
        layers = [first @ right, *rest]
        layers[-1] = left @ layers[-1]
        return tuple(layers)

    return tuple(map(pathway, params))
