"""Sums of products of matrices of any size, brought to one form."""

from typing import Any

from sympy import (
    Add,
    Identity,
    MatMul,
    MatrixSymbol,
    S,
    Trace,
    Transpose,
    ZeroMatrix,
    cancel,
    expand,
)


def expand_products(expr: Any) -> Any:
    """Expand products of matrices and traces into words, each in one form: a `how` for `Rewrite`.

    A trace does not change when its factors rotate or when the product is transposed. A
    stretch of a product that is a single number (a row times a column) becomes a factor.

    Args:
        expr: made of numbers, matrix symbols of any size, identities, transposes, sums, products,
            whole powers and traces.

    >>> from sympy import MatrixSymbol, Trace
    >>> A, B = MatrixSymbol("A", 2, 3), MatrixSymbol("B", 3, 2)
    >>> expand_products(Trace(A * B) - Trace(B.T * A.T))
    0
    """
    if not getattr(expr, "is_Matrix", False):
        return _scalar(expr)
    rows, columns = expr.shape
    scales = {word: cancel(scale) for word, scale in _terms(expr).items()}
    terms = [scale * _product(word, rows) for word, scale in scales.items() if scale != 0]
    return Add(*terms, evaluate=False).doit() if terms else ZeroMatrix(rows, columns)


def _scalar(expr):
    """A number: every trace in it as a sum of words."""
    return expand(expr.replace(lambda node: isinstance(node, Trace), _trace))


def _trace(node):
    size = node.arg.shape[0]
    return Add(*(scale * _cycle(word, size) for word, scale in _terms(node.arg).items()))


def _cycle(word, size):
    """The trace of a word, in its first rotation and direction."""
    if not word:
        return size
    mirrored = tuple(map(_turned, reversed(word)))
    rotations = [way[n:] + way[:n] for way in (word, mirrored) for n in range(len(way))]
    return Trace(MatMul(*min(rotations, key=str)))


def _terms(expr):
    """A matrix as a sum of words (tuples of factors), each with its coefficient."""
    if isinstance(expr, Identity):
        return {(): S.One}
    if isinstance(expr, ZeroMatrix):
        return {}
    if isinstance(expr, MatrixSymbol):
        return {(expr,): S.One}
    if isinstance(expr, Transpose):
        inner = _terms(expr.arg)
        return {tuple(map(_turned, reversed(word))): scale for word, scale in inner.items()}
    if not getattr(expr, "is_Matrix", False):
        return {(): _scalar(expr)}
    if expr.is_MatAdd:
        return _collected(pair for term in expr.args for pair in _terms(term).items())
    if expr.is_MatMul:
        product = {(): S.One}
        for factor in expr.args:
            product = _collected(
                (one + other, left * right)
                for one, left in product.items()
                for other, right in _terms(factor).items()
            )
        return _collected(_without_numbers(*pair) for pair in product.items())
    return _terms(MatMul(*[expr.base] * int(expr.exp)))  # a whole power of a matrix


def _collected(pairs):
    total = {}
    for word, scale in pairs:
        total[word] = expand(total.get(word, S.Zero) + scale)
    return {word: scale for word, scale in total.items() if scale != 0}


def _without_numbers(word, scale):
    """Take out every stretch from a row to the next column."""
    start = None
    for n, factor in enumerate(word):
        start = n if factor.shape[0] == 1 else start
        if factor.shape[1] == 1 and start is not None and (start, n) != (0, len(word) - 1):
            scale = scale * _cycle(word[start : n + 1], 1)
            return _without_numbers(word[:start] + word[n + 1 :], scale)
    return word, scale


def _product(word, size):
    return MatMul(*word) if word else Identity(size)


def _turned(factor):
    return factor.arg if isinstance(factor, Transpose) else Transpose(factor)
