"""Fixtures of the outbound FHIR client."""

import pytest

from tests.support.fake_ehr import FakeEhrServer, a_chart_patient


@pytest.fixture
def server():
    """An EHR with the patient of the result."""
    server = FakeEhrServer()
    server.put(a_chart_patient())
    return server
