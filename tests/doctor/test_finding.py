"""Mirrors cds/doctor/finding.py."""

import pytest

from cds.doctor.finding import Finding, failed, ok, warning


def test_trouble_comes_with_advice_and_health_without():
    """A finding is valid once it is constructed."""
    assert failed("disk", "full", "make room").advice
    with pytest.raises(ValueError, match="advice"):
        warning("disk", "nearly full", "")
    with pytest.raises(ValueError, match="advice"):
        Finding("disk", "ok", "room", "do nothing")
    assert ok("disk", "room").state == "ok"
