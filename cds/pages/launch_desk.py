"""Readers who come from an EHR: to its authorization server, and back to a page of their own.

Several launches may be under way in one browser, and several pages open: each launch has a cookie
of its own, found by its state, and each session an address of its own, which its cookie goes to
and to no other. So a tab never shows what another one was opened for.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

import structlog
from anyio.to_thread import run_sync
from fastapi.responses import RedirectResponse, Response

from cds.ct.patient import contradict
from cds.launch import Launched, LaunchRefused, ReadingSession
from cds.pages.language import Language
from cds.pages.reading_ports import ReadingPorts
from cds.pages.routes import ReportPages, Why
from cds.ports import StoredResult
from cds.refusals import RefusalRows

SESSION_COOKIE = "osteocds-reader"
_EVENT = "reader-launch"
_LASTS, _LAUNCH_LASTS = timedelta(minutes=30), timedelta(minutes=10)
_CALLBACK = ("launch", "callback")

NOT_LAUNCHED: Why = (
    403,
    "You could not be identified",
    "Open the page again from your EHR. If that does not help, ask whoever runs this service.",
)
_NO_RESULT: Why = (404, "There is no result", "Nothing has been measured for this patient, or it was withdrawn.")
LAUNCH_TEXTS = (NOT_LAUNCHED, _NO_RESULT)


def launch_cookie(state: str) -> str:
    """The name of the cookie that one launch keeps; the state itself stays inside."""
    return f"osteocds-launch-{hashlib.sha256(state.encode()).hexdigest()[:16]}"


class LaunchDesk:
    """From the EHR's launch to a session; each step leaves an audit row, refusals within an allowance."""

    def __init__(self, ports: ReadingPorts, pages: ReportPages) -> None:
        self._ports = ports
        self._pages = pages
        self._refusals = RefusalRows(ports.audit, ports.clock)

    async def begin(self, iss: str, launch: str, language: Language) -> Response:
        """To the EHR's authorization server."""
        try:
            begun = await self._ports.launch.begin(iss, launch, self._ports.clock.now())
        except LaunchRefused as refused:
            return await self._refused(refused, language)
        response = RedirectResponse(begun.address, 303)
        path = self._ports.site.path(*_CALLBACK)
        self._set_cookie(response, launch_cookie(begun.state), begun.sealed, path, _LAUNCH_LASTS)
        return response

    async def finish(self, answer: Mapping[str, str], cookies: Mapping[str, str], language: Language) -> Response:
        """Back from there: a session for one reader and one result of the patient in context."""
        now, kept_as = self._ports.clock.now(), launch_cookie(answer.get("state", ""))
        try:
            launched = await self._ports.launch.finish(answer, cookies.get(kept_as, ""), now)
            result = await run_sync(self._result_of, launched)
        except LaunchRefused as refused:
            return await self._refused(refused, language)
        if result is None:
            await run_sync(self._note, launched, "no-result", "")
            return self._pages.closed(_NO_RESULT, language, switchable=False)
        await run_sync(self._note, launched, "launched", result.result_id)
        session = ReadingSession(launched.reader, result.result_id, now + _LASTS, secrets.token_urlsafe(16))
        response = RedirectResponse(self._ports.site.reading(session.place, language), 303)
        path = self._ports.site.path("reading", session.place)
        self._set_cookie(response, SESSION_COOKIE, self._ports.sessions.seal(session), path, _LASTS)
        response.delete_cookie(kept_as, path=self._ports.site.path(*_CALLBACK))
        return response

    def _result_of(self, launched: Launched) -> StoredResult | None:
        """The one that the card named, else the newest; a result of another patient ends the launch."""
        store, key = self._ports.store, launched.patient.key
        found = store.read(launched.app_context) if launched.app_context else store.latest(key)
        if not isinstance(found, StoredResult):
            return None
        if found.patient.key != key or contradict(found.patient, launched.patient):
            self._ports.audit.record("identity-mismatch", key, "refused", "launch", caller=launched.reader.identity)
            raise LaunchRefused("another-patient")
        return found

    async def _refused(self, refused: LaunchRefused, language: Language) -> Response:
        structlog.get_logger("osteocds.pages").warning("launch refused", reason=refused.reason)
        await run_sync(self._refusals.note, _EVENT, None, refused.reason)
        return self._pages.closed(NOT_LAUNCHED, language, switchable=False)

    def _note(self, launched: Launched, outcome: str, detail: str) -> None:
        self._ports.audit.record(_EVENT, launched.patient.key, outcome, detail, caller=launched.reader.identity)

    def _set_cookie(self, response: Response, name: str, value: str, path: str, lasts: timedelta) -> None:
        """Lax: sent when the EHR sends the browser here, never with a form of another site."""
        seconds, secure = int(lasts.total_seconds()), self._ports.site.is_secure
        response.set_cookie(name, value, seconds, path=path, secure=secure, httponly=True, samesite="lax")
