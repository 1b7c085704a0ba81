"""Neurons with active dendrites, as Flax modules: hard segments, k winners, gated units."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.sdr.patterns import random_patterns


@references("ahmad2016neurons", "hawkins2016synapses")
class BinarySegmentNeuron(nnx.Module):
    """Neurons that fire when any of their segments has at least theta active synapses.

    $$z_u = \\max_g\\; [\\,|D_{ug} \\cap A| \\ge \\theta\\,].$$

    Args:
        synapses: presynaptic cells of each segment, `[U, G, s]`.
        theta: threshold, inclusive; 1 to s.

    Raises:
        ValueError: theta is not allowed.

    Source: the neuron of hawkins2016synapses, Fig. 1; ahmad2016neurons, section 3.

    >>> neuron = BinarySegmentNeuron(jnp.array([[[0, 1], [2, 3]]]), theta=2)
    >>> neuron(jnp.array([[True, True, False, False], [True, False, True, False]])).tolist()
    [[True], [False]]
    """

    def __init__(self, synapses: Int[Array, "U G s"], theta: int):
        require("theta", theta, low=1, high=synapses.shape[-1], integer=True)
        self.synapses = nnx.Variable(synapses)
        self.theta = theta

    def overlaps(self, active: Bool[Array, "B n"]) -> Int[Array, "B U G"]:
        """Active synapses of every segment, one pattern at a time."""
        cells = self.synapses[...]
        return jax.lax.map(lambda row: jnp.sum(row[cells], axis=-1, dtype=jnp.int32), active)

    def __call__(self, active: Bool[Array, "B n"]) -> Bool[Array, "B U"]:
        """Which neurons fire, for dense patterns of activity."""
        return jnp.any(self.overlaps(active) >= self.theta, axis=-1)


def k_winners(x: Float[Array, "*batch U"], k: int) -> Bool[Array, "*batch U"]:
    """Which k units of each row are largest; ties go to the lower index.

    Args:
        x: activities.
        k: number of winners, 0 to U.

    Raises:
        ValueError: k is not allowed.

    >>> k_winners(jnp.array([0.1, 0.3, 0.2]), 2).tolist()
    [False, True, True]
    """
    units = x.shape[-1]
    require("k", k, low=0, high=units, integer=True)
    rows = x.reshape((-1, units))
    best = jax.lax.top_k(rows, k)[1]
    wins = jnp.zeros(rows.shape, bool).at[jnp.arange(rows.shape[0])[:, None], best].set(True)
    return wins.reshape(x.shape)


@references("ahmad2019dense")
class KWinners(nnx.Module):
    """Keeps the k largest activities of a layer and sets the others to zero.

    With boosting, units that won rarely are favoured: the winners are those of
    $x_i\\, e^{\\beta (k/U - d_i)}$, where the duty cycle $d_i$ is a running mean of how often unit
    i won. The values passed on are not boosted.

    Args:
        units: number U of units.
        k: number of winners.
        boost: strength $\\beta$, at least 0; 0 is plain k-winners.
        rate: weight of the newest batch in the duty cycle, above 0 and at most 1.

    Raises:
        ValueError: a number is not allowed.

    Source: ahmad2019dense, section 4 (k-winners and boosting).

    >>> layer = KWinners(3, k=1)
    >>> layer(jnp.array([[0.25, 0.5, 0.125]])).tolist()
    [[0.0, 0.5, 0.0]]
    """

    def __init__(self, units: int, k: int, boost: float = 0.0, rate: float = 1e-3):
        require("units", units, low=1, integer=True)
        require("k", k, low=0, high=units, integer=True)
        require("boost", boost, low=0.0)
        require("rate", rate, above=0.0, high=1.0)
        self.k, self.boost, self.rate = k, boost, rate
        self.duty = nnx.BatchStat(jnp.full((units,), k / units))

    def __call__(self, x: Float[Array, "B U"], train: bool = False) -> Float[Array, "B U"]:
        """The activities with all but k of each row at zero; `train` updates the duty cycle."""
        duty = self.duty[...].astype(x.dtype)
        favour = jnp.exp(self.boost * (self.k / duty.size - duty))
        wins = k_winners(x * favour[None, :], self.k)
        if train:
            shares = jnp.mean(wins.astype(duty.dtype), axis=0)
            self.duty[...] = ((1 - self.rate) * duty + self.rate * shares).astype(
                self.duty[...].dtype
            )
        return jnp.where(wins, x, jnp.zeros((), x.dtype))


class ActiveDendriteLayer(nnx.Module):
    """A linear layer whose units are gated by the best of their dendritic segments.

    $$y = W x + \\beta, \\quad d_{ug} = w_{ug} \\cdot c, \\quad
      g^* = \\arg\\max_g |d_{ug}|, \\quad
      z = \\mathrm{kWTA}\\big( y_u\\, \\sigma(d_{u g^*}) \\big).$$

    Each segment sees a fixed random part of the context c. Only the winning segment of a
    winning unit gets a gradient, which is what keeps contexts apart.

    Args:
        inputs: length of x.
        units: number U of units.
        segments: segments G of each unit.
        context: length C of the context.
        k: winners.
        sparsity: share of the context that a segment does *not* see, 0 to below 1.
        rngs: Flax random streams; `params` is used.

    Raises:
        ValueError: a number is not allowed.

    Source: iyer2022avoiding; k-winners as in ahmad2019dense.

    >>> layer = ActiveDendriteLayer(4, 6, 2, 3, k=2, rngs=nnx.Rngs(0))
    >>> layer(jnp.ones((1, 4)), jnp.ones((1, 3))).shape
    (1, 6)
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        segments: int,
        context: int,
        *,
        k: int,
        sparsity: float = 0.0,
        rngs: nnx.Rngs,
    ):
        sizes = {"inputs": inputs, "units": units, "segments": segments, "context": context}
        for name, value in sizes.items():
            require(name, value, low=1, integer=True)
        require("k", k, low=0, high=units, integer=True)
        require("sparsity", sparsity, low=0.0, below=1.0)
        seen = max(1, round((1 - sparsity) * context))
        precision = jnp.result_type(float)
        self.linear = nnx.Linear(inputs, units, param_dtype=precision, rngs=rngs)
        self.mask = nnx.Variable(_mask(rngs.params(), units, segments, context, seen))
        scale = 1 / seen**0.5
        draw = jax.random.uniform(rngs.params(), (units, segments, context), minval=-1.0)
        self.segments = nnx.Param(scale * draw * self.mask[...].astype(draw.dtype))
        self.k = k

    def dendrites(self, context: Float[Array, "B C"]) -> Float[Array, "B U G"]:
        """Drive of every segment."""
        weights = self.segments[...] * self.mask[...].astype(self.segments[...].dtype)
        return jnp.einsum("bc,ugc->bug", context, weights)

    def __call__(self, x: Float[Array, "B I"], context: Float[Array, "B C"]) -> Float[Array, "B U"]:
        """Gated activities, all but k of them zero."""
        drive = self.dendrites(context)
        best = jnp.argmax(jnp.abs(drive), axis=-1, keepdims=True)
        gate = jax.nn.sigmoid(jnp.take_along_axis(drive, best, axis=-1)[..., 0])
        y = self.linear(x) * gate
        return jnp.where(k_winners(y, self.k), y, jnp.zeros((), y.dtype))


def _mask(
    key: PRNGKeyArray, units: int, segments: int, context: int, seen: int
) -> Bool[Array, "U G C"]:
    rows = random_patterns(key, context, seen, units * segments)
    dense = jnp.zeros((units * segments, context), bool)
    dense = dense.at[jnp.arange(units * segments)[:, None], rows].set(True)
    return dense.reshape(units, segments, context)
