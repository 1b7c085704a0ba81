"""Pieces, splines and regions: what is counted, and how."""

import jax
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static
from theorylab.quadratic.pieces import (
    chebyshev_tower,
    count_pieces_1d,
    count_sign_changes,
    network_pieces,
    quadratic_layer,
)
from theorylab.quadratic.real_roots import sturm_count
from theorylab.quadratic.regions import (
    count_regions_plane,
    ellipse_arrangement,
    ellipse_regions,
    evaluate_curves,
    line_arrangement,
    line_regions,
)
from theorylab.quadratic.splines import (
    interpolate_linear,
    interpolate_quadratic,
    quadratic_spline_net,
)


class ExactTower(Experiment):
    """The pieces of a Chebyshev tower, counted twice without rounding."""

    host_only = True
    depth: int = static(3, low=1, high=7, doc="hidden layers L")

    outputs = {
        "pieces": Output((), doc="pieces of the network, layer by layer"),
        "sturm": Output((), doc="roots of the last pre-activation by Sturm's theorem, plus one"),
    }

    def simulate(self, key):
        """Follow the pieces through the network; expand and count roots."""
        network = network_pieces(chebyshev_tower(self.depth))
        # The left and right pieces are the polynomial itself.
        roots = sturm_count(network.pieces[0][0])
        return {"pieces": np.asarray(network.count), "sturm": np.asarray(roots + 1)}


class SampledTower(Experiment):
    """The same pieces counted in floating point, in three ways of which two fail."""

    host_only = True
    depth: int = static(3, low=1, high=16, doc="hidden layers L")
    points: int = static(20_001, low=2, doc="points of the even grid")

    outputs = {
        "angles": Output((), doc="sign changes at evenly spaced angles, plus one"),
        "even": Output((), doc="sign changes on an even grid of inputs, plus one"),
        "companion": Output((), doc="real eigenvalues of the companion matrix, plus one"),
    }

    def simulate(self, key):
        """Sample in the angle and in the input; find roots of the expanded polynomial."""
        angles = np.pi * (np.arange(8 * 2**self.depth) + 0.5) / (8 * 2**self.depth)
        even = np.linspace(-1.0, 1.0, self.points)
        # Monomial coefficients of T at degree 2^L overflow no double up to here; roots do suffer.
        degree = 2 ** min(self.depth, 9)
        monomials = np.polynomial.chebyshev.cheb2poly(np.eye(degree + 1)[degree])
        roots = np.polynomial.polynomial.polyroots(monomials)
        real = np.sum((np.abs(roots.imag) < 1e-9) & (np.abs(roots.real) < 1))
        counts = [count_sign_changes(_last(self.depth, x)) for x in (np.cos(angles), even)]
        return {
            "angles": np.asarray(counts[0] + 1),
            "even": np.asarray(counts[1] + 1),
            "companion": np.asarray(float(real + 1) if self.depth <= 9 else np.nan),
        }


class TowerCurve(Experiment):
    """The function that a Chebyshev tower computes."""

    host_only = True
    depth: int = static(3, low=1, high=8, doc="hidden layers L")
    points: int = static(1601, low=3, doc="points between -1.02 and 1.02")

    outputs = {"h": Output(("x",), doc="output of the network")}

    def coords(self):
        """Inputs, dense where the roots are: evenly spaced angles, and a little beyond."""
        inner = np.cos(np.linspace(np.pi, 0.0, self.points))
        return {"x": Coord(1.005 * inner, "1", "input")}

    def simulate(self, key):
        """Evaluate layer by layer."""
        h = self.coords()["x"].values[:, None]
        for layer in chebyshev_tower(self.depth):
            h = layer(h)
        return {"h": h[:, 0]}


class RandomPieces(Experiment):
    """The pieces of a network of one input with random weights, counted exactly.

    Kernels are normal with variance 2/din, biases with standard deviation 0.3, all rounded to
    multiples of 1/1024.
    """

    host_only = True
    quadratic: bool = static(True, doc="quadratic neurons; else conventional ones")
    depth: int = static(2, low=1, high=4, doc="hidden layers")
    width: int = static(8, low=1, high=16, doc="neurons in each")

    outputs = {"pieces": Output((), doc="polynomial pieces between -3 and 3")}

    def simulate(self, key):
        """Draw, round, count."""
        widths = (1, *[self.width] * self.depth)
        layers = []
        for depth, (key_r, key_g, key_b) in enumerate(
            jax.random.split(key, (self.depth, 3)), start=1
        ):
            shape = (widths[depth - 1], widths[depth])
            r, g, b = (_rounded(k, *shape) for k in (key_r, key_g, key_b))
            layers.append(quadratic_layer(*r, *g, *b) if self.quadratic else quadratic_layer(*r))
        readout, _ = _rounded(jax.random.fold_in(key, 1), self.width, 1)
        layers.append(quadratic_layer(readout, relu=False))
        return {"pieces": np.asarray(count_pieces_1d(layers, -3, 3))}


def _rounded(key, din, dout):
    normal = np.asarray(jax.random.normal(key, (din + 1, dout)))
    scaled = np.round(1024 * normal * np.array([[(2 / din) ** 0.5]] * din + [[0.3]])) / 1024
    return scaled[:-1], scaled[-1]


def _last(depth, x):
    """What the tower rectifies last."""
    h = 2 * x * x
    for _ in range(depth - 1):
        h = 2 * (h - 1) ** 2
    return h - 1


def _runge_third(x):
    return 24 * 25**2 * x * (1 - 25 * x**2) / (1 + 25 * x**2) ** 4


#: Function, its interval, and the largest second and third derivative on it.
TARGETS = {
    "sine": (lambda x: np.sin(2 * np.pi * x), (0.0, 1.0), (2 * np.pi) ** 2, (2 * np.pi) ** 3),
    "runge": (
        lambda x: 1 / (1 + 25 * x**2),
        (-1.0, 1.0),
        50.0,
        float(np.max(_runge_third(np.linspace(0.0, 1.0, 20_001)))),
    ),
}


class SplineError(Experiment):
    """The largest error of interpolating splines with equal pieces, linear and quadratic."""

    host_only = True
    target: str = static("sine", choices=tuple(TARGETS), doc="the function")
    pieces: int = static(16, low=1, doc="number of pieces")
    points: int = static(4001, low=2, doc="points at which errors are taken")

    outputs = {
        "linear": Output((), doc="largest error of the polygon"),
        "quadratic": Output((), doc="largest error of the quadratic spline"),
        "network": Output((), doc="largest difference of the spline and its network"),
        "second": Output((), doc="largest second derivative of the function"),
        "third": Output((), doc="largest third derivative of the function"),
        "length": Output((), doc="length of a piece"),
    }

    def simulate(self, key):
        """Interpolate, and take the worst point."""
        f, (low, high), second, third = TARGETS[self.target]
        x = np.linspace(low, high, self.points)
        spline = interpolate_quadratic(f, low, high, self.pieces)
        h = x[:, None]
        for layer in quadratic_spline_net(spline):
            h = layer(h)
        found = {
            "linear": np.max(np.abs(interpolate_linear(f, low, high, self.pieces)(x) - f(x))),
            "quadratic": np.max(np.abs(spline(x) - f(x))),
            "network": np.max(np.abs(h[:, 0] - spline(x))),
            "second": second,
            "third": third,
            "length": (high - low) / self.pieces,
        }
        return {name: np.asarray(value) for name, value in found.items()}


BOX = 1.15  # the arrangements and all their crossings lie within this distance of the axes


class Arrangement(Experiment):
    """Regions of the plane behind one hidden layer: lines, or ellipses that cross each other."""

    host_only = True
    curves: str = static("ellipses", choices=("lines", "ellipses"), doc="kind of neuron")
    m: int = static(3, low=1, high=6, doc="number of neurons")
    n: int = static(801, low=11, doc="grid points in each direction, for counting")

    outputs = {
        "regions": Output((), doc="connected regions seen on the grid"),
        "patterns": Output((), doc="sign patterns seen on the grid"),
        "dropped": Output((), doc="sets of grid points too small to count"),
        "formula": Output((), doc="number of regions by the formula"),
        "values": Output(("neuron", "y", "x"), doc="pre-activations, coarse grid; NaN beyond m"),
    }

    def coords(self):
        """A coarse grid for the picture."""
        grid = np.linspace(-BOX, BOX, 161)
        return {"neuron": np.arange(6), "y": Coord(grid), "x": Coord(grid)}

    def simulate(self, key):
        """Label the connected sets of grid points."""
        lines = self.curves == "lines"
        coefficients = (line_arrangement if lines else ellipse_arrangement)(self.m)
        found = count_regions_plane(
            lambda points: evaluate_curves(coefficients, points), (-BOX, BOX) * 2, self.n
        )
        coarse = np.stack(np.meshgrid(*[np.linspace(-BOX, BOX, 161)] * 2), axis=-1)
        values = np.full((6, 161, 161), np.nan)
        seen = evaluate_curves(coefficients, coarse.reshape(-1, 2))
        values[: self.m] = seen.T.reshape(self.m, 161, 161)
        formula = (line_regions if lines else ellipse_regions)(self.m)
        counts = {"regions": found.regions, "patterns": found.patterns, "dropped": found.dropped}
        counts = {name: np.asarray(count) for name, count in counts.items()}
        return {**counts, "formula": np.asarray(formula), "values": values}


TOWERS = Plan(ExactTower(), over={"depth": range(1, 7)})
SAMPLED = Plan(SampledTower(), over={"depth": range(1, 11)})
CURVES = Plan(TowerCurve(), over={"depth": range(1, 6)})
SPLINES = Plan(SplineError(), over={"target": TARGETS, "pieces": (8, 16, 32, 64, 128)})
ARRANGEMENTS = Plan(Arrangement(), over={"curves": ("lines", "ellipses"), "m": range(1, 5)})
#: Minutes: the pieces of 120 networks.
RANDOM = Recorded(
    "quadratic/random-networks",
    Plan(RandomPieces(), over={"quadratic": (False, True), "depth": (1, 2, 3)}, seeds=30),
)
