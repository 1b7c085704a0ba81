"""What holds of every derivation of every topic, as it is found.

Checks and audits are those from which the book is built: they are run again when the text of
the derivation, of the checker or of the lock has changed.
"""

from pathlib import Path

import pytest
from bookbuild.records import derivation_record

from theorylab import symbolic

ROOT = Path(__file__).resolve().parents[1]
FOUND = symbolic.derivations()


@pytest.mark.parametrize("name", FOUND)
def test_every_step_is_proved(name):
    items = derivation_record(ROOT, name)["items"].values()
    assert len(items) == len(FOUND[name].items)
    assert {item["status"] for item in items} <= {"ASSUMED", "PROVED"}


@pytest.mark.parametrize("name", FOUND)
def test_the_audit_finds_no_defect(name):
    record = derivation_record(ROOT, name)
    assert record["defects"] == 0, f"theorylab derivations audit {name}"
    assert record["killed"] >= 20


@pytest.mark.parametrize("name", FOUND)
def test_every_step_tells_why_and_from_where(name):
    assert len(FOUND[name].about) > 60
    for item in FOUND[name].items.values():
        assert item.why.endswith("."), item.path
        assert item.source, item.path
