"""Codes of modules with one winner each, beside codes of the same size that are free."""

import math

from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.sdr.tails import log_binomial_tail


@references("rinkus2014sparsey")
def sparsey_code_intersection(modules: int, units: int, theta: int) -> Float[Array, ""]:
    """Log probability that two random codes of winner-take-all modules share theta units.

    With one winner in each of Q modules of K units, two independent uniform codes agree in each
    module with probability 1/K, so that their overlap is Binomial(Q, 1/K). Free patterns of Q of
    the QK cells have the same mean overlap Q/K, and a smaller variance:
    `log_false_positive(Q * K, Q, Q, theta)`.

    Args:
        modules: number Q of modules.
        units: number K of units in each.
        theta: least overlap that counts, inclusive.

    Raises:
        ValueError: a number is not allowed.

    Source: the code of rinkus2014sparsey; the probability is derived here.

    >>> round(1e9 * math.exp(sparsey_code_intersection(40, 50, 10)), 3)
    5.012
    """
    require("modules", modules, low=1, integer=True)
    require("units", units, low=1, integer=True)
    return log_binomial_tail(modules, 1 / units, theta)


@references("rinkus2014sparsey")
def sparsey_capacity(modules: int, units: int) -> tuple[float, float]:
    """Base-10 logarithms of the numbers of codes: K^Q with modules, C(QK, Q) without.

    Args:
        modules: number Q of modules.
        units: number K of units in each.

    Raises:
        ValueError: a number is not allowed.

    Source: the code of rinkus2014sparsey; counted here.

    >>> [round(value, 2) for value in sparsey_capacity(40, 50)]
    [67.96, 83.96]
    """
    require("modules", modules, low=1, integer=True)
    require("units", units, low=1, integer=True)
    free = math.comb(modules * units, modules)
    return modules * math.log10(units), math.log10(free)
