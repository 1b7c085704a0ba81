"""How long activities are, layer by layer: wide random networks against the mean field."""

import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.quadratic.mean_field import length_map, simulate_length


class Lengths(Experiment):
    """The second moment of the activities in every layer of one random network.

    Variances are those of the weights times the number of inputs: `variance_r` of the
    conventional factor, `variance_q` of the gate and of the squares.
    """

    depth: int = static(4, low=1, doc="number of layers")
    width: int = static(600, low=1, doc="neurons of every layer, and inputs")
    variance_r: float = traced(2.0, low=0.0, doc="variance of W_r times the fan-in")
    variance_q: float = traced(2.0, low=0.0, doc="variance of W_g and W_b times the fan-in")
    gate: float = traced(0.0, doc="bias of the gate")

    outputs = {
        "simulated": Output(("layer",), doc="log of the mean square, one network"),
        "theory": Output(("layer",), doc="log of the mean square, infinite width"),
    }

    def coords(self):
        """Layers, 0 being the inputs."""
        return {"layer": Coord(np.arange(self.depth + 1), doc="layer; 0 is the input")}

    def simulate(self, key):
        """Fresh weights in every layer, one standard normal input."""
        variances = (self.variance_r, self.variance_q, self.variance_q, self.gate)
        simulated = simulate_length(key, self.width, self.depth, *variances)
        theory = length_map(1.0, 3.0, *variances, self.depth)

        def log(q):
            # Both are zero or infinite where they leave the range of numbers.
            return jnp.where(jnp.isfinite(q) & (q > 0), jnp.log(q), jnp.nan)

        return {"simulated": log(simulated[:, 0]), "theory": log(theory[:, 0])}


def near_reference(eps: float) -> tuple[float, float]:
    """The variance of the gate and of the squares at distance eps, and the bias of the gate."""
    return 2 * eps**2, 1.0


EPS = (0.05, 0.07, 0.1)

#: All weights random, the gate closed; from He's variance down.
NAIVE = Plan(
    Lengths(width=400),
    over={("variance_r", "variance_q"): [(v, v) for v in (2.0, 0.5, 0.32, 0.2)]},
    seeds=8,
    chunk=8,
)

#: Near the reference, for several sizes of the quadratic weights.
NEAR = Plan(
    Lengths(depth=40, width=200),
    over={("variance_q", "gate"): [near_reference(eps) for eps in EPS]},
    seeds=6,
    chunk=6,
)
