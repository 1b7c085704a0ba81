"""Rows on expressivity: what the abstract claims, and the numbers of this chapter.

Of the source paper only the abstract was available: no row shows a value of the paper.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from theorylab.lab import Measurement, Row, Within
from theorylab.lab.judges import between
from theorylab.quadratic.experiments.counting import (
    ARRANGEMENTS,
    RANDOM,
    SAMPLED,
    SPLINES,
    TOWERS,
)
from theorylab.quadratic.experiments.dimension import (
    DEEP,
    EQUIWIDTH,
    FILLING,
    NEURONS_PLAN,
    POWERS,
    SHALLOW,
    TABLE,
)
from theorylab.quadratic.ledger.common import own_row
from theorylab.quadratic.pieces import max_pieces_1d
from theorylab.quadratic.splines import convergence_order

PAPER = "fan2023expressivity"
_OWN = (
    "At the same widths, with theorems stated and checked in this chapter; those of the paper were "
    "not available to us"
)


def _exactly(value: float | int) -> Callable[[Measurement], bool]:
    return lambda m: bool(float(m.value) == value)


def _true(m: Measurement) -> bool:
    return m.value is True


def _all(condition) -> Measurement:
    """Whether a condition holds everywhere."""
    return Measurement(bool(np.all(condition)))


def _more_pieces(towers) -> Measurement:
    # From the second layer on: with one, both neurons can make three pieces.
    return Measurement(float((towers.pieces / 3).sel(depth=slice(2, None)).min(skipna=False)))


def _containment(table) -> Measurement:
    gained = table.dim.sel(variant="fan") - table.dim.sel(variant="square")
    return Measurement(bool((gained >= 0).all() & (gained > 0).any()))


def _with_biases(table) -> Measurement:
    one = table.dim.sel(bias=True)
    return Measurement(
        float((one.sel(variant="fan") - one.sel(variant="square")).min(skipna=False))
    )


def _nothing_gained(table) -> Measurement:
    one = table.sel(bias=False)
    square = one.dim.sel(variant="square")
    same = one.dim.sel(variant="fan") == square
    stuck = same & (square < one.ambient.sel(variant="square"))
    return Measurement(", ".join(one.widths.values[stuck.values].tolist()))


def _reversal(shallow) -> Measurement:
    """Quadratic minus square at the weights of two quadratic neurons."""
    at = shallow.dim.sel(variant="fan", hidden=2) - shallow.dim.sel(variant="square", hidden=6)
    same = shallow.weights.sel(variant="fan", hidden=2) - shallow.weights.sel(
        variant="square", hidden=6
    )
    return Measurement(float(at) if float(same) == 0 else float("nan"))


def _filling_weights(filling) -> Measurement:
    ratio = filling.weights.sel(variant="fan") / filling.weights.sel(variant="square")
    return Measurement(float(ratio.min(skipna=False)))


def _filling_widths(filling) -> Measurement:
    return _all(filling.neurons.sel(variant="fan") < filling.neurons.sel(variant="square"))


def _tower(towers) -> Measurement:
    law = 2.0**towers.depth + 1
    return Measurement(
        float((np.abs(towers.pieces - law) + np.abs(towers.sturm - law)).sum(skipna=False))
    )


def _order(target: str, kind: str, first: int) -> Callable:
    def measure(errors) -> Measurement:
        one = errors.sel(target=target, pieces=slice(first, None))
        values = one[kind].values
        if not np.all(values > 0):
            return Measurement(float("nan"))
        return Measurement(convergence_order(one.pieces.values, values))

    return measure


def _network(errors) -> Measurement:
    return Measurement(float(errors.network.max(skipna=False)))


def _regions(seen) -> Measurement:
    return Measurement(float(np.abs(seen.regions - seen.formula).sum(skipna=False)))


def _patterns(seen) -> Measurement:
    at = seen.sel(curves="ellipses", m=4)
    return Measurement(float(at.regions - at.patterns))


def _random(counted) -> Measurement:
    mean = counted.pieces.sel(depth=3)
    ratio = mean.sel(quadratic=True).mean("seed") / mean.sel(quadratic=False).mean("seed")
    spread = [
        float(mean.sel(quadratic=kind).std("seed", ddof=1) / mean.sel(quadratic=kind).mean("seed"))
        for kind in (False, True)
    ]
    return Measurement(
        float(ratio), float(ratio * np.hypot(*spread) / counted.sizes["seed"] ** 0.5)
    )


def _neurons(neurons) -> Measurement:
    return Measurement(float(np.abs(neurons.dim - neurons.formula).sum(skipna=False)))


def _differences(exact) -> Measurement:
    return Measurement(float(np.abs(exact.dim - exact.formula).sum(skipna=False)))


def _single(table) -> Measurement:
    """Degree four: two hidden layers."""
    quartic = [name for name in table.widths.values if name.count("-") == 3]
    one = table.sel(widths=quartic)
    missed = (one.dim - one.single).clip(min=0)
    return Measurement(float((missed > 0).sum() + 0 * missed.sum(skipna=False)))


def _double(deep, table) -> Measurement:
    """Whether each wrong rank in double precision is given away by its gap."""
    wrong = [one.gap.values[(one.dim != one.double).values] for one in (deep, table)]
    sure = [float(one.gap.min()) for one in (deep, table)]
    if np.isnan(sure).any():
        return Measurement(float("nan"))
    return Measurement(float(max(np.concatenate(wrong), default=float("nan"))))


def _companion(sampled) -> Measurement:
    lost = sampled.companion != 2.0**sampled.depth + 1
    return Measurement(float(sampled.depth.where(lost & sampled.companion.notnull()).min()))


def _angles(sampled) -> Measurement:
    return Measurement(float(np.abs(sampled.angles - 2.0**sampled.depth - 1).sum(skipna=False)))


def _even(sampled) -> Measurement:
    return Measurement(float((2.0**sampled.depth + 1 - sampled.even).max(skipna=False)))


def _power(widths: str, power: int) -> Callable:
    def measure(powers) -> Measurement:
        at = (powers.widths == widths) & (powers.power == power)
        return Measurement(float(powers.dim.values[at.values].item()))

    return measure


_own = partial(own_row, "expressivity")
ROWS = (
    Row(
        id="quadratic/abstract-splines",
        paper=PAPER,
        locator="abstract",
        claim="By spline theory, quadratic networks are more expressive than conventional ones.",
        needs={"towers": TOWERS},
        measure=_more_pieces,
        judge=between(5 / 3, float("inf")),
        difference=_OWN,
        note="Least ratio of the tower's pieces to the 3 of a conventional chain, from depth 2 on",
    ),
    Row(
        id="quadratic/abstract-dimension",
        paper=PAPER,
        locator="abstract",
        claim="By a measure from algebraic geometry, quadratic networks are more expressive than "
        "those with quadratic activation.",
        needs={"table": TABLE},
        measure=_containment,
        judge=_true,
        difference=_OWN + ". Never less in 14 architectures with and without biases; not always "
        "more, and per weight the order turns around: see the next rows",
    ),
    Row(
        id="quadratic/theorems-as-stated",
        paper=PAPER,
        locator="theorems, proofs and tables",
        claim="The theorems as the paper words them, and its results on image data.",
        out_of_reach="The full text was not available to us, so nothing of it is quoted or judged",
    ),
    _own(
        "strict-with-biases",
        "With biases the quadratic network has the larger dimension in all 14 architectures.",
        {"table": TABLE},
        _with_biases,
        between(1, 1e9),
        "Smallest difference of the dimensions",
    ),
    _own(
        "not-strict",
        "Without biases it can gain nothing although the square network does not fill the space.",
        {"table": TABLE},
        _nothing_gained,
        lambda m: m.value == "2-2-2-2-1",
        "The architectures where this happens",
    ),
    _own(
        "per-weight",
        "With 96 weights and 16 inputs, two quadratic neurons reach less than six squares.",
        {"shallow": SHALLOW},
        _reversal,
        between(-1e9, -1),
        "Difference of the dimensions",
    ),
    _own(
        "filling-neurons",
        "Quadratic networks fill the space of polynomials with fewer neurons than squares do.",
        {"filling": FILLING},
        _filling_widths,
        _true,
        "Four cases of inputs and depth",
    ),
    _own(
        "filling-weights",
        "And with more weights.",
        {"filling": FILLING},
        _filling_weights,
        between(1 + 1e-9, 1e9),
        "Smallest ratio of the numbers of weights",
    ),
    _own(
        "tower",
        "A chain of L quadratic neurons has 2^L + 1 pieces.",
        {"towers": TOWERS},
        _tower,
        _exactly(0),
        "Sum of all deviations for L = 1 to 6, counted in two ways",
    ),
    *(
        Row(
            id=f"quadratic/order-{target}-{kind}",
            paper="theorylab",
            locator="expressivity",
            claim=f"Error of the {kind} spline of the {words}, as a power of the pieces.",
            published=float(order),
            needs={"errors": SPLINES},
            measure=_order(target, kind, first),
            judge=Within(atol=tolerance),
            note=f"From {first} pieces on",
        )
        for target, words, first, tolerance in (
            ("sine", "sine", 16, 0.05),
            ("runge", "function of Runge", 64, 0.2),
        )
        for kind, order in (("linear", -2), ("quadratic", -3))
    ),
    _own(
        "spline-network",
        "A network with two hidden layers is the quadratic spline, up to rounding.",
        {"errors": SPLINES},
        _network,
        between(0, 1e-12),
        "Largest difference",
    ),
    _own(
        "regions",
        "Up to four lines or ellipses make as many regions on a grid as the formulas say.",
        {"seen": ARRANGEMENTS},
        _regions,
        _exactly(0),
        "Sum of the differences",
    ),
    _own(
        "patterns",
        "Four ellipses have more regions than sign patterns: a pattern may be in several places.",
        {"seen": ARRANGEMENTS},
        _patterns,
        between(1, 1e9),
        "Regions minus patterns",
    ),
    _own(
        "random-pieces",
        "Random quadratic networks have hardly more pieces than random conventional ones.",
        {"counted": RANDOM},
        _random,
        between(1, 2),
        "Ratio of the means of 30 networks with three layers of width 8; that of the bounds is "
        f"{max_pieces_1d((8,) * 3) / max_pieces_1d((8,) * 3, 1):.0f}",
    ),
    _own(
        "neuron-dimensions",
        "Dimension of one neuron of seven kinds with up to seven inputs, in closed form.",
        {"neurons": NEURONS_PLAN},
        _neurons,
        _exactly(0),
        "Sum of the differences from exact ranks",
    ),
    _own(
        "equiwidth",
        "Dimension of networks as wide as their input, in closed form.",
        {"exact": EQUIWIDTH},
        _differences,
        _exactly(0),
        "Sum of the differences from exact ranks; 54 cases",
    ),
    _own(
        "shallow",
        "Dimension with one hidden layer, in closed form.",
        {"exact": SHALLOW},
        _differences,
        _exactly(0),
        "Sum of the differences from exact ranks; 48 cases",
    ),
    _own(
        "single-precision",
        "Single precision misses dimensions, at degree four already.",
        {"table": TABLE},
        _single,
        between(1, 1e9),
        "Number of networks of degree four whose rank it gets wrong",
    ),
    _own(
        "double-precision",
        "Where double precision is wrong its singular values have no clear gap.",
        {"deep": DEEP, "table": TABLE},
        _double,
        between(0, 1e7),
        "Largest gap of a wrong rank",
    ),
    _own(
        "companion",
        "Roots from a companion matrix lose pieces of the tower.",
        {"sampled": SAMPLED},
        _companion,
        between(2, 9),
        "Least depth at which it happens",
    ),
    _own(
        "angles",
        "Sampling evenly in the angle finds all pieces.",
        {"sampled": SAMPLED},
        _angles,
        _exactly(0),
        "Sum of the deviations up to depth 10",
    ),
    _own(
        "even-grid",
        "An even grid of 20,001 inputs does not.",
        {"sampled": SAMPLED},
        _even,
        between(1, 1e9),
        "Most pieces lost",
    ),
    *(
        Row(
            id=f"quadratic/alexander-{inputs}-{terms}-{power}",
            paper="alexander1995polynomial",
            locator="list of exceptions",
            claim=f"Sums of {terms} powers of degree {power} of linear forms in {inputs} variables "
            "miss one dimension.",
            published=float(dim),
            needs={"powers": POWERS},
            measure=_power(f"{inputs}-{terms}-1", power),
            judge=Within(atol=0.0),
        )
        for inputs, terms, power, dim in (
            (3, 5, 4, 14),
            (4, 9, 4, 34),
            (5, 14, 4, 69),
            (5, 7, 3, 34),
        )
    ),
)
