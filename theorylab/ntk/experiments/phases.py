"""Order and chaos: where weights and biases put a network."""

import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.ntk import edge_of_chaos, phase_diagram


class OrderChaos(Experiment):
    """The slope of the correlation map at 1, over weight and bias variances, and the edge."""

    host_only = True
    activation: str = static("erf", choices=("erf", "tanh", "relu"), doc="activation")
    weights: tuple = static((0.2, 4.0, 30), above=0.0, doc="least, largest and number of sw2")
    biases: tuple = static((0.0, 0.6, 25), low=0.0, doc="least, largest and number of sb2")

    outputs = {
        "chi1": Output(("sw2", "sb2"), doc="slope chi_1 of the correlation map at 1"),
        "length": Output(("sw2", "sb2"), unit="layer", doc="correlation length, at most 100"),
        "edge": Output(("edge_sb2",), doc="sw2 at which chi_1 = 1"),
    }

    def coords(self):
        """The grid, and the bias variances of the edge: close together where it is steep."""
        return {
            "edge_sb2": Coord(self.biases[1] * np.linspace(0, 1, 61) ** 3, doc="sigma_b^2"),
            "sw2": Coord(np.linspace(*self.weights[:2], int(self.weights[2])), doc="sigma_w^2"),
            "sb2": Coord(np.linspace(*self.biases[:2], int(self.biases[2])), doc="sigma_b^2"),
        }

    def simulate(self, key):
        """Evaluate; nothing is random."""
        grid = self.coords()
        sw2, sb2, edge_sb2 = (jnp.asarray(grid[name].values) for name in ("sw2", "sb2", "edge_sb2"))
        found = phase_diagram(self.activation, sw2, sb2)
        return {
            "chi1": found.chi1,
            "length": jnp.minimum(found.depth_scale, 100.0),
            "edge": edge_of_chaos(self.activation, edge_sb2),
        }


ORDER_CHAOS = Plan(OrderChaos())
