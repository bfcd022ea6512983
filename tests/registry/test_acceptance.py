"""A named reader accepts a report by `PUT /fhir/DiagnosticReport/{id}`; nothing else can be updated."""

import json

import pytest

from cds.errors import SettingsInvalid
from cds.security.registries_file import read_registries
from tests.support.registry_site import CLIENT, ids

MAY_ACCEPT = 'scopes = ["system/*.rs", "system/DiagnosticReport.u"]\npatients = "all"'
BOTH = "system/*.rs system/DiagnosticReport.u"
READER = {"display": "Dr. Ada Reader", "reference": "Practitioner/7", "type": "Practitioner"}


@pytest.fixture
def site(a_registry_site):
    """Two results that nobody has read."""
    site = a_registry_site(registries=MAY_ACCEPT)
    site.results = [site.keep(number) for number in (1, 2)]
    return site


async def a_report(registry):
    """The report of the first patient, as it is read."""
    return (await registry.get("DiagnosticReport?patient.identifier=P1")).json()["entry"][0]["resource"]


async def put(registry, report, if_match='W/"1"', at=None, **changes):
    """Send it back, changed; None leaves an element out."""
    changed = {name: value for name, value in (report | changes).items() if value is not None}
    headers = {"Content-Type": "application/fhir+json"} | ({"If-Match": if_match} if if_match else {})
    return await registry.http.put(
        f"/fhir/{at or 'DiagnosticReport/' + report['id']}", content=json.dumps(changed), headers=headers
    )


async def test_a_report_becomes_final_with_its_reader(site):
    """Its Observations too; a new version, found by status, with an audit row that names reader and system."""
    async with site.with_token(BOTH) as registry:
        report = await a_report(registry)
        answer = await put(registry, report, status="final", resultsInterpreter=[READER])
        final = (await registry.get("Observation?status=final")).json()
        old = await registry.get(f"DiagnosticReport/{report['id']}/_history/1")

    accepted = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert (accepted["status"], accepted["meta"]["versionId"]) == ("final", "2")
    assert accepted["resultsInterpreter"] == [{"type": "Practitioner", "display": "Dr. Ada Reader"}]
    assert len(ids(final)) == 4
    assert old.json()["status"] == "preliminary"
    assert site.store.read(site.results[0].result_id).review.reader == "Dr. Ada Reader"
    told = [(row[0], row[2], caller) for row, caller in zip(site.audit.rows, site.audit.callers, strict=True)]
    assert ("result-reviewed", "accepted", "Dr. Ada Reader") in told
    assert ("registry-update", "accepted", CLIENT) in told


async def test_the_same_said_again_changes_nothing(site):
    """An answer may have been lost."""
    async with site.with_token(BOTH) as registry:
        report = await a_report(registry)
        accepted = (await put(registry, report, status="final", resultsInterpreter=[READER])).json()
        again = await put(registry, accepted, if_match='W/"2"')
        late = await put(registry, report, status="final", resultsInterpreter=[READER])

    assert (again.status_code, again.json()) == (200, accepted)
    assert late.status_code == 412


async def test_a_performer_will_do(site):
    """Of systems that have no other place for the reader."""
    async with site.with_token(BOTH) as registry:
        answer = await put(registry, await a_report(registry), status="final", performer=[{"display": "Dr. B"}])

    assert answer.json()["resultsInterpreter"][0]["display"] == "Dr. B"


FINAL = {"status": "final", "resultsInterpreter": [READER]}
REFUSED = {
    "no If-Match": (400, {"if_match": None, **FINAL}),
    "no ETag": (400, {"if_match": "1", **FINAL}),
    "any version": (400, {"if_match": "*", **FINAL}),
    "another version": (412, {"if_match": 'W/"7"', **FINAL}),
    "another id": (400, {"id": "another", "at": "DiagnosticReport/{id}", **FINAL}),
    "another type": (400, {"resourceType": "Observation", **FINAL}),
    "still preliminary": (422, {"resultsInterpreter": [READER]}),
    "entered in error": (422, {"status": "entered-in-error", "resultsInterpreter": [READER]}),
    "amended": (422, {"status": "amended", "resultsInterpreter": [READER]}),
    "no reader": (422, {"status": "final"}),
    "no name": (422, {"status": "final", "resultsInterpreter": [{"reference": "Practitioner/7"}]}),
    "an empty name": (422, {"status": "final", "resultsInterpreter": [{"display": " "}]}),
    "a long name": (422, {"status": "final", "resultsInterpreter": [{"display": "x" * 201}]}),
    "a control character": (422, {"status": "final", "resultsInterpreter": [{"display": "a\nb"}]}),
    "two readers": (422, {"status": "final", "resultsInterpreter": [READER, READER]}),
    "software": (422, {"status": "final", "resultsInterpreter": [{"display": "AI", "type": "Device"}]}),
    "an organization": (
        422,
        {"status": "final", "resultsInterpreter": [{"display": "A", "reference": "Organization/1"}]},
    ),
    "no list": (422, {"status": "final", "resultsInterpreter": READER}),
    "another conclusion": (422, {"conclusion": "Normal.", **FINAL}),
    "another patient": (422, {"subject": {"reference": "Patient/2", "type": "Patient"}, **FINAL}),
    "another day": (422, {"effectiveDateTime": "2025-01-01", **FINAL}),
    "one element less": (422, {"result": None, **FINAL}),
    "one element more": (422, {"media": [{"link": {"display": "x"}}], **FINAL}),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_every_other_change_is_refused(site, what):
    """With an outcome; the report stays as it was, and nobody has read it."""
    status, change = REFUSED[what]
    async with site.with_token(BOTH) as registry:
        report = await a_report(registry)
        change = {name: value.format(**report) if name == "at" else value for name, value in change.items()}
        answer = await put(registry, report, **change)

        assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome"), answer.text
        assert await a_report(registry) == report
    assert site.store.read(site.results[0].result_id).review is None


async def test_only_reports_are_updated_and_nothing_is_created_or_deleted(site):
    """405 for what the API does not do; 404 for a report that is not there."""
    async with site.with_token(BOTH) as registry:
        report = await a_report(registry)
        observation = (await registry.get("Observation")).json()["entry"][0]["resource"]
        for kind in ("Observation", "Patient", "Device", "ImagingStudy", "Provenance"):
            answer = await put(registry, observation, at=f"{kind}/{observation['id']}")
            assert (answer.status_code, answer.json()["resourceType"]) == (405, "OperationOutcome")
        missing = await put(registry, report | {"id": "nobody"}, **FINAL)
        for method, path in (
            ("DELETE", f"DiagnosticReport/{report['id']}"),
            ("PATCH", f"DiagnosticReport/{report['id']}"),
            ("POST", "DiagnosticReport"),
            ("PUT", "DiagnosticReport"),
        ):
            answer = await registry.http.request(method, f"/fhir/{path}", json=report)
            assert (path, answer.status_code, answer.json()["resourceType"]) == (path, 405, "OperationOutcome")

    assert missing.status_code == 404


async def test_a_body_that_is_no_report_is_refused(site):
    """Another content type, no JSON, no object, too large."""
    async with site.with_token(BOTH) as registry:
        at = f"/fhir/DiagnosticReport/{(await a_report(registry))['id']}"
        json_type = {"Content-Type": "application/fhir+json", "If-Match": 'W/"1"'}
        answers = [
            await registry.http.put(at, content=b"a=b", headers={"If-Match": 'W/"1"'}),
            await registry.http.put(at, content=b"{", headers=json_type),
            await registry.http.put(at, content=b"[" * 50_000, headers=json_type),
            await registry.http.put(at, content=b"[]", headers=json_type),
            await registry.http.put(at, content=b" " * 10_000_000, headers=json_type),
        ]

    assert [each.status_code for each in answers] == [415, 400, 400, 400, 413]


async def test_a_report_that_was_withdrawn_stays_so(site):
    """Even for whoever has read the newest version of it."""
    async with site.with_token(BOTH) as registry:
        site.store.withdraw(site.results[0].result_id, "the study is gone")
        wrong = (await registry.get("DiagnosticReport?status=entered-in-error")).json()["entry"][0]["resource"]
        answer = await put(registry, wrong, if_match='W/"2"', **FINAL)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "business-rule")


async def test_who_accepted_first_stands(site):
    """Another reader cannot take the place of the first."""
    async with site.with_token(BOTH) as registry:
        accepted = (await put(registry, await a_report(registry), **FINAL)).json()
        other = await put(registry, accepted, if_match='W/"2"', resultsInterpreter=[{"display": "Dr. B"}])

    assert other.status_code == 422
    assert site.store.read(site.results[0].result_id).review.reader == "Dr. Ada Reader"


GRANTED = {
    "system/DiagnosticReport.u": "system/DiagnosticReport.u",
    "system/DiagnosticReport.rus": "system/DiagnosticReport.rus",
    "system/DiagnosticReport.write": "system/DiagnosticReport.write",
    "system/DiagnosticReport.*": "system/DiagnosticReport.read system/DiagnosticReport.write",
    "system/DiagnosticReport.cruds": "system/DiagnosticReport.rus",
    "system/Observation.cruds": "system/Observation.rs",
}


async def test_the_right_to_accept_is_asked_for_by_name(site):
    """In either version; a wildcard reads and no more."""
    async with site.client() as registry:
        for asked, given in GRANTED.items():
            assert (asked, (await registry.ask_for_token(asked)).json()["scope"]) == (asked, given)
        everything = (await registry.ask_for_token("system/*.cruds")).json()["scope"]
    assert "u" not in {each.partition(".")[2] for each in everything.split()}
    assert "system/DiagnosticReport.rs" in everything.split()


@pytest.mark.parametrize(
    "scopes", ['"system/*.rs"', '"system/*.cruds"', '"system/*.*"', '"system/DiagnosticReport.read"']
)
async def test_without_the_scope_in_the_configuration_nobody_accepts(a_registry_site, scopes):
    """Denied by default; a wildcard does not name it."""
    site = a_registry_site(registries=f'scopes = [{scopes}]\npatients = "all"')
    site.keep(1)
    async with site.with_token("system/DiagnosticReport.cruds") as registry:
        answer = await put(registry, await a_report(registry), **FINAL)
        told = (await registry.get("metadata")).json()

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
    assert "update" not in json.dumps(told)


async def test_a_token_that_cannot_read_does_not_accept(site):
    """Nobody accepts what they have not seen."""
    async with site.with_token(BOTH) as registry:
        report = await a_report(registry)
    async with site.with_token("system/DiagnosticReport.u") as registry:
        assert (await put(registry, report, **FINAL)).status_code == 403


async def test_the_capability_statement_says_so(site):
    """Versions are required."""
    async with site.client() as registry:
        told = (await registry.get("metadata")).json()
        smart = (await registry.get(".well-known/smart-configuration")).json()

    (report,) = [each for each in told["rest"][0]["resource"] if each["type"] == "DiagnosticReport"]
    assert {"code": "update"} in report["interaction"]
    assert report["versioning"] == "versioned-update"
    assert "system/DiagnosticReport.u" in smart["scopes_supported"]


def test_whoever_gets_deidentified_data_cannot_be_given_the_scope(a_registry_site):
    """At start."""
    site = a_registry_site(
        head='pseudonym_secret_file = "secret"', registries=f'{MAY_ACCEPT}\ndeidentify = "safe-harbor"'
    )
    with pytest.raises(SettingsInvalid, match="de-identified"):
        read_registries(site.configured.registries_file, site.configured)
