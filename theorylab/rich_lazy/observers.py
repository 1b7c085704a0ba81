"""The best that any observer can do in the decision tasks.

In each task the evidence on a choice s = ±1 comes down to one Gaussian number,

$$z \\mid s, k \\sim \\mathcal N(s\\, d_k, 1), \\qquad k \\text{ uniform},$$

with one signal-to-noise ratio $d_k$ for each coherence: the noisy differences of two channels,
summed over the steps on which they are shown, over their standard deviation. The sums of the
channels, and the channels that are not cued, say nothing on s. The ideal observer answers with the
sign of z, and believes in s = 1 with the probability that Bayes' rule gives.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import log_ndtr, logsumexp, ndtr

from theorylab.lab.require import require
from theorylab.rich_lazy.tasks import COHERENCE_2AF, COHERENCE_CXT, NOISE, STEPS, TASKS


class Ideal(NamedTuple):
    """What an ideal observer reaches.

    Attributes:
        accuracy: at the decision.
        cross_entropy: mean over all steps, in nats; before the decision it is zero, as the target
            is known.
    """

    accuracy: float
    cross_entropy: float


def ideal_observer(task: str) -> Ideal:
    """The accuracy that no network can exceed on average, and the loss below which none can go.

    $$P = \\frac1K\\sum_k \\Phi(d_k), \\qquad
      L = -\\frac1T\\, \\mathbb E_{z \\mid 1}
      \\log \\frac{p(z \\mid 1)}{p(z \\mid 1) + p(z \\mid -1)}$$

    For delayed match to sample both pictures are decoded, and the choice is the product of the two
    signs; the log likelihood ratio l of the product follows from
    $\\tanh(l/2) = \\tanh(l_1/2) \\tanh(l_2/2)$.

    Args:
        task: "2AF", "DMS" or "CXT".

    Raises:
        ValueError: another task.

    >>> [round(value, 4) for value in ideal_observer("2AF")]
    [0.8752, 0.0317]
    """
    require("task", task, choices=tuple(TASKS))
    spread = NOISE * 2**0.5  # of the difference of two channels
    if task == "2AF":
        shown = STEPS - 1
        return _one_number(np.array(COHERENCE_2AF) * shown / (spread * shown**0.5))
    if task == "CXT":
        return _one_number(np.array(COHERENCE_CXT) * 2 / (spread * 2**0.5))
    return _two_numbers(1 / spread)


def _grid(around):
    """Points that cover the bumps, and the weight of each in an integral."""
    z = np.linspace(min(around) - 12, max(around) + 12, 6001)
    return z, z[1] - z[0]


def _one_number(d: Float[np.ndarray, " k"]) -> Ideal:
    z, dz = _grid(d)
    right, wrong = (
        logsumexp(-((z[:, None] - sign * d[None, :]) ** 2) / 2, axis=1) for sign in (1, -1)
    )
    density = np.exp(right) / (len(d) * np.sqrt(2 * np.pi))
    surprise = np.sum(density * np.logaddexp(0.0, wrong - right)) * dz
    return Ideal(float(np.mean(ndtr(d))), float(surprise / STEPS))


def _two_numbers(d: float) -> Ideal:
    z = np.linspace(d - 12, d + 12, 1201)
    dz = z[1] - z[0]
    density = np.exp(-((z - d) ** 2) / 2) / np.sqrt(2 * np.pi) * dz
    agree, differ = -np.logaddexp(0.0, -2 * d * z), -np.logaddexp(0.0, 2 * d * z)
    # log of P(product = 1) = p1 p2 + q1 q2 is near zero: through its complement.
    complement = np.logaddexp(agree[:, None] + differ[None], differ[:, None] + agree[None])
    surprise = -np.log1p(-np.minimum(np.exp(complement), 1 - 1e-16))
    wrong = np.exp(log_ndtr(-d))
    total = np.sum(density[:, None] * density[None] * surprise)
    return Ideal(float(1 - 2 * wrong * (1 - wrong)), float(total / STEPS))
