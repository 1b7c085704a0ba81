"""Products of matrices of any size come out in one form, and unequal ones in unequal forms."""

from sympy import Identity, MatrixSymbol, Trace, ZeroMatrix, symbols

from theorylab.symbolic import expand_products


def test_products_of_matrices_of_any_size():
    n, m = symbols("n m", integer=True, positive=True)
    A, v = MatrixSymbol("A", n, m), MatrixSymbol("v", m, 1)
    assert expand_products(Trace(Identity(m))) == m
    assert expand_products(Trace(A.T * A) - Trace(A * A.T)) == 0
    assert expand_products(Trace((A * v) * v.T * A.T) - Trace(v.T * A.T * A * v)) == 0
    assert expand_products(v * v.T * v - Trace(v.T * v) * v) == ZeroMatrix(m, 1)
    assert expand_products(Trace(A.T * A * A.T * A) - Trace(A.T * A) ** 2) != 0
    assert expand_products(Trace((Identity(m) + v * v.T) ** 2)) == expand_products(
        m + 2 * Trace(v.T * v) + Trace(v.T * v) ** 2
    )
