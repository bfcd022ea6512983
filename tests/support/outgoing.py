"""Results on their way into a chart."""

from cds.ports import Outgoing
from cds.reporting.bundle import FhirPublisher
from tests.support.assessments import a_result
from tests.support.fake_ehr import SYSTEM

NOTICE = "Investigational: not cleared as a medical device."
EVERYTHING = frozenset({"observation", "report", "levels", "device", "provenance"})
"""All that an EHR may be given."""


def outgoing(result=None, replaces=None):
    """A result with its rendering."""
    result = result or a_result()
    return Outgoing(result, FhirPublisher(NOTICE, SYSTEM).render(result), replaces)
