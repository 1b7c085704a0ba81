"""Initial connectivity with features that experiments report: signs, sparsity, space, motifs.

The recipes are ours. liu2024connectivity starts networks from such statistics too, but we could
not read its parameters; each recipe here is the plainest that has the feature, and is brought to
the Frobenius norm $g\\sqrt{n}$ of a Gaussian matrix of the same gain, so that only the structure
differs. $W_{ij}$ leads from unit j to unit i; `orientation` as in `initialisers`.
"""

from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Real

from theorylab.lab.arrays import Scalar
from theorylab.lab.require import require, whole
from theorylab.rich_lazy.initialisers import Initialiser, gaussian, oriented
from theorylab.rich_lazy.rescaling import rescale

WEIGHTS = ("normal", "lognormal")

#: Excitatory, PV, SST and VIP cells: shares, connection probabilities (to, from) and signs, in the
#: range reported for layer 2/3 of mouse visual cortex. Illustrative: remembered, not looked up.
CORTEX = MappingProxyType(
    {
        "fractions": np.array([0.80, 0.09, 0.06, 0.05]),
        "probs": np.array(
            [
                [0.160, 0.411, 0.424, 0.087],
                [0.395, 0.451, 0.857, 0.020],
                [0.182, 0.030, 0.082, 0.625],
                [0.105, 0.220, 0.770, 0.028],
            ]
        ),
        "strengths": np.array([[1.0, 4.0, 4.0, 4.0]] * 4),
        "signs": np.array([1, -1, -1, -1]),
    }
)


def _sized(draw, gain, orientation):
    """The initialiser whose matrices are those drawn, at Frobenius norm $g\\sqrt{post}$."""
    require("gain", gain, above=0, shape=())

    def scaled(key, post, pre, dtype):
        size = jnp.asarray(gain, dtype) * jnp.sqrt(jnp.asarray(post, dtype))
        return rescale(draw(key, post, pre, dtype), fro=size)

    return oriented(scaled, orientation)


def _positive(key, shape, dtype, weights):
    values = jax.random.normal(key, shape, dtype)
    return jnp.abs(values) if weights == "normal" else jnp.exp(values)


def dale(
    frac_inh: float = 0.2,
    balanced: bool = True,
    dist: str = "normal",
    gain: Scalar = 1.25,
    orientation: str = "post_pre",
) -> Initialiser:
    """Dale's law: all synapses that a unit makes have one sign.

    The last `frac_inh` of the presynaptic units are inhibitory. Their weights are made
    $(1-f)/f$ times as strong if `balanced`, so that a row sums to zero on average; where f is not a
    whole number of units it is rounded to one, and the sum is only near zero.

    Args:
        frac_inh: f, above 0 and below 1.
        balanced: whether inhibition weighs as much as excitation.
        dist: of the absolute values, "normal" (half of it) or "lognormal" (of parameters 0, 1).
        gain: g.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, so few units that all have one
            sign.

    >>> w = dale(0.25)(jax.random.key(0), (8, 8))
    >>> bool((w[:, :6] >= 0).all() and (w[:, 6:] <= 0).all())
    True
    """
    require("frac_inh", frac_inh, above=0, below=1, shape=())
    require("balanced", balanced, choices=(False, True))
    require("dist", dist, choices=WEIGHTS)
    inhibition = (1 - frac_inh) / frac_inh if balanced else 1.0

    def draw(key, post, pre, dtype):
        first = pre - round(frac_inh * pre)
        if first in (0, pre):
            raise ValueError(
                f"frac_inh is {frac_inh} of {pre} units; allowed: some units of either sign"
            )
        sign = jnp.where(jnp.arange(pre) < first, 1.0, -inhibition).astype(dtype)
        return _positive(key, (post, pre), dtype, dist) * sign[None, :]

    return _sized(draw, gain, orientation)


def sparse(p: Scalar = 0.2, gain: Scalar = 1.25, orientation: str = "post_pre") -> Initialiser:
    """Gaussian weights, of which each is kept with probability p.

    Args:
        p: connection probability, above 0 and at most 1; may be traced.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, if no connection was drawn,
            which inside `jit` gives what is not a number.

    >>> w = sparse(0.1)(jax.random.key(0), (50, 50))
    >>> 0.05 < float((w != 0).mean()) < 0.15
    True
    """
    require("p", p, above=0, high=1, shape=())

    def draw(key, post, pre, dtype):
        kept, values = jax.random.split(key)
        mask = jax.random.uniform(kept, (post, pre), dtype) < jnp.asarray(p, dtype)
        return gaussian(values, post, pre, dtype) * mask.astype(dtype)

    return _sized(draw, gain, orientation)


def distance_dependent(
    p: float = 0.2,
    length: float = 0.1,
    dim: int = 2,
    periodic: bool = True,
    positive: bool = False,
    gain: Scalar = 1.25,
    orientation: str = "post_pre",
) -> Initialiser:
    """Connection probability that falls with distance as $e^{-r/\\ell}$.

    Units lie at random in the unit cube. The probability is scaled to the mean p, and where that
    would exceed one it is one: the mean then is lower, the more so the shorter $\\ell$. With the
    defaults it is about 0.17 and not 0.2; with p = 1 it is about 0.45.

    Args:
        p: mean connection probability, above 0 and at most 1.
        length: $\\ell$, in sides of the cube.  dim: dimensions of space.
        periodic: opposite sides of the cube are one (no border).
        positive: weights are all positive; else they are Gaussian.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, a matrix that is not square.

    >>> distance_dependent(0.2)(jax.random.key(0), (30, 30)).shape
    (30, 30)
    """
    require("p", p, above=0, high=1, shape=())
    require("length", length, above=0, shape=())
    dim = whole("dim", dim, low=1)
    for name, flag in (("periodic", periodic), ("positive", positive)):
        require(name, flag, choices=(False, True))

    def draw(key, post, pre, dtype):
        _square(post, pre)
        places, kept, values = jax.random.split(key, 3)
        x = jax.random.uniform(places, (pre, dim), dtype)
        away = jnp.abs(x[:, None, :] - x[None, :, :])
        if periodic:
            away = jnp.minimum(away, 1 - away)
        near = jnp.exp(-jnp.sqrt(jnp.sum(away**2, axis=2)) / length)
        mask = jax.random.uniform(kept, (post, pre), dtype) < near * (p / near.mean())
        w = jax.random.normal(values, (post, pre), dtype)
        return (jnp.abs(w) if positive else w) * mask.astype(dtype)

    return _sized(draw, gain, orientation)


def chain_motif(
    rho: float = 0.5, amp: float = 0.3, gain: Scalar = 1.25, orientation: str = "post_pre"
) -> Initialiser:
    """Over-represented chains: units that receive much also send much.

    $W_{ij} \\propto z_{ij} + a\\,(u_i + v_j)$ with standard normal z, u and v; $u_i$ raises all
    that unit i receives, $v_j$ all that unit j sends, and $\\mathrm{corr}(u_i, v_i) = \\rho$. Two
    links of a chain, $W_{ij}$ and $W_{jk}$, then have the covariance $a^2\\rho$.

    Args:
        rho: from -1 to 1; below 0 chains are under-represented.  amp: a, at least 0.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, a matrix that is not square.

    >>> chain_motif(0.9, 0.5)(jax.random.key(0), (30, 30)).shape
    (30, 30)
    """
    require("rho", rho, low=-1, high=1, shape=())
    require("amp", amp, low=0, shape=())

    def draw(key, post, pre, dtype):
        _square(post, pre)
        noise, receives, sends = jax.random.split(key, 3)
        u = jax.random.normal(receives, (post,), dtype)
        v = rho * u + (1 - rho**2) ** 0.5 * jax.random.normal(sends, (post,), dtype)
        return jax.random.normal(noise, (post, pre), dtype) + amp * (u[:, None] + v[None, :])

    return _sized(draw, gain, orientation)


def cell_type(
    probs: Real[ArrayLike, "k k"] = CORTEX["probs"],
    strengths: Real[ArrayLike, "k k"] = CORTEX["strengths"],
    fractions: Real[ArrayLike, " k"] = CORTEX["fractions"],
    signs: Real[ArrayLike, " k"] = CORTEX["signs"],
    gain: Scalar = 1.25,
    orientation: str = "post_pre",
) -> Initialiser:
    """Blocks of cell types: connection probability, strength and sign depend on the two types.

    The absolute values are lognormal (of parameters 0, 1) times the strength of the block.

    Args:
        probs: connection probabilities (to, from), (k, k).  strengths: at least 0, (k, k).
        fractions: shares of the types, (k,), with sum 1; units are in the order of the types.
        signs: of what each type sends, 1 or -1, (k,).
        gain: g. The defaults are `CORTEX`.

    Raises:
        ValueError: an argument is not allowed; by the initialiser, a matrix that is not square.

    >>> w = cell_type()(jax.random.key(0), (40, 40))
    >>> bool((w[:, :32] >= 0).all() and (w[:, 32:] <= 0).all())
    True
    """
    require("fractions", fractions, shape=(None,))
    k = len(fractions)
    require("probs", probs, shape=(k, k))
    require("probs", probs, low=0, high=1)
    require("strengths", strengths, shape=(k, k))
    require("strengths", strengths, low=0)
    require("fractions", fractions, low=0, high=1)
    require("signs", signs, shape=(k,))
    for sign in signs:
        require("a sign", float(sign), choices=(1.0, -1.0))
    if abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"fractions sum to {sum(fractions)}; allowed: 1")
    ends = np.cumsum(np.asarray(fractions, float))

    def draw(key, post, pre, dtype):
        _square(post, pre)
        kind = np.searchsorted(np.round(ends * pre), np.arange(pre), side="right")
        kind = np.minimum(kind, k - 1)
        block = np.ix_(kind, kind)
        kept, values = jax.random.split(key)
        mask = jax.random.uniform(kept, (post, pre), dtype) < np.asarray(probs)[block].astype(dtype)
        weight = np.asarray(strengths, float)[block] * np.asarray(signs, float)[kind][None, :]
        w = _positive(values, (post, pre), dtype, "lognormal") * weight.astype(dtype)
        return w * mask.astype(dtype)

    return _sized(draw, gain, orientation)


def _square(post, pre):
    if post != pre:
        raise ValueError(f"a matrix of {post} x {pre}; allowed: square, of one population")
