"""Sparse codes: the tails of many overlaps beside SciPy's, and counted overlaps beside NumPy's."""

import jax
import numpy as np
from scipy.stats import hypergeom

from theorylab import sdr

DRAWS, CELL = 4_000_000, (20_000, 640, 24)


def _grid() -> tuple[np.ndarray, ...]:
    """n, a, s and half as high a threshold, for 65,536 segments up to n = 200,000."""
    n = np.unique(np.geomspace(300, 200_000, 64).astype(int))[:, None, None]
    share = np.linspace(0.005, 0.25, 32)[None, :, None]
    s = np.arange(10, 42)[None, None, :]
    n, a, s = np.broadcast_arrays(n, np.maximum(1, (share * n).astype(int)), s)
    return n.ravel(), a.ravel(), s.ravel(), s.ravel() // 2


def _tails(which: str, peer):
    n, a, s, theta = _grid()
    kept = {}

    def ours():
        return sdr.log_false_positive(n, a, s, theta).block_until_ready()

    def keep():
        kept["peer"] = peer(theta - 1, n, a, s)

    def gap():
        """Relative difference of the probabilities, where the peer has one at all."""
        log_peer = kept["peer"]
        there = np.isfinite(log_peer)
        return float(np.abs(np.expm1(np.asarray(ours())[there] - log_peer[there])).max())

    return f"{n.size} exact tails, n to 200,000 (SciPy {which})", ours, keep, gap


def tail_grid_sf():
    """The peer's upper tail itself, whose logarithm is -inf below 1e-308."""

    def peer(*cell):
        with np.errstate(divide="ignore"):
            return np.log(hypergeom.sf(*cell))

    return _tails("hypergeom.sf", peer)


def tail_grid_logsf():
    """The peer's upper tail in log space, which reaches as deep as ours."""
    return _tails("hypergeom.logsf", hypergeom.logsf)


def overlap_counts():
    """Draws of the overlap, counted: our urn, and NumPy's generator of the same law."""
    n, a, s = CELL
    kept = {}

    def ours():
        return sdr.mc_overlap_histogram(jax.random.key(0), n, a, s, DRAWS)

    def peer():
        drawn = np.random.default_rng(0).hypergeometric(a, n - a, s, DRAWS)
        kept["peer"] = np.bincount(drawn, minlength=s + 1)

    def gap():
        """Largest difference of the two histograms, as a share: chance alone makes about 3e-4."""
        return float(np.abs(ours() - kept["peer"]).max() / DRAWS)

    return f"{DRAWS:,} overlaps drawn and counted (NumPy hypergeometric)", ours, peer, gap
