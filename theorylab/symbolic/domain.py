"""Domains: for each symbol the values over which a derivation is stated and sampled."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Dummy, Expr, Function, Integer, Rational, Symbol, floor, nsimplify, sympify
from sympy.core.function import AppliedUndef, UndefinedFunction

from theorylab.symbolic.items import DerivationError

# what no range can say; SymPy would simplify by it, and the points would not know
_NO_RANGE = ("even", "odd", "prime", "composite", "zero", "imaginary", "irrational", "infinite")
_HAIR, _HALF = Rational(1, 10**9), Rational(1, 2)
_GRAIN = 10_000  # sampled points are exact decimals, short enough to be read in a message
_NEAR = (Rational(1, _GRAIN), 1 - Rational(1, _GRAIN))  # where growth and singularities show
_EDGES = {  # four of eight points at an end of the range or a hair from it
    "ends": (Integer(0), _HAIR, 1 - _HAIR, Integer(1), *(None,) * 4),
    "inside": (_HAIR, 1 - _HAIR, *(None,) * 2),
}


def _exact(value: Any) -> Expr:
    value = sympify(value)
    return nsimplify(value, rational=True) if value.is_Float else value


@dataclass(frozen=True, init=False, repr=False)
class Interval:
    """The real numbers from `low` to `high`; the ends may depend on other symbols.

    >>> Interval(0.5, 4)
    Interval(1/2, 4)
    """

    low: Expr
    high: Expr

    def __init__(self, low: Any, high: Any):
        object.__setattr__(self, "low", _exact(low))
        object.__setattr__(self, "high", _exact(high))
        if (self.high - self.low).is_negative:
            raise DerivationError(f"{self} is empty: its lower end exceeds its upper end")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.low}, {self.high})"

    @property
    def integer(self) -> bool:
        """Whether only whole numbers belong."""
        return isinstance(self, Integers)

    @property
    def free_symbols(self) -> set:
        """Symbols on which the ends depend."""
        return self.low.free_symbols | self.high.free_symbols


class Integers(Interval):
    """The whole numbers from `low` to `high`, both included.

    >>> Integers(2, 8)
    Integers(2, 8)
    """


class Domain(Mapping):
    """The ranges of a derivation's symbols, and random points in them.

    A key is a symbol or an applied function such as `p(t)`, which stands for `p` at every
    argument. Derivatives and functions of non-commuting values need no entry.

    Raises:
        DerivationError: a key is neither, or a range contradicts what the symbol was declared
            to be (a positive symbol whose range reaches below 0).
    """

    def __init__(self, ranges: Mapping):
        self._ranges: dict = {}
        for key, span in ranges.items():
            if isinstance(key, AppliedUndef):
                key = key.func
            if not isinstance(key, Symbol | UndefinedFunction):
                raise DerivationError(f"domain: {key} is neither a symbol nor a function like p(t)")
            if not isinstance(span, Interval):
                raise DerivationError(f"domain of {key}: give Interval(low, high) or Integers(...)")
            _agree(key, span)
            self._ranges[key] = span
        for key, span in self._ranges.items():
            if span.free_symbols:
                self._agree_at_points(key, span)

    def _agree_at_points(self, key: Any, span: "Interval") -> None:
        """Ends that depend on other symbols can only be compared at points."""
        rng = random.Random(str(key))
        for _ in range(40):
            values: dict = {}
            for other in self._ordered(span.free_symbols):
                values[other] = _sample(
                    self._ranges[other], values, rng, rng.choice((None, *_NEAR))
                )
            low, high = (end.subs(values) for end in (span.low, span.high))
            _agree(key, type(span)(low, high))

    def __getitem__(self, key: Any) -> Interval:
        if isinstance(key, AppliedUndef):
            key = key.func
        return self._ranges[key]

    def __iter__(self) -> Iterator:
        return iter(self._ranges)

    def __len__(self) -> int:
        return len(self._ranges)

    def __contains__(self, key: object) -> bool:
        return (key.func if isinstance(key, AppliedUndef) else key) in self._ranges

    def points(
        self, atoms: Mapping[Symbol, Any], seed: str, count: int, edges: str = ""
    ) -> Iterator[dict[Symbol, Expr]]:
        """Random exact points, the same for the same seed.

        Args:
            atoms: for each symbol to draw, the symbol or function whose range it has, or
                None for any real number.
            seed: anything; points depend on it and on the domain alone.
            count: how many.
            edges: put about half of the symbols very near an end of their range ("inside"), or
                there or at the end itself ("ends").

        Raises:
            DerivationError: a symbol has no range.
        """
        rng = random.Random(seed)
        missing = [key for key in atoms.values() if key is not None and key not in self]
        if missing:
            raise DerivationError(
                f"no domain for {', '.join(map(str, missing))}: add it to the derivation's domain"
            )
        places: dict = {}

        def place(key: Any, number: int) -> Any:
            if not edges:
                return rng.choice(_NEAR) if number % 5 == 4 else None
            if key not in places:  # every place in turn, in another order for each symbol
                places[key] = rng.sample(_EDGES[edges], len(_EDGES[edges]))
            return places[key][number % len(places[key])]

        for number in range(count):
            yield self._draw(atoms, rng, lambda key, number=number: place(key, number), edges)

    def _draw(
        self, atoms: Mapping[Symbol, Any], rng: random.Random, place: Callable, edges: str
    ) -> dict:
        values: dict = {}
        for key in self._ordered(key for key in atoms.values() if isinstance(key, Symbol)):
            values[key] = _sample(self._ranges[key], values, rng, place(key))
        point = {}
        for symbol, key in atoms.items():
            if isinstance(key, Symbol):
                point[symbol] = values[key]
            elif key is None:
                point[symbol] = _sample(Interval(-2, 2), {}, rng)
            else:
                span = self[key]
                for other in self._ordered(span.free_symbols):
                    values.setdefault(other, _sample(self._ranges[other], values, rng))
                point[symbol] = _sample(span, values, rng, place(symbol) if edges else None)
        return point

    def _ordered(self, wanted: Any) -> list:
        """The wanted symbols and those their ranges depend on, dependencies first."""
        order: list = []

        def visit(key: Any, path: tuple) -> None:
            if key in order:
                return
            if key in path or key not in self._ranges:
                raise DerivationError(
                    f"domain: the range of {path[-1] if path else key} needs {key}"
                )
            for other in sorted(self._ranges[key].free_symbols, key=str):
                visit(other, (*path, key))
            order.append(key)

        for key in sorted(wanted, key=str):
            visit(key, ())
        return order

    def at(self, values: Mapping[Symbol, Any]) -> "Domain":
        """The ranges of the other symbols and functions where some symbols have these values."""
        return Domain(
            {
                key: type(span)(span.low.subs(values), span.high.subs(values))
                for key, span in self.items()
                if key not in values
            }
        )

    def stand_in(self, atom: Any) -> Any:
        """A fresh symbol that knows what the domain says of `atom` (positive, integer, ...).

        For a function such as `p`, without its argument, it is a function.
        """
        span = self.get(atom)
        name = str(getattr(atom, "name", None) or getattr(atom.func, "__name__", "x"))
        kind = Function if isinstance(atom, UndefinedFunction) else Dummy
        if span is None:
            return kind(name, real=True)
        known = {"integer": True} if span.integer else {"real": True}
        if span.low.is_positive:
            known["positive"] = True
        elif span.low.is_nonnegative:
            known["nonnegative"] = True
        return kind(name, **known)


def _sample(span: Interval, values: dict, rng: random.Random, place: Any = None) -> Expr:
    """A point of a range: at `place`, the share of the way from low to high, or anywhere."""
    low, high = (end if end.is_Number else end.subs(values) for end in (span.low, span.high))
    if span.integer:
        first, last = int(-floor(-low)), int(floor(high))
        at_end = place in _EDGES["ends"][:4]
        return Integer((first if place < _HALF else last) if at_end else rng.randint(first, last))
    share = Rational(rng.randint(1, _GRAIN - 1), _GRAIN) if place is None else place
    return low + (high - low) * share


def _agree(key: Any, span: Interval) -> None:
    if isinstance(key, UndefinedFunction):
        key = key(Symbol("t"))
    zero = span.low.is_nonpositive and span.high.is_nonnegative
    for word, broken in (
        ("positive", span.low.is_negative),
        ("nonnegative", span.low.is_negative),
        ("negative", span.high.is_positive),
        ("nonpositive", span.high.is_positive),
        ("nonzero", zero and not (key.is_positive or key.is_negative)),  # half-open is as usual
        ("integer", not span.integer),
        *((word, True) for word in _NO_RANGE),
    ):
        if getattr(key, f"is_{word}") and broken:
            raise DerivationError(f"domain: {key} is declared {word}, but its range is {span}")
