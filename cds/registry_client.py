"""A registry as the rest of the service knows it: who it is, whose data it sees and how; no tokens in it."""

from dataclasses import dataclass
from typing import Literal

from cds.resource import SERVED_TYPES, Reach

Deed = Literal["read", "update", "search"]
Deidentification = Literal["none", "safe-harbor", "site"]


@dataclass(frozen=True, slots=True)
class RegistryClient:
    """One configured registry, as its token has proved, with what this token allows."""

    client_id: str
    tenant: str
    allowed: frozenset[tuple[str, Deed]]
    """(type, what may be done with it)."""
    groups: tuple[str, ...] | None = None
    """Names of its groups, without the client id; None where it sees every patient of the tenant."""
    deidentification: Deidentification = "none"

    def may(self, deed: Deed, kind: str) -> bool:
        """Whether it may do this with resources of a type."""
        return (kind, deed) in self.allowed

    @property
    def types(self) -> tuple[str, ...]:
        """What it may search or export."""
        return tuple(kind for kind in SERVED_TYPES if self.may("search", kind))

    @property
    def reach(self) -> Reach:
        """Whose resources it sees."""
        return Reach(self.tenant, self._names(self.groups))

    def reach_of_group(self, group: str) -> Reach | None:
        """One of its groups; None where it has no such group."""
        return Reach(self.tenant, self._names((group,))) if group in (self.groups or ()) else None

    def _names(self, groups: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if groups is None else tuple(group_name(self.client_id, each) for each in groups)


def group_name(client_id: str, group: str) -> str:
    """How a member list is stored: groups of two registries never mix."""
    return f"{client_id}/{group}"
