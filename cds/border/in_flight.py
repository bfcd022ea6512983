"""Back-pressure: a bounded number of calls of one kind at once, the rest are told to come back.

Hooks and registries are counted apart, and cannot crowd out each other; discovery, report pages and health are not
counted at all.
"""

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from cds.hooks.problems import outcome_response

_RETRY_AFTER_S = "1"


class InFlight:
    """Refuses the call that is one too many at once, without reading its body."""

    def __init__(self, app: ASGIApp, calls: str, at_most: int) -> None:
        """`calls`: how the paths of what is counted begin."""
        self._app = app
        self._calls = calls
        self._at_most = at_most
        self._now = 0
        self._log = structlog.get_logger("osteocds.border")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count these calls; let everything else through."""
        if scope["type"] != "http" or not scope["path"].startswith(self._calls):
            await self._app(scope, receive, send)
            return
        if self._now >= self._at_most:
            self._log.warning("too many calls in flight", calls=self._calls, at_most=self._at_most)
            refusal = outcome_response(503, "Too many calls at once; try again.", {"Retry-After": _RETRY_AFTER_S})
            await refusal(scope, receive, send)
            return
        self._now += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._now -= 1
