"""The two kernels of a deep network: recursions over layers, and the closed form of the NTK."""

from sympy import Derivative, Function, Integer, Rational, Sum, symbols

from theorylab.ntk.derivations.symbols import L, dual, l, mean, xi
from theorylab.symbolic import Derivation, Induction, Integers, Interval, Rewrite

_f, _D, _s, _K, _T, _k, _c = (
    Function(name, positive=True) for name in ["f", "D", "s", "K", "T", "k", "m"]
)
_x, _y, _v_1, _v_2, _w_1, _w_2 = symbols("x y v_1 v_2 w_1 w_2", real=True)
_phi, _slope = Function(r"\varphi", real=True), Function(r"\varphi'", real=True)
_phi.fdiff = lambda self, argindex=1: _slope(self.args[0])  # so that no Subs is printed
_o, _q = (Function(name, real=True)(_v_1, _v_2, _w_1, _w_2) for name in "oq")

RECURSION = Derivation(
    "ntk/recursion",
    title="Two kernels, layer by layer",
    about=(
        "The network's Gaussian process has a kernel that is iterated by the dual activation; the "
        "tangent kernel, which governs training, collects one contribution from every layer."
    ),
    domain={
        xi: Interval(Rational(1, 10), Rational(9, 10)),
        L: Integers(0, 8),
        l: Integers(0, 8),
        mean: Interval(Rational(11, 10), 3),
        _f: Interval(Rational(1, 10), 1),
        _D: Interval(Rational(1, 10), 3),
        _s: Interval(Rational(1, 10), 3),
        _K: Interval(Rational(1, 10), 9),
        _T: Interval(Rational(1, 10), 9),
        _k: Interval(Rational(1, 10), 9),
        dual: Interval(0, 1),
        **dict.fromkeys((_x, _y, _v_1, _v_2, _w_1, _w_2), Interval(-2, 2)),
        _phi: Interval(-2, 2),
        _slope: Interval(-2, 2),
        _o: Interval(-2, 2),
        _q: Interval(-2, 2),
    },
)


def _one_hidden_layer(d: Derivation) -> None:
    d.assume(
        "output",
        _o,
        _w_1 * _phi(_v_1 * _x) + _w_2 * _phi(_v_2 * _x),
        why="A network with two hidden units, at the input $x$.",
    )
    d.assume(
        "other-output",
        _q,
        _w_1 * _phi(_v_1 * _y) + _w_2 * _phi(_v_2 * _y),
        why="The same network, at the input $y$.",
    )
    weights = (_w_1, _w_2, _v_1, _v_2)
    units = (_v_1, _w_1), (_v_2, _w_2)
    d.step(
        "tangent",
        sum(Derivative(_o, a) * Derivative(_q, a) for a in weights),
        sum(_phi(v * _x) * _phi(v * _y) for v, _ in units)
        + _x * _y * sum(w**2 * _slope(v * _x) * _slope(v * _y) for v, w in units),
        by=Rewrite(),
        using=("output", "other-output"),
        cases="two hidden units, one input",
        why="The tangent kernel, the inner product of the two gradients by the weights. The last "
        "layer contributes what the hidden units have in common, which becomes "
        "$\\check\\varphi(\\xi)$ when there are many; the layer below contributes the inputs' "
        "inner product times what the slopes have in common, which becomes "
        "$\\xi\\,\\check\\varphi'(\\xi)$.",
        source="jacot2018neural",
    )


def _layers(d: Derivation) -> None:
    d.assume(
        "nngp",
        _f(L + 1),
        dual(_f(L)),
        why="Each hidden layer applies the dual activation to the correlation.",
        source="daniely2016toward",
    )
    d.assume(
        "nngp-start", _f(Integer(0)), xi, why="Without hidden layers the kernel is the correlation."
    )
    d.assume(
        "ntk",
        _K(L + 1),
        _f(L + 1) + _s(L) * _K(L),
        why="The tangent kernel of one layer more: the new layer's own contribution, and what "
        "comes from below, times $s_L = \\check\\varphi'(f_L)$.",
        source="jacot2018neural",
    )
    d.assume("ntk-start", _K(Integer(0)), _f(Integer(0)), why="A linear model is its own kernel.")
    d.assume(
        "chain-rule",
        _s(L),
        _D(L + 1) / _D(L),
        why="$D_L = f_L'(\\xi)$ is the derivative of the $L$-fold iterate: by the chain rule one "
        "layer multiplies it by $\\check\\varphi'(f_L)$.",
    )
    d.assume(
        "partial-sum",
        _T(L + 1),
        _T(L) + _f(L + 1) / _D(L + 1),
        why="Add up $f_l/f_l'$ over the layers.",
    )
    d.assume(
        "partial-start", _T(Integer(0)), _f(Integer(0)) / _D(Integer(0)), why="The first term."
    )
    d.step(
        "factored",
        _K(L),
        _D(L) * _T(L),
        by=Induction(L),
        using=("ntk", "ntk-start", "chain-rule", "partial-sum", "partial-start"),
        why="By induction over the layers.",
    )
    d.assume(
        "written-out",
        _T(L),
        Sum(_f(l) / _D(l), (l, 0, L)),
        why="The same sum, written out.",
    )
    d.step(
        "closed-form",
        _K(L),
        _D(L) * Sum(_f(l) / _D(l), (l, 0, L)),
        by=Rewrite(forward=False),
        using=("written-out", "factored"),
        why="The tangent kernel from the iterates alone: every layer contributes its kernel times "
        "the slope of all that lies above it.",
    )


def _diagonal(d: Derivation) -> None:
    d.assume(
        "diagonal",
        _k(L + 1),
        1 + mean * _k(L),
        why="For equal inputs $f_L = 1$, and every layer multiplies by $\\check\\varphi'(1) = B'$.",
    )
    d.assume("diagonal-start", _k(Integer(0)), 1, why="Inputs have length one.")
    d.step(
        "diagonal-sum",
        _k(L),
        (mean ** (L + 1) - 1) / (mean - 1),
        by=Induction(L),
        using=("diagonal", "diagonal-start"),
        why="A geometric sum, which grows exponentially if $B' > 1$ and settles if $B' < 1$.",
    )
    d.assume("edge", mean, 1, why="The edge of chaos.")
    d.step(
        "diagonal-critical",
        _k(L),
        L + 1,
        by=Induction(L),
        using=("diagonal", "edge", "diagonal-start"),
        why="At the edge every layer contributes the same.",
    )


_one_hidden_layer(RECURSION)
_layers(RECURSION)
_diagonal(RECURSION)
