"""Results in the chart of one EHR: created, brought up to date, or marked as entered in error.

What is ours there is recognised by its identifier, never by what it says. An update changes the
elements that are ours and keeps what others have added; it is refused by the EHR where somebody
was faster (If-Match), and then begins anew with what they left.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import httpx

from cds.ehr import EhrRefused, EhrUnavailable, RemoteResource, Written
from cds.entered_in_error import IN_ERROR, entered_in_error, withdrawal_code, without_withdrawal
from cds.fhir_client.ehr_file import RegisteredEhr
from cds.fhir_client.ehr_patient import resolve_patient
from cds.fhir_client.ehr_replies import Json, Reply
from cds.fhir_client.ehr_resources import Ours, Rendering
from cds.fhir_client.ehr_session import EhrSession
from cds.ports import Clock, Outgoing
from cds.retraction import WithdrawalCode

_LOCATION = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
)
_TRIES = 3
"""How often an update begins anew at once because somebody else was faster."""
_WITH_STATUS = ("Observation", "DiagnosticReport")
_NOT_SAID: WithdrawalCode = "no-longer-confirmed"
"""Of a result that was withdrawn without being rendered anew: only the service itself does that."""


class HttpEhr:
    """Implements `Ehr`."""

    def __init__(self, ehr: RegisteredEhr, session: EhrSession, clock: Clock) -> None:
        self._ehr = ehr
        self._session = session
        self._clock = clock

    def write(self, outgoing: Outgoing) -> Written:
        """One transaction of conditional creates: a repeat, by whomever, finds what is there."""
        rendering, patient = Rendering(outgoing, self._ehr), self._patient(outgoing)
        answer = self._session.transaction(rendering.transaction(patient))
        entries = answer.get("entry")
        responses = [each.get("response", {}) for each in entries] if isinstance(entries, list) else []
        if len(responses) != len(rendering.chosen):
            raise EhrRefused("the EHR did not answer a transaction entry by entry")
        pairs = list(zip(rendering.chosen, responses, strict=True))
        remote = tuple(self._located(ours, response) for ours, response in pairs)
        existed = any(not str(response.get("status", "")).startswith("201") for _, response in pairs)
        self._add_provenance(rendering, patient, remote)
        return Written(remote, existed)

    def amend(self, outgoing: Outgoing, remote: Sequence[RemoteResource], *, corrected: bool) -> Written:
        """Read the version, overlay ours, write it if it is still that version; create what is new."""
        rendering, patient = Rendering(outgoing, self._ehr), self._patient(outgoing)
        known = {(each.type, each.identifier): each for each in remote}
        if any((ours.type, ours.identifier) not in known for ours in rendering.chosen):
            # as after a correction that gave vertebrae other names: what was there is found, and brought up to date
            remote = self.write(outgoing).remote
            known = {(each.type, each.identifier): each for each in remote}
        amended = {}
        for ours in rendering.chosen:
            there = known.get((ours.type, ours.identifier))
            if there is not None and ours.type in _WITH_STATUS:
                change = partial(_overlaid, rendering.update(ours, patient, remote), corrected=corrected)
                amended[there] = self._changed(there, ours.system, change)
        self._add_provenance(rendering, patient, tuple(amended.values()))
        return Written(tuple(amended.get(each, each) for each in remote), existed=True)

    def take_back(self, outgoing: Outgoing, remote: Sequence[RemoteResource], why: str) -> Written:
        """Whatever is there; what the EHR has deleted needs nothing more."""
        rendering = Rendering(outgoing, self._ehr)
        found = tuple(remote) or self._found(rendering)
        code = next((code for ours in rendering.chosen if (code := withdrawal_code(ours.resource))), _NOT_SAID)
        change = partial(entered_in_error, why=why, code=code)
        left = [
            self._changed(each, rendering.result_system, change, gone_is_fine=True)
            if each.type in _WITH_STATUS
            else each
            for each in found
        ]
        return Written(tuple(left), existed=bool(left))

    def _patient(self, outgoing: Outgoing) -> str:
        identity = outgoing.result.patient
        if identity.key.tenant != self._ehr.tenant:
            raise EhrRefused("the result is of another tenant than the EHR")
        return resolve_patient(self._session, self._ehr.identifier_system, identity, self._clock.now())

    def _located(self, ours: Ours, response: Json) -> RemoteResource:
        """From where the EHR says that it lies; some do not say so of what was there before."""
        location = _LOCATION.fullmatch(str(response.get("location", "")))
        if location is not None and location["type"] == ours.type:
            return RemoteResource(ours.type, ours.identifier, location["id"], location["version"])
        found = self._search(ours)
        if len(found) != 1:
            raise EhrUnavailable(
                f"the EHR has {len(found)} of a {ours.type} that it has just taken", concerns_all=False
            )
        return found[0]

    def _found(self, rendering: Rendering) -> tuple[RemoteResource, ...]:
        return tuple(there for ours in rendering.chosen if ours.type in _WITH_STATUS for there in self._search(ours))

    def _search(self, ours: Ours) -> list[RemoteResource]:
        found = self._session.search(ours.type, {"identifier": f"{ours.system}|{ours.identifier}"})
        return [
            RemoteResource(ours.type, ours.identifier, str(each["id"]), _version_of(each))
            for each in found
            if _is_ours(each, ours.system, ours.identifier)
        ]

    def _changed(
        self, there: RemoteResource, system: str, change: Callable[[Json], Json], *, gone_is_fine: bool = False
    ) -> RemoteResource:
        for _ in range(_TRIES):
            now = self._session.read(there.type, there.id)
            if now is None:
                if gone_is_fine:
                    return replace(there, version=None)
                raise EhrRefused(f"the EHR has deleted the {there.type}")
            if not _is_ours(now, system, there.identifier):
                raise EhrRefused(f"the {there.type} at the EHR no longer carries our identifier")
            wanted = change(now)
            if wanted == now:
                return replace(there, version=_version_of(now))
            reply = self._session.update(wanted, _version_of(now))
            if reply.status != httpx.codes.PRECONDITION_FAILED:
                return replace(there, version=_written_version(reply))
        raise EhrUnavailable(f"the {there.type} changes at the EHR faster than it can be updated", concerns_all=False)

    def _add_provenance(self, rendering: Rendering, patient: str, remote: Sequence[RemoteResource]) -> None:
        if "provenance" in self._ehr.write:
            self._session.transaction(rendering.provenances(patient, remote))


def _overlaid(wanted: Json, now: Json, *, corrected: bool) -> Json:
    """Ours over what is there; the patient stays whom the EHR has it under, if it is the same one."""
    if now.get("subject", {}).get("reference", "").split("/")[-2:] != wanted["subject"]["reference"].split("/"):
        raise EhrRefused("the EHR has the result under another patient than the identifier names")
    status = "corrected" if corrected or now.get("status") == "corrected" else wanted["status"]
    if wanted["status"] == IN_ERROR:  # one vertebra of a result that holds otherwise
        status = IN_ERROR
    meta = {**now.get("meta", {}), **wanted.get("meta", {})}
    return {**without_withdrawal(now), **wanted, "status": status, "meta": meta}


def _is_ours(resource: Json, system: str, identifier: str) -> bool:
    listed = resource.get("identifier")
    return any(
        isinstance(each, dict) and each.get("system") == system and each.get("value") == identifier
        for each in (listed if isinstance(listed, list) else ())
    )


def _version_of(resource: Json) -> str | None:
    version = resource.get("meta", {}).get("versionId")
    return version if isinstance(version, str) else None


def _written_version(reply: Reply) -> str | None:
    """From the body, else from the ETag: W/"2"."""
    return _version_of(reply.body) or reply.headers.get("etag", "").removeprefix("W/").strip('"') or None
