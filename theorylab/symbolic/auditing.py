"""The mutation audit: would the check have noticed?

Every step is changed a little, and every premise is left out in turn. A change counts as
noticed only if a counterexample refutes it.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Dummy, Rational
from sympy.core.function import AppliedUndef, PoleError

from theorylab.symbolic.decide import decide, look_for_counterexample
from theorylab.symbolic.derivation import Derivation
from theorylab.symbolic.domain import Domain, Integers, Interval
from theorylab.symbolic.items import DerivationError, Item, Residual, Status
from theorylab.symbolic.mutations import Mutation, mutations
from theorylab.symbolic.rules import Cases, Limit, Rewrite, Series
from theorylab.symbolic.rules.substitute import premise_pairs, use

LIMIT = 48  # mutants per step; more are thinned at random, with a fixed seed
_UNREADABLE = (ArithmeticError, ValueError, TypeError, NotImplementedError, PoleError)
_ALSO = {">=": ">=", ">": ">=", "<=": "<=", "<": "<="}


@dataclass(frozen=True)
class Mutant:
    """One change to a step and what became of it.

    `verdict` is "killed" (a counterexample refutes it), "equivalent" (the same statement, by
    high-precision evaluation), "also true" (declared on the step, with the reason), "weaker"
    (of a bound: true, and says less), "lemma" (a dropped premise that is itself checked and
    without which the step is undecided), "rejected" (the rule cannot read the changed claim)
    or "defect".
    """

    step: str
    label: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True)
class AuditReport:
    """What the audit of a derivation found."""

    name: str
    mutants: tuple[Mutant, ...]

    @property
    def killed(self) -> tuple[Mutant, ...]:
        """Mutants that a counterexample refutes."""
        return self._with("killed")

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """Mutants that no counterexample refutes."""
        return tuple(m for m in self.mutants if m.verdict not in ("killed", "rejected"))

    @property
    def defects(self) -> tuple[Mutant, ...]:
        """Survivors that neither evaluation nor a declared reason explains."""
        return self._with("defect")

    @property
    def score(self) -> float:
        """Share of the false statements tried that were refuted: killed / (killed + defects)."""
        judged = len(self.killed) + len(self.defects)
        return len(self.killed) / judged if judged else 1.0

    def __str__(self) -> str:
        counts = Counter(mutant.verdict for mutant in self.mutants)
        told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        lines = [f"{self.name}: {len(self.mutants)} mutants ({told}); score {self.score:.0%}"]
        lines += [f"  defect in {m.step}: {m.label}: {m.detail}" for m in self.defects]
        return "\n".join(lines)

    def _with(self, verdict: str) -> tuple[Mutant, ...]:
        return tuple(mutant for mutant in self.mutants if mutant.verdict == verdict)


def audit(derivation: Derivation, *names: str) -> AuditReport:
    """Change every checked step of a derivation, or the named ones, and drop every premise.

    >>> from sympy import symbols
    >>> from theorylab.symbolic import Interval, Rewrite
    >>> x, S = symbols("x S", positive=True)
    >>> d = Derivation("demo/double", domain={x: Interval(1, 2), S: Interval(2, 4)})
    >>> _ = d.assume("sum", S, 2*x)
    >>> _ = d.step("square", S**2, 4*x**2, by=Rewrite(), using=("sum",))
    >>> audit(d).score
    1.0
    """
    found: list[Mutant] = []
    for item in derivation.items.values():
        if item.rule is not None and (not names or item.name in names):
            found += _audit_step(derivation, item)
    return AuditReport(derivation.name, tuple(found))


def _audit_step(derivation: Derivation, item: Item) -> list[Mutant]:
    premises = derivation.premises(item)
    tried = mutations(item, premises)
    if len(tried) > LIMIT:
        declared = [m for m in tried if m.label in item.also_true]
        others = [m for m in tried if m.label not in item.also_true]
        tried = declared + random.Random(item.path).sample(others, LIMIT - len(declared))
    found, sides = [], Counter()
    for mutation in tried:
        mutant = _judge(mutation, item, premises)
        sides[mutation.side] += mutant.verdict == "killed"
        found.append(mutant)
    for side in ("lhs", "rhs"):
        if not sides[side] and any(m.side == side for m in tried):
            words = f"no change of the {side} is refuted: does {item.rule!r} read that side?"
            found.append(Mutant(item.name, f"{side}: unread", "defect", words))
    found += [_without(name, derivation, item) for name in item.using]
    known = {mutant.label: mutant.verdict for mutant in found}
    for label in item.also_true:
        if known.get(label) != "also true":
            words = f"declared also true, but the mutant is {known.get(label, 'unknown')}"
            found.append(Mutant(item.name, f"also_true {label}", "defect", words))
    return found


def _judge(mutation: Mutation, item: Item, premises: Sequence[Item]) -> Mutant:
    """Refuted, or why not."""
    name, label = item.name, mutation.label
    try:
        residuals = item.rule.residuals(mutation.item, premises)
    except _UNREADABLE as error:
        return Mutant(name, label, "rejected", str(error))
    refuted = _refuted(residuals, item)
    if refuted:
        return Mutant(name, label, "killed", refuted)
    if label in item.also_true:
        return Mutant(name, label, "also true", item.also_true[label])
    if _equivalent(mutation, item, premises):
        return Mutant(name, label, "equivalent", "the same statement at every point tried")
    if item.relation in _ALSO and not _stronger(mutation, item, premises):
        return Mutant(name, label, "weaker", "the changed bound says less, or not more everywhere")
    return Mutant(name, label, "defect", "no counterexample was found")


def _without(name: str, derivation: Derivation, item: Item) -> Mutant:
    """What is left of a step when a premise is dropped."""
    label = f"drop:{name}"
    kept = [premise for premise in derivation.premises(item) if premise.name != name]
    try:
        residuals = item.rule.residuals(item, kept)
    except _UNREADABLE:  # such as a premise that the rule cannot do without
        residuals = _bare(item, kept)
    refuted = _refuted(residuals, _with_ranges(item, residuals))
    if refuted:
        return Mutant(item.name, label, "killed", refuted)
    if label in item.also_true:
        return Mutant(item.name, label, "also true", item.also_true[label])
    if derivation.status(name) is Status.PROVED and not _holds(residuals, item):
        return Mutant(item.name, label, "lemma", "true by itself, and needed for the proof")
    words = (
        f"no counterexample without {name!r}: it is not needed"
        if any(_points(residual, _with_ranges(item, residuals)) for residual in residuals)
        else f"without {name!r} the step could not be evaluated: nobody knows if it is needed"
    )
    return Mutant(item.name, label, "defect", words)


def _points(residual: Residual, item: Item) -> int:
    """At how many points a residual could be evaluated."""
    try:
        return look_for_counterexample(residual, item.domain, item.path).points
    except (DerivationError, TypeError, NotImplementedError):
        return 0


def _with_ranges(item: Item, residuals: Sequence[Residual]) -> Item:
    """Without its definition a symbol is free: give it some range if it has none."""
    known = dict(item.domain)
    for side in (side for residual in residuals for side in (residual.lhs, residual.rhs)):
        hidden = {f: Dummy() for f in side.atoms(AppliedUndef)}
        loose = set(hidden) | side.xreplace(hidden).free_symbols - set(hidden.values())
        for atom in loose:
            if atom.is_commutative is not False and atom not in item.domain:
                known[atom] = Integers(1, 9) if atom.is_integer else Interval(Rational(1, 2), 2)
    return replace(item, domain=Domain(known))


def _refuted(residuals: Sequence[Residual], item: Item) -> str:
    """The first counterexample among the residuals, as text; empty if there is none."""
    for count in (1, None):  # most mutants fall at the first point: do not wait for the rest
        for residual in residuals:
            if residual.limit is not None and count is None:
                continue
            try:
                evidence = look_for_counterexample(residual, item.domain, item.path, count)
            except (DerivationError, TypeError, NotImplementedError):
                continue
            if evidence.counterexample is not None:
                return (
                    ", ".join(f"{k} = {v}" for k, v in evidence.counterexample.items()) or "always"
                )
    return ""


def _holds(residuals: Sequence[Residual], item: Item) -> bool:
    return all(
        decide(residual, item.domain, item.rule.how, item.path).outcome == "PROVED"
        for residual in residuals
    )


def _bare(item: Item, premises: Sequence[Item]) -> list[Residual]:
    """The claim as it stands, with the equalities among the premises put in."""
    return Rewrite().residuals(item, [p for p in premises if p.relation == "="])


def _equivalent(mutation: Mutation, item: Item, premises: Sequence[Item]) -> bool:
    """Whether the changed side has the same value, or the same limit or expansion."""
    changed = getattr(mutation.item, mutation.side)
    pair = replace(item, lhs=changed, rhs=getattr(item, mutation.side), relation="=")
    rule = item.rule.by if isinstance(item.rule, Cases) else item.rule
    if type(rule) is Series:
        residuals = Series(rule.var, rule.point, rule.order).residuals(pair, premises)
    elif type(rule) is Limit and mutation.side == "lhs":
        residuals = _limits(pair, item.relation, rule, premises)
    else:
        residuals = _bare(pair, premises)
    seen = 0
    for residual in residuals:
        try:
            evidence = look_for_counterexample(residual, item.domain, item.path)
        except (DerivationError, TypeError, NotImplementedError):
            return False
        if evidence.counterexample is not None:
            return False
        seen += evidence.points
    return seen > 0


def _limits(pair: Item, relation: str, rule: Any, premises: Sequence[Item]) -> list[Residual]:
    groups = premise_pairs(premises)
    found = []
    for _, left, right in pair.pairs():
        left, right = use(left, groups), use(right, groups)
        gap, goal = (left / right, right**0) if relation == "~" else (left - right, right * 0)
        found.append(Residual(gap, goal, limit=(rule.var, rule.point, rule.dir[0])))
    return found


def _stronger(mutation: Mutation, item: Item, premises: Sequence[Item]) -> bool:
    """Whether the changed bound leaves less room at every point tried."""
    room = [
        right - left if item.relation[0] == "<" else left - right
        for claim in (mutation.item, item)
        for _, left, right in claim.pairs()
    ]
    half = len(room) // 2
    groups = premise_pairs([p for p in premises if p.relation == "="])
    for changed, original in zip(room[:half], room[half:], strict=True):
        residual = Residual(use(changed, groups), use(original, groups), "<=")
        if look_for_counterexample(residual, item.domain, item.path).counterexample is not None:
            return False
    return True
