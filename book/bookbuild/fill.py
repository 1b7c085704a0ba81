"""Filling the store: everything that registered figures and ledger rows need, before pages run."""

from functools import cache
from typing import Any

from bookbuild import parallel


@cache
def plans() -> dict[str, Any]:
    """Every plan that a figure or a row of the ledger needs, by its content key."""
    from theorylab import lab

    needs = [spec.needs for spec in lab.figures.figures().values()]
    needs += [row.needs for row in lab.rows()]
    return {plan.key: plan for need in needs for plan in need.values()}


def fill(jobs: int) -> list[str]:
    """Run the plans that the store lacks, in `jobs` processes; return what failed."""
    return parallel.run(run, list(plans()), jobs)


def run(key: str) -> str | None:
    """Run one plan; its name if there was something to compute."""
    from theorylab import lab

    plan = plans()[key]
    name = type(getattr(plan, "experiment", plan)).__name__
    known = lab.default_store().get(key) is not None
    try:
        plan.run()
    except Exception as error:
        error.add_note(f"while running {name}: {plan}")
        raise
    return None if known else f"{name} {key[:8]}"
