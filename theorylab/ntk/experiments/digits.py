"""Handwritten digits: real data, for which no exponent is known to be right."""

import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static
from theorylab.lab.datasets import handwritten_digits
from theorylab.ntk import get_activation, moments, optimal_activation, pairwise_eps
from theorylab.ntk.infinite_depth import deep_diagonal_log, deep_kernels_log, schroder
from theorylab.ntk.learning import kernel_predict, one_hot

#: An activation at the edge of chaos, two with singular limits, one whose limit is 1-NN.
ACTIVATIONS = {
    "relu": lambda: get_activation("relu").normalized(),
    "erf": lambda: get_activation("erf").normalized(),
    "sine, alpha = 8": lambda: optimal_activation(8, family="sine"),
    "h_2": lambda: get_activation("hermite:2").normalized(),
}


def unit_digits(n: int, tests: int, seed: int = 0):
    """Images of 8 x 8 pixels as unit vectors, and their labels: (x, y) to train on and to test on.

    Pixels are not negative, so that all correlations are in [0, 1].

    Raises:
        ImportError: scikit-learn, which ships them, is not installed (extra `book`).
        ValueError: more images than there are, 1797.
    """
    pixels, labels = handwritten_digits(seed)
    if n + tests > len(labels):
        raise ValueError(f"n + tests is {n + tests}; allowed: at most {len(labels)}")
    x = pixels / np.linalg.norm(pixels, axis=1, keepdims=True)
    train, test = slice(n), slice(n, n + tests)
    return tuple((jnp.asarray(x[part]), jnp.asarray(labels[part])) for part in (train, test))


class Digits(Experiment):
    """Ridgeless kernel regression on digits, a column per class, at every depth.

    Kernels are taken relative to their diagonal. The limits are decided without a matrix: the
    vote with weights psi, the nearest neighbour, and the most frequent class.

    Raises:
        ImportError: scikit-learn is not installed (extra `book`).
    """

    host_only = True
    activation: str = static("relu", choices=tuple(ACTIVATIONS), doc="activation")
    n: int = static(1000, low=10, doc="training images")
    tests: int = static(797, low=10, doc="test images")
    depths: tuple = static((1, 2, 3, 5, 10, 20, 30, 50, 100), low=1, doc="hidden layers")

    outputs = {
        "accuracy": Output(("kernel", "depth"), doc="share of test images that are recognised"),
        "agree_nn": Output(("kernel", "depth"), doc="agreement with the nearest neighbour"),
        "log_condition": Output(("kernel", "depth"), doc="log10 of the condition number"),
        "vote": Output((), doc="accuracy of the vote with weights psi; NaN without a limit psi"),
        "nearest": Output((), doc="accuracy of the nearest neighbour"),
        "majority": Output((), doc="accuracy of the most frequent class"),
    }

    def coords(self):
        """Kernels and depths."""
        return {
            "kernel": np.array(["nngp", "ntk"]),
            "depth": Coord(np.array(self.depths), doc="hidden layers L"),
        }

    def simulate(self, key):
        """Solve at every depth; the split of the data is fixed, so that the key is not used."""
        del key
        (x, y), (z, truth) = unit_digits(self.n, self.tests)
        labels = one_hot(y, 10)
        activation = ACTIVATIONS[self.activation]()
        inside = pairwise_eps(x, sphere=True) + jnp.eye(self.n)  # the diagonal is set below
        across = pairwise_eps(z, x, sphere=True)
        nearest = y[jnp.argmin(across, axis=1)]
        rows = {name: [[], []] for name, output in self.outputs.items() if output.dims}
        for depth in self.depths:
            tt, st = (deep_kernels_log(activation, depth, eps=eps) for eps in (inside, across))
            for k, diagonal in enumerate((0.0, deep_diagonal_log(activation, depth))):
                matrix = jnp.where(jnp.eye(self.n, dtype=bool), 1.0, jnp.exp(tt[k] - diagonal))
                top = jnp.max(st[k], axis=1, keepdims=True)
                found = kernel_predict(0.5 * (matrix + matrix.T), jnp.exp(st[k] - top), labels)
                guess = jnp.argmax(found.mean, axis=1)
                rows["accuracy"][k].append(_share(guess == truth))
                rows["agree_nn"][k].append(_share(guess == nearest))
                rows["log_condition"][k].append(jnp.log10(jnp.minimum(found.condition, 1e30)))
        stacked = {name: jnp.stack([jnp.stack(row) for row in pair]) for name, pair in rows.items()}
        often = jnp.argmax(jnp.sum(labels, axis=0))
        return stacked | {
            "vote": _vote(activation, across, labels, truth),
            "nearest": _share(nearest == truth),
            "majority": _share(often == truth),
        }


def _share(hits):
    return jnp.mean(hits.astype(float))


def _vote(activation, eps, labels, truth):
    """Accuracy of the singular kernel, where the limit is one."""
    found = moments(activation)
    if abs(float(found.A)) > 1e-9 or abs(float(found.A1)) < 1e-9:
        return jnp.asarray(jnp.nan)
    logs = schroder(activation, eps=eps, log=True)
    weights = jnp.exp(logs - jnp.max(logs, axis=1, keepdims=True))
    return _share(jnp.argmax(weights @ labels, axis=1) == truth)


#: All activations, run once and kept (`DIGITS.record()`; needs scikit-learn).
DIGITS = Recorded("ntk/digits-table", Plan(Digits(), over={"activation": list(ACTIVATIONS)}))
