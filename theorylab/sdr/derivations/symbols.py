"""Symbols that the chapter's derivations share, and simplifiers that suit them."""

from sympy import (
    Add,
    Dummy,
    E,
    Function,
    Integer,
    Min,
    Mul,
    Sum,
    Symbol,
    binomial,
    cancel,
    exp,
    expand,
    expand_log,
    factor,
    ff,
    gamma,
    gammasimp,
    log,
    powsimp,
    symbols,
    together,
)

from theorylab.symbolic import Integers, Interval

n, a, s = symbols("n a s", integer=True, positive=True)
theta = Symbol("theta", integer=True, positive=True)
b, j, k, r = symbols("b j k r", integer=True, nonnegative=True)
p, q, nu = symbols("p q nu", positive=True)
M = Symbol("M", integer=True, nonnegative=True)

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
    ratios = [powsimp(gammasimp(_as_gammas(term / terms[0]))) for term in terms]
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


def one_sum(expr):
    """Write sums of sums as one sum over both, each in the same order, and join them."""

    def flat(term):
        limits: tuple = ()
        while True:
            sums = [factor for factor in term.as_ordered_factors() if isinstance(factor, Sum)]
            if not sums:
                return Sum(term, *limits) if limits else term
            outer = sums[0]
            limits += outer.limits
            term = expand(term / outer) * outer.function

    def ordered(total):
        return Sum(total.function, *sorted(total.limits, key=lambda limit: str(limit[0])))

    flattened = Add(*(flat(term) for term in Add.make_args(expand(expr))))
    return joined(flattened.replace(lambda node: isinstance(node, Sum), ordered))


def as_exponentials(expr):
    """Write powers with symbolic exponents as exponentials, probabilities by their odds.

    A probability is 1/(1 + x) with x > 0, so that every base is a quotient of positive sums and
    its logarithm splits.
    """
    odds = {share: 1 / (1 + Dummy(f"x_{share}", positive=True)) for share in (p, q)}

    def split(base, power):
        if power.is_number and base != E:
            return base**power
        return exp(expand(power * expand_log(log(factor(base)), force=True)))

    expr = expr.subs(odds).replace(
        lambda node: node.is_Pow, lambda node: split(node.base, node.exp)
    )
    expr = expr.replace(log, lambda arg: expand_log(log(factor(arg)), force=True))
    return expr.replace(exp, lambda arg: exp(expand(arg)))


def logarithms(expr):
    """Split logarithms of positive quotients into those of their factors, up to signs."""

    def split(arg):
        number, factors = _positive_factors(arg)
        parts = [power * log(base) for base, power in factors]
        return Add(log(number), *parts)

    return expr.replace(log, split).expand()


def _positive_factors(arg):
    """A positive number and factors with their powers, each with a canonical sign."""
    number, found = Integer(1), []
    for part in Mul.make_args(factor(together(arg))):
        base, power = part.as_base_exp()
        if base.is_number:
            number *= abs(part)
            continue
        found.append((-base if base.could_extract_minus_sign() else base, power))
    return number, found


def written_out(expr):
    """Write out sums over explicit ranges, the outer ones first."""

    def explicit(node):
        return isinstance(node, Sum) and all(end.is_Integer for end in node.limits[0][1:])

    def terms(total):
        index, low, high = total.limits[0]
        return Add(*(total.function.subs(index, at) for at in range(int(low), int(high) + 1)))

    while (longer := expr.replace(explicit, terms)) != expr:
        expr = longer
    return expr
