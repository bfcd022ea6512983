"""Who calls the registry API, as the first thing that every route but the public ones asks."""

from dataclasses import dataclass

import structlog
from starlette.requests import Request

from cds.ports import ClientRefused, RegistryAuthentication
from cds.registry.refusals import Refused
from cds.registry.views import View, Views
from cds.registry_client import Deed, RegistryClient


@dataclass(frozen=True, slots=True)
class Caller:
    """A registry, and how it sees resources."""

    client: RegistryClient
    view: View

    def check(self, deed: Deed, kind: str) -> None:
        """Raises `Refused` 403 where the token, or the site, does not allow it."""
        if kind not in self.view.types or not self.client.may(deed, kind):
            raise Refused(403, f"The access token does not allow to {deed} {kind}.")


@dataclass(frozen=True, slots=True)
class RegistryDoor:
    """Lets in whoever has an access token of ours."""

    authentication: RegistryAuthentication
    views: Views

    def caller_of(self, request: Request) -> Caller:
        """The registry that calls; raises `Refused` 401."""
        try:
            client = self.authentication.client_of(request.headers.getlist("authorization"))
        except ClientRefused as refused:
            structlog.get_logger("osteocds.registry").warning(
                "registry refused", reason=refused.reason, client=refused.issuer
            )
            raise Refused(401, "An access token is needed.", {"WWW-Authenticate": "Bearer"}) from None
        return Caller(client, self.views.of(client.client_id, client.deidentification))
