"""Polynomial functors with finitely many positions and directions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

from theorylab.lab.require import whole
from theorylab.systems.finite.checks import few, instance, numbers


@dataclass(frozen=True)
class Poly:
    r"""A polynomial $p = \sum_{i \in p(1)} y^{p[i]}$, kept as the list of its exponents.

    Position $i$ is what an interface can show; $p[i]$ is the number of directions, of what can
    come back while it shows $i$. Positions and directions are numbered from 0. Products number
    pairs row by row, the right factor running fastest, so that `@` and `*` are associative and
    unital on the nose.

    Args:
        arity: for each position its number of directions.

    Raises:
        InterfaceError: an entry is not a whole number of at least 0; or an operation would list
            more than a million positions.

    Source: `niu2023polynomial`.

    >>> p, q = Poly((2, 1)), Poly((2, 0))
    >>> print(p, "|", q, "|", p + q, "|", p * q, "|", p @ q)
    y^2 + y | y^2 + 1 | 2y^2 + y + 1 | y^4 + y^3 + y^2 + y | y^4 + y^2 + 2
    >>> print(Poly((2, 0)).then(Poly((1, 1))))
    4y^2 + 1
    >>> p(3)
    12
    """

    arity: tuple[int, ...]

    def __post_init__(self):
        numbers("arity", self.arity)

    def __len__(self) -> int:
        """The number of positions, $p(1)$."""
        return len(self.arity)

    def __getitem__(self, position: int) -> int:
        """The number of directions at a position."""
        return self.arity[position]

    def __call__(self, size: int) -> int:
        r"""The number of elements of $p(X) = \sum_i X^{p[i]}$ for a set of `size` elements."""
        size = whole("size", size, low=0)
        return sum(size**n for n in self.arity)

    def __add__(self, other: "Poly") -> "Poly":
        """The sum: one interface or the other."""
        if not isinstance(other, Poly):
            return NotImplemented
        return Poly(self.arity + other.arity)

    def __mul__(self, other: "Poly") -> "Poly":
        """The categorical product: both are shown, and *one* of them is answered."""
        if not isinstance(other, Poly):
            return NotImplemented
        few("positions of the product", len(self) * len(other))
        return Poly(tuple(m + n for m, n in product(self.arity, other.arity)))

    def __matmul__(self, other: "Poly") -> "Poly":
        """The parallel product: both are shown, and both are answered."""
        if not isinstance(other, Poly):
            return NotImplemented
        few("positions of the product", len(self) * len(other))
        return Poly(tuple(m * n for m, n in product(self.arity, other.arity)))

    def then(self, other: "Poly") -> "Poly":
        r"""The composition product $p \circ q$, as functors: ask `self`, then `other`.

        A position is one of `self` with a position of `other` for each of its directions.
        """
        instance("other", other, Poly)
        few("positions of the composition", sum(len(other) ** n for n in self.arity))
        return Poly(
            tuple(
                sum(other[j] for j in plan)
                for n in self.arity
                for plan in product(range(len(other)), repeat=n)
            )
        )

    def __str__(self) -> str:
        """In falling powers, as one writes a polynomial.

        >>> print(Poly(()), Poly((0,)), Poly((1, 1, 0)))
        0 1 2y + 1
        """
        terms = []
        for power, count in sorted(Counter(self.arity).items(), reverse=True):
            name = {0: "", 1: "y"}.get(power, f"y^{power}")
            terms.append(f"{count if count > 1 or not name else ''}{name}")
        return " + ".join(terms) or "0"


y = Poly((1,))


def monomial(positions: int, directions: int) -> Poly:
    """The polynomial $A y^B$: as many directions at every position.

    >>> print(monomial(2, 3))
    2y^3
    """
    return Poly((whole("directions", directions, low=0),) * whole("positions", positions, low=0))


def polynomials(positions: int, directions: int) -> Iterator[Poly]:
    """All polynomials of at most so many positions and directions, up to the order of terms.

    >>> [str(p) for p in polynomials(1, 2)]
    ['0', '1', 'y', 'y^2']
    """
    positions = whole("positions", positions, low=0)
    directions = whole("directions", directions, low=0)
    for count in range(positions + 1):
        for arity in combinations_with_replacement(range(directions + 1), count):
            yield Poly(arity)
