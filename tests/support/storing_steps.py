"""Steps that keep what they are given in real tables, as those of real workers do."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from cds.picture import Picture
from cds.reporting.bundle import FhirPublisher
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.pictures import SqlPictures
from cds.wiring.clock import SystemClock
from tests.support.assessments import a_key, a_patient, a_result
from tests.support.fake_steps import FakeSteps, Json


@dataclass(frozen=True)
class StoringSteps:
    """What is measured is drawn, and what is published is stored; all else is up to the steps inside."""

    inner: FakeSteps
    engine: Engine

    def choose(self, order: Json) -> Json | None:
        """As those inside."""
        return self.inner.choose(order)

    def measure(self, choice: Json) -> Json | None:
        """With a picture of a hundred kilobytes."""
        record = self.inner.measure(choice)
        picture = Picture("axial", b"\x89PNG" + os.urandom(100_000), 512, 512, 0.7)
        SqlPictures(self.engine, SystemClock()).put(choice["patient_id"], [picture])
        return record

    def publish(self, choice: Json, record: Json) -> str:
        """With its resources."""
        result_id = self.inner.publish(choice, record)
        patient = a_patient(a_key(choice["patient_id"]))
        result = a_result(patient, result_id=result_id, measured_at=datetime.now(UTC))
        rendering = FhirPublisher("Investigational.", "urn:oid:1.2.3").render(result)
        SqlAssessmentStore(self.engine, SystemClock()).keep(result, rendering)
        return result_id
