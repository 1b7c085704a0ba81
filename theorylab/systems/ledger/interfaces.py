"""Rows on interfaces, lenses and machines, decided by listing all cases of a size."""

from collections import Counter
from collections.abc import Iterator
from functools import reduce
from itertools import product

from theorylab.lab import Measurement
from theorylab.systems.finite import (
    Box,
    Lens,
    Moore,
    Poly,
    Wiring,
    curry,
    evaluation,
    hom,
    monomial,
    polynomials,
    uncurry,
)
from theorylab.systems.ledger.common import none, row

BOOK, LEARNERS = "niu2023polynomial", "spivak2021learners"
_SMALL = tuple(polynomials(2, 2))
_FEW = 10


def _tables(p: Poly, q: Poly) -> set[tuple]:
    """All tables of a lens, tried from all functions of numbers up to the largest."""
    found, top = set(), max(p.arity, default=0)
    for pos in product(range(len(q)), repeat=len(p)):
        for backs in product(*(product(range(top), repeat=q[j]) for j in pos)):
            fits = all(d < m for back, m in zip(backs, p.arity, strict=True) for d in back)
            if fits:
                found.add((pos, backs))
    return found


def _miscounted() -> Measurement:
    wrong = 0
    for p, q in product(_SMALL, repeat=2):
        tables = _tables(p, q)
        listed = {(f.pos, f.dir) for f in Lens.all(p, q)}
        wrong += not (tables == listed and len(tables) == Lens.count(p, q))
    return Measurement(wrong)


def _not_closed() -> Measurement:
    """The hom against the product of compositions r after q[j] y, as polynomials."""
    wrong = 0
    for q, r in product(_SMALL, repeat=2):
        factors = (r.then(monomial(q[j], 1)) for j in range(len(q)))
        whole = reduce(Poly.__mul__, factors, Poly((0,)))
        wrong += Counter(hom(q, r).arity) != Counter(whole.arity)
    return Measurement(wrong)


def _not_adjoint() -> Measurement:
    """Lenses that do not come back from currying, or that evaluation does not recover."""
    wrong = 0
    for p, q, r in product(_SMALL, repeat=3):
        if Lens.count(p @ q, r) > _FEW:
            continue
        run, listed = evaluation(q, r), set()
        for f in Lens.all(p @ q, r):
            g = curry(f, p, q)
            listed.add(g)
            wrong += uncurry(g, q, r) != f or (g @ Lens.identity(q)) >> run != f
        wrong += len(listed) != Lens.count(p, hom(q, r))
    return Measurement(wrong)


_BIT = Box((2,), (2,))


def _diagrams(boxes: int) -> Iterator[Wiring]:
    """All diagrams of so many boxes of one bit in a box of one bit."""
    inside = [(b, 0) for b in range(boxes)]
    for *feed, show in product(*[[(-1, 0), *inside]] * boxes, inside):
        yield Wiring((_BIT,) * boxes, _BIT, tuple((source,) for source in feed), (show,))


def _as_composed(outer: Wiring, place: int, inner: Wiring) -> Lens:
    """What opening a box must be: the lens of the inner diagram, then that of the outer."""
    around = [Lens.identity(box.interface) for box in outer.inner]
    around[place] = inner.as_lens()
    return reduce(Lens.__matmul__, around) >> outer.as_lens()


def _not_operad() -> Measurement:
    """Unit laws, substitution as composition of lenses, and both laws of associativity."""
    wrong, unit = 0, Wiring.unit(_BIT)
    some = list(_diagrams(2))[2::6]
    for w in (*_diagrams(1), *_diagrams(2)):
        wrong += unit.substitute(0, w) != w
        wrong += any(w.substitute(i, unit) != w for i in range(len(w.inner)))
    for w, v, i in product(some[:2], some[:2], range(2)):
        wrong += w.substitute(i, v).as_lens() != _as_composed(w, i, v)
    for w, v, u in product(some, repeat=3):
        for i, j in product(range(2), range(2)):
            wrong += w.substitute(i, v).substitute(i + j, u) != w.substitute(i, v.substitute(j, u))
        wrong += w.substitute(1, u).substitute(0, v) != w.substitute(0, v).substitute(2, u)
    return Measurement(wrong)


def _not_simple() -> Measurement:
    """Simple lenses (get, put) of up to two elements against lenses of monomials."""
    wrong = 0

    def simple(a: int, b: int) -> list[tuple]:
        puts = list(product(product(range(a), repeat=b), repeat=a))
        return list(product(product(range(b), repeat=a), puts))

    def lens(a: int, b: int, get: tuple, put: tuple) -> Lens:
        return Lens(monomial(a, a), monomial(b, b), get, put)

    for a, b in product(range(3), repeat=2):
        made = {lens(a, b, *pair) for pair in simple(a, b)}
        wrong += made != set(Lens.all(monomial(a, a), monomial(b, b)))
    for a, b, c in product((1, 2), repeat=3):
        for (get, put), (got, back) in product(simple(a, b)[::5], simple(b, c)):
            whole = tuple(got[get[i]] for i in range(a))
            both = tuple(tuple(put[i][back[get[i]][d]] for d in range(c)) for i in range(a))
            composed = lens(a, b, get, put) >> lens(b, c, got, back)
            wrong += composed != lens(a, c, whole, both)
    return Measurement(wrong)


def _not_machines() -> Measurement:
    """Learners with so many parameters against machines on the hom, counted."""
    wrong = 0
    for s, a, b in product((1, 2, 3), (1, 2), (1, 2)):
        implement, update, request = b ** (s * a), s ** (s * a * b), a ** (s * a * b)
        machines = Lens.count(monomial(s, s), hom(monomial(a, a), monomial(b, b)))
        wrong += machines != implement * update * request
    return Measurement(wrong)


def _misjudged() -> Measurement:
    """Machines of three states and one bit: classes against all words of up to three inputs."""
    words, wrong = list(product(range(2), repeat=3)), 0
    moves = list(product(range(3), repeat=2))
    for update in product(moves, repeat=3):
        machine = Moore(monomial(2, 2), (0, 0, 1), update)
        heard = [tuple(machine.outputs(s, word) for word in words) for s in range(3)]
        classes = machine.bisimulation()
        wrong += any(
            (classes[s] == classes[t]) != (heard[s] == heard[t])
            for s, t in ((0, 1), (0, 2), (1, 2))
        )
    return Measurement(wrong)


def _kept(bit: int, shown: int) -> int:
    """What the wiring with a bit of memory keeps: what the box showed last."""
    return shown


def _static_matches() -> Measurement:
    """Fixed wirings of a box of one bit that deliver what the one with memory delivers.

    That one shows what the box shows and delivers its own bit. Compared are two ticks, with all
    that can be shown and come in.
    """
    wire, matching = monomial(2, 2), 0
    for f in Lens.all(wire, wire):
        same = True
        for ticks in product(product(range(2), repeat=2), repeat=2):
            bit = 0
            for shown, came in ticks:
                same &= f.pos[shown] == shown and f.dir[shown][came] == bit
                bit = _kept(bit, shown)
        matching += same
    return Measurement(matching)


ROWS = (
    row(
        "lenses",
        BOOK,
        "on lenses between polynomials",
        "Lenses from p to q are as many as the product over positions of p of the sum over "
        "positions of q of p[i] to the power q[j].",
        _miscounted,
        none,
        note=f"Wrong among the {len(_SMALL) ** 2} pairs with up to two positions and directions, "
        "whose tables are tried one by one",
    ),
    row(
        "closed",
        BOOK,
        "on the closure of the parallel product",
        "The internal hom [q, r] is the product over the positions j of q of r after q[j] y.",
        _not_closed,
        none,
        note="Wrong among the same pairs; the hom is summed lens by lens. For one family with "
        "exponents as symbols it is the claim systems/counting/hom",
    ),
    row(
        "adjoint",
        BOOK,
        "on the closure of the parallel product",
        "Currying is a bijection between lenses from p times q to r and from p to [q, r], and "
        "evaluation recovers the lens.",
        _not_adjoint,
        none,
        difference=f"Instances: all triples of that size with at most {_FEW} lenses",
        note="Lenses for which it fails",
    ),
    row(
        "wiring-diagrams",
        BOOK,
        "on wiring diagrams",
        "Wiring diagrams nest: opening a box is composition of lenses, with units and both laws "
        "of associativity.",
        _not_operad,
        none,
        difference="Instances: boxes of one bit; all 20 diagrams of up to two for the units, "
        "two or three of them put into each other for the rest. The tests have random ones",
        note="Violations of the laws of an operad",
    ),
    row(
        "simple-lenses",
        LEARNERS,
        "abstract",
        "Simple lenses are a full subcategory of polynomials, by A to A y^A.",
        _not_simple,
        none,
        difference="Instances: sets of up to two elements; all lenses, every fifth composite",
        note="Lenses or composites that differ",
    ),
    row(
        "learners-are-machines",
        LEARNERS,
        "abstract",
        "A learner from A to B is a machine whose interface is the internal hom of A y^A and "
        "B y^B.",
        _not_machines,
        none,
        difference="Their numbers, for up to three parameters and two elements. That each "
        "corresponds to one is the row on currying",
        note="Cases in which the numbers differ",
    ),
    row(
        "logic",
        LEARNERS,
        "abstract",
        "The machines on an interface form a topos, with gradient descent as a proposition of its "
        "logic.",
        None,
        None,
        out_of_reach="No topos is built here, only the relation of behaving alike",
    ),
    row(
        "behaving-alike",
        "theorylab",
        "interfaces",
        "Refinement finds the states that no sequence of inputs tells apart.",
        _misjudged,
        none,
        note="Wrong among the machines with three states and one bit in, two of which show the "
        "same, against all words of three inputs",
    ),
    row(
        "no-fixed-wiring",
        "theorylab",
        "interfaces",
        "No fixed wiring of the same box does what a wiring with one bit of memory does.",
        _static_matches,
        none,
        note="Fixed wirings that do, of all 64. With a box added that holds the bit there is one, "
        "by currying: the claim is about the same boxes",
    ),
)
