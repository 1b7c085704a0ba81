"""The printer: every habit of a textbook that the page relies on, by example."""

import pytest
import sympy as sp

from theorylab.symbolic import (
    Derivation,
    Integers,
    Interval,
    Limit,
    Rewrite,
    Series,
    latex,
)
from theorylab.symbolic.width import width

t, S, K, K0, KA, KB, a, b, x, y, p, q, lam, h = sp.symbols(
    "t S K K_0 K_A K_B a b x y p q lambda h", positive=True
)
D, n, k = sp.symbols("D n k", integer=True, positive=True)
A, B = sp.symbols("A B", commutative=False)
P, r, K_t = sp.Function("p_A")(t), sp.Function("r"), sp.Function("K")
W, V = sp.MatrixSymbol("W", 2, 2), sp.MatrixSymbol("V", 2, 2)
R = sp.Rational

S_next = sp.Symbol(r"S_{\theta+1}", real=True)
EXAMPLES = [
    # whole numbers first, what has a formula as its index last
    (sp.Symbol("F") * n, "n F"),
    (S_next * sp.Symbol("theta", integer=True), r"\theta S_{\theta+1}"),
    (sp.Function("f")(n + 1) * n * x, "n x f_{n + 1}"),
    (n * x ** (n - 1), "n x^{n - 1}"),
    # what follows a sum is not summed
    (sp.Sum(x**k, (k, 1, n)) - b, r"\left(\sum_{k=1}^{n} x^{k}\right) - b"),
    (b - sp.Sum(x**k, (k, 1, n)), r"b - \sum_{k=1}^{n} x^{k}"),
    (sp.factorial(n) ** 2, "(n!)^{2}"),
    (sp.sqrt(sp.factorial(2 * n)), r"\sqrt{(2 n)!}"),
    (
        2 * sp.Piecewise((x, x > 1), (0, True)),
        r"2 \left(\begin{cases} x & \text{for}\: x > 1 \\0 & \text{otherwise} \end{cases}\right)",
    ),
    # positive terms first
    (b - a, "b - a"),
    (S - KA - KB, "S - K_{A} - K_{B}"),
    (1 - x, "1 - x"),
    (x**2 - x + 1, "x^{2} - x + 1"),
    (1 + x - x**2, "1 + x - x^{2}"),
    (S - (S - K0) * sp.exp(-t), "S - (S - K_{0}) e^{- t}"),
    (-x - y, "- x - y"),
    # a constant goes before what is no polynomial
    (D - 1, "D - 1"),
    (
        S / (1 + (S / K0 - 1) * sp.exp(-2 * S * t)),
        r"\frac{S}{1 + \left(\frac{S}{K_{0}} - 1\right) e^{- 2 S t}}",
    ),
    # powers and fractions
    (D * K ** (2 - 2 / D) * (S - K), "D K^{2 - 2/D} (S - K)"),
    (x ** R(1, 3), "x^{1/3}"),
    (x ** R(-1, 3), "x^{- 1/3}"),
    (sp.sqrt(x) / sp.sqrt(y), r"\frac{\sqrt{x}}{\sqrt{y}}"),
    (x ** (-1 / D), "x^{- 1/D}"),
    (p ** (2 - D) / (2 - D), r"\frac{p^{2 - D}}{2 - D}"),
    (sp.exp(-((x - a) ** 2) / (2 * b)), "e^{- (x - a)^{2}/(2 b)}"),
    (sp.pi**2 / 6, r"\frac{\pi^{2}}{6}"),
    ((-x) ** n, "(- x)^{n}"),
    (2 * 3**x, r"2 \cdot 3^{x}"),
    (sp.pi * k * 2, r"2 \pi k"),
    ((a + b) ** 2 / (a - b), r"\frac{(a + b)^{2}}{a - b}"),
    ((x + y) / 2, r"\frac{x + y}{2}"),
    (x - R(1, 2), r"x - \frac{1}{2}"),
    (S * (2 * D - 2) / (3 * D - 2), r"\frac{2 (D - 1) S}{3 D - 2}"),
    (
        (q ** (2 * D - 2) + (D - 1) * p**2 * q ** (2 * D - 4)) * r(t),
        "r ((D - 1) p^{2} q^{2 D - 4} + q^{2 D - 2})",
    ),
    # functions of time, and other functions
    (P ** (D - 1) * r(t), "p_{A}^{D - 1} r"),
    (K_t(0), "K(0)"),
    (r(x), "r(x)"),
    (sp.log(x), r"\log x"),
    (sp.log(S / K0 - 1) / (2 * S), r"\frac{1}{2 S} \log\left(\frac{S}{K_{0}} - 1\right)"),
    (sp.sin(x) ** 2, r"\sin^{2}(x)"),
    (sp.asinh(p / sp.sqrt(lam)), r"\operatorname{arsinh}\left(\frac{p}{\sqrt{\lambda}}\right)"),
    (
        sp.gamma(D / 2) / sp.gamma((D - 1) / 2),
        r"\frac{\Gamma\left(\frac{D}{2}\right)}{\Gamma\left(\frac{D - 1}{2}\right)}",
    ),
    (sp.binomial(n, k), r"\binom{n}{k}"),
    (sp.ff(a, k) / sp.ff(n, k), r"\frac{a^{\underline{k}}}{n^{\underline{k}}}"),
    (sp.hyper((1, b), (b + 1,), x), "{}_{2}F_{1}(1, b; b + 1; x)"),
    # calculus
    (sp.diff(P, t), r"\frac{d p_{A}}{d t}"),
    (sp.diff(P, t, 2), r"\frac{d^{2} p_{A}}{d t^{2}}"),
    (sp.Derivative(P**2 + 1, t), r"\frac{d}{d t} (p_{A}^{2} + 1)"),
    (sp.Integral(r(x), (x, 0, t)), r"\int_{0}^{t} r(x)\, dx"),
    (-sp.Integral(x, (x, 0, y)) / 2, r"- \frac{1}{2} \int_{0}^{y} x\, dx"),
    (sp.Sum(k**2, (k, 1, n)), r"\sum_{k=1}^{n} k^{2}"),
    ((D - 2) * sp.Integral(x, (x, 0, y)), r"(D - 2) \int_{0}^{y} x\, dx"),
    ((a - b) * sp.Sum(k, (k, 1, n)) / 2, r"\frac{a - b}{2} \sum_{k=1}^{n} k"),
    (sp.Sum(k, (k, 1, n)) + n, r"n + \sum_{k=1}^{n} k"),
    ((a + b) * sp.Derivative(P**2, t), r"(a + b) \frac{d}{d t} p_{A}^{2}"),
    (r(t) * sp.diff(P, t), r"r \frac{d p_{A}}{d t}"),
    (K_t(t) * (S - K_t(t)) * sp.exp(-t), "K (S - K) e^{- t}"),
    (K_t(p) ** (2 - 1 / D), "K(p)^{2 - 1/D}"),
    (sp.log(K_t(t)), r"\log K"),
    (
        D * (S / (x + y)) ** (1 / D) / 2,
        r"\frac{D}{2} \left(\frac{S}{x + y}\right)^{1/D}",
    ),
    ((-a * b - x * y) * (a + b), "- (a + b) (a b + x y)"),
    ((lam + x**2) ** ((-D - 1) / 2), r"(\lambda + x^{2})^{- (D + 1)/2}"),
    (sp.Function("f")(x, y).diff(x, y), r"\frac{\partial^{2} f}{\partial x \partial y}"),
    (sp.Function("t")(K).diff(K), r"\frac{d t}{d K}"),
    # matrices and non-commuting products keep their order
    (B * A * B**-1 - A * B, "B A B^{-1} - A B"),
    (sp.transpose(A) * B, r"A^{\top} B"),
    (sp.Trace(W.T * V), r"\operatorname{tr}(W^{\top} V)"),
    (sp.Matrix([[a, b], [0, 1]]), r"\begin{pmatrix}a & b\\0 & 1\end{pmatrix}"),
    ((a, b), r"\left(a,\; b\right)"),
    # functions of whole numbers are sequences
    (sp.Function("f")(n + 1) ** 2, "f_{n + 1}^{2}"),
    (sp.Function("M")(n, k), "M_{n, k}"),
    (sp.Function("a_n")(k), "a_{n}(k)"),
    (b**n * a**-n, r"\frac{b^{n}}{a^{n}}"),
]


@pytest.mark.parametrize(("expr", "text"), EXAMPLES, ids=[e[1] for e in EXAMPLES])
def test_example(expr, text):
    assert latex(expr) == text


@pytest.mark.parametrize(("expr", "text"), EXAMPLES, ids=[e[1] for e in EXAMPLES])
def test_brackets_and_braces_close(expr, text):
    printed = latex(expr)
    assert printed.count("{") == printed.count("}")
    assert printed.count(r"\left") == printed.count(r"\right")


def test_items_show_their_kind():
    d = Derivation("t/d", domain={x: Interval(1, 2), h: Interval(0, 1), D: Integers(2, 5)})
    far = d.step("far", (x + D) / D, 1, by=Limit(D, sp.oo))
    assert far.latex() == r"\lim_{D \to \infty} \frac{D + x}{D} = 1"
    near = d.step("near", sp.exp(h) + x, x + 1, by=Limit(h, 0))
    assert near.latex() == r"\lim_{h \to 0^{+}} (x + e^{h}) = x + 1"
    like = d.step("like", D + x, D, by=Limit(D, sp.oo), relation="~")
    assert like.latex() == r"D + x \sim D \qquad (D \to \infty)"
    series = d.step("series", sp.exp(h), 1 + h, by=Series(h, 0, 2))
    assert series.latex() == "e^{h} = 1 + h + O(h^{2})"
    bound = d.assume("bound", x, 3, relation="<=")
    assert bound.latex() == r"x \le 3"
    pair = d.step("pair", (x, h), (x, h), by=Rewrite())
    assert pair.latex() == r"\begin{aligned} x &= x \\ h &= h \end{aligned}"


def test_a_long_statement_is_broken_at_its_sign():
    d = Derivation("t/long", domain={x: Interval(1, 2), h: Interval(0, 1)})
    long = d.step("long", (x + h) ** 7, sp.expand((x + h) ** 7), by=Rewrite())
    assert long.latex().startswith("(h + x)^{7} = "), "a short left side gains nothing"
    terms = sum(sp.sin(n * x) for n in range(2, 9))
    both = d.step("both", terms, sp.expand(terms, trig=True), by=Rewrite()).latex()
    first, second = both.removeprefix(r"\begin{aligned} & ").split(r" \\ & \quad = ")
    assert first == latex(terms) and second.endswith(r"\end{aligned}")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("a", "a + b"),
        (r"\frac{a + b}{c}", r"\frac{a + b + d}{c}"),
        (r"x_{1}^{10}", r"x^{10} x"),
        (r"\begin{pmatrix}a\\b + c\end{pmatrix}", r"\begin{pmatrix}a & d\\b + c & d\end{pmatrix}"),
        (r"\sqrt{a}", r"\sqrt{a + b}"),
    ],
)
def test_width_grows_with_what_is_side_by_side(short, long):
    assert width(short) < width(long)
