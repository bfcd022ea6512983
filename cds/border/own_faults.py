"""What nobody expected becomes a 500 with an id, and a log line."""

import secrets
import traceback

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds.hooks.problems import outcome_response


class OwnFaults:
    """Nothing but bugs gets here.

    The log line says where it happened, never what with: messages of exceptions may repeat patient data.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("osteocds.faults")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as fault:  # noqa: BLE001 - the border: beyond it the server would log the message
            error_id = secrets.token_hex(6)
            where = [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(fault.__traceback__)
            ]
            self._log.error("own fault", error_id=error_id, kind=type(fault).__name__, where=where[-6:])
            if not begun:
                response = outcome_response(500, f"The fault is ours. Report it with this id: {error_id}.")
                await response(scope, receive, send)
