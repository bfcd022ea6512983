"""Back-pressure: a bounded number of hook calls at once, the rest are told to come back.

Discovery, report pages and health are not counted, so calls cannot crowd them out.
"""

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from cds.hooks.problems import outcome_response

_CALLS = "/cds-services/"
_RETRY_AFTER_S = "1"


class InFlight:
    """Refuses the call that is one too many at once, without reading its body."""

    def __init__(self, app: ASGIApp, at_most: int) -> None:
        self._app = app
        self._at_most = at_most
        self._now = 0
        self._log = structlog.get_logger("osteocds.border")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count hook calls; let everything else through."""
        if scope["type"] != "http" or not scope["path"].startswith(_CALLS):
            await self._app(scope, receive, send)
            return
        if self._now >= self._at_most:
            self._log.warning("too many calls in flight", at_most=self._at_most)
            refusal = outcome_response(503, "Too many calls at once; try again.", {"Retry-After": _RETRY_AFTER_S})
            await refusal(scope, receive, send)
            return
        self._now += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now -= 1
