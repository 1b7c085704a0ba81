"""The quadratic neuron: its gradients, and what it is at the reference point."""

from sympy import Derivative, symbols

from theorylab.quadratic.derivations.symbols import (
    NEURON,
    REAL,
    REST,
    affine,
    b_g,
    b_r,
    c,
    g,
    gamma,
    lam,
    r,
    rho_b,
    rho_g,
    rho_r,
    s,
    w_b,
    w_g,
    w_r,
    x,
    z,
)
from theorylab.symbolic import Derivation, Interval, Rewrite

_forms = {
    r: affine(w_r, b_r, rho_r),
    g: affine(w_g, b_g, rho_g),
    s: w_b * x**2 + c + rho_b,
}
_z = z(*NEURON)
_r_scaled, _g_scaled = symbols(r"\tilde{r} \tilde{g}", real=True)
_other = {symbol: type(symbol)(f"{symbol}'", real=True) for symbol in (x, r)}

_SPARE = (_r_scaled, _g_scaled, *_other.values())

NEURON_DERIVATION = Derivation(
    "quadratic/neuron",
    title="The quadratic neuron",
    about=(
        "A quadratic neuron multiplies two affine forms of its inputs and adds a weighted sum of "
        "their squares. At the reference point the second form is one and the squares are off, so "
        "that the neuron is a conventional one, and yet every parameter still has a gradient. "
        "One input $x$ is written out; all others are gathered in the $\\rho$, so that the "
        "statements hold for any number of inputs."
    ),
    domain={
        **{symbol: REAL for symbol in (*NEURON, *REST, r, g, s, *_SPARE)},
        _z: REAL,
        lam: Interval("1/4", 4),
        gamma: Interval("1/100", 1),
    },
)


def _gradients(d: Derivation) -> None:
    d.assume(
        "forms",
        (r, g, s),
        tuple(_forms.values()),
        why="Two affine forms and a sum of squares; $\\rho_r$, $\\rho_g$, $\\rho_b$ hold the "
        "contributions of all inputs but $x$.",
        source="fan2023expressivity",
    )
    d.assume(
        "neuron",
        _z,
        _forms[r] * _forms[g] + _forms[s],
        why="What the neuron computes before its activation.",
        source="fan2023expressivity",
    )
    d.step(
        "product",
        _z,
        r * g + s,
        by=Rewrite(),
        using=("neuron", "forms"),
        why="The product of the two affine forms, plus the squares.",
    )
    for name, pair, factor, words in (
        ("r", (w_r, b_r), (g * x, g), "The first form is seen through the second."),
        ("g", (w_g, b_g), (r * x, r), "The second form is seen through the first."),
        ("b", (w_b, c), (x**2, 1), "The squares enter linearly."),
    ):
        d.step(
            f"gradient-{name}",
            tuple(Derivative(_z, symbol) for symbol in pair),
            factor,
            by=Rewrite(),
            using=("neuron",) if name == "b" else ("neuron", "forms"),
            why=words,
        )
    d.step(
        "input-gradient",
        Derivative(_z, x),
        g * w_r + r * w_g + 2 * w_b * x,
        by=Rewrite(),
        using=("neuron", "forms"),
        why="How the neuron responds to its input.",
    )
    d.assume(
        "rescaled",
        (_r_scaled, _g_scaled),
        (lam * r, g / lam),
        why="One form scaled up, the other down.",
    )
    d.step(
        "gauge",
        _r_scaled * _g_scaled + s,
        _z,
        by=Rewrite(),
        using=("rescaled", "neuron", "forms"),
        why="This changes the parameters and not the neuron: the parameters cannot be read off the "
        "function.",
    )


def _reference(d: Derivation) -> None:
    d.assume(
        "reference",
        (w_g, b_g, rho_g, w_b, c, rho_b),
        (0, 1, 0, 0, 0, 0),
        why="The reference point: the second form is the constant one, the squares are off.",
        source="fan2023expressivity",
    )
    d.step(
        "conventional",
        _z,
        w_r * x + b_r + rho_r,
        by=Rewrite(),
        using=("neuron", "reference"),
        why="At the reference point the neuron is a conventional one.",
    )
    d.step(
        "reference-r",
        tuple(Derivative(_z, symbol) for symbol in (w_r, b_r)),
        (x, 1),
        by=Rewrite(),
        using=("neuron", "reference"),
        why="The first form learns exactly as in a conventional neuron.",
    )
    d.step(
        "reference-g",
        tuple(Derivative(_z, symbol) for symbol in (w_g, b_g)),
        (_z * x, _z),
        by=Rewrite(),
        using=("neuron", "reference"),
        why="The second form is not flat at the reference point: its gradient is the neuron's own "
        "value times what a conventional neuron would get.",
    )
    d.step(
        "reference-input",
        Derivative(_z, x),
        w_r,
        by=Rewrite(),
        using=("neuron", "reference"),
        why="Neither the squares nor the second form bend the neuron at the reference point.",
    )
    _kernel(d)


def _kernel(d: Derivation) -> None:
    x_, r_ = _other[x], _other[r]
    first = {x: x_, r: r_}

    def pair(gradient):
        return gradient * gradient.subs(first)

    d.step(
        "tangent-weights",
        pair(x) + gamma * (pair(r * x) + pair(x**2)),
        (x * x_) * (1 + gamma * r * r_) + gamma * (x * x_) ** 2,
        by=Rewrite(),
        why="What the three weights of one input add to the tangent kernel at the reference "
        "point, when the second form and the squares learn $\\gamma$ times as fast.",
    )
    d.step(
        "tangent-biases",
        1 + gamma * (pair(r) + 1),
        (1 + gamma * r * r_) + gamma,
        by=Rewrite(),
        why="What the three biases add: $c$ repeats the bias of the first form, so that with "
        "$\\gamma = 1$ the bias learns at double speed.",
    )
    d.assume(
        "zero",
        (w_g, b_g, rho_g),
        (0, 0, 0),
        why="The point to which plain weight decay pulls the second form.",
    )
    d.step(
        "dead",
        (_z, Derivative(_z, w_r), Derivative(_z, w_g)),
        (s, 0, r * x),
        by=Rewrite(),
        using=("neuron", "zero", "forms"),
        why="There the first form has neither an effect nor a gradient.",
    )


_gradients(NEURON_DERIVATION)
_reference(NEURON_DERIVATION)
