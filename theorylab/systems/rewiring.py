"""Wirings with a memory: a Hebbian network and a prediction market."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from theorylab.citation import references
from theorylab.lab.require import require, whole
from theorylab.systems.boxes import stateful
from theorylab.systems.system import System
from theorylab.systems.wires import R, Wire


@references("spivak2021deeply")
def hebbian(name: str, cells: int, rate: float | int, decay: float | int) -> System:
    r"""A wiring of cells that learns by Hebb's rule.

    Cells show activities $x \in \mathbb{R}^N$; from outside come inputs $e$. The wiring delivers
    $Wx + e$, and then moves its state by $\Delta W_{ij} = \eta\,(x_i x_j / N - \lambda W_{ij})$
    off the diagonal. It starts at $W = 0$. The rule needs what the cells showed as well as what
    came in, and a direction of the internal hom holds both.

    Args:
        name: the box's name.
        cells: the number $N$ of cells, on one stacked wire.
        rate: $\eta$, at least 0; at 0 the wiring never changes.
        decay: $\lambda$, at least 0.

    Returns:
        A system from the cells' wire to a wire that shows the activities and receives inputs.
    """
    cells = whole("cells", cells, low=1)
    require("rate", rate, low=0)
    require("decay", decay, low=0)
    wire = R(cells)

    def bwd(state, positions, directions):
        (x,), (given,) = positions, directions
        others = 1 - jnp.eye(cells, dtype=x.dtype)
        change = others * (jnp.outer(x, x) / cells) - decay * state
        return state + rate * change, (state @ x + given,)

    def init(key: jax.Array) -> jax.Array:
        return jnp.zeros((cells, cells), wire.pos.dtype)

    return stateful(name, init, (wire,), (wire,), lambda state, x: (x,), bwd)


def forecast(outcomes: int) -> Wire:
    """The wire of a forecaster: it shows probabilities and receives the outcome that came.

    >>> print(forecast(3))
    R^3·y^int32
    """
    probabilities = R(whole("outcomes", outcomes, low=2)).pos
    return Wire(probabilities, jax.ShapeDtypeStruct((), jnp.int32))


@references("shapiro2022dynamic")
def market(name: str, wealth: Float[ArrayLike, " k"], outcomes: int) -> System:
    r"""A prediction market: forecasters in, their forecast weighted by wealth out.

    It shows $\sum_i w_i g_i$. On the outcome $x$, which it passes on to every forecaster, it moves
    its state to $w_i g_i(x) / \sum_j w_j g_j(x)$. If the outcome is none of those that there are,
    or one to which all forecasters give nothing, the wealth is NaN from then on.

    Args:
        name: the box's name.
        wealth: the first wealth of each forecaster, positive, of sum 1, not traced, (k,).
        outcomes: the number of outcomes.

    Raises:
        ValueError: a wealth is not positive, they do not add up to one, or are not a vector.

    Source: `shapiro2022dynamic`.
    """
    wire = forecast(outcomes)
    require("wealth", wealth, above=0, shape=(None,))
    start = jnp.asarray(wealth, wire.pos.dtype)
    require("sum of wealth", float(np.sum(wealth)), low=1 - 1e-6, high=1 + 1e-6)

    def fwd(state, *forecasts):
        return (state @ jnp.stack(forecasts),)

    def bwd(state, forecasts, directions):
        (outcome,) = directions
        there = (outcome >= 0) & (outcome < outcomes)
        given = state * jnp.where(there, jnp.stack(forecasts)[:, outcome], jnp.nan)
        return given / given.sum(), (outcome,) * len(forecasts)

    return stateful(name, lambda key: start, (wire,) * len(start), (wire,), fwd, bwd)
