"""The ledger: verdicts come from data, and each can come out otherwise."""

import io
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import theorylab as tl
from tests.lab.toys import Noisy
from theorylab.lab import Ledger, Measurement, Plan, Row, Verdict, Within, evaluate, ledger, rows


def row(value=1.0, judge=None, published=1.0, **more):
    measured = value if isinstance(value, Measurement) else Measurement(value)
    given = dict(
        id="toy/row",
        paper="kleinman2024critical",
        locator="Fig. 1",
        claim="One is one.",
        published=published,
        measure=lambda: measured,
        judge=judge or Within(atol=0.1),
    )
    return Row(**{**given, **more})


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0, 1), st.floats(0, 1))
def test_within_is_the_inequality(ours, published, atol, rtol):
    verdict = evaluate(row(ours, Within(atol, rtol), published)).verdict
    fits = abs(ours - published) <= atol + rtol * abs(published)
    assert verdict is (Verdict.REPRODUCED if fits else Verdict.NOT_REPRODUCED)


def test_not_a_number_is_not_reproduced():
    assert evaluate(row(float("nan"))).verdict is Verdict.NOT_REPRODUCED


def test_an_uncertain_value_decides_nothing():
    sure, unsure = Measurement(1.0, 0.05), Measurement(1.0, 0.2)
    assert evaluate(row(sure)).verdict is Verdict.REPRODUCED
    entry = evaluate(row(unsure))
    assert entry.verdict is Verdict.NOT_REPRODUCED
    assert "our uncertainty 0.2 exceeds that" in entry.detail


def test_a_difference_must_be_stated():
    loose = Within(atol=0.1, loose=Within(atol=0.5))
    assert evaluate(row(1.3, loose, difference="n = 40")).verdict is Verdict.WITH_DIFFERENCE
    assert evaluate(row(1.0, loose, difference="n = 40")).verdict is Verdict.WITH_DIFFERENCE
    assert evaluate(row(1.6, loose, difference="n = 40")).verdict is Verdict.NOT_REPRODUCED
    with pytest.raises(ValueError, match="state it"):
        evaluate(row(1.3, loose))


def test_a_qualitative_judge_can_fail():
    yes = row(True, lambda m: m.value, None)
    assert evaluate(yes).verdict is Verdict.REPRODUCED
    assert evaluate(row(False, lambda m: m.value, None)).verdict is Verdict.NOT_REPRODUCED
    rising = row(2.0, lambda m: m.value > 1.5, None)
    assert evaluate(rising).verdict is Verdict.REPRODUCED
    word = row("winner", lambda m: m.value == "winner", None)
    assert evaluate(word).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize("value", [True, 2.0, "word"])
def test_a_judge_that_accepts_nonsense_is_refused(value):
    with pytest.raises(ValueError, match="its judge accepts"):
        evaluate(row(value, lambda m: True, None))
    with pytest.raises(ValueError, match="its judge accepts"):
        evaluate(row(value, lambda m: Verdict.REPRODUCED, None))


def test_an_error_in_print_needs_a_disagreement_and_evidence():
    reason = {"published_error": "a sign", "evidence": lambda: True}
    assert evaluate(row(2.0, **reason)).verdict is Verdict.PUBLISHED_ERROR
    assert evaluate(row(1.0, **reason)).verdict is Verdict.REPRODUCED
    weak = evaluate(row(2.0, published_error="a sign", evidence=lambda: False))
    assert weak.verdict is Verdict.NOT_REPRODUCED
    assert "does not hold" in weak.detail
    assert "a sign." in evaluate(row(2.0, **reason)).remarks
    assert "a sign." not in weak.remarks


def test_out_of_reach_needs_a_reason_and_no_measurement():
    claim = {"id": "toy/row", "paper": "kleinman2024critical", "locator": "?", "claim": "!"}
    beyond = Row(**claim, out_of_reach="needs a week")
    entry = evaluate(beyond)
    assert entry.verdict is Verdict.OUT_OF_REACH and entry.remarks == "needs a week."


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"id": "row"}, "not topic/name"),
        ({"paper": "nobody1900"}, "not in theorylab/references.bib"),
        ({"measure": None}, "needs measure and judge, or out_of_reach"),
        ({"published": None}, "Within needs a published number"),
        ({"published": "about one"}, "Within needs a published number"),
        ({"judge": "yes"}, "neither Within nor a function"),
        ({"published_error": "a sign"}, "published_error and evidence go together"),
        ({"evidence": lambda: True}, "published_error and evidence go together"),
        ({"out_of_reach": "far"}, "out of reach and measured"),
        ({"needs": {"noise": Plan(Noisy())}}, r"needs \['noise'\] but takes \[\]"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        row(**wrong)


def test_datasets_are_measured():
    plan = Plan(Noisy(mean=3.0), seeds=50)
    measured = Row(
        id="toy/mean",
        paper="theorylab",
        locator="acceptance",
        claim="The mean is three.",
        published=3.0,
        needs={"noise": plan},
        judge=Within(atol=0.3),
        measure=lambda noise: Measurement(
            float(noise.average.mean()), float(noise.average.std()) / 50**0.5, "mV"
        ),
    )
    entry = evaluate(measured)
    assert entry.verdict is Verdict.REPRODUCED
    assert re.fullmatch(r"\d\.\d+ ± 0\.0\d+ mV", str(entry.measurement))
    with pytest.raises(TypeError, match="measure returns float"):
        evaluate(row(measure=lambda: 1.0))


def test_values_for_a_reader():
    assert str(Measurement(True)) == "yes" and str(Measurement("word")) == "word"
    assert str(Measurement(0.123456)) == "0.1235"


def test_entries_can_be_cited():
    assert "Kleinman" in tl.cite(evaluate(row()))
    assert row(paper="theorylab").__references__ == ()


class Parsed(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_table_is_accessible_and_escaped():
    entries = [evaluate(row(claim="a < b & c")), evaluate(row(2.0, note="First.\nSecond"))]
    table = Ledger("Ledger", entries)
    text = table._repr_html_()
    tags = Parsed(text).tags
    assert "a &lt; b &amp; c" in text
    assert [attrs["scope"] for tag, attrs in tags if tag == "th"] == ["col"] * 5 + ["row"] * 2
    assert sum(tag == "caption" for tag, _ in tags) == 1
    assert not any(tag in {"script", "style"} for tag, _ in tags)
    assert not any(name.startswith("on") or name == "style" for _, a in tags for name in a)
    assert "1 reproduced, 1 not reproduced" in table.summary()
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    for shown in (str(table), console.export_text(clear=False)):
        assert "a < b & c" in shown and "not reproduced" in shown


def test_the_ledger_of_the_package_has_unique_rows_of_its_topics():
    assert len({r.id for r in rows()}) == len(rows())
    with pytest.raises(KeyError, match="no topic 'nowhere'"):
        ledger("nowhere")
