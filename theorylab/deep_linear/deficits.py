"""Deficits: what an impaired pathway sees, and whether it may learn.

Pathway $a$ sees a corrupted copy of mode $\\alpha$ of the input. Three numbers say how:

- the *signal* $o$, the correlation of what it sees with the true input,
- the *power* $q$, the second moment of what it sees (1 for the true input),
- the *plasticity* $g$, the factor on its weight updates.

The gradient of the expected loss then moves the pathway's strength $K_a$ by the residual

$$r_a = g_a \\Big[ o_a S - \\sum_{b \\ne a} o_a o_b K_b - q_a K_a \\Big]
     = m_a S - \\sum_b c_{ab} K_b .$$

All five kinds are rows of one table, at strength $a$ between 0 (no deficit) and 1 (complete):

=========== ======= ========== ======= ====================================================
kind        signal  power      plast.  what happens to the pathway
=========== ======= ========== ======= ====================================================
freeze      1       1          1 - a   still contributes, does not learn (Kleinman et al.)
silence     1 - a   1 - a      1       its input is off for a fraction a of the time
blur        1 - a   (1 - a)^2  1       the contrast of its input is lowered to 1 - a
decorrelate 1 - a   1          1       correlation 1 - a with the world: the rest is noise
lesion      1 - a   (1 - a)^2  1       the mode is cut out of its map, at input and output
=========== ======= ========== ======= ====================================================

Deficits that overlap multiply. A complete `decorrelate` leaves $r_a = -K_a$: the pathway
unlearns. Freezing was used by Kleinman et al. (2024), and lesions in their control
experiment; the other three and the common table are derived here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float
from theorylab.lab.require import require, whole

_NUMBERS = (bool, int, float, np.generic, np.ndarray, jax.Array)
KINDS = ("freeze", "silence", "blur", "decorrelate", "lesion")


@references("kleinman2024critical")
@jax.tree_util.register_pytree_node_class
@dataclass(frozen=True)
class Deficit:
    """One pathway is impaired in some modes while `start <= t < stop`.

    Kind, pathway and modes are static; start, stop and strength are traced, so that a whole
    sweep of onsets is one `jax.vmap`. Gradient descent rounds the window to whole steps:
    update k, from state k to state k + 1, is impaired if
    round(start / lr) <= k < round(stop / lr).

    Args:
        kind: "freeze", "silence", "blur", "decorrelate" or "lesion"; see the module's table.
        pathway: index of the impaired pathway.
        start, stop: the window in units of time (learning rate times step); by default always.
        modes: indices of the impaired modes; None impairs the pathway's whole input.
        strength: 0 (none) to 1 (complete); with `modes`, also one number per listed mode.

    Raises:
        ValueError: unknown kind, strength outside [0, 1], a window that ends before it
            starts, repeated or negative indices. Traced values are not checked: a traced
            window that ends before it starts impairs nothing.

    >>> Deficit("freeze", 1, start=0.0, stop=0.3).strength
    1.0
    >>> Deficit("blur", 1, start=2.0, stop=1.0)
    Traceback (most recent call last):
    ...
    ValueError: stop is 1.0, before start 2.0; a deficit must not end before it starts
    """

    kind: str
    pathway: int
    start: ArrayLike = -np.inf
    stop: ArrayLike = np.inf
    modes: tuple[int, ...] | None = None
    strength: ArrayLike = 1.0

    def __post_init__(self):
        require("kind", self.kind, choices=KINDS)
        require("pathway", self.pathway, low=0, integer=True)
        require("strength", self.strength, low=0.0, high=1.0)
        if self.modes is None:
            require("strength of a deficit of all modes", self.strength, shape=())
        else:
            if np.ndim(self.modes) != 1 or not len(self.modes):
                raise ValueError(
                    f"modes is {self.modes!r}; allowed: indices, or None for all modes"
                )
            require("modes", self.modes, low=0, integer=True)
            object.__setattr__(self, "modes", tuple(int(mode) for mode in self.modes))
            if len(set(self.modes)) < len(self.modes):
                raise ValueError(f"modes is {self.modes}; allowed: each mode once")
            if np.ndim(self.strength):
                require("strength", self.strength, shape=(len(self.modes),))
        window = (self.start, self.stop)
        for name, edge in zip(("start", "stop"), window, strict=True):
            kind = jnp.result_type(edge) if isinstance(edge, _NUMBERS) else None
            if kind is None or jnp.issubdtype(kind, jnp.complexfloating):
                raise ValueError(f"{name} is {edge!r}; allowed: a time")
        traced = any(isinstance(edge, jax.core.Tracer) for edge in window)
        if not traced and not np.all(np.asarray(self.start) <= np.asarray(self.stop)):
            raise ValueError(
                f"stop is {self.stop}, before start {self.start}; "
                "a deficit must not end before it starts"
            )

    def tree_flatten(self):
        """Traced leaves and static rest, for JAX."""
        return (self.start, self.stop, self.strength), (self.kind, self.pathway, self.modes)

    @classmethod
    def tree_unflatten(cls, static, leaves):
        """Inverse of `tree_flatten`; checks nothing, as JAX may pass placeholders."""
        made = object.__new__(cls)
        names = ("kind", "pathway", "modes", "start", "stop", "strength")
        for name, value in zip(names, (*static, *leaves), strict=True):
            object.__setattr__(made, name, value)
        return made


Deficits = Deficit | Sequence[Deficit]


class Gates(NamedTuple):
    """What each pathway sees of each mode: signal o, power q, plasticity g."""

    signal: Float[Array, " P *mode"]
    power: Float[Array, " P *mode"]
    plasticity: Float[Array, " P *mode"]


def gates(
    deficits: Deficits, t: ArrayLike, pathways: int, modes: int, dtype: DTypeLike = float
) -> Gates:
    """The gates of all pathways and modes at time t, the product over the active deficits.

    Args:
        deficits: one deficit or several.
        t: time, in the unit of the deficits' windows.
        pathways, modes: P and r.

    Returns:
        Gates of shape (P, r); all ones where nothing is impaired.

    Raises:
        ValueError: a deficit names a pathway or mode that does not exist; pathways or modes is no
            whole number above 0.

    >>> o, q, g = gates(Deficit("freeze", 1, 0.0, 0.3), 0.1, pathways=2, modes=1)
    >>> print(o.ravel(), q.ravel(), g.ravel())
    [1. 1.] [1. 1.] [1. 0.]
    """
    pathways, modes = whole("pathways", pathways, low=1), whole("modes", modes, low=1)
    t = as_float(t)
    if not isinstance(t, jax.core.Tracer) and np.any(np.isnan(t)):
        raise ValueError(f"t is {t}; allowed: a time")
    deficits = listed(deficits, pathways, modes)
    amounts = [_amount(deficit, t, modes, dtype) for deficit in deficits]
    return _combine(deficits, amounts, pathways, (modes,), dtype)


def matrix_gates(
    deficits: Deficits,
    t: ArrayLike,
    pathways: int,
    rows: int,
    columns: int,
    dtype: DTypeLike = float,
) -> Gates:
    """The same gates on whole maps, written in the task's singular basis: shape (P, o, i).

    Entry (j, alpha) of pathway a's map $U^T \\Omega_a V$ carries input mode alpha to output
    mode j. Input deficits gate columns; a lesion cuts row and column of its mode.

    >>> matrix_gates(Deficit("lesion", 0, modes=(1,)), 0.0, 1, 2, 2).signal[0].tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    deficits = listed(deficits, pathways, min(rows, columns))
    amounts = []
    for deficit in deficits:
        columnwise = _amount(deficit, t, columns, dtype)[None, :]
        if deficit.kind == "lesion":
            columnwise = jnp.maximum(columnwise, _amount(deficit, t, rows, dtype)[:, None])
        amounts.append(jnp.broadcast_to(columnwise, (rows, columns)))
    return _combine(deficits, amounts, pathways, (rows, columns), dtype)


def residual(
    k: Float[Array, " P *mode"], s: Float[Array, " *mode"], gate: Gates
) -> Float[Array, " P *mode"]:
    """What is left to learn, as each pathway sees it: $r_a = m_a S - \\sum_b c_{ab} K_b$.

    Args:
        k: strengths K, (P, r), or maps in the singular basis, (P, o, i).
        s: the target in the same form, (r,) or (o, i).
        gate: from `gates` or `matrix_gates`.

    >>> gate = gates(Deficit("decorrelate", 1), 0.0, 2, 1)
    >>> residual(jnp.array([[0.5], [0.25]]), jnp.array([3.0]), gate).ravel().tolist()
    [2.5, -0.25]
    """
    _check_gates(gate, k=k)
    o, q, g = gate
    require("s", s, shape=jnp.shape(k)[1:])
    rest = s - jnp.sum(o * k, axis=0)
    return g * (o * rest[None] + (o**2 - q) * k)


def couplings(gate: Gates) -> tuple[Float[Array, " P *mode"], Float[Array, " P P *mode"]]:
    """The coefficients m_a and c_ab of the residual $r_a = m_a S - \\sum_b c_{ab} K_b$.

    >>> m, c = couplings(gates(Deficit("blur", 1, strength=0.5), 0.0, 2, 1))
    >>> print(m.ravel(), c[..., 0].tolist())
    [1.  0.5] [[1.0, 0.5], [0.5, 0.25]]
    """
    _check_gates(gate)
    o, q, g = gate
    c = (g * o)[:, None] * o[None, :]
    own = jnp.arange(o.shape[0])
    return g * o, c.at[own, own].set(g * q)


def _check_gates(gate, **others):
    if not isinstance(gate, tuple) or len(gate) != 3 or jnp.ndim(gate[0]) < 2:
        raise ValueError(f"gate is {gate!r}; allowed: Gates, from `gates` or `matrix_gates`")
    for name, value in others.items():
        require(name, value, shape=gate[0].shape)


def in_steps(deficits: Deficits, lr: ArrayLike) -> tuple[Deficit, ...]:
    """Deficits whose windows are counted in updates, rounded to the nearest one.

    >>> early, = in_steps(Deficit("freeze", 1, start=0.0, stop=0.3), lr=0.1)
    >>> float(early.stop)
    3.0
    """

    def count(edge):
        return jnp.round(jnp.asarray(edge, float) / jnp.asarray(lr, float))

    return tuple(replace(d, start=count(d.start), stop=count(d.stop)) for d in listed(deficits))


def listed(
    deficits: Deficits, pathways: int | None = None, modes: int | None = None
) -> tuple[Deficit, ...]:
    """Deficits as a tuple, each of them checked to fit P pathways and r modes.

    >>> listed(Deficit("freeze", 2), pathways=2)
    Traceback (most recent call last):
    ...
    ValueError: pathway of a deficit is 2; allowed: a whole number at least 0 and below 2
    """
    deficits = (deficits,) if isinstance(deficits, Deficit) else deficits
    if not isinstance(deficits, tuple | list | None):
        raise ValueError(f"deficits is {deficits!r}; allowed: Deficit or several of them")
    deficits = tuple(deficits or ())
    for deficit in deficits:
        if not isinstance(deficit, Deficit):
            raise ValueError(f"deficits holds {deficit!r}; allowed: Deficit or several of them")
        if pathways is not None:
            require("pathway of a deficit", deficit.pathway, low=0, below=pathways, integer=True)
        if modes is not None and deficit.modes:
            require("modes of a deficit", deficit.modes, low=0, below=modes, integer=True)
    return deficits


def _amount(deficit: Deficit, t: ArrayLike, size: int, dtype: DTypeLike) -> Float[Array, " size"]:
    """How much of each of `size` directions the deficit takes at time t."""
    t = jnp.asarray(t, float)
    active = (jnp.asarray(deficit.start, float) <= t) & (t < jnp.asarray(deficit.stop, float))
    strength = jnp.asarray(deficit.strength, dtype)
    if deficit.modes is None:
        profile = jnp.broadcast_to(strength, (size,))
    else:
        profile = jnp.zeros(size, dtype).at[jnp.array(deficit.modes, int)].set(strength)
    return jnp.where(active, profile, jnp.zeros_like(profile))


def _combine(
    deficits: tuple[Deficit, ...],
    amounts: list[Array],
    pathways: int,
    shape: tuple[int, ...],
    dtype: DTypeLike,
) -> Gates:
    whole = jnp.ones((pathways, *shape), dtype)
    signal, power, plasticity = whole, whole, whole
    for deficit, amount in zip(deficits, amounts, strict=True):
        left = 1 - amount
        at = deficit.pathway
        if deficit.kind == "freeze":
            plasticity = plasticity.at[at].multiply(left)
            continue
        signal = signal.at[at].multiply(left)
        if deficit.kind == "silence":
            power = power.at[at].multiply(left)
        elif deficit.kind in ("blur", "lesion"):
            power = power.at[at].multiply(left**2)
    return Gates(signal, power, plasticity)
