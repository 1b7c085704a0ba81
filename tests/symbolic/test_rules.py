"""Each rule proves a true claim and refutes false ones, on either side."""

import pytest
import sympy as sp

from theorylab.symbolic import (
    Bound,
    Cases,
    Derivation,
    DerivationError,
    Enumerate,
    Induction,
    Instance,
    Integers,
    Interval,
    Inverse,
    Limit,
    Primitive,
    Rewrite,
    Sampled,
    Series,
    SolvesODE,
    Stationary,
    Status,
    Telescoping,
    audit,
)

S, x, y, z, h, P, K, K0, m = sp.symbols("S x y z h P K K_0 m", positive=True)
t = sp.Symbol("t", nonnegative=True)
D, n, k = sp.symbols("D n k", integer=True, positive=True)
p, q, Kt = (sp.Function(name, positive=True)(t) for name in ("p", "q", "K"))
pA, pB = (sp.Function(name, positive=True)(t) for name in ("p_A", "p_B"))
F, a, f = sp.Function("F")(t), sp.Function("a"), sp.Function("f")
X, Y, G = (sp.Function(name, commutative=False)(t) for name in "XYG")
U = sp.Symbol("U", commutative=False)
half = sp.Rational(1, 2)

DOMAIN = {
    **{s: Interval(half, 3) for s in (S, y, z, P, m)},
    x: Interval(half, 2),
    **{s: Interval(0.1, 0.4) for s in (K, K0, Kt)},
    **{s: Interval(0.1, 2) for s in (p, q, pA, pB)},
    h: Interval(0, 0.01),
    t: Interval(0, 2),
    D: Integers(3, 8),
    n: Integers(1, 9),
    k: Integers(1, 9),
    a(n): Interval(0, 1),
}


def judge(left, right, by, premises=(), **more):
    """PROVED, TESTED, REFUTED, UNDECIDED or MALFORMED."""
    d = Derivation("rules/claim", domain=DOMAIN)
    names = []
    for number, premise in enumerate(premises):
        lhs, rhs, *relation = premise
        names.append(f"premise{number}")
        d.assume(names[-1], lhs, rhs, relation=relation[0] if relation else "=")
    try:
        d.step("claim", left, right, by=by, using=tuple(names), **more)
        return d.status("claim").name
    except DerivationError as error:
        return error.outcome


def refuted(*claims, by, premises=(), **more):
    """All of these are false, and each must be refuted by a counterexample."""
    for left, right in claims:
        assert judge(left, right, by, premises, **more) == "REFUTED", (left, right)
    return True


class TestRewrite:
    flow = (sp.Derivative(p, t), p ** (D - 1) * S)

    def test_chain_rule(self):
        potential = (F, p ** (2 - D) / (2 - D))
        for premises in ([self.flow, potential], [potential, self.flow]):
            assert judge(sp.Derivative(F, t), S, Rewrite(), premises) == "PROVED"
        assert refuted(
            (sp.Derivative(F, t), -S),
            (2 * sp.Derivative(F, t), S),
            by=Rewrite(),
            premises=[self.flow, potential],
        )

    def test_higher_derivatives(self):
        left = sp.Derivative(p, (t, 2))
        right = (D - 1) * p ** (2 * D - 3) * S**2
        assert judge(left, right, Rewrite(), [self.flow]) == "PROVED"
        assert refuted((left, D * p ** (2 * D - 3) * S**2), by=Rewrite(), premises=[self.flow])

    def test_indexed_functions_do_not_mix(self):
        flows = [(sp.Derivative(pA, t), pA * S), (sp.Derivative(pB, t), pB * y)]
        ratio = sp.Derivative(sp.log(pA) - sp.log(pB), t)
        assert judge(ratio, S - y, Rewrite(), flows) == "PROVED"
        assert refuted((ratio, y - S), (ratio, S), by=Rewrite(), premises=flows)

    def test_named_simplifiers_in_order(self):
        left, right = (x**y) ** z * x, x ** (y * z + 1)
        assert judge(left, right, Rewrite(how=(sp.powdenest, sp.powsimp))) == "PROVED"
        ratio = sp.binomial(n, k) / sp.binomial(n - 1, k - 1)
        assert judge(ratio, sp.S(n) / k, Rewrite(how=sp.combsimp)) == "PROVED"
        assert refuted((ratio, sp.S(k) / n), by=Rewrite(how=sp.combsimp))

    def test_backward(self):
        premise = (S, x + y)
        assert judge((x + y) ** 2, S**2, Rewrite(forward=False), [premise]) == "PROVED"

    def test_matrices_and_tuples_entry_by_entry(self):
        square = sp.Matrix([[x, y], [y, x]]) ** 2
        right = sp.Matrix([[x**2 + y**2, 2 * x * y], [2 * x * y, x**2 + y**2]])
        wrong = right.copy()
        wrong[1, 0] = x * y
        assert judge(square, right, Rewrite()) == "PROVED"
        assert refuted((square, wrong), by=Rewrite())
        assert judge((x + x, square), (2 * x, right), Rewrite()) == "PROVED"
        assert refuted(((x + x, square), (3 * x, right)), by=Rewrite())
        assert judge(square, (x, y), Rewrite()) == "MALFORMED"

    def test_a_product_of_matrices_may_stay_a_product(self):
        """It is printed as a product and checked entry by entry."""
        one = sp.Matrix([[x, y], [0, x]])
        product = sp.MatMul(one, one, evaluate=False)
        right = sp.Matrix([[x**2, 2 * x * y], [0, x**2]])
        assert judge(product, right, Rewrite()) == "PROVED"
        assert refuted((product, right.T), by=Rewrite())

    def test_non_commuting_flow(self):
        premises = [
            (sp.Derivative(X, t), U * X),
            (sp.Derivative(Y, t), -Y * X**2 * Y),
            (U * X, X * U),
        ]
        left, product = sp.Derivative(X * Y * X, t), X * Y * X
        right = U * product + product * U - product * product
        assert judge(left, right, Rewrite(), premises) == "PROVED"
        assert refuted((left, right + U), by=Rewrite(), premises=premises)

    def test_a_matrix_premise_is_simultaneous(self):
        swap = (sp.Matrix([x, y]), sp.Matrix([y, x]))
        assert judge(x - y, y - x, Rewrite(), [swap]) == "REFUTED"  # both sides are swapped

    def test_an_inequality_cannot_be_substituted(self):
        assert judge(x, y, Rewrite(), [(x, y, "<=")]) == "MALFORMED"


class TestSolvesODE:
    logistic = [(sp.Derivative(Kt, t), 2 * Kt * (S - Kt)), (Kt.subs(t, 0), K0)]
    solution = S / (1 + (S / K0 - 1) * sp.exp(-2 * S * t))

    def test_explicit(self):
        assert judge(Kt, self.solution, SolvesODE(t), self.logistic) == "PROVED"
        assert refuted(
            (Kt, S / (1 + (S / K0 + 1) * sp.exp(-2 * S * t))),  # wrong start
            (Kt, S / (1 + (S / K0 - 1) * sp.exp(-S * t))),  # wrong rate
            (2 * Kt, self.solution),
            (Kt**2, self.solution),
            by=SolvesODE(t),
            premises=self.logistic,
        )

    def test_without_its_premises_it_is_refuted(self):
        for missing in self.logistic:
            premises = [premise for premise in self.logistic if premise != missing]
            assert judge(Kt, self.solution, SolvesODE(t), premises) == "REFUTED"

    def test_implicit(self):
        def time(k):
            return sp.log(k / (S - k)) / (2 * S)

        right = time(Kt) - time(K0)
        assert judge(t, right, SolvesODE(t), self.logistic) == "PROVED"
        assert refuted((t, time(Kt)), (t, -right), by=SolvesODE(t), premises=self.logistic)

    def test_system_and_second_order(self):
        c, s = sp.Function("c")(t), sp.Function("s")(t)
        premises = [(c.diff(t), -s), (s.diff(t), c), (c.subs(t, 0), 1), (s.subs(t, 0), 0)]
        assert judge((c, s), (sp.cos(t), sp.sin(t)), SolvesODE(t), premises) == "PROVED"
        assert refuted(((c, s), (sp.sin(t), sp.cos(t))), by=SolvesODE(t), premises=premises)
        speed = sp.Subs(c.diff(t), t, 0)
        second = [(c.diff(t, 2), -c), (c.subs(t, 0), 1), (speed, x)]
        assert judge(c, sp.cos(t) + x * sp.sin(t), SolvesODE(t), second) == "PROVED"
        assert refuted((c, sp.cos(t)), (c, sp.exp(t)), by=SolvesODE(t), premises=second)


class TestCalculus:
    def test_primitive(self):
        left = sp.Integral(1 / (z**2 + 1), (z, 0, y))
        assert judge(left, sp.atan(y), Primitive(y, start=0)) == "PROVED"
        assert refuted(
            (left, sp.atan(y) + 1), (left, sp.atan(2 * y)), (-left, sp.atan(y)), by=Primitive(y, 0)
        )
        indefinite = sp.Integral(2 * y, y)
        assert judge(indefinite, y**2, Primitive(y)) == "PROVED"
        assert judge(y + 1, y, Primitive(y)) == "MALFORMED"  # a constant is not nothing

    def test_inverse(self):
        premise = [(y, sp.exp(x) - 1)]
        assert judge(x, sp.log(y + 1), Inverse(), premise) == "PROVED"
        assert refuted((x, sp.log(y)), (2 * x, sp.log(y + 1)), by=Inverse(), premises=premise)

    def test_inverse_looks_at_both_compositions(self):
        """-sqrt(y) solves y = x^2 as well, but does not give back a positive x."""
        assert judge(x, sp.sqrt(y), Inverse(), [(y, x**2)]) == "PROVED"
        assert judge(x, -sp.sqrt(y), Inverse(), [(y, x**2)]) == "REFUTED"

    def test_series(self):
        def potential(value):
            return value ** (2 - D) / (2 - D)

        left = potential(P + h * P ** (D - 1) * S) - potential(P)
        right = h * S - (D - 1) * half * h**2 * S**2 * P ** (D - 2)
        assert judge(left, right, Series(h, 0, 3)) == "PROVED"
        assert refuted(
            (left, h * S + (D - 1) * half * h**2 * S**2 * P ** (D - 2)),
            (left, h * S),
            (left + 1, right),
            by=Series(h, 0, 3),
        )
        assert judge(left, h * S, Series(h, 0, 2)) == "PROVED"  # claims one order less
        assert judge(x / (x + 1), 1 - 1 / x, Series(x, sp.oo, 2)) == "PROVED"
        assert refuted((x / (x + 1), 1 + 1 / x), by=Series(x, sp.oo, 2))
        assert judge(sp.sin(h) / h, 1, Series(h, 0, 2)) == "PROVED"  # 0/0 by SymPy's series

    def test_limit(self):
        left = (K**h - 1) / h
        assert judge(left, sp.log(K), Limit(h, 0)) == "PROVED"
        assert refuted((left, 1 / K), (left, -sp.log(K)), by=Limit(h, 0))
        assert judge(sp.log(x + 1), sp.log(x), Limit(x, sp.oo), relation="~") == "PROVED"
        assert refuted((x + 1, 2 * x), by=Limit(x, sp.oo), relation="~")
        both = sp.Abs(h - 1) / (h - 1)
        assert judge(both, 1, Limit(h, 1, "+")) == "PROVED"
        assert judge(both, 1, Limit(h, 1, "+-")) == "REFUTED"
        assert judge(x * y, y * x, Limit(x, 0)) == "MALFORMED"

    def test_stationary(self):
        speed = D * K ** (2 - 2 / D) * (S - K)
        peak = S * (2 * D - 2) / (3 * D - 2)
        assert judge(K, peak, Stationary(speed, kind="max")) == "PROVED"
        assert judge(K, peak, Stationary(speed, kind="min")) == "REFUTED"
        assert refuted((K, peak + 1), (2 * K, peak), (K, S), by=Stationary(speed))
        named = Stationary("premise0", var=K)
        assert judge(K, S / 2, named, [(y, K * (S - K))]) == "PROVED"
        assert judge(K, S / 3, named, [(y, K * (S - K))]) == "REFUTED"


class TestBound:
    def test_by_a_form_with_a_sign(self):
        assert judge(2 * x * y, x**2 + y**2, Bound(), relation="<=") == "PROVED"
        assert judge(2 * x * y, x**2 + y**2 - x / 10, Bound(), relation="<=") == "REFUTED"
        assert judge(x**2 + y**2, 2 * x * y, Bound(), relation=">=") == "PROVED"
        assert judge(x, y, Bound()) == "MALFORMED"

    def test_by_certificate(self):
        gap = x**2 + y**2 + z**2 - x * y - y * z - x * z
        squares = ((x - y) ** 2 + (y - z) ** 2 + (z - x) ** 2) / 2
        assert judge(0, gap, Bound(certificate=squares), relation="<=") == "PROVED"
        assert judge(0, gap, Bound(certificate=2 * squares), relation="<=") == "REFUTED"
        assert judge(0, gap, Bound(certificate=gap), relation="<=") != "REFUTED"

    def test_along(self):
        assert judge(sp.log(1 + x), x, Bound(along=(x, 0)), relation="<=") == "PROVED"
        assert judge(sp.log(1 + x), x / 2, Bound(along=(x, 0)), relation="<=") == "REFUTED"

    def test_with_premises(self):
        lemma = [(x, y, "<=")]
        assert (
            judge(x**2, x * y, Bound(multipliers={"premise0": x}), lemma, relation="<=") == "PROVED"
        )
        worse = Bound(multipliers={"premise0": -x})
        assert judge(x**2, x * y, worse, lemma, relation="<=") == "REFUTED"

    def test_a_strict_claim_needs_something_strict(self):
        by = Bound(multipliers={"premise0": x})
        assert judge(x**2, x * y, by, [(x, y, "<=")], relation="<") != "PROVED"
        assert judge(x**2, x * y, by, [(x, y, "<")], relation="<") == "PROVED"
        assert judge(x**2, x * y + 1, by, [(x, y, "<=")], relation="<") == "PROVED"
        none = Bound(multipliers={"premise0": 0})
        assert judge(x, x, none, [(x, y, "<")], relation="<") != "PROVED"


class TestWholeNumbers:
    def test_induction(self):
        left = sp.Sum(k, (k, 1, n))
        assert judge(left, n * (n + 1) / 2, Induction(n, 1)) == "PROVED"
        assert refuted((left, n * (n - 1) / 2), (2 * left, n * (n + 1) / 2), by=Induction(n, 1))
        assert refuted(
            (left, n * (n + 1) / 2 + 1), by=Induction(n, 1)
        )  # the step holds, not the start
        rules = [(a(n + 1), m * a(n) + 1 - m), (a(1), 1 - m)]
        assert judge(a(n), 1 - m**n, Induction(n, 1), rules) == "PROVED"
        assert refuted((a(n), 1 + m**n), by=Induction(n, 1), premises=rules)
        assert judge(a(n), 1 - m**n, Induction(n, 1), rules[:1]) == "REFUTED"
        product = sp.Product((k + 1) / k, (k, 1, n))
        assert judge(product, n + 1, Induction(n, 1)) == "PROVED"

    def test_telescoping(self):
        term, certificate = 1 / ((k + 1) * (k + 2)), -1 / (k + 1)
        left = sp.Sum(term, (k, 1, n))
        right = half - 1 / (n + 2)
        by = Telescoping(certificate, k)
        assert judge(left, right, by) == "PROVED"
        assert refuted((left, right + 1), (2 * left, right), by=by)
        assert judge(left, right, Telescoping(1 / (k + 1), k)) == "REFUTED"  # wrong certificate
        endless = sp.Sum(term, (k, 1, sp.oo))
        assert judge(endless, half, Telescoping(certificate, k, at_infinity=0)) == "PROVED"
        assert judge(endless, half, Telescoping(certificate, k, at_infinity=1)) == "REFUTED"

    def test_enumerate(self):
        count = Enumerate({n: range(1, 10)}, functions={f: lambda i: sum(range(int(i) + 1))})
        assert judge(f(n), n * (n + 1) / 2, count) == "PROVED"
        assert refuted((f(n), n**2), (f(n) + 1, n * (n + 1) / 2), by=count)
        one = Enumerate([{n: 1}, {n: 2}])
        assert judge(n**2, 3 * n - 2, one) == "PROVED"  # true of 1 and 2 only
        assert judge(n**2, 3 * n - 2, Enumerate({n: (1, 2, 3)})) == "REFUTED"

    def test_cases(self):
        by = Cases({D: (3, 4, 5)}, by=Rewrite())
        left = sp.Derivative(P**D, P)
        assert judge(left, D * P ** (D - 1), by) == "PROVED"
        assert judge(left, 3 * P ** (D - 1), by) == "REFUTED"  # true of the first case only
        assert judge(left, D * P ** (D - 1), Rewrite(), cases={D: (3, 4)}) == "PROVED"
        assert judge(left, D * P ** (D - 1), Cases(D, (7,))) == "PROVED"


class TestSampled:
    def test_tested_not_proved(self):
        left = sp.besselj(0, x) ** 2 + sp.besselj(1, x) * sp.besselj(1, x)
        right = sp.besselj(0, x) ** 2 + sp.besselj(1, x) ** 2
        assert judge(left, right, Sampled()) == Status.TESTED.name
        assert refuted((left + x / 10**20, right), (sp.sin(x), x), by=Sampled())

    def test_at_least_fifty(self):
        with pytest.raises(ValueError, match="at least 50"):
            Sampled(49)


def test_instance_of_a_general_claim():
    k = sp.Symbol("k", integer=True, nonnegative=True)
    m = sp.Function("m")
    d = Derivation("t/instance", domain={k: Integers(0, 6), x: Interval(1, 2)})
    d.assume("power", m(k), x**k)
    d.step("second", m(2), x**2, by=Instance({k: 2}), using=("power",))
    d.step("after", m(k + 1), x * x**k, by=Instance({k: k + 1}), using=("power",))
    verdicts = d.check()
    assert verdicts["second"].status is verdicts["after"].status is Status.PROVED
    assert audit(d).score == 1.0
    d.step("wrong", m(2), x**3, by=Instance({k: 2}), using=("power",))
    with pytest.raises(DerivationError) as refused:
        d.check("wrong")
    assert refused.value.outcome == "REFUTED"
    for value, word in ((-1, "nonnegative"), (sp.Rational(1, 2), "integer"), (x, "integer")):
        with pytest.raises(DerivationError, match=word):
            Instance({k: value})

    d.step("beyond", m(7), x**7, by=Instance({k: 7}), using=("power",))
    with pytest.raises(DerivationError, match="not at 7"):
        d.check("beyond")
