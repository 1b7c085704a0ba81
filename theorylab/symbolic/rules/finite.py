"""Listed cases, and enumeration of finite sets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from sympy import sympify

from theorylab.symbolic.items import DerivationError, Item, Residual, Status, map_side
from theorylab.symbolic.rules.base import COMPARISONS, How, Rule
from theorylab.symbolic.rules.rewrite import Rewrite
from theorylab.symbolic.rules.substitute import premise_pairs, use


class Cases(Rule):
    """Another rule, for each of the listed values; all must pass.

    `Cases({D: (2, 3, 4)}, by=Rewrite())` or `Cases(D, (2, 3, 4), by=Rewrite())`; with several
    symbols, every combination.

    Args:
        of: a mapping from symbols to values, or one symbol.
        values: its values, if `of` is one symbol.
        by: the rule used in each case.
    """

    def __init__(self, of: Any, values: Iterable | None = None, *, by: Rule | None = None):
        self.by = by if by is not None else Rewrite()
        super().__init__(self.by.how)
        self.cases = as_cases(of if values is None else {of: values})
        self.exact, self.relations = self.by.exact, self.by.relations

    @property
    def status(self) -> Status:
        """The status that the inner rule gives."""
        return self.by.status

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """The inner rule's residuals, case by case."""
        found = []
        for case in combinations(self.cases):
            words = ", ".join(f"{symbol} = {value}" for symbol, value in case.items())
            inner = self.by.residuals(_in_case(item, case), [_in_case(p, case) for p in premises])
            found += [
                replace(residual, label=" ".join(filter(None, (f"case {words}:", residual.label))))
                for residual in inner
            ]
        return found

    def __repr__(self) -> str:
        return f"Cases({self.by!r})"


class Enumerate(Rule):
    """A claim about a finite set, by looking at every member, in exact arithmetic.

    Args:
        over: a mapping from symbols to their finitely many values (every combination is
            looked at), or an iterable of such assignments `{symbol: value}`.
        functions: for each undefined function in the claim, a Python function that computes it
            exactly from the values of its arguments.
        how: simplifiers, only needed where values are irrational.
    """

    relations = COMPARISONS

    def __init__(
        self,
        over: Mapping | Iterable[Mapping],
        functions: Mapping[Any, Callable] | None = None,
        how: How = None,
    ):
        super().__init__(how)
        if isinstance(over, Mapping):
            self.cases: Any = as_cases(over)
            self.members = list(combinations(self.cases))
        else:
            self.members = [{s: sympify(v) for s, v in member.items()} for member in over]
            self.cases = f"{len(self.members)} listed members"
        if not self.members:
            raise DerivationError("Enumerate: there is nothing to enumerate")
        self.functions = dict(functions or {})

    def residuals(self, item: Item, premises: Sequence[Item]) -> list[Residual]:
        """Both sides for every member."""
        groups = premise_pairs(premises)
        found = []
        for label, left, right in item.pairs():
            left, right = use(left, groups), use(right, groups)
            for member in self.members:
                words = ", ".join(f"{symbol} = {value}" for symbol, value in member.items())
                found.append(
                    Residual(
                        self._value(left, member),
                        self._value(right, member),
                        item.relation,
                        f"{label} member {words}".strip(),
                    )
                )
        return found

    def _value(self, expr: Any, member: Mapping) -> Any:
        expr = expr.subs(member, simultaneous=True).doit()
        for function, compute in self.functions.items():
            expr = expr.replace(function, lambda *args, f=compute: sympify(f(*args)))
        return expr


def as_cases(cases: Mapping) -> dict:
    """Cases with exact values, in the order given."""
    listed = {symbol: tuple(sympify(v) for v in values) for symbol, values in cases.items()}
    if not listed or not all(listed.values()):
        raise DerivationError("Cases: list at least one value for each symbol")
    return listed


def combinations(cases: Mapping) -> Iterator[dict]:
    """Every assignment of one listed value to each symbol."""
    for values in product(*cases.values()):
        yield dict(zip(cases, values, strict=True))


def _in_case(item: Item, case: Mapping) -> Item:
    def put(expr: Any) -> Any:
        return expr.subs(case, simultaneous=True)

    return replace(item, lhs=map_side(item.lhs, put), rhs=map_side(item.rhs, put))
