"""The reproduction ledger: each claim of a paper, what comes out here, and the verdict.

A topic lists its rows in `theorylab/<topic>/ledger.py` as `LEDGER`. The verdict is computed
from the data each time; a row can state a reason, never a verdict.

>>> row = Row(
...     id="deep_linear/toy",
...     paper="kleinman2024critical",
...     locator="nowhere, a toy",
...     claim="two and two make four",
...     published=4.0,
...     measure=lambda: Measurement(2.0 + 2.0),
...     judge=Within(rtol=1e-12),
... )
>>> evaluate(row).verdict.name
'REPRODUCED'
"""

import dataclasses
import enum
import html
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from theorylab.citation import bibliography
from theorylab.lab.parts import parts
from theorylab.lab.store import Store


class Verdict(enum.Enum):
    """What became of a claim."""

    REPRODUCED = "reproduced"
    WITH_DIFFERENCE = "reproduced with a stated difference"
    NOT_REPRODUCED = "not reproduced"
    PUBLISHED_ERROR = "published value in error"
    OUT_OF_REACH = "out of reach here"


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Our value of what a row is about: a number, a yes or no, or a word.

    Args:
        value: what came out.
        uncertainty: one standard error, where there is one.
        unit: "" for a pure number.
    """

    value: float | int | bool | str
    uncertainty: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, str):
            return self.value
        spread = "" if self.uncertainty is None else f" ± {self.uncertainty:.2g}"
        return " ".join([f"{self.value:.4g}{spread}", self.unit]).strip()


@dataclasses.dataclass(frozen=True)
class Within:
    """Judge of a number: reproduced if |ours - published| <= atol + rtol |published|.

    An uncertainty larger than this tolerance decides nothing and counts as a failure.

    Args:
        atol, rtol: absolute and relative tolerance.
        loose: a wider judge; what only it accepts is reproduced with a difference, which
            the row must state.
    """

    atol: float = 0.0
    rtol: float = 0.0
    loose: "Within | None" = None

    def judge(self, measurement: Measurement, published: float) -> tuple[Verdict, str]:
        """The verdict and the comparison in words."""
        gap = abs(float(measurement.value) - published)
        allowed = self.atol + self.rtol * abs(published)
        said = f"differs by {gap:.2g}, allowed {allowed:.2g}"
        spread = measurement.uncertainty or 0.0
        if gap <= allowed and spread <= allowed:
            return Verdict.REPRODUCED, said
        if spread > allowed:
            said += f"; our uncertainty {spread:.2g} exceeds that"
        if self.loose and self.loose.judge(measurement, published)[0] is Verdict.REPRODUCED:
            return Verdict.WITH_DIFFERENCE, said
        return Verdict.NOT_REPRODUCED, said


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One claim of a paper.

    Args:
        id: "topic/name".
        paper: BibTeX key, or "theorylab" for an acceptance value of our own.
        locator: where in the paper: "Fig. 1", "eq. (3)".
        claim: the claim in one sentence.
        published: the number or word that is printed there; None for a qualitative claim.
        needs: for each argument of `measure`, the plan whose result it gets.
        measure: from datasets (by keyword) to a `Measurement`.
        judge: `Within` for a published number; or a function of the measurement that says
            True (reproduced) or False, and says no to nonsense (this is checked).
        difference: how our setting differs; a claim that holds is then "with a difference".
        out_of_reach: why it cannot be tried here; such a row has no `measure`.
        published_error: why the published value is held to be wrong. The verdict says so
            only if our value disagrees and `evidence` holds.
        evidence: from the datasets to whether the evidence for that error holds.
        note: anything a reader should know.

    Raises:
        ValueError: the row is incomplete or contradicts itself.
    """

    id: str
    paper: str
    locator: str
    claim: str
    published: float | int | str | None = None
    needs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    measure: Callable[..., Measurement] | None = None
    judge: Any = None
    difference: str = ""
    out_of_reach: str = ""
    published_error: str = ""
    evidence: Callable[..., bool] | None = None
    note: str = ""

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise ValueError(f"row {self.id}: {problem}")

    @property
    def __references__(self) -> tuple[str, ...]:
        return () if self.paper == "theorylab" else (self.paper,)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A row with what came out: the measurement, the verdict, and why."""

    row: Row
    measurement: Measurement | None
    verdict: Verdict
    detail: str = ""

    @property
    def __references__(self) -> tuple[str, ...]:
        return self.row.__references__

    @property
    def remarks(self) -> str:
        """All that is said about it: stated difference, reasons, note."""
        row = self.row
        said = [row.difference, row.out_of_reach]
        said += [row.published_error if self.verdict is Verdict.PUBLISHED_ERROR else "", row.note]
        return " ".join(text if text.endswith((".", "?")) else f"{text}." for text in said if text)


def evaluate(row: Row, store: Store | None = None) -> Entry:
    """Measure and judge one row.

    Raises:
        TypeError: `measure` does not return a `Measurement`.
        ValueError: the judge accepts nonsense, or finds a difference that is not stated.
    """
    if row.out_of_reach:
        return Entry(row, None, Verdict.OUT_OF_REACH)
    datasets = {need: plan.run(store) for need, plan in row.needs.items()}
    measurement = row.measure(**datasets)
    if not isinstance(measurement, Measurement):
        raise TypeError(f"row {row.id}: measure returns {type(measurement).__name__}")
    if isinstance(row.judge, Within):
        verdict, detail = row.judge.judge(measurement, float(row.published))
    else:
        verdict, detail = _asked(row, measurement), ""
        if verdict is not Verdict.NOT_REPRODUCED and _accepts_nonsense(row, measurement):
            raise ValueError(f"row {row.id}: its judge accepts {_nonsense(measurement).value!r}")
    if verdict is Verdict.REPRODUCED and row.difference:
        verdict = Verdict.WITH_DIFFERENCE
    if verdict is Verdict.WITH_DIFFERENCE and not row.difference:
        raise ValueError(f"row {row.id} is reproduced with a difference; state it (difference=)")
    if row.published_error and verdict is Verdict.NOT_REPRODUCED:
        if bool(row.evidence(**datasets)):
            verdict = Verdict.PUBLISHED_ERROR
        else:
            detail = f"{detail}; the evidence for a published error does not hold".lstrip("; ")
    return Entry(row, measurement, verdict, detail)


def rows(topic: str | None = None) -> tuple[Row, ...]:
    """The rows of a topic, or of all topics.

    Raises:
        KeyError: there is no such topic.
        ValueError: two rows share an id, or a row sits in another topic's ledger.
    """
    found: dict[str, Row] = {}
    for owner, modules in parts("ledger", topic).items():
        for row in modules[0].LEDGER:
            if row.id in found or not row.id.startswith(f"{owner}/"):
                raise ValueError(f"the ledger of {owner}: {row.id} is there twice, or not its own")
            found[row.id] = row
    return tuple(found.values())


def ledger(topic: str | None = None, store: Store | None = None) -> "Ledger":
    """Every row, measured and judged."""
    title = f"Reproduction ledger of {topic}" if topic else "Reproduction ledger"
    return Ledger(title, [evaluate(row, store) for row in rows(topic)])


class Ledger(list):
    """Entries that show themselves as a table, on a page and on a terminal."""

    COLUMNS = ("Source", "Claim", "Published", "Here", "Verdict")

    def __init__(self, title: str, entries: list[Entry]) -> None:
        super().__init__(entries)
        self.title = title

    def counts(self) -> dict[Verdict, int]:
        """How many entries have each verdict."""
        return {verdict: sum(e.verdict is verdict for e in self) for verdict in Verdict}

    def summary(self) -> str:
        """The counts in words."""
        said = [f"{count} {verdict.value}" for verdict, count in self.counts().items() if count]
        return f"{len(self)} claims: {', '.join(said) or 'none yet'}"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{entry.row.paper}, {entry.row.locator}",
                entry.row.claim,
                _shown(entry.row.published),
                "—" if entry.measurement is None else str(entry.measurement),
                "\n".join(filter(None, [entry.verdict.value, entry.remarks])),
            )
            for entry in self
        ]

    def __str__(self) -> str:
        lines = [f"{self.title}. {self.summary()}"]
        for entry, (source, claim, published, here, verdict) in zip(
            self, self._cells(), strict=True
        ):
            lines.append(f"{entry.row.id}\t{source}\t{claim}\t{published}\t{here}\t")
            lines[-1] += verdict.replace("\n", ". ")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in self.COLUMNS)
        body = ""
        for entry, (source, *cells) in zip(self, self._cells(), strict=True):
            texts = "".join(f"<td>{html.escape(c).replace(chr(10), '<br>')}</td>" for c in cells)
            body += f'<tr data-verdict="{entry.verdict.name}" id="{html.escape(entry.row.id)}">'
            body += f'<th scope="row">{html.escape(source)}</th>{texts}</tr>\n'
        caption = html.escape(f"{self.title}. {self.summary()}.")
        return (
            f'<table class="tl-ledger">\n<caption>{caption}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"
        )

    def __rich__(self) -> Any:
        from rich.table import Table

        table = Table(title=self.title, caption=self.summary(), show_lines=True)
        for name in self.COLUMNS:
            table.add_column(name, overflow="fold")
        for cells in self._cells():
            table.add_row(*cells)
        return table


def _problem(row: Row) -> str:
    if row.id.count("/") != 1:
        return "its id is not topic/name"
    if row.paper != "theorylab" and row.paper not in bibliography():
        return f"{row.paper!r} is not in theorylab/references.bib"
    if row.out_of_reach:
        return "it is out of reach and measured" if row.measure or row.judge else ""
    if row.measure is None or row.judge is None:
        return "it needs measure and judge, or out_of_reach with the reason"
    numeric = isinstance(row.published, int | float) and math.isfinite(row.published)
    if isinstance(row.judge, Within) and not numeric:
        return "Within needs a published number; give a judge that can fail"
    if not isinstance(row.judge, Within) and not callable(row.judge):
        return "its judge is neither Within nor a function"
    if bool(row.published_error) != (row.evidence is not None):
        return "published_error and evidence go together"
    for function in filter(None, [row.measure, row.evidence]):
        wanted = set(inspect.signature(function).parameters)
        if wanted != set(row.needs):
            return f"it needs {sorted(row.needs)} but takes {sorted(wanted)}"
    return ""


def _asked(row: Row, measurement: Measurement) -> Verdict:
    answer = row.judge(measurement)
    if isinstance(answer, Verdict):
        return answer
    return Verdict.REPRODUCED if bool(answer) else Verdict.NOT_REPRODUCED


def _accepts_nonsense(row: Row, measurement: Measurement) -> bool:
    try:
        return _asked(row, _nonsense(measurement)) is not Verdict.NOT_REPRODUCED
    except (TypeError, ValueError, KeyError):
        return False


def _nonsense(measurement: Measurement) -> Measurement:
    # What no judge may accept: the opposite, the empty word, not-a-number.
    value = measurement.value
    wrong = (not value) if isinstance(value, bool) else "" if isinstance(value, str) else math.nan
    return dataclasses.replace(measurement, value=wrong)


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else f"{value:.6g}"
