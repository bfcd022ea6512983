"""`/metrics` over HTTP: for nobody by default, then for whoever holds the token; what it counts of calls."""

import pytest

from cds.metrics.bringing import Bringing
from cds.metrics.desk import MetricsDesk
from cds.metrics.exposition import Exposition
from cds.metrics.info import BuildInfo
from cds.metrics.tally import Tally
from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site
from tests.support.metric_fakes import MemoryMetrics

TOKEN = "t" * 32
JSON = "application/json"


def metered(answer, token=TOKEN):
    """A site that counts."""
    site = a_site(Known(answer))
    store = MemoryMetrics()
    tally = Tally(store, "one")
    sources = {"build": BuildInfo("1.2.3", "g"), "counts": store}
    site.metrics = MetricsDesk(tally, Exposition(sources), Bringing(tally), token)
    return site


@pytest.mark.parametrize("sent", [None, "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", TOKEN])
async def test_without_the_token_nothing_is_told(sent):
    """401, and not a number."""
    async with metered(a_result()).client() as client:
        answer = await client.get("/metrics", headers={} if sent is None else {"Authorization": sent})

    assert answer.status_code == 401
    assert answer.content == b""


async def test_without_a_token_in_the_settings_there_is_no_such_route():
    """The default: nobody, loopback or not."""
    async with metered(a_result(), token=None).client() as client:
        answer = await client.get("/metrics", headers={"Authorization": "Bearer "})

    assert answer.status_code == 404


async def test_calls_are_counted_by_service_and_status():
    """One that is answered, one that is refused; a service that is not there makes no time series."""
    site = metered(a_result())
    async with site.client() as client:
        await client.post("/cds-services/osteocds-order-sign", json=an_order_sign())
        await client.post("/cds-services/osteocds-order-sign", content=b"{", headers={"Content-Type": JSON})
        await client.post("/cds-services/made-up-by-a-caller", content=b"{}")
        site.metrics.tally.bring()
        text = (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text

    assert 'osteocds_hook_calls_total{service="osteocds-order-sign",status="200"} 1.0' in text
    assert 'osteocds_hook_calls_total{service="osteocds-order-sign",status="400"} 1.0' in text
    assert 'osteocds_hook_seconds_count{service="osteocds-order-sign"} 2.0' in text
    assert "osteocds_hook_calls_in_flight 0.0" in text
    assert 'osteocds_build_info{generation="g",version="1.2.3"} 1.0' in text
    assert "made-up" not in text
    assert all(line.split("{")[0].split(" ")[0].startswith("osteocds_") for line in text.splitlines() if line[0] != "#")
