"""Steps that retrieve a series from a real archive; what is made of it is up to those inside."""

from dataclasses import dataclass

from cds.ct.reason import NotAssessable
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.durable.patient_archive import PatientArchive
from tests.support.dicom_builder import a_series
from tests.support.fake_steps import FakeSteps, Json
from tests.support.faulty_archive import TIMEOUT_S

SERIES_WITHIN_S = 1.5


@dataclass(frozen=True)
class RetrievingSteps:
    """A refusal goes into the ledger, in place of what would be published."""

    inner: FakeSteps
    archive: PatientArchive

    def choose(self, order: Json) -> Json | None:
        """As those inside."""
        return self.inner.choose(order)

    def measure(self, choice: Json) -> Json | None:
        """Of the series that the archive sends."""
        record = self.inner.measure(choice)
        volume = self.archive.retrieve(a_series())
        if isinstance(volume, NotAssessable):
            return {"refused": [reason.text for reason in volume.reasons]}
        return record

    def publish(self, choice: Json, record: Json) -> str:
        """As those inside, or the reasons."""
        if "refused" not in record:
            return self.inner.publish(choice, record)
        with self.inner.ledger.open("a") as ledger:
            ledger.write(f"refused {choice['patient_id']}: {' '.join(record['refused'])}\n")
        return f"refusal-of-{choice['patient_id']}"


def retrieving_from(url: str, inner: FakeSteps) -> RetrievingSteps:
    """With little patience."""
    session = ArchiveSession(url, ConnectionPolicy(timeout_s=TIMEOUT_S, retries=1))
    session.trust_env = False
    archive = DicomwebArchive(url, session, retries=1, series_within_s=SERIES_WITHIN_S)
    return RetrievingSteps(inner, PatientArchive(archive, SERIES_WITHIN_S))
