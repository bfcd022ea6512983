"""Subscriptions over HTTP (R4 backport)."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cds.registry.desks import RegistryDesks, Threads
from cds.registry.door import Caller
from cds.registry.notifications import status_bundle, subscription_resource
from cds.registry.openapi import documented, takes
from cds.registry.refusals import FHIR_JSON


def add_subscriptions(router: APIRouter, desks: RegistryDesks, threads: Threads) -> None:
    """Begin, read, end."""
    caller_of = Depends(desks.door.caller_of)

    @router.post(
        "/Subscription",
        **documented(201, "The Subscription, requested.", 400, 403, 408, 413, 415, 429),
        **takes(FHIR_JSON, "A Subscription by rest-hook to an origin that the site allows."),
    )
    async def begin(request: Request, caller: Annotated[Caller, caller_of]) -> Response:
        """Be told of new assessments, by id."""
        body = await desks.bodies.json(request)
        begun = await threads.run(desks.subscriptions.begin, caller, body)
        at = {"Location": f"{desks.base_url}/Subscription/{begun.subscription_id}"}
        return Response(json.dumps(subscription_resource(begun)), 201, at, FHIR_JSON)

    @router.get("/Subscription/{subscription_id}", **documented(200, "The Subscription.", 404))
    async def read(subscription_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        """Read one of the caller's own."""
        found = await threads.run(desks.subscriptions.read, caller, subscription_id)
        return Response(json.dumps(subscription_resource(found)), media_type=FHIR_JSON)

    @router.get("/Subscription/{subscription_id}/$status", **documented(200, "A Bundle with its status.", 404))
    async def status(subscription_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        """How many events it was told."""
        found = await threads.run(desks.subscriptions.read, caller, subscription_id)
        return Response(status_bundle(desks.base_url, found), media_type=FHIR_JSON)

    @router.delete("/Subscription/{subscription_id}", **documented(204, "Ended.", 404, media_type=None))
    async def end(subscription_id: str, caller: Annotated[Caller, caller_of]) -> Response:
        """Be told nothing more."""
        await threads.run(desks.subscriptions.end, caller, subscription_id)
        return Response(status_code=204)
