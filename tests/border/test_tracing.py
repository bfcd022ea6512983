"""Mirrors cds/border/tracing.py, and where a trace goes from there."""

import httpx
from structlog.testing import capture_logs

from cds.durable.orders import order_from_json, order_to_json
from cds.fhir_client.chart import HttpPatientChart
from cds.ports import ChartAccess
from cds.screening import Known
from cds.trace import HEADER, following
from tests.support.assessments import a_result, an_order
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def test_the_answer_names_the_trace_of_the_caller():
    """Of every route; without one, a new one each time."""
    async with a_site(Known(a_result())).client() as client:
        traced = await client.get("/healthz", headers={HEADER: PARENT})
        hook = await client.post("/cds-services/osteocds-order-sign", json=an_order_sign(), headers={HEADER: PARENT})
        others = [(await client.get("/healthz")).headers["X-Trace-Id"] for _ in range(2)]

    assert traced.headers["X-Trace-Id"] == hook.headers["X-Trace-Id"] == TRACE
    assert len({TRACE, *others}) == 3


async def test_the_orders_that_a_call_places_carry_its_trace():
    """Through threads, into the queue's JSON; the order itself is as before."""
    orders = []

    class Answering:
        def answer(self, order):
            orders.append(order_to_json(order))
            return Known(a_result())

    site = a_site()
    site.answering = Answering()
    async with site.client() as client:
        await client.post("/cds-services/osteocds-order-sign", json=an_order_sign(), headers={HEADER: PARENT})

    assert orders[0][HEADER].startswith(f"00-{TRACE}-")
    assert HEADER not in order_to_json(an_order())
    assert order_from_json(order_to_json(an_order()) | {HEADER: PARENT}) == an_order()


async def test_a_chart_is_read_within_the_trace():
    """The FHIR server of the hook sees it."""
    seen = []

    def serve(request):
        seen.append(request.headers.get(HEADER))
        return httpx.Response(200, json={"resourceType": "Patient", "id": "1"})

    chart = HttpPatientChart(["https://fhir.example.org"], httpx.MockTransport(serve))
    with following(PARENT), capture_logs():
        await chart.fetch(ChartAccess("https://fhir.example.org/r4"), {"patient": "Patient/1"})
    await chart.aclose()

    assert seen[0].startswith(f"00-{TRACE}-")
