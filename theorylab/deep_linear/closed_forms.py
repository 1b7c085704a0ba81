"""One balanced mode in closed form: strength from time, time from strength, unlearning.

P equal pathways that share a mode learn in sum as one pathway does, $P^{1-2/D}$ times slower;
all functions take `pathways` and speak of the sum.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab import symbolic
from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float, check_broadcast
from theorylab.lab.require import require, whole

_NEWTON = 6


@references("saxe2014exact")
def mode_at(
    t: ArrayLike, k0: ArrayLike, s: ArrayLike, depth: int, pathways: int = 1
) -> Float[Array, "..."]:
    """Strength K of a balanced mode at time t, from K0 at time 0.

    $$\\dot K = D\\,K^{2-2/D}(S - K).$$

    Depths 1 and 2 are explicit; for others the closed form of t(K) is inverted to rounding.

    Args:
        t: time, at least 0; learning rate times step.
        k0: strength at time 0, `0 < k0 <= s`.
        s: target singular value.
        depth: D, the number of weight matrices.
        pathways: number P of equal pathways; `k0` and the result are their sums.

    Returns:
        K, in the broadcast shape of the arguments. Traced bad values give NaN.

    Raises:
        ValueError: depth or pathways below 1, negative time, k0 outside (0, s].

    Source: saxe2014exact for depths 1 and 2; derived here for depth 3 and more
    (claim `deep_linear/plateau/time`).

    >>> round(float(mode_at(1.0, 0.01, 3.0, depth=2)), 3)
    1.723
    """
    depth, pathways = whole("depth", depth, low=1), whole("pathways", pathways, low=1)
    t, k0, s = _arguments(t=t, k0=k0, s=s)
    require("t", t, low=0.0)
    t = t / pathways ** (1 - 2 / depth)
    if depth <= 2:
        return _strength(depth)(*jnp.broadcast_arrays(t, k0, s))
    log_z = _inverse(*jnp.broadcast_arrays(t * s ** (2 - 2 / depth), k0 / s), depth)
    return s * jnp.exp(log_z)


@references("saxe2014exact")
def time_to(
    k: ArrayLike, k0: ArrayLike, s: ArrayLike, depth: int, pathways: int = 1
) -> Float[Array, "..."]:
    """Time at which a balanced mode passes strength K, from K0 at time 0.

    $$t = S^{2/D-2}\\left[\\frac{x_0^{2-D} - x^{2-D}}{D-2} + \\int_{x_0}^{x}
    \\frac{u\\,du}{1-u^D}\\right], \\qquad x = (K/S)^{1/D}$$

    for depth 3 and more; logarithms for depths 1 and 2.

    Args:
        k: strength, `k0 <= k < s`.
        k0, s, depth, pathways: as in `mode_at`.

    Raises:
        ValueError: as in `mode_at`; k outside [k0, s).

    Source: claims `deep_linear/one-mode/time-one`, `time-two`, `deep_linear/plateau/time`.

    >>> round(float(time_to(1.5, 0.001, 3.0, depth=4)), 3)
    5.217
    """
    depth, pathways = whole("depth", depth, low=1), whole("pathways", pathways, low=1)
    k0, s, k = _arguments(k0=k0, s=s, k=k)
    require("k - k0", k - k0, low=0.0)
    require("s - k", s - k, above=0.0)
    slower = pathways ** (1 - 2 / depth)
    if depth <= 2:
        name = f"deep_linear/one-mode/time-{('one', 'two')[depth - 1]}"
        return slower * symbolic.compiled(name, args=("K", "K_0", "S"))(k, k0, s)
    log_z0, log_z = jnp.log(k0 / s), jnp.log1p((k - s) / s)
    return slower * s ** (2 / depth - 2) * _relative_time(log_z, log_z0, depth)


@references("saxe2014exact")
def half_time(k0: ArrayLike, s: ArrayLike, depth: int, pathways: int = 1) -> Float[Array, "..."]:
    """Time at which half of the target is learned: where the plateau ends.

    Args:
        k0, s, depth, pathways: as in `mode_at`; k0 at most s / 2.

    Raises:
        ValueError: as in `time_to`.

    Source: claims `deep_linear/one-mode/half-time-two`, `deep_linear/plateau/time`.

    >>> round(float(half_time(0.002, 3.0, depth=2, pathways=2)), 3)
    1.219
    """
    return time_to(as_float(s) / 2, k0, s, depth, pathways)


def unlearn(t: ArrayLike, k0: ArrayLike, depth: int) -> Float[Array, "..."]:
    """Strength K of a balanced mode whose target has become zero.

    $$K(t) = \\big[K_0^{2/D-2} + (2D-2)\\,t\\big]^{-D/(2D-2)},$$

    exponential decay at depth 1, a slow power law for deep networks.

    Args:
        t: time since the change of target, at least 0.
        k0: strength at that time, at least 0.
        depth: D.

    Raises:
        ValueError: negative time or strength, depth below 1.

    Source: claims `deep_linear/unlearning/unlearning-one` and `deep_linear/unlearning/unlearning`.

    >>> round(float(unlearn(2.0, 1.0, depth=2)), 6)
    0.2
    """
    depth = whole("depth", depth, low=1)
    t, k0 = as_float(t), as_float(k0)
    check_broadcast(t=t, k0=k0)
    t, k0 = jnp.broadcast_arrays(t, k0)
    require("t", t, low=0.0)
    require("k0", k0, low=0.0)
    if depth == 1:
        return symbolic.compiled("deep_linear/unlearning/unlearning-one", args=("t", "K_0"))(t, k0)
    positive = jnp.where(k0 > 0, k0, 1.0)
    decay = symbolic.compiled("deep_linear/unlearning/unlearning", args=("t", "K_0", "D"))
    return jnp.where(k0 > 0, decay(t, positive, jnp.full_like(t, depth)), 0.0)


@references("fukumizu1998effect", "braun2022exact")
def two_layer_exact(
    w1: Float[Array, "h i"],
    w2: Float[Array, "o h"],
    sigma: Float[Array, "o i"],
    ts: Float[Array, " n"],
) -> Float[Array, "n o i"]:
    """Gradient flow of a two-layer linear network, exactly, without any alignment to the task.

    With the layers stacked as $Q = [W_1^T; W_2]$ and
    $F = \\begin{pmatrix}0&\\Sigma^T\\\\\\Sigma&0\\end{pmatrix}$, $P = QQ^T$ solves a Riccati
    equation:

    $$P(t) = e^{Ft} Q_0 \\Big[I + Q_0^T \\int_0^t e^{2Fs} ds\\, Q_0\\Big]^{-1} Q_0^T e^{Ft},$$

    whose lower left block is $W_2 W_1$. The layers must start balanced,
    $W_2^T W_2 = W_1 W_1^T$. Several pathways of depth two are one network with their hidden
    units side by side.

    Args:
        w1, w2: the layers at time 0.
        sigma: the target.
        ts: times, at least 0.

    Returns:
        the map $W_2 W_1$ at each time. Derivatives in sigma are NaN where singular values
        coincide, as the singular vectors then have none.

    Raises:
        ValueError: shapes that do not fit, a negative time, layers that are not balanced (to
            1e-6 of their size). Traced values are not checked.

    Source: fukumizu1998effect; braun2022exact; claims `deep_linear/two-layer/...`.

    >>> w = 0.1 * jnp.eye(2)
    >>> omega = two_layer_exact(w, w, jnp.diag(jnp.array([3.0, 2.0])), jnp.array([0.0, 9.0]))
    >>> bool(jnp.allclose(omega[-1], jnp.diag(jnp.array([3.0, 2.0]))))
    True
    """
    w1, w2, sigma, ts = map(as_float, (w1, w2, sigma, ts))
    require("sigma", sigma, shape=(None, None))
    require("w1", w1, shape=(None, sigma.shape[1]))
    require("w2", w2, shape=(sigma.shape[0], w1.shape[0]))
    require("ts", ts, low=0.0, shape=(None,))
    gap = w2.T @ w2 - w1 @ w1.T
    if not isinstance(gap, jax.core.Tracer):
        require("imbalance of the layers", jnp.linalg.norm(gap), high=1e-6 * float(jnp.sum(w1**2)))
    return _two_layer(w1, w2, sigma, ts)


@jax.jit
def _two_layer(w1, w2, sigma, ts):
    inputs = w1.shape[1]
    q0 = jnp.concatenate([w1.T, w2])
    zero_in, zero_out = (jnp.zeros((n, n), sigma.dtype) for n in (inputs, sigma.shape[0]))
    w, v = jnp.linalg.eigh(jnp.block([[zero_in, sigma.T], [sigma, zero_out]]))
    w, v = w[::-1], v[:, ::-1]  # the fastest direction first
    # Q0 in the eigenbasis is L times orthonormal rows, with L lower triangular: row i of the
    # growing matrix then has no entry in a column that belongs to a slower direction.
    lower = jnp.linalg.qr((v.T @ q0).T, mode="r").T
    columns = lower.shape[1]
    eps = jnp.finfo(sigma.dtype).eps
    flat = jnp.abs(w) <= 1e3 * eps * jnp.max(jnp.abs(w))  # all of them if the target is zero
    rate = jnp.where(flat, 1.0, jnp.abs(w))

    def at(t):
        # g^2 = integral of exp(2ws) = exp(2 max(w, 0) t) h^2 with h bounded. With
        # M = g L / g the middle of P, G (1 + G^T G)^-1 G^T for G = g L, is the projection U U^T
        # with (M; 1/g) = (U; .) R: nothing in it grows with t.
        log_h = jnp.where(flat, jnp.log(t), jnp.log(-jnp.expm1(-2 * rate * t) / (2 * rate))) / 2
        log_g = log_h + jnp.where(flat, 0.0, jnp.maximum(w, 0.0)) * t
        ratio = jnp.exp(jnp.minimum(log_g[:, None] - log_g[None, :columns], 0.0))
        stacked = jnp.concatenate([jnp.tril(lower * ratio), jnp.diag(jnp.exp(-log_g[:columns]))])
        left, sizes, _ = jnp.linalg.svd(stacked, full_matrices=False)
        middle = left[: w.size] * (sizes > 10 * eps * sizes[0])[None, :].astype(left.dtype)
        beside = jnp.exp(jnp.where(flat, 0.0, jnp.minimum(w, 0.0)) * t - log_h)
        root = (v * beside[None, :]) @ middle
        return root[inputs:] @ root[:inputs].T

    later = jax.lax.map(at, jnp.where(ts > 0, ts, 1.0))
    return jnp.where((ts > 0)[:, None, None], later, w2 @ w1)


def _arguments(**values):
    values = {name: as_float(value) for name, value in values.items()}
    check_broadcast(**values)
    require("s", values["s"], above=0.0)
    require("k0", values["k0"], above=0.0)
    require("s - k0", values["s"] - values["k0"], low=0.0)
    return jnp.broadcast_arrays(*values.values())


def _strength(depth):
    name = ("depth-one", "depth-two")[depth - 1]
    return symbolic.compiled(f"deep_linear/one-mode/{name}", args=("t", "K_0", "S"))


def rise(log_z: Float[Array, "..."], depth: int) -> Float[Array, "..."]:
    """$\\int_0^x u/(1-u^D)\\,du$ for $x = z^{1/D}$, given log z, also for z near 1.

    The sum over the D-th roots of unity; the root at 1 is written with $1 - x$ taken from
    log z, so that no digits are lost where the mode is almost learned.

    Source: claims `deep_linear/plateau/roots` and `deep_linear/plateau/root-term`.

    >>> import math
    >>> z = 0.5
    >>> bool(jnp.allclose(rise(jnp.log(z), 4), math.atanh(z**0.5) / 2))
    True
    """
    return _rise(log_z, -jnp.log(-jnp.expm1(log_z / depth)), depth)


def _rise(log_z, root_at_one, depth):
    """The rise, given $-\\log(1 - x)$, the part that grows without bound."""
    x = jnp.exp(log_z / depth)
    total = root_at_one
    term = symbolic.compiled("deep_linear/plateau/root-term", args=("x", "theta"))
    for root in range(1, depth // 2 + 1):
        both = 1 if 2 * root == depth else 2  # a root and its conjugate contribute the same
        total = total + both * term(x, jnp.full_like(x, 2 * jnp.pi * root / depth))
    return total / depth


def _relative_time(log_z, log_z0, depth):
    return _plateau(log_z, log_z0, depth) + rise(log_z, depth) - rise(log_z0, depth)


def _plateau(log_z, log_z0, depth):
    power = 2 / depth - 1
    return -jnp.expm1(power * (log_z - log_z0)) * jnp.exp(power * log_z0) / (depth - 2)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _inverse(time, z0, depth):
    """log z at relative time, from z0 at 0; its derivatives are those of the flow."""
    return _newton(time, z0, depth)


@_inverse.defjvp
def _inverse_jvp(depth, primals, tangents):
    """Along the flow, $dz/d\\tau$ is the speed at z and $dz/dz_0$ the ratio of both speeds."""
    time, z0 = primals
    log_z = _inverse(time, z0, depth)
    slow = jnp.exp((1 - 2 / depth) * log_z)
    left, left0 = -jnp.expm1(log_z), 1 - z0
    learned = jnp.exp(-depth * time)  # the limit of left / left0 as z0 goes to 1
    ratio = jnp.where(left0 > 0, left / jnp.where(left0 > 0, left0, 1.0), learned)
    by_time = depth * slow * left
    by_start = slow * ratio * z0 ** (2 / depth - 2)
    return log_z, by_time * tangents[0] + by_start * tangents[1]


@partial(jax.jit, static_argnums=2)
def _newton(time, z0, depth):
    """Newton's method in a variable that suits the time.

    On the plateau, time is nearly linear in $y = z^{2/D-1}$; past the half, in the logit of z.
    In its own half each slope varies by a factor of 2 at most, so few iterations suffice.
    """
    power = 2 / depth - 1
    log_z0 = jnp.minimum(jnp.log(z0), -jnp.finfo(z0.dtype).eps)
    log_half = jnp.maximum(-jnp.log(2.0).astype(z0.dtype), log_z0)
    half = _relative_time(log_half, log_z0, depth)
    early = (time < half) & (log_z0 < log_half)  # half is 0, up to rounding, past the half
    y0, y_half = jnp.exp(power * log_z0), jnp.exp(power * log_half)
    logit_half = log_half - jnp.log(-jnp.expm1(log_half))
    early_time, late_time = jnp.where(early, time, 0.0), jnp.where(early, 0.0, time - half)

    def plateau(_, y):
        log_z = jnp.log(y) / power
        slope = -1 / ((depth - 2) * -jnp.expm1(log_z))
        step = (_relative_time(log_z, log_z0, depth) - early_time) / slope
        return jnp.clip(y - step, y_half, y0)

    def saturation(_, logit):
        log_z = -jnp.logaddexp(0.0, -logit)
        slope = jnp.exp(power * log_z) / depth
        step = (_saturated_time(logit, log_half, depth) - late_time) / slope
        return jnp.maximum(logit - step, logit_half)

    # One rolled loop: unrolled, it takes seconds to compile.
    both = (y0, logit_half)
    y, logit = jax.lax.fori_loop(
        0, _NEWTON, lambda i, now: (plateau(i, now[0]), saturation(i, now[1])), both
    )
    return jnp.where(early, jnp.log(y) / power, -jnp.logaddexp(0.0, -logit))


def _saturated_time(logit, log_start, depth):
    """Relative time since `log_start`, up to logits at which 1 - z is less than any float."""
    log_z = -jnp.logaddexp(0.0, -logit)
    far = logit > -jnp.log(jnp.finfo(logit.dtype).eps)
    near = jnp.where(far, -1.0, log_z)
    root_at_one = jnp.where(
        far, logit + jnp.log(depth).astype(logit.dtype), -jnp.log(-jnp.expm1(near / depth))
    )
    risen = _rise(log_z, root_at_one, depth) - rise(log_start, depth)
    return _plateau(log_z, log_start, depth) + risen
