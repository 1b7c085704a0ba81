"""Design: which threshold, how many synapses, how large a population a given reliability needs."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import is_traced
from theorylab.lab.require import require
from theorylab.sdr.arrays import evaluate, ordered, single, whole
from theorylab.sdr.noise import log_false_negative
from theorylab.sdr.tails import (
    TERMS,
    _log_tail,
    at_most,
    check_cells,
    log_false_positive,
    sum_length,
)
from theorylab.sdr.unions import METHODS, Method, log_union_fp, plugin_size


class Threshold(NamedTuple):
    """A threshold and the log of what it costs."""

    theta: Int[Array, "..."]
    log_cost: Float[Array, "..."]


class Synapses(NamedTuple):
    """A number of synapses and the range of thresholds that serve."""

    s: int
    theta_low: int
    theta_high: int


class Frontier(NamedTuple):
    """Both errors at every threshold: one point of the trade-off each."""

    theta: Int[Array, " t"]
    log_fp: Float[Array, " t"]
    log_fn: Float[Array, " t"]


def min_threshold(n: ArrayLike, a: ArrayLike, s: ArrayLike, eps: ArrayLike) -> Int[Array, "..."]:
    """Least threshold at which the false-positive probability is at most eps.

    $$\\theta_{\\min} = \\min\\{\\theta : \\mathrm{FP}(n,a,s,\\theta) \\le \\varepsilon\\},$$

    the Neyman-Pearson choice: of all thresholds that keep false positives below eps it misses
    fewest. By bisection, since FP falls with theta (claim `sdr/scaling/law-theta`). An FP that
    equals eps to rounding is allowed.

    Args:
        n, a, s: as in `log_false_positive`.
        eps: bound, in (0, 1).

    Returns:
        whole numbers from 1 to min(a, s) + 1, in the broadcast shape.

    Raises:
        ValueError: as in `log_false_positive`; eps outside (0, 1).

    Source: ahmad2016neurons for the question; claim `sdr/scaling/law-theta`.

    >>> min_threshold(10_000, 200, 30, 1e-9).tolist()
    10
    """
    check_cells(n, a, s)
    require("eps", eps, above=0.0, below=1.0)
    terms = TERMS if is_traced(n, a, s) else sum_length(np.minimum(a, s))
    return evaluate(_least_safe, n, a, s, eps, terms=terms).astype(int)


def max_threshold(a: ArrayLike, s: ArrayLike, v: ArrayLike, delta: ArrayLike) -> Int[Array, "..."]:
    """Largest threshold at which a disturbed stored pattern is missed with at most delta.

    A probability that equals delta to rounding is allowed.

    Args:
        a, s, v: as in `log_false_negative`.
        delta: bound on the false-negative probability, in (0, 1).

    Returns:
        whole numbers from 0 to s, in the broadcast shape.

    Raises:
        ValueError: as in `log_false_negative`; delta outside (0, 1).

    >>> max_threshold(200, 30, 60, 1e-3).tolist()
    14
    """
    whole(a=a, s=s, v=v)
    ordered("s", s, "a", a)
    ordered("v", v, "a", a)
    require("delta", delta, above=0.0, below=1.0)
    terms = TERMS if is_traced(s) else sum_length(s)
    return evaluate(_most_robust, a, s, v, delta, terms=terms).astype(int)


def optimal_threshold(
    n: ArrayLike,
    a: ArrayLike,
    s: ArrayLike,
    v: ArrayLike,
    w_fp: ArrayLike = 1.0,
    w_fn: ArrayLike = 1.0,
) -> Threshold:
    """Threshold with the least cost of both kinds of error.

    $$\\theta^* = \\arg\\min_\\theta\\; w_{fp}\\,\\mathrm{FP}(n,a,s,\\theta) +
    w_{fn}\\,\\mathrm{FN}(a,s,v,\\theta).$$

    Prior probabilities go into the weights. All thresholds are compared; `chernoff_point` says
    about where the best lies.

    Args:
        n, a, s: as in `log_false_positive`, with s at most a.
        v: noise, in cells, at most a ("swap").
        w_fp, w_fn: weights above 0.

    Returns:
        the least of the best thresholds, 0 to s + 1, and the log of the cost.

    Raises:
        ValueError: as in `log_false_positive` and `log_false_negative`; a weight that is not
            positive; a traced argument.

    Source: derived here; derivation `sdr/thresholds`.

    >>> best = optimal_threshold(10_000, 200, 30, 60)
    >>> int(best.theta), round(float(jnp.exp(best.log_cost)) * 1e7, 3)
    (8, 1.004)
    """
    for name, value in (("n", n), ("a", a), ("s", s), ("v", v)):
        if is_traced(value):
            raise ValueError(f"{name} is traced; allowed: a number known before compilation")
    require("w_fp", w_fp, above=0.0)
    require("w_fn", w_fn, above=0.0)
    whole(s=s)
    n, a, s, v, w_fp, w_fn = (
        np.asarray(x)[..., None] for x in np.broadcast_arrays(n, a, s, v, w_fp, w_fn)
    )
    theta = np.arange(int(np.max(s, initial=0)) + 2)
    log_fp = log_false_positive(n, a, s, theta)
    log_fn = log_false_negative(a, s, v, theta)
    w_fp, w_fn = (jnp.asarray(np.log(w), log_fp.dtype) for w in (w_fp, w_fn))
    cost = jnp.logaddexp(w_fp + log_fp, w_fn + log_fn)
    return Threshold(jnp.argmin(cost, axis=-1), jnp.min(cost, axis=-1))


def min_synapses(n: int, a: int, v: int, eps: float, delta: float) -> Synapses:
    """Fewest synapses with which some threshold keeps both errors small.

    The least s with $\\mathrm{FP}(n,a,s,\\theta) \\le \\varepsilon$ and
    $\\mathrm{FN}(a,s,v,\\theta) \\le \\delta$ for some theta.

    Args:
        n, a: as in `log_false_positive`, one number each.
        v: noise, in cells, at most a ("swap").
        eps, delta: bounds on the two errors, in (0, 1).

    Returns:
        s, and the least and the largest threshold that serve.

    Raises:
        ValueError: as in `min_threshold`; no s up to a is enough; an array or traced argument.

    Source: derived here.

    >>> min_synapses(10_000, 100, 40, 1e-9, 1e-3)
    Synapses(s=24, theta_low=8, theta_high=8)
    """
    single(n=n, a=a, v=v, eps=eps, delta=delta)
    s = np.arange(1, int(a) + 1)
    low = np.asarray(min_threshold(n, a, s, eps))
    high = np.asarray(max_threshold(a, s, v, delta))
    served = np.flatnonzero(low <= high)
    if not served.size:
        raise ValueError(
            f"no number of synapses up to a = {a} keeps false positives below {eps} and false "
            f"negatives below {delta} with v = {v}; allow larger errors, less noise or a larger n"
        )
    first = served[0]
    return Synapses(int(s[first]), int(low[first]), int(high[first]))


def min_population(a: int, s: int, theta: int, eps: float) -> int:
    """Smallest population in which the false-positive probability is at most eps.

    By bisection, since FP falls with n (claim `sdr/scaling/law-n`). In single precision n is
    right to about 4 digits.

    Args:
        a, s: as in `log_false_positive`, one number each.
        theta: threshold, at least 1.
        eps: bound, in (0, 1).

    Raises:
        ValueError: numbers outside these ranges; an array or traced argument.

    Source: claim `sdr/scaling/law-n`.

    >>> min_population(128, 24, 12, 1e-12)
    4103
    """
    single(a=a, s=s, theta=theta, eps=eps)
    whole(a=a, s=s)
    whole(low=1, theta=theta)
    require("eps", eps, above=0.0, below=1.0)
    low = max(int(a), int(s), 1)

    def safe(n):
        return bool(at_most(log_false_positive(n, a, s, theta), np.log(eps)))

    if safe(low):
        return low
    high = 2 * low
    while not safe(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if safe(middle) else (middle, high)
    return high


def frontier(n: int, a: int, s: int, v: int) -> Frontier:
    """False positives against false negatives, over all thresholds: the operating curve.

    Args:
        n, a, s, v: as in `log_false_positive` and `log_false_negative`, one number each; s and
            v at most a.

    Returns:
        theta from 0 to s + 1, and the logs of both errors.

    Raises:
        ValueError: as in those functions; an array or traced argument.

    Source: derived here.

    >>> frontier(10_000, 200, 30, 60).log_fp.shape
    (32,)
    """
    single(n=n, a=a, s=s, v=v)
    whole(s=s)
    theta = np.arange(int(s) + 2)
    return Frontier(
        jnp.asarray(theta), log_false_positive(n, a, s, theta), log_false_negative(a, s, v, theta)
    )


def chernoff_point(p: ArrayLike, nu: ArrayLike) -> Float[Array, "..."]:
    """Threshold per synapse at which both errors decay equally fast with more synapses.

    $$\\frac{\\theta^*}{s} = \\frac{\\ln\\frac{1-p}{\\nu}}
    {\\ln\\frac{1-\\nu}{p} + \\ln\\frac{1-p}{\\nu}}.$$

    Args:
        p: sparsity a / n.
        nu: noise v / a; p and nu above 0, together below 1.

    Returns:
        theta* / s, in (0, 1); somewhat below the best threshold of a short segment.

    Raises:
        ValueError: arguments outside these ranges.

    Source: claim `sdr/thresholds/chernoff-point`.

    >>> round(float(30 * chernoff_point(0.02, 0.3)), 2)
    7.49
    """
    require("p", p, above=0.0, below=1.0)
    require("nu", nu, above=0.0, below=1.0)
    if not is_traced(p, nu):
        require("p + nu", np.asarray(p) + np.asarray(nu), below=1.0)
    return evaluate(_chernoff_point, p, nu)


def robustness_capacity_frontier(
    n: int,
    a: int,
    synapses: Int[np.ndarray, " s"] | list[int],
    patterns: Int[np.ndarray, " m"] | list[int],
    eps: float,
    method: Method = "exact",
) -> Any:
    """What storing more patterns on one segment costs in tolerance to noise.

    For each number s of synapses per pattern and each number M of patterns, the least threshold
    with false-positive probability at most eps, and the noise at which that many of the s
    synapses are still hit on average, $\\nu = 1 - \\theta/s$.

    Args:
        n, a: as in `log_union_fp`, one number each.
        synapses: values of s, at least 1.
        patterns: values of M, at least 1.
        eps: bound, in (0, 1).
        method: as in `log_union_fp`.

    Returns:
        `xarray.Dataset` with dimensions `s` and `patterns`: `theta`, and `noise`, a fraction of
        a, 0 where no threshold up to s is safe (theta is then s + 1).

    Raises:
        ValueError: as in `log_union_fp`; eps outside (0, 1).

    Source: derived here.

    >>> table = robustness_capacity_frontier(20_000, 200, [25], [1, 7], 1e-9, method="plugin")
    >>> table.theta.values.tolist()
    [[8, 15]]
    """
    single(n=n, a=a, eps=eps)
    require("method", method, choices=METHODS)
    require("eps", eps, above=0.0, below=1.0)
    synapses, patterns = np.asarray(synapses), np.asarray(patterns)
    whole(low=1, synapses=synapses, patterns=patterns)
    s, m = synapses[:, None], patterns[None, :]
    if method == "plugin":
        theta = np.minimum(min_threshold(n, a, plugin_size(n, s, m), eps), s + 1)
    else:
        theta = np.empty(np.broadcast_shapes(s.shape, m.shape), int)
        for row, size in enumerate(synapses.tolist()):
            fp = log_union_fp(n, a, size, patterns, np.arange(1, size + 1)[:, None], method)
            theta[row] = 1 + np.sum(~at_most(np.asarray(fp), np.log(eps)), axis=0)
    import xarray as xr  # importing the topic shall not load it

    return xr.Dataset(
        {
            "theta": (("s", "patterns"), theta),
            "noise": (
                ("s", "patterns"),
                np.maximum(0.0, 1 - theta / s),
                {"long_name": "tolerated noise", "units": "fraction of active cells"},
            ),
        },
        coords={"s": synapses, "patterns": patterns},
        attrs={"n": int(n), "a": int(a), "eps": float(eps), "method": method},
    )


@references("ahmad2016neurons")
def threshold_study(
    populations: Int[np.ndarray, " n"] | list[int],
    sparsities: Float[np.ndarray, " p"] | list[float],
    synapses: Int[np.ndarray, " s"] | list[int],
    thresholds: Int[np.ndarray, " t"] | list[int],
    eps: tuple[float, ...] = (),
) -> Any:
    """False-positive probability over a grid of populations, sparsities, synapses and thresholds.

    The number of active cells is the sparsity times the population, rounded half up.

    Args:
        populations: values of n.
        sparsities: values of a / n, in (0, 1].
        synapses: values of s.
        thresholds: values of theta.
        eps: bounds for which the least threshold is wanted too.

    Returns:
        `xarray.Dataset` with dimensions `n`, `sparsity`, `s`, `theta`: `log_fp`, `fp`; the
        coordinate `a` by `n` and `sparsity`; with `eps` also `min_threshold` by `eps`, `n`,
        `sparsity` and `s`.

    Raises:
        ValueError: as in `log_false_positive`; a sparsity outside (0, 1].

    Source: ahmad2016neurons, Fig. 6.

    >>> study = threshold_study([1000, 5000], [0.01, 0.02], [20, 30], [3, 9])
    >>> dict(study.fp.sizes)
    {'n': 2, 'sparsity': 2, 's': 2, 'theta': 2}
    """
    n, p, s, theta = map(np.asarray, (populations, sparsities, synapses, thresholds))
    require("sparsities", p, above=0.0, high=1.0)
    whole(low=1, populations=n)
    whole(synapses=s)
    whole(low=None, thresholds=theta)
    a = np.floor(n[:, None] * p[None, :] + 0.5).astype(int)
    cells = n[:, None, None, None], a[:, :, None, None], s[:, None]
    log_fp = np.asarray(log_false_positive(*cells, theta))
    dims = ("n", "sparsity", "s", "theta")
    data = {"log_fp": (dims, log_fp), "fp": (dims, np.exp(log_fp))}
    coords = {
        "n": n,
        "sparsity": ("sparsity", p, {"units": "fraction of cells"}),
        "s": s,
        "theta": theta,
        "a": (("n", "sparsity"), a),
    }
    if eps:
        bound = np.asarray(eps)
        least = min_threshold(*(x[..., 0] for x in cells), bound[:, None, None, None])
        data["min_threshold"] = (("eps", *dims[:3]), np.asarray(least))
        coords["eps"] = bound
    import xarray as xr  # importing the topic shall not load it

    return xr.Dataset(data, coords=coords)


def _bisect(holds, low, high):
    """Least whole number in (low, high] where `holds`, which is monotone and true at `high`."""

    def narrow(state):
        low, high = state
        middle = jnp.floor((low + high) / 2)
        found = holds(middle)
        return jnp.where(found, low, middle), jnp.where(found, middle, high)

    return jax.lax.while_loop(lambda state: jnp.any(state[1] - state[0] > 1), narrow, (low, high))[
        1
    ]


@partial(jax.jit, static_argnames="terms")
def _least_safe(n, a, s, eps, terms):
    bound = jnp.log(eps)
    top = jnp.minimum(a, s) + 1
    return _bisect(
        lambda theta: at_most(_log_tail(n, a, s, theta, terms), bound), jnp.zeros_like(top), top
    )


@partial(jax.jit, static_argnames="terms")
def _most_robust(a, s, v, delta, terms):
    bound = jnp.log(delta)

    def missed(theta):
        return ~at_most(_log_tail(a, v, s, s - theta + 1, terms), bound)

    return _bisect(missed, jnp.zeros_like(s), s + 1) - 1


@jax.jit
def _chernoff_point(p, nu):
    return symbolic.compiled("sdr/thresholds/chernoff-point", args=("p", "nu"))(p, nu)
