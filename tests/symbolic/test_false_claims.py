"""False statements that a careless check would prove; none of them may be."""

import pytest
import sympy as sp

from theorylab.symbolic import (
    Bound,
    Cases,
    Derivation,
    DerivationError,
    Domain,
    Enumerate,
    Induction,
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
    Telescoping,
)

S, x, y, z, h, K, K0 = sp.symbols("S x y z h K K_0", positive=True)
t = sp.Symbol("t", nonnegative=True)
n, k = sp.symbols("n k", integer=True, positive=True)
r, w = sp.symbols("r w", real=True)
c = sp.Symbol("c", real=True)
Kt, Yt = sp.Function("K", positive=True)(t), sp.Function("Y")(t)
f = sp.Function("f")
half = sp.Rational(1, 2)
DOMAIN = {
    **{s: Interval(half, 3) for s in (S, y, z)},
    x: Interval(half, 2),
    **{s: Interval(0.1, 0.4) for s in (K, K0, Kt)},
    h: Interval(0, 0.01),
    t: Interval(0, 2),
    **{s: Integers(1, 9) for s in (n, k)},
    r: Interval(-1, 1),
    w: Interval(-2, 2),
    c: Interval(-1, 1),
    Yt: Interval(-2, 5),
}
GROWTH = [(Kt.diff(t), Kt), (Kt.subs(t, 0), K0)]


def judge(left, right, by, premises=(), domain=None, **more):
    """PROVED, TESTED, REFUTED, UNDECIDED or MALFORMED."""
    d = Derivation("false/claim", domain=domain or DOMAIN)
    names = []
    try:
        for number, (lhs, rhs, *relation) in enumerate(premises):
            names.append(f"premise{number}")
            d.assume(names[-1], lhs, rhs, relation=relation[0] if relation else "=")
        d.step("claim", left, right, by=by, using=tuple(names), **more)
        return d.status("claim").name
    except DerivationError as error:
        return error.outcome


EQUALITIES = {
    "induction": (sp.Sum(k, (k, 1, n)), n * (n + 1) / 2, Induction(n, 1), []),
    "telescoping": (
        sp.Sum(1 / (k * (k + 1)), (k, 1, n)),
        1 - 1 / (n + 1),
        Telescoping(-1 / k, k),
        [],
    ),
    "ode": (Kt, K0 * sp.exp(t), SolvesODE(t), GROWTH),
    "primitive": (sp.Integral(2 * z, (z, 0, y)), y**2, Primitive(y, 0), []),
    "inverse": (x, sp.log(y + 1), Inverse(), [(y, sp.exp(x) - 1)]),
    "series": (sp.exp(h), 1 + h, Series(h, 0, 2), []),
    "stationary": (K, S / 2, Stationary(K * (S - K)), []),
    "rewrite": (x + x, 2 * x, Rewrite(), []),
    "sampled": (x + x, 2 * x, Sampled(), []),
    "cases": (x**n, x**n, Cases({n: (1, 2)}), []),
    "enumerate": (n + n, 2 * n, Enumerate({n: range(1, 10)}), []),
}


@pytest.mark.parametrize("name", EQUALITIES)
def test_a_rule_for_equalities_proves_nothing_else(name):
    """An equality that holds is no strict inequality."""
    left, right, by, premises = EQUALITIES[name]
    assert judge(left, right, by, premises) in ("PROVED", "TESTED")
    for relation in ("<", ">"):
        assert judge(left, right, by, premises, relation=relation) in ("MALFORMED", "REFUTED")
    assert judge(left, right, by, premises, relation="~") == "MALFORMED"
    assert judge(sp.exp(h), 2, Limit(h, 0), relation="<=") == "MALFORMED"


def test_an_asymptotic_premise_is_no_bound():
    assert judge(x, y, Bound(), [(x, y, "~")], relation=">=") == "MALFORMED"


def test_every_equation_of_a_claim_is_read():
    assert judge((x, z), (sp.log(y + 1), 5 * z), Inverse(), [(y, sp.exp(x) - 1)]) == "MALFORMED"
    assert judge((K, z), (S / 2, 17), Stationary(K * (S - K), var=K)) == "MALFORMED"
    twice = (5 * K0, K0 * sp.exp(t))
    assert judge((Kt, Kt), twice, SolvesODE(t), GROWTH) == "MALFORMED"


def test_the_absolute_value_of_a_symbol_is_not_the_symbol():
    assert judge(sp.Abs(r), -1, Stationary((r + 1) ** 2, var=r)) != "PROVED"
    assert judge(r, -1, Stationary((r + 1) ** 2)) == "PROVED"


class TestAlong:
    def test_the_way_starts_at_or_below_the_range(self):
        assert judge(1, x, Bound(along=(x, 2)), relation="<=") == "MALFORMED"
        assert judge(half, x, Bound(along=(x, half)), relation="<=") == "PROVED"

    def test_the_way_stays_where_the_symbol_may_be(self):
        """The gap grows where x > 0; from x = -5 it falls first."""
        assert judge(1, x**2, Bound(along=(x, -5)), relation="<=") == "MALFORMED"

    def test_a_gap_that_jumps(self):
        jump = sp.atan(1 / (1 - x)) - sp.atan(1 - x) + 1  # its derivative is 0
        by = Bound(along=(x, half), how=sp.simplify)
        assert judge(0, jump - 2, by, relation="<=") == "REFUTED"

    def test_whole_numbers_are_no_way(self):
        assert judge(1, n, Bound(along=(n, 1)), relation="<=") == "MALFORMED"


class TestInitialValues:
    def test_one_solution_is_not_all(self):
        flow = GROWTH[:1]
        assert judge(Kt, sp.exp(t), SolvesODE(t, None), flow) == "MALFORMED"
        assert judge(t + 5, sp.log(Kt), SolvesODE(t, None), flow) == "MALFORMED"
        assert judge(Kt, c * sp.exp(t), SolvesODE(t, None), flow) == "PROVED"
        assert judge(t + c, sp.log(Kt), SolvesODE(t, None), flow) == "PROVED"
        assert judge(Kt, S * sp.exp(t), SolvesODE(t, None), [*flow, (S, x)]) == "MALFORMED"

    def test_a_solution_that_jumps_or_blows_up(self):
        still = [(Yt.diff(t), 0 * t), (Yt.subs(t, 0), 0)]
        jump = sp.atan(1 / (t - 1)) + sp.atan(t - 1) + sp.pi / 2
        assert judge(Yt, jump, SolvesODE(t), still) == "UNDECIDED"
        blown = [(Yt.diff(t), Yt**2), (Yt.subs(t, 0), 1)]
        assert judge(Yt, 1 / (1 - t), SolvesODE(t), blown) == "UNDECIDED"
        short = {**DOMAIN, t: Interval(0, half)}
        assert judge(Yt, 1 / (1 - t), SolvesODE(t), blown, short) == "PROVED"

    def test_a_primitive_that_jumps_or_has_a_pole(self):
        pole = sp.Integral(1 / z**2, (z, -1, y))
        assert judge(pole, -1 / y - 1, Primitive(y, -1)) == "UNDECIDED"
        jump = sp.Integral(-1 / (1 + z**2), (z, -1, y))
        assert judge(jump, sp.atan(1 / y) + sp.pi / 4, Primitive(y, -1)) == "UNDECIDED"
        assert judge(jump, -sp.atan(y) - sp.pi / 4, Primitive(y, -1)) == "PROVED"


class TestWholeNumbers:
    def test_an_induction_starts_where_the_claim_does(self):
        zero = sp.Product(k - 4, (k, 1, n))
        assert judge(zero, 0, Induction(n, 5)) == "MALFORMED"
        late = {**DOMAIN, n: Integers(5, 9)}
        assert judge(zero, 0, Induction(n, 5), domain=late) == "PROVED"

    def test_steps_before_the_range_are_taken_as_well(self):
        late = {**DOMAIN, n: Integers(3, 9)}
        whole = sp.Sum(k, (k, 1, n))
        assert judge(whole, n * (n + 1) / 2, Induction(n, 1), domain=late) == "PROVED"
        a = sp.Function("a")
        bump = [(a(n + 1), a(n) + sp.KroneckerDelta(n, 2)), (a(1), 0)]
        late[a(n)] = Interval(0, 1)
        identity = Induction(n, 1, how=lambda e: e.subs(sp.KroneckerDelta(n, 2), 0))
        assert judge(a(n), 0 * n, identity, bump, domain=late) == "REFUTED"


class TestSeries:
    def test_a_root_is_no_power(self):
        """sqrt(h) is not O(h), although its coefficient of order 0 vanishes."""
        assert judge(sp.sqrt(h), 0, Series(h, 0, 1)) == "MALFORMED"
        assert judge(h ** (3 * half), 0, Series(h, 0, 2)) == "MALFORMED"
        assert judge(h ** (5 * half), 0, Series(h, 0, 2)) == "PROVED"

    def test_from_below_as_well_where_the_range_reaches_there(self):
        assert judge(sp.Abs(r), r, Series(r, 0, 2)) == "REFUTED"
        assert judge(sp.exp(r), 1 + r, Series(r, 0, 2)) == "PROVED"


class TestDomain:
    def test_what_no_range_can_say(self):
        for word in ("even", "odd", "prime", "composite"):
            symbol = sp.Symbol("e", **{word: True})
            with pytest.raises(DerivationError, match=f"declared {word}"):
                Domain({symbol: Integers(1, 9)})
        with pytest.raises(DerivationError, match="declared nonzero"):
            Domain({sp.Symbol("u", real=True, nonzero=True): Interval(-1, 1)})

    def test_ends_that_depend_on_other_symbols_are_compared_too(self):
        with pytest.raises(DerivationError, match="declared positive, but its range"):
            Domain({x: Interval(w - 3, w), w: Interval(1, 2)})
        with pytest.raises(DerivationError, match="empty"):
            Domain({r: Interval(w, 1), w: Interval(0, 2)})
        assert Domain({x: Interval(w, 3), w: Interval(1, 2)})

    def test_the_edges_are_tried(self):
        """True but for a sliver: a forced simplifier would not notice."""
        late = r + 1 - sp.Rational(1, 10**7)
        force = Rewrite(how=lambda e: sp.powdenest(e, force=True))
        assert judge(sp.sqrt(late**2), late, force) == "REFUTED"
        blind = Rewrite(how=lambda e: sp.Integer(0))
        assert judge(sp.floor(x), 1, blind, domain={x: Interval(1, 2)}) == "REFUTED"


def test_a_number_in_floating_point_is_refused_even_where_both_sides_have_it():
    by = Enumerate({n: (1, 2)}, functions={f: lambda i: 0.5})
    assert judge(f(n), sp.Float(0.5), by) == "MALFORMED"


def test_an_index_is_not_captured():
    whole = Rewrite(how=lambda e: e.doit())
    total = sp.Sum(S, (k, 1, n))
    assert judge(total, n * (n + 1) / 2, whole, [(S, k)]) == "MALFORMED"
    assert judge(total, n * x, whole, [(S, x)]) == "PROVED"


def test_cases_in_words_do_not_turn_into_listed_ones():
    d = Derivation("false/claim", domain=DOMAIN)
    d.step("small", x + x, 2 * x, by=Rewrite(), cases="2x2 matrices")
    with pytest.raises(DerivationError, match="established only for 2x2 matrices"):
        d.step("wide", x + x, 2 * x, by=Rewrite(), using=("small",), cases={n: (2,)})
    with pytest.raises(DerivationError, match="listed twice"):
        d.step("both", x + x, 2 * x, by=Cases({n: (2, 3)}), cases="every depth that matters")


def test_infinite_sides_are_not_equal():
    for left, right in ((1 / r, 2 / r), (sp.nan, sp.nan), (sp.oo, sp.oo)):
        assert judge(left, right, Rewrite(), [(r, 0)]) != "PROVED"


class TestSumsOfUnknownTerms:
    """Each term of a sum over f(k) is a number of its own: f is no constant."""

    DOMAIN = {n: Integers(1, 9), k: Integers(1, 9), f: Interval(-2, 2), r: Interval(-1, 1)}
    DOIT = staticmethod(lambda e: e.doit())

    def judge(self, left, right, by, **more):
        return judge(left, right, by, domain=self.DOMAIN, **more)

    @pytest.mark.parametrize("by", [Rewrite(), Rewrite(how=DOIT), Sampled()])
    def test_they_are_not_taken_for_equal(self, by):
        total = sp.Sum(f(k), (k, 1, n))
        assert self.judge(total, n * f(k), by) == "REFUTED"
        assert self.judge(sp.Sum(k * f(k), (k, 1, n)), (n + 1) / 2 * total, by) == "REFUTED"
        assert self.judge(sp.Sum(f(k) ** 2, (k, 1, n)), total**2 / n, by) == "REFUTED"
        assert self.judge(sp.Product(f(k), (k, 1, n)), f(k) ** n, by) == "REFUTED"
        pairs = sp.Sum(f(k) * f(k + n), (k, 1, n))
        assert self.judge(pairs, sp.Sum(f(k) ** 2, (k, 1, n)), by) == "REFUTED"

    def test_nor_in_a_bound(self):
        """Cauchy-Schwarz, turned round: an equality if every term is the same."""
        square = sp.Sum(f(k), (k, 1, n)) ** 2 / n
        bound = Bound(how=self.DOIT)
        assert self.judge(sp.Sum(f(k) ** 2, (k, 1, n)), square, bound, relation="<=") == "REFUTED"

    def test_nor_by_the_simplifier_alone(self):
        from theorylab.symbolic.decide import reduce_to_zero, signed_form, vanishes

        domain = Domain(self.DOMAIN)
        gap = sp.Sum(f(k), (k, 1, n)) - n * f(k)
        assert not vanishes(reduce_to_zero(gap, domain, (self.DOIT,)))
        assert signed_form(gap, domain, (self.DOIT,), strict=False) is None

    def test_an_integral_under_a_sum_varies_as_well(self):
        moment = sp.Integral(r**k * f(r), (r, 0, 1))
        same = self.judge(sp.Sum(moment, (k, 1, n)), n * moment, Rewrite(how=self.DOIT))
        assert same == "REFUTED"

    def test_sums_over_two_indices(self):
        j = sp.Symbol("j", integer=True, positive=True)
        both = sp.Sum(f(k), (k, 1, j), (j, 1, n))
        assert self.judge(both, n * (n + 1) / 2 * f(k), Sampled()) == "REFUTED"
        once = sp.Sum((n + 1 - k) * f(k), (k, 1, n))
        assert self.judge(both, once, Sampled()) == "TESTED"

    def test_what_is_true_stays_so(self):
        total = sp.Sum(f(k), (k, 1, n))
        longer = sp.Sum(f(k), (k, 1, n + 1))
        assert self.judge(longer, total + f(n + 1), Sampled()) == "TESTED"
        assert self.judge(sp.Sum(r * f(k), (k, 1, n)), r * total, Sampled()) == "TESTED"

    def test_a_sum_without_end_cannot_be_added_up(self):
        total = sp.Sum(f(k), (k, 1, sp.oo))
        assert self.judge(total, 2 * total, Sampled()) == "MALFORMED"


def test_a_quotient_that_is_nothing_at_some_matrices():
    """0/0 at a matrix with two equal entries: that point is passed over."""
    a = sp.MatrixSymbol("A", 2, 2)
    for one, other in ((a[0, 0], a[0, 1]), (a[0, 0], a[1, 0]), (a[0, 1], a[1, 1])):
        quotient = (one - other) / (one**2 - other**2)
        assert judge(quotient * a, a / (one + other), Rewrite(how=sp.simplify)) == "PROVED"
        assert judge(quotient * a + a, a / (one + other), Rewrite()) == "REFUTED"


def test_a_sum_of_matrix_entries_is_added_up():
    a = sp.MatrixSymbol("A", 2, 2)
    index = sp.Symbol("i", integer=True, nonnegative=True)
    row = sp.Sum(a[0, index], (index, 0, 1))
    whole = Rewrite(how=lambda e: e.doit())
    assert judge(row, a[0, 0] + a[0, 1], whole) == "PROVED"
    assert judge(row, a[0, 0] - a[0, 1], whole) == "REFUTED"
