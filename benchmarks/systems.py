"""Composed training steps beside the same written by hand: time, and time to compile."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from theorylab.systems.experiments.granularity import LAYERS, batches, matrices, trainer

#: Name, sizes, batch, ticks in one call.
NETWORKS = (
    ("32-64-64-64-10", (32, 64, 64, 64, 10), 64, 400),
    ("784-256-256-10", (784, 256, 256, 10), 128, 20),
)
NEURONS = ("16-32-32-4", (16, 32, 32, 4), 64, 400)


def _call(kind: str, sizes: tuple[int, ...], batch: int, ticks: int, dtype):
    start = [w.astype(dtype) for w in matrices(jax.random.key(0), sizes)]
    x, y = (v.astype(dtype) for v in batches(jax.random.key(1), sizes, batch, ticks))
    with jax.enable_x64(dtype == jnp.float64):
        run, state = trainer(kind, start, batch, 0.1)
        compiled = jax.jit(run)

    def call():
        with jax.enable_x64(dtype == jnp.float64):
            return jax.block_until_ready(compiled(state, x, y))

    return call


def compare(time_pairs: Callable[..., tuple[float, float, float]]) -> list[dict]:
    """Rows: the network, the cut, the type of numbers, microseconds a step, and the ratio.

    Args:
        time_pairs: `(ours, theirs) -> (seconds of ours, of theirs, seconds to compile ours)`.
    """
    rows = []
    cases = [(name, "layers", *rest, d) for name, *rest in NETWORKS for d in ("float64", "float32")]
    name, *rest = NEURONS
    cases += [(name, kind, *rest, "float32") for kind in LAYERS]
    for name, kind, sizes, batch, ticks, dtype in cases:
        calls = [_call(k, sizes, batch, ticks, jnp.dtype(dtype)) for k in (kind, "by hand")]
        ours, theirs, compile_time = time_pairs(*calls)
        rows.append(
            {
                "network": f"{name}, batch {batch}",
                "cut": kind,
                "dtype": dtype,
                "ours": 1e6 * ours / ticks,
                "by hand": 1e6 * theirs / ticks,
                "ratio": ours / theirs,
                "compile": compile_time,
            }
        )
    return rows
