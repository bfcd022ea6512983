"""Mirrors cds/fhir_client/ehr.py, ehr_resources.py, ehr_patient.py: one result in the chart of one EHR."""

import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from cds.ehr import EhrRefused, EhrUnavailable, PatientUnresolved, RemoteResource
from cds.entered_in_error import withdrawal_code
from cds.fhir_client.ehr_resources import REPLACES
from cds.ports import Review
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_result, an_assessment
from tests.support.fake_ehr import BASE, SYSTEM, FakeEhrServer, a_chart_patient, a_registration, answering
from tests.support.outgoing import EVERYTHING, outgoing

ACCEPTED = Review("Dr. Ada Reader", "accepted", MEASURED_AT)


def references_of(resource) -> set[str]:
    """Every literal reference in it."""
    if isinstance(resource, list):
        return set().union(*map(references_of, resource)) if resource else set()
    if not isinstance(resource, dict):
        return set()
    own = {resource["reference"]} if isinstance(resource.get("reference"), str) else set()
    return own.union(*map(references_of, resource.values())) if resource else own


def test_one_observation_and_one_report_are_written_by_default(server):
    """Under the EHR's own patient; references resolve there, or go by identifier."""
    written = server.ehr().write(outgoing())

    observation, report = server.one("Observation"), server.one("DiagnosticReport")
    assert [each.type for each in written.remote] == ["Observation", "DiagnosticReport"]
    assert not written.existed
    assert observation["subject"]["reference"] == report["subject"]["reference"] == "Patient/1"
    assert report["result"] == [{"reference": f"Observation/{observation['id']}", "type": "Observation"}]
    assert {each["type"] for each in observation["derivedFrom"]} == {"ImagingStudy"}
    assert observation["device"]["identifier"]["value"].startswith("osteocds ")
    assert references_of([observation, report]) == {"Patient/1", f"Observation/{observation['id']}"}


OTHER = "https://other.example.org/r4/Practitioner/7"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"{BASE}/Practitioner/7", {"reference": "Practitioner/7"}),
        (OTHER, {"identifier": {"system": "urn:ietf:rfc:3986", "value": OTHER}}),
        (f"{BASE}/PractitionerRole/7", {}),
        ("Dr. Ada Reader", {}),
    ],
)
def test_a_reader_whom_the_ehr_named_is_its_own_practitioner(server, address, told):
    """Another EHR's practitioner goes by identifier: a reference could not be resolved here."""
    review = Review(address, "accepted", MEASURED_AT, reader_name="Dr. Ada Reader")
    server.ehr(a_registration(write=EVERYTHING)).write(outgoing(replace(a_result(), review=review)))

    person = {"type": "Practitioner", "display": "Dr. Ada Reader", **told}
    assert server.one("DiagnosticReport")["resultsInterpreter"] == [person]
    assert all(each["performer"] == [person] for each in server.all("Observation"))
    assert person in [each["agent"][0]["who"] for each in server.all("Provenance")]


def test_everything_can_be_written(server):
    """Levels, device and provenance too, with references among them; a repeat changes nothing."""
    ehr = server.ehr(a_registration(write=EVERYTHING))
    ehr.write(outgoing())
    before = json.dumps(list(server.resources.values()))

    again = ehr.write(outgoing())

    assert again.existed
    assert json.dumps(list(server.resources.values())) == before
    assert len(server.all("Observation")) == 4
    assert len(server.all("Provenance")) == len(server.all("Device")) == 1
    known = {f"{kind}/{resource_id}" for kind, resource_id in server.resources}
    assert references_of(list(server.resources.values())) <= known


@pytest.mark.parametrize("tells_locations", [True, False])
def test_a_repeat_by_another_worker_changes_nothing(server, tells_locations):
    """Conditional creates by our identifiers; also where the EHR does not say where things lie."""
    server.tells_locations = tells_locations
    first = server.ehr().write(outgoing())
    second = server.ehr().write(outgoing())

    assert {(each.type, each.id) for each in first.remote} == {(each.type, each.id) for each in second.remote}
    assert second.existed
    assert len(server.all("Observation")) == len(server.all("DiagnosticReport")) == 1
    assert server.one("Observation")["meta"]["versionId"] == "1"


def test_an_accepted_result_becomes_final_and_keeps_what_others_added(server):
    """The version that was read is the condition; ours is overlaid, theirs stays."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    server.put(server.one("Observation") | {"encounter": {"reference": "Encounter/9"}})

    amended = ehr.amend(outgoing(replace(a_result(), review=ACCEPTED)), written.remote, corrected=False)

    observation = server.one("Observation")
    assert observation["status"] == server.one("DiagnosticReport")["status"] == "final"
    assert observation["encounter"] == {"reference": "Encounter/9"}
    assert [each.version for each in amended.remote] == ["3", "2"]


def test_amending_without_a_change_writes_nothing(server):
    """A second worker that comes late finds everything as it should be."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    ehr.amend(outgoing(), written.remote, corrected=False)

    assert not [path for method, path in server.requests if method == "PUT"]


def test_a_wrong_value_is_corrected(server):
    """Status corrected, the same resource, its next version."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    other = a_result(assessment=an_assessment(vbmd_mg_cm3=91.0, ci95_mg_cm3=(85.0, 97.0), category="low"))

    ehr.amend(outgoing(other), written.remote, corrected=True)

    observation = server.one("Observation")
    assert observation["status"] == "corrected"
    assert observation["valueQuantity"]["value"] == 91.0


def test_what_is_taken_back_says_why(server):
    """Entered in error on every resource, with the reason; a repeat changes nothing."""
    ehr = server.ehr()
    written = ehr.write(outgoing())

    for _ in range(2):
        ehr.take_back(outgoing(), written.remote, "the vertebrae were named wrongly: L1 is T12 <b>")

    observation, report = server.one("Observation"), server.one("DiagnosticReport")
    assert observation["status"] == report["status"] == "entered-in-error"
    assert withdrawal_code(observation) == withdrawal_code(report) == "no-longer-confirmed"
    assert "presentedForm" not in report
    assert observation["note"][-1]["text"].endswith("L1 is T12 <b>")
    assert report["conclusion"] == observation["note"][-1]["text"]
    assert "&lt;b&gt;" in report["text"]["div"]
    assert observation["meta"]["versionId"] == "2"


def test_a_retraction_carries_its_code_into_the_chart(server):
    """From the rendering that says so."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    review = Review("Physicist B.", "rejected", MEASURED_AT, 1, "the vertebrae were named wrongly", "wrong-level")

    ehr.take_back(outgoing(replace(a_result(), review=review)), written.remote, "the vertebrae were named wrongly")

    assert (
        withdrawal_code(server.one("Observation")) == withdrawal_code(server.one("DiagnosticReport")) == "wrong-level"
    )


def test_what_is_shown_again_says_no_longer_why_it_was_not(server):
    """Its study came back: status, value and words as at first, and nothing of the withdrawal."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    before = server.one("Observation"), server.one("DiagnosticReport")
    taken_back = ehr.take_back(outgoing(), written.remote, "the study is gone")
    assert {server.one(kind)["status"] for kind in ("Observation", "DiagnosticReport")} == {"entered-in-error"}

    ehr.amend(outgoing(), taken_back.remote, corrected=False)

    for resource in before:
        now = server.one(resource["resourceType"])
        assert now | {"meta": 0} == resource | {"meta": 0}


def test_what_was_written_though_the_answer_was_lost_is_taken_back_too(server):
    """Found by its identifier."""
    server.ehr().write(outgoing())

    left = server.ehr().take_back(outgoing(), (), "wrong")

    assert {each.type for each in left.remote} == {"Observation", "DiagnosticReport"}
    assert server.one("Observation")["status"] == "entered-in-error"


def test_what_the_ehr_has_deleted_needs_no_taking_back(server):
    """But it cannot be amended: somebody decided that."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    server.resources = {key: each for key, each in server.resources.items() if key[0] == "Patient"}

    ehr.take_back(outgoing(), written.remote, "wrong")
    with pytest.raises(EhrRefused, match="deleted"):
        ehr.amend(outgoing(), written.remote, corrected=False)


def test_somebody_who_is_faster_is_not_overwritten(server):
    """412: read again and begin anew; their change stays."""
    ehr = server.ehr()
    written = ehr.write(outgoing())

    def overtake(request):
        if request.method == "PUT" and "Observation" in request.url.path:
            server.put(
                server.one("Observation") | {"issued": "2030-01-01T00:00:00Z", "encounter": {"reference": "E/1"}}
            )
            return httpx.Response(412)
        return None

    server.faults.append(overtake)
    ehr.take_back(outgoing(), written.remote, "wrong")

    assert server.one("Observation")["status"] == "entered-in-error"
    assert server.one("Observation")["encounter"] == {"reference": "E/1"}


def test_a_resource_that_changes_all_the_time_is_tried_later(server):
    """After three tries; this result alone waits."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    server.faults += [answering(412, "PUT")] * 3

    with pytest.raises(EhrUnavailable) as caught:
        ehr.take_back(outgoing(), written.remote, "wrong")
    assert not caught.value.concerns_all


def test_a_measurement_by_another_generation_names_the_one_before(server):
    """The standard extension of R4: the target is obsolete by this one."""
    ehr = server.ehr()
    old = ehr.write(outgoing()).remote[0]
    newer = a_result(result_id="00000000-0000-4000-8000-000000000002", generation="spine-net-2")

    ehr.write(outgoing(newer, replaces=old))

    by_identifier = {each["identifier"][0]["value"]: each for each in server.all("Observation")}
    assert by_identifier[newer.result_id]["extension"] == [
        {"url": REPLACES, "valueReference": {"reference": f"Observation/{old.id}"}}
    ]


@pytest.mark.parametrize(
    ("patients", "why"),
    [
        ([], "no active patient"),
        ([a_chart_patient("PAT-0002")], "no active patient"),
        ([a_chart_patient(active=False)], "no active patient"),
        ([a_chart_patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/9"}}])], "no active patient"),
        ([a_chart_patient(identifier=[{"system": SYSTEM, "value": "PAT-0001", "use": "old"}])], "no active patient"),
        (
            [a_chart_patient(identifier=[{"system": SYSTEM, "value": "PAT-0001", "period": {"end": "2020-01-01"}}])],
            "no active patient",
        ),
        ([a_chart_patient(), a_chart_patient()], "2 active patients"),
        ([a_chart_patient(birthDate="1951-04-04")], "contradicts"),
        ([a_chart_patient(gender="male")], "contradicts"),
    ],
)
def test_a_patient_who_is_not_clear_gets_nothing(patients, why):
    """None, two, another, an old identifier, another birth date: nothing is written, and no identifier is told."""
    server = FakeEhrServer()
    for patient in patients:
        server.put(patient)

    with pytest.raises(PatientUnresolved, match=why) as caught:
        server.ehr().write(outgoing())
    assert "PAT-" not in str(caught.value)
    assert not server.all("Observation")


def test_a_result_of_another_tenant_is_refused(server):
    """Results are kept by tenant, and so are charts."""
    with pytest.raises(EhrRefused, match="tenant"):
        server.ehr().write(outgoing(a_result(a_patient(a_key(tenant="south")))))
    assert not server.requests


def test_a_result_that_the_ehr_moved_to_another_patient_is_not_amended(server):
    """Somebody has to look."""
    ehr = server.ehr()
    written = ehr.write(outgoing())
    server.put(server.one("Observation") | {"subject": {"reference": "Patient/99"}})

    with pytest.raises(EhrRefused, match="another patient"):
        ehr.amend(outgoing(replace(a_result(), review=ACCEPTED)), written.remote, corrected=False)


def test_no_identifier_of_a_patient_stands_in_a_url(server):
    """Searches go by POST."""
    server.ehr().write(outgoing())

    assert ("POST", "/Patient/_search") in server.requests
    assert not [path for _, path in server.requests if "PAT-" in path]


@pytest.mark.parametrize(
    ("status", "headers", "concerns_all", "wait"),
    [
        (403, {}, True, None),
        (409, {}, False, None),
        (412, {}, False, None),
        (429, {"Retry-After": "120"}, True, timedelta(minutes=2)),
        (503, {"Retry-After": "7"}, True, timedelta(seconds=7)),
        (500, {}, True, None),
        (502, {"Retry-After": "soon"}, True, None),
    ],
)
def test_what_may_pass_is_tried_later(server, status, headers, concerns_all, wait):
    """Whether everything waits or this result alone, and how long, as the EHR says."""
    server.faults.append(answering(status, "POST /r4", headers=headers))
    with pytest.raises(EhrUnavailable, match=str(status)) as caught:
        server.ehr().write(outgoing())
    assert (caught.value.concerns_all, caught.value.wait) == (concerns_all, wait)


@pytest.mark.parametrize("status", [302, 400, 404, 405, 413, 415, 422])
def test_what_will_not_pass_is_refused(server, status):
    """Codes and places of the outcome are told, never its text."""
    outcome = {"issue": [{"code": "invalid", "expression": ["Observation.code"], "diagnostics": "PAT-0001 Secretname"}]}
    server.faults.append(answering(status, "POST /r4", body=outcome))
    with pytest.raises(EhrRefused) as caught:
        server.ehr().write(outgoing())
    assert str(caught.value) == f"the EHR answered {status} (invalid at Observation.code)"


def test_a_refused_token_is_replaced_once(server):
    """401: one fresh token; where that is refused too, everything waits."""
    ehr = server.ehr()
    ehr.write(outgoing())
    server.tokens.clear()
    ehr.write(outgoing())
    assert len(server.assertions) == 2

    server.faults += [answering(401), answering(401)]
    with pytest.raises(EhrUnavailable, match="401") as caught:
        ehr.write(outgoing())
    assert caught.value.concerns_all


def test_an_ehr_that_cannot_be_reached_is_tried_later(server):
    """Named by kind, without the address."""

    def away(request):
        raise httpx.ConnectError(f"{request.url} PAT-0001")

    server.faults.append(away)
    with pytest.raises(EhrUnavailable, match=r"could not be reached \(ConnectError\)") as caught:
        server.ehr().write(outgoing())
    assert BASE not in str(caught.value)


def test_an_ehr_with_two_of_ours_is_left_to_an_operator(server):
    """What exists twice under our identifier is not made a third time; 412 says so."""
    for _ in range(2):
        server.put(
            {
                "resourceType": "Observation",
                "identifier": json.loads(outgoing().bundle)["entry"][3]["resource"]["identifier"],
            }
        )
    with pytest.raises(EhrUnavailable, match="412"):
        server.ehr().write(outgoing())
    assert len(server.all("Observation")) == 2


def test_remote_resources_know_where_they_lie(server):
    """Type, our identifier, the EHR's id and version."""
    remote = server.ehr().write(outgoing()).remote

    assert remote[0] == RemoteResource("Observation", a_result().result_id, server.one("Observation")["id"], "1")
