"""Lenses: positions go forward, directions come back."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from theorylab.systems.errors import InterfaceError
from theorylab.systems.finite.checks import few, instance, numbers
from theorylab.systems.finite.poly import Poly


@dataclass(frozen=True)
class Lens:
    r"""A lens $f: p \to q$, that is, a natural transformation of polynomial functors.

    Args:
        dom, cod: the polynomials $p$ and $q$.
        pos: for each position $i$ of $p$ the position $f_1(i)$ of $q$.
        dir: for each position $i$ of $p$ the table of $f^\sharp_i: q[f_1 i] \to p[i]$; mind the
            direction.

    Raises:
        InterfaceError: a table does not fit the polynomials.

    Source: `niu2023polynomial`.

    >>> p, q = Poly((2, 1)), Poly((2, 0))
    >>> f = Lens(p, q, pos=(0, 1), dir=((1, 0), ()))
    >>> f >> Lens.identity(q) == f
    True
    >>> f >> f  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    theorylab...InterfaceError: cannot compose: y^2 + 1 on the left, y^2 + y on the right
    """

    dom: Poly
    cod: Poly
    pos: tuple[int, ...]
    dir: tuple[tuple[int, ...], ...]

    def __post_init__(self):
        instance("dom", self.dom, Poly)
        instance("cod", self.cod, Poly)
        numbers("pos", self.pos)
        instance("dir", self.dir, tuple)
        for back in self.dir:
            numbers("a table in dir", back)
        if len(self.pos) != len(self.dom) or len(self.dir) != len(self.dom):
            raise InterfaceError(
                f"tables for {len(self.pos)} and {len(self.dir)} positions, but {self.dom} has "
                f"{len(self.dom)}"
            )
        for i, (j, back) in enumerate(zip(self.pos, self.dir, strict=True)):
            if not 0 <= j < len(self.cod):
                raise InterfaceError(f"position {i} goes to {j}, but {self.cod} has no such")
            if len(back) != self.cod[j] or any(not 0 <= d < self.dom[i] for d in back):
                raise InterfaceError(
                    f"at position {i} directions come back by {back}; allowed: {self.cod[j]} "
                    f"entries (directions of {self.cod} at {j}), each below {self.dom[i]} "
                    f"(directions of {self.dom} at {i})"
                )

    @classmethod
    def identity(cls, p: Poly) -> "Lens":
        """The lens that passes everything on."""
        instance("p", p, Poly)
        return cls(p, p, tuple(range(len(p))), tuple(tuple(range(n)) for n in p.arity))

    def __rshift__(self, other: "Lens") -> "Lens":
        """First `self`, then `other`: forward maps compose in order, backward maps in reverse."""
        if not isinstance(other, Lens):
            return NotImplemented
        if self.cod != other.dom:
            raise InterfaceError(
                f"cannot compose: {self.cod} on the left, {other.dom} on the right"
            )
        pos = tuple(other.pos[j] for j in self.pos)
        back = tuple(
            tuple(mine[d] for d in other.dir[j]) for mine, j in zip(self.dir, self.pos, strict=True)
        )
        return Lens(self.dom, other.cod, pos, back)

    def __matmul__(self, other: "Lens") -> "Lens":
        """Both side by side."""
        if not isinstance(other, Lens):
            return NotImplemented
        pos, back = [], []
        for i, j in product(range(len(self.dom)), range(len(other.dom))):
            pos.append(self.pos[i] * len(other.cod) + other.pos[j])
            width = other.dom[j]
            back.append(tuple(d * width + e for d, e in product(self.dir[i], other.dir[j])))
        return Lens(self.dom @ other.dom, self.cod @ other.cod, tuple(pos), tuple(back))

    @staticmethod
    def count(p: Poly, q: Poly) -> int:
        r"""How many there are: $\prod_{i} \sum_{j} |p[i]|^{|q[j]|}$.

        With $0^0 = 1$ and $0^n = 0$: a position without directions cannot go to one that has
        some, for nothing could come back.

        >>> Lens.count(Poly((2, 1)), Poly((2, 0))), Lens.count(Poly((3, 2)), Poly((2, 1, 0)))
        (10, 91)
        >>> Lens.count(Poly((0,)), Poly((1,)))
        0
        """
        return prod(sum(m**n for n in q.arity) for m in p.arity)

    @classmethod
    def all(cls, p: Poly, q: Poly) -> Iterator["Lens"]:
        """All lenses from `p` to `q`, in a fixed order.

        Raises:
            InterfaceError: there are more than a million; `count` says how many.

        >>> len(list(Lens.all(Poly((2, 1)), Poly((2, 0)))))
        10
        """
        few(f"the lenses from {p} to {q}", cls.count(p, q))
        choices = [
            [(j, back) for j, n in enumerate(q.arity) for back in product(range(m), repeat=n)]
            for m in p.arity
        ]
        for chosen in product(*choices):
            yield cls(p, q, tuple(j for j, _ in chosen), tuple(back for _, back in chosen))
