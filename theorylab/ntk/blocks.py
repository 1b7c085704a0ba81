"""Matrices of pairs, a block of rows at a time: no temporary is larger than a block."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab.require import require

_ENTRIES = 2**16  # of one block by default: some arrays of this size stay in the cache
_SMALL = 64  # rows below which halving the work does not pay


def over_rows(function: Callable[..., Any], rows: tuple, columns: int, block: int | None) -> Any:
    """`function(*rows)` for blocks of rows, written into one result.

    Args:
        function: from blocks (..., b) of each entry of `rows` to a tree of arrays (b, ...).
        rows: arrays (..., n) of what belongs to each row of the result. Points come last so that
            a block's columns lie side by side in memory.
        columns: length of a row of the result, for the default block.
        block: rows at a time; the last block overlaps the one before.
    """
    n = rows[0].shape[-1]
    if block is None:
        block = max(1, _ENTRIES // max(columns, 1))
    else:
        require("block", block, low=1, integer=True)
    if block >= n:
        return function(*rows)

    like = jax.eval_shape(lambda: function(*(r[..., :block] for r in rows)))
    empty = jax.tree.map(lambda leaf: jnp.zeros((n, *leaf.shape[1:]), leaf.dtype), like)

    def step(i, out):
        start = jnp.minimum(i * block, n - block)
        part = function(*_take(rows, start, block))
        return jax.tree.map(
            lambda whole, new: jax.lax.dynamic_update_slice_in_dim(whole, new, start, 0), out, part
        )

    return jax.lax.fori_loop(0, -(-n // block), step, empty)


def over_pairs(function: Callable[..., Any], rows: tuple, block: int | None) -> Any:
    """`function(rows, rows)` for a function that is symmetric: only the upper half is computed.

    Args:
        function: from two blocks, (..., b) and (..., c) of each entry of `rows`, to a tree of
            arrays (b, ..., c), which exchanging the two transposes in its first and last axis.
        rows: arrays (..., n), as in `over_rows`.
        block: rows at a time, by default equal pieces whose squares fit the cache.
    """
    n = rows[0].shape[-1]
    if block is None:
        pieces = max(2, -(-n // math.isqrt(_ENTRIES)))
        block = max(_SMALL, -(-n // pieces))
    else:
        require("block", block, low=1, integer=True)
    if block >= n:
        return function(rows, rows)
    first, second = np.triu_indices(-(-n // block))
    corners = jnp.asarray(np.minimum(np.stack([first, second], axis=1) * block, n - block))
    like = jax.eval_shape(lambda: function(*(tuple(r[..., :block] for r in rows),) * 2))
    empty = jax.tree.map(lambda leaf: jnp.zeros((n, *leaf.shape[1:-1], n), leaf.dtype), like)

    def step(i, out):
        down, across = corners[i, 0], corners[i, 1]
        part = function(_take(rows, down, block), _take(rows, across, block))

        def write(whole, new):
            return _put(_put(whole, new, down, across), jnp.swapaxes(new, 0, -1), across, down)

        return jax.tree.map(write, out, part)

    return jax.lax.fori_loop(0, first.size, step, empty)


def _corner(whole, down, across):
    return (down, *(0,) * (whole.ndim - 2), across)


def _put(whole, new, down, across):
    return jax.lax.dynamic_update_slice(whole, new, _corner(whole, down, across))


def _take(rows, start, block):
    return tuple(jax.lax.dynamic_slice_in_dim(r, start, block, -1) for r in rows)
