"""What the chapter's own rows share."""

from theorylab.lab import Row


def own_row(locator: str, name: str, claim: str, needs, measure, judge, note: str = "") -> Row:
    """A row that this chapter set itself to reach."""
    return Row(
        id=f"quadratic/{name}",
        paper="theorylab",
        locator=locator,
        claim=claim,
        needs=needs,
        measure=measure,
        judge=judge,
        note=note,
    )
