"""Who ends up with what after any deficits: the race run to its end."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float
from theorylab.deep_linear.deficits import Deficits, gates, listed, residual
from theorylab.deep_linear.initialisation import check_strength
from theorylab.deep_linear.race import allocate, check_race, head_start
from theorylab.lab.require import require

_FOLD = 0.04
_STEPS = 3000


@references("kleinman2024critical")
def final_allocation(
    p0: Real[ArrayLike, "P r"],
    s: Real[ArrayLike, " r"],
    depth: int,
    deficits: Deficits = (),
    imbalance: float = 0.0,
) -> Float[Array, "P r"]:
    """Final strengths K of all pathways and modes, after any number of deficits.

    While something is impaired, the layer strengths follow $\\dot p_a = q_a^{D-1} r_a$ by the
    classical Runge-Kutta method with steps of a fixed fraction of an e-folding, however long
    the plateau; once all pathways learn again, the end is where the conserved differences of
    `race_potential` put it (`allocate`). A lesion or freeze that never ends is followed until
    nothing moves. Where what the others hold exceeds the target, a balanced pathway of depth 2
    or more decays towards 0. Error below 1e-7 of the target, 1e-5 in single precision.

    Args:
        p0: layer strengths at time 0, (P, r).
        s: target singular values, (r,), above 0.
        depth: D.
        deficits: one or several; windows that begin before time 0 begin at 0.
        imbalance: $\\lambda \\ge 0$, a Python number.

    Returns:
        K, (P, r). Differentiable and vmappable in p0, s and the windows. NaN where the steps do
        not suffice: where a mode starts weaker than about 1e-18 of its target, or where a pathway
        is still unlearning long after another has settled, in a "decorrelate" or partial
        "silence" that lasts longer than about $120 / (D S^{2-2/D})$.

    Raises:
        ValueError: shapes that do not fit, a strength that never learns, bad deficits, a
            "decorrelate" or "silence" in part that never ends (the pathway never settles).

    Source: derived here; claims `deep_linear/race/conservation`, `deep_linear/deficit/...`.

    >>> from theorylab.deep_linear import Deficit
    >>> p0 = jnp.full((2, 1), 0.1)
    >>> k = final_allocation(p0, jnp.array([3.0]), 3, Deficit("freeze", 1, 0.0, 0.3))
    >>> round(float(k[1, 0] / 3), 3)
    0.08
    """
    p0, s = as_float(p0), as_float(s)
    require("s", s, above=0.0, shape=(None,))
    s = s.astype(p0.dtype)
    depth, imbalance = check_race(depth, imbalance)
    require("p0", p0, shape=(None, s.size))
    check_strength("p0", p0, depth, imbalance)
    deficits = listed(deficits, *p0.shape)
    for deficit in deficits:
        endless = not isinstance(deficit.stop, jax.core.Tracer) and np.any(np.isinf(deficit.stop))
        if endless and deficit.kind in ("decorrelate", "silence"):
            require(f"stop of a deficit of kind {deficit.kind!r}", deficit.stop)
    return _final(p0, s, deficits, depth=depth, imbalance=imbalance)


@partial(jax.jit, static_argnames=("depth", "imbalance"))
def _final(p0, s, deficits, *, depth, imbalance):
    dtype = p0.dtype
    modes = p0.shape

    p = p0
    edges = [jnp.asarray(edge, dtype) for d in deficits for edge in (d.start, d.stop)]
    if edges:
        edges = jnp.sort(jnp.clip(jnp.stack(edges), 0.0, None))
        starts = jnp.concatenate([jnp.zeros(1, dtype), edges])
        lengths = jnp.append(jnp.diff(starts), jnp.asarray(jnp.inf, dtype))
        lengths = jnp.where(jnp.isnan(lengths), 0.0, lengths)
        inside = starts + jnp.where(jnp.isinf(lengths), 1.0, lengths / 2)
        p, _ = jax.lax.scan(
            lambda p, leg: (
                _run(p, s, leg[0], gates(deficits, leg[1], *modes, dtype), depth, imbalance),
                None,
            ),
            p,
            (lengths[:-1], inside[:-1]),
        )
        last = jnp.max(jnp.where(jnp.isinf(starts), 0.0, starts))
        free = gates(deficits, last + 1, *modes, dtype)
    else:
        free = gates((), 0.0, *modes, dtype)

    # No pathway impaired any more: the invariants know the end.
    starts = jnp.broadcast_arrays(p[:1], p[1:])
    ends = allocate(head_start(*starts, depth, imbalance).T, s, depth, imbalance).T
    if all(isinstance(d.stop, float) and np.isfinite(d.stop) for d in deficits):
        return ends
    intact = jnp.all(jnp.stack([jnp.all(gate == 1, axis=0) for gate in free]), axis=0)
    p = _run(p, s, jnp.asarray(jnp.inf, dtype), free, depth, imbalance)
    moving = jnp.where(p == 0, jnp.ones_like(p), p)  # keeps derivatives finite at 0
    settled = jnp.where(p == 0, 0.0, moving * (moving**2 + imbalance) ** ((depth - 1) / 2))
    return jnp.where(intact, ends, settled)


def _run(p, s, length, gate, depth, imbalance):
    """Advance the layer strengths by a time, mode by mode, each at its own pace."""
    one = jax.vmap(partial(_run_mode, depth=depth, imbalance=imbalance), (1, 0, None, 1), 1)
    return one(p, s, length, gate)


def _run_mode(p, s, length, gate, *, depth, imbalance):
    columns = jax.tree.map(lambda entry: entry[:, None], gate)
    eps = jnp.finfo(p.dtype).eps

    def q(p):
        return jnp.sqrt(p**2 + imbalance)

    def error(p):
        return residual((p * q(p) ** (depth - 1))[:, None], s[None], columns)[:, 0]

    def velocity(p):
        return q(p) ** (depth - 1) * error(p)

    def step(state, _):
        p, left = state
        r = error(p)
        relax = jnp.sum(gate.plasticity * gate.power * depth * q(p) ** (2 * depth - 2))
        growth = 0.0 if depth == 1 else jnp.max(depth * q(p) ** (depth - 2) * jnp.abs(r))
        still = jnp.max(jnp.abs(r)) < 8 * eps * s
        rate = relax + growth
        rate = jnp.where(still | (rate == 0), 1.0, rate)
        h = jnp.where(still, 0.0, jnp.minimum(_FOLD / rate, left))
        k1 = velocity(p)
        k2 = velocity(p + h / 2 * k1)
        k3 = velocity(p + h / 2 * k2)
        k4 = velocity(p + h * k3)
        return (p + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), left - h), None

    (p, left), _ = jax.lax.scan(step, (p, length), length=_STEPS)
    r, k = error(p), p * q(p) ** (depth - 1)
    if depth == 1 or imbalance > 0:
        faint = jnp.zeros(p.shape, bool)
    else:  # what others hold exceeds the target: it decays for ever, at a constant residual
        faint = (r < 0) & (k < 1e-9 * s)
        p = jnp.where(faint & (left > 0), _decayed(p, -r, left, depth), p)
    unfinished = (left > 0) & jnp.any(~faint & (jnp.abs(r) > max(1e-9, 64 * eps) * s))
    return jnp.where(unfinished, jnp.nan, p)


def _decayed(p, rate, time, depth):
    """A balanced p after a time at the constant residual -rate: $F_D$ falls in proportion."""
    endless = jnp.isinf(time)
    fall = jnp.where(rate > 0, rate, 0.0) * jnp.where(endless, 0.0, time)
    if depth == 2:
        then = jnp.maximum(p * jnp.exp(-fall), jnp.finfo(p.dtype).tiny)
    else:
        then = (p ** (2 - depth) + (depth - 2) * fall) ** (-1 / (depth - 2))
    return jnp.where(endless, 0.0, then)
