"""SMART App Launch 2.2, "EHR launch": authorization code with PKCE, state and nonce, for listed EHRs only.

begin   the EHR opens `/launch?iss=...&launch=...`; the browser goes to its authorization server
finish  it comes back with a code; the code becomes tokens, the id token says who the reader is, and the
        Patient of the launch context is read once, as is the reader's name where the id token has none;
        the tokens are dropped

What the browser carries between the two is sealed: state, PKCE verifier and nonce.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import anyio
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cds.ct.patient import PatientIdentity
from cds.errors import OsteocdsError
from cds.launch import LaunchBegun, Launched, LaunchRefused
from cds.reader import Reader
from cds.security.authorization_server import EhrDoor, Endpoints, Json
from cds.security.key_set import KeysUnusable, read_key_set
from cds.security.launch_file import LaunchingEhr
from cds.security.reader_name import name_in, name_said
from cds.security.same_text import same_text
from cds.security.sealed import Sealer

SCOPES = "launch openid fhirUser profile patient/Patient.r"
_ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
_WITHIN = timedelta(minutes=10)
_LEEWAY_S = 60
_NAME_WITHIN_S = 3.0
_READERS = re.compile(r"(?:.*/)?(?:Practitioner|PractitionerRole)/[A-Za-z0-9.-]{1,64}")
"""Whoever reads results is a professional: a patient's own login, or a relative's, is not."""
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")

WhoIsThis = Callable[[Mapping[str, object], str | None, datetime], PatientIdentity]
"""A FHIR Patient, the tenant, and when: as the archive knows them; raises `OsteocdsError` where that is uncertain."""


@dataclass(frozen=True, slots=True)
class SmartLaunch:
    """The `ReaderLaunch`; knows nothing between two calls."""

    ehrs: Sequence[LaunchingEhr]
    door: EhrDoor
    sealer: Sealer
    redirect_uri: str
    identity: WhoIsThis

    async def begin(self, iss: str, launch: str, now: datetime) -> LaunchBegun:
        """To the authorization server of an EHR that is listed."""
        ehr = self._listed(iss)
        endpoints = await self.door.endpoints(ehr.iss)
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        facts: dict[str, str | int] = {"iss": ehr.iss, "state": state, "nonce": nonce, "verifier": verifier}
        asked = {
            "response_type": "code",
            "client_id": ehr.client_id,
            "redirect_uri": self.redirect_uri,
            "launch": launch,
            "scope": SCOPES,
            "state": state,
            "nonce": nonce,
            "aud": ehr.iss,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        sealed = self.sealer.seal(facts | {"exp": int((now + _WITHIN).timestamp())})
        return LaunchBegun(f"{endpoints.authorization}?{urlencode(asked)}", state, sealed)

    async def finish(self, answer: Mapping[str, str], sealed: str, now: datetime) -> Launched:
        """The reader and the patient; every step that does not hold ends it."""
        facts = self.sealer.open(sealed, now)
        if not same_text(answer.get("state", ""), str(facts["state"])):
            raise LaunchRefused("state-differs")
        if "error" in answer or not answer.get("code"):
            raise LaunchRefused("ehr-refused")
        ehr = self._listed(str(facts["iss"]))
        endpoints = await self.door.endpoints(ehr.iss)
        tokens = await self.door.token(endpoints, *self._exchange(ehr, answer["code"], str(facts["verifier"])))
        claims = await self._claims(ehr, endpoints, tokens.get("id_token"), str(facts["nonce"]), now)
        address = _professional(ehr, claims)
        patient_id, access = tokens.get("patient"), tokens.get("access_token")
        if not isinstance(patient_id, str) or not _ID.fullmatch(patient_id) or not isinstance(access, str):
            raise LaunchRefused("no-patient-in-context")
        patient = await self.door.patient(ehr.iss, patient_id, access)
        try:
            identity = self.identity(patient, ehr.tenant, now)
        except OsteocdsError as uncertain:
            raise LaunchRefused("patient-uncertain") from uncertain
        context = tokens.get("appContext")
        reader = Reader(address, name_said(claims.get("name")) or await self._name_of(ehr, address, access))
        return Launched(reader, identity, context if isinstance(context, str) and context else None)

    def _listed(self, iss: str) -> LaunchingEhr:
        found = next((each for each in self.ehrs if each.iss == iss.rstrip("/")), None)
        if found is None:
            raise LaunchRefused("ehr-not-listed")
        return found

    def _exchange(
        self, ehr: LaunchingEhr, code: str, verifier: str
    ) -> tuple[Mapping[str, str], tuple[str, str] | None]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        if ehr.client_secret is None:
            return form | {"client_id": ehr.client_id}, None
        return form, (ehr.client_id, ehr.client_secret)

    async def _name_of(self, ehr: LaunchingEhr, address: str, access: str) -> str | None:
        """From the EHR, once; nobody is kept out, or waiting, for want of a name."""
        try:
            with anyio.fail_after(_NAME_WITHIN_S):
                return name_in(await self.door.professional(ehr.iss, address, access))
        except (LaunchRefused, TimeoutError):
            return None

    async def _claims(
        self, ehr: LaunchingEhr, endpoints: Endpoints, id_token: object, nonce: str, now: datetime
    ) -> Json:
        claims = await self._signed(endpoints, id_token)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires = claims.get("exp")
        holds = {
            "id-token-issuer": claims.get("iss") == endpoints.issuer,
            "id-token-audience": ehr.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == ehr.client_id),
            "id-token-expired": isinstance(expires, int) and now.timestamp() < expires + _LEEWAY_S,
            "id-token-nonce": same_text(str(claims.get("nonce", "")), nonce),
        }
        for reason, held in holds.items():
            if not held:
                raise LaunchRefused(reason)
        return claims

    async def _signed(self, endpoints: Endpoints, id_token: object) -> Json:
        if not isinstance(id_token, str):
            raise LaunchRefused("no-id-token")
        try:
            keys = KeySet(list(read_key_set(await self.door.keys(endpoints)).values()))
            return jwt.decode(id_token, keys, algorithms=list(_ALGORITHMS)).claims
        except (JoseError, KeysUnusable, ValueError) as fault:
            raise LaunchRefused("id-token-forged") from fault


def _professional(ehr: LaunchingEhr, claims: Json) -> str:
    user = claims.get("fhirUser")
    if not isinstance(user, str) or not _READERS.fullmatch(user):
        raise LaunchRefused("no-practitioner")
    return user if "://" in user else f"{ehr.iss}/{user}"


def _challenge(verifier: str) -> str:
    """S256 (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
