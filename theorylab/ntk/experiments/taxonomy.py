"""The taxonomy itself: where activations lie, how correlations move, which labels result."""

import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.ntk import (
    dual_correlation,
    get_activation,
    hermite_activation,
    optimal_activation,
)
from theorylab.ntk.classifiers import hilbert_estimator, infinite_depth_classifier
from theorylab.ntk.infinite_depth import classify_activation

KINDS = ("one_nn", "singular", "majority", "rank_one", "linear")
NAMED = (
    "relu",
    "abs",
    "leaky_relu",
    "gelu",
    "silu",
    "elu",
    "selu",
    "softplus",
    "sigmoid",
    "tanh",
    "erf",
    "sin",
    "cos",
    "gaussian",
    "relu centred",
    "h2",
    "h3",
    "d=1",
    "d=2",
    "d=4",
    "d=8",
)
PHASES = ("one_nn", "singular", "chaotic", "critical", "ordered")


def named_activation(name: str):
    """A normalised activation by the name on the map.

    >>> named_activation("d=2") == optimal_activation(2)
    True
    """
    if name.startswith("d="):
        return optimal_activation(int(name[2:]))
    if name in ("h2", "h3"):
        return get_activation(f"hermite:{name[1]}")
    if name == "relu centred":
        return get_activation("relu").centered().normalized()
    return get_activation(name).normalized()


def phase_activation(name: str):
    """One activation for each of the five phases."""
    return {
        "one_nn": lambda: get_activation("hermite:2"),
        "singular": lambda: optimal_activation(2),
        "chaotic": lambda: hermite_activation([0.3**0.5, 0.2**0.5, 0.0, 0.5**0.5]),
        "critical": lambda: get_activation("relu").normalized(),
        "ordered": lambda: hermite_activation([0.6**0.5, 0.3**0.5, 0.1**0.5]),
    }[name]()


class Map(Experiment):
    """Moments and kind of each named activation."""

    host_only = True
    names: tuple = static(NAMED, doc="activations")

    outputs = {
        "A": Output(("name",), doc="|E phi(g)|"),
        "A1": Output(("name",), doc="|E phi'(g)|"),
        "B1": Output(("name",), doc="E phi'(g)^2"),
        "alpha": Output(("name",), doc="exponent of the singular kernel, else NaN"),
        "kind": Output(("name",), doc="kind, as a position in the list of kinds"),
    }

    def coords(self):
        """The names."""
        return {"name": np.array(self.names)}

    def simulate(self, key):
        """Classify; nothing is random."""
        found = [classify_activation(named_activation(name)) for name in self.names]
        return {
            "A": np.array([abs(phase.A) for phase in found]),
            "A1": np.array([abs(phase.A1) for phase in found]),
            "B1": np.array([phase.B1 for phase in found]),
            "alpha": np.array([np.nan if p.alpha is None else p.alpha for p in found]),
            "kind": np.array([KINDS.index(phase.kind) for phase in found]),
        }


class Cobweb(Experiment):
    """The dual activation of each phase, and the path of a correlation through the layers."""

    host_only = True
    points: int = static(101, low=11, doc="correlations")
    layers: int = static(12, low=1, doc="layers")
    start: float = static(0.85, above=0.0, below=1.0, doc="correlation of the inputs")

    outputs = {
        "dual": Output(("phase", "xi"), doc="dual activation"),
        "path": Output(("phase", "layer"), doc="correlation after each layer"),
    }

    def coords(self):
        """Phases, correlations, layers."""
        return {
            "phase": np.array(PHASES),
            "xi": Coord(np.linspace(0, 1, self.points), doc="correlation"),
            "layer": Coord(np.arange(self.layers + 1), doc="layer"),
        }

    def simulate(self, key):
        """Iterate; nothing is random."""
        duals, paths = [], []
        xi = jnp.linspace(0.0, 1.0, self.points)
        for name in PHASES:
            activation = phase_activation(name)
            path = [jnp.asarray(self.start)]
            for _ in range(self.layers):
                path.append(dual_correlation(activation, path[-1]))
            duals.append(dual_correlation(activation, xi))
            paths.append(jnp.stack(path))
        return {"dual": jnp.stack(duals), "path": jnp.stack(paths)}


class DecisionMap(Experiment):
    """Scores of the three classifiers over an octant of the sphere, from the same few points."""

    host_only = True
    n: int = static(40, low=3, doc="training points")
    side: int = static(60, low=10, doc="points along each side of the map")

    outputs = {
        "score": Output(("classifier", "row", "column"), doc="score; NaN outside the octant"),
        "train": Output(("point", "coordinate"), doc="training points, in the plane of the map"),
        "label": Output(("point",), doc="their labels"),
    }

    def coords(self):
        """Classifiers, and positions in the map, in units of its side."""
        at = (np.arange(self.side) + 0.5) / self.side
        return {
            "classifier": np.array(["one_nn", "singular", "hilbert", "majority"]),
            "row": at,
            "column": at,
        }

    def simulate(self, key):
        """Sample the official task and score a grid of barycentric points."""
        from theorylab.ntk.tasks import dirichlet_task

        train = dirichlet_task(key, 2, self.n)
        at = (np.arange(self.side) + 0.5) / self.side
        row, column = np.meshgrid(at, at, indexing="ij")
        # An equilateral triangle of side 1: the weights that x is proportional to.
        third = row / (np.sqrt(3) / 2)
        second = column - third / 2
        weights = np.stack([1 - second - third, second, third], axis=-1)
        inside = np.all(weights >= 0, axis=-1)
        points = np.where(inside[..., None], np.abs(weights), 1 / 3).reshape(-1, 3)
        grid = jnp.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))
        scores = [
            infinite_depth_classifier(get_activation("hermite:2"), train.x, train.y, grid),
            infinite_depth_classifier(optimal_activation(2), train.x, train.y, grid),
            hilbert_estimator(train.x, train.y, grid, 2.0),
            infinite_depth_classifier("relu", train.x, train.y, grid),
        ]
        shape = (self.side, self.side)
        shown = [jnp.where(inside, score.reshape(shape), jnp.nan) for score in scores]
        w = train.x / jnp.sum(train.x, axis=1, keepdims=True)
        plane = jnp.stack([w[:, 1] + w[:, 2] / 2, w[:, 2] * np.sqrt(3) / 2], axis=1)
        return {"score": jnp.stack(shown), "train": plane, "label": train.y}


MAP = Plan(Map())
COBWEB = Plan(Cobweb())
DECISIONS = Plan(DecisionMap())
