"""Inequalities."""

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, Symbol, sympify

from theorylab.symbolic.items import DerivationError, Item, Residual
from theorylab.symbolic.rules.base import How, Rule
from theorylab.symbolic.rules.substitute import premise_pairs, use


class Bound(Rule):
    """An inequality over the whole domain.

    Equalities among the premises are substituted. What then has to be nonnegative is the gap
    between the larger and the smaller side; it is established by

    - a form (brought about by `how`) whose sign follows from what the symbols are declared
      to be, such as a sum of squares;
    - `certificate=`, an expression that equals the gap (this is checked) and has such a form;
    - `multipliers={"premise": c}`: inequalities among the premises, each times c >= 0, are
      taken off the gap first;
    - `along=(x, start)`: the gap is nonnegative at `x = start`, at or below the lower end of the
      range of x, and grows with x from there.

    Args:
        how: simplifiers that bring the gap into a form with a known sign.
        certificate, multipliers, along: see above.
    """

    relations = ("<=", "<", ">=", ">")

    def __init__(
        self,
        how: How = None,
        *,
        certificate: Any = None,
        multipliers: Mapping[str, Any] | None = None,
        along: tuple[Symbol, Any] | None = None,
    ):
        super().__init__(how)
        self.certificate = None if certificate is None else sympify(certificate)
        self.multipliers = {k: sympify(v) for k, v in (multipliers or {}).items()}
        self.along = along

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """The claim itself, then what proves it."""
        for premise in premises:
            if premise.relation == "~":
                raise DerivationError(
                    f"{item.path}: {premise.name!r} says '~', which compares the sides in a limit "
                    "only: it bounds nothing"
                )
        equalities = [p for p in premises if p.relation == "="]
        inequalities = [p for p in premises if p.relation != "="]
        groups = premise_pairs(equalities)
        found = []
        for label, left, right in item.pairs():
            left, right = use(left, groups), use(right, groups)
            small, large = (left, right) if item.relation[0] == "<" else (right, left)
            # a strict claim needs one strict premise that counts, or a strict rest
            strict = len(item.relation) == 1
            for premise in inequalities:
                slack, weight = self._slack(premise, groups)
                counts = strict and len(premise.relation) == 1
                sign = "<" if counts else "<="
                found.append(Residual(weight * 0, weight, sign, f"multiplier of {premise.name}"))
                large = large - weight * slack
                strict = strict and not counts
            found += self._gap(label, small, large, "<" if strict else "<=", item.domain)
        return found

    def _slack(self, premise: Item, groups: list) -> tuple[Expr, Expr]:
        _, left, right = premise.pairs()[0]
        left, right = use(left, groups), use(right, groups)
        slack = right - left if premise.relation[0] == "<" else left - right
        return slack, use(self.multipliers.get(premise.name, slack**0), groups)

    @staticmethod
    def _check_along(var: Symbol, start: Expr, domain: Any) -> None:
        """The way from `start` to `var` must lead upwards, inside what is known of `var`."""
        if domain is None or var not in domain:
            return
        span = domain[var]
        if span.integer:
            raise DerivationError(f"Bound(along={var}): the range of {var} is whole numbers")
        if not (span.low - start).is_nonnegative:
            raise DerivationError(
                f"Bound(along={var}): the start {start} must not lie above {span.low}, where the "
                f"range of {var} begins"
            )
        if span.low.is_nonnegative and not start.is_nonnegative:
            raise DerivationError(
                f"Bound(along={var}): the start {start} may be negative, but {var} is known not to"
            )

    def _gap(
        self, label: str, small: Expr, large: Expr, relation: str, domain: Any
    ) -> list[Residual]:
        zero = small * 0
        if self.certificate is not None:
            return [
                Residual(large - small, self.certificate, "=", f"{label} certificate".strip()),
                Residual(zero, self.certificate, relation, f"{label} sign".strip()),
            ]
        if self.along is None:
            return [Residual(small, large, relation, label)]
        var, start = self.along
        self._check_along(var, sympify(start), domain)
        gap = large - small
        return [
            # not a proof, but it would find a gap that jumps on the way
            Residual(small, large, relation, label, evidence_only=True),
            Residual(zero, gap.subs(var, start), "<=", f"{label} gap at {var} = {start}".strip()),
            Residual(zero, gap.diff(var), relation, f"{label} growth of the gap".strip()),
        ]
