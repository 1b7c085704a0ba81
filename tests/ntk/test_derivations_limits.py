"""Limits that the derivations name and do not take: iterated to many digits with mpmath."""

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from theorylab.symbolic import compiled

DIGITS = 60


@pytest.fixture(autouse=True)
def _precision():
    with mpmath.workdps(DIGITS):
        yield


class Dual:
    """A polynomial dual activation, by its weights, degree by degree."""

    def __init__(self, **weights):
        self.weights = {int(name[1:]): mpf(value) for name, value in weights.items()}

    def __call__(self, xi):
        return mpmath.fsum(p * xi**k for k, p in self.weights.items())

    def slope(self, xi):
        return mpmath.fsum(k * p * xi ** (k - 1) for k, p in self.weights.items() if k)

    def bend(self, xi):
        return mpmath.fsum(
            k * (k - 1) * p * xi ** (k - 2) for k, p in self.weights.items() if k > 1
        )

    @property
    def first(self):
        return self.weights[1]

    @property
    def mean(self):
        return self.slope(mpf(1))


def optimal(d):
    if d == 1:
        return Dual(p1=mpf(1) / 2, p7=mpf(1) / 2)
    first = mpf(2) ** (-mpf(d) / 2)
    return Dual(p1=first, p2=1 - 2 * first, p3=first)


def alpha_of(dual):
    return -2 * mpmath.log(dual.first) / mpmath.log(dual.mean)


def iterates(dual, xi, depth):
    values = [xi]
    for _ in range(depth):
        values.append(dual(values[-1]))
    return values


def psi(dual, xi, depth=400):
    return iterates(dual, xi, depth)[-1] / dual.first**depth


def log_slope(dual, xi, depth=400):
    """`xi psi'/psi` as a product over the layers."""
    return mpmath.fprod(f * dual.slope(f) / dual(f) for f in iterates(dual, xi, depth))


def ntk(dual, xi, depth):
    kernel = xi
    for f in iterates(dual, xi, depth)[:-1]:
        kernel = dual(f) + kernel * dual.slope(f)
    return kernel


def excess(dual, xi, depth=300):
    """S: the sum over the layers of the logarithmic slope minus one."""
    values = iterates(dual, xi, 2 * depth)
    factors = [f * dual.slope(f) / dual(f) for f in values]
    slopes, running = [], mpf(1)
    for factor in reversed(factors):
        running *= factor
        slopes.append(running)
    return mpmath.fsum(slope - 1 for slope in reversed(slopes[-depth:]))


@pytest.mark.parametrize(
    ("d", "xi", "value"),
    [
        (1, ".5", "0.50795072796"),
        (2, ".5", "0.713599128289"),
        (2, ".99", "60.0622281108"),
        (4, ".9", "128.495854261"),
        (8, ".5", "45.6094629081"),
    ],
)
def test_the_rescaled_iterates_converge_to_the_profile(d, xi, value):
    dual, xi = optimal(d), mpf(xi)
    assert abs(psi(dual, xi) / mpf(value) - 1) < mpf(10) ** -11
    assert abs(psi(dual, dual(xi)) - dual.first * psi(dual, xi)) < mpf(10) ** -45


@pytest.mark.parametrize(("d", "power"), [(2, 2), (4, 1), (8, 1)])
def test_the_profile_is_approached_geometrically(d, power):
    """At the rate p_1; at its square where the dual has no quadratic term."""
    dual, xi = optimal(d), mpf("0.5")
    first, second = (abs(psi(dual, xi, depth) / psi(dual, xi) - 1) for depth in (30, 31))
    assert abs(second / first / dual.first**power - 1) < mpf(10) ** -6


def test_the_series_is_the_profile():
    """To order eight for (xi + xi^3)/2, whose coefficients the derivation lists."""
    dual, xi = optimal(2), mpf("1e-4")
    series = xi + 4 * xi**3 / 3 + 16 * xi**5 / 15
    assert abs(psi(dual, xi) / series - 1) < mpf(10) ** -20


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize("depth", [50, 500])
def test_the_finite_depth_correction_is_exact(d, depth):
    dual, xi = optimal(d), mpf("0.8")
    measured = ntk(dual, xi, depth) / dual.first**depth / (depth + 1)
    predicted = psi(dual, xi, 900) * (1 + excess(dual, xi, 600) / (depth + 1))
    assert abs(measured / predicted - 1) < mpf(10) ** (-13 if depth == 50 else -30)


def test_the_excess_of_close_inputs():
    """S eps tends to alpha B'/(2(B'-1)), with the values of a first, independent computation."""
    dual = optimal(4)
    for eps, value in ((".9", ".34939138"), (".1", "3.4365511"), (".001", "3.991041")):
        found = mpf(eps) * excess(dual, 1 - mpf(eps))
        assert abs(found / mpf(value) - 1) < mpf(10) ** -6
    for dual in (optimal(1), optimal(2), optimal(4), Dual(p1=".3", p3=".7")):
        eps = mpf(10) ** -9
        u = mpmath.sqrt(2 * eps)
        predicted = alpha_of(dual) * dual.mean / ((dual.mean - 1) * u**2)
        # the profile oscillates, and so does its slope
        assert abs(excess(dual, 1 - eps) / predicted - 1) < mpf("0.05")


def test_the_exponent_crosses_over_by_two():
    dual, depth = optimal(2), 240
    alpha = alpha_of(dual)
    seen = []
    for u in ("1e-4", "0.01", "0.03", "0.1", "0.15"):
        grid = [mpf(u) * mpmath.exp(mpf(step) / 100) for step in (-1, 1)]
        logs = [mpmath.log(ntk(dual, 1 - v**2 / 2, depth)) for v in grid]
        measured = -(logs[1] - logs[0]) * 50
        c = alpha * dual.mean / (dual.mean - 1)
        predicted = alpha + 2 * c / (c + (depth + 1) * mpf(u) ** 2)
        assert abs(measured - predicted) < mpf("0.03")
        seen.append(measured)
    assert seen[0] > alpha + mpf("1.99") and seen[-1] < alpha + 1


def test_the_profile_repeats_itself_and_oscillates():
    """R(u) has no limit: at u and u/sqrt(B') it agrees, in between it does not."""
    dual = optimal(1)
    base = mpf(10) ** -10

    def level(eps):
        return psi(dual, 1 - eps) * eps ** (alpha_of(dual) / 2)

    grid = [base * dual.mean ** (mpf(n) / 16) for n in range(17)]
    levels = [level(eps) for eps in grid]
    assert abs(levels[0] / levels[-1] - 1) < mpf(10) ** -8
    swing = max(levels) / min(levels) - 1
    assert abs(swing - mpf("1.35e-3")) < mpf("2e-5")


def test_the_next_order_removes_the_first_error():
    dual = Dual(p1=".3", p2=".3", p3=".4")
    gamma, bend = alpha_of(dual) / 2, dual.bend(mpf(1)) / 2
    b = gamma * bend / (dual.mean * (dual.mean - 1))

    def level(eps, order):
        return psi(dual, 1 - eps) * eps**gamma / (1 - b * eps * order)

    eps = mpf(10) ** -6
    for order, bound in ((0, None), (1, mpf(10) ** -10)):
        gap = abs(level(eps * dual.mean, order) / level(eps, order) - 1)
        assert gap > mpf(10) ** -7 if bound is None else gap < bound


def test_the_rectifier_at_great_depth():
    """Towards one quarter, with the values of a first, independent computation."""
    kernel = f = 0.3
    seen = {}
    for layer in range(1, 20001):
        slope = (np.pi - np.arccos(f)) / np.pi
        f = (np.sqrt(1 - f * f) + f * (np.pi - np.arccos(f))) / np.pi
        kernel = f + kernel * slope
        seen[layer] = kernel / (layer + 1)
    for layer, value in ((10, 0.3430), (100, 0.2748), (1000, 0.25352), (20000, 0.25023)):
        assert abs(seen[layer] - value) < 6e-5
    rate = (1 - f) / float(compiled("ntk/critical/relu-rate", args=("l",))(20000.0))
    assert abs(rate - 1) < 3e-3


def test_a_smooth_activation_at_the_edge():
    """exp(xi - 1) has mean offspring one: one third."""
    kernel = f = mpf("0.3")
    depth = 20000
    for _ in range(depth):
        slope = mpmath.exp(f - 1)
        f, kernel = slope, slope + kernel * slope
    assert abs(kernel / (depth + 1) - mpf(1) / 3) < mpf("3e-4")
    assert abs((1 - f) * depth / 2 - 1) < mpf("1e-3")


def test_a_chaotic_activation_forgets_its_input():
    """exp(2(xi - 1)): the fixed point, and the tangent kernel that rests on it."""
    for xi in ("0.1", "0.9"):
        kernel = f = mpf(xi)
        for _ in range(300):
            value = mpmath.exp(2 * (f - 1))
            f, kernel = value, value + 2 * value * kernel
        assert abs(f - mpf("0.203187869979979953838")) < mpf(10) ** -20
        assert abs(f / (1 - 2 * f) - kernel) < mpf(10) ** -30
        assert abs(kernel - mpf("0.342283635723167527")) < mpf(10) ** -17


def test_the_ridgeless_predictor_of_the_ordered_phase():
    """exp((xi - 1)/2), B' = 1/2: a nontrivial limit, which the formula gives."""
    with mpmath.workdps(200):
        angles = [mpf(k) / 9 for k in (0, 2, 3, 7, 11)]
        y = mpmath.matrix([1, -1, 1, 1, -1])
        new = mpf("0.55")

        def kernel(depth, function):
            def entry(s, t):
                f = mpmath.cos(s - t)
                for _ in range(depth):
                    f = mpmath.exp((f - 1) / 2)
                return function(f)

            square = mpmath.matrix([[entry(s, t) for t in angles] for s in angles])
            return square, mpmath.matrix([entry(new, t) for t in angles])

        matrix, row = kernel(60, lambda f: f)
        direct = (row.T * mpmath.lu_solve(matrix, y))[0]
        G, g = kernel(200, lambda f: (1 - f) * mpf(2) ** 200)
        v = mpmath.ones(len(angles), 1)
        inverse_v, inverse_y = mpmath.lu_solve(G, v), mpmath.lu_solve(G, y)
        e, Y = (v.T * inverse_v)[0], (v.T * inverse_y)[0]
        predicted = Y / e + (g.T * inverse_y)[0] - Y / e * (g.T * inverse_v)[0]
        assert abs(direct - predicted) < mpf(10) ** -14
        assert abs(predicted - 1) > mpf("0.1")  # no constant, and no label


@pytest.mark.parametrize(("sign", "value"), [(1, 2 + np.sqrt(6) / 2), (-1, 2 - np.sqrt(6) / 2)])
def test_the_slope_of_the_variance_map_by_quadrature(sign, value):
    """The activation for the plane and its twin with one sign flipped."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / np.sqrt(2 * np.pi)

    def variance(q):
        z = np.sqrt(q) * nodes
        phi = (z + sign * (z**3 - 3 * z) / np.sqrt(6)) / np.sqrt(2)
        return weights @ phi**2

    step = 1e-4
    assert np.isclose((variance(1 + step) - variance(1 - step)) / (2 * step), value, atol=1e-6)
    formula = compiled("ntk/variance/optimal", args=("d", "s"))
    assert np.isclose(float(formula(2.0, float(sign))), value)
