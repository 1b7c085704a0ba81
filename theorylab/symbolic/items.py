"""What a derivation is made of: items, statuses, residuals, verdicts, and the error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sympy import Expr, MatrixBase, MatrixExpr, sympify
from sympy.logic.boolalg import BooleanAtom

from theorylab.citation import keys_in

RELATIONS = ("=", "<=", "<", ">=", ">", "~")


class Status(Enum):
    """How an item is established, weakest first; ASSUMED is shown but not ranked."""

    CITED = "cited"
    TESTED = "tested"
    PROVED = "proved"
    ASSUMED = "assumed"

    @property
    def rank(self) -> int:
        """Place in the order of strength: 0 is the weakest."""
        return list(Status).index(self)


@dataclass(frozen=True)
class Residual:
    """One thing that must hold for a step to hold: `lhs relation rhs` over the domain.

    With `limit = (variable, point, direction)` the relation is between the limit of `lhs`
    and `rhs`. With `path = (variable, start)`, `lhs` must run from the start to the variable
    without a jump or a pole. `evidence_only`: counterexamples are looked for, and no proof.
    `how` overrides the simplifiers of the rule.
    """

    lhs: Expr
    rhs: Expr
    relation: str = "="
    label: str = ""
    how: tuple[Callable, ...] | None = None
    limit: tuple[Any, Any, str] | None = None
    path: tuple[Any, Any] | None = None
    evidence_only: bool = False

    @property
    def expr(self) -> Expr:
        """`lhs - rhs`."""
        return self.lhs - self.rhs


@dataclass(frozen=True)
class Verdict:
    """The outcome of the check of one item.

    `detail` says in words how; `residual` is the largest residual seen at the sampled
    points (0 if the claim holds to the last digit); `seconds` is the time it took.
    """

    status: Status
    detail: str
    residual: float = 0.0
    seconds: float = 0.0


class DerivationError(ValueError):
    """A derivation is malformed, or a step does not follow.

    Attributes:
        outcome: "REFUTED", "UNDECIDED" or "MALFORMED".
        counterexample: for REFUTED, the point at which the claim fails.
        residual: what should have vanished.
    """

    def __init__(
        self,
        message: str,
        *,
        outcome: str = "MALFORMED",
        counterexample: Mapping[str, str] | None = None,
        residual: Any = None,
    ):
        super().__init__(message)
        self.outcome = outcome
        self.counterexample = dict(counterexample or {})
        self.residual = residual


@dataclass(frozen=True)
class Item:
    """An assumption or a step: `lhs relation rhs`, what it uses, why, and by which rule.

    `cases` is None for a general statement, a mapping from symbols to the checked values,
    or words ("2x2 matrices"). `rule` is None for assumptions and cited results.
    """

    name: str
    path: str
    lhs: Any
    rhs: Any
    relation: str
    using: tuple[str, ...]
    cases: Any
    why: str
    source: str
    rule: Any
    kind: str
    domain: Any = field(repr=False, compare=False, default=None)
    also_true: Mapping[str, str] = field(repr=False, compare=False, default_factory=dict)

    @property
    def __references__(self) -> tuple[str, ...]:
        return keys_in(self.source)

    def latex(self) -> str:
        """Textbook LaTeX of the statement, without dollar signs."""
        from theorylab.symbolic.printing import latex_item

        return latex_item(self)

    def pairs(self) -> list[tuple[str, Expr, Expr]]:
        """The statement entry by entry: `(label, left, right)`.

        A matrix or a tuple on one side meets its like on the other; a scalar meets every
        entry. A product of explicit matrices that is left unevaluated, so that it is printed
        as a product, is carried out.
        """
        lhs, rhs = _explicit(self.lhs, self.rhs), _explicit(self.rhs, self.lhs)
        left, right = entries(lhs), entries(rhs)
        if len(left) == 1 and not is_compound(lhs):
            left = left * len(right)
        if len(right) == 1 and not is_compound(rhs):
            right = right * len(left)
        shapes = [getattr(side, "shape", None) for side in (lhs, rhs)]
        if len(left) != len(right) or (None not in shapes and shapes[0] != shapes[1]):
            raise DerivationError(
                f"{self.path}: the two sides have different shapes: "
                f"{_shape(self.lhs)} on the left, {_shape(self.rhs)} on the right"
            )
        labels = _labels(lhs if is_compound(lhs) else rhs)
        return list(zip(labels, left, right, strict=True))


def is_compound(side: Any) -> bool:
    """Whether a side is a matrix or a tuple."""
    return isinstance(side, MatrixBase | tuple)


def entries(side: Any) -> list:
    """The scalar expressions that a side is made of."""
    if isinstance(side, MatrixBase):
        return list(side.as_immutable())
    if isinstance(side, tuple):
        return [entry for part in side for entry in entries(part)]
    return [side]


def map_side(side: Any, change: Callable[[Any], Any]) -> Any:
    """Apply `change` to every scalar expression of a side."""
    if isinstance(side, MatrixBase):
        return side.applyfunc(change)
    if isinstance(side, tuple):
        return tuple(map_side(part, change) for part in side)
    return change(side)


def as_side(where: str, value: Any) -> Any:
    """A side of a claim from what the user wrote, or an error that says what is wrong."""
    if isinstance(value, list):
        value = tuple(value)
    if isinstance(value, tuple):
        return tuple(as_side(where, part) for part in value)
    if isinstance(value, MatrixBase):
        return value.as_immutable()
    if isinstance(value, bool | BooleanAtom):
        raise DerivationError(
            f"{where}: a side is {value}, a truth value. Give the two sides of the claim "
            "separately; sympy.Eq may evaluate itself to True"
        )
    value = sympify(value)
    if not isinstance(value, Expr):
        raise DerivationError(
            f"{where}: a side must be an expression, a matrix or a tuple of these, "
            f"not {type(value).__name__} ({value})"
        )
    return value


def _explicit(side: Any, other: Any) -> Any:
    """An unevaluated product of matrices, carried out if an explicit matrix faces it."""
    if isinstance(side, MatrixExpr) and (isinstance(other, MatrixBase) or side.has(MatrixBase)):
        return side.doit().as_explicit().as_immutable()
    return side


def _shape(side: Any) -> str:
    if isinstance(side, MatrixBase):
        return f"a {side.shape[0]}x{side.shape[1]} matrix"
    if isinstance(side, tuple):
        return f"a tuple of {len(side)}"
    return "a scalar"


def _labels(side: Any) -> list[str]:
    if isinstance(side, MatrixBase):
        rows, columns = side.shape
        return [f"entry ({i + 1}, {j + 1})" for i in range(rows) for j in range(columns)]
    if isinstance(side, tuple):
        many = [(n, label) for n, part in enumerate(side) for label in _labels(part)]
        return [" ".join(filter(None, (f"part {n + 1}", label))) for n, label in many]
    return [""]
