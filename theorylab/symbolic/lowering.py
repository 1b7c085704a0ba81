"""From a SymPy expression to a JAX function, through an explicit table.

Nothing falls back on Python's `math`: what the table lacks raises by name.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import add, mul
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp
from jax.scipy import special
from jaxtyping import Array
from sympy.core.function import AppliedUndef

from theorylab.symbolic.items import Item, entries, is_compound

Lowered = Callable[[Mapping], Any]


class UnsupportedFunction(TypeError):
    """A function that has no entry in the table from SymPy to JAX."""


def to_jax(expr: Any, args: Sequence[Any]) -> Callable[..., Any]:
    """A JAX function that computes `expr` from `args`.

    It jits, vmaps and differentiates. Arguments are broadcast against each other; their
    floating dtype is the dtype of the result (whole numbers are converted; Python numbers
    follow the others). In a `Piecewise` every branch is computed, so that every branch must
    have a finite derivative everywhere.

    Args:
        expr: an expression, a matrix (its rows and columns become the last two axes) or a
            tuple of these (a tuple is returned).
        args: symbols, functions of time such as `p(t)`, or their names, in the order in which
            the function takes them.

    Raises:
        UnsupportedFunction: the table lacks a function; the message names it.
        ValueError: the expression has symbols that are not among `args`.

    >>> from sympy import symbols
    >>> x, n = symbols("x n")
    >>> float(to_jax(x**n / n, (x, n))(2.0, 4))
    4.0
    """
    parts = entries(expr)
    known = _atoms(parts)
    symbols = [_resolve(arg, known) for arg in args]
    for symbol in symbols:
        if not isinstance(symbol, sp.Symbol | AppliedUndef):
            raise ValueError(f"an argument is {symbol}; allowed: symbols, and functions of time")
    if len(set(symbols)) != len(symbols):
        raise ValueError(f"an argument is named twice: {', '.join(map(str, args))}")
    plain = {atom: sp.Dummy(str(getattr(atom, "name", atom))) for atom in symbols}
    parts = [sp.sympify(part).xreplace(plain) for part in parts]
    missing = sorted(map(str, _atoms(parts) - set(plain.values())))
    if missing:
        given = ", ".join(map(str, symbols)) or "none"
        raise ValueError(f"{', '.join(missing)} must be among the arguments; given: {given}")
    shared, reduced = sp.cse([_explicit(part) for part in parts], order="none")
    steps = [(symbol, _lower(value)) for symbol, value in shared]
    results = [_lower(value) for value in reduced]
    slots = list(plain.values())

    def function(*values: Any) -> Any:
        if len(values) != len(slots):
            names = ", ".join(map(str, symbols))
            raise TypeError(f"takes {len(slots)} arguments ({names}), {len(values)} given")
        arrays, shape, dtype = _common(values)
        env = dict(zip(slots, arrays, strict=True))
        for symbol, step in steps:
            env[symbol] = step(env)
        flat = [jnp.broadcast_to(jnp.asarray(f(env), dtype), shape) for f in results]
        return _assemble(expr, iter(flat))

    function.__name__ = "compiled"
    function.__doc__ = f"{expr} as a function of {', '.join(map(str, symbols))}."
    return function


@cache
def compiled(path: str, args: tuple[str, ...], side: str = "rhs") -> Callable[..., Any]:
    """One side of a claim as a JAX function; the same object at every call.

    Args:
        path: `topic/derivation/item`.
        args: names of symbols or functions of time, in order.
        side: "lhs" or "rhs".

    Raises:
        KeyError: there is no such claim.
        UnsupportedFunction, ValueError: as in `to_jax`; also a name that the derivation lacks.
    """
    from theorylab.symbolic.derivation import claim

    if side not in ("lhs", "rhs"):
        raise ValueError(f"side is {side!r}; allowed: 'lhs', 'rhs'")
    item: Item = claim(path)
    expr = getattr(item, side)
    own = {_name(atom): atom for atom in _atoms(entries(expr))}
    known = _atoms([*entries(item.lhs), *entries(item.rhs)]) | {
        key if isinstance(key, sp.Symbol) else key(sp.Symbol("t")) for key in item.domain
    }
    named = [own[name] if name in own else _resolve(name, known, strict=True) for name in args]
    return to_jax(expr, named)


def _atoms(parts: Sequence[Any]) -> set:
    found: set = set()
    for part in parts:
        functions = sp.sympify(part).atoms(AppliedUndef)
        hidden = {f: sp.Dummy() for f in functions}
        free = sp.sympify(part).xreplace(hidden).free_symbols - set(hidden.values())
        found |= functions | free
    return found


def _resolve(arg: Any, known: set, strict: bool = False) -> Any:
    """The symbol or function of time that an argument or its name stands for."""
    if not isinstance(arg, str):
        return sp.sympify(arg)
    named = {atom for atom in known if _name(atom) == arg}
    used = {atom for atom in named if isinstance(atom, AppliedUndef)} or named
    if len(used) > 1:
        raise ValueError(f"{arg!r} is ambiguous: {', '.join(sorted(map(str, used)))}")
    if not used and strict:
        raise ValueError(f"no symbol {arg!r}; there are {', '.join(sorted(map(_name, known)))}")
    return used.pop() if used else sp.Symbol(arg)


def _name(atom: Any) -> str:
    return atom.func.__name__ if isinstance(atom, AppliedUndef) else atom.name


def _explicit(expr: Any) -> Any:
    """Carry out sums and products over explicit ranges."""
    return expr.doit(integrals=False) if expr.has(sp.Sum, sp.Product) else expr


def _common(values: Sequence[Any]) -> tuple[list[Array], tuple[int, ...], Any]:
    inexact = [v for v in values if jnp.issubdtype(jnp.result_type(v), jnp.inexact)]
    dtype = jnp.result_type(*inexact) if inexact else jnp.result_type(float)
    arrays = [jnp.asarray(value, dtype) for value in values]
    if not arrays:
        return [], (), dtype
    arrays = jnp.broadcast_arrays(*arrays)
    return arrays, arrays[0].shape, dtype


def _assemble(expr: Any, flat: Any) -> Any:
    if isinstance(expr, tuple | list):
        return tuple(_assemble(part, flat) for part in expr)
    if is_compound(expr):
        rows, columns = expr.shape
        cells = [[next(flat) for _ in range(columns)] for _ in range(rows)]
        return jnp.stack([jnp.stack(row, axis=-1) for row in cells], axis=-2)
    return next(flat)


def _lower(expr: Any) -> Lowered:
    """A function from an environment of arrays to the value of `expr`."""
    if expr.is_Symbol:
        return lambda env: env[expr]
    if expr in (sp.true, sp.false):
        return lambda env: bool(expr)
    if expr.is_number:
        value = _number(expr)
        return lambda env: value
    if expr.is_Add:
        return _fold(add, map(_lower, expr.args))
    if expr.is_Mul:
        return _product(expr)
    if expr.is_Pow:
        return _power(expr.base, expr.exp)
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr)
    rule = _TABLE.get(type(expr))
    if rule is None:
        raise UnsupportedFunction(
            f"{type(expr).__name__} has no entry in the table from SymPy to JAX (in {expr})"
        )
    return rule(expr)


def _number(expr: Any) -> float | int:
    if expr.is_Integer and abs(int(expr)) < 2**24:
        return int(expr)
    value = expr.evalf(20)
    if value.is_Float and abs(value) > sys.float_info.max:
        raise ValueError(
            f"the constant {expr} is beyond the largest double, {sys.float_info.max:.1e}"
        )
    if not value.is_Float and not value.is_Integer and value not in (sp.oo, -sp.oo):
        raise UnsupportedFunction(f"{expr} is no real number")
    return float(value)


def _fold(operation: Callable, parts: Any) -> Lowered:
    parts = list(parts)
    return lambda env: reduce(operation, (part(env) for part in parts))


def _product(expr: Any) -> Lowered:
    """Products as a quotient, so that no factor is inverted before it is multiplied."""
    above, below = [], []
    for factor in expr.args:
        base, exponent = factor.as_base_exp()
        if exponent.is_Rational and exponent < 0 and not factor.is_number:
            below.append(_power(base, -exponent))
        else:
            above.append(_lower(factor))
    top = _fold(mul, above) if above else (lambda env: 1)
    if not below:
        return top
    bottom = _fold(mul, below)
    return lambda env: top(env) / bottom(env)


def _power(base: Any, exponent: Any) -> Lowered:
    low = _lower(base)
    if exponent == 1:
        return low
    if exponent.is_Integer and abs(int(exponent)) < 2**24:
        n = int(exponent)
        return (lambda env: low(env) ** n) if n > 0 else (lambda env: 1 / low(env) ** -n)
    if exponent == sp.Rational(1, 2):
        return lambda env: jnp.sqrt(low(env))
    if exponent == -sp.Rational(1, 2):
        return lambda env: 1 / jnp.sqrt(low(env))
    high = _lower(exponent)
    return lambda env: jnp.power(low(env), high(env))


def _piecewise(expr: Any) -> Lowered:
    branches = [(_lower(value), _lower(condition)) for value, condition in expr.args]

    def choose(env: Mapping) -> Any:
        result: Any = jnp.nan
        for value, condition in reversed(branches):
            result = jnp.where(condition(env), value(env), result)
        return result

    return choose


def _call(function: Callable) -> Callable:
    """An entry of the table: apply `function` to the lowered arguments."""

    def entry(expr: Any) -> Lowered:
        parts = [_lower(arg) for arg in expr.args]
        return lambda env: function(*(part(env) for part in parts))

    return entry


def _folded(operation: Callable) -> Callable:
    return lambda expr: _fold(operation, map(_lower, expr.args))


def _alike(*values: Any) -> list[Array]:
    """Arrays of one floating dtype: that of the arrays among the values, else the default."""
    dtypes = [v.dtype for v in values if isinstance(v, jax.Array)]
    return [jnp.asarray(value, dtypes[0] if dtypes else float) for value in values]


def _gamma_ratio(above: Any, *below: Any) -> Any:
    """Gamma(above) over a product of Gammas, with its sign."""
    size, sign = special.gammaln(above), special.gammasgn(above)
    for part in below:
        size, sign = size - special.gammaln(part), sign * special.gammasgn(part)
    # past a pole of the denominator the ratio is 0, and its sign is no number
    return jnp.where(jnp.isneginf(size), 0.0, sign) * jnp.exp(size)


def _reflected(direct: Callable, mirrored: Callable, highest: int = -1) -> Callable:
    """A function of (x, k) that has another form at the whole numbers x from `highest` down."""

    def value(x: Any, k: Any) -> Any:
        x, k = jnp.broadcast_arrays(*_alike(x, k))
        pole = (x <= highest) & (x == jnp.floor(x))
        sign = 1 - 2 * jnp.mod(k, 2)
        here, there = direct(jnp.where(pole, 1, x), k), mirrored(jnp.where(pole, x, -1), k)
        return jnp.where(pole, sign * there, here)

    return value


_rising = _reflected(
    lambda x, k: _gamma_ratio(x + k, x), lambda x, k: _gamma_ratio(1 - x, 1 - x - k), highest=0
)
_falling = _reflected(
    lambda x, k: _gamma_ratio(x + 1, x - k + 1), lambda x, k: _gamma_ratio(k - x, -x)
)
_binomial = _reflected(
    lambda n, k: _gamma_ratio(n + 1, k + 1, n - k + 1),
    lambda n, k: _gamma_ratio(k - n, k + 1, -n),
)


def _polygamma(expr: Any) -> Lowered:
    order, arg = expr.args
    if not order.is_Integer:
        raise UnsupportedFunction(f"polygamma of symbolic order {order}")
    inner = _lower(arg)
    if order == 0:
        return lambda env: special.digamma(inner(env))
    return lambda env: special.polygamma(int(order), inner(env))


def _zeta(expr: Any) -> Lowered:
    s, q = (*expr.args, sp.Integer(1))[:2]
    first, second = _lower(s), _lower(q)

    def value(env: Mapping) -> Any:
        return special.zeta(*_alike(first(env), second(env)))

    return value


def _hyper(expr: Any) -> Lowered:
    top, bottom, z = expr.args
    if (len(top), len(bottom)) != (2, 1):
        raise UnsupportedFunction(f"hyper {len(top)}F{len(bottom)}; the table has 2F1")
    parts = [_lower(arg) for arg in (*top, *bottom, z)]
    return lambda env: _hyp2f1(*(part(env) for part in parts))


def _hyp2f1(a: Any, b: Any, c: Any, z: Any) -> Any:
    """2F1 for z < 1; JAX diverges below -1, where Pfaff's transformation leads back to (0, 1)."""
    a, b, c = (jnp.broadcast_to(jnp.asarray(value, z.dtype), z.shape) for value in (a, b, c))
    left = z < 0
    safe = jnp.where(left, z, 0)
    value = special.hyp2f1(a, jnp.where(left, c - b, b), c, jnp.where(left, safe / (safe - 1), z))
    return jnp.where(left, (1 - safe) ** -a, 1) * value


def _besseli(expr: Any) -> Lowered:
    order, arg = expr.args
    if order not in (0, 1):
        raise UnsupportedFunction(f"besseli of order {order}; the table has the orders 0 and 1")
    inner, function = _lower(arg), (special.i0, special.i1)[int(order)]
    return lambda env: function(inner(env))


def _lambertw(expr: Any) -> Lowered:
    if len(expr.args) > 1 and expr.args[1] != 0:
        raise UnsupportedFunction(f"LambertW on branch {expr.args[1]}; the table has branch 0")
    inner = _lower(expr.args[0])
    return lambda env: _principal_lambertw(inner(env))


@jax.custom_jvp
def _principal_lambertw(x: Any) -> Any:
    """W with W exp(W) = x, for x >= -1/e, by Halley's method."""
    near = jnp.sqrt(jnp.maximum(2 * (jnp.e * x + 1), 0))  # series in this at the branch point
    small = -1 + near - near**2 / 3 + near**3 * (11 / 72)
    safe = jnp.maximum(x, 3)
    large = jnp.log(safe) - jnp.log(jnp.log(safe))
    w = jnp.where(x < 0, small, jnp.where(x < 3, jnp.log1p(jnp.maximum(x, 0)) * 0.7, large))
    for _ in range(6):
        miss = w - x * jnp.exp(-w)
        slope = jnp.where(w == -1, 1, w + 1)
        w = jnp.where(w == -1, w, w - miss / (slope - (w + 2) * miss / (2 * slope)))
    return jnp.where(x < -1 / jnp.e, jnp.nan, w)


@_principal_lambertw.defjvp
def _lambertw_slope(primals: Any, tangents: Any) -> Any:
    w = _principal_lambertw(*primals)
    return w, tangents[0] * jnp.exp(-w) / (1 + w)


_TABLE: dict[type, Callable[[Any], Lowered]] = {
    sp.exp: _call(jnp.exp),
    sp.log: _call(jnp.log),
    sp.sin: _call(jnp.sin),
    sp.cos: _call(jnp.cos),
    sp.tan: _call(jnp.tan),
    sp.asin: _call(jnp.arcsin),
    sp.acos: _call(jnp.arccos),
    sp.atan: _call(jnp.arctan),
    sp.atan2: _call(jnp.arctan2),
    sp.sinh: _call(jnp.sinh),
    sp.cosh: _call(jnp.cosh),
    sp.tanh: _call(jnp.tanh),
    sp.asinh: _call(jnp.arcsinh),
    sp.acosh: _call(jnp.arccosh),
    sp.atanh: _call(jnp.arctanh),
    sp.coth: _call(lambda x: 1 / jnp.tanh(x)),
    sp.sech: _call(lambda x: 1 / jnp.cosh(x)),
    sp.Abs: _call(jnp.abs),
    sp.sign: _call(jnp.sign),
    sp.floor: _call(jnp.floor),
    sp.ceiling: _call(jnp.ceil),
    sp.Heaviside: _call(lambda x, half=0.5: jnp.where(x == 0, half, jnp.where(x > 0, 1.0, 0.0))),
    sp.Max: _folded(jnp.maximum),
    sp.Min: _folded(jnp.minimum),
    sp.erf: _call(special.erf),
    sp.erfc: _call(special.erfc),
    sp.erfinv: _call(special.erfinv),
    sp.gamma: _call(special.gamma),
    sp.loggamma: _call(special.gammaln),
    sp.factorial: _call(lambda n: special.gamma(n + 1)),
    sp.binomial: _call(_binomial),
    sp.FallingFactorial: _call(_falling),
    sp.RisingFactorial: _call(_rising),
    sp.beta: _call(special.beta),
    sp.digamma: _call(special.digamma),
    sp.polygamma: _polygamma,
    sp.zeta: _zeta,
    sp.besseli: _besseli,
    sp.hyper: _hyper,
    sp.LambertW: _lambertw,
    sp.Lt: _call(jnp.less),
    sp.Le: _call(jnp.less_equal),
    sp.Gt: _call(jnp.greater),
    sp.Ge: _call(jnp.greater_equal),
    sp.Eq: _call(jnp.equal),
    sp.Ne: _call(jnp.not_equal),
    sp.And: _folded(jnp.logical_and),
    sp.Or: _folded(jnp.logical_or),
    sp.Not: _call(jnp.logical_not),
}
