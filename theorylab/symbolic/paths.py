"""Does a formula run unbroken? Two functions with equal derivatives agree only up to a jump."""

from itertools import pairwise

import mpmath
from sympy import Dummy, lambdify

from theorylab.symbolic.domain import Domain
from theorylab.symbolic.evaluate import samples
from theorylab.symbolic.items import Residual

_POINTS = 4
_PANELS = 12
_TOLERANCE = 1e-3


def broken(residual: Residual, domain: Domain, seed: str) -> str:
    """Words that say where the formula jumps or has a pole between start and variable, or "".

    Its derivative is added up numerically along the way and compared with the difference of
    the ends. What cannot be evaluated is passed over.
    """
    var, start = residual.path
    expr, here = residual.lhs, Dummy("s", real=True)
    others = sorted((expr.free_symbols | start.free_symbols) - {var}, key=str)
    try:
        along = expr.xreplace({var: here})
        function = lambdify([here, *others], [along, along.diff(here)], modules="mpmath")
    except Exception:  # the printer lacks a function
        return ""
    for sample in samples([var, start, *others], domain, f"way {seed}", _POINTS):
        end, begin, *values = sample.fine
        with mpmath.workdps(20):
            try:
                total, size = _added_up(lambda s, at=tuple(values): function(s, *at), begin, end)
            except (ArithmeticError, ValueError, TypeError, NameError, AttributeError):
                continue
        if mpmath.isfinite(total) and abs(total) > _TOLERANCE * size:
            at = ", ".join(f"{name} = {value}" for name, value in sample.text().items())
            return f"{expr} jumps or has a pole between {var} = {start} and {var}, at {at}"
    return ""


def _added_up(function, begin, end):
    """The end value less the start and all increments, and the size of what was added up."""
    cuts = [begin + (end - begin) * mpmath.mpf(n) / _PANELS for n in range(_PANELS + 1)]
    # the ends may be singular points, where a value is a limit; leave a sliver at each
    sliver = (end - begin) * mpmath.mpf(10) ** -6
    cuts[0], cuts[-1] = begin + sliver, end - sliver
    first, last = function(cuts[0])[0], function(cuts[-1])[0]
    parts = [
        mpmath.quad(lambda s: function(s)[1], [a, b], maxdegree=4, method="gauss-legendre")
        for a, b in pairwise(cuts)
    ]
    size = abs(first) + abs(last) + sum(map(abs, parts))
    return last - first - sum(parts), size
