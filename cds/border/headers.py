"""Security headers on every answer; a route that knows better sets its own."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.settings import Settings

ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_A_YEAR_S = 365 * 24 * 3600


def security_headers(settings: Settings) -> Mapping[str, str]:
    """What is added; HSTS only where clients come by https, because browsers remember it."""
    if settings.public_url is None or settings.public_url.scheme != "https":
        return ALWAYS
    return {**ALWAYS, "Strict-Transport-Security": f"max-age={_A_YEAR_S}"}


class SecurityHeaders:
    """Adds what an answer does not have."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    present.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, completed)
