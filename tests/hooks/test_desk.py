"""Mirrors cds/hooks/desk.py: modes, opt-outs, and the audit row that each call leaves."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass

import anyio
import pytest

from cds.client import Client
from cds.errors import ArchiveUnavailable
from cds.hooks.desk import HookDesk, HookPorts
from cds.hooks.discovery import SERVICES
from cds.hooks.problems import Problem
from cds.screening import Known, Pending
from tests.support.assessments import a_key, a_patient, a_refusal, a_result
from tests.support.fakes import BrokenAnswering, FakeServiceModes
from tests.support.hook_calls import (
    USER,
    a_fhir_patient,
    a_patient_view,
    a_service_request,
    an_identifier,
    an_order_select,
    an_order_sign,
)
from tests.support.hook_site import Site, a_site, some_settings

SIGN, SELECT, VIEW = "osteocds-order-sign", "osteocds-order-select", "osteocds-patient-view"
EHR = Client("https://ehr.example.org")
KNOWN = Known(a_result())


def the_desk(site):
    """The desk behind a site's routes."""
    return HookDesk(
        site.settings,
        HookPorts(
            answering=site.answering,
            links=site.links,
            memory=site.memory,
            feedback=site.feedback,
            chart=site.chart,
            calls=site.calls,
            modes=site.modes or FakeServiceModes(site.settings.mode),
            retractions=site.retractions,
            clock=site.clock,
        ),
    )


async def ask(site, call, service=SIGN, client=EHR):
    """How many cards a client gets."""
    response = await the_desk(site).respond(SERVICES[service], json.dumps(call).encode(), client)
    return len(response.cards)


@pytest.mark.parametrize(
    ("service", "call", "settings", "row"),
    [
        (SIGN, an_order_sign(), {}, (a_key(), "known", f"{SIGN}: card")),
        (SELECT, an_order_select(), {}, (a_key(), "known", f"{SELECT}: early, no card")),
        (VIEW, a_patient_view(), {"show_cards_early": True}, (a_key(), "known", f"{VIEW}: card")),
        (SIGN, an_order_sign(), {"mode": "shadow"}, (a_key(), "shadow", f"{SIGN}: known")),
        (SIGN, an_order_sign(), {"mode": "off"}, (None, "off", SIGN)),
        (SIGN, an_order_sign(a_service_request(category=[{"text": "Laboratory"}], code={"text": "Lipid panel"})), {},
         (None, "irrelevant", SIGN)),
        (SIGN, an_order_sign(patient=a_fhir_patient(identifier=[])), {},
         (None, "identity-refused", f"{SIGN}: identifier-missing")),
        (SIGN, an_order_sign() | {"hook": "another"}, {}, (None, "refused-400", SIGN)),
        (SIGN, {}, {}, (None, "refused-400", SIGN)),
        (SIGN, an_order_sign(prefetch={}), {}, (None, "refused-412", SIGN)),
    ],
)  # fmt: skip
async def test_each_call_leaves_one_row(service, call, settings, row):
    """Answered, refused, off or irrelevant: event, outcome, service and caller; a patient where one is known."""
    site = a_site(KNOWN, **settings)

    with suppress(Problem):
        await ask(site, call, service)

    patient, outcome, detail = row
    assert site.audit.rows == [("hook", patient, outcome, detail)]
    (caller,) = site.audit.callers
    assert caller is not None
    assert caller.startswith(EHR.issuer)


@pytest.mark.parametrize(("path", "event"), [(SIGN, "hook"), (f"{SIGN}/feedback", "feedback")])
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [(b"{}", "text/plain", 415), (b"x" * 2000, "application/json", 413)],
    ids=["no JSON", "too large"],
)
async def test_a_body_that_is_not_read_leaves_its_row_too(path, event, body, content_type, status):
    """Refused before it could be understood: one row."""
    site = a_site(KNOWN, max_body_bytes=1024)

    async with site.client() as client:
        response = await client.post(f"/cds-services/{path}", content=body, headers={"content-type": content_type})

    assert response.status_code == status
    assert site.audit.rows == [(event, None, f"refused-{status}", SIGN)]


async def test_the_caller_is_client_and_user():
    """A call that cannot be read names the client alone."""
    site = a_site(KNOWN)

    await ask(site, an_order_sign())
    with pytest.raises(Problem):
        await ask(site, {})

    assert site.audit.callers == [f"{EHR.issuer} {USER}", EHR.issuer]


@pytest.mark.parametrize("fault", [ArchiveUnavailable("away"), RuntimeError("bug")])
async def test_a_fault_leaves_its_row_too(fault):
    """What nobody expected is "failed", with the patient it was about."""
    site = Site(BrokenAnswering(fault), some_settings())

    with pytest.raises(type(fault)):
        await ask(site, an_order_sign())

    assert site.audit.rows == [("hook", a_key(), "failed", SIGN)]


async def test_a_call_that_is_cut_off_leaves_its_row():
    """A hook that waits while the service stops is in the audit."""
    site = a_site(Pending(a_site(None).clock.now()), wait_budget_s=60)

    with anyio.move_on_after(0.1):
        await ask(site, an_order_sign())

    assert site.audit.rows == [("hook", a_key(), "failed", SIGN)]


@dataclass
class FullDisk:
    """An audit log that cannot write."""

    def record(self, *_given, **_named):
        """Fail."""
        raise OSError("no space")


@pytest.mark.parametrize("call", [an_order_sign(), {}])
async def test_without_its_row_no_call_is_answered(call):
    """A hook whose audit fails is a 500, whatever it would have been; no card without a trace, or taken for shown."""
    site = a_site(KNOWN)
    site.audit = FullDisk()

    response = await site.order_sign(call)

    assert response.status_code == 500
    assert "cards" not in response.text
    assert site.shown.notes == []


async def test_shadow_measures_and_shows_nothing():
    """The answer is asked for, never waited for; a reason that is told once is still untold afterwards."""
    site = a_site(Pending(a_site(None).clock.now()), Known(a_result(assessment=a_refusal())), wait_budget_s=60)
    site.modes = FakeServiceModes("shadow")

    with anyio.fail_after(10):
        cards = [await ask(site, an_order_sign()) for _ in range(2)]

    assert cards == [0, 0]
    assert [order.patient for order in site.answering.orders] == [a_patient()] * 2
    assert site.shown.notes == []
    assert [detail for *_, detail in site.audit.rows] == [f"{SIGN}: pending", f"{SIGN}: known"]


async def test_each_service_has_a_mode_of_its_own():
    """One is off, one in shadow, one live, and a change acts on the next call."""
    site = a_site(KNOWN, show_cards_early=True)
    site.modes = FakeServiceModes("live", {SELECT: "shadow", VIEW: "off"})

    cards = [
        await ask(site, an_order_sign()),
        await ask(site, an_order_select(), SELECT),
        await ask(site, a_patient_view(), VIEW),
    ]
    site.modes.chosen[SIGN] = "off"
    cards.append(await ask(site, an_order_sign()))

    assert cards == [1, 0, 0, 0]
    assert [outcome for _, outcome in site.audit.outcomes] == ["known", "shadow", "off", "off"]
    assert len(site.answering.orders) == 2


async def test_the_modes_are_asked_outside_the_event_loop():
    """They may have to ask the database."""
    site, threads = a_site(KNOWN), []

    class Watched(FakeServiceModes):
        """Notes the threads that ask."""

        def mode_of(self, service):
            """Whatever it is."""
            threads.append(threading.get_ident())
            return super().mode_of(service)

    site.modes = Watched()

    await ask(site, an_order_sign())

    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_mode_that_was_read_lately_needs_no_thread():
    """Only what is not known is asked."""
    site = a_site(KNOWN)

    class Fresh(FakeServiceModes):
        """Read just now."""

        def known_mode_of(self, service):
            """As set."""
            return self.mode_of(service)

    site.modes = Fresh("off")

    with anyio.fail_after(1):
        assert await ask(site, an_order_sign()) == 0
    assert site.audit.outcomes == [("hook", "off")]


@pytest.mark.parametrize("mode", ["live", "shadow"])
async def test_who_has_opted_out_is_not_asked_about(mode):
    """No card, nothing queued or looked up; the audit says why."""
    site = a_site(KNOWN, mode=mode)
    site.opt_outs.patients.add(a_key())

    cards = await ask(site, an_order_sign())

    assert cards == 0
    assert site.answering.orders == []
    assert site.audit.rows == [("hook", a_key(), "opted-out", SIGN)]


async def test_a_client_sees_the_results_of_its_tenant():
    """The same identifier in another tenant is another patient; without a tenant, that of the settings."""
    site = a_site(KNOWN)

    await ask(site, an_order_sign(), client=Client("https://clinic.example.org", tenant="clinic"))
    await ask(site, an_order_sign())

    assert [order.patient.key.tenant for order in site.answering.orders] == ["clinic", "default"]


async def test_an_opt_out_is_one_of_its_tenant():
    """It is asked for under the client's tenant."""
    site = a_site(KNOWN)
    site.opt_outs.patients.add(a_key())

    cards = await ask(site, an_order_sign(), client=Client("https://clinic.example.org", tenant="clinic"))

    assert cards == 1


async def test_an_identifier_that_is_refused_is_not_looked_up_as_opted_out():
    """Nobody is known, so nobody is named."""
    site = a_site(KNOWN)
    site.opt_outs.patients.add(a_key())

    await ask(site, an_order_sign(patient=a_fhir_patient(identifier=[an_identifier("A"), an_identifier("B")])))

    assert [patient for _, patient, *_ in site.audit.rows] == [None]
