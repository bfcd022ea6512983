"""How large the databases grow, in bytes for each patient who was screened.

`python -m tests.benchmarks.sizing` fills new SQLite databases with patients: a result with its FHIR resources, two
audit rows, a card shown; and an order in the queue. Twice as many patients minus so many: empty tables do not count.
What the worker's checkpoints add to the queue is the length of their JSON, twice (as output of the step and, in part,
of the workflow): computed, not measured. Pictures are not in it.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from cds.bone.assessment import TissueEvidence
from cds.bone.record import to_record
from cds.durable.database import prepare_queue_database, shrink
from cds.durable.queue import DbosScreeningQueue
from cds.reporting.bundle import FhirPublisher
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.tables import shown_cards
from tests.benchmarks.provenance import provenance
from tests.support.assessments import a_calibration, a_key, a_patient, a_result, an_acquisition, an_assessment, an_order
from tests.support.clock import SettableClock

RESULTS = Path(__file__).parent / "results" / "sizing.json"
_TISSUES = tuple(
    TissueEvidence(tissue=each, hu=40.0, sem_hu=0.4, expected_hu=41.0, hu_at_120_kvp=40.2, used=True)
    for each in ("fat", "muscle", "blood", "air")
)


def main() -> None:
    """Measure and write the results file."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--patients", type=int, default=500)
    patients = arguments.parse_args().patients
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        app = application_bytes(folder / "app.db", 2 * patients) - application_bytes(folder / "half.db", patients)
        queue = queue_bytes(folder / "queue.db", 2 * patients) - queue_bytes(folder / "half-queue.db", patients)
    record = len(json.dumps(to_record(_assessment(1))))
    found = {
        "provenance": provenance(["python", "-m", "tests.benchmarks.sizing"], Path(__file__).parent),
        "patients": patients,
        "application database, bytes a patient": round(app / patients),
        "queue database, bytes an order": round(queue / patients),
        "checkpoints of an order, bytes (computed)": 2 * record,
        "assessment record, bytes": record,
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    sys.stdout.write(RESULTS.read_text())


def application_bytes(file: Path, patients: int) -> int:
    """Size of the file with so many patients in it."""
    url = f"sqlite:///{file}"
    migrate(url)
    engine, clock = open_engine(url), SettableClock(datetime.now(UTC))
    store, publisher = SqlAssessmentStore(engine, clock), FhirPublisher("Investigational.", "urn:oid:1.2.3")
    audit = SqlAuditLog(engine, clock)
    for number in range(patients):
        patient = a_patient(a_key(f"PAT-{number:07}"))
        result = a_result(patient, _assessment(number), result_id=f"7f1c1a52-0c63-5a0e-9f5c-{number:012}")
        store.keep(result, publisher.render(result))
        audit.record("result-published", patient.key, "assessed", result.result_id)
        audit.record(
            "hook", patient.key, "known", "osteocds-order-sign: card", caller="https://ehr.example Practitioner/7"
        )
        key = {"tenant": "default", "patient_id": patient.key.patient_id, "issuer": "HOSPITAL"}
        card = {
            "card_id": f"7f1c1a52-0c63-5a0e-9f5c-{number:012}",
            "finding": "f" * 40,
            "service": "osteocds-order-sign",
        }
        shown = {
            "result_id": result.result_id,
            "shown_to": "https://ehr.example Practitioner/7",
            "shown_at": clock.now(),
        }
        with engine.begin() as connection:
            connection.execute(insert(shown_cards), key | card | shown)
    engine.dispose()
    shrink(url)
    return file.stat().st_size


def queue_bytes(file: Path, orders: int) -> int:
    """Size of the file with so many orders waiting in it."""
    url = f"sqlite:///{file}"
    prepare_queue_database(url)
    queue = DbosScreeningQueue(url, "generation", SettableClock(datetime.now(UTC)))
    for number in range(orders):
        queue.submit(an_order(a_patient(a_key(f"PAT-{number:07}"))))
    queue.close()
    shrink(url)
    return file.stat().st_size


def _assessment(number: int):
    taken = an_acquisition(
        study_uid=f"1.2.826.0.1.3680043.10.1.{number}",
        series_uid=f"1.2.826.0.1.3680043.10.1.{number}.2",
        patient_id=f"PAT-{number:07}",
    )
    return replace(an_assessment(acquisition=taken), calibration=a_calibration(tissues=_TISSUES))


if __name__ == "__main__":
    main()
