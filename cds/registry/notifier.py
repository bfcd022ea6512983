"""Tells registries of new assessments: a thread that looks every few seconds what is due.

What was delivered is a moment on record, so a restart loses nothing. An endpoint that does not
take a notification is tried again, later and later, for about a day; then the subscription is in error.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import structlog

from cds.ports import Clock, ResourceStore, Subscriptions
from cds.registry.notifications import Event, notification
from cds.registry.refusals import FHIR_JSON
from cds.registry.views import Views
from cds.registry_client import RegistryClient
from cds.resource import Coded, Interval, ResourceSearch, Token, Within, position_of
from cds.subscription import Subscription

LOOK_EVERY_S = 2.0
AT_ONCE = 50
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = 30
"""Failures in a row: 30 s, doubling to an hour, for about a day."""
_ASSESSMENTS = Coded("codes", (Token(None, "patient-vbmd"),))


@dataclass(frozen=True, slots=True)
class Notifier:
    """Delivers what is due to those whom the site allows, and to nobody else."""

    subscriptions: Subscriptions
    store: ResourceStore
    views: Views
    clients: Mapping[str, RegistryClient]
    base_url: str
    http: httpx.Client
    clock: Clock
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._keep_looking, name="notifier", daemon=True).start()

    def close(self) -> None:
        """Stop after what is being delivered."""
        self._stopping.set()
        self.http.close()

    def deliver_due(self) -> None:
        """Once around."""
        for subscription in self.subscriptions.due():
            client = self.clients.get(subscription.client_id)
            if client is not None:
                self._deliver(subscription, client)

    def _keep_looking(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.deliver_due()
            except Exception as fault:  # noqa: BLE001 - the border of the thread: what is due stays due
                structlog.get_logger("osteocds.registry").error("notifier interrupted", kind=type(fault).__name__)

    def _deliver(self, subscription: Subscription, client: RegistryClient) -> None:
        if subscription.status == "requested":
            self._send(subscription, notification(self.base_url, subscription, "handshake", []), subscription.seen, 0)
            return
        events, seen = self._news(subscription, client)
        if events:
            body = notification(self.base_url, subscription, "event-notification", events)
            self._send(subscription, body, seen, len(events))

    def _news(self, subscription: Subscription, client: RegistryClient) -> tuple[list[Event], int]:
        search = ResourceSearch(
            type="Observation",
            reach=client.reach,
            as_of=self.store.last_moment(),
            criteria=(_ASSESSMENTS, Within("last_updated", (Interval(subscription.seen + 1, None),))),
        )
        found = self.store.search(search, AT_ONCE)
        view = self.views.of(client.client_id, client.deidentification)
        events = [
            Event(subscription.events + number, each.last_updated, f"{each.type}/{view.shown_id(each.type, each.id)}")
            for number, each in enumerate(found, 1)
        ]
        last = position_of(found[-1], search.sort).key if found else subscription.seen
        return events, last if isinstance(last, int) else subscription.seen

    def _send(self, subscription: Subscription, body: bytes, seen: int, events: int) -> None:
        if not self.subscriptions.claim(subscription):
            return
        try:
            answer = self.http.post(subscription.endpoint, content=body, headers={"Content-Type": FHIR_JSON})
            taken = answer.is_success
            why = str(answer.status_code)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            taken, why = False, type(fault).__name__
        if taken:
            self.subscriptions.delivered(subscription, seen, events)
            return
        structlog.get_logger("osteocds.registry").warning(
            "notification not taken", subscription=subscription.subscription_id, why=why
        )
        pause = min(_FIRST_PAUSE * 2 ** min(subscription.failures, 10), _LONGEST_PAUSE)
        gives_up = subscription.failures + 1 >= GIVE_UP_AFTER
        self.subscriptions.failed(subscription, None if gives_up else self.clock.now() + pause)
