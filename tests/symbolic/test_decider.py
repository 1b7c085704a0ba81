"""The decider: what counts as a counterexample, as a proof, and as neither."""

import mpmath
import pytest
import sympy as sp

from theorylab.symbolic import DerivationError, Domain, Integers, Interval, Residual
from theorylab.symbolic.decide import decide, look_for_counterexample
from theorylab.symbolic.evaluate import difference, samples

x, y = sp.symbols("x y", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
t = sp.Symbol("t")
p = sp.Function("p", positive=True)(t)
A, B = sp.symbols("A B", commutative=False)
DOMAIN = Domain({x: Interval(0.5, 2), y: Interval(0, x), n: Integers(2, 6), p: Interval(1, 2)})


def outcome(left, right, relation="=", how=None, **more):
    residual = Residual(sp.sympify(left), sp.sympify(right), relation, **more)
    return decide(residual, DOMAIN, how, "seed").outcome


def test_three_outcomes():
    ratio = (x**3 - 1) / (x - 1)
    assert outcome(ratio, x**2 + x + 1, how=(sp.cancel,)) == "PROVED"
    assert outcome(ratio, x**2 - x + 1) == "REFUTED"
    assert outcome(ratio, x**2 + x + 1, how=(lambda e: e,)) == "UNDECIDED"  # true, but not shown


def test_a_tiny_true_difference_is_refuted_and_rounding_is_not():
    assert outcome(x, x + sp.Rational(1, 10**30)) == "REFUTED"
    big = sp.Integer(10) ** 25
    assert outcome((x + big) - big, x) == "PROVED"


def test_cancellation_is_not_mistaken_for_a_difference():
    left = (sp.exp(x) - sp.exp(-x)) ** 2 - (sp.exp(x) + sp.exp(-x)) ** 2
    evidence = look_for_counterexample(Residual(left, sp.Integer(-4)), DOMAIN, "s")
    assert evidence.counterexample is None and evidence.points == 8
    assert evidence.largest < 1e-60


@pytest.mark.parametrize(
    ("coarse", "fine", "verdict"),
    [
        ((1, 1), (1, 1), "zero"),
        ((1.5, 1), (1.5, 1), "nonzero"),
        ((1 + 1e-12, 1), (1 + 1e-15, 1), "noise"),  # still moving: neither
    ],
)
def test_difference(coarse, fine, verdict):
    assert difference(tuple(map(mpmath.mpf, coarse)), tuple(map(mpmath.mpf, fine)))[0] == verdict


def test_functions_and_their_derivatives_are_independent():
    assert outcome(p.diff(t), p) == "REFUTED"
    assert outcome(p.diff(t) * p, p * p.diff(t)) == "PROVED"
    evidence = look_for_counterexample(Residual(p.diff(t), p * 0), DOMAIN, "s")
    assert "Derivative(p(t), t)" in evidence.counterexample


def test_non_commuting_symbols():
    assert outcome((A + B) ** 2, A**2 + A * B + B * A + B**2, how=(sp.expand,)) == "PROVED"
    assert outcome((A + B) ** 2, A**2 + 2 * A * B + B**2) == "REFUTED"
    assert outcome(sp.transpose(A * B), sp.transpose(B) * sp.transpose(A)) == "PROVED"
    assert outcome(sp.transpose(A * B), sp.transpose(A) * sp.transpose(B)) == "REFUTED"
    assert outcome(A * B * B**-1, A) == "PROVED"
    assert outcome(x * A + 1, A * x + 1) == "PROVED"  # 1 is the unit matrix


def test_matrix_symbols_have_their_sizes():
    W, V = sp.MatrixSymbol("W", 2, n), sp.MatrixSymbol("V", n, 2)
    assert outcome(sp.Trace(W * V), 2 * sp.Trace(W * V)) == "REFUTED"
    same = look_for_counterexample(Residual(sp.Trace(W * V), sp.Trace(V * W)), DOMAIN, "s")
    assert same.counterexample is None and same.points > 0


def test_inequalities():
    assert outcome(2 * x * y, x**2 + y**2, "<=") == "PROVED"
    assert outcome(2 * x * y, x**2 + y**2, "<") == "UNDECIDED"  # equal at x = y
    assert outcome(x, x**2, "<=") == "REFUTED"  # fails below 1
    assert outcome(2, n, "<=") == "PROVED"  # from the start of the range of n
    assert outcome(3, n, "<=") == "REFUTED"
    assert outcome(n, 1, ">") == "PROVED"


def test_infinite_sides_are_refuted():
    assert outcome(sp.zoo, x) == "REFUTED"
    area = sp.Integral(sp.exp(-x * y), (y, 0, sp.oo))  # an infinite range is no infinite side
    assert outcome(area, 1 / x, how=(lambda e: e.doit(),)) == "PROVED"
    assert outcome(area, 2 / x) == "REFUTED"


def test_points_respect_the_domain():
    residual = [x, y, sp.Integer(1) * n]
    for sample in samples(residual, DOMAIN, "s", 30):
        a, b, k = sample.fine
        assert 0.5 <= a <= 2 and 0 <= b <= a and k in range(2, 7)
    again = [s.text() for s in samples(residual, DOMAIN, "s", 3)]
    assert again == [s.text() for s in samples(residual, DOMAIN, "s", 3)]
    assert again != [s.text() for s in samples(residual, DOMAIN, "other", 3)]


def test_whole_numbers_stay_exact():
    """A tail sum of tiny terms: a sum to absolute tolerance would return 0."""
    b = sp.Symbol("b", integer=True)
    tail = sp.Sum(
        sp.binomial(24, b) * sp.binomial(9976, 64 - b) / sp.binomial(10000, 64), (b, 12, 24)
    )
    evidence = look_for_counterexample(Residual(n * tail, n * tail.doit()), DOMAIN, "s")
    assert evidence.counterexample is None and evidence.points == 8
    half = look_for_counterexample(Residual(n * tail, n * sp.Integer(0)), DOMAIN, "s")
    assert half.counterexample is not None and half.left > 8e-21


def test_limits():
    to = {"limit": (x, sp.oo, "-")}
    assert outcome((1 + 1 / x) ** x, sp.E, **to) == "PROVED"
    assert outcome((1 + 1 / x) ** x, 3, **to) == "REFUTED"
    assert outcome(1 / sp.log(x), 0, **to) == "PROVED"  # slow, yet no counterexample
    assert outcome(sp.atan(x), sp.oo, **to) == "REFUTED"
    assert outcome(sp.log(x), sp.oo, **to) == "PROVED"
    assert outcome(-(x**2), sp.oo, **to) != "PROVED"
    assert outcome(x**2 / (1 + x), 1, **to) == "REFUTED"  # diverges
    # far out e^-x is nothing in any number of digits: that is no counterexample
    assert outcome(sp.log(1 + sp.exp(-x)) * sp.exp(x), 1, **to) == "PROVED"
    assert outcome(sp.log(1 + sp.exp(-x)) * sp.exp(x), 2, **to) == "REFUTED"
    down = {"limit": (x, sp.Integer(0), "+")}
    assert outcome((sp.exp(x * n) - 1) / x, n, **down) == "PROVED"
    assert outcome(x**x, 0, **down) == "REFUTED"
    assert outcome(sp.Piecewise((1, x > 0), (0, True)), 1, **down) == "PROVED"
    assert outcome(sp.sign(x - 1), -1, limit=(x, sp.Integer(1), "-")) == "PROVED"
    assert outcome(sp.sign(x - 1), -1, limit=(x, sp.Integer(1), "+")) == "REFUTED"


def test_messages_teach():
    with pytest.raises(DerivationError, match=r"write Rational\(1, 2\), not 0.5"):
        outcome(x, 0.25 * x)
    with pytest.raises(DerivationError, match="no domain for z"):
        outcome(sp.Symbol("z"), x)
    with pytest.raises(DerivationError, match="declared positive, but its range"):
        Domain({x: Interval(-1, 1)})
    with pytest.raises(DerivationError, match="declared integer, but its range"):
        Domain({n: Interval(1, 2)})
    with pytest.raises(DerivationError, match="empty"):
        Interval(2, 1)
    with pytest.raises(DerivationError, match="neither a symbol nor a function"):
        Domain({x + y: Interval(0, 1)})


def test_binomials_off_their_support_are_zero_and_seen():
    assert outcome(sp.binomial(n, n + 2) + x, x) == "PROVED"
    for left, right in ((sp.binomial(n, 7), 1), (sp.binomial(n, -1 - n) + x, 2 * x)):
        evidence = look_for_counterexample(Residual(left, sp.sympify(right)), DOMAIN, "seed")
        assert evidence.counterexample is not None
    falling = Residual(sp.FallingFactorial(n, 7), sp.Integer(1))
    assert look_for_counterexample(falling, DOMAIN, "seed").counterexample is not None
