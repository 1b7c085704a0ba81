"""Initial connectivity with structure from experiments, each beside a truncated null."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced
from theorylab.rich_lazy.biological import cell_type, chain_motif, dale, distance_dependent, sparse
from theorylab.rich_lazy.experiments.rnn import BEFORE, MEASURES, Schedule
from theorylab.rich_lazy.initialisers import low_rank
from theorylab.rich_lazy.ranks import RANKS, rank_report
from theorylab.rich_lazy.rescaling import rescale, truncate_svd

MATRICES = ("structured", "truncated")


def connectivities(n: int) -> dict:
    """The initialisers that are compared, by name; all have the gain 1."""
    return {
        "Gaussian": low_rank(n, 1.0),
        "Dale, balanced": dale(gain=1.0),
        "Dale, unbalanced": dale(balanced=False, gain=1.0),
        "sparse": sparse(gain=1.0),
        "distance, positive": distance_dependent(positive=True, gain=1.0),
        "chain motifs": chain_motif(gain=1.0),
        "cell types": cell_type(gain=1.0),
    }


class Structured(Schedule):
    """Networks whose recurrent matrix has some structure, and nulls of the same size and rank.

    The null of a matrix is a Gaussian one cut to the rank nearest to its participation ratio, with
    its Frobenius norm: it has the spectrum in common and nothing else. All share the other weights
    and the trials.
    """

    size: str = static("fro", choices=("fro", "radius"), doc="size that is the same for all")
    gain: float = traced(
        1.25, above=0.0, doc="Frobenius norm over the root of N, or the spectral radius"
    )

    outputs = {
        name: Output(("connectivity", "matrix", "step"), doc=doc) for name, doc in MEASURES.items()
    } | {name: Output(("connectivity", "matrix"), doc=doc) for name, doc in BEFORE.items()}

    def coords(self):
        """Which connectivities, and structured or truncated."""
        names = {"connectivity": tuple(connectivities(self.n)), "matrix": MATRICES}
        return super().coords() | {name: Coord(np.array(one)) for name, one in names.items()}

    def simulate(self, key):
        """The measures of all networks."""
        draw, rest = jax.random.split(key)
        pairs = [self._pair(draw, init) for init in connectivities(self.n).values()]
        return jax.vmap(jax.vmap(lambda w_h: self.follow(rest, w_h)))(jnp.stack(pairs))

    def _pair(self, key, init):
        first, second = jax.random.split(key)
        target = self.gain * self.n**0.5 if self.size == "fro" else self.gain
        w = rescale(init(first, (self.n, self.n)), **{self.size: target})
        rank = jnp.clip(jnp.round(rank_report(w)["pr"]).astype(int), 1, self.n)
        null = truncate_svd(jax.random.normal(second, w.shape), rank)
        return jnp.stack([w, rescale(null, fro=jnp.linalg.norm(w))])


class Ranks(Experiment):
    """The effective ranks of one matrix of each kind, by every definition."""

    n: int = static(300, low=2, doc="units N")

    outputs = {
        "effective_rank": Output(("connectivity", "kind"), doc="effective rank over N"),
        "radius": Output(("connectivity",), doc="spectral radius over the gain"),
        "spectral": Output(("connectivity",), doc="largest singular value over the gain"),
    }

    def coords(self):
        """Connectivities, those of low rank with them, and definitions."""
        names = (*connectivities(self.n), *(f"rank {rank}" for rank in self._ranks()))
        return {"connectivity": Coord(np.array(names)), "kind": Coord(np.array(RANKS))}

    def _ranks(self):
        return (max(1, self.n // 10), 1)

    def simulate(self, key):
        """Matrices of gain one, and their ranks."""
        inits = (
            *connectivities(self.n).values(),
            *(low_rank(rank, 1.0) for rank in self._ranks()),
        )
        reports = [rank_report(init(key, (self.n, self.n))) for init in inits]
        return {
            "effective_rank": jnp.array([[r[kind] / self.n for kind in RANKS] for r in reports]),
            "radius": jnp.array([r["radius"] for r in reports]),
            "spectral": jnp.array([r["spectral"] for r in reports]),
        }


#: Why rank measures disagree: nine matrices of 300 units, five definitions.
RANK_TABLE = Plan(Ranks(), seeds=4)

#: At equal Frobenius norm and at equal spectral radius; run once and kept.
STRUCTURED = Recorded(
    "rich_lazy/structured",
    Plan(Structured(steps=2000), over={"size": ["fro", "radius"]}, seeds=6, chunk=2),
)
