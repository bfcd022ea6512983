"""The registry API on a real database, called in process by a registry with a key pair of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx
from joserfc import jwt
from sqlalchemy import Engine

from cds.reporting.bundle import FhirPublisher
from cds.security.backend_services import ASSERTION_TYPE
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.wiring.registry import registry_desks
from tests.support.assessments import a_key, a_patient, a_result, an_assessment, scanned_on
from tests.support.client_tokens import a_key_set, a_pair
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit
from tests.support.hook_site import a_site, some_settings

CLIENT = "bone-registry"
BASE = "https://cds.example.org/fhir"
EVERYTHING = 'scopes = ["system/*.rs"]\npatients = "all"'
SYSTEM = "http://hospital.example.org/patients"


@dataclass
class RegistrySite:
    """A site with a database and one registry, or several."""

    folder: Path
    database_url: str
    registries: str = EVERYTHING
    head: str = ""
    settings: dict[str, object] = field(default_factory=dict)
    border: dict[str, object] = field(default_factory=dict)
    """Settings of the application around the API."""
    clock: SettableClock = field(default_factory=SettableClock)
    audit: FakeAudit = field(default_factory=FakeAudit)

    def __post_init__(self):
        """Migrate, and write the registries file."""
        self.folder.mkdir(exist_ok=True)
        migrate(self.database_url)
        self.engine: Engine = open_engine(self.database_url)
        keys = a_key_set(a_pair("es"), a_pair("rs", 2048)).decode()
        file = self.folder / "registries.toml"
        file.write_text(f"{self.head}\n[[registry]]\nclient_id = '{CLIENT}'\njwks = '''{keys}'''\n{self.registries}\n")
        (self.folder / "secret").write_text("s" * 40)
        self.store = SqlAssessmentStore(self.engine, self.clock)
        self.publisher = FhirPublisher("Investigational: not cleared as a medical device.", SYSTEM)
        self.configured = some_settings(
            **{
                "data_dir": self.folder,
                "database_url": self.database_url,
                "registries_file": file,
                "public_url": "https://cds.example.org",
                "identifier_system": SYSTEM,
            }
            | self.settings
        )

    def keep(self, number, day=date(2025, 9, 14), key=None, **facts):
        """Store the result of patient P<number>."""
        assessment = scanned_on(day, an_assessment(**facts))
        result = a_result(
            a_patient(key or a_key(f"P{number}")),
            assessment,
            result_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number}")),
        )
        self.store.keep(result, self.publisher.render(result))
        return result

    @asynccontextmanager
    async def client(self) -> AsyncIterator["Registry"]:
        """The registry, with a token where it asks for one."""
        desks, close = registry_desks(self.configured, self.engine, self.audit, self.clock)
        site = a_site(None, public_url="https://cds.example.org", **self.border)
        site.registry = desks
        transport = httpx.ASGITransport(app=site.app())
        async with httpx.AsyncClient(transport=transport, base_url="https://cds.example.org") as http:
            yield Registry(http, self.clock, desks)
        await close()

    @asynccontextmanager
    async def with_token(self, scope="system/*.rs") -> AsyncIterator["Registry"]:
        """The registry, with an access token."""
        async with self.client() as registry:
            issued = await registry.ask_for_token(scope)
            registry.http.headers["Authorization"] = f"Bearer {issued.json()['access_token']}"
            yield registry


@dataclass
class Registry:
    """A registry that calls."""

    http: httpx.AsyncClient
    clock: SettableClock
    desks: object

    def assertion(self, pair=None, algorithm="ES384", header=None, **claims) -> str:
        """Who it is, signed; None leaves a claim out."""
        now = int(self.clock.now().timestamp())
        usual = {"iss": CLIENT, "sub": CLIENT, "aud": f"{BASE}/token", "exp": now + 240, "jti": str(uuid.uuid4())}
        pair = pair or a_pair("es")
        chosen = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(
            {"alg": algorithm, "kid": pair.kid, "typ": "JWT"} | (header or {}), chosen, pair, algorithms=[algorithm]
        )

    async def ask_for_token(self, scope="system/*.rs", assertion=None, **form):
        """One call of the token endpoint."""
        usual = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            "scope": scope,
        }
        return await self.http.post("/fhir/token", data=usual | form)

    async def get(self, path, **headers):
        """One call."""
        return await self.http.get(f"/fhir/{path}", headers=headers)

    async def pages(self, path):
        """Every page of a search."""
        url = f"{BASE}/{path}"
        while url:
            page = (await self.http.get(url)).json()
            assert page["resourceType"] == "Bundle", page
            yield page
            url = next((each["url"] for each in page["link"] if each["relation"] == "next"), None)

    async def export(self, path="$export"):
        """Kick off, wait for the end, and return the manifest."""
        begun = await self.http.get(f"/fhir/{path}", headers={"Prefer": "respond-async"})
        assert begun.status_code == 202, begun.text
        at = begun.headers["content-location"]
        for _ in range(2000):
            state = await self.http.get(at)
            if state.status_code != 202:
                return at, state.json()
            await asyncio.sleep(0.01)
        raise TimeoutError

    async def lines(self, manifest):
        """Every line of every file, and that the counts are true."""
        found = []
        for file in manifest["output"]:
            answer = await self.http.get(file["url"])
            assert answer.status_code == 200
            lines = answer.text.splitlines()
            assert len(lines) == file["count"]
            found += lines
        return found


def ids(bundle, mode="match"):
    """Ids of the entries of a searchset."""
    return [each["resource"]["id"] for each in bundle.get("entry", ()) if each["search"]["mode"] == mode]
