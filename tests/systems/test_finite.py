"""Exact laws of interfaces, by enumeration and on random cases from a fixed seed."""

import random
from collections import Counter
from itertools import product

import pytest

from theorylab.systems import InterfaceError
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
    y,
)

SMALL = list(polynomials(2, 2))


def _poly(rng, positions=3, directions=3, least=0):
    return Poly(tuple(rng.randint(least, directions) for _ in range(rng.randint(1, positions))))


def _lens(rng, p, q):
    pos, back = [], []
    for m in p.arity:
        j = rng.choice([j for j, n in enumerate(q.arity) if m or not n])
        pos.append(j)
        back.append(tuple(rng.randrange(m) for _ in range(q[j])))
    return Lens(p, q, tuple(pos), tuple(back))


def test_the_formula_counts_the_lenses_and_the_positions_of_the_hom():
    total = 0
    for p, q in product(SMALL, repeat=2):
        listed = list(Lens.all(p, q))
        assert len(set(listed)) == len(listed) == Lens.count(p, q) == len(hom(p, q))
        total += len(listed)
    assert total == 359


@pytest.mark.parametrize("q", SMALL, ids=str)
def test_the_hom_is_a_product_of_composites(q):
    for r in SMALL:
        expected = Poly((0,))
        for m in q.arity:
            expected = expected * r.then(Poly((1,) * m))
        assert Counter(hom(q, r).arity) == Counter(expected.arity)


def test_special_cases_of_the_hom():
    for p, q, r in product(SMALL, repeat=3):
        assert Counter(hom(p + q, r).arity) == Counter((hom(p, r) * hom(q, r)).arity)
    for p in SMALL:
        assert hom(y, p) == p
        sections = 1
        for n in p.arity:
            sections *= n
        assert hom(p, y) == monomial(sections, len(p))


def test_currying_is_a_bijection():
    seen = 0
    for p, q, r in product(SMALL, repeat=3):
        if Lens.count(p @ q, r) > 40:
            continue
        lenses = list(Lens.all(p @ q, r))
        curried = [curry(f, p, q) for f in lenses]
        assert len(set(curried)) == len(lenses) == Lens.count(p, hom(q, r))
        assert [uncurry(g, q, r) for g in curried] == lenses
        for f, g in zip(lenses, curried, strict=True):
            assert (g @ Lens.identity(q)) >> evaluation(q, r) == f
        seen += len(lenses)
    assert seen > 1500


def test_lenses_form_a_monoidal_category():
    rng = random.Random(0)
    for _ in range(200):
        a, b, c, d = (_poly(rng, least=1) for _ in range(4))
        f, g, h = _lens(rng, a, b), _lens(rng, b, c), _lens(rng, c, d)
        assert (f >> g) >> h == f >> (g >> h)
        assert Lens.identity(a) >> f == f == f >> Lens.identity(b)
        assert (f @ g) @ h == f @ (g @ h)
        assert f @ Lens.identity(y) == f == Lens.identity(y) @ f
        k = _lens(rng, c, a)
        assert (f @ k) >> (g @ f) == (f >> g) @ (k >> f)


def test_products_are_associative_and_distribute():
    for p, q, r in product(SMALL, repeat=3):
        assert (p @ q) @ r == p @ (q @ r)
        assert (p * q) * r == p * (q * r)
        assert (p + q) @ r == p @ r + q @ r
        for x in range(3):
            assert (p * q)(x) == p(x) * q(x)
            assert p.then(q)(x) == p(q(x))


def test_backward_maps_compose_in_reverse():
    p = Poly((3,))
    f, g = Lens(p, p, (0,), ((1, 2, 0),)), Lens(p, p, (0,), ((1, 0, 2),))
    assert (f >> g).dir == ((2, 1, 0),)
    assert (g >> f).dir == ((0, 2, 1),)


def _box(rng):
    return Box(*(tuple(2 for _ in range(rng.randint(1, 2))) for _ in range(2)))


def _wiring(rng, outer, count):
    inner = tuple(_box(rng) for _ in range(count))
    outputs = [(b, k) for b, box in enumerate(inner) for k in range(len(box.outputs))]
    anything = [*outputs, *((-1, k) for k in range(len(outer.inputs)))]
    feed = tuple(tuple(rng.choice(anything) for _ in box.inputs) for box in inner)
    return Wiring(inner, outer, feed, tuple(rng.choice(outputs) for _ in outer.outputs))


def _machine(rng, box, states=2):
    p = box.interface
    readout = tuple(rng.randrange(len(p)) for _ in range(states))
    update = tuple(tuple(rng.randrange(states) for _ in range(p[r])) for r in readout)
    return Moore(p, readout, update)


def _beside(machines):
    first, *rest = machines
    for machine in rest:
        first = first @ machine
    return first


def test_wiring_diagrams_form_an_operad():
    rng = random.Random(1)
    for _ in range(100):
        w = _wiring(rng, _box(rng), 2)
        v, u = _wiring(rng, w.inner[0], 2), _wiring(rng, w.inner[1], 2)
        t = _wiring(rng, v.inner[1], 2)
        assert w.substitute(0, v.substitute(1, t)) == w.substitute(0, v).substitute(1, t)
        assert w.substitute(1, u).substitute(0, v) == w.substitute(0, v).substitute(2, u)
        assert w.substitute(0, Wiring.unit(w.inner[0])) == w
        assert Wiring.unit(w.outer).substitute(0, w) == w


def test_wiring_in_two_stages_is_wiring_at_once():
    rng = random.Random(2)
    for _ in range(40):
        w = _wiring(rng, _box(rng), 2)
        v = _wiring(rng, w.inner[0], 2)
        one = Lens.identity(w.inner[1].interface)
        assert w.substitute(0, v).as_lens() == (v.as_lens() @ one) >> w.as_lens()
        machines = [_machine(rng, box) for box in (*v.inner, w.inner[1])]
        at_once = _beside(machines) >> w.substitute(0, v).as_lens()
        group = _beside(machines[:2]) >> v.as_lens()
        assert (group @ machines[2]) >> w.as_lens() == at_once


def test_states_of_a_class_are_those_that_no_word_tells_apart():
    rng = random.Random(3)
    merged = 0
    for _ in range(60):
        p = Poly((2, 1)) if rng.random() < 0.5 else monomial(2, 2)
        states = rng.randint(2, 5)
        readout = tuple(rng.randrange(2) for _ in range(states))
        update = tuple(tuple(rng.randrange(states) for _ in range(p[r])) for r in readout)
        machine = Moore(p, readout, update)
        classes = machine.bisimulation()
        for s, t in product(range(states), repeat=2):
            assert (classes[s] == classes[t]) == _alike(machine, s, t, states)
        merged += len(set(classes)) < states
        assert len(machine.minimal()) == len(set(classes))
        assert machine.minimal().bisimulation() == tuple(range(len(set(classes))))
    assert merged > 10


def _alike(machine, s, t, depth):
    """Whether all words of at most this length give the same outputs: by trying them all."""
    if machine.readout[s] != machine.readout[t]:
        return False
    return depth == 0 or all(
        _alike(machine, a, b, depth - 1)
        for a, b in zip(machine.update[s], machine.update[t], strict=True)
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Poly((1, -1)), "arity holds -1"),
        (lambda: Lens(y, Poly((2,)), (0,), ((0,),)), "allowed: 2 entries"),
        (lambda: Lens(y, y, (1,), ((0,),)), "y has no such"),
        (lambda: Lens(y, y, (), ()), "but y has 1"),
        (lambda: curry(Lens.identity(y), y, Poly((2,))), "y @ y\\^2 is y\\^2"),
        (lambda: uncurry(Lens.identity(y), y, Poly((2,))), r"ends at y, \[q, r\] is y\^2"),
        (lambda: Moore(monomial(2, 1), (0, 1), ((1,), (2,))), "each below 2"),
        (lambda: Moore(y, (0,), ((0,),)).outputs(0, (1,)), "direction 1"),
        (lambda: Wiring((), Box((), ()), ((),), ()), "feed is for 1 boxes; there are 0"),
        (lambda: Wiring((Box((2,), ()),), Box((3,), ()), (((-1, 0),),), ()), "2 values.*has 3"),
        (lambda: Wiring((Box((2,), ()),), Box((), ()), (((0, 0),),), ()), "no source"),
        (lambda: Wiring((Box((2,), ()),), Box((), ()), ((),), ()), "0 sources for 1"),
    ],
)
def test_what_does_not_fit_is_refused(make, words):
    with pytest.raises(InterfaceError, match=words):
        make()


def test_a_substituted_box_must_fit():
    bit, pair = Box((2,), (2,)), Box((2, 2), (2,))
    with pytest.raises(InterfaceError, match="box 0 is"):
        Wiring.unit(bit).substitute(0, Wiring.unit(pair))
