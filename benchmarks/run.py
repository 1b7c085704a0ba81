"""Every comparison, in one run on this machine. `make bench` from the root runs it."""

import platform
import time
from collections.abc import Callable

import deep_linear
import jax
import torch
from rich.console import Console
from rich.table import Table

jax.config.update("jax_enable_x64", True)

COMPARISONS = (deep_linear.critical_period_sweep, deep_linear.critical_period_map)


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


if __name__ == "__main__":
    main()
