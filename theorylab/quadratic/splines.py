"""Quadratic splines, and the networks that are exactly such a spline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theorylab.lab.require import require, whole
from theorylab.quadratic.pieces import RationalLayer, quadratic_layer


@dataclass(frozen=True)
class QuadraticSpline:
    """A function of one variable, quadratic between knots, with continuous slope.

    $$s(x) = c_0 + c_1(x-t_0) + c_2(x-t_0)^2 + \\sum_{k=1}^{K}\\gamma_k\\max(0, x-t_k)^2
    \\quad\\text{on } [t_0, t_{K+1}].$$

    Attributes:
        knots: $t_0 < t_1 < \\dots < t_{K+1}$, the ends of the interval among them.
        start: $(c_0, c_1, c_2)$.
        jumps: $\\gamma_1, \\dots, \\gamma_K$, half the jumps of the second derivative.

    Raises:
        ValueError: the knots do not increase, or a number of jumps that is not theirs.
    """

    knots: tuple[Any, ...]
    start: tuple[Any, Any, Any]
    jumps: tuple[Any, ...]

    def __post_init__(self) -> None:
        require("knots", np.diff(np.asarray(self.knots, float)), above=0.0)
        require("jumps", np.asarray(self.jumps, float), shape=(len(self.knots) - 2,))

    def __call__(self, x: Any) -> Any:
        """The spline, in double precision on arrays; exactly at a fraction if all numbers are."""
        start, gammas, knots = self.start, self.jumps, self.knots
        if not isinstance(x, Fraction | int):
            x = np.asarray(x, float)
            start, gammas, knots = (np.asarray(v, float) for v in (start, gammas, knots))
        away = x - knots[0]
        total = start[0] + start[1] * away + start[2] * away**2
        for knot, gamma in zip(knots[1:-1], gammas, strict=True):
            total = total + gamma * np.maximum(x - knot, 0) ** 2
        return total


def interpolate_quadratic(
    f: Callable[[np.ndarray], np.ndarray], low: float | int, high: float | int, pieces: int
) -> QuadraticSpline:
    """The quadratic spline on equal intervals that agrees with f at their middles and both ends.

    Its error falls as the third power of the length of an interval where f is smooth.

    Args:
        f: on arrays of points, (n,) to (n,).
        low, high: the interval.
        pieces: number of polynomial pieces, at least 1.

    Raises:
        ValueError: low not below high, or pieces not a whole number of at least 1.

    Source: the interpolation is Marsden's (deboor2001practical).

    >>> spline = interpolate_quadratic(np.square, 0.0, 1.0, 4)
    >>> bool(np.allclose(spline.jumps, 0)), round(float(spline(0.3)), 12)
    (True, 0.09)
    """
    pieces = whole("pieces", pieces, low=1)
    require("high", high, above=low)
    from scipy.interpolate import make_interp_spline

    knots = np.linspace(low, high, pieces + 1)
    sites = np.concatenate([[low], (knots[1:] + knots[:-1]) / 2, [high]])
    padded = np.concatenate([[low] * 2, knots, [high] * 2])
    fitted = make_interp_spline(sites, f(sites), k=2, t=padded)
    curvature = fitted.derivative(2)((knots[1:] + knots[:-1]) / 2)
    start = (float(fitted(low)), float(fitted.derivative()(low)), float(curvature[0] / 2))
    return QuadraticSpline(tuple(knots.tolist()), start, tuple((np.diff(curvature) / 2).tolist()))


def interpolate_linear(
    f: Callable[[np.ndarray], np.ndarray], low: float | int, high: float | int, pieces: int
) -> Callable[[np.ndarray], np.ndarray]:
    """The polygon through f at equally spaced knots: what one hidden layer of ReLU represents.

    Raises:
        ValueError: as in `interpolate_quadratic`.

    >>> polygon = interpolate_linear(np.square, 0.0, 1.0, 2)
    >>> float(polygon(np.array(0.25)))
    0.125
    """
    pieces = whole("pieces", pieces, low=1)
    require("high", high, above=low)
    knots = np.linspace(low, high, pieces + 1)
    values = f(knots)
    return lambda x: np.interp(x, knots, values)


def quadratic_spline_net(spline: QuadraticSpline) -> tuple[RationalLayer, ...]:
    """The network with two hidden layers that is this spline, on its interval, exactly.

    With K inner knots the widths are K + 1 and K + 2. The first hidden layer is conventional:
    $x-t_0+1$ (positive on the interval) and $\\max(0, x-t_k)$. The second squares each of these
    and passes the first on. The readout is linear.

    Returns:
        three layers, in exact numbers.

    Source: derived here.

    >>> spline = QuadraticSpline((0, 1, 2), (0, 0, 1), (-2,))
    >>> layers = quadratic_spline_net(spline)
    >>> x = np.array([[1.5]])
    >>> float(layers[2](layers[1](layers[0](x)))[0, 0]), float(spline(1.5))
    (1.75, 1.75)
    """
    knots = [Fraction(t) for t in spline.knots]
    c0, c1, c2 = (Fraction(c) for c in spline.start)
    inner = knots[1:-1]
    width = len(inner) + 1
    shift = quadratic_layer([[1] * width], [1 - knots[0], *(-t for t in inner)])
    unit: list[list[int]] = [[int(i == j) for j in range(width)] for i in range(width)]
    passed = [[*row, int(i == 0)] for i, row in enumerate(unit)]
    gate = [[*row, 0] for row in unit]
    square = quadratic_layer(passed, kernel_g=gate, bias_g=[0] * width + [1])
    # With u = x - t_0 + 1:  x - t_0 = u - 1  and  (x - t_0)^2 = u^2 - 2 u + 1.
    weights = [c2, *(Fraction(gamma) for gamma in spline.jumps), c1 - 2 * c2]
    readout = quadratic_layer([[w] for w in weights], [c0 - c1 + c2], relu=False)
    return shift, square, readout


def convergence_order(
    pieces: Sequence[int] | np.ndarray, errors: Sequence[float] | np.ndarray
) -> float:
    """Slope of the logarithm of an error against that of the number of pieces.

    Raises:
        ValueError: fewer than two points, or an error that is not above 0.

    >>> round(convergence_order((8, 16, 32), (1.0, 0.25, 0.0625)), 12)
    -2.0
    """
    errors = np.asarray(require("errors", np.asarray(errors, float), above=0.0))
    if len(errors) < 2:
        raise ValueError("errors has one entry; allowed: at least two")
    return float(np.polyfit(np.log(np.asarray(pieces, float)), np.log(errors), 1)[0])
