"""The one decider: every residual of every rule is judged here.

First the residual is evaluated at random points of the domain; a point where it fails is a
counterexample. Then the step's simplifiers must reduce it to what has to be shown.
Anything else is undecided, and that is a failure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath
from sympy import Expr, Integral, Product, Sum, expand, factor, nan, oo, simplify, zoo
from sympy.core.function import AppliedUndef

from theorylab.symbolic.domain import Domain
from theorylab.symbolic.evaluate import difference, refuse_floats, samples
from theorylab.symbolic.items import Residual

POINTS = 8
POINTS_BOUND = 40
POINTS_EDGES = 8
_DEFAULT = ((expand,), (simplify,), (expand, simplify))  # routes tried if a step names none


@dataclass(frozen=True)
class Evidence:
    """What the points say: a counterexample, or the largest residual seen over `points`."""

    counterexample: dict[str, str] | None = None
    left: Any = None
    right: Any = None
    largest: float = 0.0
    points: int = 0


@dataclass(frozen=True)
class Judgement:
    """PROVED, REFUTED or UNDECIDED, with the reason."""

    outcome: str
    detail: str
    evidence: Evidence = field(default_factory=Evidence)
    rest: Any = None


def decide(
    residual: Residual, domain: Domain, how: tuple[Callable, ...] | None, seed: str
) -> Judgement:
    """Judge one residual over a domain, with the simplifiers of its step."""
    if residual.path is not None:
        from theorylab.symbolic.paths import broken

        words = broken(residual, domain, seed)
        return Judgement("UNDECIDED" if words else "PROVED", words or "runs without a break")
    evidence = look_for_counterexample(residual, domain, seed)
    if evidence.counterexample is None and evidence.points:
        # a strict claim need not hold at the ends, where it may turn into an equality
        where = "inside" if residual.relation in ("<", ">") else "ends"
        at_edges = look_for_counterexample(residual, domain, seed, POINTS_EDGES, where)
        evidence = at_edges if at_edges.counterexample is not None else evidence
    if evidence.counterexample is not None:
        return Judgement("REFUTED", describe(residual, evidence), evidence)
    if not evidence.points:
        words = "it could not be evaluated at any point of the domain"
        return Judgement("UNDECIDED", words, evidence, residual.expr)
    if residual.evidence_only:
        return Judgement("PROVED", "no counterexample", evidence)
    proved, rest, detail = prove(residual, domain, residual.how or how)
    return Judgement("PROVED" if proved else "UNDECIDED", detail, evidence, rest)


def look_for_counterexample(
    residual: Residual, domain: Domain, seed: str, count: int | None = None, edges: str = ""
) -> Evidence:
    """Evaluate a residual at random points and stop at the first where it fails.

    `edges` puts the points at the ends of the ranges or very near (see `Domain.points`), which
    random points miss.
    """
    refuse_floats((residual.lhs, residual.rhs))
    if residual.path is not None:
        return Evidence()
    if residual.limit is not None:
        if edges:
            return Evidence()
        from theorylab.symbolic.limits import limit_counterexample

        return limit_counterexample(residual, domain, seed)
    if residual.lhs == residual.rhs and residual.relation in ("=", "<=", ">="):
        return Evidence(points=count or POINTS)
    unbounded = [_infinite(side) for side in (residual.lhs, residual.rhs)]
    if any(unbounded) and not all(unbounded):
        left, right = (mpmath.inf if wild else mpmath.nan for wild in unbounded)
        return Evidence({}, left, right, float("inf"), 1)
    count = count or (POINTS if residual.relation == "=" else POINTS_BOUND)
    largest, seen = mpmath.mpf(0), 0
    for sample in samples([residual.lhs, residual.rhs], domain, seed, count, edges=edges):
        verdict, gap = difference(sample.coarse, sample.fine)
        if verdict == "noise":
            continue
        seen += 1
        if _fails(residual.relation, verdict, gap):
            return Evidence(sample.text(), sample.fine[0], sample.fine[1], float(abs(gap)), seen)
        if residual.relation == "=":
            largest = max(largest, abs(gap))
    return Evidence(largest=float(largest), points=seen)


def prove(
    residual: Residual, domain: Domain, how: tuple[Callable, ...] | None
) -> tuple[bool, Any, str]:
    """Try to establish a residual symbolically: (done, what is left, words)."""
    if residual.limit is not None:
        from theorylab.symbolic.limits import limit_value

        value = limit_value(residual, how)
        if value is not None and value == residual.rhs:
            return True, 0, f"SymPy finds the limit {value}"
        if value is None or value.has(nan, zoo, oo):
            return False, value, f"the limit could not be found (got {value})"
        residual = Residual(value, residual.rhs, "=", residual.label, residual.how)
    if residual.relation == "=":
        rest = reduce_to_zero(residual.expr, domain, how)
        return vanishes(rest), rest, "reduces to 0" if vanishes(rest) else f"left with {rest}"
    gap = residual.expr if residual.relation[0] == ">" else -residual.expr
    strict = len(residual.relation) == 1
    form = signed_form(gap, domain, how, strict)
    if form is not None:
        return True, 0, f"the gap is {form}, which has a sign"
    word = "positive" if strict else "nonnegative"
    return False, gap, f"SymPy does not see that {gap} is {word}"


def reduce_to_zero(expr: Expr, domain: Domain, how: tuple[Callable, ...] | None) -> Expr:
    """Apply the simplifiers in order until 0; then again with functions as symbols."""
    if vanishes(expr):
        return expr
    routes = (how,) if how else _DEFAULT
    named = _with_known_functions(expr, domain)
    atoms = {atom: domain.stand_in(atom) for atom in _constants(named) if _plain(atom)}
    forms = dict.fromkeys((expr, named, named.xreplace(atoms)))
    rests = (_apply(form, route) for form in forms for route in routes)
    first = next(rests)
    if vanishes(first):
        return first
    return next((rest for rest in rests if vanishes(rest)), first)


def signed_form(
    gap: Expr, domain: Domain, how: tuple[Callable, ...] | None, strict: bool
) -> Expr | None:
    """A form of `gap` whose sign SymPy knows from the assumptions, or None.

    A whole-number symbol that starts at n is written n + m with m >= 0.
    """
    swap = {}
    named = _with_known_functions(gap, domain)
    for atom in named.free_symbols | _constants(named):
        if atom in domain and atom.is_commutative is not False:
            span = domain[atom]
            stand_in = domain.stand_in(atom)
            swap[atom] = stand_in
            if span.integer and span.low.is_Integer:
                shifted = type(stand_in)(stand_in.name, integer=True, nonnegative=True)
                swap[atom] = span.low + shifted
    for candidate in (gap, named.subs(swap, simultaneous=True)):
        steps: tuple = (lambda e: e, *(how or (factor, simplify)), factor, expand)
        form = candidate
        for step in steps:
            form = step(form)
            if form.is_positive or (not strict and form.is_nonnegative):
                return form
    return None


def _with_known_functions(expr: Expr, domain: Domain) -> Expr:
    """Functions that are added up over their argument know their range, and stay functions."""
    for function in _varying(expr):
        expr = expr.replace(function, domain.stand_in(function))
    return expr


def _constants(expr: Expr) -> set:
    """Values of functions that no sum, product or integral varies: symbols may stand for them."""
    functions = _varying(expr)
    return {atom for atom in expr.atoms(AppliedUndef) if atom.func not in functions}


def _varying(expr: Expr) -> set:
    """Functions whose argument is the index of a sum, product or integral around them."""
    return {
        atom.func
        for node in expr.atoms(Sum, Product, Integral)
        for atom in node.function.atoms(AppliedUndef)
        if atom.free_symbols & set(node.variables)
    }


def describe(residual: Residual, evidence: Evidence) -> str:
    """A counterexample in words."""
    if mpmath.inf in (evidence.left, evidence.right):
        side = "left" if evidence.left == mpmath.inf else "right"
        return f"the {side} side is infinite: {residual.lhs} against {residual.rhs}"
    at = ", ".join(f"{name} = {value}" for name, value in (evidence.counterexample or {}).items())
    left, right = (mpmath.nstr(value, 12) for value in (evidence.left, evidence.right))
    where = f"at {at}" if at else "everywhere"
    return f"{where} the left side is {left} and the right side is {right}"


def _apply(expr: Expr, steps: tuple[Callable, ...]) -> Expr:
    for step in steps:
        expr = step(expr)
        if vanishes(expr):
            return expr
    return expand(expr)


def vanishes(expr: Any) -> bool:
    """Whether an expression is 0 as it stands."""
    return expr == 0 or bool(getattr(expr, "is_ZeroMatrix", False))


def _plain(atom: Any) -> bool:
    return atom.is_commutative is not False


def _infinite(side: Any) -> bool:
    """Whether a side as a whole is infinite (an infinite limit of a sum is no matter)."""
    return any(part in (zoo, oo, -oo) for part in (side, *side.args))


def _fails(relation: str, verdict: str, gap: Any) -> bool:
    if relation == "=":
        return verdict == "nonzero"
    if abs(mpmath.im(gap)) > abs(mpmath.re(gap)) * mpmath.mpf(10) ** -30:
        return True
    value = 0 if verdict == "zero" else mpmath.re(gap)
    return {
        "<=": value > 0,
        "<": value >= 0,
        ">=": value < 0,
        ">": value <= 0,
    }[relation]
