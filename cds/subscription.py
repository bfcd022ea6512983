"""A registry that wants to be told of new assessments; no HTTP, no FHIR."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SubscriptionStatus = Literal["requested", "active", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where to, and how far it has been told."""

    subscription_id: str
    client_id: str
    endpoint: str
    status: SubscriptionStatus
    seen: int
    """Moment up to which everything was delivered, in milliseconds since 1970."""
    events: int
    """Delivered since the subscription began."""
    failures: int
    """In a row."""
    next_try_at: datetime
