"""The registry API over HTTP, under `/fhir`.

Everything but `metadata`, the SMART configuration and the token endpoint asks the door first. What has a fixed
address comes before `/{kind}`, which would take it for a resource type.
"""

import json

from fastapi import APIRouter, Request, Response

from cds.registry.capability import capability_statement, smart_configuration
from cds.registry.desks import RegistryDesks, Threads
from cds.registry.export_routes import add_exports
from cds.registry.openapi import FORM, public, takes
from cds.registry.refusals import FHIR_JSON
from cds.registry.resource_routes import add_acceptance, add_reads, add_searches
from cds.registry.subscription_routes import add_subscriptions


def registry_routes(desks: RegistryDesks) -> APIRouter:
    """All routes under `/fhir`."""
    router = APIRouter(prefix="/fhir", tags=["Registries"])
    threads = Threads()
    _add_public(router, desks)
    add_exports(router, desks, threads)
    add_subscriptions(router, desks, threads)
    add_searches(router, desks, threads)
    add_reads(router, desks, threads)
    add_acceptance(router, desks, threads)
    return router


def _add_public(router: APIRouter, desks: RegistryDesks) -> None:
    capability = json.dumps(capability_statement(desks.base_url, accepts=desks.accepts)).encode()
    configuration = json.dumps(smart_configuration(desks.base_url, accepts=desks.accepts)).encode()

    @router.get("/metadata", **public("The CapabilityStatement."))
    async def metadata() -> Response:
        """What this server can do."""
        return Response(capability, media_type=FHIR_JSON)

    @router.get("/.well-known/smart-configuration", **public("The SMART configuration.", "application/json"))
    async def smart() -> Response:
        """Where access tokens come from."""
        return Response(configuration, media_type="application/json")

    @router.post(
        "/token",
        **public("An access token.", "application/json"),
        **takes(FORM, "grant_type, client_assertion_type, client_assertion, scope (SMART Backend Services)"),
    )
    async def token(request: Request) -> Response:
        """Give an access token for a signed assertion."""
        return await desks.token.answer(request)
