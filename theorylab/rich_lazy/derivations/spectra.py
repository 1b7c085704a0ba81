"""The participation ratio: its range, and why flatter spectra have more of it."""

from sympy import MatrixSymbol, Symbol, Trace, factor, symbols

from theorylab.rich_lazy.derivations.symbols import PR, SIZES, M, n
from theorylab.symbolic import Bound, Derivation, Integers, Interval, Rewrite, expand_products

_P = MatrixSymbol("Pi", n, n)
_r = Symbol("r", integer=True, positive=True)
_c, _total, _squares = symbols("c T Q", positive=True)
_low, _high, _eps, _rest = symbols("s_j s_i epsilon delta", positive=True)
_room = Symbol("v", real=True)

SPECTRA = Derivation(
    "rich_lazy/spectra",
    title="The participation ratio as an effective rank",
    about=(
        "The average alignment sees of the spectrum of $M = W_1^T W_1$ only the participation "
        "ratio $\\mathrm{PR} = T^2/Q$, with $T = \\operatorname{Tr} M$ the sum of the squared "
        "singular values of $W_1$ and $Q = \\operatorname{Tr} M^2$ the sum of their squares. It "
        "lies between one and the rank, and every step that makes a spectrum flatter raises it."
    ),
    domain={
        **SIZES,
        _r: Integers(1, 6),
        **{symbol: Interval("1/10", 3) for symbol in (_c, _total, _squares, _low, _eps, _rest)},
        _high: Interval("1/10", 9),
        PR: Interval("1/2", 7),
        _room: Interval(0, 3),
    },
)


def _range(d: Derivation) -> None:
    d.step(
        "square",
        Trace((M - _c * _P) * (M - _c * _P)),
        Trace(M * M) - 2 * _c * Trace(M * _P) + _c**2 * Trace(_P * _P),
        by=Rewrite(how=expand_products),
        why="The squared distance of $M$ from a multiple of the projector $\\Pi$ on its range.",
    )
    d.assume(
        "projector",
        (Trace(M * _P), Trace(_P * _P)),
        (_total, _r),
        why="$M \\Pi = M$, and the trace of a projector is its rank $r$.",
    )
    d.assume("square-sum", Trace(M * M), _squares, why="The sum $Q$ of squares.")
    d.assume("scale", _c, _total / _r, why="The multiple with the same trace as $M$.")
    d.step(
        "distance",
        Trace((M - _c * _P) * (M - _c * _P)),
        _squares - _total**2 / _r,
        by=Rewrite(),
        using=("square", "projector", "square-sum", "scale"),
        why="Then the distance is what the squares exceed those of a flat spectrum of the same "
        "rank.",
    )
    d.assume("room", _room, _squares - _total**2 / _r, why="This squared distance.")
    d.assume("nonnegative", _room, 0, relation=">=", why="which is not negative.")
    d.step(
        "at-most-the-rank",
        _total**2,
        _r * _squares,
        relation="<=",
        by=Bound(multipliers={"nonnegative": _r}),
        using=("room", "nonnegative"),
        why="So the participation ratio is at most the rank; it equals the rank if the singular "
        "values that are not zero agree.",
    )


def _transfer(d: Derivation) -> None:
    before = _high**2 + _low**2
    after = (_high - _eps) ** 2 + (_low + _eps) ** 2
    d.step(
        "transfer",
        after - before,
        -2 * _eps * (_high - _low - _eps),
        by=Rewrite(),
        why="Take $\\epsilon$ from one squared singular value, give it to a smaller one: the sum "
        "stays, and the sum of squares changes by this.",
    )
    d.assume("unequal", _high, _low + _eps + _rest, why="The two do not change places.")
    d.step(
        "flatter",
        after,
        before,
        relation="<",
        by=Bound(how=factor),
        using=("unequal",),
        why="The sum of squares falls, and the participation ratio rises. Spectra that one can "
        "reach by such steps are those that the first spectrum majorises; the average alignment "
        "is larger for every one of them.",
    )
    d.step(
        "two-values",
        (_high + _low) ** 2 / (_high**2 + _low**2),
        2 - (_high - _low) ** 2 / (_high**2 + _low**2),
        by=Rewrite(),
        why="For two values: the ratio is two if they are equal, and one if one of them vanishes.",
    )
    d.step(
        "at-least-one",
        _high**2 + _low**2,
        (_high + _low) ** 2,
        relation="<=",
        by=Bound(certificate=2 * _high * _low),
        why="It is never less than one.",
    )


_range(SPECTRA)
_transfer(SPECTRA)
