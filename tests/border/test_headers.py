import pytest

from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.border_checks import HEADERS
from tests.support.fakes import BrokenAnswering
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import Site, a_site, some_settings


async def every_kind_of_answer(site):
    """Cards, discovery, refusals, health, a page."""
    result = site.store.put(a_result())
    async with site.client() as client:
        yield await client.post("/cds-services/osteocds-order-sign", json=an_order_sign())
        yield await client.post("/cds-services/osteocds-order-sign", json={})
        yield await client.post("/cds-services/osteocds-order-sign", content=b"")
        for path in (
            "/cds-services", "/nothing", "/healthz", "/readyz", "/openapi.json",
            f"/reports/link-to-{result.result_id}", "/reports/forged",
        ):  # fmt: skip
            yield await client.get(path)


@pytest.mark.parametrize("answering", [a_site(Known(a_result())).answering, BrokenAnswering(RuntimeError())])
async def test_every_answer_carries_the_security_headers(answering):
    """Not stored, not sniffed, not framed, no referrer, and no word about the server; own faults included."""
    async for response in every_kind_of_answer(Site(answering, some_settings())):
        assert HEADERS.items() <= dict(response.headers).items()
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert not {"server", "x-powered-by", "strict-transport-security"} & set(response.headers)


async def test_https_is_remembered_where_clients_come_by_https():
    """HSTS for a public https address, and only there: on plain http it would lock clients out."""
    for public_url, expected in (("https://cds.example.org", "max-age=31536000"), ("http://localhost:8480", None)):
        async with a_site(None, public_url=public_url).client() as client:
            response = await client.get("/cds-services")
        assert response.headers.get("strict-transport-security") == expected
