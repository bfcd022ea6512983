"""FHIR resources as versions: written with their result, never changed afterwards.

A rendering is taken apart when it is stored. What is in it already, word for word, gets no new
version; what differs supersedes the version before. All versions of one commit carry one moment,
and moments grow from commit to commit, whichever process commits: a reader who has seen a moment
has seen everything up to it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, case, insert, select, update

from cds.entered_in_error import entered_in_error
from cds.storage.registry_tables import resource_clock, resources
from cds.storage.search_columns import search_columns

Json = dict[str, Any]
PatientColumns = Mapping[str, str]

_OF_NOBODY = frozenset({"Device"})
_WITH_STATUS = ("Observation", "DiagnosticReport")
_CURRENT = resources.c.superseded.is_(None)


def put_bundle(connection: Connection, result_id: str, patient: PatientColumns, bundle: bytes, now: datetime) -> None:
    """Store the resources of one result's rendering; call it inside the transaction that stores the result."""
    whole = [entry["resource"] for entry in json.loads(bundle).get("entry", ())]
    subject = next((each["id"] for each in whole if each["resourceType"] == "Patient"), "")
    _put(connection, [_Draft(each, result_id, patient, subject) for each in whole], now)


def enter_in_error(connection: Connection, result_id: str, why: str, now: datetime) -> None:
    """New versions of a withdrawn result's Observations and report: registries that have it learn of it, and why."""
    query = select(resources).where(resources.c.result_id == result_id, _CURRENT, resources.c.type.in_(_WITH_STATUS))
    drafts = []
    for row in connection.execute(query).all():
        wrong = entered_in_error(json.loads(row.body), why, "no-longer-confirmed")
        whose = {"tenant": row.tenant, "patient_id": row.patient_id, "issuer": row.issuer}
        drafts.append(_Draft(wrong, result_id, whose, row.patient))
    _put(connection, drafts, now)


class _Draft:
    """A resource on its way to become a version."""

    def __init__(self, resource: Json, result_id: str, patient: PatientColumns, subject: str) -> None:
        shared = resource["resourceType"] in _OF_NOBODY
        self.content = _resolved(resource)
        meta = self.content.get("meta", {})
        self.meta = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
        self.content["meta"] = self.meta
        self.digest = hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()
        self.key = {"tenant": patient["tenant"], "type": resource["resourceType"], "id": resource["id"]}
        self.whose = {
            "result_id": result_id,
            "patient": "" if shared else subject,
            "patient_id": "" if shared else patient["patient_id"],
            "issuer": "" if shared else patient["issuer"],
        }

    def row(self, version: int, moment: int) -> dict[str, object]:
        """As it is stored."""
        stamp = {"versionId": str(version), "lastUpdated": instant(moment)}
        head = {"resourceType": self.content["resourceType"], "id": self.content["id"], "meta": stamp | self.meta}
        body = json.dumps(head | {n: v for n, v in self.content.items() if n not in head}, separators=(",", ":"))
        columns = search_columns(self.content)
        stored = {"version": version, "last_updated": moment, "digest": self.digest, "body": body.encode()}
        return {**self.key, **self.whose, **columns, **stored}


def _put(connection: Connection, drafts: list[_Draft], now: datetime) -> None:
    if not drafts:
        return
    moment = _stamp(connection, now)
    for draft in drafts:
        same = [resources.c[name] == value for name, value in draft.key.items()]
        query = select(resources.c.version, resources.c.digest).where(*same, _CURRENT)
        current = connection.execute(query).one_or_none()
        if current is not None and current.digest == draft.digest:
            continue
        version = 1 if current is None else current.version + 1
        connection.execute(update(resources).where(*same, _CURRENT).values(superseded=moment))
        connection.execute(insert(resources), draft.row(version, moment))


def _stamp(connection: Connection, now: datetime) -> int:
    """Now, or one later than the last commit; whoever else stores waits until this transaction ends."""
    wanted, last = milliseconds(now), resource_clock.c.moment
    later = case((last >= wanted, last + 1), else_=wanted)
    statement = update(resource_clock).values(moment=later).returning(resource_clock.c.moment)
    return int(connection.execute(statement).scalar_one())


def last_moment(connection: Connection) -> int:
    """Of the last commit; 0 before the first."""
    return int(connection.execute(select(resource_clock.c.moment)).scalar_one())


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)


def instant(moment: int) -> str:
    """A FHIR instant in UTC."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _resolved(resource: Json) -> Json:
    """References inside the Bundle become relative ones, which every server of the resource can resolve."""
    return {name: _with_references(value) for name, value in resource.items()}


def _with_references(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_with_references(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = dict(_members(value))
    target = str(inner.get("reference", ""))
    if target.startswith("urn:uuid:") and "type" in inner:
        inner["reference"] = f"{inner['type']}/{target.removeprefix('urn:uuid:')}"
    return inner


def _members(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, _with_references(each)) for name, each in value.items())
