"""Traces of products of matrices: brought to one form by expanding and rotating."""

from sympy import Add, MatMul, Trace, Transpose, expand


def expand_traces(expr):
    """Expand every trace into words and write each word in its first cyclic form.

    A trace does not change when its factors rotate or when the product is transposed.
    """
    return expand(expr.replace(lambda node: isinstance(node, Trace), _words))


def _words(node):
    total = node.arg.doit().expand()
    terms = total.args if isinstance(total, Add) or total.is_MatAdd else (total,)
    return Add(*(_word(term) for term in terms))


def _word(term):
    scale, product = term.as_coeff_mmul() if isinstance(term, MatMul) else (1, term)
    factors = list(product.args) if isinstance(product, MatMul) else [product]
    mirrored = [Transpose(factor).doit() for factor in reversed(factors)]
    rotations = [word[n:] + word[:n] for word in (factors, mirrored) for n in range(len(factors))]
    return scale * Trace(MatMul(*min(rotations, key=str)))
