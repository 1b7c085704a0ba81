"""The audit catches what a check can miss: one-sided rules, idle premises, loose bounds."""

import pytest
import sympy as sp

from theorylab.symbolic import (
    Bound,
    Cases,
    Derivation,
    Enumerate,
    Induction,
    Integers,
    Interval,
    Inverse,
    Limit,
    Primitive,
    Residual,
    Rewrite,
    Rule,
    Series,
    SolvesODE,
    Stationary,
    Telescoping,
    audit,
)
from theorylab.symbolic.mutations import mutations

S, x, y, h, K, K0, KA, KB = sp.symbols("S x y h K K_0 K_A K_B", positive=True)
t = sp.Symbol("t", nonnegative=True)
D, n, k = sp.symbols("D n k", integer=True, positive=True)
Kt = sp.Function("K", positive=True)(t)
f = sp.Function("f")
half = sp.Rational(1, 2)


def fresh():
    return Derivation(
        "audited/d",
        domain={
            **{s: Interval(half, 3) for s in (S, y, KA, KB)},
            x: Interval(half, 2),
            **{s: Interval(0.1, 0.4) for s in (K, K0, Kt)},
            h: Interval(0, 0.1),
            t: Interval(0, 2),
            **{s: Integers(1, 9) for s in (n, k)},
            D: Integers(2, 6),
        },
    )


def logistic(d):
    d.assume("flow", sp.Derivative(Kt, t), 2 * Kt * (S - Kt))
    d.assume("start", Kt.subs(t, 0), K0)
    return {"using": ("flow", "start"), "by": SolvesODE(t)}


SOLUTION = S / (1 + (S / K0 - 1) * sp.exp(-2 * S * t))
SUM = sp.Sum(k, (k, 1, n))
FIELD = sp.Sum(1 / (k * (k + 1)), (k, 1, n))
STEPS = {
    "rewrite": (S**2 - x**2, (S - x) * (S + x), {"by": Rewrite()}),
    "ode": (Kt, SOLUTION, logistic),
    "implicit ode": (t, sp.log(Kt * (S - K0) / (K0 * (S - Kt))) / (2 * S), logistic),
    "primitive": (sp.Integral(1 / (1 + x**2), (x, 0, y)), sp.atan(y), {"by": Primitive(y, 0)}),
    "series": (sp.exp(h * x), 1 + h * x, {"by": Series(h, 0, 2)}),
    "limit": ((K**h - 1) / h, sp.log(K), {"by": Limit(h, 0)}),
    "asymptotic": (x * (n + 1), x * n, {"by": Limit(n, sp.oo), "relation": "~"}),
    "stationary": (K, S / 2, {"by": Stationary(K * (S - K), kind="max")}),
    "induction": (SUM, n * (n + 1) / 2, {"by": Induction(n, 1)}),
    "telescoping": (FIELD, 1 - 1 / (n + 1), {"by": Telescoping(-1 / k, k)}),
    "cases": (sp.Derivative(x**D, x), D * x ** (D - 1), {"by": Cases({D: (2, 3)})}),
    "enumerate": (
        f(n),
        n * (n + 1) / 2,
        {"by": Enumerate({n: range(1, 6)}, functions={f: lambda i: sum(range(int(i) + 1))})},
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_rule_has_counterexamples_on_both_sides(name):
    left, right, more = STEPS[name]
    d = fresh()
    d.step("claim", left, right, **(more(d) if callable(more) else more))
    d.check()
    report = audit(d)
    assert not report.defects, str(report)
    assert report.score == 1.0
    for side in ("lhs", "rhs"):
        assert any(m.label.startswith(side) and m.verdict == "killed" for m in report.mutants)


def test_inverse_is_audited():
    d = fresh()
    d.assume("forward", y, sp.exp(x) - 1)
    d.step("back", x, sp.log(y + 1), by=Inverse(), using=("forward",))
    report = audit(d)
    assert report.score == 1.0 and not report.defects


class RightOnly(Rule):
    """A planted fault: it never looks at the left side."""

    def residuals(self, item, premises):
        return [Residual(sp.expand(item.rhs), item.rhs)]


class LeftOnly(Rule):
    """A planted fault: it never looks at the right side."""

    def residuals(self, item, premises):
        return [Residual(sp.expand(item.lhs), item.lhs)]


@pytest.mark.parametrize(("rule", "unread"), [(RightOnly(), "lhs"), (LeftOnly(), "rhs")])
def test_a_rule_that_reads_one_side_is_caught(rule, unread):
    d = fresh()
    d.step("claim", S**2 - x**2, (S - x) * (S + x), by=rule)
    d.check()  # the check is content
    report = audit(d)
    assert f"{unread}: unread" in {mutant.label for mutant in report.defects}
    assert f"{unread}: sign" in {mutant.label for mutant in report.defects}
    assert report.score < 1


def test_a_rule_that_ignores_its_premises_is_caught():
    class Trusting(Rule):
        def residuals(self, item, premises):
            return [Residual(item.lhs.subs(S, x + y), item.rhs)]

    d = fresh()
    d.assume("sum", S, x + y)
    d.step("claim", S**2, (x + y) ** 2, by=Trusting(), using=("sum",))
    d.check()
    assert {m.label for m in audit(d).defects} == {"drop:sum"}


def test_a_premise_that_is_not_needed_is_caught():
    d = fresh()
    d.assume("sum", S, x + y)
    d.assume("idle", KA, 2 * KB)
    d.step("claim", S**2, (x + y) ** 2, by=Rewrite(), using=("sum", "idle"))
    report = audit(d)
    assert [(m.step, m.label) for m in report.defects] == [("claim", "drop:idle")]
    assert "not needed" in report.defects[0].detail


def test_a_definition_can_be_dropped_although_its_symbol_has_no_range():
    d = Derivation("audited/d", domain={x: Interval(1, 2), y: Interval(1, 2)})
    d.assume("sum", S, x + y)
    d.step("claim", S**2, (x + y) ** 2, by=Rewrite(), using=("sum",))
    verdicts = {m.label: m.verdict for m in audit(d).mutants}
    assert verdicts["drop:sum"] == "killed"


def test_the_definition_of_a_function_in_a_limit_can_be_dropped():
    d = Derivation("audited/d", domain={x: Interval(1, 2)})
    d.assume("loss", f(x), sp.log(1 + sp.exp(-x)))
    d.step("law", sp.exp(x) * f(x), 1, by=Limit(x, sp.oo, how=sp.expand), using=("loss",))
    report = audit(d)
    assert not report.defects, str(report)
    assert {m.label: m.verdict for m in report.mutants}["drop:loss"] == "killed"


def test_a_lemma_that_the_proof_needs_is_no_defect():
    """A checked identity helps the simplifier; the claim is true without it."""
    d = fresh()
    keep = Rewrite(how=lambda e: e)
    d.step("lemma", sp.sin(x) ** 2, 1 - sp.cos(x) ** 2, by=Rewrite())
    d.step("claim", sp.sin(x) ** 2 + sp.cos(x) ** 2, 1, by=keep, using=("lemma",))
    d.check()
    verdicts = {m.label: m.verdict for m in audit(d, "claim").mutants}
    assert verdicts["drop:lemma"] == "lemma"
    d.step("idle", x + x, 2 * x, by=Rewrite(), using=("lemma",))
    assert {m.label for m in audit(d, "idle").defects} == {"drop:lemma"}


def test_bounds_are_changed_in_the_stronger_direction_only():
    d = fresh()
    d.step("mean", 2 * x * y, x**2 + y**2, by=Bound(), relation="<=")
    report = audit(d)
    verdicts = {m.label: m.verdict for m in report.mutants}
    assert verdicts["rhs: drop x**2"] == "killed"
    assert verdicts["lhs: coefficient"] == "killed"
    assert verdicts["rhs: coefficient"] == "weaker"
    assert not report.defects
    loose = fresh()
    loose.step("loose", x, 100 * x**2 + 100, by=Bound(), relation="<=")
    labels = {m.label for m in audit(loose).defects}
    assert "rhs: drop 100" in labels  # 100 x^2 alone is above x as well: the bound is slack


def test_also_true_needs_a_reason_and_must_be_used():
    d = fresh()
    reason = {"rhs: drop 100": "The constant only keeps the bound simple."}
    d.step("loose", x, 100 * x**2 + 100, by=Bound(), relation="<=", also_true=reason)
    mutant = next(m for m in audit(d).mutants if m.label == "rhs: drop 100")
    assert (mutant.verdict, mutant.detail) == ("also true", reason["rhs: drop 100"])
    stale = fresh()
    stale.step("claim", x + x, 2 * x, by=Rewrite(), also_true={"rhs: sign": "not so"})
    assert "also_true rhs: sign" in {m.label for m in audit(stale).defects}


def test_equivalent_mutants_are_recognised():
    d = fresh()
    d.step("even", sp.cos(x - y), sp.cos(x) * sp.cos(y) + sp.sin(x) * sp.sin(y), by=Rewrite())
    d.step("limit", (n + x) / n, sp.Integer(1), by=Limit(n, sp.oo))
    verdicts = {m.label: m.verdict for m in audit(d, "limit").mutants}
    assert verdicts["lhs: coefficient of x"] == "equivalent"  # the same limit
    assert verdicts["lhs: coefficient of n"] == "killed"


def test_an_exception_is_no_kill():
    class Picky(Rule):
        def residuals(self, item, premises):
            if item.rhs != 2 * x:
                raise ValueError("I know only 2 x")
            return [Residual(item.lhs, item.rhs)]

    d = fresh()
    d.step("claim", x + x, 2 * x, by=Picky())
    report = audit(d)
    rejected = [m for m in report.mutants if m.verdict == "rejected"]
    assert rejected and all(m.label.startswith("rhs") for m in rejected)
    assert "rhs: unread" in {m.label for m in report.defects}


def test_kinds_of_mutations():
    d = fresh()
    item = d.step("claim", S, KA**2 * x - 3 * sp.exp(-y) + SUM, by=Rewrite())
    changed = {m.label: m.item.rhs for m in mutations(item, [])}
    assert changed["rhs: sign"] == -item.rhs
    assert changed["rhs: coefficient"] == 2 * item.rhs
    assert changed[
        "rhs: drop x*K_A**2" if "rhs: drop x*K_A**2" in changed else "rhs: drop K_A**2*x"
    ] == (item.rhs - KA**2 * x)
    assert changed["rhs: exponent of K_A**2"] == item.rhs - KA**2 * x + KA**3 * x
    assert changed["rhs: coefficient in exp(-y)"] == item.rhs + 3 * sp.exp(-y) - 3 * sp.exp(-2 * y)
    assert any("index end n" in label for label in changed)
    both = d.step("index", S, KA - KB, by=Rewrite())
    swapped = [m.item.rhs for m in mutations(both, []) if "index K_A -> K_B" in m.label]
    assert swapped == [0]


def test_the_report_reads_well():
    d = fresh()
    d.step("claim", x + x, 2 * x, by=Rewrite())
    report = audit(d)
    assert (
        str(report)
        == f"audited/d: {len(report.mutants)} mutants ({len(report.killed)} killed); score 100%"
    )
    assert report.survivors == ()


def test_a_mutant_that_sympy_cannot_expand_is_rejected():
    n, z = sp.Symbol("n", positive=True), sp.Symbol("z", positive=True)
    d = Derivation("t/growth", domain={n: Interval(50, 90), z: Interval(1, 2)})
    ratio = sp.exp(sp.loggamma(n + 1) - sp.loggamma(n)) * z / n
    d.step("ratio", ratio, z, by=Limit(n, sp.oo, how=(sp.gammasimp, sp.simplify)))
    report = audit(d)
    assert report.killed


W2, V2 = sp.MatrixSymbol("W", 2, 2), sp.MatrixSymbol("V", 2, 2)
UPPER = sp.Matrix([[1, x], [0, 1]])


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        (W2 * W2, UPPER**2),
        (W2[0, 1] ** 2, x**2),
        (W2 * V2, UPPER * V2),
        (V2 * sp.MatPow(W2, 2), V2 * UPPER * UPPER),
    ],
    ids=["product", "entry", "symbol", "power"],
)
def test_a_definition_that_leaves_a_matrix_free_is_seen_to_be_needed(claim, value):
    d = fresh()
    d.assume("map", W2, UPPER)
    d.step("claim", claim, value, by=Rewrite(), using=("map",))
    report = audit(d)
    assert not report.defects, str(report)
    assert {m.label: m.verdict for m in report.mutants}["drop:map"] == "killed"


def test_the_audit_says_when_a_dropped_premise_could_not_be_judged():
    class Trusting(Rule):
        def residuals(self, item, premises):
            return [Residual(sp.Determinant(W2), sp.S(1))]

    d = fresh()
    d.assume("map", W2, UPPER)
    d.step("claim", S, S, by=Trusting(), using=("map",))
    (dropped,) = (m for m in audit(d).mutants if m.label == "drop:map")
    assert dropped.verdict == "defect" and "could not be evaluated" in dropped.detail


def test_explicit_matrices_in_a_product_are_changed_entry_by_entry():
    d = fresh()
    other = sp.Matrix([[1, y], [0, 1]])
    product = sp.MatMul(UPPER, other, evaluate=False)
    item = d.step("claim", product, sp.Matrix([[1, x + y], [0, 1]]), by=Rewrite())
    d.check()
    labels = {m.label for m in mutations(item, [])}
    assert {"lhs: sign of entry (0, 1)", "lhs: sign of entry (0, 1) (2)"} <= labels
    report = audit(d)
    assert report.score == 1.0 and not report.defects
