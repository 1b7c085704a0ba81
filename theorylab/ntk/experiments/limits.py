"""The limits of deep kernels: how they are approached, and what they look like close by."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.ntk import get_activation, hermite_activation, mlp_kernels, optimal_activation
from theorylab.ntk.infinite_depth import (
    classify_activation,
    deep_kernels_log,
    depth_correction,
    schroder,
    singular_exponent,
    singular_profile,
)

SINGULAR = ("optimal 1", "optimal 2", "sine 2", "h1+h31", "p1=0.01")
CRITICAL = ("relu", "abs", "smooth")


def singular_activation(name: str):
    """An activation of the singular kind by the name used in this chapter's figures."""
    if name.startswith("optimal"):
        return optimal_activation(int(name.split()[1]))
    if name.startswith("sine"):
        return optimal_activation(int(name.split()[1]), family="sine")
    if name == "h1+h31":
        return hermite_activation([0.0, 0.5**0.5, *[0.0] * 29, 0.5**0.5])
    return hermite_activation([0.0, 0.1, 0.0, 0.99**0.5])


def critical_activation(name: str):
    """An activation with B' = 1: a kink (relu, abs), or a dual that is smooth at 1."""
    if name == "smooth":
        return hermite_activation([0.5, 0.5**0.5, 0.5])  # (1 + 2 xi + xi^2) / 4
    return get_activation(name).normalized()


class NearZero(Experiment):
    """The profile R(u) of singular kernels: bounded, but without a limit at 0.

    Its relative swing is taken over two periods well below u = 1e-3.
    """

    activation: str = static("optimal 2", choices=SINGULAR, doc="activation")
    points: int = static(500, low=20, doc="distances")

    outputs = {
        "profile": Output(("u",), doc="R(u) = psi u^alpha, over its geometric mean below 1e-3"),
        "alpha": Output((), doc="exponent"),
        "period": Output((), doc="period of log u, log sqrt(B')"),
        "swing": Output((), doc="largest over smallest R within two periods near u = 1e-5, less 1"),
        "period_error": Output((), doc="largest relative change of R over one period, there"),
    }

    def coords(self):
        """Distances, evenly in their logarithm."""
        return {"u": Coord(np.geomspace(1e-6, 1.4, self.points), doc="distance")}

    def simulate(self, key):
        """Evaluate; nothing is random."""
        activation = singular_activation(self.activation)
        phase = classify_activation(activation)
        u = jnp.asarray(self.coords()["u"].values)
        period = 0.5 * np.log(phase.B1)
        two = 1e-5 * jnp.exp(jnp.linspace(0.0, 2 * period, 129))
        logs = jnp.log(singular_profile(activation, jnp.concatenate([u, two])))
        here, inner = logs[: u.size], logs[u.size :]
        return {
            "profile": jnp.exp(here - jnp.mean(inner)),
            "alpha": phase.alpha,
            "period": period,
            "swing": jnp.expm1(jnp.max(inner) - jnp.min(inner)),
            "period_error": jnp.max(jnp.abs(jnp.expm1(inner[64:] - inner[:65]))),
        }


class Approach(Experiment):
    """Both kernels, over the singular limit, against depth: exponential, and like 1/L."""

    activation: str = static("optimal 2", choices=SINGULAR, doc="activation")
    distances: tuple = static((0.1, 0.3, 1.0), above=0.0, below=1.4, doc="distances u")
    depths: tuple = static(
        tuple(round(10 ** (k / 6)) for k in range(0, 25, 2)), low=0, doc="hidden layers"
    )

    outputs = {
        "nngp": Output(("depth", "u"), doc="NNGP kernel / (a^L psi)"),
        "ntk": Output(("depth", "u"), doc="NTK / (a^L (L+1) psi)"),
        "correction": Output(("u",), doc="S, the coefficient of 1/(L+1)"),
        "estimate": Output(("u",), doc="its form at small distance, alpha B' / ((B'-1) u^2)"),
    }

    def coords(self):
        """Depths and distances."""
        return {
            "depth": Coord(np.array(self.depths), doc="hidden layers L"),
            "u": Coord(np.array(self.distances), doc="distance"),
        }

    def simulate(self, key):
        """Evaluate; nothing is random."""
        activation = singular_activation(self.activation)
        phase = classify_activation(activation)
        u = jnp.array(self.distances)
        eps = u**2 / 2
        log_psi = schroder(activation, eps=eps, log=True)

        def at(depth):
            return deep_kernels_log(activation, depth, eps=eps, rescaled=True)

        nngp, ntk = jax.lax.map(at, jnp.array(self.depths))
        return {
            "nngp": jnp.exp(nngp - log_psi[None, :]),
            "ntk": jnp.exp(ntk - log_psi[None, :]),
            "correction": depth_correction(activation, eps=eps),
            "estimate": phase.alpha * phase.B1 / ((phase.B1 - 1) * u**2),
        }


class LocalExponent(Experiment):
    """The exponent that a kernel of finite depth shows at a distance: - d log K / d log u."""

    activation: str = static("optimal 2", choices=SINGULAR, doc="activation")
    depths: tuple = static((30, 100, 1000, 10000), low=1, doc="hidden layers")
    points: int = static(121, low=11, doc="distances")

    outputs = {
        "nngp": Output(("depth", "u"), doc="exponent of the NNGP kernel"),
        "ntk": Output(("depth", "u"), doc="exponent of the NTK"),
        "limit": Output(("u",), doc="exponent of psi"),
        "alpha": Output((), doc="alpha"),
    }

    def coords(self):
        """Depths and distances."""
        return {
            "depth": Coord(np.array(self.depths), doc="hidden layers L"),
            "u": Coord(np.geomspace(1e-4, 1.2, self.points), doc="distance"),
        }

    def simulate(self, key):
        """A central difference over a hundredth of log u."""
        activation = singular_activation(self.activation)
        h = 0.005
        u = jnp.asarray(self.coords()["u"].values)
        eps = jnp.concatenate([(u * np.exp(s * h)) ** 2 / 2 for s in (-1, 1)])

        def slope(logs):
            low, high = jnp.split(logs, 2)
            return (low - high) / (2 * h)

        def at(depth):
            return tuple(slope(k) for k in deep_kernels_log(activation, depth, eps=eps))

        nngp, ntk = jax.lax.map(at, jnp.array(self.depths))
        return {
            "nngp": nngp,
            "ntk": ntk,
            "limit": slope(schroder(activation, eps=eps, log=True)),
            "alpha": singular_exponent(activation),
        }


class CriticalRatio(Experiment):
    """Off-diagonal over diagonal of the NTK at the edge of chaos, against depth."""

    host_only = True
    activation: str = static("relu", choices=CRITICAL, doc="activation")
    correlation: float = static(0.3, low=0.0, below=1.0, doc="correlation of the two inputs")
    depth: int = static(20_000, low=10, doc="largest number of hidden layers")

    outputs = {
        "ratio": Output(("record",), doc="NTK(x, z) / NTK(x, x)"),
        "limit": Output((), doc="s / (2 s + 1)"),
    }

    def coords(self):
        """Recorded depths."""
        depths = np.unique(np.geomspace(1, self.depth, 40).round().astype(int))
        return {"record": Coord(depths, doc="hidden layers L")}

    def simulate(self, key):
        """One pair of inputs, all layers."""
        activation = critical_activation(self.activation)
        xi = self.correlation
        pair = jnp.array([[1.0, 0.0], [xi, np.sqrt(1 - xi**2)]])
        k = mlp_kernels(
            pair[:1],
            pair[1:],
            activation=activation,
            depth=self.depth,
            inputs="sphere",
            get="ntk",
            return_layers=True,
        )
        depths = self.coords()["record"].values
        return {
            "ratio": k.ntk[depths, 0, 0] / (depths + 1.0),
            "limit": classify_activation(activation).critical_ratio,
        }


NEAR_ZERO = Plan(NearZero(), over={"activation": SINGULAR})
APPROACH = Plan(Approach())
LOCAL_EXPONENT = Plan(LocalExponent())
CRITICAL_RATIO = Plan(CriticalRatio(), over={"activation": CRITICAL})
