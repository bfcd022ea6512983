"""One hook call, from its bytes to its cards.

read it -> are relevant orders there? -> is the service off? -> who is it? -> the chart
-> ask, perhaps wait: opted out, known, queued? -> cards, unless in shadow or early
-> an audit row, however it ended; with it is remembered what was told
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio
import structlog
from anyio import to_thread

from cds import trace
from cds.chart import ChartFacts
from cds.client import Client
from cds.hooks.call_audit import CallAudit, CallNote
from cds.hooks.cards import CardMaker, CardsDue
from cds.hooks.chart_reading import missing_keys, read_facts
from cds.hooks.discovery import HookService
from cds.hooks.feedback import FeedbackDesk
from cds.hooks.identity import IdentityRules, IdentityUncertain
from cds.hooks.messages import Card, HookCall, HookResponse
from cds.hooks.order_codes import OrderCodes
from cds.hooks.order_kinds import OrderKinds
from cds.hooks.orders import Asked, CallReader
from cds.hooks.prefetch import Inquiry, PatientRecord, access_of, identify
from cds.hooks.reading import read_message
from cds.hooks.retraction_cards import RetractionCards
from cds.hooks.rules import CardRules
from cds.hooks.waiting import Answers, Waiting
from cds.mode import Mode
from cds.order import ImagingOrder
from cds.ports import (
    CallLog,
    CardMemory,
    Clock,
    FeedbackLog,
    PatientChart,
    ReportLinks,
    RetractionNotices,
    ServiceModes,
)
from cds.screening import Answer, OptedOut
from cds.settings import Settings

_THREADS = 4
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPorts:
    """What answering a hook needs."""

    answering: Answers
    links: ReportLinks
    memory: CardMemory
    chart: PatientChart
    calls: CallLog
    clock: Clock
    modes: ServiceModes
    feedback: FeedbackLog
    retractions: RetractionNotices


class HookDesk:
    """Takes hook calls and answers them."""

    def __init__(self, settings: Settings, ports: HookPorts) -> None:
        self._settings = settings
        self._ports = ports
        self._identity_rules = IdentityRules.from_settings(settings)
        kinds = OrderKinds(OrderCodes.from_settings(settings), settings.unnamed_orders_count)
        self._reader = CallReader(kinds, ports.chart)
        self._waiting = Waiting(ports.answering, settings.wait_budget_s, settings.max_waiting)
        self._card_maker = CardMaker(ports.links, ports.memory, CardRules.from_settings(settings))
        self._retraction_cards = RetractionCards(ports.retractions, settings.notice)
        self._threads = anyio.CapacityLimiter(_THREADS)
        self.audit = CallAudit(ports.calls, _THREADS)
        self._log = structlog.get_logger("osteocds.hooks")
        self.feedback = FeedbackDesk(ports.feedback, self.audit, _THREADS)

    async def respond(self, service: HookService, body: bytes, client: Client) -> HookResponse:
        """Answer one call; raises `Problem`."""
        begun = time.perf_counter()
        async with self.audit.row("hook", service.service_id, client) as note:
            cards = await self._answered(service, body, note)
        took_ms = round(1000 * (time.perf_counter() - begun), 1)
        told = {"answer": note.outcome, "cards": len(cards), "unread": note.unread}
        self._log.info("hook answered", hook=service.hook, **told, took_ms=took_ms)
        trace.note({"osteocds.hook": service.hook, "osteocds.answer": note.outcome, "osteocds.cards": len(cards)})
        return HookResponse(cards=cards)

    async def _answered(self, service: HookService, body: bytes, note: CallNote) -> tuple[Card, ...]:
        call = read_message(HookCall, body)
        access = access_of(call, note.client.fhir_origins)
        asked = await self._reader.asked(call, service, access, note.client)
        note.user = asked.user
        if service.carries_orders and not asked.orders_imaging:
            return _nothing(note, "irrelevant")
        mode = await self._mode_of(service)
        if mode == "off":
            return _nothing(note, "off")
        inquiry = Inquiry(call, asked, self._ports.chart, access, self._reader.kinds)
        return await self._about_patient(service, mode, inquiry, note)

    async def _about_patient(
        self, service: HookService, mode: Mode, inquiry: Inquiry, note: CallNote
    ) -> tuple[Card, ...]:
        """From here on it is known whom the call is about, or that nobody knows."""
        visible = mode == "live" and service.shows_cards(early=self._settings.show_cards_early)
        try:
            record = await self._record(inquiry, note.client, needs_chart=visible)
        except IdentityUncertain as uncertain:
            self._log.warning("identity refused", hook=service.hook, code=uncertain.code)
            return _nothing(note, "identity-refused", uncertain.code)
        note.patient = record.identity.key
        facts = await self._facts(inquiry, record) if visible else None
        order = ImagingOrder(record.identity, self._ports.clock.now(), service.hook)
        conclude = partial(self._concluded, mode=mode, asked=inquiry.asked, facts=facts, note=note)
        return await self._waiting.answer(order, conclude, may_wait=mode == "live" and service.may_wait)

    async def _record(self, inquiry: Inquiry, client: Client, *, needs_chart: bool) -> PatientRecord:
        """Who it is; raises `IdentityUncertain` where the chart does not say beyond doubt."""
        also_missing = missing_keys(inquiry) if needs_chart and self._settings.require_chart else ()
        rules = self._identity_rules.of(client)
        return await identify(inquiry, rules, self._ports.clock.now(), also_missing=also_missing)

    async def _facts(self, inquiry: Inquiry, record: PatientRecord) -> ChartFacts:
        """What the chart says beyond who it is."""
        required = self._settings.require_chart
        return await read_facts(inquiry, record, self._ports.clock.now(), require_chart=required)

    def _concluded(
        self, answer: Answer, *, mode: Mode, asked: Asked, facts: ChartFacts | None, note: CallNote
    ) -> tuple[Card, ...]:
        """In a thread. Row and memory are written together: where that fails there is no answer, so nobody was told."""
        due = CardsDue()
        if isinstance(answer, OptedOut):
            note.outcome = "opted-out"
        elif facts is not None:
            due = self._due(answer, asked, facts, note)
        elif mode == "shadow":
            note.outcome, note.detail = "shadow", _name(answer)
        else:
            note.outcome, note.detail = _name(answer), "early, no card"
        self.audit.write(note, due.telling)
        return due.cards

    def _due(self, answer: Answer, asked: Asked, facts: ChartFacts, note: CallNote) -> CardsDue:
        note.unread = facts.unread
        due = self._card_maker.cards_for(answer, asked, facts, self._ports.clock.now())
        if note.patient is not None:
            due = self._retraction_cards.before(due, note.patient, asked, facts)
        note.outcome, note.detail = _name(answer), "card" if due.cards else "no card"
        return due

    async def _mode_of(self, service: HookService) -> Mode:
        """Once a second it is read; between, no thread is needed."""
        modes, name = self._ports.modes, service.service_id
        known = modes.known_mode_of(name)
        return await self._in_thread(modes.mode_of, name) if known is None else known

    async def _in_thread(self, function: Callable[..., _T], *given: object) -> _T:
        """What may touch the database."""
        return await to_thread.run_sync(function, *given, limiter=self._threads)


def _nothing(note: CallNote, outcome: str, detail: str = "") -> tuple[Card, ...]:
    note.outcome, note.detail = outcome, detail
    return ()


def _name(answer: Answer) -> str:
    """The kind of answer, for logs and the audit: "known", "pending", ..."""
    return type(answer).__name__.lower()
