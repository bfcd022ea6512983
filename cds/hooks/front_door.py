"""Who is let in: every hook route asks here, before a byte of the body is read.

Outside a refusal is bare: 401 and nothing else, so that nobody learns how to do better. The
reason goes to the log, and to the audit as far as its allowance reaches: refusals cost the caller
nothing, and must not fill a disk.
"""

import anyio
import structlog
from anyio import to_thread
from starlette.requests import Request

from cds.client import Client
from cds.hooks.problems import Problem
from cds.ports import AuditLog, ClientAuthentication, ClientRefused, Clock
from cds.refusals import RowAllowance


class FrontDoor:
    """Lets configured clients in, and notes who was not."""

    def __init__(self, authentication: ClientAuthentication, audit: AuditLog, clock: Clock) -> None:
        self._authentication = authentication
        self._audit = audit
        self._allowance = RowAllowance(clock)
        self._thread = anyio.CapacityLimiter(1)
        self._log = structlog.get_logger("osteocds.clients")

    async def client_of(self, request: Request) -> Client:
        """The client that makes this call; raises `Problem` 401."""
        try:
            return await self._authentication.client_of(request.headers.getlist("authorization"), request.scope["path"])
        except ClientRefused as refused:
            self._log.warning("client refused", reason=refused.reason, client=refused.issuer)
            await self._note(refused)
            raise Problem(401, "Authentication is needed.", {"WWW-Authenticate": "Bearer"}) from None

    async def _note(self, refused: ClientRefused) -> None:
        detail = self._allowance.take()
        if detail is None:
            return
        await to_thread.run_sync(self._record, refused, detail, limiter=self._thread)

    def _record(self, refused: ClientRefused, detail: str) -> None:
        self._audit.record("client-refused", None, refused.reason, detail, caller=refused.issuer)
