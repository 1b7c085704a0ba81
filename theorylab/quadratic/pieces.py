"""Networks of one real input, exactly: polynomial pieces between algebraic breakpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from theorylab.citation import references
from theorylab.lab.require import require, whole
from theorylab.quadratic.real_roots import (
    ZERO,
    Polynomial,
    RealRoot,
    add,
    compare,
    integers,
    merged_roots,
    multiply,
    point_between,
    rational,
    real_roots,
    scale,
    sign_at,
    value,
)

Rows = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class RationalLayer:
    """A layer of quadratic neurons with rational weights, followed by ReLU or not.

    $$z_j = (x\\cdot w_{r,j} + b_{r,j})(x\\cdot w_{g,j} + b_{g,j})
    + (x\\odot x)\\cdot w_{b,j} + c_j.$$

    Make one with `quadratic_layer`. The fields have the names and shapes of `QuadraticParams`.

    Attributes:
        kernel_r, kernel_g, kernel_b: (din, dout), as rows.
        bias_r, bias_g, bias_c: (dout,).
        relu: whether a rectifier follows.
    """

    kernel_r: Rows
    bias_r: tuple[Fraction, ...]
    kernel_g: Rows
    bias_g: tuple[Fraction, ...]
    kernel_b: Rows
    bias_c: tuple[Fraction, ...]
    relu: bool = True

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights in double precision, for `QuadraticParams(**layer.arrays())`."""
        names = ("kernel_r", "bias_r", "kernel_g", "bias_g", "kernel_b", "bias_c")
        return {name: np.asarray(getattr(self, name), float) for name in names}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The layer in double precision, (..., din) to (..., dout)."""
        w = self.arrays()
        z = (x @ w["kernel_r"] + w["bias_r"]) * (x @ w["kernel_g"] + w["bias_g"])
        z = z + (x * x) @ w["kernel_b"] + w["bias_c"]
        return np.maximum(z, 0) if self.relu else z


def quadratic_layer(
    kernel_r: Any,
    bias_r: Any = None,
    kernel_g: Any = None,
    bias_g: Any = None,
    kernel_b: Any = None,
    bias_c: Any = None,
    *,
    relu: bool = True,
) -> RationalLayer:
    """A layer with exact weights, from fractions, whole numbers or floating point numbers.

    A floating point number is a fraction, and is taken as that. What is left out is at the
    reference: without further arguments this is a conventional layer, $b_g = 1$ and $w_g$,
    $w_b$, c are 0. Without kernel_g but with a bias_g it is not.

    Args:
        kernel_r, kernel_g, kernel_b: (din, dout).
        bias_r, bias_g, bias_c: (dout,).
        relu: whether a rectifier follows.

    Raises:
        ValueError: shapes do not fit, or a number is not finite.

    >>> quadratic_layer([[2]], relu=False)(np.array([1.5])).tolist()
    [3.0]
    """
    shape = np.shape(kernel_r)
    if len(shape) != 2 or not all(shape):
        raise ValueError(f"kernel_r has shape {shape}; allowed: (any, any), not empty")
    din, dout = shape
    given = {"kernel_r": kernel_r, "kernel_g": kernel_g, "kernel_b": kernel_b}
    kernels = {name: _fractions(name, value, (din, dout)) for name, value in given.items()}
    given = {"bias_r": bias_r, "bias_g": bias_g, "bias_c": bias_c}
    biases = {name: _fractions(name, value, (dout,)) for name, value in given.items()}
    if bias_g is None:
        biases["bias_g"] = (Fraction(1),) * dout
    return RationalLayer(**kernels, **biases, relu=relu)


def square_layer(kernel: Any, bias: Any = None, *, relu: bool = True) -> RationalLayer:
    """Neurons $(x\\cdot w + b)^2$: both factors of the quadratic neuron are the same.

    Raises:
        ValueError: as in `quadratic_layer`.

    >>> square_layer([[1]], [-1])(np.array([3.0])).tolist()
    [4.0]
    """
    bias = np.zeros(np.shape(kernel)[-1], int) if bias is None else bias
    return quadratic_layer(kernel, bias, kernel, bias, relu=relu)


def _fractions(name: str, value: Any, shape: tuple[int, ...]) -> Any:
    if value is None:
        value = np.zeros(shape, int)
    if np.shape(value) != shape:
        raise ValueError(f"{name} has shape {np.shape(value)}; allowed: {shape}")
    require(name, np.asarray(value, float))
    entries = [_fraction(entry) for entry in np.asarray(value, object).ravel()]
    if len(shape) == 1:
        return tuple(entries)
    width = shape[1]
    return tuple(tuple(entries[k : k + width]) for k in range(0, len(entries), width))


def _fraction(entry: Any) -> Fraction:
    return entry if isinstance(entry, Fraction) else Fraction(np.asarray(entry).item())


@dataclass(frozen=True)
class PiecewisePoly1D:
    """Piecewise polynomials of one variable, several at once on the same intervals, exactly.

    Attributes:
        pieces: for each interval, from left to right, the polynomial of each component, as
            coefficients from the constant term up.
        breakpoints: the real algebraic numbers between them.
        low, high: ends of the domain; None: the domain is unbounded there.
    """

    pieces: tuple[tuple[Polynomial, ...], ...]
    breakpoints: tuple[RealRoot, ...] = ()
    low: Fraction | None = field(default=None, kw_only=True)
    high: Fraction | None = field(default=None, kw_only=True)

    @property
    def count(self) -> int:
        """Number of maximal intervals on which every component is one polynomial."""
        return len(self.pieces)

    @property
    def degree(self) -> int:
        """Largest degree of any piece."""
        return max(len(p) - 1 for piece in self.pieces for p in piece)

    def quadratic(self, layer: RationalLayer) -> "PiecewisePoly1D":
        """The neurons of a layer before the rectifier, of these components as inputs.

        Raises:
            ValueError: the number of components is not that of the layer's inputs.
        """
        if len(self.pieces[0]) != len(layer.kernel_r):
            raise ValueError(
                f"layer has {len(layer.kernel_r)} inputs; allowed: {len(self.pieces[0])}"
            )
        return self._merged([_neurons(piece, layer) for piece in self.pieces], self.breakpoints)

    def relu(self) -> "PiecewisePoly1D":
        """Each component rectified: split where one changes sign, then merged where none did."""
        pieces, breakpoints = [], []
        ends = (_end(self.low), *self.breakpoints, _end(self.high))
        for k, piece in enumerate(self.pieces):
            roots = merged_roots(real_roots(p, ends[k], ends[k + 1]) for p in piece)
            whole_numbers = [integers(p) for p in piece]
            for left, right in pairwise((ends[k], *roots, ends[k + 1])):
                at = point_between(left, right)
                signs = (sign_at(p, at) for p in whole_numbers)
                pieces.append(
                    tuple(p if sign > 0 else ZERO for p, sign in zip(piece, signs, strict=True))
                )
            breakpoints += [*roots, *self.breakpoints[k : k + 1]]
        return self._merged(pieces, breakpoints)

    def __call__(self, x: Fraction | int) -> tuple[Fraction, ...]:
        """The components at a rational point, exactly.

        Raises:
            ValueError: x is outside the domain.
        """
        x = Fraction(x)
        low, high = self.low, self.high
        if (low is not None and x < low) or (high is not None and x > high):
            raise ValueError(f"x is {x}; allowed: from {low} to {high}")
        k = sum(compare(root, rational(x)) < 0 for root in self.breakpoints)
        return tuple(value(p, x) for p in self.pieces[k])

    def _merged(self, pieces: Sequence, breakpoints: Sequence) -> "PiecewisePoly1D":
        kept, between = [pieces[0]], []
        for piece, root in zip(pieces[1:], breakpoints, strict=True):
            if piece != kept[-1]:
                kept.append(piece)
                between.append(root)
        return PiecewisePoly1D(tuple(kept), tuple(between), low=self.low, high=self.high)


def _end(x: Fraction | None) -> RealRoot | None:
    return None if x is None else rational(x)


def _neurons(inputs: tuple[Polynomial, ...], layer: RationalLayer) -> tuple[Polynomial, ...]:
    squares = tuple(multiply(p, p) for p in inputs) if any(map(any, layer.kernel_b)) else ()

    def affine(kernel, j, constant, values):
        terms = (scale(row[j], p) for row, p in zip(kernel, values, strict=False))
        return add((constant,), *terms)

    return tuple(
        add(
            multiply(
                affine(layer.kernel_r, j, layer.bias_r[j], inputs),
                affine(layer.kernel_g, j, layer.bias_g[j], inputs),
            ),
            affine(layer.kernel_b, j, layer.bias_c[j], squares),
        )
        for j in range(len(layer.bias_r))
    )


def network_pieces(
    layers: Sequence[RationalLayer],
    low: Fraction | int | None = None,
    high: Fraction | int | None = None,
) -> PiecewisePoly1D:
    """The network as a function of one real input, piece by piece, exactly.

    Args:
        layers: first to last; the first has one input.
        low, high: ends of the domain; None: unbounded.

    Raises:
        ValueError: no layers, layers that do not fit, or low not below high.

    >>> pieces = network_pieces(chebyshev_tower(2))
    >>> pieces.count, [round(float(root), 4) for root in pieces.breakpoints]
    (5, [-0.9239, -0.3827, 0.3827, 0.9239])
    """
    if not layers:
        raise ValueError("layers is empty; allowed: at least one layer")
    low, high = (None if end is None else Fraction(end) for end in (low, high))
    if low is not None and high is not None and low >= high:
        raise ValueError(f"low is {low} and high is {high}; allowed: low below high")
    now = PiecewisePoly1D((((Fraction(0), Fraction(1)),),), low=low, high=high)
    for layer in layers:
        now = now.quadratic(layer)
        now = now.relu() if layer.relu else now
    return now


def count_pieces_1d(
    layers: Sequence[RationalLayer],
    low: Fraction | int | None = None,
    high: Fraction | int | None = None,
) -> int:
    """Number of polynomial pieces of a network of one input: maximal intervals, counted exactly.

    Raises:
        ValueError: as in `network_pieces`.

    >>> [count_pieces_1d(chebyshev_tower(depth)) for depth in (1, 2, 3)]
    [3, 5, 9]
    """
    return network_pieces(layers, low, high).count


def count_pieces_on_segment(
    layers: Sequence[RationalLayer], start: Sequence[Any], stop: Sequence[Any]
) -> int:
    """Number of polynomial pieces of a network of several inputs along a straight segment.

    Args:
        layers: first to last.
        start, stop: ends of the segment, (din,) each, taken as exact numbers.

    Raises:
        ValueError: as in `network_pieces`; shapes that do not fit.

    >>> ring = quadratic_layer([[0], [0]], kernel_b=[[1], [1]], bias_c=[-1])
    >>> count_pieces_on_segment([ring], (-2, 0), (2, 1))
    3
    """
    ends = [_fractions(name, v, np.shape(v)) for name, v in (("start", start), ("stop", stop))]
    if np.shape(start) != np.shape(stop) or np.shape(start) != (len(layers[0].kernel_r),):
        raise ValueError(
            f"start and stop have shapes {np.shape(start)} and {np.shape(stop)}; "
            f"allowed: ({len(layers[0].kernel_r)},)"
        )
    way = [[b - a for a, b in zip(*ends, strict=True)]]
    return count_pieces_1d((quadratic_layer(way, ends[0], relu=False), *layers), 0, 1)


@references("montufar2014number")
def max_pieces_1d(hidden: Sequence[int], degree: int = 2) -> int:
    """Most polynomial pieces of a rectified network of one input: $\\prod_i(1 + d^i m_i)$.

    Behind i layers a piece carries polynomials of degree $d^i$, so that each of $m_i$ rectifiers
    splits it at $d^i$ points or fewer. With d = 1 this is the bound of conventional networks,
    with d = 2 that of quadratic ones.

    Args:
        hidden: widths $m_1, \\dots, m_L$ of the hidden layers.
        degree: d of a neuron, 1 or 2.

    Raises:
        ValueError: not whole numbers of at least 1.

    Source: derived here; for d = 1 well known (montufar2014number studies how close one can get).

    >>> max_pieces_1d((8, 8), 1), max_pieces_1d((8, 8))
    (81, 561)
    """
    whole("degree", degree, low=1, high=2)
    hidden = [whole("hidden", m, low=1) for m in hidden]
    return prod(1 + degree**i * m for i, m in enumerate(hidden, 1))


@references("telgarsky2016benefits")
def chebyshev_tower(depth: int) -> tuple[RationalLayer, ...]:
    """Width 1, depth L: hidden neurons that end in ReLU of the Chebyshev polynomial $T_{2^L}$.

    $h_1 = (2x)(x)$, $h_{l+1} = (2h_l-2)(h_l-1)$ and minus 1 in the last one. All of them but the
    last are squares, which the rectifier does not change. The last crosses zero $2^L$ times: the
    function has $2^L+1$ pieces, from $6L+2$ parameters.

    Returns:
        L hidden layers and the readout.

    Raises:
        ValueError: depth is not a whole number of at least 1.

    Source: derived here; composed polynomials as in telgarsky2016benefits.

    >>> round(float(chebyshev_tower(1)[0](np.array([1.0]))[0]), 6)
    1.0
    """
    depth = whole("depth", depth, low=1)
    layers = []
    for level in range(depth):
        first, last = level == 0, level == depth - 1
        layers.append(
            quadratic_layer(
                [[2]], [0 if first else -2], [[1]], [0 if first else -1], bias_c=[-1 if last else 0]
            )
        )
    return (*layers, quadratic_layer([[1]], relu=False))


def count_sign_changes(values: np.ndarray) -> int:
    """Changes of sign along a sequence; zeros are passed over.

    >>> count_sign_changes(np.array([1.0, 0.0, -1.0, -2.0, 3.0]))
    2
    """
    signs = np.sign(values)
    signs = signs[signs != 0]
    return int(np.sum(signs[1:] != signs[:-1]))
