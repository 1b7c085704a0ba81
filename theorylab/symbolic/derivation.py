"""A derivation: a program of named steps that can fail."""

import importlib
import time
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from theorylab.citation import keys_in
from theorylab.discover import topics
from theorylab.symbolic.decide import decide, describe, look_for_counterexample
from theorylab.symbolic.domain import Domain
from theorylab.symbolic.items import RELATIONS, DerivationError, Item, Status, Verdict, as_side
from theorylab.symbolic.rules import Cases, Enumerate, Rule, Sampled
from theorylab.symbolic.rules.base import MissingPremise
from theorylab.symbolic.rules.finite import as_cases


class Derivation:
    """Assumptions and ordered, named steps, each of which is checked by its rule.

    Args:
        name: `topic/derivation`.
        title: a heading.
        domain: for each symbol or function of time its `Interval` or `Integers`; what is
            proved is proved for these, and counterexamples are looked for there.
        about: two or three sentences of motivation.

    >>> from sympy import symbols
    >>> from theorylab.symbolic import Interval, Rewrite
    >>> x, y, S = symbols("x y S", positive=True)
    >>> d = Derivation("demo/square", domain={x: Interval(1, 2), y: Interval(0, 1)})
    >>> _ = d.assume("sum", S, x + y)
    >>> _ = d.step("square", S**2, x**2 + 2*x*y + y**2, by=Rewrite(), using=("sum",))
    >>> d.check()["square"].status
    <Status.PROVED: 'proved'>
    """

    def __init__(self, name: str, *, title: str = "", domain: Mapping, about: str = ""):
        self.name, self.title, self.about = name, title or name, about
        self.domain = Domain(domain)
        self.items: dict[str, Item] = {}
        self._verdicts: dict[str, Verdict] = {}

    def __repr__(self) -> str:
        return f"Derivation({self.name!r}, {len(self.items)} items)"

    @property
    def __references__(self) -> tuple[str, ...]:
        sources = " ".join(item.source for item in self.items.values())
        return keys_in(sources)

    def assume(
        self,
        name: str,
        lhs: Any,
        rhs: Any,
        *,
        relation: str = "=",
        why: str = "",
        source: str = "derived here",
    ) -> Item:
        """Add a definition or a hypothesis: `lhs relation rhs` is taken to hold."""
        return self._add(name, lhs, rhs, relation, (), None, why, source, None, "assumption", {})

    def step(
        self,
        name: str,
        lhs: Any,
        rhs: Any,
        *,
        by: Rule,
        using: tuple[str, ...] | list[str] = (),
        relation: str = "=",
        cases: Mapping | str | None = None,
        why: str = "",
        source: str = "derived here",
        also_true: Mapping[str, str] | None = None,
    ) -> Item:
        """Add a claim and the rule that establishes it from earlier items.

        Args:
            name: unique within the derivation.
            lhs, rhs: expressions, matrices (compared entry by entry) or tuples.
            by: the rule.
            using: names of the earlier items that the rule may use, in order.
            relation: "=", "<=", "<", ">=", ">" or "~" (asymptotic).
            cases: the listed cases to which the claim is restricted, `{D: (2, 3, 4)}`, or words
                for a restriction in kind ("2x2 matrices").
            why: one sentence of explanation.
            source: BibTeX key with locator, or "derived here".
            also_true: for the audit: mutants that are true as well, each with its reason.

        Raises:
            DerivationError: the step is malformed.
        """
        if relation in RELATIONS and relation not in by.relations:
            raise DerivationError(
                f"{self.name}/{name}: {by!r} cannot establish {relation!r}; it is for "
                f"{', '.join(by.relations)}"
            )
        if isinstance(by, Cases | Enumerate):
            listed = None if self._covers(by) else by.cases
            if cases is not None and (isinstance(cases, Mapping) or isinstance(listed, Mapping)):
                raise DerivationError(f"{self.name}/{name}: the cases are listed twice")
            cases = cases or listed
        elif isinstance(cases, Mapping):
            by = Cases(cases, by=by)
            cases = as_cases(cases)
        return self._add(
            name, lhs, rhs, relation, tuple(using), cases, why, source, by, "step", also_true or {}
        )

    def cite(
        self, name: str, lhs: Any, rhs: Any, *, relation: str = "=", why: str = "", source: str
    ) -> Item:
        """Add a result of the literature that is not checked here."""
        if not keys_in(source):
            raise DerivationError(
                f"{self.name}/{name}: source {source!r} names no BibTeX key such as saxe2014exact"
            )
        return self._add(name, lhs, rhs, relation, (), None, why, source, None, "step", {})

    def check(self, *names: str) -> dict[str, Verdict]:
        """Check all steps, or the named ones, in order; each step is checked once.

        Raises:
            DerivationError: at the first step that does not follow.
        """
        for name in names:
            self._get(name)
        wanted = [item for item in self.items.values() if not names or item.name in names]
        for item in wanted:
            if item.name not in self._verdicts:
                self._verdicts[item.name] = self._judge(item)
        return {item.name: self._verdicts[item.name] for item in wanted}

    def status(self, name: str) -> Status:
        """How the item is established; checks it if it was not checked yet."""
        return self.check(name)[name].status

    def strength(self, name: str) -> Status:
        """The weakest status that the item rests on; assumptions are not ranked."""
        found = {self.status(used) for used in self.rests_on(name)} | {self.status(name)}
        return min(found, key=lambda status: status.rank)

    def rests_on(self, name: str) -> tuple[str, ...]:
        """Names of all items that an item uses, directly or not, in order."""
        found: set[str] = set()
        waiting = list(self._get(name).using)
        while waiting:
            used = waiting.pop()
            if used not in found:
                found.add(used)
                waiting.extend(self.items[used].using)
        return tuple(other for other in self.items if other in found)

    def premises(self, item: Item) -> list[Item]:
        """The items that a step uses, in the order named."""
        return [self.items[name] for name in item.using]

    def _add(
        self,
        name: str,
        lhs: Any,
        rhs: Any,
        relation: str,
        using: tuple[str, ...],
        cases: Any,
        why: str,
        source: str,
        rule: Rule | None,
        kind: str,
        also_true: Mapping[str, str],
    ) -> Item:
        path = f"{self.name}/{name}"
        if name in self.items:
            raise DerivationError(f"{path}: this name is taken")
        if relation not in RELATIONS:
            raise DerivationError(f"{path}: relation {relation!r}; allowed: {', '.join(RELATIONS)}")
        for used in using:
            if used not in self.items:
                raise DerivationError(f"{path} uses {used!r}, {self._hint(used)}")
            self._compare_cases(path, cases, self.items[used])
        item = Item(
            name=name,
            path=path,
            lhs=as_side(path, lhs),
            rhs=as_side(path, rhs),
            relation=relation,
            using=using,
            cases=cases,
            why=why,
            source=source,
            rule=rule,
            kind=kind,
            domain=self.domain,
            also_true=dict(also_true),
        )
        item.pairs()
        self.items[name] = item
        return item

    def _covers(self, rule: Rule) -> bool:
        """Whether listed values are all that the domain has."""
        if not isinstance(rule.cases, Mapping):
            return False
        for symbol, values in rule.cases.items():
            span = self.domain.get(symbol)
            if span is None or not span.integer or span.free_symbols:
                return False
            if set(values) != set(range(int(span.low), int(span.high) + 1)):
                return False
        return isinstance(rule, Enumerate)

    def _compare_cases(self, path: str, cases: Any, premise: Item) -> None:
        """A general step must not rest on listed cases, nor one case on another."""
        if isinstance(premise.cases, str) and not isinstance(cases, str):
            raise DerivationError(
                f"{path} uses {premise.name!r}, which is established only for {premise.cases}: "
                "say cases= in words for this step as well, or prove the premise in general"
            )
        if not isinstance(premise.cases, Mapping):
            return
        if not isinstance(cases, Mapping) or any(
            symbol not in cases or not set(cases[symbol]) <= set(values)
            for symbol, values in premise.cases.items()
        ):
            listed = "; ".join(f"{s} in {list(v)}" for s, v in premise.cases.items())
            raise DerivationError(
                f"{path} uses {premise.name!r}, which is established only for {listed}: "
                "restrict this step to these cases, or prove the premise in general"
            )

    def _judge(self, item: Item) -> Verdict:
        if item.kind == "assumption":
            return Verdict(Status.ASSUMED, "taken as given")
        if item.rule is None:
            return Verdict(Status.CITED, f"not checked; see {item.source}")
        start = time.perf_counter()
        try:
            residuals = item.rule.residuals(item, self.premises(item))
        except MissingPremise as error:
            raise DerivationError(str(error)) from error
        except Exception as error:
            error.add_note(f"while {item.rule!r} read {item.path}")
            raise
        if not residuals:
            raise DerivationError(f"{item.path}: {item.rule!r} found nothing to check")
        judge = self._sample if item.rule.status is Status.TESTED else self._prove
        largest, detail = judge(item, residuals)
        return Verdict(item.rule.status, detail, largest, time.perf_counter() - start)

    def _prove(self, item: Item, residuals: list) -> tuple[float, str]:
        largest = 0.0
        for residual in residuals:
            judgement = decide(residual, self.domain, item.rule.how, item.path)
            if judgement.outcome != "PROVED":
                raise _failure(
                    item, residual, judgement.outcome, judgement.detail, judgement.evidence
                )
            largest = max(largest, judgement.evidence.largest)
        many = "" if len(residuals) == 1 else f" (all {len(residuals)} residuals)"
        return largest, f"{item.rule!r}: reduces to 0{many}" if item.relation == "=" else (
            f"{item.rule!r}: holds over the domain{many}"
        )

    def _sample(self, item: Item, residuals: list) -> tuple[float, str]:
        points = _sampled(item.rule).points
        largest = 0.0
        for residual in residuals:
            evidence = look_for_counterexample(residual, self.domain, item.path, points)
            if evidence.counterexample is not None:
                detail = describe(residual, evidence)
                raise _failure(item, residual, "REFUTED", detail, evidence)
            if evidence.points < points:
                detail = f"only {evidence.points} of {points} points could be evaluated"
                raise _failure(item, residual, "UNDECIDED", detail, evidence)
            largest = max(largest, evidence.largest)
        return largest, f"{points} random points, largest residual {largest:.1e}"

    def _get(self, name: str) -> Item:
        if name not in self.items:
            raise KeyError(f"{self.name} has no {name!r}, {self._hint(name)}")
        return self.items[name]

    def _hint(self, name: str) -> str:
        near = get_close_matches(name, self.items, n=3)
        known = near or list(self.items)
        return ("did you mean " if near else "it has ") + (
            ", ".join(map(repr, known)) or "nothing yet"
        )


def derivations(topic: str | None = None) -> dict[str, Derivation]:
    """All derivations of a topic, or of all topics, by name.

    Raises:
        KeyError: there is no such topic.
    """
    if topic is not None and topic not in topics():
        raise KeyError(f"no topic {topic!r}; topics: {', '.join(topics())}")
    found: dict[str, Derivation] = {}
    for name in topics() if topic is None else (topic,):
        module = importlib.import_module(f"theorylab.{name}.derivations")
        for derivation in module.DERIVATIONS:
            if derivation.name in found:
                raise DerivationError(f"two derivations are called {derivation.name!r}")
            found[derivation.name] = derivation
    return found


def claim(path: str) -> Item:
    """The item called `topic/derivation/item`.

    Raises:
        KeyError: there is none; the message lists near matches.
    """
    topic = path.split("/")[0]
    known = {
        item.path: item
        for derivation in derivations(topic if topic in topics() else None).values()
        for item in derivation.items.values()
    }
    if path not in known:
        near = get_close_matches(path, known, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise KeyError(f"no claim {path!r}{hint}")
    return known[path]


def _sampled(rule: Any) -> Sampled:
    return rule if isinstance(rule, Sampled) else _sampled(rule.by)


def _failure(
    item: Item, residual: Any, outcome: str, detail: str, evidence: Any
) -> DerivationError:
    label = f" ({residual.label})" if residual.label else ""
    return DerivationError(
        f"{item.path} is {outcome} by {item.rule!r}{label}: {detail}",
        outcome=outcome,
        counterexample=evidence.counterexample,
        residual=residual.expr,
    )
