"""`/healthz` and `/readyz`, for whoever restarts processes and sends them work."""

from collections.abc import Sequence
from typing import Literal

import anyio
from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from cds.ports import Readiness


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """This replica can do its work."""

    status: Literal["ready"] = "ready"
    client_auth: Literal["required", "off"] = "required"
    """off: anyone on this machine may call."""


class NotReady(BaseModel):
    """What is missing, one sentence each."""

    status: Literal["not ready"] = "not ready"
    problems: Sequence[str]


def health_routes(
    readiness: Readiness, *, archive_configured: bool, client_auth: Literal["required", "off"]
) -> APIRouter:
    """Neither asks for a client's token, and neither tells of patients."""
    router = APIRouter(tags=["Health"])
    thread = anyio.CapacityLimiter(1)

    @router.get("/healthz", responses={200: {"model": Alive}})
    async def healthz() -> JSONResponse:
        """Tell that this process is alive."""
        return JSONResponse(Alive().model_dump())

    @router.get("/readyz", responses={200: {"model": Ready}, 503: {"model": NotReady}})
    async def readyz() -> JSONResponse:
        """Tell whether this replica can do its work now, and what is missing if not."""
        problems = [*await to_thread.run_sync(readiness.problems, limiter=thread)]
        if not archive_configured:
            problems.append("No imaging archive is configured.")
        if problems:
            return JSONResponse(NotReady(problems=problems).model_dump(), 503)
        return JSONResponse(Ready(client_auth=client_auth).model_dump())

    return router
