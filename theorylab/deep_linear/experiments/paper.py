"""The runs behind Figs. 1, 2, 3, 7, 11 and 12 of the seed paper, with the official settings.

Settings are those of the official scripts (`kleinman2024critical`). Two off-by-ones are kept
as they are there: a script that runs T epochs records T states, so T - 1 updates; and its Euler
map counts array indices from 1, so that its window (a, b) acts on the updates a - 1 to b - 2.
"""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.allocation import final_allocation
from theorylab.deep_linear.deficits import Deficit
from theorylab.deep_linear.gradient import products, train_gd
from theorylab.deep_linear.initialisation import aligned_init, layer_strength
from theorylab.deep_linear.modes import euler_map, solve_modes
from theorylab.deep_linear.nonlinear import train_nonlinear
from theorylab.deep_linear.tasks import full_basis, hierarchical_tree, task_svd
from theorylab.lab import Coord, Experiment, Output, Plan, static, traced

PATHWAYS = Coord(np.array(["A", "B"]), doc="pathway")


class LargeInit(Experiment):
    """Fig. 1: the imbalanced race of many random starts, by the official Euler map and exactly.

    One mode; layer strengths p of both pathways are drawn from N(0, spread^2) in each run.
    """

    depth: int = static(2, low=1, high=30, doc="number of weight matrices per pathway")
    runs: int = static(100, low=1, doc="number of random starts")
    shown: int = static(10, low=1, doc="number of runs whose path is kept")
    updates: int = static(999, low=1, doc="number of updates")
    spread: float = traced(0.01, above=0.0, doc="standard deviation of p at the start")
    strength: float = traced(10.0, above=0.0, doc="singular value S")
    imbalance: float = static(1.0, low=0.0, doc="lambda = q^2 - p^2")
    lr: float = traced(1e-3, above=0.0, unit="time", doc="step of the Euler map")
    start: int = traced(0, low=0, unit="step", doc="first array index of the window")
    stop: int = traced(15, low=0, unit="step", doc="array index after the window")
    outputs = {
        "path": Output(("sample", "pathway", "shown_run"), doc="strength K along some runs"),
        "share": Output(("run",), doc="final share of pathway B, Euler map"),
        "theory": Output(("run",), doc="final share of pathway B, race invariant"),
    }

    def coords(self):
        """Names of the pathways and the sampled steps."""
        return {"pathway": PATHWAYS, "sample": Coord(self._samples(), "step", "number of updates")}

    def _samples(self):
        dense = np.arange(0, min(40, self.updates))
        return np.append(dense, np.arange(40, self.updates, 12)).astype(int)

    def simulate(self, key):
        """The Euler map of all runs at once, and the allocation that the invariant predicts."""
        p0 = self.spread * jax.random.normal(key, (2, self.runs))
        s = jnp.full(self.runs, self.strength)
        frozen = _official_window(self.start, self.stop, self.lr)
        k = euler_map(p0, s, self.depth, self.lr, self.updates, frozen, self.imbalance)
        exact = final_allocation(p0, s, self.depth, frozen, self.imbalance)
        return {
            "path": k[self._samples()][:, :, : self.shown],
            "share": k[-1, 1] / self.strength,
            "theory": exact[1] / self.strength,
        }


class SmallInit(Experiment):
    """Fig. 7: one balanced race from equal starts, by the official Euler map and exactly."""

    depth: int = static(2, low=2, high=10, doc="number of weight matrices per pathway")
    updates: int = static(999_999, low=1, doc="number of updates")
    levels: int = static(60, low=2, doc="number of kept states, at even spacing of K_A + K_B")
    p0: float = traced(0.005, above=0.0, doc="layer strength of both pathways at the start")
    strength: float = traced(10.0, above=0.0, doc="singular value S")
    lr: float = traced(0.01, above=0.0, unit="time", doc="step of the Euler map")
    start: int = traced(0, low=0, unit="step", doc="first array index of the window")
    stop: int = traced(5, low=0, unit="step", doc="array index after the window")
    outputs = {
        "path": Output(("level", "pathway"), doc="strength K, Euler map"),
        "final": Output(("pathway",), doc="final strength K, Euler map"),
        "theory": Output(("pathway",), doc="final strength K, gradient flow"),
        "half_step": Output((), unit="step", doc="first state with K_A + K_B at least S/2"),
    }

    def coords(self):
        """Names of the pathways."""
        return {"pathway": PATHWAYS}

    def simulate(self, key):
        """The Euler map, kept where its total first passes each level."""
        p0, s = jnp.full((2, 1), self.p0), jnp.reshape(self.strength, (1,))
        frozen = _official_window(self.start, self.stop, self.lr)
        k = euler_map(p0, s, self.depth, self.lr, self.updates, frozen)[..., 0]
        total = jnp.sum(k, axis=1)
        wanted = jnp.linspace(0.0, 0.9999, self.levels) * self.strength
        kept = jnp.searchsorted(total, wanted)
        return {
            "path": k[kept],
            "final": k[-1],
            "theory": final_allocation(p0, s, self.depth, frozen)[:, 0],
            "half_step": jnp.searchsorted(total, 0.5 * self.strength),
        }


class TreeRun(Experiment, abstract=True):
    """What Figs. 2, 3, 11 and 12 share: the hierarchical task, the start and the window."""

    depth: int = static(4, low=1, high=10, doc="number of weight matrices per pathway")
    width: int = static(100, low=8, doc="hidden units")
    updates: int = static(999, low=1, doc="number of updates")
    every: int = static(9, low=1, doc="updates between two records")
    lr: float = static(0.01, above=0.0, unit="time", doc="learning rate")
    lesion: int = static(-1, low=-1, high=7, doc="mode cut out of pathway A throughout; -1: none")
    initial: float = traced(0.01, above=0.0, doc="mean strength K at the start")
    noise: float = traced(0.1, low=0.0, doc="relative standard deviation of K at the start")
    start: int = traced(0, low=0, unit="step", doc="first impaired update")
    stop: int = traced(150, low=0, unit="step", doc="first update after the deficit")

    def coords(self):
        """Names of the pathways, singular values, and recorded times."""
        s = np.linalg.svd(np.asarray(hierarchical_tree(4)), compute_uv=False)
        steps = np.arange(0, self.updates + 1, self.every)
        return {
            "pathway": PATHWAYS,
            "strength": Coord(s.round(12), doc="singular value S of the mode"),
            "time": Coord(steps * self.lr, "time", "learning rate x updates"),
        }

    def _start(self, key):
        # As the scripts do: one draw per hidden unit, sorted, so that modes get the largest.
        draws = self.initial * (1.0 + self.noise * jax.random.normal(key, (self.width,)))
        draws = jnp.sort(draws)[::-1]
        return jnp.broadcast_to(draws[:8], (2, 8)), draws[8:]

    def _deficits(self, shift=0):
        window = _times(self.start - shift, self.stop - shift, self.lr)
        cut = (Deficit("lesion", 0, modes=(self.lesion,)),) if self.lesion >= 0 else ()
        return (Deficit("freeze", 1, *window), *cut)


class TreeMatrices(TreeRun):
    """Figs. 2 and 3: gradient descent on the weight matrices of both pathways."""

    outputs = {
        "k": Output(("time", "pathway", "strength"), doc="strength K of each mode"),
        "last": Output(("pathway", "row", "column"), doc="final map in the singular basis"),
    }

    def simulate(self, key):
        """Train with the deficit; read off the modes, and at the end the whole maps."""
        sigma = hierarchical_tree(4)
        k0, spare = self._start(key)
        params = aligned_init(sigma, self.depth, self.width, k0, key, spare=spare)
        history = train_gd(params, sigma, self.lr, self.updates, self._deficits(), self.every)
        u, _, v = full_basis(sigma)
        maps = [u.T @ products(layers)[-1] @ v for layers in history.params]
        return {"k": history.k, "last": jnp.stack(maps)}


class TreeModes(TreeRun):
    """Figs. 2 and 3 by theory: the official Euler map of each mode, and its gradient flow."""

    outputs = {
        "euler": Output(("time", "pathway", "strength"), doc="strength K, official Euler map"),
        "flow": Output(("time", "pathway", "strength"), doc="strength K, gradient flow"),
        "theory": Output(("pathway", "strength"), doc="final strength K of the flow, exactly"),
    }

    def simulate(self, key):
        """Each mode on its own, from the same start as `TreeMatrices`."""
        _, s, _ = task_svd(hierarchical_tree(4))
        p0 = layer_strength(self._start(key)[0], self.depth)
        times = self.lr * jnp.arange(0, self.updates + 1, self.every).astype(s.dtype)
        official = self._deficits(shift=1)
        steps = (self.lr, self.updates, official)
        return {
            "euler": euler_map(p0, s, self.depth, *steps, record_every=self.every),
            "flow": solve_modes(p0, s, self.depth, times, self._deficits()),
            "theory": final_allocation(p0, s, self.depth, self._deficits()),
        }


class TreeNonlinear(TreeRun):
    """Figs. 11 and 12: the same with a nonlinearity after every layer, the last included."""

    activation: str = static("tanh", choices=("linear", "tanh", "relu"), doc="nonlinearity")
    depth: int = static(3, low=1, high=10, doc="number of weight matrices per pathway")
    outputs = {
        "k": Output(("time", "pathway", "strength"), doc="output of each pathway in each mode"),
        "error": Output(("pathway",), doc="|Sigma - Y_a|^2 / |Sigma|^2 of one pathway alone"),
    }

    def validate(self):
        """Lesions are defined for linear pathways only."""
        if self.lesion >= 0:
            raise ValueError(f"lesion is {self.lesion}; allowed with a nonlinearity: -1")

    def simulate(self, key):
        """Train with the deficit, and read the modes off."""
        sigma = hierarchical_tree(4)
        k0, spare = self._start(key)
        params = aligned_init(sigma, self.depth, self.width, k0, key, spare=spare)
        frozen = self._deficits()
        history = train_nonlinear(
            params, sigma, self.lr, self.updates, frozen, self.activation, self.every
        )
        return {"k": history.k, "error": history.error[-1]}


def _official_window(start, stop, lr):
    # Array index k + 1 holds the result of update k.
    return Deficit("freeze", 1, *_times(start - 1, stop - 1, lr))


def _times(start, stop, lr):
    return jnp.asarray(start, float) * lr, jnp.asarray(stop, float) * lr


LARGE_INIT = Plan(LargeInit(), {"depth": (2, 5, 8, 13), ("start", "stop"): ((0, 15), (100, 115))})
# The official early window, which acts on 4 updates; the one of 5 that it names; the late one.
SMALL_INIT = Plan(
    SmallInit(),
    {"depth": (2, 3, 4), ("start", "stop"): ((0, 5), (1, 6), (500_000, 510_000))},
)
_WINDOWS = {("start", "stop"): ((0, 150), (400, 550), (750, 900))}
TREE = Plan(TreeMatrices(), _WINDOWS)
TREE_THEORY = Plan(TreeModes(), _WINDOWS)
_LESION = {"lesion": (-1, 1)}
LESION = Plan(TreeMatrices(depth=3, stop=200), _LESION)
LESION_THEORY = Plan(TreeModes(depth=3, stop=200), _LESION)
NONLINEAR = Plan(TreeNonlinear(), {"activation": ("linear", "tanh", "relu"), **_WINDOWS})
