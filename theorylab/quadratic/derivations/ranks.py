"""The rank of the Jacobian of one hidden layer, at one point, in whole numbers."""

from functools import cache

from sympy import ZZ
from sympy.polys.matrices import DomainMatrix


@cache
def exact_rank(inputs, units, quadratic):
    """Of the map from the parameters to the entries of the symmetric matrix.

    A lower bound of the dimension, and equal to it at almost every point. The entries are
    polynomials of degree two, for which central differences are exact.
    """
    inputs, units = int(inputs), int(units)
    size = units * inputs * (3 if quadratic else 1)
    point = [(7 * place**2 + 3 * place + 5) % 101 for place in range(size)]
    rows = []
    for place in range(size):
        ahead, behind = list(point), list(point)
        ahead[place] += 1
        behind[place] -= 1
        pair = (_entries(parameters, inputs, quadratic) for parameters in (ahead, behind))
        rows.append([(above - below) // 2 for above, below in zip(*pair, strict=True)])
    return DomainMatrix(rows, (size, len(rows[0])), ZZ).convert_to(ZZ.get_field()).rank()


def _entries(parameters, inputs, quadratic):
    """Twice the lower triangle of A, unit by unit: weights of r, then of g and the squares."""
    width = inputs * (3 if quadratic else 1)
    total = [0] * (inputs * (inputs + 1) // 2)
    for start in range(0, len(parameters), width):
        unit = parameters[start : start + width]
        r = unit[:inputs]
        g, s = (unit[inputs : 2 * inputs], unit[2 * inputs :]) if quadratic else (r, [0] * inputs)
        lower = [(a, b) for a in range(inputs) for b in range(a + 1)]
        for place, (a, b) in enumerate(lower):
            total[place] += r[a] * g[b] + r[b] * g[a] + (2 * s[a] if a == b else 0)
    return total
