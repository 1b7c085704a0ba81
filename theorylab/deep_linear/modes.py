"""The mode equations: one target strength, P pathways, and nothing else.

In aligned coordinates every mode is a scalar problem. One layer of a pathway has strength p,
the other D - 1 have q, and $K = p q^{D-1}$:

$$\\dot p = q^{D-1} r - \\mu p, \\qquad \\dot q = p\\, q^{D-2} r - \\mu q,$$

with the residual r of `theorylab.deep_linear.deficits`. Without weight decay
$q^2 - p^2 = \\lambda$ is conserved; p = q is the balanced case.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import Scalar, as_float
from theorylab.deep_linear.deficits import Deficits, Gates, gates, in_steps, listed, residual
from theorylab.deep_linear.initialisation import check_strength, imbalanced, layer_strength
from theorylab.lab.require import require, whole
from theorylab.lab.stepping import check_record_every, record_scan, rk4


@references("saxe2014exact", "shi2022learning")
def mode_rhs(
    k: Real[ArrayLike, "P r"],
    s: Real[ArrayLike, " r"],
    depth: int,
    gate: Gates | None = None,
    imbalance: Scalar = 0.0,
    decay: Scalar = 0.0,
) -> Float[Array, "P r"]:
    """The velocity of the strengths K, the vector field of the phase portraits.

    $$\\dot K_a = \\big[ q_a^{2D-2} + (D-1)\\, p_a^2 q_a^{2D-4} \\big] r_a - \\mu D K_a,$$

    which is $D K_a^{2-2/D} r_a - \\mu D K_a$ where balanced.

    Args:
        k: strengths, (P, r); not negative where balanced.
        s: target singular values, (r,).
        depth: D.
        gate: from `gates`; None for no deficit.
        imbalance: lambda >= 0.
        decay: weight decay mu >= 0, per unit of time.

    Raises:
        ValueError: shapes that do not fit, a negative strength though balanced, negative decay.

    Source: saxe2014exact for the balanced form, shi2022learning for the imbalanced one.

    >>> mode_rhs(jnp.array([[1.0], [1.0]]), jnp.array([3.0]), depth=4).ravel().tolist()
    [4.0, 4.0]
    """
    k, s = _same(k, s)
    depth = whole("depth", depth, low=1)
    require("decay", decay, low=0.0)
    strength = layer_strength(k, depth, imbalance)
    if not isinstance(imbalance, jax.core.Tracer) and imbalance == 0:
        gain = depth * k ** (2 - 2 / depth)  # smooth at k = 0, unlike its root
    else:
        gain = _gain(*imbalanced(strength, imbalance), depth)
    if gate is None:
        gate = gates((), 0.0, *k.shape, k.dtype)
    r = residual(k, s, gate)
    return gain * r - jnp.asarray(decay, k.dtype) * depth * k


@references("saxe2014exact", "shi2022learning")
def solve_modes(
    p0: Real[ArrayLike, "P r"],
    s: Real[ArrayLike, " r"],
    depth: int,
    ts: Real[ArrayLike, " n"],
    deficits: Deficits = (),
    imbalance: Scalar = 0.0,
    decay: Scalar = 0.0,
    steps: int | None = None,
) -> Float[Array, "n P r"]:
    """Strengths K of all pathways and modes at the times `ts`, by gradient flow with deficits.

    The mode equations of this module by the classical Runge-Kutta method (fourth order), in
    segments between the times of `ts` and the edges of the deficits, so that every edge is met
    exactly, wherever it lies. Differentiable in everything that is traced, the edges included.

    Args:
        p0: layer strength p at time ts[0], (P, r); `layer_strength` finds it from K.
        s: target singular values, (r,).
        depth: D.
        ts: rising times, (n,), n >= 2.
        deficits: one or several; windows in the same unit of time.
        imbalance: lambda >= 0; p0 may then have either sign.
        decay: weight decay mu, per unit of time.
        steps: Runge-Kutta steps in each segment; by default 400 over all of `ts`, at least 4 a
            segment. A segment's steps are equal: with very uneven times give more.

    Raises:
        ValueError: shapes that do not fit, bad deficits, times that fall, a zero strength that
            never learns, or steps so long that the method is unstable.

    Source: saxe2014exact (balanced), shi2022learning (pathways, imbalance).

    >>> k = solve_modes(jnp.full((2, 1), 0.1), jnp.array([3.0]), 2, jnp.array([0.0, 5.0]))
    >>> bool(jnp.allclose(k[-1], 1.5))
    True
    """
    p0, s = _same(p0, s)
    ts = as_float(ts).astype(p0.dtype)
    depth = whole("depth", depth, low=1)
    require("ts", ts, shape=(None,))
    require("number of times", ts.size, low=2)
    require("spacing of ts", jnp.diff(ts), low=0.0)
    check_strength("p0", p0, depth, imbalance)
    deficits = listed(deficits, *p0.shape)
    segments = ts.size - 1
    if steps is None:
        steps = max(4, -(-400 // segments))
    steps = whole("steps", steps, low=1)
    require("decay", decay, low=0.0)
    _check_rk4(p0, ts, steps, s, depth, imbalance, decay)
    return _solve(p0, s, ts, deficits, imbalance, decay, depth=depth, steps=steps)


@references("saxe2014exact", "kleinman2024critical")
def gd_map(
    p0: Real[ArrayLike, "P r"],
    s: Real[ArrayLike, " r"],
    depth: int,
    lr: Scalar,
    steps: int,
    deficits: Deficits = (),
    imbalance: Scalar = 0.0,
    record_every: int = 1,
    decay: Scalar = 0.0,
    check_stability: bool = True,
) -> Float[Array, "n P r"]:
    """Gradient descent on the matrices, mode by mode and exact: the strengths K it goes through.

    $$p \\leftarrow p + \\mathrm{lr}\\,(q^{D-1} r - \\mu p), \\qquad
      q \\leftarrow q + \\mathrm{lr}\\,(p\\, q^{D-2} r - \\mu q)$$

    From an aligned start, `train_gd` follows this map to rounding: the comparison shows that
    modes decouple, not that gradient descent follows the flow of `solve_modes`.

    Args:
        p0: layer strength p, (P, r).  s: target singular values, (r,).  depth: D.
        lr, steps, deficits, record_every, decay, check_stability: as in `train_gd`. The limit of
            the learning rate is 2 / (gain + decay), with $q^{2D-2} + (D-1)\\,p^2 q^{2D-4}$ the gain
            of one pathway that holds the strongest mode alone, or of the strongest start.
        imbalance: lambda = q^2 - p^2 at the start; the map conserves it only to first order.

    Returns:
        K at the start and after each `record_every` updates, (steps / record_every + 1, P, r).

    Raises:
        ValueError: shapes that do not fit, bad deficits, a learning rate beyond the limit, a zero
            strength that never learns.

    Source: the decoupled gradient of saxe2014exact.

    >>> k = gd_map(jnp.full((2, 1), 0.1), jnp.array([3.0]), 2, 0.05, 200, record_every=200)
    >>> bool(jnp.allclose(k[-1], 1.5))
    True
    """
    depth, steps = whole("depth", depth, low=1), whole("steps", steps, low=1)
    p0, s, deficits = _map_arguments(
        p0, s, depth, lr, steps, deficits, imbalance, record_every, decay, check_stability
    )
    return _iterate(
        p0,
        s,
        lr,
        deficits,
        imbalance,
        decay,
        depth=depth,
        steps=steps,
        record_every=record_every,
        follow=True,
    )


@references("kleinman2024critical", "shi2022learning")
def euler_map(
    p0: Real[ArrayLike, "P r"],
    s: Real[ArrayLike, " r"],
    depth: int,
    lr: Scalar,
    steps: int,
    deficits: Deficits = (),
    imbalance: Scalar = 0.0,
    record_every: int = 1,
    check_stability: bool = True,
) -> Float[Array, "n P r"]:
    """Euler's method on the reduced equation, as in the official scripts of the seed paper.

    $$p \\leftarrow p + \\mathrm{lr}\\,(p^2 + \\lambda)^{(D-1)/2} r, \\qquad
      K = p\\,(p^2 + \\lambda)^{(D-1)/2}$$

    With $\\lambda = 0$ this is `gd_map`. With $\\lambda > 0$ it is not, as it holds
    $q^2 - p^2$ fixed, which gradient descent does only to first order in lr.

    The official scripts count array indices from 1 and freeze while start <= index < stop,
    where index k + 1 holds the result of update k: their window (a, b) is the deficit from
    (a - 1) lr to (b - 1) lr here, and (0, b) lasts b - 1 updates.

    Args, Returns, Raises: as in `gd_map`.

    Source: scripts `phase-large-init` and `phase-small-init` of kleinman2024critical, on the
    reduced model of shi2022learning.

    >>> two = jnp.full((2, 1), 0.1), jnp.array([3.0])
    >>> bool(jnp.all(euler_map(*two, 3, 0.01, 9) == gd_map(*two, 3, 0.01, 9)))
    True
    """
    depth, steps = whole("depth", depth, low=1), whole("steps", steps, low=1)
    p0, s, deficits = _map_arguments(
        p0, s, depth, lr, steps, deficits, imbalance, record_every, 0.0, check_stability
    )
    return _iterate(
        p0,
        s,
        lr,
        deficits,
        imbalance,
        0.0,
        depth=depth,
        steps=steps,
        record_every=record_every,
        follow=False,
    )


def _same(k, s):
    k, s = as_float(k), as_float(s)
    if k.ndim != 2:
        raise ValueError(f"the strengths have shape {k.shape}; allowed: (P, r)")
    require("s", s, low=0.0, shape=k.shape[1:])
    return k, s.astype(k.dtype)


def _strength(p, q, depth):
    return p * q ** (depth - 1)


def _gain(p, q, depth):
    """How fast K answers to r: the squared norm of the gradient of K in the layers."""
    if depth == 1:
        return jnp.ones_like(p)
    return q ** (2 * depth - 2) + (depth - 1) * p**2 * q ** (2 * depth - 4)


def _velocity(p, q, s, gate, depth, decay):
    r = residual(_strength(p, q, depth), s, gate)
    dp = q ** (depth - 1) * r
    dq = jnp.zeros_like(q) if depth == 1 else p * q ** (depth - 2) * r
    return dp - decay * p, dq - decay * q


def _largest_gain(p0, s, depth, imbalance):
    """Of one pathway that holds the strongest mode alone, or of the strongest start."""
    largest = jnp.maximum(layer_strength(jnp.max(s), depth, imbalance), jnp.max(jnp.abs(p0)))
    return float(_gain(*imbalanced(largest, imbalance), depth))


def _check_rk4(p0, ts, steps, s, depth, imbalance, decay):
    inputs = (p0, ts, s, imbalance, decay)
    if any(isinstance(x, jax.core.Tracer) for x in inputs):
        return
    sharpness = _largest_gain(p0, s, depth, imbalance) + depth * float(decay)
    longest = float(np.max(np.diff(np.asarray(ts))))
    if longest / steps * sharpness > 2.5:
        enough = int(np.ceil(longest * sharpness / 2.5))
        raise ValueError(
            f"steps is {steps}; allowed: at least {enough} in each segment, for times up to "
            f"{longest:.4g} apart and a rate of convergence up to {sharpness:.4g}"
        )


def _check_lr(lr, p0, s, depth, imbalance, decay):
    if any(isinstance(x, jax.core.Tracer) for x in (lr, p0, s, imbalance, decay)):
        return
    limit = 2 / (_largest_gain(p0, s, depth, imbalance) + float(decay))
    if float(lr) >= limit:
        raise ValueError(
            f"lr is {float(lr):.4g}; allowed: below {limit:.4g}, beyond which descent is unstable "
            f"where one pathway of depth {depth} holds the strongest mode alone or starts as "
            "strong as here; check_stability=False lets it run"
        )


@partial(jax.jit, static_argnames=("depth", "steps"))
def _solve(p0, s, ts, deficits, imbalance, decay, *, depth, steps):
    dtype = p0.dtype
    decay = jnp.asarray(decay, dtype)
    state = imbalanced(p0, imbalance)
    edges = [jnp.asarray(edge, dtype) for d in deficits for edge in (d.start, d.stop)]
    inner = jnp.clip(jnp.stack(edges), ts[0], ts[-1]) if edges else jnp.zeros(0, dtype)
    points = jnp.sort(jnp.concatenate([ts, inner]))

    def segment(state, ends):
        a, b = ends
        gate = gates(deficits, 0.5 * (a + b), *p0.shape, dtype)
        h = (b - a) / steps

        def velocity(state):
            return _velocity(*state, s, gate, depth, decay)

        def step(state, _):
            return rk4(velocity, state, h), None

        state, _ = jax.lax.scan(step, state, length=steps)
        return state, _strength(*state, depth)

    _, rest = jax.lax.scan(segment, state, (points[:-1], points[1:]))
    k = jnp.concatenate([_strength(*state, depth)[None], rest])
    return k[jnp.searchsorted(points, ts, side="right") - 1]


def _map_arguments(
    p0, s, depth, lr, steps, deficits, imbalance, record_every, decay, check_stability
):
    require("decay", decay, low=0.0, shape=())
    p0, s = _same(p0, s)
    depth = whole("depth", depth, low=1)
    require("lr", lr, above=0.0, shape=())
    check_record_every(record_every, steps)
    check_strength("p0", p0, depth, imbalance)
    if check_stability:
        _check_lr(lr, p0, s, depth, imbalance, decay)
    return p0, s, listed(deficits, *p0.shape)


@partial(jax.jit, static_argnames=("depth", "steps", "record_every", "follow"))
def _iterate(p0, s, lr, deficits, imbalance, decay, *, depth, steps, record_every, follow):
    """The GD map of (p, q), or (without `follow`) Euler's map of p with q slaved to it."""
    dtype = p0.dtype
    windows = in_steps(deficits, lr)
    lr, decay = jnp.asarray(lr, dtype), jnp.asarray(decay, dtype)

    def advance(state, k):
        p, q = state
        gate = gates(windows, k, *p0.shape, dtype)
        dp, dq = _velocity(p, q, s, gate, depth, decay)
        p = p + lr * dp
        return (p, q + lr * dq) if follow else imbalanced(p, imbalance)

    def measure(state):
        return _strength(*state, depth)

    _, k = record_scan(advance, measure, imbalanced(p0, imbalance), steps, record_every)
    return k
