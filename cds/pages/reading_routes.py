"""Readers who come from an EHR: `/launch`, `/launch/callback`, and `/reading`, where they decide.

accept   the result becomes final, in the reader's name
correct  vertebrae are left out or renamed, and the value is computed anew from what was stored
reject   it is withdrawn, with the reader's reason
retract  it is taken back everywhere, and whoever saw a card of it is told
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Protocol
from urllib.parse import parse_qsl

import anyio
import structlog
from anyio.to_thread import run_sync
from fastapi import APIRouter, Cookie, Header, Query, Request
from fastapi.responses import RedirectResponse, Response

from cds.bone.corrected_column import Change
from cds.bone.correction import WHY_NOT
from cds.correction import CorrectionImpossible
from cds.ct.patient import PatientKey, contradict
from cds.errors import OsteocdsError
from cds.launch import Launched, LaunchRefused, ReadingSession
from cds.pages.language import Language, preferred
from cds.pages.reading_form import change_in, kind_in, reason_in, seen
from cds.pages.report_document import Reading
from cds.pages.routes import NotShown, ReportPages, Why
from cds.ports import AssessmentStore, AuditLog, Clock, Decision, ReaderLaunch, ReadingSessions, StoredResult
from cds.retraction import RetractionKind

LAUNCH_COOKIE, SESSION_COOKIE = "osteocds-launch", "osteocds-reading"
_LASTS = timedelta(minutes=30)
_LARGEST_FORM = 16 * 1024
_TAKING_BACK = ("reject", "retract")
"""What a reader may do even while the result may not be shown: a wrong one must not have to wait for an archive."""

_NOT_LAUNCHED: Why = (
    403,
    "You could not be identified",
    "Open the page again from your EHR. If that does not help, ask whoever runs this service.",
)
_NO_RESULT: Why = (404, "There is no result", "Nothing has been measured for this patient, or it was withdrawn.")
_NOT_SENT: Why = (403, "Nothing was changed", "The form did not come from this page, or was open for too long.")
_INCOMPLETE: Why = (400, "Nothing was changed", "Say what is wrong and why, then send the form again.")
_OVERTAKEN: Why = (409, "Nothing was changed", "Somebody else decided about the result just now: look at it again.")
_TAKEN_BACK: Why = (200, "It is done", "The result is no longer shown. Thank you.")
READING_TEXTS = (_NOT_LAUNCHED, _NO_RESULT, _NOT_SENT, _INCOMPLETE, _OVERTAKEN, _TAKEN_BACK)
UNCORRECTABLE = {code: ("Nothing was changed", why) for code, why in WHY_NOT.items()}


class Decisions(Protocol):
    """What readers may do with a result."""

    def review(self, result_id: str, reader: str, decision: Decision, reason: str | None = None) -> StoredResult:
        """Accept or reject; raises `OsteocdsError` where the result has changed."""

    def correct(self, result_id: str, reader: str, change: Change, reason: str) -> StoredResult:
        """Leave levels out or rename them; raises `CorrectionImpossible`, or `OsteocdsError` as `review` does."""

    def retract(self, result: StoredResult, kind: RetractionKind, reason: str, by: str) -> None:
        """Take it back everywhere."""


@dataclass(frozen=True, slots=True)
class ReadingPorts:
    """What readers need."""

    launch: ReaderLaunch
    sessions: ReadingSessions
    decisions: Decisions
    store: AssessmentStore
    audit: AuditLog
    clock: Clock
    origin: str
    """Of this service, as browsers name it."""


class ReadingDesk:
    """From the EHR's launch to a decision; each step leaves an audit row."""

    def __init__(self, ports: ReadingPorts, pages: ReportPages) -> None:
        self._ports = ports
        self._pages = pages
        self._secure = ports.origin.startswith("https:")

    async def begin(self, iss: str, launch: str, language: Language) -> Response:
        """To the EHR's authorization server."""
        try:
            begun = await self._ports.launch.begin(iss, launch, self._ports.clock.now())
        except LaunchRefused as refused:
            return await self._refused(refused, None, language)
        response = RedirectResponse(begun.address, 303)
        self._set_cookie(response, LAUNCH_COOKIE, begun.sealed, "/launch", timedelta(minutes=10))
        return response

    async def finish(self, answer: Mapping[str, str], sealed: str, language: Language) -> Response:
        """Back from there: a session for one reader and one result of the patient in context."""
        now = self._ports.clock.now()
        try:
            launched = await self._ports.launch.finish(answer, sealed, now)
            result = await run_sync(self._result_of, launched)
        except LaunchRefused as refused:
            return await self._refused(refused, None, language)
        if result is None:
            await self._note(launched.patient.key, "no-result", "", launched.reader)
            return self._pages.closed(_NO_RESULT, language)
        await self._note(result.patient.key, "launched", result.result_id, launched.reader)
        session = ReadingSession(launched.reader, result.result_id, now + _LASTS)
        response = RedirectResponse("/reading", 303)
        self._set_cookie(response, SESSION_COOKIE, self._ports.sessions.seal(session), "/reading", _LASTS)
        response.delete_cookie(LAUNCH_COOKIE, path="/launch")
        return response

    def look(self, sealed: str, language: Language) -> Response:
        """The report, with the forms."""
        try:
            session = self._ports.sessions.open(sealed, self._ports.clock.now())
        except LaunchRefused:
            return self._pages.closed(_NOT_LAUNCHED, language)
        reading = Reading(session.reader, self._ports.sessions.form_token(sealed))
        return self._pages.of(session.result_id, language, reading)

    def decide(self, form: Mapping[str, str], sealed: str, origin: str | None, language: Language) -> Response:
        """What the reader says; only from our own form, and only in this session."""
        try:
            session = self._ports.sessions.open(sealed, self._ports.clock.now())
        except LaunchRefused:
            return self._pages.closed(_NOT_LAUNCHED, language)
        ours = self._ports.sessions.is_form_token(form.get("token", ""), sealed)
        if origin not in {None, self._ports.origin} or not ours:
            self._ports.audit.record("reading", None, "form-refused", session.result_id, caller=session.reader)
            return self._pages.closed(_NOT_SENT, language)
        found = self._pages.find(session.result_id, language)
        if not isinstance(found, NotShown):
            return self._in_time(found, session.reader, form, language)
        if found.result is not None and form.get("decision") in _TAKING_BACK:
            return self._in_time(found.result, session.reader, form, language)
        self._ports.audit.record("reading", found.patient, found.standing, session.result_id, caller=session.reader)
        return found.page

    def _in_time(self, result: StoredResult, reader: str, form: Mapping[str, str], language: Language) -> Response:
        """Only about the result that the page showed; a form of the reader's own that is sent twice is no other."""
        own = result.review is not None and result.review.reader == reader
        if not own and form.get("seen") != seen(result):
            return self._pages.closed(_OVERTAKEN, language)
        try:
            return self._decided(result, reader, form, language)
        except CorrectionImpossible as fault:
            return self._pages.closed((422, *UNCORRECTABLE[fault.code]), language)
        except OsteocdsError:
            return self._pages.closed(_OVERTAKEN, language)

    def _decided(self, result: StoredResult, reader: str, form: Mapping[str, str], language: Language) -> Response:
        decisions, result_id, reason = self._ports.decisions, result.result_id, reason_in(form)
        match form.get("decision"), reason, kind_in(form), change_in(form):
            case "accept", _, _, _:
                decisions.review(result_id, reader, "accepted")
                return RedirectResponse("/reading", 303)
            case "correct", str(reason), _, Change() as change:
                decisions.correct(result_id, reader, change, reason)
                return RedirectResponse("/reading", 303)
            case "reject", str(reason), str(kind), _:
                decisions.review(result_id, reader, "rejected", f"{kind}: {reason}")
            case "retract", str(reason), str(kind), _:
                decisions.retract(result, kind, reason, reader)
            case _:
                return self._pages.closed(_INCOMPLETE, language)
        return self._pages.closed(_TAKEN_BACK, language)

    def _result_of(self, launched: Launched) -> StoredResult | None:
        """The one that the card named, else the newest; a result of another patient ends the launch."""
        store, key = self._ports.store, launched.patient.key
        found = store.read(launched.app_context) if launched.app_context else store.latest(key)
        if not isinstance(found, StoredResult):
            return None
        if found.patient.key != key or contradict(found.patient, launched.patient):
            self._ports.audit.record("identity-mismatch", key, "refused", "launch", caller=launched.reader)
            raise LaunchRefused("another-patient")
        return found

    async def _refused(self, refused: LaunchRefused, patient: PatientKey | None, language: Language) -> Response:
        structlog.get_logger("osteocds.pages").warning("launch refused", reason=refused.reason)
        await self._note(patient, refused.reason, "", None)
        return self._pages.closed(_NOT_LAUNCHED, language)

    async def _note(self, patient: PatientKey | None, outcome: str, detail: str, caller: str | None) -> None:
        await run_sync(lambda: self._ports.audit.record("reader-launch", patient, outcome, detail, caller=caller))

    def _set_cookie(self, response: Response, name: str, value: str, path: str, lasts: timedelta) -> None:
        """Lax: sent when the EHR sends the browser here, never with a form of another site."""
        seconds = int(lasts.total_seconds())
        response.set_cookie(name, value, seconds, path=path, secure=self._secure, httponly=True, samesite="lax")


Asked = Annotated[str | None, Query(alias="lang")]
Accepted = Annotated[str | None, Header(alias="Accept-Language")]
Session = Annotated[str, Cookie(alias=SESSION_COOKIE)]


def reading_routes(desk: ReadingDesk) -> APIRouter:
    """Launch, callback, page and form."""
    router = APIRouter(tags=["Reading"], include_in_schema=False)

    @router.get("/launch")
    async def launch(iss: str = "", launch: str = "", asked: Asked = None, accepted: Accepted = None) -> Response:
        return await desk.begin(iss, launch, preferred(asked, accepted))

    @router.get("/launch/callback")
    async def callback(
        request: Request,
        sealed: Annotated[str, Cookie(alias=LAUNCH_COOKIE)] = "",
        accepted: Accepted = None,
    ) -> Response:
        return await desk.finish(dict(request.query_params), sealed, preferred(None, accepted))

    @router.get("/reading")
    def page(sealed: Session = "", asked: Asked = None, accepted: Accepted = None) -> Response:
        return desk.look(sealed, preferred(asked, accepted))

    @router.post("/reading")
    async def decide(
        request: Request,
        sealed: Session = "",
        origin: Annotated[str | None, Header()] = None,
        accepted: Accepted = None,
    ) -> Response:
        form = await _form_of(request)
        return await run_sync(desk.decide, form, sealed, origin, preferred(None, accepted))

    return router


async def _form_of(request: Request) -> Mapping[str, str]:
    """Of a short form; whatever else is sent has no token in it."""
    body = bytearray()
    with anyio.move_on_after(10):
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_FORM:
                return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
