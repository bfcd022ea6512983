"""One hook call, from its bytes to its cards.

read it -> mode off, or no imaging ordered? -> for this patient? -> who is it? -> ask, perhaps wait
-> cards, unless in shadow or early -> an audit row
"""

import time
from dataclasses import dataclass

import anyio
import structlog
from anyio import to_thread

from cds.hooks.cards import CardMaker, CardRules
from cds.hooks.discovery import HookService
from cds.hooks.identity import IdentityRules, IdentityUncertain
from cds.hooks.messages import Card, HookCall, HookResponse
from cds.hooks.orders import Asked, asked_of
from cds.hooks.prefetch import identify
from cds.hooks.reading import read_message
from cds.hooks.waiting import Answers, Waiting
from cds.order import ImagingOrder
from cds.ports import AuditLog, Clock, PatientChart, ReportLinks, ShownCards
from cds.screening import Answer
from cds.settings import Settings

_THREADS = 4


@dataclass(frozen=True, slots=True)
class HookPorts:
    """What answering a hook needs."""

    answering: Answers
    links: ReportLinks
    shown: ShownCards
    chart: PatientChart
    audit: AuditLog
    clock: Clock


class HookDesk:
    """Takes hook calls and answers them."""

    def __init__(self, settings: Settings, ports: HookPorts) -> None:
        self._settings = settings
        self._ports = ports
        self._identity_rules = IdentityRules.from_settings(settings)
        self._waiting = Waiting(ports.answering, settings.wait_budget_s, settings.max_waiting)
        rules = CardRules(settings.notice, settings.show_normal, settings.show_being_measured)
        self._card_maker = CardMaker(ports.links, ports.shown, rules)
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._log = structlog.get_logger("osteocds.hooks")

    async def respond(self, service: HookService, body: bytes) -> HookResponse:
        """Answer one call; raises `Problem`."""
        call = read_message(HookCall, body)
        asked = asked_of(call, service)
        if self._settings.mode == "off" or (service.carries_orders and not asked.orders_imaging):
            return HookResponse()
        begun = time.perf_counter()
        order = await self._order(service, call, asked)
        if order is None:
            return HookResponse()
        live = self._settings.mode == "live"
        answer = await self._waiting.answer(order, may_wait=live and service.may_wait)
        visible = live and (self._settings.show_cards_early or not service.early)
        cards = await to_thread.run_sync(self._conclude, order, asked, answer, visible, limiter=self._threads)
        took_ms = round(1000 * (time.perf_counter() - begun), 1)
        self._log.info("hook answered", hook=service.hook, answer=_name(answer), cards=len(cards), took_ms=took_ms)
        return HookResponse(cards=cards)

    async def _order(self, service: HookService, call: HookCall, asked: Asked) -> ImagingOrder | None:
        """Who, what, when; None where the chart does not say beyond doubt who it is."""
        now = self._ports.clock.now()
        try:
            patient = await identify(call, asked, self._ports.chart, self._identity_rules, now)
        except IdentityUncertain as uncertain:
            self._log.warning("identity refused", hook=service.hook, code=uncertain.code)
            await to_thread.run_sync(
                self._ports.audit.record, "identity-refused", None, uncertain.code, service.hook, limiter=self._threads
            )
            return None
        return ImagingOrder(patient, now, service.hook)

    def _conclude(self, order: ImagingOrder, asked: Asked, answer: Answer, visible: bool) -> tuple[Card, ...]:
        """The part that may touch the database: which cards, and the audit row."""
        cards = self._card_maker.cards_for(answer, asked, self._ports.clock.now()) if visible else ()
        shown = "card" if cards else "no card"
        self._ports.audit.record("hook", order.patient.key, _name(answer), f"{order.hook}: {shown}")
        return cards


def _name(answer: Answer) -> str:
    """The kind of answer, for logs and the audit: "known", "pending", ..."""
    return type(answer).__name__.lower()
