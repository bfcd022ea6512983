"""CDS Hooks over HTTP: where discovery and the services are."""

from fastapi import APIRouter, Request, Response

from cds.hooks.body import BodyLimits, read_json_body
from cds.hooks.desk import HookDesk
from cds.hooks.discovery import SERVICES, HookService, discovery
from cds.hooks.messages import DiscoveryResponse, HookCall, HookResponse, as_json
from cds.hooks.openapi import ServiceId, answers_with, outcomes, takes
from cds.hooks.problems import Problem

_JSON = "application/json"
_REFUSALS = (400, 401, 404, 408, 412, 413, 415, 500, 503)


def hook_routes(desk: HookDesk, limits: BodyLimits) -> APIRouter:
    """`GET /cds-services` and `POST /cds-services/{id}`.

    A body is read last: who may not call, or calls what is not there, is told so before.
    """
    router = APIRouter(tags=["CDS Hooks"])
    announced = as_json(discovery())

    @router.get("/cds-services", responses=answers_with(DiscoveryResponse, "Every service.") | outcomes(401, 500))
    async def discover() -> Response:
        """Which services there are."""
        return Response(announced, media_type=_JSON)

    @router.post(
        "/cds-services/{service_id}",
        responses=answers_with(HookResponse, "Cards, perhaps none.") | outcomes(*_REFUSALS),
        openapi_extra=takes(HookCall),
    )
    async def call(service_id: ServiceId, request: Request) -> Response:
        """Answer a hook."""
        service = _service(service_id)
        response = await desk.respond(service, await read_json_body(request, limits))
        return Response(as_json(response), media_type=_JSON)

    return router


def _service(service_id: str) -> HookService:
    service = SERVICES.get(service_id)
    if service is None:
        raise Problem(404, "There is no such service; GET /cds-services lists them.")
    return service
