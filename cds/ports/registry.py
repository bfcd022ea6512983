"""What registries read: stored resources, bulk exports, subscriptions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, Protocol

from cds.export import Export, ExportFile, ExportProgress, ExportRequest
from cds.resource import Found, Reach, ResourceSearch, ResourceVersion
from cds.subscription import Subscription


class ResourceStore(Protocol):
    """Finds stored FHIR resources; those of patients who opted out are not there for anybody."""

    def last_moment(self) -> int:
        """Of the last commit: everything up to it can be seen."""

    def read(self, reach: Reach, kind: str, resource_id: str, version: int | None = None) -> ResourceVersion | None:
        """One version; None for the current one."""

    def search(self, search: ResourceSearch, limit: int) -> Found:
        """At most so many, in the order of the search."""

    def count(self, search: ResourceSearch) -> int:
        """How many there are in all."""

    def pick(self, reach: Reach, as_of: int, references: Collection[tuple[str, str]]) -> Found:
        """These resources (type, id) as they stood at a moment; what is out of reach is left out."""

    def opted_out_since(self, tenant: str, moment: datetime) -> bool:
        """Whether a patient of the tenant has opted out since."""


class Exports(Protocol):
    """Keeps bulk exports, so that one that was cut off can be carried on by whoever finds it."""

    def begin(self, client_id: str, request: ExportRequest, at_most: int) -> Export | None:
        """A new one, queued, as of now; None where the client has so many unfinished ones already."""

    def read(self, export_id: str) -> Export | None:
        """One of them."""

    def claim(self, export_id: str) -> str | None:
        """A lease, where the export is unfinished and nobody else holds one that is still good."""

    def advance(self, export_id: str, lease: str, files: Sequence[ExportFile], progress: ExportProgress) -> bool:
        """Note complete files and renew the lease; False where it is lost, or the export was cancelled."""

    def end(self, export_id: str, lease: str, state: Literal["queued", "complete", "failed"]) -> bool:
        """Done, failed, or handed back; False where the lease is lost."""

    def cancel(self, export_id: str) -> None:
        """Whoever works on it finds out at its next `advance`."""

    def hand_out(self, export_id: str, kind: str) -> bool:
        """Note that its client fetches files of a type; False where it is not, or no longer, complete."""

    def forget_before(self, moment: datetime) -> Sequence[str]:
        """Delete those that ended, or stopped, before; their ids."""


class Subscriptions(Protocol):
    """Keeps who wants to be told, so that nothing is lost when the service or the other side is away."""

    def begin(self, client_id: str, endpoint: str, seen: int, at_most: int) -> Subscription | None:
        """A new one, requested; None where the client has so many already."""

    def read(self, subscription_id: str) -> Subscription | None:
        """One of them."""

    def due(self) -> Sequence[Subscription]:
        """Requested or active ones whose time has come."""

    def claim(self, subscription: Subscription) -> bool:
        """Whether nobody else is delivering to it; the claim runs out by itself."""

    def delivered(self, subscription: Subscription, seen: int, events: int) -> None:
        """Up to this moment, so many events more; it is active now."""

    def failed(self, subscription: Subscription, again_at: datetime | None) -> None:
        """When to try again; None to give up."""

    def end(self, subscription_id: str) -> None:
        """Forget it."""
