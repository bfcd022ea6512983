"""An EHR's FHIR server in memory: tokens, search, transaction, read and update; as ill as a test wants it.

It answers requests of httpx in process. A real server is tried in `tests/system/test_write_back.py`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from cds.fhir_client.backend_token import BackendToken
from cds.fhir_client.ehr import HttpEhr
from cds.fhir_client.ehr_file import RegisteredEhr
from cds.fhir_client.ehr_session import EhrSession, ehr_client
from tests.support.client_tokens import a_pair
from tests.support.clock import SettableClock

BASE = "https://fhir.example.org/r4"
SYSTEM = "urn:oid:1.2.3.4"
Fault = Callable[[httpx.Request], httpx.Response | None]


def a_registration(**facts):
    """One entry of the EHR file."""
    usual = {
        "name": "north",
        "base_url": BASE,
        "client_id": "osteocds",
        "key": a_pair("ehr-key"),
        "token_url": None,
        "scopes": ("system/*.crus",),
        "tenant": "default",
        "identifier_system": SYSTEM,
        "write": frozenset({"observation", "report"}),
        "not_assessable": False,
    }
    return RegisteredEhr(**(usual | facts))


def a_chart_patient(patient_id="PAT-0001", **facts):
    """A Patient resource as an EHR has it."""
    usual = {
        "resourceType": "Patient",
        "active": True,
        "identifier": [{"system": SYSTEM, "value": patient_id}],
        "birthDate": "1951-04-03",
        "gender": "female",
    }
    return {name: value for name, value in (usual | facts).items() if value is not None}


@dataclass
class FakeEhrServer:
    """Resources by type and id, each with its version."""

    resources: dict[tuple[str, str], dict] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of everything but tokens."""
    assertions: list[dict] = field(default_factory=list)
    """Claims of the assertions that tokens were asked with."""
    faults: list[Fault] = field(default_factory=list)
    """Each may answer instead, once, for the first request that it answers."""
    tokens: set[str] = field(default_factory=set)
    key: ECKey = field(default_factory=lambda: a_pair("ehr-key"))
    tells_locations: bool = True

    def put(self, resource: dict) -> str:
        """Store one, or its next version; the id."""
        kind = resource["resourceType"]
        resource_id = resource.get("id") or str(1 + len(self.resources))
        before = self.resources.get((kind, resource_id))
        version = 1 + (int(before["meta"]["versionId"]) if before else 0)
        meta = {**resource.get("meta", {}), "versionId": str(version)}
        self.resources[kind, resource_id] = {**resource, "id": resource_id, "meta": meta}
        return resource_id

    def all(self, kind: str) -> list[dict]:
        """Of one type."""
        return [each for (type_, _), each in self.resources.items() if type_ == kind]

    def one(self, kind: str) -> dict:
        """The only one of its type."""
        (only,) = self.all(kind)
        return only

    def ehr(self, registration=None, clock=None):
        """The adapter in front of this server."""
        registration = registration or a_registration()
        client = ehr_client(httpx.MockTransport(self.handle))
        session = EhrSession(registration.base_url, client, BackendToken(registration, client))
        return HttpEhr(registration, session, clock or SettableClock())

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        for fault in list(self.faults):
            answered = fault(request)
            if answered is not None:
                self.faults.remove(fault)
                return answered
        path = request.url.path.removeprefix("/r4")
        if path == "/.well-known/smart-configuration":
            return httpx.Response(200, json={"token_endpoint": f"{BASE}/token"})
        if path == "/token":
            return self._token(parse_qs(request.content.decode()))
        self.requests.append((request.method, path))
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return httpx.Response(401)
        return self._answer(request, path)

    def _token(self, form: dict[str, list[str]]) -> httpx.Response:
        read = jwt.decode(form["client_assertion"][0], self.key, algorithms=["ES384", "RS384"])
        self.assertions.append({**read.header, **read.claims, "scope": form["scope"][0]})
        token = f"token-{len(self.assertions)}"
        self.tokens.add(token)
        return httpx.Response(200, json={"access_token": token, "token_type": "bearer", "expires_in": 300})

    def _answer(self, request: httpx.Request, path: str) -> httpx.Response:
        parts = path.strip("/").split("/")
        if request.method == "POST" and path == "":
            return self._transaction(json.loads(request.content))
        if request.method == "POST" and parts[1:] == ["_search"]:
            criteria = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
            return self._bundle(self._matching(parts[0], criteria["identifier"]))
        found = self.resources.get((parts[0], parts[1]))
        if found is None:
            return httpx.Response(410)
        if request.method == "PUT":
            if request.headers["If-Match"] != f'W/"{found["meta"]["versionId"]}"':
                return httpx.Response(412)
            self.put(json.loads(request.content))
        return httpx.Response(200, json=self.resources[parts[0], parts[1]])

    def _matching(self, kind: str, identifier: str) -> list[dict]:
        system, _, value = identifier.partition("|")
        return [
            each
            for each in self.all(kind)
            if any((one.get("system"), one.get("value")) == (system, value) for one in each.get("identifier", ()))
        ]

    def _bundle(self, found: list[dict]) -> httpx.Response:
        return httpx.Response(200, json={"resourceType": "Bundle", "entry": [{"resource": each} for each in found]})

    def _transaction(self, bundle: dict) -> httpx.Response:
        places, answers = {}, []
        for each in bundle["entry"]:
            kind, criteria = each["request"]["url"], parse_qs(each["request"]["ifNoneExist"])
            found = self._same(kind, criteria)
            if len(found) > 1:
                return httpx.Response(412)
            resource_id = found[0]["id"] if found else self.put(each["resource"])
            places[each["fullUrl"]] = f"{kind}/{resource_id}"
            location = {"location": f"{BASE}/{kind}/{resource_id}/_history/1"} if self.tells_locations else {}
            answers.append({"response": {"status": "200 OK" if found else "201 Created", **location}})
        text = json.dumps([[list(key), value] for key, value in self.resources.items()])
        for url, place in places.items():
            text = text.replace(url, place)
        self.resources = {tuple(key): value for key, value in json.loads(text)}
        return httpx.Response(200, json={"resourceType": "Bundle", "type": "transaction-response", "entry": answers})

    def _same(self, kind: str, criteria: dict[str, list[str]]) -> list[dict]:
        if "identifier" in criteria:
            return self._matching(kind, criteria["identifier"][0])
        target, agent = criteria["target"][0], criteria["agent-type"][0].split("|")[1]
        return [
            each
            for each in self.all(kind)
            if target in [one["reference"] for one in each["target"]]
            and each["agent"][0]["type"]["coding"][0]["code"] == agent
        ]


def answering(status: int, when: str = "", headers: dict[str, str] | None = None, body: object = None) -> Fault:
    """A fault: this status for the first request whose "METHOD /path" contains the words."""

    def fault(request: httpx.Request) -> httpx.Response | None:
        if when not in f"{request.method} {request.url.path}" or request.url.path.endswith(
            ("smart-configuration", "token")
        ):
            return None
        return (
            httpx.Response(status, headers=headers, json=body)
            if body is not None
            else httpx.Response(status, headers=headers)
        )

    return fault
