"""`/reports/{token}`: the report page, or a page that says why there is none."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds.bone.words import RULE_IN_ONLY, day_words
from cds.pages.standing import Answers, Confirmation
from cds.pages.view import view_of
from cds.ports import (
    AssessmentStore,
    AuditLog,
    Clock,
    LinkRefused,
    OptOuts,
    ReportLinks,
    RetractionNotices,
    StoredResult,
)
from cds.settings import Settings

_TEMPLATES = FilePath(__file__).parent / "templates"

_REFUSED = (403, "This link is not valid", "It was not made by this service, or it was changed on the way.")
_EXPIRED = (410, "This link has expired", "Open the report again from a new card.")
_GONE = (410, "This result is no longer shown", "It was withdrawn or replaced. A new card shows what holds now.")
_OPTED_OUT = (410, "This result is not shown", "The patient has asked that earlier images are not used for this.")
_BEING_CHECKED = (
    503,
    "This result is being checked",
    "Whether the CT still belongs to this patient is being confirmed. Try again in a minute.",
)

Token = Annotated[str, Path(json_schema_extra={"pattern": "^[A-Za-z0-9_.-]+$"})]
"""What signed links are made of; other texts are refused as forgeries are."""

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


class ReportPages:
    """Renders reports; every look leaves an audit row."""

    def __init__(self, settings: Settings, ports: PagePorts) -> None:
        self._ports = ports
        self._notice = settings.notice
        self._confirmation = Confirmation(ports.answering, timedelta(hours=settings.confirm_every_h))
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def page(self, token: str) -> HTMLResponse:
        """The report that a token opens."""
        now = self._ports.clock.now()
        try:
            result_id = self._ports.links.open(token, now)
        except LinkRefused as refused:
            self._ports.audit.record("report-page", None, "expired" if refused.expired else "refused")
            return self._closed(_EXPIRED if refused.expired else _REFUSED)
        result = self._ports.store.read(result_id)
        if result is None:
            self._ports.audit.record("report-page", None, "gone", result_id)
            return self._closed(self._why_gone(result_id))
        if self._ports.opt_outs.has_opted_out(result.patient.key):
            self._ports.audit.record("report-page", result.patient.key, "opted-out", result_id)
            return self._closed(_OPTED_OUT)
        standing = self._confirmation.standing(result, now)
        self._ports.audit.record("report-page", result.patient.key, standing, result_id)
        match standing:
            case "shown":
                return self._report(result)
            case "being-checked":
                return self._closed(_BEING_CHECKED)
            case _:
                return self._closed(_GONE)

    def _why_gone(self, result_id: str) -> tuple[int, str, str]:
        retraction = self._ports.retractions.of(result_id)
        if retraction is None:
            return _GONE
        on = f"It was taken back on {day_words(retraction.at.date())}: {retraction.told}"
        return (410, "This result was retracted", f"{on.rstrip('.')}. Do not rely on it.")

    def _report(self, result: StoredResult) -> HTMLResponse:
        return self._html(200, "report.html", view=view_of(result), rule_in_only=RULE_IN_ONLY, notice=self._notice)

    def _closed(self, why: tuple[int, str, str]) -> HTMLResponse:
        status, title, text = why
        return self._html(status, "closed.html", title=title, text=text)

    def _html(self, status: int, template: str, **values: object) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        page = self._templates.get_template(template).render(nonce=nonce, **values)
        headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }
        if status == 503:
            headers["Retry-After"] = "60"
        return HTMLResponse(page, status, headers)


def report_routes(pages: ReportPages) -> APIRouter:
    """`GET /reports/{token}`."""
    router = APIRouter(tags=["Report"])

    @router.get("/reports/{token}", response_class=HTMLResponse, responses=_ANSWERS)
    def report(token: Token) -> HTMLResponse:
        """Show the report that a card links to."""
        return pages.page(token)

    return router
