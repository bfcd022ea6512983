"""What leaves the service is valid as it leaves: answers to registries, exports, notifications, what charts are sent.

As stored: base R4, US Core 7 and our profiles. De-identified resources claim no profile, because what profiles ask
for was taken out of them (identifiers, whole dates): they are judged by base R4 and by the terminology.
"""

import asyncio
import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cds.ports import Outgoing
from cds.registry.notifications import Event, notification, status_bundle, subscription_resource
from cds.reporting.bundle import FhirPublisher
from cds.subscription import Subscription
from tests.reporting.golden_cases import CASES, IDENTIFIER_SYSTEM, NOTICE
from tests.support.assessments import a_result
from tests.support.fake_ehr import SYSTEM, FakeEhrServer, a_chart_patient, a_registration
from tests.support.fhir_definitions import terminology_issues
from tests.support.registry_site import BASE, EVERYTHING, RegistrySite

STUDIED = ("Patient", "ImagingStudy", "Device", "Observation", "DiagnosticReport", "Provenance")
INCLUDES = "_include=Observation:patient&_include=Observation:derived-from&_include=Observation:device"


@dataclass
class Emitted:
    """What came out of one site."""

    how: str
    resources: list[dict]
    others: list[dict]
    """Bundles, the capability statement, outcomes."""


def resources_of(bundle):
    """What a Bundle holds."""
    return [entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry]


def one_of_each(resources):
    """The first of each type, profile, status and kind of value: validators take their time."""
    kinds = {}
    for each in resources:
        parts = (each["resourceType"], str(each["meta"].get("profile")), each.get("status"), *sorted(each))
        kinds.setdefault(parts, each)
    return list(kinds.values())


async def _asked(site):
    resources, others = [], []
    async with site.with_token() as registry:
        queries = (f"Observation?_count=500&colour=red&{INCLUDES}", "DiagnosticReport?_include=DiagnosticReport:result")
        others += [(await registry.get(query)).json() for query in queries]
        found = others[0]["entry"][0]["resource"]
        resources.append((await registry.get(f"Observation/{found['id']}")).json())
        others.append((await registry.get("Observation?_summary=count")).json())
        others.append((await registry.get("metadata")).json())
        others.append((await registry.get("Observation?date=yesterday")).json())
        _, manifest = await registry.export()
        resources += map(json.loads, await registry.lines(manifest))
    for bundle in others[:2]:
        resources += [each for each in resources_of(bundle) if each["resourceType"] != "OperationOutcome"]
    return Emitted("", one_of_each(resources), others)


@pytest.fixture(scope="module", params=["none", "safe-harbor", "site"])
def emitted(request, tmp_path_factory):
    """Every kind of answer, of a site that holds every golden case."""
    folder = tmp_path_factory.mktemp("emitted")
    head, how = 'pseudonym_secret_file = "secret"', f'{EVERYTHING}\ndeidentify = "{request.param}"'
    site = RegistrySite(folder / "site", f"sqlite:///{folder / 'registry.db'}", head=head, registries=how)
    for name, case in CASES.items():
        result = replace(case, result_id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)))
        site.store.keep(result, site.publisher.render(result))
    site.store.withdraw(str(uuid.uuid5(uuid.NAMESPACE_OID, "contrast")), "the study is gone")
    asked = asyncio.run(_asked(site))
    site.engine.dispose()
    return replace(asked, how=request.param)


def test_every_type_that_is_served_was_looked_at(emitted):
    """In every status; so the tests below can fail."""
    served = set(STUDIED) - (set() if emitted.how == "none" else {"Provenance"})
    statuses = {each["status"] for each in emitted.resources if each["resourceType"] == "Observation"}

    assert {each["resourceType"] for each in emitted.resources} == served
    assert statuses == {"preliminary", "final", "corrected", "entered-in-error"}


def test_de_identified_resources_claim_no_profile(emitted):
    """Whoever reads `meta.profile` must be able to rely on it."""
    claims = {each["resourceType"] for each in emitted.resources if "profile" in each["meta"]}

    assert claims == ({"Device", "DiagnosticReport", "Observation", "Provenance"} if emitted.how == "none" else set())


def test_resources_are_valid_by_medplum(emitted, medplum):
    """Warnings included."""
    whole = emitted.how == "none"

    assert [issue for each in emitted.resources for issue in medplum.issues(each, us_core=whole)] == []


def test_resources_are_valid_by_pyrofile(emitted, pyrofile):
    """Each alone, as it is read."""
    whole = emitted.how == "none"

    assert [issue for each in emitted.resources for issue in pyrofile.issues(each, us_core=whole)] == []


def test_codes_and_units_are_known(emitted):
    """In their code systems and value sets."""
    assert [issue for each in emitted.resources for issue in terminology_issues(each)] == []


def test_structure_and_datatypes_are_right(emitted):
    """By fhir.resources: everything, what is around the resources too."""
    for each in (*emitted.resources, *emitted.others):
        get_fhir_model_class(each["resourceType"]).model_validate(each)


def test_what_is_around_resources_is_valid_by_medplum(emitted, medplum):
    """Searchsets, counts, the capability statement, outcomes: by base R4."""
    assert [issue for each in emitted.others for issue in medplum.issues(each)] == []


def test_what_is_around_resources_is_valid_by_pyrofile(emitted, pyrofile):
    """Of searchsets the frame: what is in them was judged above.

    Not the capability statement: pyrofile adds up what each of several interactions and operations has once.
    """
    frames = [
        each | ({"entry": each["entry"][-1:]} if "entry" in each else {})
        for each in emitted.others
        if each["resourceType"] != "CapabilityStatement"
    ]

    assert [issue for each in frames for issue in pyrofile.issues(each, us_core=False)] == []


def of_subscriptions():
    """What is told of and to a subscription, without claims to profiles that are not at hand."""
    subscription = Subscription(
        subscription_id="2c1f6f1e-0000-4000-8000-000000000001",
        client_id="bone-registry",
        endpoint="https://registry.example.org/in",
        status="active",
        seen=0,
        events=3,
        failures=0,
        next_try_at=datetime.now(UTC),
    )
    event = Event(4, 1_772_443_800_000, "Observation/2c1f6f1e-0000-4000-8000-000000000002")
    bundles = [
        json.loads(status_bundle(BASE, subscription)),
        json.loads(notification(BASE, subscription, "handshake", [])),
        json.loads(notification(BASE, subscription, "event-notification", [event])),
    ]
    told = [subscription_resource(subscription), *(each for bundle in bundles for each in resources_of(bundle))]
    for each in told:
        each["meta"] = {"versionId": "1"}
    return [*told, *bundles]


def test_subscriptions_and_notifications_are_valid(medplum, pyrofile):
    """By base R4; the profiles of the backport guide are not at hand.

    pyrofile knows no `_payload`, and of bdl-5 only half: an entry with a request needs no resource.
    """
    for each in of_subscriptions():
        get_fhir_model_class(each["resourceType"]).model_validate(each)
        assert medplum.issues(each) == []
        if each["resourceType"] == "Subscription":
            del each["channel"]["_payload"]
        if "entry" in each:
            each["entry"] = [entry for entry in each["entry"] if "resource" in entry]
        assert pyrofile.issues(each, us_core=False) == []


class RecordingServer(FakeEhrServer):
    """An EHR that keeps what it is sent."""

    def handle(self, request):
        """Answer, and keep."""
        if request.method in ("POST", "PUT") and "json" in request.headers.get("content-type", ""):
            self.sent = [*getattr(self, "sent", ()), json.loads(request.content)]
        return super().handle(request)


def sent_to_charts():
    """Every body of a write, an amendment, a correction and a withdrawal, of everything that can be written."""
    server = RecordingServer()
    server.put(a_chart_patient())
    ehr = server.ehr(a_registration(write=frozenset({"observation", "report", "levels", "device", "provenance"})))
    publisher = FhirPublisher(NOTICE, SYSTEM)

    def outgoing(result):
        return Outgoing(result, publisher.render(result), None)

    written = ehr.write(outgoing(a_result()))
    accepted = replace(a_result(), review=CASES["accepted"].review)
    amended = ehr.amend(outgoing(accepted), written.remote, corrected=False)
    corrected = ehr.amend(outgoing(accepted), amended.remote, corrected=True)
    rejected = replace(a_result(), review=CASES["rejected"].review)
    ehr.take_back(outgoing(rejected), corrected.remote, "L2 is named too low.")
    return server.sent


def test_what_charts_are_sent_is_valid(medplum, pyrofile):
    """Transaction Bundles and updates as they go over the wire."""
    sent = sent_to_charts()
    statuses = {each["status"] for body in sent for each in [body, *resources_of(body)] if each.get("code")}

    for body in sent:
        get_fhir_model_class(body["resourceType"]).model_validate(body)
        for each in [body, *resources_of(body)]:
            assert medplum.issues(each) == []
            assert terminology_issues(each) == []
        assert pyrofile.issues(body) == []
    assert statuses == {"preliminary", "final", "corrected", "entered-in-error"}
    assert {body["resourceType"] for body in sent} == {"Bundle", "Observation", "DiagnosticReport"}
    assert IDENTIFIER_SYSTEM not in json.dumps(sent)
