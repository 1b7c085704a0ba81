"""Evaluating expressions at exact points of a domain, to 40 digits and more.

A difference counts as nonzero only if it is the same to 40 and to 70 digits: rounding
noise shrinks with the precision, a true difference does not.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
from sympy import (
    Add,
    Derivative,
    Dummy,
    Expr,
    Float,
    Integral,
    MatPow,
    Matrix,
    MatrixBase,
    MatrixExpr,
    MatrixSymbol,
    Mul,
    Product,
    Subs,
    Sum,
    eye,
    lambdify,
    nan,
    oo,
    zoo,
)
from sympy.core.function import AppliedUndef
from sympy.functions import adjoint, transpose
from sympy.matrices.expressions.matexpr import MatrixElement

from theorylab.symbolic.domain import Domain
from theorylab.symbolic.items import DerivationError

COARSE, FINE = 40, 70  # decimal digits
_NC_SIZE = 3


@dataclass(frozen=True)
class Sample:
    """The values of expressions at one point."""

    point: Mapping[Any, Any]
    coarse: tuple
    fine: tuple

    def text(self) -> dict[str, str]:
        """The point in words."""
        return {str(name): _text(value) for name, value in self.point.items()}


def opaque(expr: Expr, table: dict) -> Expr:
    """Replace derivatives, functions of time and the like by symbols; `table` says which.

    After the premises are used, `p(t)` and `Derivative(p(t), t)` are independent unknowns.
    Equal things share a symbol, also across calls with the same `table`.
    """

    def visit(node: Any) -> Any:
        if _unknown(node):
            key = node.as_dummy() if isinstance(node, Integral | Subs) else node
            if key not in table:
                table[key] = Dummy(
                    str(getattr(node, "name", "f")),
                    real=True if node.is_commutative is not False else None,
                    commutative=node.is_commutative is not False,
                )
            return table[key]
        if not node.args or not node.has(AppliedUndef, Derivative, Subs):
            return node
        return node.func(*map(visit, node.args))

    return visit(expr)


def _unknown(node: Any) -> bool:
    return isinstance(node, AppliedUndef | Derivative | Subs) or (
        isinstance(node, Integral) and node.has(AppliedUndef)
    )


def refuse_floats(exprs: Iterable[Expr]) -> None:
    """Raise DerivationError if a floating-point number stands in an expression."""
    for expr in exprs:
        floats = expr.atoms(Float)
        if floats:
            raise DerivationError(
                f"floating-point number {floats.pop()} in a claim: write Rational(1, 2), not 0.5, "
                "so that the arithmetic is exact"
            )


def samples(
    exprs: list[Expr],
    domain: Domain,
    seed: str,
    count: int,
    digits: tuple[int, int] = (COARSE, FINE),
    fixed: Mapping | None = None,
    edges: str = "",
) -> Iterator[Sample]:
    """Values of `exprs` at `count` points of the domain where all of them are finite.

    Each is evaluated twice, to `digits` decimals. Symbols in `fixed` have the value given. Under
    a sum over k, `f(k)` is another unknown for each k.
    `edges`: as in `Domain.points`.

    Raises:
        DerivationError: a symbol has no range, or a float stands in an expression.
    """
    refuse_floats(exprs)
    if any(map(_varies_under_a_sum, exprs)):
        yield from _added_up(exprs, domain, seed, count, digits, fixed or {}, edges)
        return
    table: dict = {}
    plain = [opaque(expr, table) for expr in exprs]
    named = {dummy: key for key, dummy in table.items()}
    free = set().union(*(expr.free_symbols for expr in plain))
    free = sorted(free, key=lambda symbol: str(named.get(symbol, symbol)))
    fixed = dict(fixed or {})
    sizes = {n for s in free if isinstance(s, MatrixSymbol) for n in _sizes(s)}
    drawn = [s for s in [*free, *sorted(sizes, key=str)] if _is_scalar(s) and s not in fixed]
    scalars = {s: _range_key(named.get(s, s)) for s in drawn}
    matrices = [s for s in free if not _is_scalar(s)]
    evaluator = (
        _matrix_evaluator(plain, matrices)
        if matrices
        else _scalar_evaluator(plain, [*scalars, *fixed])
    )
    rng = random.Random(f"matrices {seed}")
    found = 0
    for values in domain.points(scalars, seed, 4 * count + 4, edges):
        values = values | fixed
        shapes = {m: _random_matrix(m, values, rng) for m in matrices}
        try:
            coarse, fine = (evaluator(values, shapes, precision) for precision in digits)
        except (ZeroDivisionError, ValueError, OverflowError, ArithmeticError):
            continue
        if not all(map(_finite, (*coarse, *fine))):
            continue
        point = {named.get(s, s): v for s, v in (values | shapes).items() if s not in fixed}
        yield Sample(point, coarse, fine)
        found += 1
        if found == count:
            return


def _added_up(
    exprs: list[Expr],
    domain: Domain,
    seed: str,
    count: int,
    digits: tuple[int, int],
    fixed: Mapping,
    edges: str,
) -> Iterator[Sample]:
    """Samples of sums over values of unknown functions: every value is drawn by itself."""
    free = set().union(*(expr.free_symbols for expr in exprs)) - set(fixed)
    known = {s: s for s in sorted(free, key=str) if s in domain}
    found = 0
    for number, values in enumerate(domain.points(known, seed, 4 * count + 4, edges)):
        at = [_term_by_term(expr.subs(values)) for expr in exprs]
        endless = [expr for expr in at if _varies_under_a_sum(expr)]
        if endless:
            raise DerivationError(f"cannot add up {endless[0]}: unknown terms without a last one")
        inner = f"{seed} {number}"
        for sample in samples(at, domain.at(values), inner, 1, digits, fixed, edges):
            yield Sample(values | sample.point, sample.coarse, sample.fine)
            found += 1
        if found == count:
            return


def _varies_under_a_sum(expr: Expr) -> bool:
    """Whether an unknown is added up or multiplied over an index that it depends on."""
    return any(
        unknown.free_symbols & set(node.variables)
        for node in expr.atoms(Sum, Product)
        for unknown in node.function.find(_unknown)
    )


def difference(coarse: tuple, fine: tuple) -> tuple[str, Any]:
    """Judge `left - right` from both precisions: ("zero" | "nonzero" | "noise", value)."""
    rough, sharp = coarse[0] - coarse[1], fine[0] - fine[1]
    size = abs(sharp)
    if size == 0:
        return "zero", sharp
    if abs(sharp - rough) <= mpmath.mpf(10) ** -8 * size:
        return "nonzero", sharp
    scale = abs(fine[0]) + abs(fine[1]) + abs(rough)
    if size <= mpmath.mpf(10) ** -20 * scale:
        return "zero", sharp
    return "noise", sharp


def _text(value: Any) -> str:
    if isinstance(value, Matrix):
        return str(value.tolist())
    return str(value) if value.is_Integer else mpmath.nstr(_mp(value), 10)


def _range_key(key: Any) -> Any:
    if isinstance(key, AppliedUndef) or not isinstance(key, Derivative | Subs | Integral):
        return key
    return None


def _sizes(matrix: MatrixSymbol) -> set:
    return set().union(*(size.free_symbols for size in matrix.shape))


def _is_scalar(symbol: Any) -> bool:
    return not isinstance(symbol, MatrixSymbol) and symbol.is_commutative is not False


def _finite(value: Any) -> bool:
    return mpmath.isfinite(value)


def _scalar_evaluator(exprs: list[Expr], order: list) -> Callable:
    summed = any(expr.has(Sum, Product) for expr in exprs)
    if summed:
        return lambda values, shapes, digits: _slowly(exprs, values, digits)
    try:
        function = lambdify(order, exprs, modules=[_EXTRA, "mpmath"], cse=len(exprs) > 2)
    except Exception:  # the printer lacks a function: fall back on evalf
        return lambda values, shapes, digits: _slowly(exprs, values, digits)

    def evaluate(values: Mapping, shapes: Mapping, digits: int) -> tuple:
        with mpmath.workdps(digits):
            numbers = [_mp(values[symbol]) for symbol in order]
            try:
                return tuple(mpmath.mpmathify(value) for value in function(*numbers))
            except (NameError, TypeError, AttributeError, NotImplementedError):
                return _slowly(exprs, values, digits)

    return evaluate


def _binomial(n: Any, k: Any) -> Any:
    # The printer's own form is a quotient of gammas, which have poles off the support.
    return mpmath.mpf(0) if k < 0 and mpmath.isint(k) else mpmath.binomial(n, k)


_EXTRA = {"binomial": _binomial, "FallingFactorial": mpmath.ff, "RisingFactorial": mpmath.rf}


def _mp(value: Expr) -> Any:
    if value.is_Rational:
        return mpmath.mpf(value.p) / value.q
    return mpmath.mpmathify(value.evalf(FINE + 5))


def _slowly(exprs: list[Expr], values: Mapping, digits: int) -> tuple:
    with mpmath.workdps(digits):
        return tuple(_evalf(_term_by_term(expr.subs(values)).doit(), digits) for expr in exprs)


def _term_by_term(expr: Expr) -> Expr:
    """Write out sums and products over explicit ranges: `doit` would seek closed forms."""

    def explicit(node: Any) -> bool:
        if not isinstance(node, Sum | Product) or len(node.limits[-1]) < 3:
            return False
        return all(end.is_Integer for end in node.limits[-1][1:])

    def written_out(node: Any) -> Expr:
        *inner, (index, low, high) = node.limits
        term = node.func(node.function, *inner) if inner else node.function
        terms = [term.subs(index, n) for n in range(int(low), int(high) + 1)]
        return Add(*terms) if isinstance(node, Sum) else Mul(*terms)

    while (outer := expr.replace(explicit, written_out)) != expr:
        expr = outer
    return expr


def _evalf(expr: Expr, digits: int) -> Any:
    if expr.has(nan, zoo, oo):
        raise ValueError("not finite")
    number = expr.evalf(digits)
    if not number.is_number or number.free_symbols or not number.as_real_imag()[0].is_Number:
        raise DerivationError(f"cannot evaluate {expr} numerically")
    return mpmath.mpmathify(number)


def _random_matrix(symbol: Any, values: Mapping, rng: random.Random) -> Matrix:
    rows = columns = _NC_SIZE
    if isinstance(symbol, MatrixSymbol):
        rows, columns = (int(size.subs(values)) for size in symbol.shape)
    while True:
        matrix = Matrix(rows, columns, lambda i, j: rng.randint(-5, 5))
        if rows != columns or matrix.det() != 0:
            return matrix


def _matrix_evaluator(exprs: list[Expr], matrices: list) -> Callable:
    """Non-commuting symbols become random integer matrices; numbers become multiples of 1."""

    def evaluate(values: Mapping, shapes: Mapping, digits: int) -> tuple:
        results = [_matrix(expr, values, shapes) for expr in exprs]
        shape = next((r.shape for r in results if isinstance(r, Matrix)), (_NC_SIZE, _NC_SIZE))
        results = [r if isinstance(r, Matrix) else r * eye(shape[0]) for r in results]
        with mpmath.workdps(digits):
            left, right, *rest = ([_evalf(e, digits) for e in r] for r in results)
            # the entry where the two differ most stands for the pair
            worst = max(range(len(left)), key=lambda i: abs(left[i] - right[i]))
            return left[worst], right[worst], *(side[worst] for side in rest)

    return evaluate


def _matrix(node: Any, values: Mapping, shapes: Mapping) -> Any:
    value = _matrix_or_number(node, values, shapes)
    if value.has(nan, zoo, oo):
        raise ValueError("not finite")
    return value


def _matrix_or_number(node: Any, values: Mapping, shapes: Mapping) -> Any:
    if node in shapes:
        return shapes[node]
    if isinstance(node, MatrixSymbol):
        raise DerivationError(f"no value for {node}")
    if not node.has(*shapes):
        value = node.subs(values)
        return Matrix(value.doit()) if isinstance(value, MatrixBase | MatrixExpr) else value
    if isinstance(node, Sum | Product):
        added = _term_by_term(node.subs(values))
        if isinstance(added, Sum | Product):
            raise DerivationError(f"cannot add up {node}")
        return _matrix(added, values, shapes)
    parts = [_matrix(arg, values, shapes) for arg in node.args]
    if isinstance(node, MatrixElement):
        whole, row, column = parts
        return whole[int(row), int(column)]
    if not any(isinstance(part, MatrixBase) for part in parts):
        return node.func(*parts)
    if node.is_Add or getattr(node, "is_MatAdd", False):
        shapely = [part for part in parts if isinstance(part, Matrix)]
        one = eye(shapely[0].shape[0]) if shapely else 1
        return sum(
            (part if isinstance(part, Matrix) else part * one for part in parts[1:]),
            start=parts[0] if isinstance(parts[0], Matrix) else parts[0] * one,
        )
    if node.is_Mul or getattr(node, "is_MatMul", False):
        result = parts[0]
        for part in parts[1:]:
            result = result * part
        return result
    if node.is_Pow or isinstance(node, MatPow):
        return parts[0] ** int(parts[1])
    if isinstance(node, transpose | adjoint) or type(node).__name__ == "Transpose":
        return parts[0].T
    if type(node).__name__ == "Inverse":
        return parts[0].inv()
    if type(node).__name__ == "Trace":
        return parts[0].trace()
    raise DerivationError(f"cannot evaluate {type(node).__name__} of non-commuting symbols")
