"""The internal hom: the interface whose positions are lenses."""

from functools import lru_cache

from theorylab.systems.errors import InterfaceError
from theorylab.systems.finite.lens import Lens
from theorylab.systems.finite.poly import Poly


@lru_cache(maxsize=256)
def _lenses(q: Poly, r: Poly) -> tuple[Lens, ...]:
    return tuple(Lens.all(q, r))


@lru_cache(maxsize=256)
def _number(q: Poly, r: Poly) -> dict[Lens, int]:
    return {lens: n for n, lens in enumerate(_lenses(q, r))}


def hom(q: Poly, r: Poly) -> Poly:
    r"""The internal hom $[q, r] = \sum_{f: q \to r} y^{\sum_{j} r[f_1 j]}$.

    Its positions are the lenses $q \to r$, in the order of `Lens.all`. A direction at $f$ is a
    pair: which position $j$ of $q$ was shown, and which direction of $r$ came back there. The
    pairs are numbered by $j$ first.

    Raises:
        InterfaceError: there are more than a million lenses.

    Source: `niu2023polynomial`.

    >>> print(hom(Poly((2, 1)), Poly((2, 0))))
    4y^4 + 5y^2 + 1
    >>> print(hom(Poly((3, 2)), Poly((2, 1, 0))))
    36y^4 + 30y^3 + 19y^2 + 5y + 1
    >>> print(hom(Poly((2, 2)), Poly((2, 2))))
    64y^4
    """
    return Poly(tuple(sum(r[j] for j in f.pos) for f in _lenses(q, r)))


def evaluation(q: Poly, r: Poly) -> Lens:
    r"""The lens $[q, r] \otimes q \to r$ that runs the lens which is shown.

    >>> q = Poly((2, 1))
    >>> uncurry(Lens.identity(hom(q, q)), q, q) == evaluation(q, q)
    True
    """
    pos, back = [], []
    for f in _lenses(q, r):
        start = 0
        for j in range(len(q)):
            pos.append(f.pos[j])
            back.append(tuple((start + e) * q[j] + f.dir[j][e] for e in range(r[f.pos[j]])))
            start += r[f.pos[j]]
    return Lens(hom(q, r) @ q, r, tuple(pos), tuple(back))


def curry(f: Lens, p: Poly, q: Poly) -> Lens:
    r"""From $p \otimes q \to r$ to $p \to [q, r]$: what $p$ shows becomes a lens.

    Raises:
        InterfaceError: the domain of `f` is not the parallel product of `p` and `q`.
    """
    if f.dom != p @ q:
        raise InterfaceError(f"cannot curry: the lens starts at {f.dom}, {p} @ {q} is {p @ q}")
    number, pos, back = _number(q, f.cod), [], []
    for i in range(len(p)):
        rows = range(i * len(q), (i + 1) * len(q))
        shown = Lens(
            q,
            f.cod,
            tuple(f.pos[n] for n in rows),
            tuple(tuple(d % q[j] for d in f.dir[n]) for j, n in enumerate(rows)),
        )
        pos.append(number[shown])
        back.append(tuple(d // q[j] for j, n in enumerate(rows) for d in f.dir[n]))
    return Lens(p, hom(q, f.cod), tuple(pos), tuple(back))


def uncurry(g: Lens, q: Poly, r: Poly) -> Lens:
    r"""From $p \to [q, r]$ back to $p \otimes q \to r$: the inverse of `curry`.

    Raises:
        InterfaceError: the codomain of `g` is not the internal hom of `q` and `r`.

    >>> p, q, r = Poly((2, 0)), Poly((1, 2)), Poly((1, 0))
    >>> all(uncurry(curry(f, p, q), q, r) == f for f in Lens.all(p @ q, r))
    True
    """
    if g.cod != hom(q, r):
        raise InterfaceError(f"cannot uncurry: the lens ends at {g.cod}, [q, r] is {hom(q, r)}")
    lenses, pos, back = _lenses(q, r), [], []
    for i in range(len(g.dom)):
        f, start = lenses[g.pos[i]], 0
        for j in range(len(q)):
            pos.append(f.pos[j])
            width = r[f.pos[j]]
            back.append(tuple(g.dir[i][start + e] * q[j] + f.dir[j][e] for e in range(width)))
            start += width
    return Lens(g.dom @ q, r, tuple(pos), tuple(back))
