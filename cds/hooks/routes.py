"""CDS Hooks over HTTP: where discovery and the services are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cds.client import Client
from cds.hooks.body import read_json_body
from cds.hooks.desk import HookDesk
from cds.hooks.discovery import SERVICES, discovery
from cds.hooks.front_door import FrontDoor
from cds.hooks.messages import as_json
from cds.hooks.problems import Problem

_JSON = "application/json"


def hook_routes(desk: HookDesk, door: FrontDoor) -> APIRouter:
    """`GET /cds-services` and `POST /cds-services/{id}`; the door is asked first, by every route."""
    router = APIRouter(tags=["CDS Hooks"], dependencies=[Depends(door.client_of)])
    announced = as_json(discovery())

    @router.get("/cds-services")
    async def discover() -> Response:
        """Which services there are."""
        return Response(announced, media_type=_JSON)

    @router.post("/cds-services/{service_id}")
    async def call(service_id: str, request: Request, client: Annotated[Client, Depends(door.client_of)]) -> Response:
        """Answer a hook."""
        service = SERVICES.get(service_id)
        if service is None:
            raise Problem(404, "There is no such service; GET /cds-services lists them.")
        response = await desk.respond(service, await read_json_body(request), client)
        return Response(as_json(response), media_type=_JSON)

    return router
