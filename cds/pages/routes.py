"""`/reports/{token}`: the report page, or a page that says why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import HTMLResponse

from cds.ct.patient import PatientKey
from cds.pages.illustration import Standing
from cds.pages.language import Language, preferred
from cds.pages.report_document import Document, Illustrated, Reading, ReportDocuments
from cds.pages.standing import Answers, Confirmation
from cds.pages.standing import Standing as Shown
from cds.ports import (
    AssessmentStore,
    AuditLog,
    Clock,
    LinkRefused,
    OptOuts,
    PatientHistory,
    PictureStore,
    ReportLinks,
    RetractionNotices,
    StoredResult,
)
from cds.refusals import RefusalRows
from cds.settings import Settings

Why = tuple[int, str, str]
"""Status, title, text."""

_REFUSED: Why = (403, "This link is not valid", "It was not made by this service, or it was changed on the way.")
_EXPIRED: Why = (410, "This link has expired", "Open the report again from a new card.")
_GONE: Why = (
    410,
    "This result is no longer shown",
    "It was withdrawn or replaced. A new card shows what holds now.",
)
_OPTED_OUT: Why = (
    410,
    "This result is not shown",
    "The patient has asked that earlier images are not used for this.",
)
_RETRACTED: Why = (
    410,
    "This result was retracted",
    "It was taken back on {day}: {reason}. Do not rely on it.",
)
_BEING_CHECKED: Why = (
    503,
    "This result is being checked",
    "Whether the CT still belongs to this patient is being confirmed. Try again in a minute.",
)
_NOT_SHOWN: Mapping[str, Why] = {"opted-out": _OPTED_OUT, "being-checked": _BEING_CHECKED, "gone": _GONE}
CLOSED = (_REFUSED, _EXPIRED, _GONE, _OPTED_OUT, _RETRACTED, _BEING_CHECKED)

Token = Annotated[str, Path(json_schema_extra={"pattern": "^[A-Za-z0-9_.-]+$"})]
"""What signed links are made of; other texts are refused as forgeries are."""
Asked = Annotated[str | None, Query(alias="lang", description="en or zh-Hans; else Accept-Language.")]
Accepted = Annotated[str | None, Header(alias="Accept-Language")]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"description": title, "content": {"text/html": {"schema": {"type": "string"}}}}
    for status, title in (
        (200, "The report."),
        (403, "The link is not valid."),
        (410, "The link has expired, or the result is no longer shown."),
        (503, "Whether the CT is this patient's is being confirmed; `Retry-After` says when to try again."),
    )
}


@dataclass(frozen=True, slots=True)
class PagePorts:
    """What a report page needs."""

    answering: Answers
    links: ReportLinks
    store: AssessmentStore
    audit: AuditLog
    opt_outs: OptOuts
    clock: Clock
    retractions: RetractionNotices
    pictures: PictureStore
    history: PatientHistory


@dataclass(frozen=True, slots=True)
class NotShown:
    """Why a result may not be shown now, and the page that says so."""

    standing: Shown
    result: StoredResult | None
    """None where it was withdrawn."""
    page: HTMLResponse

    @property
    def patient(self) -> PatientKey | None:
        """For the audit row."""
        return None if self.result is None else self.result.patient.key


class ReportPages:
    """Renders reports; every look leaves an audit row, refusals of links within an allowance."""

    def __init__(self, settings: Settings, ports: PagePorts) -> None:
        self._ports = ports
        self._confirmation = Confirmation(ports.answering, ports.opt_outs, timedelta(hours=settings.confirm_every_h))
        self._refusals = RefusalRows(ports.audit, ports.clock)
        self._documents = ReportDocuments(settings.notice)

    def page(self, token: str, language: Language) -> HTMLResponse:
        """The report that a token opens."""
        now = self._ports.clock.now()
        try:
            result_id = self._ports.links.open(token, now)
        except LinkRefused as refused:
            self._refusals.note("report-page", None, "expired" if refused.expired else "refused")
            return self._closed(_EXPIRED if refused.expired else _REFUSED, language)
        return self.of(result_id, language)

    def of(self, result_id: str, language: Language, reading: Reading | None = None) -> HTMLResponse:
        """The report of a result as it stands now; `reading`: whoever may say what they think of it."""
        event, caller = ("report-page", None) if reading is None else ("reading-page", reading.reader.identity)
        found = self.find(result_id, language)
        if isinstance(found, NotShown):
            self._ports.audit.record(event, found.patient, found.standing, result_id, caller=caller)
            return found.page
        self._ports.audit.record(event, found.patient.key, "shown", result_id, caller=caller)
        return self._report(found, language, reading)

    def find(self, result_id: str, language: Language) -> StoredResult | NotShown:
        """The result, if it may be shown now; whoever asks leaves the audit row."""
        result = self._ports.store.read(result_id)
        if result is None:
            return NotShown("gone", None, self._gone(result_id, language))
        standing = self._confirmation.standing(result, self._ports.clock.now())
        if standing == "shown":
            return result
        return NotShown(standing, result, self._closed(_NOT_SHOWN[standing], language))

    def closed(self, why: Why, language: Language, *, switchable: bool = True, back: str = "") -> HTMLResponse:
        """A page that says why there is no report; what for: `ReportDocuments.closed`."""
        status, title, text = why
        page = self._documents.closed((title, text), language, {}, switchable=switchable, back=back)
        return _answer(status, page, language)

    def _gone(self, result_id: str, language: Language) -> HTMLResponse:
        retraction = self._ports.retractions.of(result_id)
        if retraction is None:
            return self._closed(_GONE, language)
        day = self._documents.wording(language).day(retraction.at.date())
        return self._closed(_RETRACTED, language, day=day, reason=retraction.told.rstrip("."))

    def _report(self, result: StoredResult, language: Language, reading: Reading | None) -> HTMLResponse:
        pictures = self._ports.pictures.read(result.result_id)
        standing: Standing = "drawn"
        if not pictures:
            standing = self._ports.pictures.wish(result.result_id) if result.measured.names_vertebrae else "none"
        history = self._confirmation.others(self._ports.history, result, self._ports.clock.now())
        shown = Illustrated(result, history.held, pictures, standing, reading, history.being_checked)
        # A form without a referrer has no origin either, and could not be told from one of another site.
        referrer = "no-referrer" if reading is None else "same-origin"
        return _answer(200, self._documents.report(shown, language), language, referrer)

    def _closed(self, why: Why, language: Language, **facts: object) -> HTMLResponse:
        status, title, text = why
        return _answer(status, self._documents.closed((title, text), language, facts), language)


def _answer(status: int, document: Document, language: Language, referrer: str = "no-referrer") -> HTMLResponse:
    headers = {
        "Content-Security-Policy": document.policy,
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        "Referrer-Policy": referrer,
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    if status == 503:
        headers["Retry-After"] = "60"
    return HTMLResponse(document.html, status, headers)


def report_routes(pages: ReportPages) -> APIRouter:
    """`GET /reports/{token}`."""
    router = APIRouter(tags=["Report"])

    @router.get("/reports/{token}", response_class=HTMLResponse, responses=_ANSWERS)
    def report(token: Token, asked: Asked = None, accepted: Accepted = None) -> HTMLResponse:
        """Show the report that a card links to."""
        return pages.page(token, preferred(asked, accepted))

    return router
