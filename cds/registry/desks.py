"""Who answers what, and the few threads in which they wait for the database."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio
from anyio import to_thread

from cds.ports import AuditLog
from cds.registry.acceptance import AcceptanceDesk
from cds.registry.bodies import BodyReader
from cds.registry.door import RegistryDoor
from cds.registry.export_desk import ExportDesk
from cds.registry.pages import SearchPages
from cds.registry.reading import Reading
from cds.registry.subscription_desk import SubscriptionDesk
from cds.registry.token_endpoint import TokenEndpoint

_T = TypeVar("_T")
_THREADS = 4


@dataclass(frozen=True, slots=True)
class RegistryDesks:
    """Who answers what."""

    base_url: str
    door: RegistryDoor
    token: TokenEndpoint
    reading: Reading
    acceptance: AcceptanceDesk
    accepts: bool
    """Whether any registry may set reports final."""
    pages: SearchPages
    exports: ExportDesk
    subscriptions: SubscriptionDesk
    bodies: BodyReader
    audit: AuditLog

    def start(self) -> None:
        """What runs beside the calls."""
        self.subscriptions.notifier.start()


class Threads:
    """Runs what waits for the database, in threads of its own: registries never crowd out hooks."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(_THREADS)

    async def run(self, work: Callable[..., _T], *arguments: object, **named: object) -> _T:
        """What `work` returns."""
        return await to_thread.run_sync(partial(work, *arguments, **named), limiter=self._limiter)
