"""Scaling laws of sparse dendrites: how a few synapses recognise a sparse pattern."""

from theorylab.sdr import exact
from theorylab.sdr.ensembles import log_ensemble
from theorylab.sdr.importance import TailEstimate, is_false_positive
from theorylab.sdr.layers import ActiveDendriteLayer, BinarySegmentNeuron, KWinners, k_winners
from theorylab.sdr.monte_carlo import (
    Estimate,
    clopper_pearson,
    mc_false_negative,
    mc_false_positive,
    mc_overlap_histogram,
)
from theorylab.sdr.noise import half_noise, log_false_negative, match_curve
from theorylab.sdr.patterns import (
    apply_noise,
    as_packed,
    overlaps,
    pack,
    random_patterns,
    subsample,
    to_dense,
    unpack,
)
from theorylab.sdr.scalar import scalar_match_probability, scalar_match_tails
from theorylab.sdr.sequence_memory import (
    ContextMemory,
    SequenceMemory,
    crowded_jaccard,
    jaccard,
    learn_sequences,
    learn_transitions,
    predict,
    replay,
)
from theorylab.sdr.sparsey import sparsey_capacity, sparsey_code_intersection
from theorylab.sdr.tails import (
    log1mexp,
    log_binomial_tail,
    log_false_positive,
    log_overlap_pmf,
    log_poisson_tail,
    overlap_pmf_table,
)

__all__ = [
    "ActiveDendriteLayer",
    "BinarySegmentNeuron",
    "ContextMemory",
    "Estimate",
    "KWinners",
    "SequenceMemory",
    "TailEstimate",
    "apply_noise",
    "as_packed",
    "clopper_pearson",
    "crowded_jaccard",
    "exact",
    "half_noise",
    "is_false_positive",
    "jaccard",
    "k_winners",
    "learn_sequences",
    "learn_transitions",
    "log1mexp",
    "log_binomial_tail",
    "log_ensemble",
    "log_false_negative",
    "log_false_positive",
    "log_overlap_pmf",
    "log_poisson_tail",
    "match_curve",
    "mc_false_negative",
    "mc_false_positive",
    "mc_overlap_histogram",
    "overlap_pmf_table",
    "overlaps",
    "pack",
    "predict",
    "random_patterns",
    "replay",
    "scalar_match_probability",
    "scalar_match_tails",
    "sparsey_capacity",
    "sparsey_code_intersection",
    "subsample",
    "to_dense",
    "unpack",
]
