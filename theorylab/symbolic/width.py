"""How wide an equation is on the page, roughly, so that a long one is broken at its sign."""

import re

COLUMN = 40.0  # letters that fit inside a theorem of the book, beside the equation's number
_TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\S")
_NOTHING = {r"\left", r"\right", r"\operatorname", r"\mathrm", r"\text", r"\boldsymbol"}
_SPACES = {r"\,": 0.3, r"\;": 0.5, r"\!": 0.0, r"\quad": 2.0, r"\qquad": 4.0}
_WORDS = {r"\log", r"\exp", r"\sin", r"\cos", r"\tan", r"\max", r"\min", r"\lim", r"\tanh"}
_SIGNS = {"+", "-", "=", "<", ">", r"\leq", r"\geq", r"\sim", r"\to", r"\cdot"}


def width(tex: str) -> float:
    """The width of a formula in letters: fractions and matrices side by side, indices small.

    >>> width("a + b"), width(r"\\frac{a + b}{c}"), width("x^{10}")
    (4.0, 4.0, 2.4)
    """
    return _rows(_TOKEN.findall(tex)[::-1])


def _rows(tokens: list[str]) -> float:
    # Up to the closing brace or \end: the widest row. Takes what it reads off the end.
    rows = [0.0]
    while tokens:
        token = tokens.pop()
        if token == "}" or token == r"\end":
            if token == r"\end":
                _group(tokens)
            break
        if token == r"\\":
            rows.append(0.0)
        else:
            rows[-1] += _one(token, tokens)
    return max(rows)


def _one(token: str, tokens: list[str]) -> float:
    if token in (r"\frac", r"\binom"):
        return max(_group(tokens), _group(tokens))
    if token in ("_", "^"):
        size = _group(tokens)
        if token == "_" and tokens and tokens[-1] == "^":
            tokens.pop()
            size = max(size, _group(tokens))
        return 0.7 * size
    if token == r"\begin":
        _group(tokens)
        return 2.0 + _rows(tokens)
    if token == "{":
        return _rows(tokens)
    if token == r"\sqrt":
        return 1.0 + _group(tokens)
    if token in _NOTHING:
        return 0.0
    if token in _SPACES:
        return _SPACES[token]
    if token in _WORDS:
        return len(token) - 1.0
    return 2.0 if token in _SIGNS or token == "&" else 1.0


def _group(tokens: list[str]) -> float:
    if not tokens:
        return 0.0
    token = tokens.pop()
    return _rows(tokens) if token == "{" else _one(token, tokens)
