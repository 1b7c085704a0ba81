"""What undoes the outcome of a race between two pathways, and what does not.

Once the error has gone, nothing moves along the valley K_A + K_B = S: the allocation stays.
Weight decay tilts the valley, in a direction that depends on depth. Steps that are too large
for its sharp ends throw the network out of them, to where it is flat enough.
"""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.deep_linear.conserved import race_invariant
from theorylab.deep_linear.initialisation import layer_strength
from theorylab.deep_linear.modes import gd_map
from theorylab.deep_linear.race import allocate
from theorylab.deep_linear.stability import sharpness
from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.lab.require import require


class WeightDecay(Experiment):
    """Gradient descent with weight decay on one mode, after a race that pathway A has won."""

    depth: int = static(3, low=1, high=12, doc="number of weight matrices per pathway")
    strength: float = traced(3.0, above=0.0, doc="singular value S")
    share: float = traced(0.2, above=0.0, below=1.0, doc="share of pathway B at the start")
    decay: float = traced(0.02, above=0.0, unit="1/time", doc="weight decay mu")
    lr: float = traced(0.02, above=0.0, unit="time", doc="learning rate")
    updates: int = static(10_000, low=1, doc="number of updates")
    every: int = static(100, low=1, doc="updates between records")

    outputs = {
        "age": Output(("record",), doc="time in units of the decay time, mu t"),
        "share": Output(("record",), doc="share of pathway B, gradient descent"),
        "theory": Output(("record",), doc="share of pathway B where the handicap meets the valley"),
        "total": Output(("record",), doc="(K_A + K_B) / S"),
    }

    def simulate(self, key):
        """The gradient-descent map; and the handicap, which grows as exp((D - 2) mu t)."""
        k0 = (self.strength * jnp.stack([1 - self.share, self.share]))[:, None]
        p0 = layer_strength(k0, self.depth)
        s = jnp.reshape(self.strength, (1,))
        k = gd_map(
            p0,
            s,
            self.depth,
            self.lr,
            self.updates,
            record_every=self.every,
            decay=self.decay,
        )[..., 0]
        total = jnp.sum(k, axis=1)
        age = self.decay * self.lr * self.every * jnp.arange(float(k.shape[0]))
        # Claim deep_linear/weight-decay/handicap, on the line K_A + K_B = S.
        handicap = race_invariant(k0, self.depth)[0] * jnp.exp((self.depth - 2) * age)
        theory = allocate(handicap[:, None], self.strength, self.depth)[:, 1]
        return {
            "age": age,
            "share": k[:, 1] / total,
            "theory": theory / self.strength,
            "total": total / self.strength,
        }


class LargeSteps(Experiment):
    """Gradient descent with steps too large for a minimum in which pathway A holds a mode."""

    depth: int = static(3, low=1, high=12, doc="number of weight matrices per pathway")
    strength: float = traced(3.0, above=0.0, doc="singular value S")
    share: float = traced(0.02, above=0.0, below=0.5, doc="share of pathway B at the start")
    kick: float = traced(1e-3, above=0.0, doc="relative excess of K_A at the start")
    factor: float = traced(
        1.2, above=0.0, doc="learning rate, in units of the limit at which A alone is unstable"
    )
    updates: int = static(4000, low=1, doc="number of updates")
    shown: int = static(120, low=1, doc="number of updates whose path is kept")

    outputs = {
        "path": Output(("update",), doc="share of pathway B along the path"),
        "final": Output((), doc="final share of pathway B, K_B / S"),
        "error": Output((), doc="|S - K_A - K_B| / S at the end"),
        "edge": Output((), doc="share of B at which 2 / sharpness is the learning rate"),
        "sharpness": Output((), doc="final sharpness in units of 2 / (learning rate)"),
    }

    def validate(self):
        """No more of the path is kept than there is."""
        require("shown", self.shown, high=self.updates)

    def coords(self):
        """The updates of the path that is kept."""
        return {"update": Coord(np.arange(self.shown + 1), "step", "number of updates")}

    def simulate(self, key):
        """The gradient-descent map, from just beside the minimum."""
        depth, s = self.depth, self.strength
        lr = self.factor * 2 / (depth * s ** (2 - 2 / depth))
        start = jnp.stack([(1 - self.share) * (1 + self.kick), self.share])
        p0 = layer_strength(s * start, depth)[:, None]
        target = jnp.reshape(s, (1,))
        k = gd_map(p0, target, depth, lr, self.updates, check_stability=False)[..., 0] / s
        outside = self.factor * relative_sharpness(k[-1, 1], depth)
        return {
            "path": k[: self.shown + 1, 1],
            "final": k[-1, 1],
            "error": jnp.abs(1 - jnp.sum(k[-1])),
            "edge": _edge(1 / self.factor, self.share, depth),
            "sharpness": outside,
        }


#: Weight decay at four depths, from a share of a fifth.
DECAY = Plan(WeightDecay(), over={"depth": [1, 2, 3, 4]})

#: Step sizes around the limit of stability.
STEPS = Plan(
    LargeSteps(),
    over={"depth": [2, 3, 4, 6], "factor": np.linspace(0.85, 1.75, 37).round(4).tolist()},
)


def relative_sharpness(share, depth: int):
    """Sharpness of the minimum against its value where A alone holds the mode.

    $(1-x)^{2-2/D} + x^{2-2/D}$ at the share x of pathway B.

    >>> float(relative_sharpness(0.0, 3)), float(relative_sharpness(0.5, 2))
    (1.0, 1.0)
    """
    share = jnp.asarray(share, float)
    return sharpness(jnp.stack([1 - share, share], axis=-1), depth) / depth


def valley_penalty(share, depth: int):
    """Weight decay's penalty along the valley, against its value where A alone holds the mode.

    $(1-x)^{2/D} + x^{2/D}$ at the share x of pathway B: convex for D = 1, constant for D = 2,
    concave beyond.

    >>> float(valley_penalty(0.5, 1)), float(valley_penalty(0.3, 2))
    (0.5, 1.0)
    """
    return (1 - share) ** (2 / depth) + share ** (2 / depth)


def _edge(level, share, depth):
    """The share between `share` and 1/2 where the relative sharpness is `level`; else NaN."""
    if depth <= 2:
        return jnp.where(level >= 1, share, jnp.nan)

    def halve(_, ends):
        low, high = ends
        middle = 0.5 * (low + high)
        steep = relative_sharpness(middle, depth) > level
        return jnp.where(steep, middle, low), jnp.where(steep, high, middle)

    low, high = jax.lax.fori_loop(0, 60, halve, (share, 0.5 * jnp.ones_like(share)))
    stable = relative_sharpness(share, depth) <= level
    reachable = relative_sharpness(0.5, depth) <= level
    return jnp.where(stable, share, jnp.where(reachable, 0.5 * (low + high), jnp.nan))
