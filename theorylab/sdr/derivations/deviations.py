"""Large deviations: the overlap distribution by entropies, and the prefactor of the tail."""

from sympy import Function, Min, Rational, Symbol, log, oo, pi, simplify

from theorylab.sdr.derivations.symbols import a, b, logarithms, n, p, q, s
from theorylab.symbolic import Derivation, Integers, Interval, Limit, Rewrite

_x, _y = Symbol("x", positive=True), Symbol("y", positive=True)
_Dx, _Dy = Symbol("D_x", positive=True), Symbol("D_y", positive=True)
_hp, _hx, _hy = (Symbol(f"h_{name}", positive=True) for name in "pxy")
_L, _term = Symbol("L", real=True), Symbol("B", positive=True)
_tail = Symbol(r"F_{\mathrm{BR}}", positive=True)
_D, _rho = Symbol("D", positive=True), Symbol("rho", positive=True)
_factorial = Function("ell", real=True)
_rest = Function("f", real=True)

DEVIATIONS = Derivation(
    "sdr/deviations",
    title="Large deviations",
    about=(
        "With Stirling's formula, factorials become entropies. That turns the overlap distribution "
        "into an exponential of divergences, which is also how it is best computed, and it gives "
        "the factor that Chernoff's bound leaves out."
    ),
    domain={
        a: Integers(3, 8),
        s: Integers(3, 8),
        n: Integers(a + s, a + s + 12),
        b: Integers(1, Min(a, s) - 1),
        p: Interval(Rational(1, 20), Rational(2, 5)),
        q: Interval(Rational(9, 20), Rational(19, 20)),
        _x: Interval(Rational(1, 20), Rational(19, 20)),
        _y: Interval(Rational(1, 20), Rational(19, 20)),
        **{symbol: Interval(Rational(1, 10), 1) for symbol in (_Dx, _Dy, _D, _hp, _hx, _hy)},
        _rho: Interval(Rational(1, 20), Rational(1, 2)),
        _L: Interval(-9, 0),
        **{symbol: Interval(Rational(1, 10), 1) for symbol in (_term, _tail)},
        _factorial(s): Interval(0, 9),
        _rest(s): Interval(0, 2),
    },
)


def _divergence(first, second):
    return first * log(first / second) + (1 - first) * log((1 - first) / (1 - second))


def _entropy(share):
    return -share * log(share) - (1 - share) * log(1 - share)


def _identity(d: Derivation) -> None:
    d.assume(
        "divergences",
        (_Dx, _Dy),
        (_divergence(_x, p), _divergence(_y, p)),
        why="How far the shares x and y are from the share p.",
    )
    d.assume(
        "entropies",
        (_hp, _hx, _hy),
        (_entropy(p), _entropy(_x), _entropy(_y)),
        why="The entropies of the shares.",
    )
    d.assume(
        "conserved",
        p,
        (s * _x + (n - s) * _y) / n,
        why="Among all n cells the share p is active: x of the s presynaptic ones and y of the "
        "others.",
    )
    d.step(
        "identity",
        s * _Dx + (n - s) * _Dy,
        n * _hp - s * _hx - (n - s) * _hy,
        by=Rewrite(how=(logarithms, simplify)),
        using=("divergences", "entropies", "conserved"),
        why="What the deviation costs is the entropy that it takes away.",
    )


def _deviance(d: Derivation) -> None:
    counts = (s, b, s - b, n - s, a - b, n - s - a + b, n, a, n - a)
    signs = (1, -1, -1, 1, -1, -1, -1, 1, 1)
    d.assume(
        "log-overlap",
        _L,
        sum(sign * _factorial(count) for sign, count in zip(signs, counts, strict=True)),
        why="The logarithm of the overlap distribution, with $\\ell(x) = \\log x!$.",
    )
    d.assume(
        "factorials",
        tuple(_factorial(count) for count in counts),
        tuple(count * log(count) - count + _rest(count) for count in counts),
        why="This defines f, the part of a log factorial that is not $x\\log x - x$.",
    )
    share = a / n
    cells = {
        b: s * share,
        s - b: s * (1 - share),
        a - b: (n - s) * share,
        n - s - a + b: (n - s) * (1 - share),
    }
    d.step(
        "deviance",
        _L,
        -sum(count * log(count / mean) for count, mean in cells.items())
        + _rest(s)
        + _rest(n - s)
        + _rest(a)
        + _rest(n - a)
        - _rest(n)
        - sum(_rest(count) for count in cells),
        by=Rewrite(how=logarithms),
        using=("log-overlap", "factorials"),
        why="The four counts against their means: the large logarithms are gone. This is how the "
        "library computes it.",
    )


def _prefactor(d: Derivation) -> None:
    d.assume("divergence", _D, _divergence(q, p), why="The divergence of threshold and sparsity.")
    counts = (s, q * s, (1 - q) * s)
    d.assume(
        "binomial-term",
        log(_term),
        _factorial(s)
        - _factorial(q * s)
        - _factorial((1 - q) * s)
        + q * s * log(p)
        + (1 - q) * s * log(1 - p),
        why="The binomial probability of just reaching the threshold $\\theta = qs$, by "
        "logarithms.",
    )
    d.assume(
        "term-factorials",
        tuple(_factorial(count) for count in counts),
        tuple(count * log(count) - count + _rest(count) for count in counts),
        why="The definition of f once more.",
    )
    d.step(
        "binomial-deviance",
        log(_term),
        -s * _D + _rest(s) - _rest(q * s) - _rest((1 - q) * s),
        by=Rewrite(how=logarithms),
        using=("binomial-term", "term-factorials", "divergence"),
        why="Chernoff's exponent is exact; what it leaves out is in f.",
    )
    d.assume(
        "stirling",
        tuple(_rest(count) for count in counts),
        tuple(log(2 * pi * count) / 2 for count in counts),
        why="Stirling's formula to leading order: f(x) is $\\frac12\\log 2\\pi x$ up to $1/(12x)$.",
        source="robbins1955remark",
    )
    d.step(
        "prefactor",
        log(_term),
        -s * _D - log(2 * pi * s * q * (1 - q)) / 2,
        by=Rewrite(how=logarithms),
        using=("binomial-deviance", "stirling"),
        why="The first term of the tail.",
    )
    d.step(
        "ratio-limit",
        (1 - q) * s * p / ((q * s + 1) * (1 - p)),
        p * (1 - q) / (q * (1 - p)),
        by=Limit(s, oo),
        why="The ratio of neighbouring terms at the threshold, on a long segment.",
    )
    d.assume("ratio", _rho, p * (1 - q) / (q * (1 - p)), why="This limit.")
    d.assume(
        "geometric",
        log(_tail),
        log(_term) - log(1 - _rho),
        why="The terms of the tail as a geometric series.",
    )
    d.step(
        "bahadur-rao",
        log(_tail),
        -s * _D - log(2 * pi * s * q * (1 - q)) / 2 - log(1 - p * (1 - q) / (q * (1 - p))),
        by=Rewrite(),
        using=("geometric", "prefactor", "ratio"),
        why="Chernoff's bound with its prefactor.",
        source="bahadur1960deviations",
    )


_identity(DEVIATIONS)
_deviance(DEVIATIONS)
_prefactor(DEVIATIONS)
