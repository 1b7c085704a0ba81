"""The three classifiers of the taxonomy, from kernel regression at a finite depth."""

import jax
import jax.numpy as jnp

from theorylab.lab import Experiment, Output, Plan, static
from theorylab.ntk import get_activation, hermite_activation, pairwise_eps
from theorylab.ntk.classifiers import hilbert_estimator, majority_vote, one_nn
from theorylab.ntk.experiments.taxonomy import phase_activation
from theorylab.ntk.infinite_depth import classify_activation, deep_diagonal_log, deep_kernels_log
from theorylab.ntk.learning import kernel_predict
from theorylab.ntk.tasks import dirichlet_task

CASES = ("h2", "h2+h3", "singular", "chaotic", "relu", "smooth critical")


def case_activation(name: str):
    """An activation of the comparison by its name."""
    if name == "h2":
        return get_activation("hermite:2")
    if name == "h2+h3":
        return hermite_activation([0.0, 0.0, 0.5**0.5, 0.5**0.5])
    if name == "smooth critical":
        return hermite_activation([0.5, 0.5**0.5, 0.5])
    return phase_activation("critical" if name == "relu" else name)


class Taxonomy(Experiment):
    """Labels of ridgeless regression with a deep kernel, against those of its limit."""

    host_only = True
    activation: str = static("h2", choices=CASES, doc="activation")
    depth: int = static(30, low=1, doc="hidden layers L")
    n: int = static(201, low=5, doc="training points; odd, so that a vote is never even")
    tests: int = static(200, low=10, doc="test points")
    d: int = static(2, choices=(1, 2, 4, 8), doc="intrinsic dimension of the data")

    outputs = {
        "nngp": Output((), doc="share of labels of the NNGP kernel that are its limit's"),
        "ntk": Output((), doc="share of labels of the NTK that are its limit's"),
        "others": Output((), doc="largest share of the NTK's that are another classifier's"),
        "value": Output((), doc="largest distance of the NTK's prediction from its limit"),
    }

    def simulate(self, key):
        """Solve with the exact diagonal, and compare."""
        one, two = jax.random.split(key)
        train, test = (dirichlet_task(k, self.d, n) for k, n in ((one, self.n), (two, self.tests)))
        activation = case_activation(self.activation)
        phase = classify_activation(activation)
        inside = pairwise_eps(train.x, sphere=True) + jnp.eye(self.n)  # the diagonal is set below
        across = pairwise_eps(test.x, train.x, sphere=True)
        tt = deep_kernels_log(activation, self.depth, eps=inside)
        st = deep_kernels_log(activation, self.depth, eps=across)
        ntk_diagonal = deep_diagonal_log(activation, self.depth)
        labels, values = [], None
        for k, diagonal in enumerate((0.0, ntk_diagonal)):
            matrix = jnp.where(jnp.eye(self.n, dtype=bool), 1.0, jnp.exp(tt[k] - diagonal))
            top = jnp.max(st[k], axis=1, keepdims=True)
            found = kernel_predict(0.5 * (matrix + matrix.T), jnp.exp(st[k] - top), train.y)
            labels.append(found.mean > 0)
            values = found.mean * jnp.exp(top[:, 0] - diagonal)
        limits = {
            "one_nn": one_nn(train.x, train.y, test.x) > 0,
            "majority": majority_vote(train.y, self.tests) > 0,
            "singular": hilbert_estimator(train.x, train.y, test.x, phase.alpha or 2.0) > 0,
        }
        own = limits.pop(phase.kind)
        limit = 0.0
        if phase.critical_ratio is not None:
            # (1 - c) I + c 1 1^T with c the critical ratio: c sum(y) / (1 - c + c n).
            c = phase.critical_ratio
            limit = c * jnp.sum(train.y) / (1 - c + c * self.n)

        def share(a, b):
            return jnp.mean((a == b).astype(float))

        return {
            "nngp": share(labels[0], own),
            "ntk": share(labels[1], own),
            "others": jnp.max(jnp.stack([share(labels[1], other) for other in limits.values()])),
            "value": jnp.max(jnp.abs(values - limit)),
        }


_CASE = ("activation", "depth", "n", "tests", "d")

#: Nearest neighbours, a singular kernel, and majority votes; ReLU needs depths far above
#: n and one over the smallest distance, hence few points, and in many dimensions.
TAXONOMY = Plan(
    Taxonomy(),
    over={
        _CASE: [
            ("h2", 25, 101, 100, 2),
            ("h2+h3", 40, 101, 100, 2),
            ("singular", 30, 101, 100, 2),
            ("chaotic", 100, 101, 100, 2),
            ("relu", 3000, 15, 40, 8),
            ("smooth critical", 3000, 15, 40, 8),
        ]
    },
)
