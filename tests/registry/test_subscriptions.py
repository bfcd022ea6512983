"""Subscriptions: told by id to configured origins only, again and again until it is taken."""

import json

import httpx
import pytest

from cds.registry.notifications import TOPIC
from cds.registry.notifier import GIVE_UP_AFTER
from cds.retracting import Retracting, Verdict
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.retractions import SqlRetractions
from tests.support.assessments import a_key
from tests.support.registry_site import EVERYTHING

HOOK = "https://registry.example.org/notify"
ORIGINS = f'{EVERYTHING}\nrest_hook_origins = ["https://registry.example.org"]'


class Endpoint:
    """The other side: takes what it gets, or answers what it was told to."""

    def __init__(self, registry):
        """In the place of the network."""
        self.taken, self.status = [], 200
        notifier = registry.desks.subscriptions.notifier
        object.__setattr__(notifier, "http", httpx.Client(transport=httpx.MockTransport(self.answer)))
        self.notifier = notifier

    def answer(self, request):
        """Keep the notification."""
        if self.status == 200:
            self.taken.append(json.loads(request.content))
        return httpx.Response(self.status)

    def told(self):
        """References of all events taken."""
        return [each["request"]["url"] for bundle in self.taken for each in bundle["entry"][1:]]


def a_subscription(**channel):
    """As a client sends it."""
    usual = {"type": "rest-hook", "endpoint": HOOK, "payload": "application/fhir+json"}
    return {"resourceType": "Subscription", "status": "requested", "criteria": TOPIC, "channel": usual | channel}


@pytest.fixture
def site(a_registry_site):
    """A site that allows one origin, with a result from before."""
    site = a_registry_site(registries=ORIGINS)
    site.keep(0)
    return site


async def begin(registry, **channel):
    """Create one."""
    answer = await registry.http.post("/fhir/Subscription", json=a_subscription(**channel))
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def test_new_assessments_are_told_by_id_alone(site):
    """After a handshake; those from before are not, and nothing but ids is in it."""
    async with site.with_token() as registry:
        endpoint = Endpoint(registry)
        at = await begin(registry)
        endpoint.notifier.deliver_due()
        site.keep(1)
        site.keep(2)
        endpoint.notifier.deliver_due()
        endpoint.notifier.deliver_due()
        resource = (await registry.http.get(at)).json()
        status = (await registry.http.get(f"{at}/$status")).json()
        for reference in endpoint.told():
            assert (await registry.get(reference)).json()["code"]["coding"][0]["code"] == "patient-vbmd"

    handshake, news = endpoint.taken
    assert parameter(handshake, "type") == "handshake"
    assert parameter(news, "type") == "event-notification"
    assert parameter(news, "events-since-subscription-start") == "2"
    assert len(endpoint.told()) == len(set(endpoint.told())) == 2
    assert all("resource" not in each for each in news["entry"][1:])
    assert not any(word in json.dumps(news) for word in ("P1", "70.1", "mg/cm3"))
    assert resource["status"] == "active"
    assert status["entry"][0]["resource"]["parameter"][4]["valueString"] == "2"


def parameter(bundle, name):
    """A value of the status."""
    (found,) = [each for each in bundle["entry"][0]["resource"]["parameter"] if each["name"] == name]
    return found.get("valueCode") or found.get("valueString")


async def test_what_is_not_taken_is_sent_again_and_lost_never(site):
    """Later and later, then given up; a withdrawal is news too."""
    async with site.with_token() as registry:
        endpoint = Endpoint(registry)
        at = await begin(registry)
        endpoint.notifier.deliver_due()
        result = site.keep(1)
        endpoint.status = 503
        endpoint.notifier.deliver_due()
        endpoint.status = 200
        endpoint.notifier.deliver_due()
        assert endpoint.told() == []
        site.clock.move_on(seconds=31)
        site.store.withdraw(result.result_id, "the study is gone")
        endpoint.notifier.deliver_due()
        assert len(endpoint.told()) == 1
        endpoint.status = 500
        site.keep(2)
        for _ in range(GIVE_UP_AFTER):
            endpoint.notifier.deliver_due()
            site.clock.move_on(hours=2)
        found = registry.desks.subscriptions.subscriptions.read(at.rpartition("/")[2])

    assert found.status == "error"


async def test_a_retraction_is_told_and_what_is_read_then_says_so(site):
    """By id again; the resource behind it is entered in error, with its reason."""
    async with site.with_token() as registry:
        endpoint = Endpoint(registry)
        await begin(registry)
        endpoint.notifier.deliver_due()
        result = site.keep(1)
        endpoint.notifier.deliver_due()
        before = endpoint.told()
        site.clock.move_on(seconds=5)
        verdict = Verdict("wrong-patient", "the images are of somebody else", "Physicist B.")
        Retracting(SqlRetractions(site.engine), site.publisher, (), site.audit, site.clock).retract(result, verdict)
        endpoint.notifier.deliver_due()
        again = endpoint.told()[len(before) :]
        read = (await registry.get(again[0])).json()

    assert len(before) == 1
    assert again == before
    assert read["status"] == "entered-in-error"
    assert "wrong-patient" in json.dumps(read)


async def test_opted_out_patients_are_not_told_of(site):
    """Nor anybody of a group that is not the registry's."""
    async with site.with_token() as registry:
        endpoint = Endpoint(registry)
        await begin(registry)
        endpoint.notifier.deliver_due()
        SqlOptOuts(site.engine, site.clock).add([a_key("P1")])
        site.keep(1)
        site.keep(2)
        endpoint.notifier.deliver_due()

    assert len(endpoint.told()) == 1


ELSEWHERE = (
    "https://registry.example.org.evil.example/notify",
    "https://registry.example.org@evil.example/notify",
    "https://evil.example/https://registry.example.org",
    "https://registry.example.org:8443/notify",
    "http://registry.example.org/notify",
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
    "https://[::1",
    "",
)


async def test_endpoints_elsewhere_are_refused(site):
    """Origins are compared whole."""
    async with site.with_token() as registry:
        for endpoint in ELSEWHERE:
            answer = await registry.http.post("/fhir/Subscription", json=a_subscription(endpoint=endpoint))
            assert (endpoint, answer.status_code) == (endpoint, 403)
            assert answer.json()["resourceType"] == "OperationOutcome"


async def test_other_subscriptions_are_refused(site):
    """Another channel, topic, content; no Subscription at all; one too many."""
    async with site.with_token() as registry:
        wrong = [
            a_subscription(type="email"),
            a_subscription() | {"criteria": "Observation?status=final"},
            a_subscription(header=["Authorization: Bearer x"]),
            a_subscription(_payload={"extension": [{"url": "x", "valueCode": "full-resource"}]}),
            {"resourceType": "Patient"},
            [],
        ]
        for body in wrong:
            assert (await registry.http.post("/fhir/Subscription", json=body)).status_code == 400
        for _ in range(5):
            at = await begin(registry)
        assert (await registry.http.post("/fhir/Subscription", json=a_subscription())).status_code == 429
        assert (await registry.http.delete(at)).status_code == 204
        assert (await registry.http.get(at)).status_code == 404
        await begin(registry)


async def test_a_site_that_names_no_origin_sends_nothing(a_registry_site):
    """Deny by default."""
    async with a_registry_site().with_token() as registry:
        assert (await registry.http.post("/fhir/Subscription", json=a_subscription())).status_code == 403
