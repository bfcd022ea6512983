import re

import pytest

from cds.hooks.discovery import SERVICES
from cds.hooks.prefetch_templates import prefetch_for
from tests.support.hook_site import a_site

IN_THE_CONTEXT = {
    "order-select": {"userId", "patientId", "encounterId"},
    "order-sign": {"userId", "patientId", "encounterId"},
    "order-dispatch": {"patientId", "performer"},
    "patient-view": {"userId", "patientId", "encounterId"},
    "encounter-start": {"userId", "patientId", "encounterId"},
}
"""Root-level fields of a primitive type (CDS Hooks Library 1.0.1; order-dispatch 1.1)."""


async def discover(**settings):
    """What discovery says."""
    async with a_site(None, **settings).client() as client:
        response = await client.get("/cds-services")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()["services"]


async def test_the_five_hooks_are_announced():
    """Each as a service of its own."""
    assert {service["id"]: service["hook"] for service in await discover()} == {
        f"osteocds-{hook}": hook for hook in IN_THE_CONTEXT
    }


async def test_each_service_is_described_in_full():
    """Title, description, prefetch and usage requirements are there and say something; no two titles are alike."""
    services = await discover()

    for service in services:
        assert set(service) == {"hook", "id", "title", "description", "prefetch", "usageRequirements"}
        assert all(service.values())
    assert len({service["title"] for service in services}) == len(services)


async def test_nothing_in_discovery_is_null_or_empty():
    """At any depth (CDS Hooks 2.0, "Use of JSON")."""

    def filled(value):
        if isinstance(value, dict | list):
            return bool(value) and all(map(filled, value.values() if isinstance(value, dict) else value))
        return isinstance(value, str) and bool(value.strip())

    assert filled(await discover())


async def test_every_token_is_in_the_context_of_its_hook():
    """A template asks for root-level primitive context fields that its hook has, delimited by braces; no others."""
    for service in await discover(show_cards_early=True):
        for template in service["prefetch"].values():
            tokens = re.findall(r"\{\{(.*?)\}\}", template)
            assert tokens
            assert {token.removeprefix("context.") for token in tokens} <= IN_THE_CONTEXT[service["hook"]]
            assert all(token.startswith("context.") for token in tokens)
            assert not set("{}") & set(re.sub(r"\{\{.*?\}\}", "", template))


async def test_prefetch_stays_in_the_portable_subset():
    """Instance reads, and searches by reference, token without modifier, date, _count and _sort."""
    for service in await discover(show_cards_early=True):
        assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
        for template in service["prefetch"].values():
            path, _, search = template.partition("?")
            assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{context\.[A-Za-z]+\}\})?", path)
            for parameter in filter(None, search.split("&")):
                name, _, value = parameter.partition("=")
                assert re.fullmatch(r"[a-z]+(-[a-z]+)*(:in)?|_count|_sort", name)
                assert value


async def test_the_usage_requirements_of_a_service_fit_its_hook():
    """Only where there are orders are orders spoken of; only order-dispatch asks that they can be read."""
    for service in await discover():
        usage = service["usageRequirements"]
        assert ("value sets" in usage) == service["hook"].startswith("order-")
        assert ("dispatched ServiceRequests must be readable" in usage) == (service["hook"] == "order-dispatch")


@pytest.mark.parametrize("early", [True, False])
async def test_only_who_shows_cards_asks_for_the_chart(early):
    """Prefetch costs the EHR: a service that shows no card asks for the Patient alone."""
    for service in await discover(show_cards_early=early):
        shows = SERVICES[service["id"]].shows_cards(early=early)
        assert set(service["prefetch"]) == (set(prefetch_for(service["hook"])) if shows else {"patient"})
        assert shows == (early or service["hook"] in {"order-sign", "order-dispatch"})


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_a_service_waits_or_is_early_never_both(service):
    """What is called before the decision is due prepares; what is called with it may wait for the value."""
    assert service.may_wait != service.early
    assert service.may_wait == (service.hook in {"order-sign", "order-dispatch"})
