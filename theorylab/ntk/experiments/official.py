"""The official tasks: which classifier a deep network is, how good, and from which depth on.

Settings (Dirichlet parameters, prior, dimensions, activations) are those of the official code;
samples are drawn from JAX's random keys, so that all numbers are ours.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static
from theorylab.ntk import get_activation, optimal_activation, pairwise_eps
from theorylab.ntk.classifiers import average_labels, hilbert_estimator, one_nn, table_weight
from theorylab.ntk.infinite_depth import (
    deep_diagonal_log,
    deep_kernels_log,
    schroder,
    singular_exponent,
)
from theorylab.ntk.learning import kernel_predict
from theorylab.ntk.tasks import dirichlet_task

#: The official activations, with their names there: sines and polynomials by what they aim at.
OFFICIAL_ACTIVATIONS = (
    "erf",
    "sine_1",
    "2d_opt",
    "sine_2.676",
    "3d_opt",
    "sine_6.135",
    "5d_opt",
    "sine_13.83",
    "9d_opt",
)
DIMENSIONS = (1, 2, 4, 8)
TABLE = 2048  # nodes of the interpolated weight


def official_activation(name: str):
    """A normalised activation by its name in the official code.

    >>> official_activation("3d_opt") == optimal_activation(2)
    True
    """
    if name == "erf":
        return get_activation("erf").normalized()
    if name == "sine_1":
        return get_activation("sin").normalized()
    if name.startswith("sine"):
        d = {"sine_2.676": 2, "sine_6.135": 4, "sine_13.83": 8}[name]
        return optimal_activation(d, family="sine")
    return optimal_activation(int(name.partition("d_")[0]) - 1)


@cache
def psi_table(name: str):
    """log psi minus log xi on a grid of log epsilon: to be interpolated in many pairs."""
    logs = np.linspace(np.log(1e-14), np.log1p(-1e-9), TABLE)
    eps = np.exp(logs)
    return logs, np.asarray(schroder(official_activation(name), eps=eps, log=True)) - np.log1p(-eps)


class OfficialTask(Experiment):
    """Accuracies on a sample of the official task, by the true odds of every test point.

    The accuracy is the mean probability of the label given: no noise of test labels enters.
    """

    host_only = True
    d: int = static(2, choices=DIMENSIONS, doc="intrinsic dimension of the data")
    n: int = static(1000, low=10, doc="training points")
    tests: int = static(1000, low=10, doc="test points")
    names: tuple = static(OFFICIAL_ACTIVATIONS, doc="activations")

    outputs = {
        "alpha": Output(("activation",), doc="exponent of the singular kernel"),
        "accuracy": Output(("activation",), doc="accuracy of the deep network"),
        "agree_hilbert": Output(("activation",), doc="agreement with the Hilbert estimate"),
        "agree_own": Output(("activation",), doc="agreement with Hilbert at its own exponent"),
        "agree_nn": Output(("activation",), doc="agreement with the nearest neighbour"),
        "bayes": Output((), doc="accuracy of the Bayes rule"),
        "nearest": Output((), doc="accuracy of the nearest neighbour"),
        "hilbert": Output((), doc="accuracy of the Hilbert estimate with exponent d"),
        "majority": Output((), doc="accuracy of the majority vote"),
        "hilbert_nn": Output((), doc="agreement of Hilbert with the nearest neighbour"),
    }

    def coords(self):
        """The official activations."""
        return {"activation": Coord(np.array(self.names), doc="activation")}

    def simulate(self, key):
        """Draw a sample, let every classifier decide, and count."""
        one, two = jax.random.split(key)
        train, test = (dirichlet_task(k, self.d, n) for k, n in ((one, self.n), (two, self.tests)))

        def accuracy(scores):
            return jnp.mean(jnp.where(scores > 0, test.eta, 1 - test.eta))

        def agree(a, b):
            return jnp.mean(((a > 0) == (b > 0)).astype(a.dtype))

        near = one_nn(train.x, train.y, test.x)
        hilbert = hilbert_estimator(train.x, train.y, test.x, float(self.d))
        rows = {name: [] for name, output in self.outputs.items() if output.dims}
        for name in self.names:
            alpha = float(singular_exponent(official_activation(name)))
            table = tuple(jnp.asarray(column) for column in psi_table(name))
            scores = average_labels(train.x, train.y, test.x, table, weight=table_weight)
            own = hilbert_estimator(train.x, train.y, test.x, alpha)
            rows["alpha"].append(alpha)
            rows["accuracy"].append(accuracy(scores))
            rows["agree_hilbert"].append(agree(scores, hilbert))
            rows["agree_own"].append(agree(scores, own))
            rows["agree_nn"].append(agree(scores, near))
        return {
            name: jnp.stack([jnp.asarray(v) for v in values]) for name, values in rows.items()
        } | {
            "bayes": accuracy(test.eta - 0.5),
            "nearest": accuracy(near),
            "hilbert": accuracy(hilbert),
            "majority": accuracy(jnp.full(self.tests, jnp.mean(train.y))),
            "hilbert_nn": agree(hilbert, near),
        }


class DepthScan(Experiment):
    """Ridgeless kernel regression at finite depth, with the true inverse, against the limits.

    Kernels are taken relative to their diagonal, whose value is known in closed form, and
    off-diagonal entries come as logarithms: neither over- nor underflow decides a label.
    """

    host_only = True
    d: int = static(2, choices=DIMENSIONS, doc="intrinsic dimension of the data")
    activation: str = static("3d_opt", choices=OFFICIAL_ACTIVATIONS, doc="activation")
    n: int = static(400, low=10, doc="training points")
    tests: int = static(400, low=10, doc="test points")
    depths: tuple = static((1, 3, 10, 30, 100, 300, 1000), low=1, doc="hidden layers")

    outputs = {
        "agree_alpha": Output(("kernel", "depth"), doc="agreement with Hilbert, exponent alpha"),
        "agree_more": Output(("kernel", "depth"), doc="agreement with Hilbert, exponent alpha + 2"),
        "agree_nn": Output(("kernel", "depth"), doc="agreement with the nearest neighbour"),
        "accuracy": Output(("kernel", "depth"), doc="accuracy, by the true odds"),
        "error": Output(
            ("kernel", "depth"),
            doc="squared error of the prediction, relative to that of predicting zero",
        ),
        "log_condition": Output(("kernel", "depth"), doc="log10 of the condition number"),
        "rank": Output(("kernel", "depth"), doc="numerical rank of the kernel matrix"),
        "bayes": Output((), doc="accuracy of the Bayes rule"),
    }

    def coords(self):
        """Kernels and depths."""
        return {
            "kernel": np.array(["nngp", "ntk"]),
            "depth": Coord(np.array(self.depths), doc="hidden layers L"),
        }

    def simulate(self, key):
        """Solve at every depth."""
        one, two = jax.random.split(key)
        train, test = (dirichlet_task(k, self.d, n) for k, n in ((one, self.n), (two, self.tests)))
        activation = official_activation(self.activation)
        alpha = float(singular_exponent(activation))
        inside = pairwise_eps(train.x, sphere=True) + jnp.eye(self.n)  # the diagonal is set below
        across = pairwise_eps(test.x, train.x, sphere=True)
        limits = {
            "agree_alpha": hilbert_estimator(train.x, train.y, test.x, alpha),
            "agree_more": hilbert_estimator(train.x, train.y, test.x, alpha + 2),
            "agree_nn": one_nn(train.x, train.y, test.x),
        }
        truth = 2 * test.eta - 1
        rows = {name: [[], []] for name, output in self.outputs.items() if output.dims}
        for depth in self.depths:
            tt, st = (_log_kernels(activation, depth, eps) for eps in (inside, across))
            ntk_diagonal = deep_diagonal_log(activation, depth)
            for k, diagonal in enumerate((0.0, ntk_diagonal)):
                matrix = jnp.where(jnp.eye(self.n, dtype=bool), 1.0, jnp.exp(tt[k] - diagonal))
                top = jnp.max(st[k], axis=1, keepdims=True)
                found = kernel_predict(0.5 * (matrix + matrix.T), jnp.exp(st[k] - top), train.y)
                labels = found.mean > 0
                value = found.mean * jnp.exp(top[:, 0] - diagonal)
                for name, limit in limits.items():
                    rows[name][k].append(jnp.mean((labels == (limit > 0)).astype(float)))
                rows["accuracy"][k].append(jnp.mean(jnp.where(labels, test.eta, 1 - test.eta)))
                rows["error"][k].append(jnp.mean((value - truth) ** 2) / jnp.mean(truth**2))
                rows["log_condition"][k].append(jnp.log10(jnp.minimum(found.condition, 1e30)))
                rows["rank"][k].append(found.rank)
        stacked = {
            name: jnp.stack([jnp.stack([jnp.asarray(v) for v in row]) for row in pair])
            for name, pair in rows.items()
        }
        best = jnp.mean(jnp.maximum(test.eta, 1 - test.eta))
        return stacked | {"bayes": best}


def _log_kernels(activation, depth: int, eps):
    """Both kernels as logarithms: exactly, or from a table where the matrix is well conditioned."""
    if depth <= 30:
        return deep_kernels_log(activation, depth, eps=eps)
    logs = jnp.linspace(np.log(1e-14), np.log1p(-1e-9), 2 * TABLE)
    columns = deep_kernels_log(activation, depth, eps=jnp.exp(logs))
    return tuple(jnp.interp(jnp.log(eps), logs, column) for column in columns)


class ExcessRisk(Experiment):
    """Excess risk of singular kernels against the number of training points, exactly.

    The risk of a rule beyond Bayes' is $E\\,|2\\eta - 1|$ over the points where the two differ.
    """

    d: int = static(2, choices=DIMENSIONS, doc="intrinsic dimension of the data")
    exponents: tuple = static((1.0, 2.0, 4.0), above=0.0, doc="exponents of the Hilbert estimate")
    sizes: tuple = static((100, 300, 1000, 3000, 10000), low=1, doc="numbers of training points")
    tests: int = static(400, low=10, doc="test points")

    outputs = {
        "hilbert": Output(("exponent", "n"), doc="excess risk of the Hilbert estimate"),
        "nearest": Output(("n",), doc="excess risk of the nearest neighbour"),
        "majority": Output(("n",), doc="excess risk of the majority vote"),
    }

    def coords(self):
        """Numbers of training points."""
        return {"n": Coord(np.array(self.sizes), doc="training points n")}

    def simulate(self, key):
        """Growing prefixes of one sample."""
        one, two = jax.random.split(key)
        train = dirichlet_task(one, self.d, max(self.sizes))
        test = dirichlet_task(two, self.d, self.tests)
        last = jnp.array(self.sizes) - 1
        powers = -0.5 * jnp.array(self.exponents)

        def scores(point):
            eps = jnp.sum((train.x - point[None, :]) ** 2, axis=1)
            logs = jnp.log(eps)
            weights = jnp.exp(powers[:, None] * (logs - jnp.min(logs))[None, :])
            votes = jnp.cumsum(weights * train.y[None, :], axis=1)[:, last]
            near = jnp.stack([train.y[jnp.argmin(eps[:size])] for size in self.sizes])
            return votes, near

        votes, near = jax.lax.map(scores, test.x)
        margin = jnp.abs(2 * test.eta - 1)
        better = test.eta > 0.5

        def excess(label):
            wrong = (label > 0) != better.reshape(-1, *(1,) * (label.ndim - 1))
            lost = jnp.where(wrong, margin.reshape(-1, *(1,) * (label.ndim - 1)), 0.0)
            return jnp.mean(lost, axis=0)

        totals = jnp.cumsum(train.y)[last]
        everywhere = jnp.broadcast_to(totals[None, :], near.shape)
        return {
            "hilbert": excess(votes),
            "nearest": excess(near),
            "majority": excess(everywhere),
        }


#: All activations in all dimensions, at a size for the book.
GRID = Plan(OfficialTask(), over={"d": DIMENSIONS})

#: The optimal ones with all official training points, once and kept (`FULL.record()`; slow).
FULL = Recorded(
    "ntk/official-size",
    Plan(
        OfficialTask(n=10_000, tests=2000, names=("2d_opt", "3d_opt", "5d_opt", "9d_opt")),
        over={"d": DIMENSIONS},
    ),
)

#: Depth, at the optimal activation of dimension two.
DEPTHS = Plan(DepthScan())

#: Excess risk on the circle and on the sphere.
RISK_CIRCLE = Plan(ExcessRisk(d=1, exponents=(0.5, 1.0, 2.0)), seeds=5)
RISK_SPHERE = Plan(ExcessRisk(d=2), seeds=5)
