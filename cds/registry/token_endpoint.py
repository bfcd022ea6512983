"""The token endpoint: an assertion in, an access token out (RFC 6749 and 7523, SMART Backend Services)."""

import json
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.responses import Response

from cds.ports import AuditLog, RegistryAuthentication, TokenRefused
from cds.registry.bodies import BodyReader

_NOT_KEPT = {"Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Refusals name the error of the standard and nothing else; why is in the log."""

    authentication: RegistryAuthentication
    audit: AuditLog
    bodies: BodyReader

    async def answer(self, request: Request) -> Response:
        """A token, or an OAuth error."""
        pairs = await self.bodies.form(request)
        form = dict(pairs)
        if len(form) != len(pairs):
            return _answer(400, {"error": "invalid_request"})
        try:
            issued = await self.authentication.token_for(form)
        except TokenRefused as refused:
            structlog.get_logger("osteocds.registry").warning(
                "no access token", reason=refused.reason, client=refused.client_id
            )
            return _answer(401 if refused.error == "invalid_client" else 400, {"error": refused.error})
        return _answer(
            200,
            {
                "access_token": issued.access_token,
                "token_type": "bearer",
                "expires_in": issued.expires_in_s,
                "scope": issued.scope,
            },
        )


def _answer(status: int, told: dict[str, object]) -> Response:
    return Response(json.dumps(told), status, _NOT_KEPT, "application/json")
