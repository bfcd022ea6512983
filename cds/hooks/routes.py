"""CDS Hooks over HTTP: where discovery and the services are."""

from fastapi import APIRouter, Request, Response

from cds.hooks.body import read_json_body
from cds.hooks.desk import HookDesk
from cds.hooks.discovery import SERVICES, discovery
from cds.hooks.messages import as_json
from cds.hooks.problems import Problem

_JSON = "application/json"


def hook_routes(desk: HookDesk) -> APIRouter:
    """`GET /cds-services` and `POST /cds-services/{id}`."""
    router = APIRouter(tags=["CDS Hooks"])
    announced = as_json(discovery())

    @router.get("/cds-services")
    async def discover() -> Response:
        """Which services there are."""
        return Response(announced, media_type=_JSON)

    @router.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request) -> Response:
        """Answer a hook."""
        service = SERVICES.get(service_id)
        if service is None:
            raise Problem(404, "There is no such service; GET /cds-services lists them.")
        response = await desk.respond(service, await read_json_body(request))
        return Response(as_json(response), media_type=_JSON)

    return router
