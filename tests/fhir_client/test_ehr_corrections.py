"""A reader's correction in the chart."""

import json

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.correcting import Correcting
from cds.reader import Reader
from cds.reporting.bundle import FhirPublisher
from tests.support.assessments import a_correctable, a_result
from tests.support.clock import SettableClock
from tests.support.fake_ehr import SYSTEM, a_registration
from tests.support.fakes import FakeAudit, FakeStore
from tests.support.outgoing import EVERYTHING, NOTICE, outgoing

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))


def corrected(change):
    """A measured result, and the same as a reader corrected it."""
    measured = a_result(assessment=a_correctable({T12: 80, L1: 82, L2: 98, L3: 84}))
    clock, log = SettableClock(), FakeAudit()
    store = FakeStore()
    store.put(measured)
    correcting = Correcting(store, Kept(), FhirPublisher(NOTICE, SYSTEM), log, clock)
    return measured, correcting.correct(measured.result_id, Reader("Dr. Ada Reader"), change, "Old wedge.")


class Kept:
    """Takes every correction."""

    def keep(self, _result, _bundle):
        """As `Corrections`."""
        return True


def test_a_readers_correction_reaches_the_chart(server):
    """Value and status, with the note that says who, why and what it was; nothing is created beside it."""
    measured, now = corrected(Change(((L2, "fracture"),)))
    ehr = server.ehr()
    written = ehr.write(outgoing(measured))

    ehr.amend(outgoing(now), written.remote, corrected=True)

    observation, report = server.one("Observation"), server.one("DiagnosticReport")
    assert observation["status"] == report["status"] == "corrected"
    assert observation["valueQuantity"]["value"] == now.assessment.vbmd_mg_cm3
    assert observation["note"][0]["text"].startswith("Corrected by Dr. Ada Reader on")
    assert observation["performer"] == [{"type": "Practitioner", "display": "Dr. Ada Reader"}]


def test_a_vertebra_with_another_name_leaves_nothing_wrong_in_the_chart(server):
    """The old name is entered in error, the new one is created, the others are corrected; again changes nothing."""
    measured, now = corrected(Change(renamed=1))
    ehr = server.ehr(a_registration(write=EVERYTHING))
    written = ehr.write(outgoing(measured))

    amended = ehr.amend(outgoing(now), written.remote, corrected=True)
    before = json.dumps(list(server.resources.values()))
    ehr.amend(outgoing(now), amended.remote, corrected=True)

    by_site = {each["bodySite"]["text"]: each["status"] for each in server.all("Observation")}
    said = {"L1-L2": "corrected", "T12": "entered-in-error"} | dict.fromkeys(("L1", "L2", "L3", "L4"), "corrected")
    assert by_site == said
    assert json.dumps(list(server.resources.values())) == before
