"""Links to report pages: signed, expiring, bound to result and patient; nothing about either in them.

A token is a compact JWS (RFC 7515, HS256) over the result's id, a keyed hash of the patient key
and the moment it expires. Only this service makes and opens them, so one secret does.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from cds.ct.patient import PatientKey
from cds.ports import AssessmentStore, LinkRefused, StoredResult

_ALGORITHM = "HS256"
_HEADER = {"alg": _ALGORITHM, "typ": "osteocds-report"}
_LONGEST_TOKEN = 1024


@dataclass(frozen=True, slots=True)
class _Ticket:
    result_id: str
    patient_mark: str
    expires_at: int


class SignedReportLinks:
    """Makes and opens links; the store tells whether a result still belongs to the same patient."""

    def __init__(self, secret: bytes, base_url: str, lifetime: timedelta, store: AssessmentStore) -> None:
        self._secret = secret
        self._key = OctKey.import_key(secret)
        self._base_url = base_url.rstrip("/")
        self._lifetime = lifetime
        self._store = store

    def url_for(self, result: StoredResult, now: datetime) -> str:
        """A link that opens this result's page for a while."""
        ticket = {
            "rid": result.result_id,
            "pat": self._mark(result.patient.key),
            "exp": int((now + self._lifetime).timestamp()),
        }
        token = jws.serialize_compact(_HEADER, json.dumps(ticket, separators=(",", ":")), self._key)
        return f"{self._base_url}/reports/{token}"

    def open(self, token: str, now: datetime) -> str:
        """The result id that a token opens; raises `LinkRefused`."""
        ticket = self._verified(token)
        if now.timestamp() >= ticket.expires_at:
            raise LinkRefused(expired=True)
        result = self._store.read(ticket.result_id)
        if result is not None and not hmac.compare_digest(self._mark(result.patient.key), ticket.patient_mark):
            raise LinkRefused(expired=False)
        return ticket.result_id

    def _verified(self, token: str) -> _Ticket:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise LinkRefused(expired=False)
        try:
            signed = jws.deserialize_compact(token, self._key, algorithms=[_ALGORITHM])
            if signed.headers() != _HEADER:
                raise LinkRefused(expired=False)
            ticket = json.loads(signed.payload)
            return _Ticket(str(ticket["rid"]), str(ticket["pat"]), int(ticket["exp"]))
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            raise LinkRefused(expired=False) from fault

    def _mark(self, patient: PatientKey) -> str:
        """A keyed hash: says whether two patients are the same, and nothing else."""
        name = "\n".join((patient.tenant, patient.patient_id.strip(), patient.issuer or ""))
        return hmac.new(self._secret, b"patient\n" + name.encode(), hashlib.sha256).hexdigest()[:32]
