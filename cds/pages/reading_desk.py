"""What a reader sees and decides, in the session that a launch has opened.

accept   the result becomes final, in the reader's name
correct  vertebrae are left out or renamed, and the value is computed anew from what was stored
reject   it is withdrawn, with the reader's reason
retract  it is taken back everywhere, and whoever saw a card of it is told

What may not be shown now can be neither accepted nor corrected. It can be taken back: a wrong
result must not stay in charts because the archive is away.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import RedirectResponse, Response

from cds.bone.corrected_column import Change
from cds.bone.correction import WHY_NOT
from cds.correction import CorrectionImpossible
from cds.errors import ResultUnknown, ReviewOvertaken
from cds.launch import LaunchRefused, ReadingSession
from cds.pages.language import Language
from cds.pages.launch_desk import NOT_LAUNCHED
from cds.pages.reading_form import change_in, kind_in, reason_in, seen
from cds.pages.reading_ports import ReadingPorts
from cds.pages.report_document import Reading
from cds.pages.routes import NotShown, ReportPages, Why
from cds.ports import StoredResult
from cds.reader import Reader
from cds.refusals import RefusalRows

_TAKING_BACK = ("reject", "retract")

_NOT_SENT: Why = (403, "Nothing was changed", "The form did not come from this page, or was open for too long.")
_INCOMPLETE: Why = (400, "Nothing was changed", "Say what is wrong and why, then send the form again.")
_OVERTAKEN: Why = (409, "Nothing was changed", "Somebody else decided about the result just now: look at it again.")
_TAKEN_BACK: Why = (200, "It is done", "The result is no longer shown. Thank you.")
READING_TEXTS = (_NOT_SENT, _INCOMPLETE, _OVERTAKEN, _TAKEN_BACK)
_UNCORRECTABLE = {code: ("Nothing was changed", why) for code, why in WHY_NOT.items()}


@dataclass(frozen=True, slots=True)
class Visit:
    """What a browser comes with."""

    place: str
    """Where: the last step of the address."""
    sealed: str
    """The cookie that it keeps for that address."""
    language: Language


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was done: for the audit row, and for the reader."""

    outcome: str
    why: Why
    detail: str = ""


class ReadingDesk:
    """From a session to a decision; each step leaves an audit row, refusals within an allowance."""

    def __init__(self, ports: ReadingPorts, pages: ReportPages) -> None:
        self._ports = ports
        self._pages = pages
        self._of_strangers = RefusalRows(ports.audit, ports.clock)
        self._of_readers = RefusalRows(ports.audit, ports.clock)

    def look(self, visit: Visit) -> Response:
        """The report, with the forms."""
        session = self._session(visit, "reading-page")
        if session is None:
            return self._pages.closed(NOT_LAUNCHED, visit.language)
        token, address = self._ports.sessions.form_token(visit.sealed), self._address(visit)
        return self._pages.of(session.result_id, visit.language, Reading(session.reader, token, address))

    def decide(self, visit: Visit, form: Mapping[str, str], origin: str | None) -> Response:
        """What the reader says; only from our own form, and only in this session."""
        session = self._session(visit, "reading")
        if session is None:
            return self._pages.closed(NOT_LAUNCHED, visit.language, switchable=False)
        ours = self._ports.sessions.is_form_token(form.get("token", ""), visit.sealed)
        if origin not in {None, self._ports.site.origin} or not ours:
            return self._refused(session, visit, None, Refusal("form-refused", _NOT_SENT))
        found = self._pages.find(session.result_id, visit.language)
        if not isinstance(found, NotShown):
            return self._answer(session, visit, found, form)
        if found.result is not None and form.get("decision") in _TAKING_BACK:
            return self._answer(session, visit, found.result, form)
        self._note(session, found.result, found.standing)
        return found.page

    def _answer(self, session: ReadingSession, visit: Visit, result: StoredResult, form: Mapping[str, str]) -> Response:
        done = self._in_time(result, session.reader, form)
        if isinstance(done, Refusal):
            return self._refused(session, visit, result, done)
        if done in _TAKING_BACK:
            return self._pages.closed(_TAKEN_BACK, visit.language, switchable=False)
        return RedirectResponse(self._address(visit), 303)

    def _in_time(self, result: StoredResult, reader: Reader, form: Mapping[str, str]) -> str | Refusal:
        """Only about the result that the page showed; a form of the reader's own that is sent twice is no other."""
        own = result.review is not None and result.review.reader == reader.identity
        if not own and form.get("seen") != seen(result):
            return Refusal("overtaken", _OVERTAKEN)
        try:
            return self._decided(result, reader, form)
        except CorrectionImpossible as fault:
            return Refusal("uncorrectable", (422, *_UNCORRECTABLE[fault.code]), fault.code)
        except (ReviewOvertaken, ResultUnknown):
            return Refusal("overtaken", _OVERTAKEN)

    def _decided(self, result: StoredResult, reader: Reader, form: Mapping[str, str]) -> str | Refusal:
        """The decision, once it has been done."""
        decisions, result_id, decision = self._ports.decisions, result.result_id, form.get("decision", "")
        match decision, reason_in(form), kind_in(form), change_in(form):
            case "accept", _, _, _:
                decisions.review(result_id, reader, "accepted")
            case "correct", str(reason), _, Change() as change:
                decisions.correct(result_id, reader, change, reason)
            case "reject", str(reason), str(kind), _:
                decisions.review(result_id, reader, "rejected", f"{kind}: {reason}")
            case "retract", str(reason), str(kind), _:
                decisions.retract(result, kind, reason, reader)
            case _:
                return Refusal("form-incomplete", _INCOMPLETE)
        return decision

    def _session(self, visit: Visit, event: str) -> ReadingSession | None:
        """None, with a row, where there is none for this address."""
        try:
            return self._ports.sessions.open(visit.sealed, visit.place, self._ports.clock.now())
        except LaunchRefused as refused:
            self._of_strangers.note(event, None, refused.reason)
            return None

    def _refused(self, session: ReadingSession, visit: Visit, result: StoredResult | None, why: Refusal) -> Response:
        self._note(session, result, why.outcome, why.detail)
        return self._pages.closed(why.why, visit.language, switchable=False, back=self._address(visit))

    def _note(self, session: ReadingSession, result: StoredResult | None, outcome: str, detail: str = "") -> None:
        whose = None if result is None else result.patient.key
        said = ": ".join(filter(None, (session.result_id, detail)))
        self._of_readers.note("reading", whose, outcome, said, caller=session.reader.identity)

    def _address(self, visit: Visit) -> str:
        return self._ports.site.reading(visit.place, visit.language)
