"""Resources over HTTP: read, searched, and reports accepted."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cds.registry.bodies import query_of
from cds.registry.desks import RegistryDesks, Threads
from cds.registry.door import Caller
from cds.registry.openapi import FORM, documented, searched, takes
from cds.registry.preferences import is_strict
from cds.registry.refusals import FHIR_JSON, Refused
from cds.registry.search_parameters import Pairs
from cds.resource import ACCEPTED_TYPE, SEARCHED_TYPES

_READ = documented(200, "The resource; its version is the `ETag`.", 403, 404)
_FOUND = documented(200, "A searchset Bundle.", 400, 403, 404, 408, 413, 414, 415)
_ACCEPTED = documented(200, "The report, final.", 400, 403, 404, 405, 408, 412, 413, 415, 422)


def add_searches(router: APIRouter, desks: RegistryDesks, threads: Threads) -> None:
    """By GET, and by POST for what should not be in an address."""
    caller_of = Depends(desks.door.caller_of)

    async def search(request: Request, caller: Caller, kind: str, pairs: Pairs) -> Response:
        if kind not in SEARCHED_TYPES:
            raise Refused(404, f"Only {' and '.join(SEARCHED_TYPES)} can be searched.")
        caller.check("search", kind)
        cursors = [value for name, value in pairs if name == "_cursor"]
        if cursors:
            body = await threads.run(desks.pages.next, caller.client, caller.view, kind, cursors[0])
        else:
            strict = is_strict(request)
            body = await threads.run(desks.pages.first, caller.client, caller.view, kind, pairs, strict=strict)
        await threads.run(_note, desks, caller, "registry-search", kind)
        return Response(body, media_type=FHIR_JSON)

    @router.get("/{kind}", **_FOUND, **searched())
    async def search_by_get(kind: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        """Search Observations or DiagnosticReports."""
        return await search(request, caller, kind, query_of(request))

    @router.post("/{kind}/_search", **_FOUND, **takes(FORM, "The same parameters as in the address."))
    async def search_by_post(kind: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        """Search, with parameters in the body."""
        return await search(request, caller, kind, [*query_of(request), *await desks.bodies.form(request)])


def add_reads(router: APIRouter, desks: RegistryDesks, threads: Threads) -> None:
    """The current version, or a named one."""
    caller_of = Depends(desks.door.caller_of)

    async def read(request: Request, caller: Caller, kind: str, shown_id: str, version: str | None) -> Response:
        known = request.headers.get("if-none-match")
        answer = await threads.run(desks.reading.read, caller, kind, shown_id, version, known)
        await threads.run(_note, desks, caller, "registry-read", f"{kind}/{shown_id}")
        return answer

    @router.get("/{kind}/{shown_id}", **_READ)
    async def read_current(
        kind: str, shown_id: str, request: Request, caller: Annotated[Caller, caller_of]
    ) -> Response:
        """Read one resource."""
        return await read(request, caller, kind, shown_id, None)

    @router.get("/{kind}/{shown_id}/_history/{version}", **_READ)
    async def read_version(
        kind: str, shown_id: str, version: str, request: Request, caller: Annotated[Caller, caller_of]
    ) -> Response:
        """Read one version of a resource."""
        return await read(request, caller, kind, shown_id, version)


def add_acceptance(router: APIRouter, desks: RegistryDesks, threads: Threads) -> None:
    """The one update that there is."""
    caller_of = Depends(desks.door.caller_of)

    @router.put(
        "/{kind}/{shown_id}",
        **_ACCEPTED,
        **takes(FHIR_JSON, "The DiagnosticReport as it was read, with status final and its reader."),
    )
    async def accept(kind: str, shown_id: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        """Set a report final, in the name of its reader; `If-Match` is needed."""
        if kind != ACCEPTED_TYPE:
            raise Refused(405, f"Only {ACCEPTED_TYPE} can be updated, to set it final.", {"Allow": "GET"})
        body, if_match = await desks.bodies.json(request), request.headers.get("if-match")
        await threads.run(desks.acceptance.accept, caller, shown_id, if_match, body)
        return await threads.run(desks.reading.read, caller, kind, shown_id, None, None)


def _note(desks: RegistryDesks, caller: Caller, event: str, detail: str) -> None:
    desks.audit.record(event, None, "served", detail, caller=caller.client.client_id)
