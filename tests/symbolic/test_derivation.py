"""The derivation: statuses, strength, errors that teach, and the registry."""

import subprocess
import sys

import pytest
import sympy as sp

from theorylab.symbolic import (
    Cases,
    Derivation,
    DerivationError,
    Integers,
    Interval,
    Limit,
    Rewrite,
    Rule,
    Sampled,
    Series,
    Status,
    audit,
    claim,
    compiled,
    derivations,
)

x, y, S = sp.symbols("x y S", positive=True)
D = sp.Symbol("D", integer=True, positive=True)


@pytest.fixture
def d():
    d = Derivation(
        "demo/d",
        domain={x: Interval(1, 2), y: Interval(0, 1), S: Interval(1, 3), D: Integers(2, 9)},
    )
    d.assume("sum", S, x + y)
    d.step("square", S**2, x**2 + 2 * x * y + y**2, by=Rewrite(), using=("sum",))
    d.step("sampled", sp.exp(x) ** 2, sp.exp(2 * x), by=Sampled())
    d.step("rests", S**2 + 0 * x, (x + y) ** 2, by=Rewrite(), using=("square", "sampled"))
    d.cite("known", x, x, source="saxe2014exact, eq. (1)")
    d.step("on-known", 2 * x, x + x, by=Rewrite(), using=("known", "rests"))
    return d


def test_statuses_and_strength(d):
    statuses = {name: verdict.status for name, verdict in d.check().items()}
    assert statuses == {
        "sum": Status.ASSUMED,
        "square": Status.PROVED,
        "sampled": Status.TESTED,
        "rests": Status.PROVED,
        "known": Status.CITED,
        "on-known": Status.PROVED,
    }
    assert d.strength("square") is Status.PROVED  # an assumption does not weaken
    assert d.strength("rests") is Status.TESTED
    assert d.strength("on-known") is Status.CITED
    assert d.rests_on("on-known") == ("sum", "square", "sampled", "rests", "known")


def test_a_step_is_checked_once(d):
    assert d.check()["square"] is d.check("square")["square"]


def test_tested_reports_its_points_and_largest_residual(d):
    assert d.check()["sampled"].detail.startswith("50 random points, largest residual ")
    assert d.check()["sampled"].residual < 1e-60


def test_a_failing_step_names_itself_and_the_counterexample(d):
    d.step("wrong", S**2, x**2 + y**2, by=Rewrite(), using=("sum",))
    with pytest.raises(
        DerivationError, match=r"demo/d/wrong is REFUTED by Rewrite: at x = "
    ) as info:
        d.check()
    point = {k: sp.Rational(v) for k, v in info.value.counterexample.items()}
    assert set(point) == {"x", "y"}
    assert sp.expand(info.value.residual).subs({x: point["x"], y: point["y"]}) != 0
    assert info.value.outcome == "REFUTED"


def test_undecided_is_a_failure_and_shows_what_is_left(d):
    d.step("lazy", S**2, (x + y) ** 2, by=Rewrite(how=lambda e: e), using=())
    with pytest.raises(DerivationError, match="REFUTED"):  # S is free without its premise
        d.check("lazy")
    d.step("idle", sp.sqrt(x**2 + 2 * x + 1), x + 1, by=Rewrite(how=lambda e: e))
    with pytest.raises(DerivationError, match="UNDECIDED by Rewrite: left with") as info:
        d.check("idle")
    assert info.value.counterexample == {} and info.value.residual != 0


def test_general_must_not_rest_on_cases(d):
    left = sp.Derivative(x**D, x)
    d.step("cases", left, D * x ** (D - 1), by=Rewrite(), cases={D: (2, 3, 4)})
    assert d.items["cases"].cases == {D: (2, 3, 4)}
    with pytest.raises(DerivationError, match=r"established only for D in \[2, 3, 4\]"):
        d.step("general", left, D * x ** (D - 1), by=Rewrite(), using=("cases",))
    with pytest.raises(DerivationError, match="established only for"):
        d.step("other", left, x, by=Cases({D: (3, 5)}), using=("cases",))
    d.step("some", left, D * x ** (D - 1), by=Rewrite(), cases={D: (2, 3)}, using=("cases",))
    assert d.status("some") is Status.PROVED


def test_general_must_not_rest_on_a_restriction_in_words(d):
    d.step("small", x + x, 2 * x, by=Rewrite(), cases="2x2 matrices")
    with pytest.raises(DerivationError, match="established only for 2x2 matrices"):
        d.step("all", x + x, 2 * x, by=Rewrite(), using=("small",))
    d.step("also-small", 3 * x, x + 2 * x, by=Rewrite(), using=("small",), cases="2x2 matrices")


@pytest.mark.parametrize("rule", [Series(x, 0, 2), Limit(x, 0), Cases({D: (2, 3)}, by=Limit(x, 0))])
def test_what_holds_in_a_limit_cannot_be_substituted(d, rule):
    """exp(x) = 1 + O(x): using it as an equality would prove nonsense."""
    right = 1 + x if isinstance(rule, Series) else 1
    d.step("near", sp.exp(x), right, by=rule)
    cases = {D: (2, 3)} if isinstance(rule, Cases) else None
    d.step("far", sp.exp(x), right, by=Rewrite(), using=("near",), cases=cases)
    with pytest.raises(DerivationError, match="holds in a limit or up to an order"):
        d.check("far")


def test_what_cannot_be_evaluated_is_undecided(d):
    nowhere = 1 / (x - x * sp.sin(y) ** 2 - x * sp.cos(y) ** 2)
    d.step("nowhere", nowhere, 2 * nowhere, by=Rewrite(how=lambda e: e * 0))
    with pytest.raises(DerivationError, match=r"UNDECIDED.*could not be evaluated at any point"):
        d.check("nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "sum"}, "taken"),
        ({"using": ("summ",)}, "did you mean 'sum'"),
        ({"relation": "=="}, "allowed: =, <="),
        ({"lhs": sp.true}, "sympy.Eq may evaluate itself"),
        ({"lhs": sp.Eq(x, y)}, "must be an expression"),
        ({"rhs": sp.Matrix([x, y])}, None),  # a scalar meets every entry
        ({"lhs": sp.Matrix([x, y]), "rhs": sp.Matrix([[x, y]])}, "different shapes: a 2x1 matrix"),
    ],
)
def test_malformed_steps(d, change, message):
    step = {"name": "new", "lhs": x, "rhs": x, "by": Rewrite()} | change
    name, lhs, rhs = step.pop("name"), step.pop("lhs"), step.pop("rhs")
    if message is None:
        d.step(name, lhs, rhs, **step)
        return
    with pytest.raises(DerivationError, match=message):
        d.step(name, lhs, rhs, **step)


def test_a_citation_needs_a_key(d):
    with pytest.raises(DerivationError, match="names no BibTeX key"):
        d.cite("rumour", x, x, source="somebody said so")
    assert d.__references__ == ("saxe2014exact",)


def test_a_rule_that_finds_nothing_to_check_is_refused(d):
    class Silent(Rule):
        def residuals(self, item, premises):
            return []

    d.step("silent", x, 2 * x, by=Silent())
    with pytest.raises(DerivationError, match="found nothing to check"):
        d.check("silent")


def test_registry():
    known = derivations("deep_linear")
    assert all(name.startswith("deep_linear/") for name in known)
    with pytest.raises(KeyError, match="no topic 'deeplinear'"):
        derivations("deeplinear")
    with pytest.raises(KeyError, match="no claim"):
        claim("deep_linear/no/such")
    if known:
        derivation = next(iter(known.values()))
        item = next(iter(derivation.items.values()))
        assert claim(item.path) is item
        with pytest.raises(KeyError, match=item.path):
            claim(item.path[:-1])


def test_importing_the_package_loads_no_sympy():
    code = "import sys, theorylab.symbolic; assert 'sympy' not in sys.modules, 'sympy'"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = (
        "import sys; from theorylab.symbolic import Rewrite; assert 'jax' not in sys.modules, 'jax'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_compiled_is_memoised_and_finds_arguments_by_name():
    logistic = "deep_linear/one-mode/depth-two"
    f = compiled(logistic, ("t", "K_0", "S"))
    assert compiled(logistic, ("t", "K_0", "S")) is f
    assert float(f(0.0, 0.25, 3.0)) == 0.25
    assert float(compiled(logistic, ("K",), side="lhs")(0.5)) == 0.5  # K(t) by its name
    with pytest.raises(ValueError, match=r"no symbol 'K0'; there are .*K_0"):
        compiled(logistic, ("t", "K0", "S"))
    with pytest.raises(ValueError, match="must be among the arguments"):
        compiled(logistic, ("t", "K_0"))
    with pytest.raises(ValueError, match="side is 'left'"):
        compiled(logistic, ("t",), side="left")
    with pytest.raises(KeyError, match="did you mean deep_linear/one-mode/depth-two"):
        compiled("deep_linear/one-mode/depth-twoo", ("t",))


def test_a_premise_may_hold_a_sum_over_the_index_that_a_claim_sums_over():
    z, k = sp.Symbol("z", positive=True), sp.Symbol("k", integer=True, nonnegative=True)
    total, weight = sp.Function("phi")(z), sp.Function("p")(k)
    d = Derivation("t/sum", domain={z: Interval(0, 1), weight: Interval(0, 1)})
    series = sp.Sum(weight * z**k, (k, 0, 3))
    d.assume("series", total, series)
    d.step("twice", 2 * total, 2 * series, by=Rewrite(), using=("series",))
    assert d.check()["twice"].status is Status.PROVED
    assert audit(d).score == 1.0


def test_a_sum_put_beside_a_sum_over_the_same_index():
    n, k = sp.symbols("n k", integer=True, nonnegative=True)
    total, term = sp.Function("T")(n), sp.Function("p")(k)
    d = Derivation("t/beside", domain={n: Integers(1, 4), term: Interval(0, 1)})
    whole = sp.Sum(term, (k, 0, 3))
    d.assume("total", total, whole)
    d.step("beside", total + whole, 2 * whole, by=Rewrite(), using=("total",))
    assert d.check()["beside"].status is Status.PROVED


def test_an_index_is_not_captured():
    n, k = sp.symbols("n k", integer=True, nonnegative=True)
    weight = sp.Function("w")(n)
    d = Derivation("t/captured", domain={n: Integers(1, 4), k: Integers(1, 3)})
    d.assume("weight", weight, k)
    d.step("wrong", sp.Sum(weight, (k, 1, 3)), 6, by=Rewrite(), using=("weight",))
    with pytest.raises(DerivationError, match="rename one of the two"):
        d.check()
