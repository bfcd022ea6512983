"""`/metrics`: for whoever holds the token of the settings; without a token in the settings it is not there.

Not open to this machine by default: behind a proxy every call comes from this machine.
"""

import hmac

import anyio
from anyio import to_thread
from fastapi import APIRouter, Request, Response

from cds.metrics.exposition import Exposition

_CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def metrics_routes(exposition: Exposition, token: str) -> APIRouter:
    """Told to one who asks at a time: each asks the databases."""
    router = APIRouter()
    thread = anyio.CapacityLimiter(1)
    expected = f"Bearer {token}".encode()

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        text = await to_thread.run_sync(exposition.text, limiter=thread)
        return Response(text, media_type=_CONTENT_TYPE)

    return router
