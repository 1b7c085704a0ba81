"""What the rows share: how they are made, judged, and computed."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax

from theorylab.lab import Measurement, Row

UNSEEN = "The text behind the abstract was not available to us; the definitions here are ours"


def row(name: str, paper: str, locator: str, claim: str, measure, judge, **rest: Any) -> Row:
    """A row of this chapter."""
    return Row(
        id=f"systems/{name}",
        paper=paper,
        locator=locator,
        claim=claim,
        measure=measure,
        judge=judge,
        **rest,
    )


def none(m: Measurement) -> bool:
    """A judge: no exception was found."""
    return bool(float(m.value) == 0)


def established(m: Measurement) -> bool:
    """A judge: the checked claims are proved."""
    return m.value == "proved"


def claims(derivation: str, *steps: str) -> Callable[[], Measurement]:
    """How the weakest of some steps of a derivation, with all that they rest on, is established."""

    def measure() -> Measurement:
        from theorylab import symbolic

        found = symbolic.derivations("systems")[f"systems/{derivation}"]
        try:
            weakest = min((found.strength(step) for step in steps), key=lambda status: status.rank)
        except symbolic.DerivationError as failure:
            return Measurement(failure.outcome.lower())
        return Measurement(weakest.value)

    return measure


@contextlib.contextmanager
def precisely() -> Iterator[None]:
    """Double precision, and the promotion of types that Optax needs, nowhere else."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        yield


def gap(left: Any, right: Any) -> float:
    """The largest difference of two pytrees of arrays with the same leaves."""
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return max(float(abs(a - b).max()) for a, b in pairs)
