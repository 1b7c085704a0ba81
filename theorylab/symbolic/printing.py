"""Textbook LaTeX: positive terms first, no `(t)`, fractions that fit where they stand."""

from typing import Any

from sympy import (
    Add,
    Derivative,
    Dummy,
    E,
    Function,
    Integer,
    Integral,
    Mul,
    Pow,
    Product,
    Rational,
    Sum,
    Symbol,
    oo,
)
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

from theorylab.symbolic.items import Item
from theorylab.symbolic.width import COLUMN, width

_SIGNS = {"=": "=", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">", "~": r"\sim"}


def latex(expr: Any) -> str:
    r"""LaTeX of an expression, a matrix or a tuple, as a textbook would set it.

    Functions of time are printed without `(t)`; a symbol's name carries its LaTeX.

    >>> from sympy import symbols
    >>> K, S, D = symbols("K S D", positive=True)
    >>> print(latex(D * K**(2 - 2 / D) * (S - K)))
    D K^{2 - 2/D} (S - K)
    """
    if isinstance(expr, tuple | list):
        return r"\left(" + ",\\; ".join(map(latex, expr)) + r"\right)"
    return _Printer().doprint(expr)


def latex_item(item: Item) -> str:
    """LaTeX of an item: `lhs relation rhs`, with its limit or its order where it has one."""
    sign = _SIGNS[item.relation]
    if isinstance(item.lhs, tuple) and isinstance(item.rhs, tuple):
        lines = [
            f"{latex(left)} &{sign} {latex(right)}"
            for left, right in zip(item.lhs, item.rhs, strict=True)
        ]
        return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"
    left, right = latex(item.lhs), latex(item.rhs)
    rule = getattr(item.rule, "by", item.rule)
    kind = type(rule).__name__
    if kind == "Limit" and item.relation == "=":
        side = {"+": "^{+}", "-": "^{-}"}.get(rule.dir, "") if rule.point.is_finite else ""
        goes = rf"{latex(rule.var)} \to {latex(rule.point)}{side}"
        body = _parens(left) if isinstance(item.lhs, Add) else left
        left = rf"\lim_{{{goes}}} {body}"
    if kind == "Limit" and item.relation == "~":
        right = rf"{right} \qquad ({latex(rule.var)} \to {latex(rule.point)})"
    if kind == "Series":
        right = f"{_by_order(item.rhs, rule)} + {_order(rule)}"
    return _broken(left, sign, right)


def _broken(left: str, sign: str, right: str) -> str:
    """The statement, on two lines if one is too long and two are much shorter."""
    line = f"{left} {sign} {right}"
    longest = max(width(left), 4 + width(right))
    if width(line) <= COLUMN or longest > 0.85 * width(line):
        return line
    return rf"\begin{{aligned}} & {left} \\ & \quad {sign} {right} \end{{aligned}}"


def _by_order(expr: Any, rule: Any) -> str:
    """Terms of an expansion, the leading one first."""
    h = Dummy("h", positive=True)
    back = {rule.var: 1 / h if rule.point == oo else rule.point + h}

    def power(term: Any) -> float:
        exponent = term.subs(back).as_coeff_exponent(h)[1]
        return float(exponent) if exponent.is_number else 0.0

    terms = sorted(Add.make_args(expr), key=power)
    return _joined([latex(term) for term in terms])


def _order(rule: Any) -> str:
    if rule.point == oo:
        return f"O({latex(rule.var)}^{{-{rule.order}}})"
    small = latex(rule.var - rule.point)
    return f"O({small if rule.point == 0 else _parens(small)}^{{{rule.order}}})"


class _Printer(LatexPrinter):
    """SymPy's printer with the habits of a textbook."""

    def __init__(self) -> None:
        super().__init__({"mat_str": "pmatrix", "mat_delim": ""})
        self._inline = 0  # depth of exponents: there fractions are a/b

    # sums and products

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        share, whole = _common_denominator(expr)
        if share != 1:
            return self._print(Mul(share, whole, evaluate=False))
        terms = self._as_ordered_terms(expr, order=order)
        terms.sort(key=_ends_in_a_sum)
        if any(_ends_in_a_sum(term) for term in terms):  # what follows would be read as summed
            signed = [(term.could_extract_minus_sign(), _ends_in_a_sum(term)) for term in terms]
            if (False, True) in signed and (True, False) in signed:
                return _joined(self._closed(terms))
        printed = [self._term(term) for term in terms]
        constant = next((n for n, term in enumerate(terms) if term.is_Number), None)
        if constant is not None and any(_rises(term) for term in terms):
            printed.insert(0, printed.pop(constant))
        if printed[0].startswith("-"):
            if len(expr.free_symbols) == 1 and not printed[-1].startswith("-"):
                printed.reverse()
            printed.sort(key=lambda text: text.startswith("-"))
        return _joined(printed)

    def _closed(self, terms: list) -> list[str]:
        """Positive terms first, each sum in brackets unless it comes last."""
        terms = sorted(terms, key=lambda term: term.could_extract_minus_sign())
        texts = []
        for term in terms:
            text = self._term(term)
            if _ends_in_a_sum(term) and term is not terms[-1]:
                text = f"- {_parens(text[1:].lstrip())}" if text[0] == "-" else _parens(text)
            texts.append(text)
        return texts

    def _term(self, term: Any) -> str:
        text = self._print(term)
        return _parens(text) if isinstance(term, Add) else text

    def _print_Mul(self, expr: Any) -> str:
        number, factors = _factors(expr)
        above, below = [], []
        for factor in factors:
            base, exponent = factor.as_base_exp()
            negative = exponent.is_negative if exponent.is_Rational else (-exponent).is_Symbol
            under = negative and base.is_commutative and (base != E or exponent.is_Rational)
            (below if under and base != E else above).append(1 / factor if under else factor)
        bottom = self._product(number.q, below)
        divided = bool(bottom) and r"\frac" not in bottom  # a tall factor stands beside
        tail = [f for f in above if _open_ended(f) or (divided and self._tall(f))]
        above = [f for f in above if f not in tail]
        top = self._product(abs(number.p), above, bool(tail) and not bottom)
        sign = "- " if number < 0 else ""
        texts = [self._print(f) for f in tail]
        closed = [_parens(text) for text in texts[:-1]]
        if tail and divided and isinstance(tail[-1], Add):
            texts[-1] = _parens(texts[-1])
        after = "".join(f" {text}" for text in [*closed, *texts[-1:]])
        if not bottom:
            return f"{sign}{f'{top}{after}'.strip()}" if top or after else "1"
        if self._inline and not tail:
            over = [f for f in above if isinstance(f, Add)]
            top = _parens(top) if over and len(above) == 1 and number.p in (1, -1) else top or "1"
            lone = len(below) + (number.q != 1) == 1 and not any(isinstance(f, Add) for f in below)
            return f"{sign}{top}/{bottom if lone else _parens(bottom)}"
        return rf"{sign}\frac{{{top or '1'}}}{{{bottom}}}{after}"

    def _tall(self, factor: Any) -> bool:
        """Whether a factor stands better beside a fraction than in its numerator."""
        return not self._inline and r"\frac" in self._print(factor)

    def _product(self, number: int, factors: list, goes_on: bool = False) -> str:
        """Factors side by side, after a number that is left out if it is 1."""
        texts = [] if number == 1 else [str(number)]
        for n, factor in enumerate(factors):
            text = self._print(factor)
            alone = len(factors) == 1 and number == 1 and not goes_on
            if not alone and self._needs_mul_brackets(
                factor, first=n == 0, last=n == len(factors) - 1 and not goes_on
            ):
                text = _parens(text)
            if texts and texts[-1][-1].isdigit() and text[0].isdigit():
                text = rf"\cdot {text}"
            texts.append(text)
        return " ".join(texts)

    def _print_Rational(self, expr: Any) -> str:
        if self._inline and expr.q != 1:
            return f"{'- ' if expr.p < 0 else ''}{abs(expr.p)}/{expr.q}"
        return super()._print_Rational(expr)

    def _print_Pow(self, expr: Any) -> str:
        base, exponent = expr.base, expr.exp
        if not expr.is_commutative:
            return super()._print_Pow(expr)
        if (exponent.is_Integer and exponent < 0) or exponent == Rational(-1, 2):
            return self._print_Mul(expr)
        if exponent == Rational(1, 2):
            return rf"\sqrt{{{self._print(base)}}}"
        return self._raised(base, self._exponent(exponent))

    def _raised(self, base: Any, power: str) -> str:
        if isinstance(base, AppliedUndef) or (base.is_Function and base.func.__name__ != "exp"):
            return self._print(base, exp=power)
        return f"{self._bracketed(base)}^{{{power}}}"

    def _bracketed(self, base: Any) -> str:
        atomic = base.is_Symbol or base.is_NumberSymbol or (base.is_Integer and base >= 0)
        atomic = atomic or base.is_Function or getattr(base, "is_symbol", False)
        text = self._print(base)
        return text if atomic else _parens(text)

    def _exponent(self, exponent: Any) -> str:
        self._inline += 1
        text = self._print(exponent)
        self._inline -= 1
        return text

    def _print_exp(self, expr: Any, exp: Any = None) -> str:
        power = expr.args[0]
        tall = power.has(Integral, Sum) or any(_tall(node) for node in power.atoms(Pow))
        if tall and not self._inline:
            text = r"\exp" + _parens(self._print(power))
        else:
            text = f"e^{{{self._exponent(power)}}}"
        return text if exp is None else f"{_parens(text)}^{{{exp}}}"

    _print_ExpBase = _print_exp

    # functions

    def _print_AppliedUndef(self, expr: Any, exp: Any = None) -> str:
        text = self._print(Symbol(expr.func.__name__))
        plain = all(arg.is_Symbol for arg in expr.args)
        index = all(arg.is_integer for arg in expr.args) and bool(expr.free_symbols)
        if index and "_" not in text:
            text += f"_{{{', '.join(map(self._print, expr.args))}}}"
        elif not (plain and (str(expr.args[0]) == "t" or len(expr.args) > 3)):
            text += _parens(", ".join(map(self._print, expr.args)))
        return text if exp is None else f"{text}^{{{exp}}}"

    def _named(self, name: str, expr: Any, exp: Any = None) -> str:
        args = expr.args
        short = len(args) == 1 and _short(args[0])
        power = "" if exp is None else f"^{{{exp}}}"
        if short and name.startswith("\\") and exp is None:
            return f"{name} {self._print(args[0])}"
        return name + power + _parens(", ".join(map(self._print, args)))

    def _print_log(self, expr: Any, exp: Any = None) -> str:
        return self._named(r"\log", expr, exp)

    def _hprint_Function(self, func: str) -> str:
        return _OPERATORS.get(func) or super()._hprint_Function(func)

    def _print_Function(self, expr: Any, exp: Any = None) -> str:
        name = expr.func.__name__
        if name in _OPERATORS:
            return self._named(_OPERATORS[name], expr, exp)
        return super()._print_Function(expr, exp)

    def _print_gamma(self, expr: Any, exp: Any = None) -> str:
        return rf"\Gamma{_power(exp)}" + _parens(self._print(expr.args[0]))

    def _print_factorial(self, expr: Any, exp: Any = None) -> str:
        text = f"{self._bracketed(expr.args[0])}!"
        return text if exp is None else f"({text})^{{{exp}}}"

    def _print_loggamma(self, expr: Any, exp: Any = None) -> str:
        text = r"\log \Gamma" + _parens(self._print(expr.args[0]))
        return text if exp is None else f"{_parens(text)}^{{{exp}}}"

    def _print_FallingFactorial(self, expr: Any, exp: Any = None) -> str:
        base = self._bracketed(expr.args[0])
        text = rf"{base}^{{\underline{{{self._exponent(expr.args[1])}}}}}"
        return text if exp is None else f"{_parens(text)}^{{{exp}}}"

    def _print_hyper(self, expr: Any, exp: Any = None) -> str:
        top, bottom = (", ".join(map(self._print, side)) for side in (expr.ap, expr.bq))
        name = f"{{}}_{{{len(expr.ap)}}}F_{{{len(expr.bq)}}}{_power(exp)}"
        return name + _parens(f"{top}; {bottom}; {self._print(expr.argument)}")

    # calculus

    def _print_Derivative(self, expr: Any) -> str:
        d = r"\partial" if _is_partial(expr) else "d"
        order = len(expr.variables)
        power = "" if order == 1 else f"^{{{order}}}"
        below = " ".join(
            f"{d} {self._print(variable)}" + ("" if count == 1 else f"^{{{count}}}")
            for variable, count in expr.variable_count
        )
        inside = expr.expr
        if isinstance(inside, AppliedUndef | Symbol) and all(a.is_Symbol for a in inside.args):
            name = inside.func.__name__ if inside.args else inside.name
            return rf"\frac{{{d}{power} {self._print(Symbol(name))}}}{{{below}}}"
        body = self._print(inside)
        if isinstance(inside, Add | Mul):
            body = _parens(body)
        return rf"\frac{{{d}{power}}}{{{below}}} {body}"

    def _print_Integral(self, expr: Any) -> str:
        return super()._print_Integral(expr).replace(r"\int\limits", r"\int")

    def _print_binomial(self, expr: Any, exp: Any = None) -> str:
        n, k = map(self._print, expr.args)
        return rf"\binom{{{n}}}{{{k}}}{_power(exp)}"

    # matrices

    def _print_transpose(self, expr: Any, exp: Any = None) -> str:
        text = self._bracketed(expr.args[0]) + r"^{\top}"
        return text if exp is None else f"{_parens(text)}^{{{exp}}}"

    def _print_Transpose(self, expr: Any) -> str:
        return self._print_transpose(expr)

    def _print_Trace(self, expr: Any) -> str:
        return r"\operatorname{tr}" + _parens(self._print(expr.arg))


_OPERATORS = {
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "coth")},
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "asinh": r"\operatorname{arsinh}",
    "acosh": r"\operatorname{arcosh}",
    "atanh": r"\operatorname{artanh}",
    "sech": r"\operatorname{sech}",
    "erf": r"\operatorname{erf}",
    "erfc": r"\operatorname{erfc}",
    "sign": r"\operatorname{sign}",
    "Heaviside": r"\Theta",
    "LambertW": r"W",
    "digamma": r"\psi",
}


def _power(exp: Any) -> str:
    return "" if exp is None else f"^{{{exp}}}"


def _joined(printed: list[str]) -> str:
    text = printed[0]
    for term in printed[1:]:
        text += f" - {term[1:].lstrip()}" if term.startswith("-") else f" + {term}"
    return text


def _rises(term: Any) -> bool:
    """Whether a term is no polynomial, so that a constant is better read before it."""
    return term.has(Function) and any(
        not isinstance(node, AppliedUndef) for node in term.atoms(Function)
    )


def _short(arg: Any) -> bool:
    """Whether an argument needs no brackets: log x."""
    if isinstance(arg, AppliedUndef):
        return [str(a) for a in arg.args] == ["t"]
    return bool(arg.is_Symbol or (arg.is_Integer and arg >= 0))


def _open_ended(factor: Any) -> bool:
    """Whether what follows a factor could be read as a part of it."""
    if isinstance(factor, Derivative):
        return not isinstance(factor.expr, AppliedUndef | Symbol)
    return isinstance(factor, Sum | Integral | Product)


def _ends_in_a_sum(term: Any) -> bool:
    return any(isinstance(factor, Sum | Product) for factor in Mul.make_args(term))


def _tall(node: Any) -> bool:
    return bool(node.exp.is_Rational and node.exp < 0 and len(node.base.args) > 2)


def _is_partial(expr: Any) -> bool:
    return len(
        {s for s in expr.expr.free_symbols if not s.is_number} | set(expr.variables)
    ) > 1 and (isinstance(expr.expr, AppliedUndef) and len(expr.expr.args) > 1)


def _factors(expr: Any) -> tuple[Any, list]:
    """The rational coefficient and the other factors; sums of whole numbers come first."""
    number, factors = Integer(1), []
    for factor in expr.as_ordered_factors() if isinstance(expr, Mul) else [expr]:
        if factor.is_Rational:
            number *= factor
            continue
        base, exponent = factor.as_base_exp()
        if isinstance(base, Add) and exponent in (1, -1):
            share, base = _content(base)
            number, factor = number * share**exponent, base**exponent
        factors.append(factor)
    factors.sort(key=_place)
    return number, factors


def _place(factor: Any) -> int:
    """Numbers and sums of whole numbers, whole numbers, other symbols and powers, then what has a
    formula as its index, sums, functions, matrices.
    """
    base = factor.as_base_exp()[0]
    if factor.is_commutative is False:
        return 6
    whole = isinstance(factor, Add) and all(s.is_integer for s in factor.free_symbols)
    if factor.is_number or whole:
        return 0
    if isinstance(factor, Symbol) and factor.is_integer:
        return 1
    if isinstance(base, Symbol | AppliedUndef | Integer):
        indexed = isinstance(base, AppliedUndef) and [str(arg) for arg in base.args] != ["t"]
        indexed = indexed or (isinstance(base, Symbol) and "+" in base.name)
        return 3 if indexed else 2
    return 4 if isinstance(base, Add) else 5


def _content(expr: Any) -> tuple[Any, Any]:
    """Take c out of c (a - b + ...), where all coefficients are c or -c."""
    share, rest = expr.primitive()
    signs = {term.as_coeff_Mul()[0] for term in rest.args}
    if signs == {-1}:
        return -share, -rest
    return (share, rest) if signs <= {1, -1} else (Integer(1), expr)


def _common_denominator(expr: Any) -> tuple[Any, Any]:
    share, rest = _content(expr)
    return (share, rest) if share.q != 1 else (Integer(1), expr)


def _parens(text: str) -> str:
    """Brackets, growing only where what they hold is tall."""
    words = (r"\frac", r"\sum", r"\int", r"\binom", "matrix", r"\prod", "cases")
    tall = any(word in text for word in words)
    return rf"\left({text}\right)" if tall else f"({text})"


__all__ = ["latex", "latex_item"]
