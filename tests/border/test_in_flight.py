from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import anyio.from_thread

from cds.screening import Known, Pending
from tests.support.assessments import a_result
from tests.support.fakes import FakeMeasurement
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import Site, a_site, some_settings

ORDER_SIGN = "/cds-services/osteocds-order-sign"
PENDING = Pending(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


@dataclass
class MeasuringSince(FakeMeasurement):
    """Tells when it was asked for the first time."""

    begun: anyio.Event = field(default_factory=anyio.Event)

    def answer(self, order):
        """Asked from a thread of the service."""
        anyio.from_thread.run_sync(self.begun.set)
        return super().answer(order)


async def test_one_call_too_many_is_told_to_come_back():
    """With as many calls open as may be, the next gets 503 and Retry-After at once, its body unread."""
    measuring = MeasuringSince(PENDING)
    site = Site(measuring, some_settings(wait_budget_s=60, max_in_flight=1))
    pieces_read, opened = 0, []

    async def a_body():
        nonlocal pieces_read
        pieces_read += 1
        yield b"{}"

    async with site.client() as client:

        async def one_hook():
            opened.append(await client.post(ORDER_SIGN, json=an_order_sign()))

        async with anyio.create_task_group() as hooks:
            hooks.start_soon(one_hook)
            with anyio.fail_after(10):
                await measuring.begun.wait()
                refused = await client.post(ORDER_SIGN, content=a_body(), headers={"Content-Type": "application/json"})
                others = [await client.get(path) for path in ("/healthz", "/readyz", "/cds-services", "/reports/x")]
            measuring.ended = Known(a_result())
        later = await client.post(ORDER_SIGN, json=an_order_sign())

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["issue"][0]["code"] == "transient"
    assert pieces_read == 0
    assert [each.status_code for each in others] == [200, 200, 200, 403]
    assert [each.status_code for each in (*opened, later)] == [200, 200]


async def test_refused_and_broken_calls_free_their_place():
    """Whatever ends a call, its place is free again."""
    site = a_site(Known(a_result()), max_in_flight=1)

    async with site.client() as client:
        answers = [await client.post(ORDER_SIGN, content=b"{", headers={"Content-Type": "text/html"}) for _ in range(3)]
        answers += [await client.post(ORDER_SIGN, json=call) for call in ({}, an_order_sign())]

    assert [each.status_code for each in answers] == [415, 415, 415, 400, 200]
