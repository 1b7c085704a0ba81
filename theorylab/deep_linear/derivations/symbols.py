"""Symbols that the chapter's derivations share, and simplifiers that suit them."""

from sympy import (
    Dummy,
    Function,
    Symbol,
    cancel,
    exp,
    expand_power_base,
    log,
    powdenest,
    powsimp,
    simplify,
    symbols,
    together,
)

t = Symbol("t", nonnegative=True)
D = Symbol("D", integer=True, positive=True)
S, K, K_0, K_A, K_B = symbols("S K K_0 K_A K_B", positive=True)
tau, mu, eta = symbols("tau mu eta", positive=True)
lam = Symbol("lambda", positive=True)

r = Function("r", real=True)
strength = Function("K", positive=True)
strength_a = Function("K_A", positive=True)
strength_b = Function("K_B", positive=True)
layer_a = Function("p_A", positive=True)
layer_b = Function("p_B", positive=True)


def powers(expr):
    """Merge powers of positive bases, also where exponents hold the depth."""
    return powsimp(powdenest(expand_power_base(expr, force=True), force=True).expand(), force=True)


def exponents(expr):
    """Merge powers, and bring every exponent over one denominator."""
    return powers(expr).replace(lambda n: n.is_Pow, lambda n: n.base ** cancel(n.exp))


def tidy(expr):
    """Merge powers, then simplify."""
    return simplify(powers(expr))


def rational(expr):
    """Cancel, inside logarithms first, with each exponential as one unknown."""
    expr = expr.replace(log, lambda arg: log(_cancelled(arg)))
    return _cancelled(expr)


def _cancelled(expr):
    unknown: dict = {}

    def name(arg):
        minus = arg.could_extract_minus_sign()
        symbol = unknown.setdefault(-arg if minus else arg, Dummy("e", positive=True))
        return 1 / symbol if minus else symbol

    plain = cancel(together(expr.replace(exp, name)))
    return plain.xreplace({symbol: exp(arg) for arg, symbol in unknown.items()})


def shared_power(exponent):
    """A simplifier that takes the power `base**exponent` of each base as one unknown."""

    def simplifier(expr):
        unknown: dict = {}

        def split(node):
            rest = simplify(node.exp - exponent)
            symbol = unknown.setdefault(node.base, Dummy("y", positive=True))
            return symbol * node.base**rest if rest.is_Integer else node

        return cancel(expr.replace(lambda n: n.is_Pow and not n.exp.is_Integer, split))

    return simplifier
