"""One call that says how lazily a network has learned: any function of parameters and inputs."""

import dataclasses
from functools import lru_cache

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.ntk import empirical_ntk, target_alignment
from theorylab.rich_lazy.curvature import Network, linearization_gap
from theorylab.rich_lazy.measures import (
    ParamFilter,
    kernel_alignment,
    kernel_change,
    selected,
    weight_change,
)


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
            that the tangent at the start does not explain; 0 is lazy.
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
    change = weight_change(p0, p1, param_filter)
    network = _restricted(f, tuple(selected(p0, param_filter)))
    k0, k1 = (empirical_ntk(network, p, x, method=method, batch_size=batch_size) for p in (p0, p1))
    before = after = None
    if y is not None:
        require("y", y)
        before, after = (
            float(target_alignment(jnp.einsum("nmjj->nm", k) / k.shape[2], y)) for k in (k0, k1)
        )
    k0, k1 = (_flat(k) for k in (k0, k1))
    return LazinessReport(
        float(kernel_alignment(k0, k1)),
        float(kernel_alignment(k0, k1, center=True)),
        float(kernel_change(k0, k1)),
        float(jnp.linalg.norm(k1) / jnp.linalg.norm(k0)),
        float(change),
        float(weight_change(p0, p1, param_filter, relative=True)),
        float(linearization_gap(f, p0, p1, x)),
        before,
        after,
    )


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
