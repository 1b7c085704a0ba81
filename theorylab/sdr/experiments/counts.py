"""Errors counted in simulations: as many comparisons as the paper made, and rarer events."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced
from theorylab.sdr.importance import is_false_positive
from theorylab.sdr.monte_carlo import mc_overlap_histogram
from theorylab.sdr.patterns import apply_noise, overlaps, pack, random_patterns, subsample, to_dense


class OverlapCounts(Experiment):
    """How often each overlap of a segment with a random pattern occurs."""

    host_only = True
    n: int = traced(1000, low=1, doc="number of cells")
    a: int = traced(128, low=0, doc="active cells of the pattern")
    s: int = static(24, low=0, doc="synapses of the segment")
    trials: int = static(10_000_000, low=1, doc="number of comparisons")

    outputs = {"counts": Output(("overlap",), doc="number of comparisons with this overlap")}

    def coords(self):
        """The overlaps."""
        return {"overlap": Coord(np.arange(self.s + 1), "synapse", "active synapses")}

    def simulate(self, key):
        """Draw from the urn and count."""
        return {"counts": mc_overlap_histogram(key, self.n, self.a, self.s, self.trials)}


class SilencedCounts(Experiment):
    """How often each overlap of a segment with its own pattern occurs, v cells of it silent."""

    host_only = True
    a: int = static(128, low=1, doc="active cells of the stored pattern")
    s: int = static(30, low=0, doc="synapses of the segment")
    v: int = traced(64, low=0, doc="cells that fell silent")
    trials: int = static(10_000_000, low=1, doc="number of comparisons")

    outputs = {"counts": Output(("overlap",), doc="number of comparisons with this overlap")}

    def coords(self):
        """The overlaps."""
        return {"overlap": Coord(np.arange(self.s + 1), "synapse", "active synapses")}

    def simulate(self, key):
        """Draw from the urn and count."""
        counts = mc_overlap_histogram(key, self.a, self.a - self.v, self.s, self.trials)
        return {"counts": counts}


class RareEvents(Experiment):
    """A false positive rate by weighted draws, whatever its size."""

    host_only = True
    n: int = static(4000, low=1, doc="number of cells")
    a: int = static(128, low=0, doc="active cells of the pattern")
    s: int = static(24, low=0, doc="synapses of the segment")
    theta: int = traced(12, doc="threshold")
    draws: int = static(100_000, low=2, doc="number of weighted draws")

    outputs = {
        "log_p": Output((), doc="log of the estimate"),
        "rel_se": Output((), doc="relative standard error"),
        "ess": Output((), doc="effective number of draws"),
    }

    def simulate(self, key):
        """Importance sampling."""
        found = is_false_positive(key, self.n, self.a, self.s, self.theta, self.draws)
        return {"log_p": found.log_p, "rel_se": found.rel_se, "ess": found.ess}


class UnionCounts(Experiment):
    """Segments that hold M mixed patterns: their size, and how often random patterns match.

    Literal sets of cells: every repetition draws a union and `probes` random patterns.
    """

    n: int = static(1000, low=1, doc="number of cells")
    a: int = static(30, low=1, doc="active cells of a pattern")
    s: int = static(20, low=1, doc="synapses for each stored pattern")
    theta: int = static(10, low=0, doc="threshold")
    patterns: int = static(5, low=1, doc="number M of mixed patterns")
    unions: int = static(4000, low=1, doc="number of unions")
    probes: int = static(64, low=1, doc="random patterns shown to each")

    outputs = {
        "size": Output((), doc="mean size of the unions"),
        "variance": Output((), doc="variance of their size"),
        "hits": Output(("union",), doc="number of probes that match"),
    }

    def simulate(self, key):
        """Draw unions, show patterns, count."""
        store, show = jax.random.split(key)
        cells = random_patterns(store, self.n, self.s, self.unions * self.patterns)
        dense = to_dense(cells.reshape(self.unions, self.patterns * self.s), self.n)
        size = jnp.sum(dense, axis=1, dtype=jnp.int32)
        probes = random_patterns(show, self.n, self.a, self.probes * self.unions)

        def one(union, shown):
            found = overlaps(union[None, :], shown)[:, 0]
            return jnp.sum(found >= self.theta, dtype=jnp.int32)

        shown = pack(to_dense(probes, self.n)).reshape(self.unions, self.probes, -1)
        return {
            "size": jnp.mean(size.astype(float)),
            "variance": jnp.var(size.astype(float), ddof=1),
            "hits": jax.vmap(one)(pack(dense), shown),
        }


class ReaddedNoise(Experiment):
    """A segment and its own pattern, after noise that may switch silenced cells on again."""

    n: int = static(6000, low=1, doc="number of cells")
    a: int = static(128, low=1, doc="active cells of a pattern")
    s: int = static(30, low=1, doc="synapses of the segment")
    v: int = static(76, low=0, doc="cells that change")
    trials: int = static(20_000, low=1, doc="number of segments")

    outputs = {"overlap": Output(("trial",), doc="active synapses")}

    def simulate(self, key):
        """Draw patterns, form segments, corrupt, count."""
        draw, grow, corrupt = jax.random.split(key, 3)
        stored = random_patterns(draw, self.n, self.a, self.trials)
        synapses = subsample(grow, stored, self.s)
        noisy = apply_noise(corrupt, stored, self.n, self.v, "swap_readd")
        active = to_dense(noisy, self.n)
        found = jnp.take_along_axis(active, synapses, axis=1)
        return {"overlap": jnp.sum(found, axis=1, dtype=jnp.int32)}


class ScalarCounts(Experiment):
    """Accidental matches of sparse vectors with real entries, counted."""

    host_only = True
    n: int = static(250, low=1, doc="dimension")
    a: int = static(64, low=0, doc="non-zero inputs")
    k: int = static(24, low=1, doc="non-zero weights")
    trials: int = static(2**21, low=1, doc="number of pairs, a multiple of 2^17")

    outputs = {"hits": Output((), doc="pairs that match")}

    def simulate(self, key):
        """Overlaps from the urn; that many products of uniform numbers for each."""
        urn, draw = jax.random.split(key)
        counts = mc_overlap_histogram(urn, self.n, self.a, self.k, self.trials)
        overlap = np.repeat(np.arange(self.k + 1), counts)  # in order, which changes nothing
        size = min(self.trials, 2**17)
        blocks = np.split(overlap[: self.trials // size * size], self.trials // size)
        keys = [jax.random.fold_in(draw, i) for i in range(len(blocks))]
        hits = sum(int(_matches(at, b, self.k)) for at, b in zip(keys, blocks, strict=True))
        return {"hits": np.asarray(hits)}


@partial(jax.jit, static_argnames="k")
def _matches(key, overlap, k: int):
    weight, entry = jax.random.split(key)
    shape = (overlap.size, k)
    w = jax.random.uniform(weight, shape, jnp.float32, -1 / k, 1 / k)
    x = jax.random.uniform(entry, shape, jnp.float32, 0.0, 2 / k)
    shared = jnp.arange(k)[None, :] < overlap[:, None]
    return jnp.sum(jnp.sum(jnp.where(shared, w * x, 0), axis=1) >= 1 / (6 * k))


FIG4A_N = tuple(range(300, 3600, 200))
FIG4B_V = (6, 13, 19, 26, 32, 38, 45, 51, 58, 64, 70, 77, 83, 90, 96, 102)

#: Fig. 4A: 1e8 comparisons for each point, ten times 1e7.
COMPARISONS = Recorded(
    "sdr/comparison-counts",
    Plan(
        OverlapCounts(),
        {
            ("a", "n"): [
                (a, n) for a, points in ((64, 3), (128, 9), (256, 17)) for n in FIG4A_N[:points]
            ]
        },
        seeds=10,
    ),
)
#: Fig. 4B: 1e7 comparisons for each point.
SILENCED = Recorded("sdr/silenced", Plan(SilencedCounts(), {"v": FIG4B_V}))
#: The tail of the pair of Fig. 5A with 3.2 % activity, at every threshold.
COMMON = Plan(OverlapCounts(n=4000, trials=4_000_000))
RARE = Plan(RareEvents(), {"theta": range(1, 25)})
#: The same relative error at very different depths.
DEEP = Plan(RareEvents(n=20_000, draws=100_000), {"theta": (4, 8, 12, 16, 20, 24)})
UNIONS = Plan(UnionCounts(), {"patterns": (4, 8, 12)})
READDED = Plan(ReaddedNoise(), {"v": (51, 64, 76, 89)})
SCALAR_COUNTS = Plan(ScalarCounts(), {("n", "a"): [(250, 64), (500, 128)]})
