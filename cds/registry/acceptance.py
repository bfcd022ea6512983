"""A named reader accepts a report by a FHIR update: from preliminary to final, and nothing else.

Whoever shows our report to readers sends it back as it was read, with status final and the reader as its one
interpreter. Every other change is refused: results are measured here, and taken back by `osteocds retract`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds.errors import ResultUnknown, ReviewOvertaken
from cds.ports import AuditLog, ResourceStore
from cds.reader import Reader
from cds.registry.door import Caller
from cds.registry.refusals import Refused
from cds.resource import ACCEPTED_TYPE, ResourceVersion
from cds.reviewing import Reviewing

Json = dict[str, Any]

_ETAG = re.compile(r'(?:W/)?"(?P<version>\d{1,9})"')
_MAY_DIFFER = ("meta", "status", "resultsInterpreter", "performer")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class AcceptanceDesk:
    """Takes updates of reports."""

    store: ResourceStore
    reviewing: Reviewing
    audit: AuditLog

    def accept(self, caller: Caller, shown_id: str, if_match: str | None, body: bytes) -> None:
        """Afterwards the report and its Observations are final; raises `Refused`."""
        caller.check("update", ACCEPTED_TYPE)
        caller.check("read", ACCEPTED_TYPE)
        if not caller.view.identified:
            raise Refused(403, "De-identified results are not accepted by anybody.")
        there = self.store.read(caller.client.reach, ACCEPTED_TYPE, caller.view.stored_id(ACCEPTED_TYPE, shown_id))
        if there is None:
            raise Refused(404, "There is no such resource.")
        _check_version(there, if_match)
        ours, sent = json.loads(there.body), _sent(body, there.id)
        reader = _reader_of(sent)
        _check_change(ours, sent)
        if ours["status"] == "final" and ours["resultsInterpreter"][0]["display"] != reader:
            raise Refused(422, "Another reader has accepted it already.")
        result_id = str(ours["identifier"][0]["value"])
        try:
            self.reviewing.review(result_id, Reader(reader), "accepted", only_unread=True)
        except (ReviewOvertaken, ResultUnknown):
            raise Refused(412, "The report has changed since it was read: read it again.") from None
        self.audit.record("registry-update", None, "accepted", result_id, caller=caller.client.client_id)


def _check_version(there: ResourceVersion, if_match: str | None) -> None:
    """R4 3.1.0.6: a missing header is 400, another version 412."""
    named = _ETAG.fullmatch(if_match.strip()) if if_match is not None else None
    if named is None:
        raise Refused(400, 'An update names the version that was read: If-Match: W/"1".')
    if int(named["version"]) != there.version:
        raise Refused(412, "The report has changed since that version: read it again.")


def _sent(body: bytes, resource_id: str) -> Json:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(sent, dict) or (sent.get("resourceType"), sent.get("id")) != (ACCEPTED_TYPE, resource_id):
        raise Refused(400, "The body is not the DiagnosticReport that the address names.")
    return sent


def _reader_of(sent: Mapping[str, Any]) -> str:
    """The one person who interpreted it; `performer` where a system has no other place for them."""
    named = sent.get("resultsInterpreter") or sent.get("performer")
    who = named[0] if isinstance(named, list) and len(named) == 1 else None
    if not isinstance(who, dict) or not _may_be_a_person(who):
        raise Refused(422, "resultsInterpreter: one Practitioner is needed, with a name in display.")
    name = who.get("display")
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise Refused(422, "resultsInterpreter.display: the reader's name is needed.")
    return name.strip()


def _may_be_a_person(who: Mapping[str, Any]) -> bool:
    kind, reference = who.get("type", "Practitioner"), who.get("reference")
    people = ("Practitioner", "PractitionerRole")
    if kind not in people:
        return False
    return reference is None or (isinstance(reference, str) and any(f"{each}/" in reference for each in people))


def _check_change(ours: Json, sent: Json) -> None:
    """Said again by the same reader, an acceptance changes nothing; that is for `Reviewing` to see."""
    if sent.get("status") != "final":
        raise Refused(422, "status: only final can be set; a result is withdrawn by the site that measured it.")
    if ours["status"] == "corrected":
        raise Refused(422, "status: a report that a reader corrected is accepted on its page, or at this site.")
    if ours["status"] not in ("preliminary", "final"):
        raise Refused(422, "status: what is entered in error stays so.")
    if _fixed(ours) != _fixed(sent):
        raise Refused(422, "Only status and resultsInterpreter of a report can be changed.")


def _fixed(report: Json) -> Json:
    return {name: value for name, value in report.items() if name not in _MAY_DIFFER}
