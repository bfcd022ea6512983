from cds.hooks.prefetch_templates import prefetch_for
from tests.support.hook_site import a_site


async def discover():
    """What discovery says."""
    async with a_site(None).client() as client:
        response = await client.get("/cds-services")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()["services"]


async def test_the_three_hooks_are_announced():
    """order-select, order-sign and patient-view, each as a service of its own."""
    assert {service["id"]: service["hook"] for service in await discover()} == {
        "osteocds-order-select": "order-select",
        "osteocds-order-sign": "order-sign",
        "osteocds-patient-view": "patient-view",
    }


async def test_each_service_is_described_in_full():
    """Title, description, prefetch and usage requirements are there and say something."""
    for service in await discover():
        assert set(service) == {"hook", "id", "title", "description", "prefetch", "usageRequirements"}
        assert all(service.values())


async def test_each_service_asks_for_the_prefetch_of_its_hook():
    """What discovery announces is what is read."""
    for service in await discover():
        assert service["prefetch"] == dict(prefetch_for(service["hook"]))
