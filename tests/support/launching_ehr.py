"""An EHR that launches readers: FHIR server and authorization server in one, called in this process."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from cds.cli.service_process import free_loopback_port
from tests.support.hook_calls import SYSTEM

ISS = "https://ehr.test/r4"
ISSUER = "https://ehr.test"
CLIENT_ID = "osteocds-reading"


def a_fhir_patient(**changes):
    """The patient of `tests.support.assessments`, as the EHR knows them."""
    usual = {
        "resourceType": "Patient",
        "id": "pat-1",
        "identifier": [{"system": SYSTEM, "value": "PAT-0001"}],
        "birthDate": "1951-04-03",
        "gender": "female",
    }
    return usual | changes


@dataclass
class LaunchingEhrServer:
    """Says yes to everybody who follows the rules; a test changes what it says."""

    clock: object
    address: str = ISSUER
    user: str = "Practitioner/7"
    patient: dict = field(default_factory=a_fhir_patient)
    app_context: str | None = None
    name: str | None = "Dr. Ada Reader"
    """In the id token, to whoever asked for the profile."""
    practitioners: dict = field(default_factory=dict)
    """What is answered about each reference."""
    asked: list = field(default_factory=list)
    """Which of them were asked for."""
    claims: dict = field(default_factory=dict)
    """Instead of the right ones in the id token."""
    configuration: dict = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "2026-1", "use": "sig"}))
    signs_with: RSAKey | None = None
    codes: dict = field(default_factory=dict)
    refuses: bool = False

    def transport(self):
        """For `EhrDoor`, and for the browser of a test."""
        return httpx.ASGITransport(app=self.app())

    def app(self):
        """The server; `address` says where it is found."""
        routes = [
            Route("/r4/.well-known/smart-configuration", self._configuration),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/keys", self._keys),
            Route("/r4/Patient/{id}", self._patient),
            Route("/r4/{kind}/{id}", self._practitioner),
        ]
        return Starlette(routes=routes)

    async def _configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "code_challenge_methods_supported": ["S256"],
            }
            | self.configuration
        )

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["aud"] == f"{self.address}/r4"
        assert {"launch", "openid", "fhirUser"} <= set(asked["scope"].split())
        assert asked["code_challenge_method"] == "S256"
        if self.refuses:
            back = {"error": "access_denied", "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(8)
            self.codes[code] = asked
            back = {"code": code, "state": asked["state"]}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self.codes.pop(form.get("code"), None)
        if asked is None or not self._holds(form, asked):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.address,
            "aud": CLIENT_ID,
            "sub": "7",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "fhirUser": self.user,
        }
        if self.name is not None and "profile" in asked["scope"].split():
            claims["name"] = self.name
        header = {"alg": "RS256", "kid": self.key.kid}
        told = {
            "access_token": "access-1",
            "token_type": "Bearer",
            "patient": self.patient["id"],
            "id_token": jwt.encode(header, claims | self.claims, self.signs_with or self.key),
        }
        return JSONResponse(told | ({"appContext": self.app_context} if self.app_context else {}))

    @staticmethod
    def _holds(form, asked):
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return (
            challenge == asked["code_challenge"]
            and form["redirect_uri"] == asked["redirect_uri"]
            and form["client_id"] == asked["client_id"] == CLIENT_ID
        )

    async def _keys(self, _: Request) -> Response:
        return Response(json.dumps({"keys": [self.key.as_dict(private=False)]}), media_type="application/json")

    async def _practitioner(self, request: Request) -> Response:
        reference = "{kind}/{id}".format_map(request.path_params)
        self.asked.append(reference)
        if request.headers.get("authorization") != "Bearer access-1" or reference not in self.practitioners:
            return JSONResponse({}, 404)
        return JSONResponse(self.practitioners[reference])

    async def _patient(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer access-1":
            return JSONResponse({}, 401)
        return JSONResponse(self.patient)


@contextmanager
def running_ehr(clock) -> Iterator[LaunchingEhrServer]:
    """The same for real, on loopback."""
    port = free_loopback_port()
    ehr = LaunchingEhrServer(clock, f"http://127.0.0.1:{port}")
    server = uvicorn.Server(uvicorn.Config(ehr.app(), host="127.0.0.1", port=port, log_config=None))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    try:
        yield ehr
    finally:
        server.should_exit = True
        serving.join(10)
