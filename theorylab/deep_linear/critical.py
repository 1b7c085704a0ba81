"""Critical periods: what a deficit does, by when it begins, how long it lasts, and the depth."""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float, check_broadcast
from theorylab.deep_linear.closed_forms import half_time, mode_at, time_to
from theorylab.deep_linear.deficits import Deficit
from theorylab.deep_linear.gradient import train_gd
from theorylab.deep_linear.initialisation import Params, aligned_init, check_params
from theorylab.deep_linear.modes import solve_modes
from theorylab.deep_linear.race import allocate, race_potential
from theorylab.lab.require import require, whole


@references("kleinman2024critical")
def critical_period_curve(
    s: Real[ArrayLike, " r"],
    depth: int,
    k0: ArrayLike,
    onsets: Real[ArrayLike, " m"],
    durations: Real[ArrayLike, " n"],
    method: str = "exact",
    lr: float | None = None,
) -> Float[Array, "m n r"]:
    """Final share $K_B/S$ of pathway B, frozen from each onset for each duration.

    Both pathways start equal and balanced. The three methods share no code:

    - "exact": closed forms up to the window and through it, then the conserved difference of
      race potentials. Nothing is integrated numerically.
    - "ode": the mode equations by Runge-Kutta.
    - "gd": gradient descent on weight matrices of width r + 2, all windows in one batch.

    Args:
        s: target singular values, (r,), above 0.
        depth: D.
        k0: strength of every mode in each pathway at time 0, below s / 2.
        onsets, durations: windows in units of time (learning rate times step), at least 0.
        method: "exact", "ode" or "gd".
        lr: learning rate for "gd"; by default 0.05 / (D S^{2-2/D}), S the largest of s.

    Returns:
        shares between 0 and 1/2, (m, n, r).

    Raises:
        ValueError: a method that is not listed; values out of range.

    Source: derived here, for the deficit of kleinman2024critical; claims
    `deep_linear/race/conservation`, `deep_linear/deficit/...`.

    >>> share = critical_period_curve(jnp.array([3.0]), 3, 1e-3, jnp.array([0.0]), jnp.array([0.3]))
    >>> round(float(share[0, 0, 0]), 3)
    0.08
    """
    s, onsets, durations = as_float(s), as_float(onsets), as_float(durations)
    require("method", method, choices=("exact", "ode", "gd"))
    depth = whole("depth", depth, low=1)
    require("s", s, above=0.0, shape=(None,))
    require("onsets", onsets, low=0.0, shape=(None,))
    require("durations", durations, low=0.0, shape=(None,))
    k0 = as_float(k0)
    if k0.ndim:
        require("k0", k0, shape=s.shape)
    k0 = jnp.broadcast_to(k0, s.shape)
    require("k0", k0, above=0.0)
    require("s / 2 - k0", s / 2 - k0, above=0.0)
    grid = jnp.meshgrid(onsets, durations, indexing="ij")
    if method == "exact":
        onset, duration = (edge[..., None] for edge in grid)
        return _exact(*jnp.broadcast_arrays(onset, duration, k0[None, None], s[None, None]), depth)
    starts, stops = grid[0].ravel(), (grid[0] + grid[1]).ravel()
    simulate = _by_ode if method == "ode" else partial(_by_gd, lr=lr)
    k = simulate(s, depth, k0, starts, stops)
    return (k[:, 1] / s[None]).reshape(onsets.size, durations.size, s.size)


@references("kleinman2024critical")
def critical_period_map(
    s: float | Float[Array, ""],
    depths: tuple[int, ...],
    k0: float | Float[Array, ""],
    onsets: Real[ArrayLike, " m"],
    durations: Real[ArrayLike, " n"],
) -> Float[Array, "depth m n"]:
    """Final share of pathway B over onset, duration and depth, in closed form.

    Args:
        s: target singular value.
        depths: the depths D.
        k0: strength of each pathway at time 0.
        onsets, durations: in units of each depth's own `half_time` of the two pathways.

    Returns:
        shares, one map for each depth.

    Raises:
        ValueError: as `critical_period_curve`.

    Source: as `critical_period_curve`.

    >>> share = critical_period_map(3.0, (2, 4), 1e-3, jnp.array([0.0, 2.0]), jnp.array([0.1]))
    >>> share.shape
    (2, 2, 1)
    """
    s = as_float(s)
    require("s", s, shape=())
    require("k0", k0, shape=())
    require("depths", depths, low=1, integer=True, shape=(None,))
    onsets, durations = as_float(onsets), as_float(durations)
    maps = []
    for depth in depths:
        unit = half_time(2 * as_float(k0), s, depth, pathways=2)
        curve = critical_period_curve(s[None], depth, k0, unit * onsets, unit * durations)
        maps.append(curve[..., 0])
    return jnp.stack(maps)


def sensitivity_kernel(
    t: ArrayLike, k0: ArrayLike, s: ArrayLike, depth: int
) -> Float[Array, "..."]:
    """Loss of final strength $K_B$ per unit of time of a brief freeze of B at time t.

    $$-\\frac{\\delta K_B}{\\delta t} = \\chi_D\\, r(t), \\qquad r = S - K_A - K_B,$$

    for equal starts: the shape of the critical period is the residual, its height
    `susceptibility`.

    Args:
        t: time.  k0: strength of each pathway at time 0.  s, depth: as in `mode_at`.

    Source: derived here; claim `deep_linear/deficit/susceptibility`.

    >>> kernel = sensitivity_kernel(jnp.array([0.0, 9.0]), 1e-3, 3.0, depth=2)
    >>> bool(kernel[0] > 4.4), bool(kernel[1] < 1e-9)
    (True, True)
    """
    total = mode_at(t, 2 * as_float(k0), s, depth, pathways=2)
    return susceptibility(s, depth) * (as_float(s) - total)


def susceptibility(s: ArrayLike, depth: int) -> Float[Array, "..."]:
    """$\\chi_D = \\frac D2 (S/2)^{2-2/D}$: loss of $K_B$ per unit of change of the invariant.

    Args:
        s: target singular value.  depth: D.

    Source: derived here; claim `deep_linear/deficit/susceptibility`.

    >>> float(susceptibility(3.0, depth=2))
    1.5
    """
    depth = whole("depth", depth, low=1)
    s = as_float(s)
    require("s", s, above=0.0)
    checked = symbolic.compiled("deep_linear/deficit/susceptibility", args=("S", "D"))
    return checked(s, jnp.full_like(s, depth))


def closing_time(
    k0: ArrayLike, s: ArrayLike, depth: int, level: float = 0.5
) -> Float[Array, "..."]:
    """Onset at which a brief deficit does only `level` of the damage it does at time 0.

    The damage is proportional to the residual, so this is the time at which the residual has
    fallen to `level` times its first value.

    Args:
        k0: strength of each of the two pathways at time 0.
        s, depth: as in `mode_at`.
        level: between 0 and 1.

    Source: derived here; claims `deep_linear/deficit/...`, `deep_linear/plateau/time`.

    >>> round(float(closing_time(1e-3, 3.0, depth=4)), 2)
    5.19
    """
    require("level", level, above=0.0, below=1.0)
    k0, s = as_float(k0), as_float(s)
    check_broadcast(k0=k0, s=s)
    total = s - level * (s - 2 * k0)
    return time_to(total, 2 * k0, s, depth, pathways=2)


def deficit_dose(duration: ArrayLike, s: ArrayLike, depth: int) -> Float[Array, "..."]:
    """$\\delta = \\tau S^{2-2/D}$: what a deficit on the plateau amounts to.

    The final shares depend on duration, target and start through this number alone.

    Args:
        duration: length tau of the window.  s: target singular value.  depth: D.

    Source: derived here; claim `deep_linear/deficit/...`.

    >>> float(deficit_dose(0.5, 4.0, depth=2))
    2.0
    """
    duration, s = as_float(duration), as_float(s)
    check_broadcast(duration=duration, s=s)
    require("duration", duration, low=0.0)
    require("s", s, above=0.0)
    depth = whole("depth", depth, low=1)
    return duration * s ** (2 - 2 / depth)


def share_after_dose(dose: ArrayLike, depth: int) -> Float[Array, "..."]:
    """Final share of pathway B after a freeze on the plateau of the given `deficit_dose`.

    Args:
        dose: delta, at least 0.  depth: D, at least 2: a single matrix has no plateau.

    Source: derived here; claim `deep_linear/deficit/...`.

    >>> round(float(share_after_dose(0.0, depth=3)), 6)
    0.5
    """
    dose = as_float(dose)
    require("dose", dose, low=0.0)
    depth = whole("depth", depth, low=2)  # a single matrix has no plateau
    return allocate(dose[..., None], jnp.ones_like(dose), depth)[..., 1]


def pathway_error(params: Params, sigma: Float[Array, "o i"]) -> Float[Array, " P"]:
    """Relative error of each pathway alone, $\\|\\Sigma - \\Omega_a\\|^2 / \\|\\Sigma\\|^2$.

    The sum of all pathways fits the target whatever the deficit did; only a pathway by itself
    shows the damage. An equal split among two pathways gives 1/4.

    Args:
        params: weights, a tuple over pathways of tuples over layers.  sigma: the target.

    Source: kleinman2024critical.

    >>> layers = (jnp.eye(2), 0.5 * jnp.eye(2))
    >>> pathway_error((layers, layers), jnp.eye(2)).tolist()
    [0.25, 0.25]
    """
    sigma = as_float(sigma)
    require("sigma", sigma, shape=(None, None))
    check_params(params, sigma.shape)
    if not isinstance(sigma, jax.core.Tracer):
        require("largest entry of sigma", jnp.max(jnp.abs(sigma)), above=0.0)
    maps = []
    for layers in params:
        omega = layers[0]
        for layer in layers[1:]:
            omega = layer @ omega
        maps.append(omega)
    scale = jnp.sum(sigma**2)
    return jnp.stack([jnp.sum((sigma - omega) ** 2) / scale for omega in maps])


@partial(jax.jit, static_argnums=4)
def _exact(onset, duration, k0, s, depth):
    before = mode_at(onset, 2 * k0, s, depth, pathways=2) / 2
    alone = mode_at(duration, before, s - before, depth)
    f_a, f_b = (race_potential(k ** (1 / depth), depth) for k in (alone, before))
    return allocate((f_a - f_b)[..., None], s, depth)[..., 1] / s


def _by_ode(s, depth, k0, starts, stops):
    end = _settled(s, depth, k0, stops)
    p0 = jnp.broadcast_to(k0 ** (1 / depth), (2, s.size))
    fastest = float(depth * jnp.max(s) ** (2 - 2 / depth))
    steps = max(400, int(end * fastest / 0.5))
    ts = jnp.array([0.0, end], s.dtype)

    def one(start, stop):
        return solve_modes(p0, s, depth, ts, Deficit("freeze", 1, start, stop), steps=steps)[-1]

    return jax.vmap(one)(starts, stops)


def _by_gd(s, depth, k0, starts, stops, lr):
    if lr is None:
        lr = 0.05 / (depth * float(jnp.max(s)) ** (2 - 2 / depth))
    steps = int(_settled(s, depth, k0, stops) / lr)
    sigma = jnp.diag(s)
    start_params = aligned_init(
        sigma, depth, s.size + 2, jnp.broadcast_to(k0, (2, s.size)), jax.random.key(0)
    )

    def one(start, stop):
        window = Deficit("freeze", 1, start, stop)
        return train_gd(start_params, sigma, lr, steps, window, record_every=steps).k[-1]

    return jax.vmap(one)(starts, stops)


def _settled(s, depth, k0, stops):
    """A time by which every mode has been learned, whatever the window."""
    slowest = jnp.max(half_time(2 * k0, s, depth, pathways=2))
    rate = depth * jnp.min((s / 2) ** (2 - 2 / depth))
    return float(jnp.max(stops) + 3 * slowest + 20 / rate)
