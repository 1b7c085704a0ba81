"""One call that says how lazily a network has learned: any function of parameters and inputs."""

import dataclasses
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from theorylab.citation import references
from theorylab.lab.require import require, whole
from theorylab.ntk import empirical_ntk, target_alignment
from theorylab.rich_lazy.curvature import Network, linearization_gap
from theorylab.rich_lazy.measures import (
    ParamFilter,
    kernel_alignment,
    kernel_change,
    selected,
    weight_change,
)

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class LazinessReport:
    """How much a network changed between two sets of parameters.

    Attributes:
        kernel_alignment: cosine of the tangent kernels; 1 is lazy.
        centered_kernel_alignment: the same after centring.
        kernel_change: $\\|K_1 - K_0\\| / \\|K_0\\|$; 0 is lazy.
        kernel_scale: $\\|K_1\\| / \\|K_0\\|$.
        weight_change: length of the change of the selected parameters.
        relative_weight_change: over their length before.
        linearization_gap: share of the outputs' change, due to the selected parameters or not,
            that the tangent at the start does not explain; 0 is lazy. Not a number where the
            outputs have not changed.
        target_alignment_before, target_alignment_after: cosine of the kernel, averaged over
            outputs, with that of the targets; None without targets.
    """

    kernel_alignment: float
    centered_kernel_alignment: float
    kernel_change: float
    kernel_scale: float
    weight_change: float
    relative_weight_change: float
    linearization_gap: float
    target_alignment_before: float | None = None
    target_alignment_after: float | None = None

    def table(self) -> str:
        """The numbers, one a line."""
        rows = {
            field.name.replace("_", " "): getattr(self, field.name)
            for field in dataclasses.fields(self)
        }
        width = max(map(len, rows))
        return "\n".join(
            f"{name:<{width}}  {value:>9.4g}" for name, value in rows.items() if value is not None
        )

    def __str__(self) -> str:
        return self.table()


@references("liu2024connectivity", "jacot2018neural", "cortes2012algorithms")
def laziness_report(
    f: Network,
    p0: PyTree,
    p1: PyTree,
    x: Float[Array, "m ..."],
    y: Float[Array, " m *o"] | None = None,
    param_filter: ParamFilter | None = None,
    method: str = "jacobian",
    batch_size: int | None = None,
) -> LazinessReport:
    """Compare a network before and after training on inputs that it may never have seen.

    Args:
        f: `f(params, x)` with outputs (m, o): `model.apply` of a Flax Linen module,
            `theorylab.ntk.functional` of an NNX one, or any function. Outputs at several times are
            laid side by side.
        p0, p1: parameters before and after.
        x: inputs, (m, ...).
        y: targets, (m,) or (m, o).
        param_filter: from the path of a leaf, such as "layer/kernel", to whether the kernels and
            the weight change are with respect to it; default: all.
        method, batch_size: how the kernels are computed; see `theorylab.ntk.empirical_ntk`.

    Raises:
        ValueError: parameters that differ in structure, a filter that lets nothing pass, and what
            `theorylab.ntk.empirical_ntk` raises.

    Source: the measures of liu2024connectivity, with kernels as in jacot2018neural.

    >>> f = lambda p, x: x @ p
    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> report = laziness_report(f, jnp.ones((2, 1)), 2 * jnp.ones((2, 1)), x)
    >>> round(report.kernel_alignment, 6), report.linearization_gap
    (1.0, 0.0)
    """
    return LazinessTracker(f, p0, x, y, param_filter, method, batch_size).compare(p1)


class LazinessTracker:
    """Reports along a training run, all against its start, whose kernel is computed once.

    Args:
        f, p0, x, y, param_filter, method, batch_size: as in `laziness_report`. `p0` is copied:
            the loop may change or donate its own.

    Attributes:
        reports: by step, in the order recorded.

    Raises:
        ValueError: as `laziness_report`.

    >>> f = lambda p, x: x @ p
    >>> x = jnp.array([[1.0, 0.0], [0.0, 1.0]])
    >>> tracker = LazinessTracker(f, jnp.ones((2, 1)), x)
    >>> for step, size in ((10, 2.0), (20, 3.0)):
    ...     _ = tracker.record(step, size * jnp.ones((2, 1)))
    >>> tracker.dataset().relative_weight_change.values.tolist()
    [1.0, 2.0]
    """

    def __init__(
        self,
        f: Network,
        p0: PyTree,
        x: Float[Array, "m ..."],
        y: Float[Array, " m *o"] | None = None,
        param_filter: ParamFilter | None = None,
        method: str = "jacobian",
        batch_size: int | None = None,
    ) -> None:
        if y is not None:
            require("y", y)
        self._f, self._x, self._y, self._filter = f, x, y, param_filter
        self._start = jax.tree.map(jnp.array, p0)
        network = _restricted(f, tuple(selected(p0, param_filter)))
        self._kernel = partial(empirical_ntk, network, x=x, method=method, batch_size=batch_size)
        k0 = self._kernel(self._start)
        self._k0, self._before = _flat(k0), self._aligned(k0)
        self.reports: dict[int, LazinessReport] = {}

    def compare(self, params: PyTree) -> LazinessReport:
        """The report on these parameters, which is not kept.

        Raises:
            ValueError: parameters whose structure is not that of the start.
        """
        p0, k0 = self._start, self._k0
        change = weight_change(p0, params, self._filter)
        kernel = self._kernel(params)
        k1 = _flat(kernel)
        return LazinessReport(
            float(kernel_alignment(k0, k1)),
            float(kernel_alignment(k0, k1, center=True)),
            float(kernel_change(k0, k1)),
            float(jnp.linalg.norm(k1) / jnp.linalg.norm(k0)),
            float(change),
            float(weight_change(p0, params, self._filter, relative=True)),
            float(linearization_gap(self._f, p0, params, self._x)),
            self._before,
            self._aligned(kernel),
        )

    def record(self, step: int, params: PyTree) -> LazinessReport:
        """Compare, and keep the report.

        Raises:
            ValueError: a step that is not above the last one, or as `compare`.
        """
        step = whole("step", step, low=max(self.reports, default=-1) + 1)
        self.reports[step] = self.compare(params)
        return self.reports[step]

    def dataset(self) -> "xr.Dataset":
        """All that was recorded, over the dimension "step"; its variables plot themselves.

        Raises:
            ValueError: nothing was recorded.
        """
        import xarray as xr

        if not self.reports:
            raise ValueError("no step was recorded; call record(step, params) first")
        columns = {
            field.name: [getattr(report, field.name) for report in self.reports.values()]
            for field in dataclasses.fields(LazinessReport)
        }
        kept = {name: ("step", values) for name, values in columns.items() if None not in values}
        return xr.Dataset(kept, {"step": list(self.reports)})

    def _aligned(self, kernel):
        if self._y is None:
            return None
        return float(target_alignment(jnp.einsum("nmjj->nm", kernel) / kernel.shape[2], self._y))


def _flat(k):
    n, m, o, _ = k.shape
    return k.transpose(0, 2, 1, 3).reshape(n * o, m * o)


@lru_cache(maxsize=32)
def _restricted(f, chosen):
    """f, constant in the parameters that are not chosen. Cached, as `empirical_ntk` compiles
    once for each function."""

    def network(params, x):
        leaves, tree = jax.tree.flatten(params)
        leaves = [w if c else jax.lax.stop_gradient(w) for w, c in zip(leaves, chosen, strict=True)]
        return f(jax.tree.unflatten(tree, leaves), x)

    return f if all(chosen) else network
