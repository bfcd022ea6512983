"""Each call belongs to a trace, and the log says so; the answer names it, so that it can be found again."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.trace import HEADER, following

TRACE_ID = "X-Trace-Id"


class Tracing:
    """Takes the caller's trace, or begins one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with following(Headers(scope=scope).get(HEADER)) as trace:

            async def named(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)[TRACE_ID] = trace.trace_id
                await send(message)

            await self._app(scope, receive, named)
