"""What a wide quadratic layer does to the second and the fourth moment."""

from sympy import Function, Integer, Poly, Rational, Symbol, expand, factorial2, symbols

from theorylab.quadratic.derivations.symbols import moduli, relu
from theorylab.symbolic import Derivation, Interval, Rewrite

A, B, C = symbols("A B C", nonnegative=True)
b = Symbol("b", real=True)
q, m_4 = symbols("q m_4", positive=True)
v_r, v_g, v_b = symbols("v_r v_g v_b", positive=True)
q_next, m_next = symbols("q' m'_4", positive=True)
_p = Symbol("p", real=True)
_half = Rational(1, 2)


class Moment(Function):
    """`E z^k` for `z = u (b + v) + s`, with independent Gaussians of variances A, B, C."""

    nargs = 5
    is_real = True

    @classmethod
    def eval(cls, k, *rest):
        """Written out where the power is a whole number."""
        return _moment(int(k), *rest) if k.is_Integer and k >= 0 else None

    def _latex(self, printer, exp=None):
        text = rf"\E\,z^{{{printer._print(self.args[0])}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"


def _moment(k, shift, *variances):
    u, v, s = symbols("u v s")
    total = Integer(0)
    for powers, factor in Poly((u * (shift + v) + s) ** k, u, v, s).terms():
        if not any(power % 2 for power in powers):
            for power, variance in zip(powers, variances, strict=True):
                factor = factor * factorial2(power - 1) * variance ** (power // 2)
            total += factor
    return expand(total)


def mean(power, *values):
    """The moment as it is written, not yet multiplied out."""
    return Moment(Integer(power), *values, evaluate=False)


def written_out(expr):
    """Multiply out every moment."""
    return expr.replace(Moment, lambda *args: Moment(*args)).doit()


MOMENTS = Derivation(
    "quadratic/moments",
    title="Gaussian moments of a quadratic layer",
    about=(
        "In a wide layer with random weights the two affine forms and the sum of squares are "
        "independent Gaussian variables, whose variances follow from the second and the fourth "
        "moment of the layer below. The next layer's moments are polynomials in these variances."
    ),
    domain={
        A: Interval(0, 3),
        B: Interval(0, 3),
        C: Interval(0, 3),
        b: Interval(-2, 2),
        q: Interval("1/10", 3),
        m_4: Interval("1/10", 9),
        **{symbol: Interval("1/10", 3) for symbol in (v_r, v_g, v_b)},
        q_next: Interval(0, 9),
        m_next: Interval(0, 9),
        _p: Interval(-2, 2),
    },
)


def _moments(d: Derivation) -> None:
    how = (written_out, expand)
    d.step(
        "second",
        mean(2, b, A, B, C),
        A * (b**2 + B) + C,
        by=Rewrite(how=how),
        why="$z = u\\,(b+v) + s$, where $u$, $v$, $s$ are independent Gaussians with mean zero and "
        "variances $A$, $B$, $C$, and $b$ is the bias of the second form.",
    )
    d.step(
        "fourth",
        mean(4, b, A, B, C),
        3 * A**2 * (b**4 + 6 * b**2 * B + 3 * B**2) + 6 * A * (b**2 + B) * C + 3 * C**2,
        by=Rewrite(how=how),
        why="The fourth moment: a product of two Gaussians has heavy tails.",
    )
    d.step(
        "symmetric",
        mean(3, b, A, B, C),
        0,
        by=Rewrite(how=how),
        why="Changing the signs of $u$ and $s$ changes the sign of $z$: its distribution is "
        "symmetric, and the rectifier keeps one half of each even moment.",
    )
    d.step(
        "half",
        relu(_p) ** 4 + relu(-_p) ** 4,
        _p**4,
        by=Rewrite(how=(moduli, expand)),
        why="Both halves have equal means, so that each has half the moment.",
    )
    d.step(
        "product",
        mean(4, 0, A, B, 0),
        9 * (A * B) ** 2,
        by=Rewrite(how=how),
        why="A product of two Gaussians of mean zero: nine times the squared variance, where a "
        "Gaussian has three.",
    )


def _layer(d: Derivation) -> None:
    d.assume(
        "variances",
        (A, B, C),
        (v_r * q, v_g * q, v_b * m_4),
        why="Weights with the variances $v_r$, $v_g$, $v_b$ over the number of inputs, no biases "
        "but the second form's $b$: the forms see the mean square $q$ of the layer below, the "
        "squares see its fourth moment.",
    )
    d.assume(
        "rectifier",
        (q_next, m_next),
        (mean(2, b, A, B, C) / 2, mean(4, b, A, B, C) / 2),
        why="The rectifier keeps half of each moment.",
    )
    how = (written_out, expand)
    d.step(
        "length",
        q_next,
        (v_r * q * (b**2 + v_g * q) + v_b * m_4) / 2,
        by=Rewrite(how=how),
        using=("rectifier", "variances"),
        why="The mean square of the next layer.",
    )
    first, second, third = v_r * q, v_g * q, v_b * m_4
    d.step(
        "tail",
        m_next,
        (
            3 * first**2 * (b**4 + 6 * b**2 * second + 3 * second**2)
            + 6 * first * (b**2 + second) * third
            + 3 * third**2
        )
        / 2,
        by=Rewrite(how=how),
        using=("rectifier", "variances"),
        why="Its fourth moment. The two maps together are closed.",
    )


_moments(MOMENTS)
_layer(MOMENTS)
