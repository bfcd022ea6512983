"""Bulk exports over HTTP (FHIR Bulk Data Access 2.0)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import FileResponse

from cds.registry.bodies import query_of
from cds.registry.desks import RegistryDesks, Threads
from cds.registry.door import Caller
from cds.registry.export_query import Kickoff, parameters_of
from cds.registry.openapi import documented
from cds.registry.preferences import is_strict

_NDJSON = "application/fhir+ndjson"
_BEGUN = documented(
    202, "Begun; `Content-Location` says where to ask.", 400, 403, 404, 408, 413, 414, 415, 429, media_type=None
)


def add_exports(router: APIRouter, desks: RegistryDesks, threads: Threads) -> None:
    """Begin, ask, fetch, cancel."""
    _add_kickoffs(router, desks, threads)
    caller_of = Depends(desks.door.caller_of)

    @router.get("/export/{export_id}", **documented(200, "The manifest.", 404, 410, media_type="application/json"))
    async def state(export_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        """How far it is: 202 with X-Progress and Retry-After until it is complete."""
        status, headers, body = await threads.run(desks.exports.state, caller, export_id)
        return Response(body, status, dict(headers), "application/json" if body else None)

    @router.delete(
        "/export/{export_id}", **documented(202, "Cancelled; its files are gone.", 404, 410, media_type=None)
    )
    async def cancel(export_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        """Stop it, and remove its files."""
        await threads.run(desks.exports.cancel, caller, export_id)
        return Response(status_code=202)

    @router.get(
        "/export/{export_id}/{name}",
        **documented(200, "Lines of JSON, one resource each.", 403, 404, 410, media_type=_NDJSON),
    )
    async def file(export_id: str, name: str, caller: Annotated[Caller, caller_of]) -> Response:
        """A complete file; byte ranges are served."""
        path = await threads.run(desks.exports.file, caller, export_id, name)
        return FileResponse(path, media_type=_NDJSON)


def _add_kickoffs(router: APIRouter, desks: RegistryDesks, threads: Threads) -> None:
    caller_of = Depends(desks.door.caller_of)

    async def begin(request: Request, caller: Caller, group: str | None) -> Response:
        pairs = query_of(request)
        if request.method == "POST":
            pairs += parameters_of(await desks.bodies.json(request))
        url = f"{desks.base_url}{request.url.path.removeprefix('/fhir')}"
        kickoff = Kickoff(pairs, url, is_strict(request), group)
        at = await threads.run(desks.exports.begin, caller, kickoff)
        return Response(status_code=202, headers={"Content-Location": at})

    @router.get("/$export", **_BEGUN)
    @router.post("/$export", **_BEGUN)
    @router.get("/Patient/$export", **_BEGUN)
    @router.post("/Patient/$export", **_BEGUN)
    async def export(request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        """Export all that the caller sees."""
        return await begin(request, caller, None)

    @router.get("/Group/{group}/$export", **_BEGUN)
    @router.post("/Group/{group}/$export", **_BEGUN)
    async def group_export(group: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        """Export one of the caller's groups."""
        return await begin(request, caller, group)
