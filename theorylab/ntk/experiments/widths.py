"""Networks of finite width: how fast they approach the limit, and which never get there."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static
from theorylab.lab.stepping import rk4
from theorylab.ntk import (
    get_activation,
    gradient_flow,
    mlp_kernels,
    ntk_ensemble,
    optimal_activation,
)
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


#: Of the networks that are trained: erf, one hidden layer, with biases.
_SETTINGS = {"w_std": 1.5, "b_std": 0.3, "inputs": "sphere"}
_STEPS, _STRIDE = 24, 0.5  # of the fourth-order Runge-Kutta method; stride in 1/lambda_max


class TrainedEnsemble(Experiment):
    """Outputs of many trained networks: their mean and covariance at three test points.

    Four training points and three test points on a circle. Every network follows the gradient
    flow of its own parameters to the same time, at which the slowest mode is not yet learned.
    Beside each stands what the infinite network would make of the same start,
    $f_0(z) + \\Gamma (y - f_0(x))$, whose mean and covariance are known exactly at any width
    (with one hidden layer): only the difference of the two is left to sampling.
    """

    host_only = True
    widths: tuple = static((128, 256, 512, 1024), low=2, doc="width of the hidden layer")
    samples: int = static(5000, low=2, doc="networks of each width")

    outputs = {
        "mean": Output(("width", "test"), doc="mean output"),
        "mean_error": Output(("width", "test"), doc="its standard error"),
        "covariance": Output(
            ("width", "test", "other"),
            doc="covariance of the outputs (about the mean of the limit)",
        ),
        "covariance_error": Output(("width", "test", "other"), doc="its standard error"),
        "limit_mean": Output(("test",), doc="mean at infinite width"),
        "limit_covariance": Output(("test", "other"), doc="covariance at infinite width"),
    }

    def coords(self):
        """Widths, and the angles of the test points."""
        angles = Coord(_TEST, doc="angle of the test point", unit="rad")
        widths = Coord(np.array(self.widths), doc="width of the hidden layer")
        return {"width": widths, "test": angles, "other": angles}

    def simulate(self, key):
        """Train networks of every width and compare each with its own linear twin."""
        x, z, y = _circle(_TRAIN), _circle(_TEST), jnp.asarray(_TARGETS)
        n = len(_TRAIN)
        k = mlp_kernels(jnp.concatenate([x, z]), activation="erf", depth=1, **_SETTINGS)
        stride = _STRIDE / jnp.linalg.eigvalsh(k.ntk[:n, :n])[-1]
        t = stride * _STEPS
        tangent = (k.ntk[:n, :n], k.ntk[n:, :n])
        start = (k.nngp[:n, :n], k.nngp[n:, :n], k.nngp[n:, n:])
        limit = ntk_ensemble(*tangent, *start, y, t)
        gain = gradient_flow(*tangent, jnp.eye(n), t)
        both = jnp.concatenate([-gain, jnp.eye(len(_TEST))], axis=1)
        twin = both @ k.nngp @ both.T  # exact covariance of the linear twin
        rows = {name: [] for name in ("mean", "mean_error", "covariance", "covariance_error")}
        for width in self.widths:
            keys = jax.random.split(jax.random.fold_in(key, width), self.samples)
            found, linear = _trained(keys, x, z, y, gain, stride, width)
            gap = found - linear
            away = (found - limit.mean[None], linear - limit.mean[None])
            pairs = [one[:, :, None] * one[:, None, :] for one in away]
            squares = pairs[0] - pairs[1]
            rows["mean"].append(limit.mean + gap.mean(0))
            rows["mean_error"].append(gap.std(0) / np.sqrt(self.samples))
            rows["covariance"].append(twin + squares.mean(0))
            rows["covariance_error"].append(squares.std(0) / np.sqrt(self.samples))
        ends = {"limit_mean": limit.mean, "limit_covariance": limit.covariance}
        return {name: jnp.stack(values) for name, values in rows.items()} | ends


_TRAIN, _TEST = np.array([0.0, 0.7, 1.5, 2.4]), np.array([0.35, 1.1, 1.9])
_TARGETS = np.array([1.0, -1.0, 0.5, -0.5])


def _circle(angles):
    return jnp.stack([jnp.cos(jnp.asarray(angles)), jnp.sin(jnp.asarray(angles))], axis=1)


def _trained(keys, x, z, y, gain, stride, width):
    """Outputs at z after training, and those of the linear twins: (samples, tests) each.

    In single precision, which is far below the error of sampling and twice as fast.
    """
    x, z, y, gain, stride = (jnp.asarray(v, jnp.float32) for v in (x, z, y, gain, stride))
    activation = get_activation("erf")

    def outputs(layers, points):
        return forward(layers, points, activation, **_SETTINGS)[0][:, 0]

    slope = jax.grad(lambda layers: -0.5 * jnp.sum((outputs(layers, x) - y) ** 2))

    def network(key):
        layers = init_layers(key, (2, width, 1), jnp.float32)
        end = jax.lax.fori_loop(0, _STEPS, lambda _, now: rk4(slope, now, stride), layers)
        return outputs(end, z), outputs(layers, z) + gain @ (y - outputs(layers, x))

    found, linear = jax.jit(lambda keys: jax.lax.map(network, keys, batch_size=50))(keys)
    return found.astype(float), linear.astype(float)


#: Bounded and rectified networks at depth 3, over a factor of 16 in width.
SCALING = Plan(WidthScaling(), over={"activation": ["sine", "relu"]})

#: The same kernels, three fates.
VARIANCE = Plan(VarianceByDepth(), over={"activation": ["sine", "hermite", "flipped"]})

#: Trained networks of four widths (`TRAINED.record()`; slow).
TRAINED = Recorded("ntk/trained-networks", Plan(TrainedEnsemble()))
