"""Symbols that the chapter's derivations share, and simplifiers that suit them."""

from sympy import (
    Add,
    Dummy,
    Function,
    Min,
    Sum,
    Symbol,
    binomial,
    cancel,
    expand,
    ff,
    gamma,
    gammasimp,
    symbols,
    together,
)

from theorylab.symbolic import Integers, Interval

n, a, s = symbols("n a s", integer=True, positive=True)
theta = Symbol("theta", integer=True, positive=True)
b, j, k, r = symbols("b j k r", integer=True, nonnegative=True)
p, q, nu = symbols("p q nu", positive=True)
M = Symbol("M", integer=True, positive=True)

P = Function("P", nonnegative=True)  # the overlap distribution
F = Symbol("F", positive=True)  # its upper tail, the false-positive probability

CELLS = {
    a: Integers(2, 7),
    s: Integers(2, 7),
    n: Integers(a + s, a + s + 12),
    theta: Integers(1, Min(a, s)),
    b: Integers(0, Min(a, s)),
    P(b): Interval(0, 1),
    F: Interval(0, 1),
}


def overlap(at, cells=n, active=a, synapses=s):
    """The probability of an overlap of `at` cells, by counting."""
    return (
        binomial(synapses, at) * binomial(cells - synapses, active - at) / binomial(cells, active)
    )


def hypergeometric(expr):
    """Zero, if the terms are rational multiples of one another that cancel."""
    terms = Add.make_args(expand(expr, deep=False))
    if terms[0] == 0:
        return terms[0]
    ratios = [gammasimp(_as_gammas(term / terms[0])) for term in terms]
    rest = cancel(together(Add(*ratios)))
    return rest if rest == 0 else rest * terms[0]


def ratio_of_gammas(expr):
    """Simplify term by term, falling powers written as quotients of gamma functions."""
    return cancel(together(Add(*(gammasimp(_as_gammas(t)) for t in Add.make_args(expand(expr))))))


def _as_gammas(expr):
    return expr.replace(ff, lambda x, k: gamma(x + 1) / gamma(x - k + 1))


def summand_by_summand(expr):
    """Put sums over one range into one, and simplify what is summed."""
    groups: dict = {}
    rest = []
    for term in Add.make_args(expand(expr)):
        sums = [factor for factor in term.as_ordered_factors() if isinstance(factor, Sum)]
        if len(sums) != 1:
            rest.append(term)
            continue
        scale = term / sums[0]
        groups.setdefault(sums[0].limits, []).append(scale * sums[0].function)
    total = Add(*rest)
    for limits, summands in groups.items():
        summed = hypergeometric(Add(*summands))
        total += 0 if summed == 0 else Sum(summed, *limits)
    return total


def joined(expr):
    """Put sums over one range into one, and expand what is summed."""
    groups: dict = {}
    for term in Add.make_args(expand(expr)):
        sums = [factor for factor in term.as_ordered_factors() if isinstance(factor, Sum)]
        outer = sums[-1] if sums else None
        limits = outer.limits if outer else ()
        groups.setdefault(limits, []).append(
            term if outer is None else term / outer * outer.function
        )
    total = Add(*groups.pop((), []))
    for limits, summands in groups.items():
        summed = expand(Add(*summands))
        total += 0 if summed == 0 else Sum(summed, *limits)
    return total


def whole_ranges(expr):
    """Take out the terms by which sums reach beyond a symbol, as in `theta + 1` to `s + 1`."""

    def split(total):
        index, low, high = total.limits[0]
        extra = high.as_coeff_Add()[0]
        missing = low.as_coeff_Add()[0]
        ends = [high - i for i in range(extra)] + [low - 1 - i for i in range(missing)]
        terms = [total.function.subs(index, end) for end in ends]
        signs = [1] * extra + [-1] * missing
        whole = Sum(total.function, (index, low - missing, high - extra))
        return Add(whole, *(sign * term for sign, term in zip(signs, terms, strict=True)))

    return expr.replace(lambda node: isinstance(node, Sum), split)


def signs_of_sums(expr):
    """For a sign: a sum of terms that are not negative becomes a number that is not negative."""

    def number(total):
        return Dummy("total", nonnegative=True) if total.function.is_nonnegative else total

    return expr.replace(lambda node: isinstance(node, Sum), number)
