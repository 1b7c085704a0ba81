"""Collapse of training with depth: by initialisation and by the pace of the quadratic part."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require, whole
from theorylab.quadratic.neurons import INITS
from theorylab.quadratic.tasks import two_spirals
from theorylab.quadratic.training import Recipe, init_net, stacked, train_net

STUCK = 0.94  # of the loss of a guess: 0.652 for two classes


class Condition(NamedTuple):
    """One way to start and train a network.

    Attributes:
        init: how parameters are drawn; see `init_quadratic`.
        gamma: ratio of the learning rate of the quadratic part.
        alpha, beta: pull towards the reference; see `shrink_to_reference`.
        clip: largest global norm of a gradient; infinite: no clipping.
    """

    init: str = "relinear"
    gamma: float = 1.0
    alpha: float = 0.0
    beta: float = 0.0
    clip: float = float("inf")


class CollapseTable(NamedTuple):
    """What became of every run, by depth and condition.

    Attributes:
        nonfinite: the final training loss is not finite, (depth, condition, run).
        stuck: it is finite, but no better than a guess.
        loss: final training loss.
        accuracy: of the test points; a run that is not finite is wrong everywhere.
    """

    nonfinite: Bool[Array, "depth condition run"]
    stuck: Bool[Array, "depth condition run"]
    loss: Float[Array, "depth condition run"]
    accuracy: Float[Array, "depth condition run"]

    @property
    def rate(self) -> Float[Array, "depth condition"]:
        """The share of runs that collapsed, in either way."""
        return jnp.mean((self.nonfinite | self.stuck).astype(self.loss.dtype), axis=-1)


def is_collapsed(loss: ArrayLike, chance: ArrayLike = np.log(2.0)) -> Bool[Array, "..."]:
    """Whether a final training loss is not finite, or above 0.94 of that of a guess.

    Both count: a network whose activities vanish does not become NaN, it learns nothing.

    Args:
        loss: final training losses, any shape.
        chance: loss of a guess, ln K for K classes that are equally frequent.

    Raises:
        ValueError: chance is not positive.

    >>> is_collapsed(jnp.array([0.1, 0.69, jnp.nan, jnp.inf])).tolist()
    [False, True, True, True]
    """
    require("chance", chance, above=0.0)
    loss = as_float(loss)
    return ~(loss <= STUCK * jnp.asarray(chance, loss.dtype))


@references("fan2023expressivity")
def collapse_sweep(
    key: PRNGKeyArray,
    depths: Sequence[int],
    conditions: Sequence[Condition],
    runs: int,
    *,
    width: int = 16,
    steps: int = 1000,
    lr: float = 0.01,
    momentum: float = 0.9,
    norm: str | None = None,
    points: int = 128,
) -> CollapseTable:
    """Train networks on two spirals, and count how many collapse.

    A run has the same data in all conditions and depths, and within a depth the same $W_r$ for
    all initialisations that draw it alike. Each depth compiles one program.

    Args:
        key: draws everything; run i uses the i-th of `jax.random.split(key, runs)`.
        depths: numbers of hidden layers.
        conditions: how to start and to train.
        runs: networks for each depth and condition.
        width, steps, lr, momentum, norm: as in `train_net`.
        points: for training; there are twice as many for testing.

    Raises:
        ValueError: an argument is not allowed.

    Source: the question is that of fan2023expressivity; task, sizes and criterion are ours.

    >>> table = collapse_sweep(jax.random.key(0), (1,), [Condition()], runs=2, steps=5)
    >>> table.loss.shape, table.rate.tolist()
    ((1, 1, 2), [[1.0]])
    """
    runs = whole("runs", runs, low=1)
    require("number of depths and conditions", min(len(depths), len(conditions)), low=1)
    for condition in conditions:
        require("init", condition.init, choices=INITS)
    depths = [whole("depths", depth, low=1) for depth in depths]
    train, test, starts = [], [], []
    for one in jax.random.split(key, runs):
        data, more, start = jax.random.split(one, 3)
        train.append(two_spirals(data, points))
        test.append(two_spirals(more, 2 * points))
        starts.append(start)
    kinds = tuple(dict.fromkeys(condition.init for condition in conditions))
    which = jnp.array([kinds.index(condition.init) for condition in conditions])
    recipes = _recipes(conditions, lr, momentum)
    rows = []
    for depth in depths:
        drawn = [[init_net(start, 2, width, depth, 1, init) for start in starts] for init in kinds]
        nets = stacked([stacked(row) for row in drawn])
        data = (stacked(train), stacked(test))
        rows.append(_sweep(nets, which, *data, recipes, steps=steps, norm=norm))
    loss, accuracy = (jnp.stack(values) for values in zip(*rows, strict=True))
    finite = jnp.isfinite(loss)
    return CollapseTable(~finite, is_collapsed(loss) & finite, loss, accuracy)


def _recipes(conditions: Sequence[Condition], lr: float, momentum: float) -> Recipe:
    columns = jnp.array([tuple(condition)[1:] for condition in conditions]).T
    same = [jnp.full(len(conditions), value) for value in (lr, momentum)]
    return Recipe(*same, *columns)


@partial(jax.jit, static_argnames=("steps", "norm"))
def _sweep(nets, which, train, test, recipes, *, steps, norm):
    # One run after another: a batch of such small matrix products is no faster on a CPU.
    def run(index):
        condition, number = index[0], index[1]
        net = jax.tree.map(lambda value: value[which[condition], number], nets)
        tasks = jax.tree.map(lambda value: value[number], (train, test))
        recipe = jax.tree.map(lambda value: value[condition], recipes)
        end = train_net(net, *tasks, steps, recipe, norm=norm)
        return end.losses[-1], end.test_accuracy

    shape = (len(which), len(train.y))
    grid = jnp.stack(jnp.meshgrid(*map(jnp.arange, shape), indexing="ij"), axis=-1)
    loss, accuracy = jax.lax.map(run, grid.reshape(-1, 2))
    return loss.reshape(shape), accuracy.reshape(shape)
