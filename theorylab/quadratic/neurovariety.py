"""How many functions a polynomial network can represent: dimensions of neurovarieties.

A network of polynomial neurons computes polynomials of its inputs. Its weights move the
coefficients of these polynomials on a set whose closure is the *neurovariety*; its dimension is
the largest rank of the derivative of the coefficients by the weights. Two problems must be told
apart: homogeneous networks without biases, and networks with biases.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from typing import Literal

from theorylab.citation import references
from theorylab.lab.require import require, whole
from theorylab.quadratic.jacobians import (
    METHODS,
    Method,
    check_network,
    monomials,
    parameter_jacobian,
    rank_float,
    rank_modp,
    rank_rational,
)

#: Directions in which the weights of one hidden neuron move without changing the network: its
#: scale, which the next layer undoes, and ambiguities inside the neuron.
_GAUGE = {
    "square": 1,
    "product": 2,
    "fan": 2,
    "type2": 1,
    "full": 1,
    "compact": 1,
    "qres": 1,
    "quadralib": 4,
}
Compared = Literal["square", "product", "fan"]


@dataclass(frozen=True)
class NeurovarietyReport:
    """Dimension of the set of functions of an architecture, and what it is compared with.

    Attributes:
        dim: dimension of the neurovariety.
        ambient: of the space of all polynomials of that degree and those outputs.
        n_params: number of weights and biases.
        naive_bound: `naive_bound` of the architecture: weights minus obvious symmetries.
        defect: naive_bound - dim, at least 0.
        filling: whether dim is ambient: almost all polynomials, over the complex numbers.
        fibre_dim: n_params - dim, directions of the weights that change nothing.
        gap: for "float64" the ratio of `rank_float`; None for exact methods.
    """

    dim: int
    ambient: int
    n_params: int
    naive_bound: int
    defect: int
    filling: bool
    fibre_dim: int
    gap: float | None = None


@references("kileel2019expressive")
def neurovariety_dim(
    widths: tuple[int, ...],
    variant: str = "fan",
    *,
    power: int = 2,
    bias: bool = False,
    readout: bool = True,
    method: Method = "modp",
    seeds: int = 2,
) -> NeurovarietyReport:
    """Dimension of the functions that a network of polynomial neurons represents.

    It is the rank of `parameter_jacobian` at random weights and inputs. Modulo a prime that
    rank is never above the dimension. It is below with a probability of at most the degree of a
    minor over the prime, which is less than 1e-3 for the sizes in the book; the largest result
    of several seeds counts. In double precision the rank is a guess: see `gap`. Single precision
    is not offered: it is wrong for some networks of degree 4 already.

    Args:
        widths: $(d_0, \\dots, d_h)$: inputs, hidden layers, outputs; h layers of weights.
        variant: of the hidden neurons: "fan" (this chapter's quadratic neuron), "square",
            "product", "full", "type2", and with biases "compact", "qres", "quadralib".
        power: activation $x^r$ of "square"; 2 for the others.
        bias: with biases (all polynomials up to a degree), or homogeneous.
        readout: the last layer is linear, as usual; False: it has neurons like the others.
        method: "modp", "rational" (slow) or "float64".
        seeds: random points tried.

    Raises:
        ValueError: an argument is not allowed.

    Source: the problem is that of kileel2019expressive; the neurons and biases are added here.

    >>> neurovariety_dim((3, 3, 3, 1), "square").dim, neurovariety_dim((3, 3, 3, 1)).dim
    (12, 15)
    """
    widths = check_network(widths, variant, power, bias, readout)
    require("method", method, choices=METHODS)
    best, gap, n_params = -1, None, 0
    for seed in range(whole("seeds", seeds, low=1)):
        jacobian = parameter_jacobian(
            widths, variant, power=power, bias=bias, readout=readout, method=method, seed=seed
        )
        n_params = jacobian.shape[1]
        if method == "float64":
            rank, ratio = rank_float(jacobian)
        else:
            rank, ratio = (rank_modp if method == "modp" else rank_rational)(jacobian), None
        if rank > best:
            best, gap = rank, ratio
    layers = len(widths) - 1 - readout
    ambient = widths[-1] * monomials(widths[0], power**layers, bias)
    bound = min(n_params - _gauge(widths, variant, readout, bias), ambient)
    return NeurovarietyReport(
        best, ambient, n_params, bound, bound - best, best == ambient, n_params - best, gap
    )


def _gauge(widths: tuple[int, ...], variant: str, readout: bool, bias: bool) -> int:
    inner = sum(widths[1:-1]) * _GAUGE[variant]
    # The last neurons have no next layer to undo their scale.
    return inner + (0 if readout else widths[-1] * (_GAUGE[variant] - 1))


@references("kileel2019expressive")
def naive_bound(widths: tuple[int, ...], power: int = 2) -> int:
    """Weights minus scales, for homogeneous networks with activation $x^r$, at most the ambient.

    $$\\min\\Big(d_h + \\sum_{i=1}^{h}(d_{i-1}-1)\\,d_i,\\;
    d_h\\binom{d_0+r^{h-1}-1}{r^{h-1}}\\Big).$$

    Raises:
        ValueError: fewer than three widths, or not whole numbers.

    Source: kileel2019expressive.

    >>> naive_bound((3, 3, 3, 1)), naive_bound((3, 2, 2, 1))
    (15, 8)
    """
    widths = check_network(widths, "square", power, False, True)
    pairs = itertools.pairwise(widths)
    free = widths[-1] + sum((din - 1) * dout for din, dout in pairs)
    return min(free, widths[-1] * monomials(widths[0], power ** (len(widths) - 2), False))


def neuron_dim(inputs: int, variant: str = "fan") -> int:
    """Dimension of the functions of one neuron with biases, in closed form.

    For the chapter's neuron $\\min(3n+2, \\binom{n+2}{2})$: all quadratic polynomials up to
    n = 3, and from n = 4 on all parameters but one.

    Raises:
        ValueError: an argument is not allowed.

    Source: derived here; for "fan" with the dimension of two-factor models, drton2007algebraic.

    >>> [neuron_dim(n) for n in (1, 2, 3, 4, 5)]
    [3, 6, 10, 14, 17]
    """
    n = whole("inputs", inputs, low=1)
    every = comb(n + 2, 2)
    dims = {
        "square": n + 1,
        "type2": n + 1,
        "product": 2 * n + 1,
        "compact": 2 * n + 1,
        "qres": 2 * n + 1,
        "quadralib": min(3 * n, every),
        "fan": min(3 * n + 2, every),
        "full": every,
    }
    return dims[require("variant", variant, choices=tuple(dims))]


@references("drton2007algebraic")
def shallow_dim(inputs: int, hidden: int, variant: Compared = "fan") -> int:
    """Dimension for one hidden layer and one output, homogeneous, in closed form.

    Sums of m squares are the symmetric matrices of rank at most $k=\\min(m,n)$, of dimension
    $nk-\\binom k2$. Products have rank up to $2m$; "fan" adds any diagonal, which makes it
    the variety of factor analysis with $k=\\min(2m,n)$ factors:
    $\\min(nk-\\binom k2+n, \\binom{n+1}2)$.

    Raises:
        ValueError: an argument is not allowed.

    Source: drton2007algebraic for the diagonal; derived here.

    >>> [shallow_dim(8, 2, variant) for variant in ("square", "product", "fan")]
    [15, 26, 34]
    """
    n, m = whole("inputs", inputs, low=1), whole("hidden", hidden, low=1)
    require("variant", variant, choices=("square", "product", "fan"))
    rank = min(m if variant == "square" else 2 * m, n)
    return min(n * rank - comb(rank, 2) + (n if variant == "fan" else 0), comb(n + 1, 2))


def equiwidth_dim(inputs: int, layers: int, variant: Compared = "fan", outputs: int = 1) -> int:
    """Dimension for $d = (n, \\dots, n, 1)$ or $(n, \\dots, n)$ with h layers, homogeneous.

    Each hidden layer contributes $n\\,\\min(\\binom n2, v-1)$ where v is the dimension of one
    neuron, and the readout $\\binom{n+1}2$ for one output and $n^2$ for n outputs; at most the
    ambient dimension. This is a parameter count: it agrees with exact ranks in every case tried
    (n up to 8, h up to 5), and is not a theorem for all n.

    Args:
        inputs: n.
        layers: h, layers of weights, at least 2.
        outputs: 1 or n.

    Raises:
        ValueError: an argument is not allowed.

    Source: derived here.

    >>> [equiwidth_dim(5, 3, variant) for variant in ("square", "product", "fan")]
    [35, 55, 65]
    """
    n, h = whole("inputs", inputs, low=1), whole("layers", layers, low=2)
    require("variant", variant, choices=("square", "product", "fan"))
    require("outputs", outputs, choices=(1, n))
    every = comb(n + 1, 2)
    neuron = {"square": n, "product": min(2 * n - 1, every), "fan": min(3 * n - 1, every)}[variant]
    gained = n * min(comb(n, 2), neuron - 1)
    last = every if outputs == 1 else n * n
    hidden = h - 2 if outputs == 1 else h - 1
    return min(outputs * monomials(n, 2 ** (h - 1), False), hidden * gained + last)


@references("kileel2019expressive")
def minimal_filling_widths(
    inputs: int, layers: int, variant: str = "fan", *, bias: bool = False, max_width: int = 8
) -> tuple[tuple[int, ...], ...]:
    """Hidden widths with the fewest neurons at which one output is any polynomial.

    Args:
        inputs: $d_0$.
        layers: h, layers of weights, at least 2: h - 1 hidden layers.
        variant: of the neurons.
        bias: with biases, or homogeneous.
        max_width: largest width tried.

    Returns:
        all hidden widths $(d_1, \\dots, d_{h-1})$ with that number of neurons, in increasing
        order; empty if none fills.

    Raises:
        ValueError: an argument is not allowed.

    Source: the question is that of kileel2019expressive.

    >>> minimal_filling_widths(3, 3, "square")
    ((4, 3),)
    """
    n, h = whole("inputs", inputs, low=1), whole("layers", layers, low=2)
    width = whole("max_width", max_width, low=1)
    for neurons in range(h - 1, (h - 1) * width + 1):
        found = tuple(
            hidden
            for hidden in _compositions(neurons, h - 1, width)
            if neurovariety_dim((n, *hidden, 1), variant, bias=bias, seeds=1).filling
        )
        if found:
            return found
    return ()


def _compositions(total: int, parts: int, width: int) -> Iterator[tuple[int, ...]]:
    return (
        choice
        for choice in itertools.product(range(1, width + 1), repeat=parts)
        if sum(choice) == total
    )
