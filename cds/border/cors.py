"""Which pages may call the hooks from a browser."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from cds.hooks.problems import outcome_response


class CorsAllowList(CORSMiddleware):
    """Starlette's, for exact origins and without cookies; a refused preflight tells nothing of what is allowed."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        super().__init__(
            app, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=("Authorization", "Content-Type")
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """As Starlette, but without a body; a refusal is an OperationOutcome without CORS headers."""
        allowed = super().preflight_response(request_headers)
        if allowed.status_code == 200:
            return Response(headers={name: value for name, value in allowed.headers.items() if "content-" not in name})
        return outcome_response(403, "Calls like this from a page of this origin are not allowed.", {"Vary": "Origin"})
