"""Jacobians of polynomial networks with respect to their parameters, and ranks, exactly.

The same code runs in three kinds of numbers: whole numbers modulo a prime (fast and exact),
fractions (slow and exact) and double precision (for comparison).
"""

from fractions import Fraction
from itertools import pairwise
from math import comb
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from theorylab.lab.require import require, whole

#: Products of two residues stay below 2^50, and sums of thousands of products below 2^63.
PRIME = 33_554_393
Method = Literal["modp", "rational", "float64"]
METHODS = ("modp", "rational", "float64")


class Factor(NamedTuple):
    """An affine form of features of the inputs: "x", "x^2", "x x" (all products) or "1"."""

    feature: Literal["x", "x^2", "x x", "1"]
    bias: Literal["learned", "zero", "one"] = "learned"


class Term(NamedTuple):
    """A power of a product of factors."""

    factors: tuple[Factor, ...]
    power: int = 1


_X, _SQUARES, _LINEAR = Factor("x"), Factor("x^2"), Factor("x", "zero")
#: Each neuron as a sum of terms.
_NEURONS = MappingProxyType(
    {
        "square": (Term((_X,), power=2),),
        "product": (Term((_X, _X)),),
        "fan": (Term((_X, _X)), Term((_SQUARES,))),
        "type2": (Term((_SQUARES,)),),
        "full": (Term((Factor("x x"),)), Term((_LINEAR,))),
        "compact": (Term((_X,)), Term((Factor("x^2", "zero"),))),
        "qres": (Term((_LINEAR, Factor("x", "one"))), Term((Factor("1"),))),
        "quadralib": (Term((_X, _X)), Term((_X,))),
    }
)
NEURONS = tuple(_NEURONS)
#: Without biases these still have linear terms: they have no homogeneous version.
INHOMOGENEOUS = ("compact", "qres", "quadralib")


def check_network(
    widths: tuple[int, ...], variant: str, power: int, bias: bool, readout: bool
) -> tuple[int, ...]:
    """The widths, if such a polynomial network is defined.

    Raises:
        ValueError: naming the argument.
    """
    require("variant", variant, choices=NEURONS)
    widths = tuple(whole("widths", width, low=1) for width in widths)
    least = 3 if readout else 2
    if len(widths) < least:
        raise ValueError(f"widths is {widths}; allowed: at least {least} widths, inputs to outputs")
    whole("power", power, low=1)
    if power != 2 and variant != "square":
        raise ValueError(f"power is {power} for variant {variant!r}; allowed: 2")
    if not bias and variant in INHOMOGENEOUS:
        raise ValueError(f"bias is False for variant {variant!r}; allowed: True")
    return widths


def neuron_terms(variant: str, power: int = 2, bias: bool = True) -> tuple:
    """The neuron as a sum of terms; without biases, of its homogeneous ones."""
    terms = _NEURONS[variant]
    if variant == "square":
        terms = (terms[0]._replace(power=power),)
    if bias:
        return terms
    quadratic = [term for term in terms if term.factors != (_LINEAR,)]
    return tuple(
        term._replace(factors=tuple(factor._replace(bias="zero") for factor in term.factors))
        for term in quadratic
    )


def layer_shapes(terms: tuple, din: int, dout: int) -> list[tuple[int, ...]]:
    """Shapes of a layer's parameters, factor by factor: a kernel, then a bias if it is learned."""
    size = {"x": din, "x^2": din, "x x": din * (din + 1) // 2, "1": 0}
    shapes: list[tuple[int, ...]] = []
    for factor in (factor for term in terms for factor in term.factors):
        shapes += [(size[factor.feature], dout)]
        shapes += [(dout,)] if factor.bias == "learned" else []
    return shapes


def parameter_jacobian(
    widths: tuple[int, ...],
    variant: str = "fan",
    *,
    power: int = 2,
    bias: bool = False,
    readout: bool = True,
    method: Method = "modp",
    seed: int = 0,
) -> np.ndarray:
    """Derivatives of a network's outputs at random inputs by its parameters, at random parameters.

    Its rank is the dimension of the set of functions that the network can represent. As many
    inputs are drawn as are needed to tell these functions apart. No polynomial is expanded.

    Args:
        widths: $(d_0, \\dots, d_h)$, inputs to outputs; one of them for each end of h layers.
        variant: the hidden neurons, a name of `theorylab.quadratic.jacobians.NEURONS`.
        power: of the activation of "square", $x^r$.
        bias: with biases, or homogeneous.
        readout: the last layer is linear; else it is like the others.
        method: "modp": int64 modulo `PRIME`; "rational": object array of fractions; "float64".
        seed: of NumPy's generator.

    Returns:
        (inputs * d_h, parameters).

    Raises:
        ValueError: an argument is not allowed.

    >>> parameter_jacobian((2, 1, 1)).shape
    (7, 7)
    """
    widths = check_network(widths, variant, power, bias, readout)
    require("method", method, choices=METHODS)
    rng = np.random.default_rng([whole("seed", seed, low=0), *widths])
    terms = neuron_terms(variant, power, bias)
    hidden = widths[:-1] if readout else widths
    layers = [
        [_draw(rng, shape, method) for shape in layer_shapes(terms, din, dout)]
        for din, dout in pairwise(hidden)
    ]
    last = [_draw(rng, widths[-2:], method)] if readout else []
    last += [_draw(rng, widths[-1:], method)] if readout and bias else []
    n_params = sum(array.size for layer in [*layers, last] for array in layer)
    degree = power ** len(layers)
    each = monomials(widths[0], degree, bias)
    inputs = _draw(rng, (min(each, n_params) + 4, widths[0]), method)
    return _jacobian(terms, layers, last, inputs, widths[-1])


def monomials(inputs: int, degree: int, bias: bool) -> int:
    """Number of coefficients of a polynomial: of that degree, or (with biases) up to it.

    >>> monomials(3, 2, False), monomials(3, 2, True)
    (6, 10)
    """
    return comb(inputs + degree - (not bias), degree)


def rank_modp(matrix: np.ndarray) -> int:
    """Rank modulo `PRIME`, by elimination. It is never larger than the rank over the rationals.

    >>> rank_modp(np.array([[1, 2], [2, 4], [0, 1]]))
    2
    """
    rows = matrix.astype(np.int64) % PRIME
    rank = 0
    for column in range(rows.shape[1]):
        nonzero = np.flatnonzero(rows[rank:, column])
        if not nonzero.size:
            continue
        pivot = rank + nonzero[0]
        rows[[rank, pivot]] = rows[[pivot, rank]]
        scaled = rows[rank, column:] * pow(int(rows[rank, column]), -1, PRIME) % PRIME
        below = rows[rank + 1 :, column:]
        below -= rows[rank + 1 :, column, None] * scaled[None] % PRIME
        below %= PRIME
        rank += 1
        if rank == rows.shape[0]:
            break
    return rank


def rank_rational(matrix: np.ndarray) -> int:
    """Rank of a matrix of fractions, by fraction-free elimination.

    >>> rank_rational(np.array([[Fraction(1, 3), Fraction(1)], [Fraction(1), Fraction(3)]]))
    1
    """
    rows = []
    for row in matrix:
        scale = np.lcm.reduce([Fraction(x).denominator for x in row] + [1], dtype=object)
        rows.append([int(x * scale) for x in row])
    rank, last = 0, 1
    for column in range(matrix.shape[1]):
        pivot = next((k for k in range(rank, len(rows)) if rows[k][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        top, head = rows[rank], rows[rank][column]
        for k in range(rank + 1, len(rows)):
            factor = rows[k][column]
            # Bareiss: the division is exact, and entries stay as small as minors.
            rows[k] = [(head * x - factor * y) // last for x, y in zip(rows[k], top, strict=True)]
        rank, last = rank + 1, head
    return rank


def rank_float(matrix: np.ndarray) -> tuple[int, float]:
    """Numerical rank in double precision, and how far apart kept and dropped singular values are.

    Rows are normalised; singular values above max(shape) * eps * the largest are kept.

    Returns:
        rank, and the smallest kept singular value over the largest dropped one (infinite if
        none is dropped). A ratio of a few orders of magnitude or less decides nothing.

    >>> rank_float(np.diag([1.0, 2.0]))
    (2, inf)
    """
    rows = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    values = np.linalg.svd(rows, compute_uv=False)
    rank = int(np.sum(values > max(rows.shape) * np.finfo(rows.dtype).eps * values[0]))
    if rank == len(values):
        return rank, float("inf")
    with np.errstate(divide="ignore"):
        return rank, float(values[rank - 1] / values[rank])


def _draw(rng: np.random.Generator, shape: tuple[int, ...], method: str) -> np.ndarray:
    if method == "float64":
        return rng.standard_normal(shape)
    if method == "modp":
        return rng.integers(1, PRIME, shape)
    drawn = np.empty(shape, object)
    drawn.flat = [Fraction(int(k)) for k in rng.integers(-9, 10, int(np.prod(shape)))]
    return drawn


def _small(array: np.ndarray) -> np.ndarray:
    """Whole numbers are residues; other numbers stay as they are."""
    return array % PRIME if array.dtype == np.int64 else array


def _jacobian(terms, layers, last, inputs, outputs) -> np.ndarray:
    h, below = inputs, []
    for params in layers:
        below.append(h)
        h = _forward(terms, params, h)
    rows = []
    for output in range(outputs):
        unit = np.zeros((len(inputs), outputs), dtype=int).astype(inputs.dtype)
        unit[:, output] = 1
        columns, delta = [], unit
        if last:
            # A linear layer: the derivative by its kernel is the last hidden layer.
            columns = [[_outer(h, unit), *([unit] if len(last) > 1 else [])]]
            delta = np.broadcast_to(last[0][:, output], h.shape)
        for params, x in zip(layers[::-1], below[::-1], strict=True):
            grads, delta = _backward(terms, params, x, delta)
            columns.append(grads)
        rows.append(np.concatenate([g for grads in columns for g in grads], axis=1))
    return np.concatenate(rows)


def _features(name: str, x: np.ndarray) -> np.ndarray:
    if name == "x":
        return x
    if name == "x^2":
        return _small(x * x)
    i, j = np.triu_indices(x.shape[1]) if name == "x x" else ([], [])
    return _small(x[:, i] * x[:, j])


def _pull_features(name: str, x: np.ndarray, delta: np.ndarray) -> np.ndarray:
    if name == "x":
        return delta
    if name == "x^2":
        return _small(2 * _small(x * delta))
    back = 0 * x
    if name == "x x":
        for k, (a, b) in enumerate(zip(*np.triu_indices(x.shape[1]), strict=True)):
            back[:, a] = _small(back[:, a] + _small(delta[:, k] * x[:, b]))
            back[:, b] = _small(back[:, b] + _small(delta[:, k] * x[:, a]))
    return back


def _factors(term, params, x):
    """Features, kernel and value of each factor; and the parameters of the next terms."""
    found = []
    for factor in term.factors:
        features, kernel = _features(factor.feature, x), params[0]
        value = _small(features @ kernel) if features.shape[1] else 0 * x[:, :1]
        if factor.bias == "learned":
            value = value + params[1][None]
        elif factor.bias == "one":
            value = value + 1
        found.append((features, kernel, _small(value)))
        params = params[2:] if factor.bias == "learned" else params[1:]
    return found, params


def _forward(terms, params, x):
    total = 0
    for term in terms:
        factors, params = _factors(term, params, x)
        total = _small(total + _product([value for *_, value in factors] * term.power))
    return total


def _backward(terms, params, x, delta):
    grads, back = [], 0 * x
    for term in terms:
        factors, params = _factors(term, params, x)
        values = [value for *_, value in factors]
        outer = [delta * term.power, *values * (term.power - 1)]
        for k, (factor, (features, kernel, _)) in enumerate(
            zip(term.factors, factors, strict=True)
        ):
            at = _product([*outer, *values[:k], *values[k + 1 :]])
            grads += [_outer(features, at)] + ([at] if factor.bias == "learned" else [])
            back = _small(back + _pull_features(factor.feature, x, _small(at @ kernel.T)))
    return grads, back


def _product(values):
    out = _small(values[0])
    for value in values[1:]:
        out = _small(out * value)
    return out


def _outer(x: np.ndarray, delta: np.ndarray) -> np.ndarray:
    return _small(x[:, :, None] * delta[:, None, :]).reshape(len(x), -1)
