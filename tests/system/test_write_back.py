"""Results in the chart of a real FHIR server: from publish to retraction, through the service's own wiring."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cds.cli.write_back import run_list
from cds.ct.patient import PatientIdentity
from cds.fhir_client.ehr_resources import REPLACES
from cds.fhir_client.ehr_session import ehr_client
from cds.ports import Outgoing, Review
from cds.reporting.bundle import FhirPublisher
from cds.retracting import Verdict
from cds.retraction import Recall
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.outbox import SqlOutbox
from cds.storage.reviews import SqlReviews
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records
from cds.wiring.retracting import open_retracting
from cds.wiring.write_back import writing_back
from tests.support.assessments import MEASURED_AT, a_key, a_result
from tests.support.client_tokens import a_pair
from tests.support.fake_ehr import SYSTEM, a_chart_patient
from tests.support.sekmet import running_sekmet

pytestmark = pytest.mark.system

NOTICE = "Investigational: not cleared as a medical device."
SCOPES = " ".join(f"system/{each}.cruds" for each in ("Patient", "Observation", "DiagnosticReport", "*"))
NEWER = a_result(
    result_id="00000000-0000-4000-8000-000000000002",
    generation="spine-net-2+tables-1",
    measured_at=MEASURED_AT + timedelta(days=1),
)


@pytest.mark.parametrize("kind", ["P-384", 2048])
def test_a_result_is_written_read_accepted_measured_again_and_taken_back(tmp_path, monkeypatch, capsys, kind):
    """ES384 and RS384; two workers at once; the server's own resources say what became of it."""
    pair = a_pair(f"write-back-{kind}", kind)
    with running_sekmet(tmp_path, "osteocds", {"keys": [pair.as_dict(private=False)]}, SCOPES) as ehr:
        settings = a_site(tmp_path, ehr.base, pair, monkeypatch)
        patient = f"Patient/{ehr.create(a_chart_patient())}"
        with open_records(settings) as engine, ehr_client() as client:
            clock = SystemClock()
            store, outbox = SqlAssessmentStore(engine, clock), SqlOutbox(engine, clock)
            workers = [writing_back(settings, engine, clock, client) for _ in range(2)]

            publish(store, workers[0], a_result())
            publish(store, workers[0], a_result(PatientIdentity(a_key("PAT-0404")), result_id="nobody"))
            for worker in workers:
                worker.deliver()
            observation = ehr.one("Observation")
            assert observation["subject"]["reference"] == ehr.one("DiagnosticReport")["subject"]["reference"] == patient
            assert observation["status"] == "preliminary"
            assert [each.state for each in outbox.of("nobody")] == ["unresolved"]

            send_again(workers[1], outbox, store)
            assert ehr.one("Observation")["meta"]["versionId"] == observation["meta"]["versionId"]

            read = replace(a_result(), review=Review("Dr. Ada Reader", "accepted", MEASURED_AT))
            SqlReviews(engine).keep(read.result_id, read.review, FhirPublisher(NOTICE, SYSTEM).render(read))
            workers[0].deliver()
            assert ehr.one("Observation")["status"] == ehr.one("DiagnosticReport")["status"] == "final"

            publish(store, workers[0], NEWER)
            workers[1].deliver()
            by_result = {each["identifier"][0]["value"]: each for each in ehr.all("Observation")}
            assert [each["url"] for each in by_result[NEWER.result_id]["extension"]] == [REPLACES]
            assert by_result[NEWER.result_id]["extension"][0]["valueReference"]["reference"].endswith(observation["id"])

            with open_retracting(settings) as retracting:
                verdict = Verdict("wrong-level", "L1 was named T12", "Physicist B.")
                for each in list(retracting.plan(Recall(study_uid=a_result().assessment.acquisition.study_uid))):
                    retracting.retract(each.result, verdict)
            for worker in workers:
                worker.deliver()
            assert {each["status"] for each in ehr.all("Observation")} == {"entered-in-error"}
            assert {each["status"] for each in ehr.all("DiagnosticReport")} == {"entered-in-error"}
            assert all("L1 was named T12" in each["conclusion"] for each in ehr.all("DiagnosticReport"))
        run_list(everything=True)
        assert "not-needed" in capsys.readouterr().out


def a_site(folder, base, pair, monkeypatch) -> Settings:
    """Settings of a service with this one EHR."""
    key_file, ehr_file = folder / "key.json", folder / "ehr.toml"
    key_file.write_text(json.dumps(pair.as_dict(private=True)))
    lines = {"name": "north", "base_url": base, "client_id": "osteocds", "key_file": "key.json"}
    scopes = "scopes = " + json.dumps(SCOPES.split())
    ehr_file.write_text("\n".join(["[[ehr]]", *(f'{name} = "{value}"' for name, value in lines.items()), scopes]))
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(folder / "site"))
    monkeypatch.setenv("OSTEOCDS_EHR_FILE", str(ehr_file))
    monkeypatch.setenv("OSTEOCDS_IDENTIFIER_SYSTEM", SYSTEM)
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_FOLDER", str(folder))
    return Settings()


def publish(store, worker, result):
    """As the publish step does."""
    store.keep(result, FhirPublisher(NOTICE, SYSTEM).render(result))
    worker.published(result)


def send_again(worker, outbox, store):
    """As if the answer had been lost: the whole transaction once more."""
    result = a_result()
    (delivery,) = outbox.of(result.result_id)
    ehr = worker.targets["north"].ehr
    again = ehr.write(Outgoing(result, store.bundle(result.result_id)))
    assert again.existed
    assert {(each.type, each.id) for each in again.remote} == {(each.type, each.id) for each in delivery.remote}
