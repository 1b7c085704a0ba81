"""Matrix completion: what training on one matrix does to learning the next.

A network fits the observed entries of a first matrix for a while, then those of a second one.
The error on all entries of the second, against the length of the first training, is the
critical period of the seed paper's second half.
"""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.completion import (
    completion_gradient,
    completion_init,
    effective_rank,
    fit_completion,
    sv_velocity,
    transfer_curve,
)
from theorylab.deep_linear.gradient import products
from theorylab.deep_linear.initialisation import balanced_init
from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced

MODES = 16  # singular values kept


class _Transfer(Experiment, abstract=True):
    depth: int = static(3, low=1, high=6, doc="number of factors")
    n: int = static(40, low=MODES, doc="rows and columns of the matrices and of all factors")
    rank1: int = traced(4, low=1, doc="rank of the first matrix")
    rank2: int = traced(2, low=1, doc="rank of the second matrix")
    observed: int = traced(480, low=1, doc="entries observed of the second matrix")
    first: int = traced(480, low=1, doc="entries observed of the first matrix, among the same")
    change: float = traced(
        1.0, low=0.0, high=1.0, doc="part of the first matrix that is new; 0: the same matrix"
    )
    lr: float = traced(2.0, above=0.0, doc="learning rate of the mean loss")
    scale: float = traced(1e-3, above=0.0, doc="end-to-end scale of the start")
    pretrain: tuple = static(
        (0, 100, 250, 500, 1000, 2500), low=0, unit="step", doc="updates on the first matrix"
    )
    steps: int = static(1000, low=1, unit="step", doc="updates on the second matrix")

    outputs = {
        "test": Output(("pretrain",), doc="mean squared error of all entries, second matrix"),
        "train": Output(("pretrain",), doc="mean squared error of its observed entries"),
        "effective_rank": Output(("pretrain",), doc="effective rank of the product at the end"),
        "singular_values": Output(("pretrain", "mode"), doc="of the product at the end"),
        "target": Output(("mode",), doc="singular values of the second matrix"),
    }

    def validate(self):
        """The first observed entries lie among the second's; ranks and counts fit n."""
        if self.first > self.observed:
            raise ValueError(f"first is {self.first}; allowed: at most observed = {self.observed}")
        if self.observed > self.n**2:
            raise ValueError(f"observed is {self.observed}; allowed: at most n^2 = {self.n**2}")
        if max(self.rank1, self.rank2) > self.n:
            raise ValueError(f"rank1 and rank2 must be at most n = {self.n}")

    def labels(self):
        """Pre-training lengths, and the numbers of the singular values."""
        return {
            "pretrain": Coord(np.array(self.pretrain), "step", "updates on the first matrix"),
            "mode": Coord(np.arange(1, MODES + 1), doc="singular value, falling"),
        }

    def transfer(self, key):
        """One pass over the first matrix; the second from each of its checkpoints."""
        start, draw = jax.random.split(key)
        new, m2, order = _tasks(draw, self)
        m1 = _scaled(self.change * new + (1 - self.change) * m2)
        mask1, mask2 = order < self.first, order < self.observed
        curve = transfer_curve(
            start,
            m1,
            m2,
            mask1,
            mask2,
            self.depth,
            self.pretrain,
            self.steps,
            self.lr,
            self.scale,
        )
        measured = {
            "test": curve.test,
            "train": curve.train,
            "effective_rank": effective_rank(curve.singular_values),
            "singular_values": curve.singular_values[:, :MODES],
            "target": jnp.linalg.svd(m2, compute_uv=False)[:MODES],
        }
        return measured, (start, m1, mask1)


class Completion(_Transfer):
    """Transfer between two small matrices, by a deep linear network.

    Steps are ten times the official ones, which a matrix of this size allows: what counts is
    the time lr x step.
    """

    def coords(self):
        """Pre-training lengths, and the numbers of the singular values."""
        return self.labels()

    def simulate(self, key):
        """The error of the second matrix after each length of training on the first."""
        return self.transfer(key)[0]


class OfficialCompletion(_Transfer):
    """Transfer between two matrices of the official size, in the official precision.

    The start of training on the first matrix is recorded too, so that a short run can be
    compared with the stored results of the long one.
    """

    precision = "float32"
    n: int = static(100, low=MODES, doc="rows and columns of the matrices and of all factors")
    rank1: int = traced(10, low=1, doc="rank of the first matrix")
    rank2: int = traced(5, low=1, doc="rank of the second matrix")
    observed: int = traced(2000, low=1, doc="entries observed of the second matrix")
    first: int = traced(2000, low=1, doc="entries observed of the first matrix, among the same")
    lr: float = traced(0.2, above=0.0, doc="learning rate of the mean loss")
    pretrain: tuple = static(
        (0, 1000, 5000, 10000, 20000, 40000, 60000, 80000, 100000),
        low=0,
        unit="step",
        doc="updates on the first matrix",
    )
    steps: int = static(30000, low=1, unit="step", doc="updates on the second matrix")

    outputs = _Transfer.outputs | {
        "early_error": Output(("early",), doc="error of all entries early on the first matrix"),
        "early_top": Output(("early",), doc="largest singular value early on the first matrix"),
    }

    def coords(self):
        """Pre-training lengths, early steps, and the numbers of the singular values."""
        early = Coord(EARLY * np.arange(5), "step", "updates on the first matrix")
        return {**self.labels(), "early": early}

    def simulate(self, key):
        """The error of the second matrix after each length of training on the first."""
        measured, (start, m1, mask1) = self.transfer(key)
        factors = completion_init(start, self.n, self.depth, self.scale, m1.dtype)
        early = fit_completion(factors, m1, mask1, self.lr, 4 * EARLY, EARLY)
        return measured | {"early_error": early.test, "early_top": early.singular_values[:, 0]}


class TaskSwitch(Experiment):
    """Singular values while the target changes, and how fast they move.

    The velocity is measured over a single update, and compared with what it is under gradient
    flow with balanced factors (arora2019implicit, Theorem 3).
    """

    depth: int = static(3, low=1, high=6, doc="number of factors")
    n: int = static(40, low=MODES, doc="rows and columns of the matrices and of all factors")
    rank1: int = traced(4, low=1, doc="rank of the first matrix")
    rank2: int = traced(2, low=1, doc="rank of the second matrix")
    observed: int = traced(480, low=1, doc="entries observed of both matrices")
    switch: int = traced(10_000, low=0, unit="step", doc="updates on the first matrix")
    lr: float = traced(0.5, above=0.0, doc="learning rate of the mean loss")
    scale: float = traced(1e-3, above=0.0, doc="end-to-end scale of the start")
    every: int = static(40, low=1, unit="step", doc="updates between records")
    records: int = static(350, low=1, doc="number of records")

    outputs = {
        "singular_values": Output(("record", "mode"), doc="of the product"),
        "measured": Output(("record", "mode"), doc="change over one update, divided by lr"),
        "theory": Output(("record", "mode"), doc="velocity under gradient flow"),
        "error": Output(("record",), doc="mean squared error of all entries, second matrix"),
        "target1": Output(("mode",), doc="singular values of the first matrix"),
        "target2": Output(("mode",), doc="singular values of the second matrix"),
    }

    def coords(self):
        """The update at which each record is taken."""
        return {
            "record": Coord(self.every * np.arange(self.records), "step", "updates"),
            "mode": Coord(np.arange(1, MODES + 1), doc="singular value, falling"),
        }

    def simulate(self, key):
        """Gradient descent from a balanced start, through the change of task."""
        start, draw = jax.random.split(key)
        m1, m2, order = _tasks(draw, self)
        mask = order < self.observed
        (factors,) = balanced_init(
            start, (self.n, self.n), self.depth, self.n, self.scale, pathways=1
        )

        def spectrum(factors):
            return jnp.linalg.svd(products(factors)[-1], compute_uv=False)[:MODES]

        def record(factors, step):
            target = jnp.where(step < self.switch, m1, m2)
            w = products(factors)[-1]
            now = spectrum(factors)
            one = fit_completion(factors, target, mask, self.lr, 1).factors
            seen = {
                "singular_values": now,
                "measured": (spectrum(one) - now) / self.lr,
                "theory": sv_velocity(factors, completion_gradient(w, target, mask))[:MODES],
                "error": jnp.mean((w - m2) ** 2),
            }
            fit = fit_completion(factors, target, mask, self.lr, self.every, self.every)
            return fit.factors, seen

        steps = self.every * jnp.arange(self.records)
        _, seen = jax.lax.scan(record, factors, steps)
        values = {
            f"target{i}": jnp.linalg.svd(m, compute_uv=False)[:MODES]
            for i, m in enumerate((m1, m2), 1)
        }
        return seen | values


EARLY = 250  # updates between the early records of a transfer

_CASE = ("depth", "rank1", "observed", "first", "change")

#: The small family: depths at rank 4 -> 2; ranks at depth 3; fewer entries first.
FAMILY = Plan(
    Completion(),
    over={
        _CASE: [
            *((depth, 4, 480, 480, 1.0) for depth in (1, 2, 3)),
            *((3, rank1, 480, 480, 1.0) for rank1 in (1, 2, 6)),
            *((depth, 2, 480, 200, 0.0) for depth in (1, 2, 3)),
        ]
    },
    seeds=5,
)

#: The official family, one seed, run once and kept (`OFFICIAL.record()`; slow).
OFFICIAL = Recorded(
    "deep_linear/completion-official",
    Plan(
        OfficialCompletion(),
        over={
            _CASE: [
                *((depth, 10, 2000, 2000, 1.0) for depth in (1, 2, 3)),
                *((3, rank1, 2000, 2000, 1.0) for rank1 in (2, 5, 15)),
                *((depth, 5, 1500, 1000, 0.0) for depth in (1, 2, 3)),
                *((3, 5, observed, 1000, 0.0) for observed in (1250, 1750, 2000)),
            ]
        },
        chunk=1,
    ),
)

#: Spectra through a change of task, after short and long training on the first.
SWITCH = Plan(TaskSwitch(), over={"switch": [1000, 10_000]})


def case(data, depth: int, rank1: int, observed: int, first: int):
    """One condition of a family, by its values.

    Raises:
        KeyError: the family has no such condition.
    """
    match = (
        (data.depth == depth)
        & (data.rank1 == rank1)
        & (data.observed == observed)
        & (data["first"] == first)
    )
    found = np.flatnonzero(match.values)
    if found.size != 1:
        raise KeyError(f"no condition {depth=}, {rank1=}, {observed=}, {first=}")
    return data.isel({match.dims[0]: int(found[0])})


def _tasks(key, case):
    # Matrices as `low_rank` and masks as `observe` draw them, but with ranks and counts that
    # may be traced: columns beyond the rank are left out, and fewer entries are a subset.
    matrices, entries = jax.random.split(key)
    left, right = jax.random.normal(matrices, (2, 2, case.n, case.n))
    ranks = jnp.stack([jnp.asarray(case.rank1), jnp.asarray(case.rank2)])
    kept = jnp.arange(case.n)[None, :] < ranks[:, None]
    new, m2 = jax.vmap(_scaled)(jnp.where(kept[:, None, :], left, 0.0) @ right.mT)
    order = jax.random.permutation(entries, case.n**2).reshape(case.n, case.n)
    return new, m2, order


def _scaled(m):
    return m * (m.shape[0] / jnp.linalg.norm(m))
