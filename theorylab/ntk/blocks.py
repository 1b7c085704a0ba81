"""Matrices of pairs, a block of rows at a time: no temporary is larger than a block."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from theorylab.lab.require import require

_ENTRIES = 2**16  # of one block by default: some arrays of this size stay in the cache


def over_rows(function: Callable[..., Any], rows: tuple, columns: int, block: int | None) -> Any:
    """`function(*rows)` for blocks of rows, written into one result.

    Args:
        function: from blocks (b, ...) of each entry of `rows` to a tree of arrays (b, ...).
        rows: arrays with n rows each.
        columns: length of a row of the result, for the default block.
        block: rows at a time; the last block overlaps the one before.
    """
    n = rows[0].shape[0]
    if block is None:
        block = max(1, _ENTRIES // max(columns, 1))
    else:
        require("block", block, low=1, integer=True)
    if block >= n:
        return function(*rows)

    def take(start):
        return tuple(jax.lax.dynamic_slice_in_dim(r, start, block) for r in rows)

    like = jax.eval_shape(lambda: function(*(r[:block] for r in rows)))
    empty = jax.tree.map(lambda leaf: jnp.zeros((n, *leaf.shape[1:]), leaf.dtype), like)

    def step(i, out):
        start = jnp.minimum(i * block, n - block)
        part = function(*take(start))
        return jax.tree.map(
            lambda whole, new: jax.lax.dynamic_update_slice_in_dim(whole, new, start, 0), out, part
        )

    return jax.lax.fori_loop(0, -(-n // block), step, empty)
