"""Dimensions of architectures, exactly and (to see it fail) in floating point."""

import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.quadratic.jacobians import parameter_jacobian, rank_float
from theorylab.quadratic.neurovariety import (
    equiwidth_dim,
    minimal_filling_widths,
    neuron_dim,
    neurovariety_dim,
    shallow_dim,
)

COMPARED = ("square", "product", "fan")
KINDS = (*COMPARED, "full")


def widths_of(text: str) -> tuple[int, ...]:
    """Widths from their text.

    >>> widths_of("3-3-1")
    (3, 3, 1)
    """
    return tuple(int(width) for width in text.split("-"))


class Dimension(Experiment):
    """The dimension of an architecture: modulo a prime, in double and in single precision."""

    host_only = True
    widths: str = static("3-3-3-1", doc="widths, inputs to outputs")
    variant: str = static("fan", choices=KINDS, doc="hidden neurons")
    bias: bool = static(False, doc="with biases, or homogeneous")

    outputs = {
        "dim": Output((), doc="dimension, by the rank modulo a prime"),
        "ambient": Output((), doc="dimension of all polynomials of that degree"),
        "weights": Output((), doc="number of weights and biases"),
        "naive": Output((), doc="weights minus obvious symmetries, at most the ambient dimension"),
        "double": Output((), doc="numerical rank in double precision"),
        "gap": Output((), doc="smallest kept over largest dropped singular value there"),
        "single": Output((), doc="numerical rank in single precision"),
    }

    def simulate(self, key):
        """Ranks of the same Jacobian at random points."""
        widths = widths_of(self.widths)
        exact = neurovariety_dim(widths, self.variant, bias=self.bias)
        jacobian = parameter_jacobian(widths, self.variant, bias=self.bias, method="float64")
        double, gap = rank_float(jacobian)
        single, _ = rank_float(jacobian.astype(np.float32))
        found = {
            "dim": exact.dim,
            "ambient": exact.ambient,
            "weights": exact.n_params,
            "naive": exact.naive_bound,
            "double": double,
            "gap": gap,
            "single": single,
        }
        return {name: np.asarray(float(value)) for name, value in found.items()}


class NeuronDimension(Experiment):
    """The dimension of a single neuron with biases."""

    host_only = True
    inputs: int = static(3, low=1, doc="inputs n")
    variant: str = static("fan", doc="kind of neuron")

    outputs = {
        "dim": Output((), doc="by the rank modulo a prime"),
        "formula": Output((), doc="closed form"),
        "weights": Output((), doc="number of parameters"),
    }

    def simulate(self, key):
        """One layer without readout."""
        found = neurovariety_dim((self.inputs, 1), self.variant, bias=True, readout=False)
        return {
            "dim": np.asarray(found.dim),
            "formula": np.asarray(neuron_dim(self.inputs, self.variant)),
            "weights": np.asarray(found.n_params),
        }


class EquiwidthDimension(Experiment):
    """Dimension of a network whose hidden layers are as wide as its inputs, homogeneous."""

    host_only = True
    inputs: int = static(4, low=2, doc="inputs n")
    layers: int = static(3, low=2, doc="layers of weights h")
    variant: str = static("fan", choices=COMPARED, doc="hidden neurons")

    outputs = {
        "dim": Output((), doc="by the rank modulo a prime"),
        "formula": Output((), doc="parameter count in closed form"),
        "ambient": Output((), doc="dimension of all polynomials of that degree"),
    }

    def simulate(self, key):
        """One output."""
        widths = (*[self.inputs] * self.layers, 1)
        found = neurovariety_dim(widths, self.variant, seeds=1)
        return {
            "dim": np.asarray(found.dim),
            "formula": np.asarray(equiwidth_dim(self.inputs, self.layers, self.variant)),
            "ambient": np.asarray(found.ambient),
        }


class ShallowDimension(Experiment):
    """Dimension of a network with one hidden layer and one output, homogeneous."""

    host_only = True
    inputs: int = static(16, low=1, doc="inputs n")
    hidden: int = static(2, low=1, doc="hidden neurons m")
    variant: str = static("fan", choices=COMPARED, doc="hidden neurons")

    outputs = {
        "dim": Output((), doc="by the rank modulo a prime"),
        "formula": Output((), doc="closed form"),
        "weights": Output((), doc="weights of the hidden layer"),
    }

    def simulate(self, key):
        """Count the weights of the hidden layer only: the readout is absorbed in them."""
        found = neurovariety_dim((self.inputs, self.hidden, 1), self.variant, seeds=1)
        return {
            "dim": np.asarray(found.dim),
            "formula": np.asarray(shallow_dim(self.inputs, self.hidden, self.variant)),
            "weights": np.asarray(found.n_params - self.hidden),
        }


class PowerDimension(Experiment):
    """Dimension of a network with activation $x^r$, homogeneous."""

    host_only = True
    widths: str = static("5-7-1", doc="widths, inputs to outputs")
    power: int = static(3, low=2, doc="exponent r")

    outputs = {
        "dim": Output((), doc="by the rank modulo a prime"),
        "naive": Output((), doc="weights minus scales, at most the ambient dimension"),
    }

    def simulate(self, key):
        """The widths and the power."""
        found = neurovariety_dim(widths_of(self.widths), "square", power=self.power)
        return {"dim": np.asarray(found.dim), "naive": np.asarray(found.naive_bound)}


class FillingWidths(Experiment):
    """The fewest hidden neurons with which one output is any polynomial, homogeneous."""

    host_only = True
    inputs: int = static(3, low=2, doc="inputs d_0")
    layers: int = static(3, low=2, high=4, doc="layers of weights h")
    variant: str = static("fan", choices=COMPARED, doc="hidden neurons")

    outputs = {
        "widths": Output(("layer",), doc="hidden widths; 0 where there is no such layer"),
        "neurons": Output((), doc="their sum"),
        "weights": Output((), doc="weights of that network"),
        "ways": Output((), doc="number of hidden widths with that sum that fill"),
    }

    def coords(self):
        """Hidden layers."""
        return {"layer": Coord(np.arange(1, 4), "1", "hidden layer")}

    def simulate(self, key):
        """Search by the number of neurons."""
        ways = minimal_filling_widths(self.inputs, self.layers, self.variant)
        hidden = ways[0]
        weights = neurovariety_dim((self.inputs, *hidden, 1), self.variant, seeds=1).n_params
        padded = np.zeros(3, int)
        padded[: len(hidden)] = hidden
        return {
            "widths": padded,
            "neurons": np.asarray(sum(hidden)),
            "weights": np.asarray(weights),
            "ways": np.asarray(len(ways)),
        }


#: Architectures of the chapter's table.
ARCHITECTURES = (
    "2-1-1-1",
    "2-2-1-1",
    "2-2-2-1",
    "3-2-2-1",
    "3-3-2-1",
    "3-3-3-1",
    "4-4-4-1",
    "2-2-2-2-1",
    "2-3-3-3-1",
    "3-3-3-3-1",
    "5-1-4-1",
    "4-2-2",
    "3-3-3-3",
    "2-3-2-3-4",
)
TABLE = Plan(
    Dimension(), over={"widths": ARCHITECTURES, "variant": COMPARED, "bias": (False, True)}
)
DEEP = Plan(
    Dimension(), over={"widths": ("2-3-3-3-1", "2-2-2-2-2-1", "3-3-3-3-3-1"), "variant": COMPARED}
)
NEURONS_PLAN = Plan(
    NeuronDimension(),
    over={
        "inputs": range(1, 8),
        "variant": ("square", "compact", "product", "qres", "quadralib", "fan", "full"),
    },
)
EQUIWIDTH = Plan(
    EquiwidthDimension(),
    over={"inputs": range(2, 8), "layers": (2, 3, 4), "variant": COMPARED},
)
SHALLOW = Plan(ShallowDimension(), over={"hidden": range(1, 17), "variant": COMPARED})
FILLING = Plan(
    FillingWidths(),
    over={("inputs", "layers"): ((2, 3), (3, 3), (4, 3), (2, 4)), "variant": COMPARED},
)
#: The exceptions of the theorem of Alexander and Hirschowitz, and two neighbours without defect.
POWERS = Plan(
    PowerDimension(),
    over={
        ("widths", "power"): (
            ("3-5-1", 4),
            ("4-9-1", 4),
            ("5-14-1", 4),
            ("5-7-1", 3),
            ("5-6-1", 3),
            ("5-8-1", 3),
        )
    },
)
