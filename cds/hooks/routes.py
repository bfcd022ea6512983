"""CDS Hooks over HTTP: where discovery and the services are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cds.client import Client
from cds.hooks.body import BodyLimits, read_json_body
from cds.hooks.desk import HookDesk
from cds.hooks.discovery import SERVICES, HookService, discovery
from cds.hooks.feedback import FeedbackBatch, FeedbackKept
from cds.hooks.front_door import FrontDoor
from cds.hooks.messages import DiscoveryResponse, HookCall, HookResponse, as_json
from cds.hooks.openapi import ServiceId, answers_with, outcomes, takes
from cds.hooks.problems import Problem

_JSON = "application/json"
_REFUSALS = (400, 401, 404, 408, 412, 413, 415, 500, 503)
_FEEDBACK_REFUSALS = (400, 401, 404, 408, 413, 415, 500, 503)


def hook_routes(desk: HookDesk, door: FrontDoor, limits: BodyLimits, *, cards_early: bool) -> APIRouter:
    """`GET /cds-services`, `POST /cds-services/{id}` and its `/feedback`.

    The door is asked first, by every route. A body is read last: who may not call, or calls what
    is not there, is told so before.
    """
    router = APIRouter(tags=["CDS Hooks"], dependencies=[Depends(door.client_of)])
    announced = as_json(discovery(cards_early=cards_early))

    async def body_of(request: Request, event: str, service: HookService, client: Client) -> bytes:
        async with desk.audit.refusals(event, service.service_id, client):
            return await read_json_body(request, limits)

    @router.get("/cds-services", responses=answers_with(DiscoveryResponse, "Every service.") | outcomes(401, 500))
    async def discover() -> Response:
        """Which services there are."""
        return Response(announced, media_type=_JSON)

    @router.post(
        "/cds-services/{service_id}",
        responses=answers_with(HookResponse, "Cards, perhaps none.") | outcomes(*_REFUSALS),
        openapi_extra=takes(HookCall),
    )
    async def call(
        service_id: ServiceId, request: Request, client: Annotated[Client, Depends(door.client_of)]
    ) -> Response:
        """Answer a hook."""
        service = _service(service_id)
        response = await desk.respond(service, await body_of(request, "hook", service, client), client)
        return Response(as_json(response), media_type=_JSON)

    @router.post(
        "/cds-services/{service_id}/feedback",
        responses=answers_with(FeedbackKept, "Kept.") | outcomes(*_FEEDBACK_REFUSALS),
        openapi_extra=takes(FeedbackBatch),
    )
    async def feedback(
        service_id: ServiceId, request: Request, client: Annotated[Client, Depends(door.client_of)]
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
