"""Subscriptions as a client sees them: begun, read, ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from cds.ports import AuditLog, ResourceStore, Subscriptions
from cds.registry.door import Caller
from cds.registry.notifications import read_endpoint
from cds.registry.notifier import Notifier
from cds.registry.refusals import Refused
from cds.subscription import Subscription

AT_MOST = 5
"""Subscriptions of one registry."""


@dataclass(frozen=True, slots=True)
class SubscriptionDesk:
    """Of another client's subscription, nobody learns that it is there."""

    subscriptions: Subscriptions
    store: ResourceStore
    origins: Mapping[str, frozenset[str]]
    """Where each client's subscriptions may point."""
    notifier: Notifier
    audit: AuditLog

    def begin(self, caller: Caller, body: bytes) -> Subscription:
        """A new one; it is active once its endpoint has taken the handshake. Raises `Refused`."""
        client_id = caller.client.client_id
        caller.check("search", "Observation")
        endpoint = read_endpoint(body, self.origins.get(client_id, frozenset()))
        begun = self.subscriptions.begin(client_id, endpoint, self.store.last_moment(), AT_MOST)
        if begun is None:
            raise Refused(429, f"A registry has at most {AT_MOST} subscriptions: end one.", {"Retry-After": "3600"})
        self.audit.record("subscription-begun", None, "accepted", begun.subscription_id, caller=client_id)
        return begun

    def read(self, caller: Caller, subscription_id: str) -> Subscription:
        """One of the caller's own; raises `Refused`."""
        found = self.subscriptions.read(subscription_id)
        if found is None or found.client_id != caller.client.client_id:
            raise Refused(404, "There is no such Subscription.")
        return found

    def end(self, caller: Caller, subscription_id: str) -> None:
        """Nothing is sent any more; raises `Refused`."""
        found = self.read(caller, subscription_id)
        self.subscriptions.end(found.subscription_id)
        self.audit.record("subscription-ended", None, "ended", found.subscription_id, caller=caller.client.client_id)
