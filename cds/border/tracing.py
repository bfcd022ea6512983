"""Each call belongs to a trace, and the log says so; the answer names it, so that it can be found again.

A span is named by its route: paths and queries may hold patients and link tokens.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.trace import HEADER, Span, following

TRACE_ID = "X-Trace-Id"
_UNRECORDED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds, by machines."""
_OUR_FAULT = 500
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Tracing:
    """Takes the caller's trace, or begins one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        recorded_as = None if scope["path"] in _UNRECORDED else _method(scope)
        with following(Headers(scope=scope).get(HEADER), recorded_as, "server") as span:

            async def named(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)[TRACE_ID] = span.trace.trace_id
                    _describe(span, scope, message["status"])
                await send(message)

            await self._app(scope, receive, named)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "_OTHER"


def _describe(span: Span, scope: Scope, status: int) -> None:
    """In the words of https://opentelemetry.io/docs/specs/semconv/http/http-spans/."""
    span.note({"http.request.method": _method(scope), "http.response.status_code": status})
    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        span.rename(f"{_method(scope)} {route}")
        span.note({"http.route": route})
    if status >= _OUR_FAULT:
        span.fail(str(status))
