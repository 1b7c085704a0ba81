"""What holds of every derivation of every topic, as it is found."""

import pytest

from theorylab import symbolic
from theorylab.symbolic import Status, audit

FOUND = symbolic.derivations()


@pytest.mark.parametrize("name", FOUND)
def test_every_step_is_proved(name):
    verdicts = FOUND[name].check()
    assert {verdict.status for verdict in verdicts.values()} <= {Status.ASSUMED, Status.PROVED}


@pytest.mark.parametrize("name", FOUND)
def test_the_audit_finds_no_defect(name):
    report = audit(FOUND[name])
    assert not report.defects, str(report)
    assert len(report.killed) >= 20


@pytest.mark.parametrize("name", FOUND)
def test_every_step_tells_why_and_from_where(name):
    assert len(FOUND[name].about) > 60
    for item in FOUND[name].items.values():
        assert item.why.endswith("."), item.path
        assert item.source, item.path
