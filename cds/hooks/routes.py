"""CDS Hooks over HTTP: where discovery and the services are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cds.client import Client
from cds.hooks.body import read_json_body
from cds.hooks.desk import HookDesk
from cds.hooks.discovery import SERVICES, HookService, discovery
from cds.hooks.front_door import FrontDoor
from cds.hooks.messages import as_json
from cds.hooks.problems import Problem

_JSON = "application/json"


def hook_routes(desk: HookDesk, door: FrontDoor) -> APIRouter:
    """`GET /cds-services`, `POST /cds-services/{id}` and its `/feedback`; the door is asked first, by every route."""
    router = APIRouter(tags=["CDS Hooks"], dependencies=[Depends(door.client_of)])
    announced = as_json(discovery())

    async def body_of(request: Request, event: str, service: HookService, client: Client) -> bytes:
        async with desk.audit.refusals(event, service.service_id, client):
            return await read_json_body(request)

    @router.get("/cds-services")
    async def discover() -> Response:
        """Which services there are."""
        return Response(announced, media_type=_JSON)

    @router.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request, client: Annotated[Client, Depends(door.client_of)]) -> Response:
        """Answer a hook."""
        service = _service(service_id)
        response = await desk.respond(service, await body_of(request, "hook", service, client), client)
        return Response(as_json(response), media_type=_JSON)

    @router.post("/cds-services/{service_id}/feedback")
    async def feedback(
        service_id: str, request: Request, client: Annotated[Client, Depends(door.client_of)]
    ) -> Response:
        """Keep what users did with cards; the standard asks for no content in the answer."""
        service = _service(service_id)
        await desk.feedback.take(service, await body_of(request, "feedback", service, client), client)
        return Response(b"{}", media_type=_JSON)

    return router


def _service(service_id: str) -> HookService:
    service = SERVICES.get(service_id)
    if service is None:
        raise Problem(404, "There is no such service; GET /cds-services lists them.")
    return service
