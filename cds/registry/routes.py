"""The registry API over HTTP, under `/fhir`.

Everything but `metadata`, the SMART configuration and the token endpoint asks the door first.
Work on the database happens in a few threads of its own, so that registries never crowd out hooks.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import FileResponse

from cds.ports import AuditLog
from cds.registry.bodies import BodyReader, query_of
from cds.registry.capability import capability_statement, smart_configuration
from cds.registry.door import Caller, RegistryDoor
from cds.registry.export_desk import ExportDesk
from cds.registry.export_query import Kickoff, parameters_of
from cds.registry.notifications import status_bundle, subscription_resource
from cds.registry.pages import SearchPages
from cds.registry.preferences import is_strict
from cds.registry.reading import Reading
from cds.registry.refusals import FHIR_JSON, Refused
from cds.registry.search_parameters import Pairs
from cds.registry.subscription_desk import SubscriptionDesk
from cds.registry.token_endpoint import TokenEndpoint
from cds.resource import SEARCHED_TYPES

_T = TypeVar("_T")
_THREADS = 4
_NDJSON = "application/fhir+ndjson"


@dataclass(frozen=True, slots=True)
class RegistryDesks:
    """Who answers what."""

    base_url: str
    door: RegistryDoor
    token: TokenEndpoint
    reading: Reading
    pages: SearchPages
    exports: ExportDesk
    subscriptions: SubscriptionDesk
    bodies: BodyReader
    audit: AuditLog

    def start(self) -> None:
        """What runs beside the calls."""
        self.subscriptions.notifier.start()


def registry_routes(desks: RegistryDesks) -> APIRouter:
    """All routes under `/fhir`; the document of the hooks does not list them, `metadata` does."""
    router = APIRouter(prefix="/fhir", include_in_schema=False)
    threads = _Threads()
    _add_public(router, desks)
    _add_exports(router, desks, threads)
    _add_subscriptions(router, desks, threads)
    _add_resources(router, desks, threads)
    return router


class _Threads:
    """Runs what waits for the database."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(_THREADS)

    async def run(self, work: Callable[..., _T], *arguments: object, **named: object) -> _T:
        return await to_thread.run_sync(partial(work, *arguments, **named), limiter=self._limiter)


def _add_public(router: APIRouter, desks: RegistryDesks) -> None:
    capability = json.dumps(capability_statement(desks.base_url)).encode()
    configuration = json.dumps(smart_configuration(desks.base_url)).encode()

    @router.get("/metadata")
    async def metadata() -> Response:
        return Response(capability, media_type=FHIR_JSON)

    @router.get("/.well-known/smart-configuration")
    async def smart() -> Response:
        return Response(configuration, media_type="application/json")

    @router.post("/token")
    async def token(request: Request) -> Response:
        return await desks.token.answer(request)


def _add_exports(router: APIRouter, desks: RegistryDesks, threads: _Threads) -> None:
    caller_of = Depends(desks.door.caller_of)

    async def begin(request: Request, caller: Caller, group: str | None) -> Response:
        pairs = query_of(request)
        if request.method == "POST":
            pairs += parameters_of(await desks.bodies.json(request))
        url = f"{desks.base_url}{request.url.path.removeprefix('/fhir')}"
        kickoff = Kickoff(pairs, url, is_strict(request), group)
        at = await threads.run(desks.exports.begin, caller, kickoff)
        return Response(status_code=202, headers={"Content-Location": at})

    @router.api_route("/$export", methods=["GET", "POST"])
    @router.api_route("/Patient/$export", methods=["GET", "POST"])
    async def export(request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        return await begin(request, caller, None)

    @router.api_route("/Group/{group}/$export", methods=["GET", "POST"])
    async def group_export(group: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        return await begin(request, caller, group)

    @router.get("/export/{export_id}")
    async def state(export_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        status, headers, body = await threads.run(desks.exports.state, caller, export_id)
        return Response(body, status, dict(headers), "application/json" if body else None)

    @router.delete("/export/{export_id}")
    async def cancel(export_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        await threads.run(desks.exports.cancel, caller, export_id)
        return Response(status_code=202)

    @router.get("/export/{export_id}/{name}")
    async def file(export_id: str, name: str, caller: Annotated[Caller, caller_of]) -> Response:
        path = await threads.run(desks.exports.file, caller, export_id, name)
        return FileResponse(path, media_type=_NDJSON)


def _add_subscriptions(router: APIRouter, desks: RegistryDesks, threads: _Threads) -> None:
    caller_of = Depends(desks.door.caller_of)

    @router.post("/Subscription")
    async def begin(request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        body = await desks.bodies.json(request)
        begun = await threads.run(desks.subscriptions.begin, caller, body)
        at = {"Location": f"{desks.base_url}/Subscription/{begun.subscription_id}"}
        return Response(json.dumps(subscription_resource(begun)), 201, at, FHIR_JSON)

    @router.get("/Subscription/{subscription_id}")
    async def read(subscription_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        found = await threads.run(desks.subscriptions.read, caller, subscription_id)
        return Response(json.dumps(subscription_resource(found)), media_type=FHIR_JSON)

    @router.get("/Subscription/{subscription_id}/$status")
    async def status(subscription_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        found = await threads.run(desks.subscriptions.read, caller, subscription_id)
        return Response(status_bundle(desks.base_url, found), media_type=FHIR_JSON)

    @router.delete("/Subscription/{subscription_id}")
    async def end(subscription_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        await threads.run(desks.subscriptions.end, caller, subscription_id)
        return Response(status_code=204)


def _add_resources(router: APIRouter, desks: RegistryDesks, threads: _Threads) -> None:
    caller_of = Depends(desks.door.caller_of)

    async def read(request: Request, caller: Caller, kind: str, shown_id: str, version: str | None) -> Response:
        known = request.headers.get("if-none-match")
        answer = await threads.run(desks.reading.read, caller, kind, shown_id, version, known)
        await threads.run(_note, desks.audit, caller, "registry-read", f"{kind}/{shown_id}")
        return answer

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
        await threads.run(_note, desks.audit, caller, "registry-search", kind)
        return Response(body, media_type=FHIR_JSON)

    @router.get("/{kind}")
    async def search_by_get(kind: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        return await search(request, caller, kind, query_of(request))

    @router.post("/{kind}/_search")
    async def search_by_post(kind: str, request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        return await search(request, caller, kind, [*query_of(request), *await desks.bodies.form(request)])

    @router.get("/{kind}/{shown_id}")
    async def read_current(
        kind: str, shown_id: str, request: Request, caller: Annotated[Caller, caller_of]
    ) -> Response:
        return await read(request, caller, kind, shown_id, None)

    @router.get("/{kind}/{shown_id}/_history/{version}")
    async def read_version(
        kind: str, shown_id: str, version: str, request: Request, caller: Annotated[Caller, caller_of]
    ) -> Response:
        return await read(request, caller, kind, shown_id, version)


def _note(audit: AuditLog, caller: Caller, event: str, detail: str) -> None:
    audit.record(event, None, "served", detail, caller=caller.client.client_id)
