"""The chapter's own acceptance rows: theory against independent numerics."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from theorylab.lab import Measurement, Row
from theorylab.lab.judges import below, between, near
from theorylab.ntk.experiments.limits import APPROACH, CRITICAL_RATIO, LOCAL_EXPONENT, NEAR_ZERO
from theorylab.ntk.experiments.official import DEPTHS
from theorylab.ntk.experiments.widths import SCALING, TRAINED, VARIANCE
from theorylab.ntk.finite_width import width_scaling_fit


def _correction(approach) -> Measurement:
    deep = approach.sel(depth=10_000)
    predicted = 1 + deep.correction / 10_001
    return Measurement(float(np.abs(deep.ntk / predicted - 1).max()))


def _exponential(approach) -> Measurement:
    return Measurement(float(np.abs(approach.nngp.sel(depth=100) - 1).max()))


def _crossover(local) -> Measurement:
    here = local.ntk.sel(depth=100).sel(u=1e-2, method="nearest")
    return Measurement(float(here - local.alpha))


def _settled(local) -> Measurement:
    here = local.nngp.sel(depth=100).sel(u=1e-2, method="nearest")
    return Measurement(float(here - local.alpha))


def _swing(name: str) -> Callable:
    return lambda near_zero: Measurement(float(near_zero.swing.sel(activation=name)))


def _period(near_zero) -> Measurement:
    return Measurement(float(near_zero.period_error.max()))


def _ratio(name: str) -> Callable:
    def measure(ratio) -> Measurement:
        return Measurement(float(ratio.ratio.sel(activation=name).isel(record=-1)))

    return measure


def _depth_share(name: str) -> Callable:
    def measure(depths) -> Measurement:
        one = depths.sel(kernel="ntk", depth=100)
        return Measurement(float(one[name]))

    return measure


def _fitted(activation: str, name: str) -> Callable:
    def measure(scaling) -> Measurement:
        one = scaling[name].sel(activation=activation)
        fit = width_scaling_fit(
            jnp.asarray(one.width.values, float), jnp.asarray(one.values, float)
        )
        return Measurement(float(fit.exponent), float(fit.error))

    return measure


def _trained_rate(name: str) -> Callable:
    """Exponent of the distance from the limit, along the direction of the narrowest networks.

    A component has no noise that adds up, unlike a norm; widths count by their sampling errors.
    """

    def measure(trained) -> Measurement:
        trained = trained.squeeze()
        width = trained.width.values
        gap = (trained[name] - trained[f"limit_{name}"]).values.reshape(width.size, -1)
        errors = trained[f"{name}_error"].values.reshape(width.size, -1)
        found = gap @ gap[0]
        noise = np.sqrt(errors**2 @ gap[0] ** 2)
        if not (found > 0).all():
            return Measurement(float("nan"))
        fit, covariance = np.polyfit(
            np.log(width), np.log(found), 1, w=found / noise, cov="unscaled"
        )
        return Measurement(float(fit[0]), float(np.sqrt(covariance[0, 0])))

    return measure


def _within(name: str) -> Callable:
    def measure(variance) -> Measurement:
        last = variance.variance.sel(activation=name).isel(layer=-1)
        inside = (np.abs(last) < 0.5) & last.notnull()
        return Measurement(float(inside.mean()) if bool(last.notnull().all()) else float("nan"))

    return measure


def _row(name: str, claim: str, needs, measure, judge, note: str = "") -> Row:
    return Row(
        id=f"ntk/{name}",
        paper="theorylab",
        locator=f"acceptance, {name}",
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        note=note,
    )


_NEAR, _LOCAL = {"near_zero": NEAR_ZERO}, {"local": LOCAL_EXPONENT}
ROWS = (
    _row(
        "ntk-approach",
        "The NTK of depth L is psi (1 + S/(L+1)), up to exponentially small terms.",
        {"approach": APPROACH},
        _correction,
        below(1e-10),
        "Largest relative difference at 10,000 layers",
    ),
    _row(
        "nngp-approach",
        "The NNGP kernel is at its limit after 100 layers.",
        {"approach": APPROACH},
        _exponential,
        below(1e-10),
        "Largest relative distance, distances 0.1, 0.3 and 1",
    ),
    _row(
        "crossover",
        "At 100 layers and a distance of 0.01 the NTK has the exponent alpha + 2.",
        _LOCAL,
        _crossover,
        near(2.0, 0.05),
        "Local exponent less alpha, d = 2",
    ),
    _row(
        "crossover-nngp",
        "There the NNGP kernel has the exponent alpha.",
        _LOCAL,
        _settled,
        near(0.0, 0.01),
        "Local exponent less alpha, d = 2",
    ),
    _row(
        "depth-more",
        "The labels of the NTK at 100 layers are those of the Hilbert estimate with alpha + 2.",
        {"depths": DEPTHS},
        _depth_share("agree_more"),
        between(0.985, 1.0),
        "Share of labels, d = 2, n = 400",
    ),
    _row(
        "depth-alpha",
        "They are not yet those of the estimate with alpha.",
        {"depths": DEPTHS},
        _depth_share("agree_alpha"),
        between(0.9, 0.993),
        "Share of labels, d = 2, n = 400",
    ),
    *(
        _row(
            f"swing-{slug}",
            f"The profile R has no limit at small distance: it swings ({text}).",
            _NEAR,
            _swing(name),
            near(value, tolerance),
            "Largest over smallest value within a period, less 1",
        )
        for slug, name, value, tolerance, text in (
            ("circle", "optimal 1", 1.3737e-3, 2e-6, "optimal activation, d = 1"),
            ("sphere", "optimal 2", 1.07e-7, 5e-9, "optimal activation, d = 2"),
            ("h31", "h1+h31", 0.06, 0.01, "h1 + h31"),
            ("p1", "p1=0.01", 0.12, 0.02, "0.1 h1 + 0.995 h3"),
        )
    ),
    _row(
        "period",
        "It repeats when the distance shrinks by the root of B'.",
        _NEAR,
        _period,
        below(1e-6),
        "Largest relative change over one period near u = 1e-5",
    ),
    *(
        _row(
            f"critical-{name}",
            f"At the edge of chaos NTK(x, z)/NTK(x, x) tends to {text}.",
            {"ratio": CRITICAL_RATIO},
            _ratio(name),
            near(value, 5e-4),
            "At 20,000 layers, correlation 0.3",
        )
        for name, value, text in (
            ("relu", 0.25, "1/4 for ReLU"),
            ("abs", 0.25, "1/4 for |z|"),
            ("smooth", 1 / 3, "1/3 for a dual that is smooth at 1"),
        )
    ),
    *(
        _row(
            f"width-{activation}-{kernel}",
            f"One network's {kernel.upper()} kernel is off by width^(-1/2) ({activation}).",
            {"scaling": SCALING},
            _fitted(activation, f"{kernel}_spread"),
            near(-0.5, 0.07),
            "Fitted exponent, widths 16 to 256, depth 3",
        )
        for activation in ("sine", "relu")
        for kernel in ("nngp", "ntk")
    ),
    *(
        _row(
            f"trained-{name}",
            f"The {name} over trained networks is that of the limit, up to 1/width.",
            {"trained": TRAINED},
            _trained_rate(name),
            near(-1.0, 0.2),
            "Fitted exponent of the distance, widths 128 to 1024, one hidden layer",
        )
        for name in ("mean", "covariance")
    ),
    _row(
        "variance-sine",
        "A bounded activation keeps its variance through 8 layers of width 256.",
        {"variance": VARIANCE},
        _within("sine"),
        between(0.99, 1.0),
        "Share of networks within half a decade of 1",
    ),
    _row(
        "variance-hermite",
        "The polynomial with the same limit does not.",
        {"variance": VARIANCE},
        _within("hermite"),
        below(0.2),
        "Share of networks within half a decade of 1",
    ),
    _row(
        "variance-flipped",
        "Most networks do once the sign of one Hermite coefficient is changed, but not all.",
        {"variance": VARIANCE},
        _within("flipped"),
        between(0.6, 0.99),
        "Share of networks within half a decade of 1; the others explode",
    ),
)
