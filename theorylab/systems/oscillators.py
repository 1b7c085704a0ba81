"""Phase oscillators: columns of many, their mean field, and the one box that can stand for them."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.require import require, whole
from theorylab.systems.boxes import lens, vectorfield
from theorylab.systems.system import System
from theorylab.systems.wires import R, Wire


def column_wire() -> Wire:
    r"""The interface of a column: it shows its mean field $(r\cos\psi, r\sin\psi)$, receives $K$.

    >>> print(column_wire())
    R^2·y^R
    """
    return Wire(R(2).pos, R().pos)


def lorentzian(
    cells: int, centre: float | Array, half_width: float | Array
) -> Float[Array, " cells"]:
    r"""Frequencies at the quantiles $(j - \frac12)/N$ of a Lorentzian distribution, (cells,).

    Args:
        cells: their number N, at least 1.
        centre, half_width: in the unit of the result, for example rad/s; the half-width is not
            negative.

    Raises:
        ValueError: one of them is not allowed.

    >>> lorentzian(3, 0.0, 1.0).round(3).tolist()
    [-1.732, 0.0, 1.732]
    """
    require("centre", centre)
    require("half_width", half_width, low=0)
    return centre + half_width * jnp.tan(jnp.pi * (_quantiles(cells) - 0.5))


@references("ott2008low")
def coherent_phases(
    key: Array, cells: int, order: float | Float[Array, ""]
) -> Float[Array, " cells"]:
    r"""Phases whose mean field is `order`, dealt out at random, (cells,), in $(-\pi, \pi)$.

    They are the quantiles of the distribution $\propto (1 - r^2)/(1 + r^2 - 2r\cos\theta)$, which
    belongs to the manifold of Ott and Antonsen if it is independent of the frequencies.

    Args:
        key: who gets which phase.
        cells: their number, at least 1.
        order: the order parameter $r$, from 0 to 1.

    Raises:
        ValueError: the order is outside.

    Source: `ott2008low`.
    """
    require("order", order, low=0, high=1)
    narrow = (1 - order) / (1 + order)
    phases = 2 * jnp.arctan(narrow * jnp.tan(jnp.pi * (_quantiles(cells) - 0.5)))
    return jax.random.permutation(key, phases)


def _quantiles(cells: int) -> Float[Array, " cells"]:
    cells = whole("cells", cells, low=1)
    return (jnp.arange(float(cells)) + 0.5) / cells


@references("ott2008low")
def column(name: str, frequencies: Float[ArrayLike, " cells"], order: float | Array) -> System:
    r"""Oscillators behind their mean field: $\theta_j' = \omega_j + K r \sin(\psi - \theta_j)$.

    Many oscillators, each with a push of its own, followed by the lens that shows only the mean
    $r e^{i\psi}$ of the $e^{i\theta_j}$, and turns the coupling $K$ that comes back into a push for
    each. The start is `coherent_phases`.

    Args:
        name: the box's name, unique within a diagram.
        frequencies: the natural frequencies $\omega_j$, (cells,), in rad per unit of time.
        order: the order parameter at the start, from 0 to 1.

    Returns:
        A flow from nothing to `column_wire()`.

    Raises:
        ValueError: the order is outside, or the frequencies are not a vector of finite numbers.

    >>> column("a", lorentzian(500, 0.0, 1.0), 0.5)
    System(y -> R^2·y^R, state in a)
    """
    require("frequencies", frequencies, shape=(None,))
    require("order", order, low=0, high=1)
    speeds = jnp.asarray(frequencies)
    cells = R(len(speeds))
    oscillators = vectorfield(
        name,
        lambda key: coherent_phases(key, len(speeds), order),
        lambda phases: phases,
        lambda phases, push: speeds + push,
        cells,
    )
    return oscillators >> lens((cells,), (column_wire(),), _mean, _pushes, "mean field")


def _mean(phases: Array) -> tuple[Array]:
    return (jnp.stack([jnp.cos(phases).mean(), jnp.sin(phases).mean()]),)


def _pushes(positions: tuple, directions: tuple) -> tuple[Array]:
    (phases,), (coupling,) = positions, directions
    (mean,) = _mean(phases)
    return (coupling * (mean[1] * jnp.cos(phases) - mean[0] * jnp.sin(phases)),)


@references("ott2008low")
def reduced_column(
    name: str, centre: float | Array, half_width: float | Array, order: float | Array
) -> System:
    r"""A column of infinitely many oscillators with Lorentzian frequencies, in two numbers.

    The order parameter moves as $r' = -\Delta r + \frac K2 r (1 - r^2)$, compiled from the
    derivation, and its phase as $\psi' = \omega_0$. The interface is that of `column`, so the one
    can be exchanged for the other in any diagram.

    Args:
        name: the box's name, unique within a diagram.
        centre: $\omega_0$, in rad per unit of time.
        half_width: $\Delta$, in the same unit.
        order: the order parameter at the start, from 0 to 1.

    Raises:
        ValueError: the order is outside, or the half-width is negative.

    Source: `ott2008low`.

    >>> reduced_column("a", 0.0, 1.0, 0.5)
    System(y -> R^2·y^R, state in a)
    """
    require("half_width", half_width, low=0)
    require("order", order, low=0, high=1)

    def flow(state: Array, coupling: Array) -> Array:
        speed_of = symbolic.compiled("systems/oscillators/order", args=("r", "K", "Delta"))
        speed = speed_of(state[0], coupling, half_width)
        return jnp.stack([speed, jnp.full_like(speed, centre)])

    def readout(state: Array) -> Array:
        return state[0] * jnp.stack([jnp.cos(state[1]), jnp.sin(state[1])])

    def init(key: Array) -> Array:
        return jnp.stack([jnp.asarray(order, float), jnp.zeros(())])

    return vectorfield(name, init, readout, flow, column_wire())


@references("tort2010measuring")
def modulation_index(
    phase: Float[ArrayLike, " ticks"], amplitude: Float[ArrayLike, " ticks"], bins: int = 18
) -> tuple[Float[Array, ""], Float[Array, " bins"]]:
    r"""How far a fast rhythm's amplitude depends on the phase of a slow one.

    With $p_b$ the mean amplitude in bin $b$ of the phase, over the sum of these means, the index is
    $1 + \sum_b p_b \log p_b / \log B$: 0 if the amplitude is the same at every phase, 1 if all of
    it is in one bin.

    Args:
        phase: of the slow rhythm, in rad, (ticks,); any multiple of $2\pi$ may be added.
        amplitude: of the fast rhythm, not negative, (ticks,).
        bins: their number B, at least 2, of equal width from 0 to $2\pi$.

    Returns:
        The index, and the shares $p_b$, (bins,). Both are NaN if a bin is empty, or if
        there is no amplitude at all.

    Raises:
        ValueError: fewer than two bins, an amplitude below 0, or not one for each phase.

    Source: `tort2010measuring`.

    >>> phase = jnp.arange(360.0) / 360 * 2 * jnp.pi
    >>> index, shares = modulation_index(phase, 1 + jnp.cos(phase), bins=4)
    >>> print(f"{index:.3f}", shares.round(2))
    0.158 [0.41 0.09 0.09 0.41]
    """
    bins = whole("bins", bins, low=2)
    require("amplitude", amplitude, low=0, shape=jnp.shape(phase))
    turn = 2 * jnp.pi
    place = jnp.floor(jnp.asarray(phase) % turn / turn * bins).astype(int)
    inside = jax.nn.one_hot(jnp.minimum(place, bins - 1), bins)
    means = jnp.asarray(amplitude) @ inside / inside.sum(axis=0)
    shares = means / means.sum()
    return 1 - jax.scipy.special.entr(shares).sum() / jnp.log(bins), shares
