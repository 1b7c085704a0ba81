"""The reference itself: against counting every pattern one by one."""

import itertools
import random
from fractions import Fraction

import pytest

from theorylab.sdr import exact


def _subsets(cells, k):
    return [set(c) for c in itertools.combinations(cells, k)]


def test_false_positive_by_listing_every_pattern():
    n, s = 7, 4
    synapses = set(range(s))
    for a, theta in itertools.product(range(n + 1), range(-1, 6)):
        patterns = _subsets(range(n), a)
        hits = sum(len(p & synapses) >= theta for p in patterns)
        assert exact.fp(n, a, s, theta) == Fraction(hits, len(patterns))


def test_hand_counted_example():
    assert exact.fp(10, 4, 5, 3) == Fraction(11, 42)
    assert exact.fn(4, 3, 2, 2) == Fraction(1, 2)
    assert exact.union(12, 4, 3, 3, 2) == Fraction(137563, 166375)


@pytest.mark.parametrize("noise", ["swap", "drop", "swap_readd"])
def test_false_negative_by_listing_every_disturbance(noise):
    n, a, s = 8, 4, 3
    pattern, synapses = set(range(a)), {0, 1, 2}
    for v, theta in itertools.product(range(a + 1), range(-1, 5)):
        missed = total = 0
        for silenced in _subsets(pattern, v):
            rest = pattern - silenced
            if noise == "drop":
                outcomes = [rest]
            else:
                silent = set(range(n)) - (rest if noise == "swap_readd" else pattern)
                outcomes = [rest | new for new in _subsets(silent, v)]
            total += len(outcomes)
            missed += sum(len(out & synapses) < theta for out in outcomes)
        assert exact.fn(a, s, v, theta, noise, n) == Fraction(missed, total)


def test_false_negative_with_independent_losses():
    a, s, v = 4, 3, 1
    for theta in range(-1, 5):
        missed = sum(
            (
                Fraction(v, a) ** (s - sum(kept)) * Fraction(a - v, a) ** sum(kept)
                for kept in itertools.product((0, 1), repeat=s)
                if sum(kept) < theta
            ),
            Fraction(0),
        )
        assert exact.fn(a, s, v, theta, "bernoulli") == missed


def test_false_positives_are_matches_of_chance_overlaps():
    """Thinning: a random pattern shares c cells with the stored one; s of the a are sampled."""
    draw = random.Random(0)
    for _ in range(50):
        n = draw.randint(2, 60)
        a = draw.randint(1, n)
        s, theta = draw.randint(1, a), draw.randint(0, a)
        mixed = sum(exact.pmf(n, a, a, c) * exact.match(a, c, s, theta) for c in range(a + 1))
        assert mixed == exact.fp(n, a, s, theta)
        v = draw.randint(0, a)
        assert exact.fn(a, s, v, theta) == 1 - exact.match(a, a - v, s, theta)


def test_union_by_listing_every_pair_of_samples():
    n, a, s = 6, 3, 2
    samples = _subsets(range(n), s)
    pattern = set(range(a))
    for theta in range(-1, 5):
        hits = sum(len(pattern & (x | y)) >= theta for x, y in itertools.product(samples, repeat=2))
        assert exact.union(n, a, s, 2, theta) == Fraction(hits, len(samples) ** 2)
    sizes = [len(x | y) for x, y in itertools.product(samples, repeat=2)]
    assert exact.union_sizes(n, s, 2) == [
        Fraction(sizes.count(u), len(sizes)) for u in range(n + 1)
    ]


def test_inclusion_and_exclusion_agrees_with_the_chain():
    n, a, s, patterns = 12, 4, 3, 3
    sizes = exact.union_sizes(n, s, patterns)
    for theta in range(6):
        mixed = sum(p * exact.fp(n, a, u, theta) for u, p in enumerate(sizes))
        assert mixed == exact.union(n, a, s, patterns, theta)


def test_union_misses_by_listing_every_case():
    n, a, s, v = 6, 3, 2, 1
    pattern = set(range(a))
    for theta in range(-1, 5):
        missed = total = 0
        for own, other in itertools.product(_subsets(pattern, s), _subsets(range(n), s)):
            for off, on in itertools.product(pattern, set(range(n)) - pattern):
                presented = (pattern - {off}) | {on}
                missed += len(presented & (own | other)) < theta
                total += 1
        assert exact.union_fn(n, a, s, v, 2, theta) == Fraction(missed, total)


def test_ensemble():
    assert exact.ensemble(Fraction(1, 3), 2) == Fraction(5, 9)
    assert exact.ensemble(Fraction(1, 3), 0) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact.fp(10, 11, 3, 2), "a is 11"),
        (lambda: exact.fn(4, 5, 2, 2), "s is 5"),
        (lambda: exact.fn(4, 3, 2, 2, "swap_readd"), "n is None"),
        (lambda: exact.match(4, 5, 3, 2), "c is 5"),
        (lambda: exact.union(10, 4, 3, -1, 2), "patterns is -1"),
        (lambda: exact.union_fn(4, 4, 3, 2, 1, 2), "n is 4"),
        (lambda: exact.binomial(3, Fraction(3, 2), 1), "p is 1"),
    ],
)
def test_arguments_outside_the_model(call, message):
    with pytest.raises(ValueError, match=message):
        call()
