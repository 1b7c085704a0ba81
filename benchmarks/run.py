"""Every comparison, in one run on this machine. `make bench` from the root runs it."""

import platform
import sys
import time
from collections.abc import Callable
from statistics import median

import deep_linear
import jax
import ntk_empirical
import ntk_kernels
import rich_lazy
import sdr
import systems
import torch
from rich.console import Console
from rich.table import Table

jax.config.update("jax_enable_x64", True)

COMPARISONS = (
    deep_linear.critical_period_sweep,
    deep_linear.critical_period_map,
    sdr.tail_grid_sf,
    sdr.tail_grid_logsf,
    sdr.overlap_counts,
    rich_lazy.recurrent_kernel,
    rich_lazy.rnn_training,
)


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Run each comparison, ours compiled once before it is timed, and print the ratios."""
    console = Console()
    device = jax.devices()[0]
    console.print(
        f"{platform.machine()}, {device.device_kind}; JAX {jax.__version__}, "
        f"PyTorch {torch.__version__} on {torch.get_num_threads()} threads"
    )
    table = Table(title="Ours against a peer: the same numbers, the same run")
    for column in ("comparison", "ours: compile", "ours: run", "peer", "peer / ours", "agreement"):
        table.add_column(column, justify="left" if column == "comparison" else "right")
    for comparison in COMPARISONS:
        name, ours, peer, gap = comparison()
        first = timed(ours)
        run = min(timed(ours) for _ in range(3))
        against = timed(peer) if peer else None
        table.add_row(
            name,
            f"{first - run:.2f} s",
            f"{run:.3f} s",
            f"{against:.2f} s" if against else "-",
            f"{against / run:.0f} x" if against else "-",
            f"{gap():.1e}" if gap else "-",
        )
    console.print(table)
    console.print(composed_training())
    if len(sys.argv) > 1:
        console.print(against_neural_tangents(sys.argv[1]))


def composed_training() -> Table:
    """The rows of `systems`: medians of calls that take turns, so that both meet the same load."""
    table = Table(title="Training step, composed / by hand: the same compiled work")
    columns = ("network", "cut", "numbers", "us a step", "by hand", "ratio", "compile")
    for column in columns:
        table.add_column(column, justify="left" if column in columns[:3] else "right")
    for row in systems.compare(in_turns):
        table.add_row(
            row["network"],
            row["cut"],
            row["dtype"],
            f"{row['ours']:.0f}",
            f"{row['by hand']:.0f}",
            f"{row['ratio']:.2f}",
            f"{row['compile']:.1f} s",
        )
    return table


def in_turns(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 15
) -> tuple[float, float, float]:
    """Median seconds of either, called in turns, and the seconds of the first call of ours."""
    first = timed(ours)
    theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(rounds)]
    return *(median(times) for times in zip(*pairs, strict=True)), first


def against_neural_tangents(python: str) -> Table:
    """The rows of `ntk_kernels` and `ntk_empirical`; `python` is that of the peer's environment."""
    table = Table(title="Ours / neural-tangents 0.6.5 in its fastest mode: processor seconds, MiB")
    for column in ("comparison", "compile", "run", "memory", "peer / ours", "agreement"):
        table.add_column(column, justify="left" if column == "comparison" else "right")
    for row in ntk_kernels.compare(python):
        table.add_row(
            f"{row['comparison']} ({row['mode']})",
            f"{row['compile']:.2f} / {row['peer compile']:.2f}",
            f"{row['run']:.4f} / {row['peer run']:.4f}",
            f"{row['memory']:.0f} / {row['peer memory']:.0f}",
            f"{row['ratio']:.1f} x",
            f"{row['gap']:.0e}",
        )
    for row in ntk_empirical.compare(python):
        table.add_row(
            row["comparison"],
            "-",
            f"{row['ours']:.4f} / {row['peer']:.4f}",
            "-",
            f"{row['ratio']:.0f} x",
            f"{row['agreement']:.0e}",
        )
    return table


if __name__ == "__main__":
    main()
