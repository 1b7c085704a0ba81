"""Words and measures that several rows use."""

import numpy as np

H16, P15, W16, D19 = (
    "ahmad2016neurons",
    "ahmad2015properties",
    "hawkins2016synapses",
    "ahmad2019dense",
)
CODE = "The numbers are those of the official plotting script, to all their digits"


def worst(ours, printed) -> float:
    """Largest relative difference, where something is printed; NaN if anything of ours is."""
    ours, printed = np.asarray(ours, float), np.asarray(printed, float)
    some = printed != 0
    if np.isnan(ours).any():
        return float("nan")
    return float(np.max(np.abs(ours[some] / printed[some] - 1)))


def least_pvalue(hits, trials, law) -> float:
    """Smallest two-sided binomial p-value of counts against a law, times their number.

    Bonferroni's correction, so that a level of 0.001 is one for all counts together.
    """
    from scipy.stats import binom

    hits, trials, law = np.broadcast_arrays(hits, trials, law)
    if np.isnan(law).any() or np.isnan(hits).any():
        return float("nan")
    law = np.clip(law, 0.0, 1.0)
    low, high = binom.cdf(hits, trials, law), binom.sf(hits - 1, trials, law)
    p = np.minimum(1.0, 2 * np.minimum(low, high))
    return float(min(1.0, p.min() * p.size))
