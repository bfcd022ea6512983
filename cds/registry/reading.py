"""Read and vread of one resource."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.responses import Response

from cds.ports import ResourceStore
from cds.registry.door import Caller
from cds.registry.refusals import FHIR_JSON, Refused
from cds.resource import SERVED_TYPES

_LONGEST_VERSION = 9


@dataclass(frozen=True, slots=True)
class Reading:
    """Answers with stored bytes; what is out of the caller's reach is not there."""

    store: ResourceStore

    def read(self, caller: Caller, kind: str, shown_id: str, version: str | None, known: str | None) -> Response:
        """One resource; 304 where `known`, an If-None-Match header, has its version. Raises `Refused`."""
        if kind not in SERVED_TYPES:
            raise Refused(404, "There is no such resource type here.")
        caller.check("read", kind)
        number = None if version is None else _number(version)
        stored_id = caller.view.stored_id(kind, shown_id)
        found = self.store.read(caller.client.reach, kind, stored_id, number)
        if found is None:
            raise Refused(404, "There is no such resource.")
        headers = {"ETag": f'W/"{found.version}"'}
        if caller.view.identified:
            moment = datetime.fromtimestamp(found.last_updated // 1000, UTC)
            headers["Last-Modified"] = format_datetime(moment, usegmt=True)
        if known == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(caller.view.shown(found), headers=headers, media_type=FHIR_JSON)


def _number(version: str) -> int:
    if not (version.isascii() and version.isdigit() and len(version) <= _LONGEST_VERSION):
        raise Refused(404, "There is no such version.")
    return int(version)
