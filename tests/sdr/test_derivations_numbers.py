"""The derived formulas against whole-number arithmetic that knows nothing of them."""

import random
from fractions import Fraction
from itertools import pairwise, product
from math import comb, exp, log, log1p

import pytest
from sympy import Integer, Rational
from sympy.core.function import AppliedUndef

from theorylab.symbolic import claim


def pmf(n, a, s, b):
    if not 0 <= b <= min(a, s) or n - s < a - b:
        return Fraction(0)
    return Fraction(comb(s, b) * comb(n - s, a - b), comb(n, a))


def tail(n, a, s, theta):
    return sum((pmf(n, a, s, b) for b in range(max(theta, 0), min(a, s) + 1)), Fraction(0))


def binomial_pmf(s, p, b):
    return comb(s, b) * p**b * (1 - p) ** (s - b)


def value(path, side="rhs", **given):
    """One side of a claim as a fraction, or as a float where it is irrational."""
    expr = getattr(claim(f"sdr/{path}"), side)
    atoms = expr.free_symbols | expr.atoms(AppliedUndef)
    names = {atom: getattr(atom, "name", None) or atom.func.__name__ for atom in atoms}
    known = {atom: _exact(given[name]) for atom, name in names.items() if name in given}
    number = expr.xreplace({a: v for a, v in known.items() if not a.is_Symbol})
    number = number.subs({a: v for a, v in known.items() if a.is_Symbol}).doit()
    if number.is_Rational:
        return Fraction(int(number.p), int(number.q))
    return float(number)


def _exact(number):
    if isinstance(number, Fraction):
        return Rational(number.numerator, number.denominator)
    return Integer(number) if isinstance(number, int) else Rational(str(number))


def cases(count, seed):
    """Random sizes with room for a step in each of them."""
    rng = random.Random(seed)
    for _ in range(count):
        a, s = rng.randint(2, 40), rng.randint(2, 30)
        n = rng.randint(a + s, 400)
        yield n, a, s, rng.randint(1, min(a, s))


@pytest.mark.parametrize("x", ["n", "a", "s"])
def test_step_laws_are_exact(x):
    for n, a, s, theta in cases(200, x):
        more = {"n": (n + 1, a, s), "a": (n, a + 1, s), "s": (n, a, s + 1)}[x]
        change = tail(*more, theta) - tail(n, a, s, theta)
        near = pmf(n, a, s, theta if x == "n" else theta - 1)
        assert value(f"scaling/law-{x}", n=n, a=a, s=s, theta=theta, P=near) == change


def test_ratio_and_moments():
    for n, a, s, b in cases(100, "ratio"):
        if b < min(a, s):
            ratio = pmf(n, a, s, b + 1) / pmf(n, a, s, b)
            assert value("overlap/ratio", n=n, a=a, s=s, b=b) == ratio
    for n, a, s, _ in cases(20, "moments"):
        law = [pmf(n, a, s, b) for b in range(min(a, s) + 1)]
        mean = sum(b * weight for b, weight in enumerate(law))
        spread = sum(b * b * weight for b, weight in enumerate(law)) - mean**2
        p = Fraction(a, n)
        assert value("overlap/mean", s=s, p=p) == mean
        assert value("overlap/variance", n=n, s=s, p=p) == spread
        third = sum(b * (b - 1) * (b - 2) * weight for b, weight in enumerate(law))
        assert value("overlap/moments", n=n, a=a, s=s, r=3) == third


def subset(n, a, s, theta):
    return Fraction(comb(s, theta) * comb(a, theta), comb(n, theta))


def test_bounds_hold_and_are_as_tight_as_the_remainders_say():
    for n, a, s, theta in cases(200, "bounds"):
        exact, first = tail(n, a, s, theta), pmf(n, a, s, theta)
        ratio = value("overlap/ratio", n=n, a=a, s=s, b=theta)
        assert first <= exact
        assert (1 - ratio) * exact <= first
        above, next_above = subset(n, a, s, theta), subset(n, a, s, theta + 1)
        share = value("bounds/subset-ratio", n=n, a=a, s=s, theta=theta)
        assert next_above == share * above
        assert above - theta * next_above <= exact <= above
        assert above <= comb(s, theta) * Fraction(a, n) ** theta


def test_the_slope_tends_to_minus_the_threshold_as_the_correction_says():
    a, s, theta = 40, 20, 10

    def first(n):
        return log(pmf(n, a, s, theta))

    errors = []
    for n in (20_000, 40_000):
        slope = n * (first(n + 1) - first(n - 1)) / 2
        predicted = value("power-law/first-term-slope", n=n, a=a, s=s, theta=theta)
        errors.append(slope - float(predicted))
        assert abs(errors[-1]) < abs(float(predicted) + theta) / 50
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)  # the next order


def test_the_floor_is_approached_from_below_at_the_predicted_rate():
    s, theta, p = 12, 4, Fraction(1, 10)
    floor = sum(binomial_pmf(s, p, b) for b in range(theta, s + 1))
    predicted = value("floor/approach", s=s, theta=theta, p=p)
    assert predicted < 0
    errors = []
    for n in (1000, 2000, 4000):
        gap = (tail(n, n // 10, s, theta) - floor) * n
        errors.append(abs(float(gap / predicted) - 1))
    assert errors[0] < 0.05
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2, rel=0.05)  # what is left out is of second order


def test_chernoff_bounds_and_the_prefactor_repairs_it():
    for n, a, s, theta in ((2000, 40, 20, 10), (4000, 128, 24, 12), (10_000, 300, 30, 12)):
        q, p = Fraction(theta, s), Fraction(a, n)
        exact = float(tail(n, a, s, theta))
        divergence = value("chernoff/divergence", q=q, p=p)
        bound = exp(-s * divergence)
        assert exact < bound < 100 * exact
        binomial = float(sum(binomial_pmf(s, p, b) for b in range(theta, s + 1)))
        with_prefactor = exp(value("deviations/bahadur-rao", s=s, q=q, p=p, D=divergence))
        assert with_prefactor == pytest.approx(binomial, rel=0.03)
        if 2 * theta == s:
            assert value("chernoff/half", p=p) == pytest.approx(divergence, rel=1e-12)


def test_the_generating_function_counts_subsets():
    for n, a, s, _ in cases(30, "weights"):
        t = Fraction(3, 2)
        weighed = sum((1 + t) ** b * pmf(n, a, s, b) for b in range(min(a, s) + 1))
        counted = sum(t**r * subset(n, a, s, r) for r in range(min(a, s) + 1))
        assert weighed == counted <= (1 + Fraction(a, n) * t) ** s


def union_sizes(n, s, patterns):
    law = {0: Fraction(1)}
    for _ in range(patterns):
        later: dict = {}
        for size, weight in law.items():
            for known in range(min(size, s) + 1):
                step = pmf(n, size, s, known)
                later[size + s - known] = later.get(size + s - known, 0) + weight * step
        law = {size: weight for size, weight in later.items() if weight}
    return law


def test_union_size_moments_are_those_of_the_chain():
    for n, s, patterns in ((12, 3, 3), (30, 5, 4), (50, 7, 1), (20, 4, 6)):
        law = union_sizes(n, s, patterns)
        mean = sum(size * weight for size, weight in law.items())
        spread = sum(size**2 * weight for size, weight in law.items()) - mean**2
        assert value("unions/mean", n=n, s=s, M=patterns) == mean
        alone = Fraction(n - s, n) ** patterns
        both = Fraction((n - s) * (n - s - 1), n * (n - 1)) ** patterns
        variance = value("unions/variance", **{"n": n, "p_0": alone, "p_{00}": both})
        assert variance == spread


def test_the_intersection_formula_is_the_chain_s():
    for n, a, s, patterns in ((12, 4, 3, 3), (15, 5, 4, 2)):
        sizes = union_sizes(n, s, patterns)
        for b in range(a + 1):
            chain = sum(weight * pmf(n, a, size, b) for size, weight in sizes.items())
            counted = comb(a, b) * sum(
                (-1) ** j * comb(b, j) * Fraction(comb(n - a + b - j, s), comb(n, s)) ** patterns
                for j in range(b + 1)
            )
            assert chain == counted


def test_match_curve_step_and_thinning():
    n, a, s, theta = 20, 9, 4, 2

    def match(c):
        return tail(a, c, s, theta)

    for c in range(a):
        near = pmf(a, c, s, theta - 1)
        step = value("noise/match-slope", a=a, c=c, s=s, theta=theta, Q=near)
        assert match(c + 1) - match(c) == step
    mixed = sum(pmf(n, a, a, c) * match(c) for c in range(a + 1))
    assert mixed == tail(n, a, s, theta)
    nu = Fraction(1, 3)
    for lost in range(s + 1):
        mixture = sum(binomial_pmf(a, nu, v) * pmf(a, v, s, lost) for v in range(a + 1))
        assert mixture == binomial_pmf(s, nu, lost)


def test_chernoff_point_balances_the_exponents():
    for p, nu in product((0.005, 0.02, 0.05), (0.1, 0.3, 0.5)):
        q = value("thresholds/chernoff-point", p=p, nu=nu)
        random_exponent = value("chernoff/divergence", q=q, p=p)
        assert random_exponent == pytest.approx(
            q * log(q / (1 - nu)) + (1 - q) * log((1 - q) / nu), rel=1e-12
        )
    # where the two errors of a finite segment are smallest in sum, by trying all thresholds
    n, a, s, v = 20_000, 600, 50, 180
    costs = [tail(n, a, s, theta) + 1 - tail(a, a - v, s, theta) for theta in range(1, s)]
    best = 1 + min(range(len(costs)), key=costs.__getitem__)
    assert best == 14
    assert value("thresholds/chernoff-point", p=0.03, nu=0.3) * s == pytest.approx(13.57, abs=5e-3)
    for theta in range(1, s - 1):  # the exact criterion
        rises = costs[theta] > costs[theta - 1]
        assert rises == (pmf(a, a - v, s, theta) > pmf(n, a, s, theta))


def test_ensembles_and_bloom_filters():
    f = Fraction(1, 50)
    for segments in (1, 5, 40):
        one_of_them = value("unions/ensemble", F=f, M=segments)
        assert one_of_them == 1 - (1 - f) ** segments <= segments * f
    best = value("bloom/bloom-optimum", n=100_000, M=1000)
    filters = {a: a * log1p(-((1 - a / 100_000) ** 1000)) for a in range(40, 160)}
    assert min(filters, key=filters.__getitem__) == pytest.approx(best, abs=1)
    small = 6 * log1p(-((1 - 6 / 100) ** 11))
    assert value("bloom/bloom", a=6, n=100, M=11) == pytest.approx(small, rel=1e-12)
