"""Mirrors cds/hooks/front_door.py; what is refused and why: tests/security/test_attacks.py."""

import threading
from dataclasses import dataclass, field

from structlog.testing import capture_logs

from cds.client import Client
from cds.ports import ClientRefused
from cds.refusals import ROWS_A_MINUTE
from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site

ISSUER = "https://ehr.example.org"


@dataclass
class FakeAuthentication:
    """Lets one client in, or nobody; keeps what it was shown."""

    client: Client | None = None
    refusal: ClientRefused | None = None
    shown: list[tuple[list[str], str]] = field(default_factory=list)

    async def client_of(self, credentials, path):
        """The client, or the refusal."""
        self.shown.append((list(credentials), path))
        if self.refusal is not None:
            raise self.refusal
        return self.client


def a_guarded_site(**authentication):
    """A site that knows a result."""
    site = a_site(Known(a_result()))
    site.authentication = FakeAuthentication(**authentication)
    return site


async def test_the_door_is_shown_every_credential_and_the_path():
    """Two headers are two credentials; a query is no part of the path."""
    site = a_guarded_site(client=Client(ISSUER))
    async with site.client() as client:
        await client.get("/cds-services?x=1", headers=[("Authorization", "Bearer a"), ("Authorization", "Bearer b")])

    assert site.authentication.shown == [(["Bearer a", "Bearer b"], "/cds-services")]


async def test_health_and_report_pages_ask_for_no_token():
    """Probes have none, and a report link is signed by itself."""
    site = a_guarded_site(refusal=ClientRefused("no-credentials"))
    async with site.client() as client:
        statuses = [(await client.get(path)).status_code for path in ("/healthz", "/readyz", "/reports/link-to-gone")]

    assert 401 not in statuses
    assert site.authentication.shown == []


async def test_results_are_those_of_the_tenant_of_the_client():
    """A client with a tenant sees that tenant's patients and no other's; one without, those of the settings."""
    tenants = []
    for client in (Client(ISSUER, "north"), Client(ISSUER)):
        site = a_guarded_site(client=client)
        await site.order_sign(an_order_sign())
        tenants += [order.patient.key.tenant for order in site.answering.orders]

    assert tenants == ["north", "default"]


async def test_a_refusal_is_audited_with_its_reason_and_the_client_it_names():
    """Off the event loop, without the token."""
    site = a_guarded_site(refusal=ClientRefused("expired", ISSUER))
    threads = []
    record = site.audit.record
    site.audit.record = lambda *row, **who: (threads.append(threading.get_ident()), record(*row, **who))

    with capture_logs() as logged:
        response = await site.order_sign(an_order_sign(), headers={"Authorization": "Bearer secret"})

    assert response.status_code == 401
    assert site.audit.rows == [("client-refused", None, "expired", "")]
    assert site.audit.callers == [ISSUER]
    assert threads != [threading.get_ident()]
    assert [(each["reason"], each["client"]) for each in logged] == [("expired", ISSUER)]
    assert "expired" not in response.text


async def test_refusals_do_not_fill_the_audit():
    """So many rows a minute; the next minute's first row says how many have none. The log has them all."""
    site = a_guarded_site(refusal=ClientRefused("no-credentials"))
    async with site.client() as client:
        with capture_logs() as logged:
            for _ in range(ROWS_A_MINUTE + 5):
                await client.get("/cds-services")
        in_one_minute = len(site.audit.rows)
        site.clock.move_on(seconds=60)
        await client.get("/cds-services")
        await client.get("/cds-services")

    assert (in_one_minute, len(logged)) == (ROWS_A_MINUTE, ROWS_A_MINUTE + 5)
    assert [row[3] for row in site.audit.rows[ROWS_A_MINUTE:]] == ["5 earlier refusals have no row", ""]
