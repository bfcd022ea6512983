"""Counts and times hook calls, whatever becomes of them; labels are names of services, never what a caller wrote."""

import time
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.metrics.catalogue import HOOK_CALLS, HOOK_SECONDS, IN_FLIGHT
from cds.metrics.tally import Tally

_CALLS = "/cds-services/"
_CUT_OFF = "cut-off"


class MeteredCalls:
    """Outside of everything that may refuse a call, so that refusals count."""

    def __init__(self, app: ASGIApp, tally: Tally, services: Collection[str]) -> None:
        self._app = app
        self._tally = tally
        self._services = {f"{_CALLS}{service}": service for service in services}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through."""
        service = self._services.get(scope["path"]) if scope["type"] == "http" else None
        if service is None:
            await self._app(scope, receive, send)
            return
        status, began = _CUT_OFF, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            with self._tally.during(IN_FLIGHT):
                await self._app(scope, receive, watched)
        finally:
            self._tally.add(HOOK_CALLS, service, status)
            self._tally.observe(HOOK_SECONDS, service, seconds=time.perf_counter() - began)
