"""Networks of finite width: how fast they approach the limit, and which never get there."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.ntk import get_activation, mlp_kernels, optimal_activation
from theorylab.ntk.finite_width import monte_carlo_kernels
from theorylab.ntk.networks import forward, init_layers

#: The networks compared: a bounded optimum, the polynomial one, and that with a sign changed.
NETWORKS = ("sine", "hermite", "flipped", "relu")


def chosen(name: str):
    """An activation of this page by its short name; optimal ones for d = 2."""
    if name == "relu":
        return get_activation("relu").normalized()
    if name == "sine":
        return optimal_activation(2, family="sine")
    return optimal_activation(2, signs=(1, -1) if name == "flipped" else None)


class WidthScaling(Experiment):
    """Kernels of random networks of several widths against those of the infinite network.

    Eight points on a quarter circle. The deviation is a root mean square over all pairs of
    points, relative to the same norm of the exact kernel.
    """

    host_only = True
    activation: str = static("sine", choices=NETWORKS, doc="activation")
    depth: int = static(3, low=1, high=8, doc="hidden layers")
    widths: tuple = static((16, 64, 256), low=2, doc="width of the hidden layers")
    samples: int = static(128, low=2, doc="networks of each width")

    outputs = {
        "nngp_spread": Output(("width",), doc="deviation of one network's NNGP kernel"),
        "ntk_spread": Output(("width",), doc="deviation of one network's tangent kernel"),
        "nngp_bias": Output(("width",), doc="deviation of the mean NNGP kernel"),
        "ntk_bias": Output(("width",), doc="deviation of the mean tangent kernel"),
        "nngp_noise": Output(("width",), doc="standard error of the mean NNGP kernel"),
        "ntk_noise": Output(("width",), doc="standard error of the mean tangent kernel"),
    }

    def coords(self):
        """The widths."""
        return {"width": Coord(np.array(self.widths), doc="width of the hidden layers")}

    def simulate(self, key):
        """Sample networks of every width and compare."""
        angle = jnp.linspace(0.0, jnp.pi / 2, 8)
        x = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
        activation = chosen(self.activation)
        exact = mlp_kernels(x, activation=activation, depth=self.depth, inputs="sphere")
        rows = {name: [] for name in self.outputs}
        for width in self.widths:
            found = monte_carlo_kernels(
                jax.random.fold_in(key, width),
                activation,
                x,
                width,
                self.depth,
                self.samples,
                inputs="sphere",
                batch_size=self.samples if width < 256 else 16,
            )
            for name in ("nngp", "ntk"):
                limit = getattr(exact, name)
                size = jnp.linalg.norm(limit)
                gap = getattr(found, name) - limit
                spread = getattr(found, f"{name}_std")
                one = jnp.sqrt(jnp.sum(spread**2 + gap**2)) / size
                rows[f"{name}_spread"].append(one)
                rows[f"{name}_bias"].append(jnp.linalg.norm(gap) / size)
                error = jnp.linalg.norm(spread) / size / np.sqrt(self.samples)
                rows[f"{name}_noise"].append(error)
        return {name: jnp.stack(values) for name, values in rows.items()}


class VarianceByDepth(Experiment):
    """Mean square of the hidden values, layer by layer, in random networks of one width.

    In the infinite network it is 1 in every layer. Whether a finite network stays near 1 is
    decided by the slope of the variance map, which the kernels do not show.
    """

    host_only = True
    activation: str = static("sine", choices=NETWORKS, doc="activation")
    width: int = static(256, low=2, doc="width of the hidden layers")
    depth: int = static(8, low=1, high=12, doc="hidden layers")
    samples: int = static(40, low=2, doc="networks")

    outputs = {
        "variance": Output(
            ("sample", "layer"), doc="log10 of the mean square of a layer's outputs, in [-9, 9]"
        ),
    }

    def coords(self):
        """Layers, from 1."""
        return {"layer": Coord(np.arange(1, self.depth + 1), doc="hidden layer")}

    def simulate(self, key):
        """One unit vector through every network."""
        activation = chosen(self.activation)
        x = jnp.array([[1.0, 0.0, 0.0]])
        widths = (3, *(self.width,) * self.depth, 1)

        @jax.jit
        def squares(key):
            layers = init_layers(key, widths)
            hidden = forward(layers, x, activation, inputs="sphere")[1][1:]
            logs = jnp.stack([jnp.log10(jnp.mean(h**2)) for h in hidden])
            # A polynomial overflows within a few layers: then it is as far off as can be drawn.
            return jnp.where(jnp.isnan(logs), 9.0, jnp.clip(logs, -9.0, 9.0))

        return {"variance": jax.lax.map(squares, jax.random.split(key, self.samples))}


#: Bounded and rectified networks at depth 3, over a factor of 16 in width.
SCALING = Plan(WidthScaling(), over={"activation": ["sine", "relu"]})

#: The same kernels, three fates.
VARIANCE = Plan(VarianceByDepth(), over={"activation": ["sine", "hermite", "flipped"]})
