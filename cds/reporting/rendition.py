"""The report as one small page of its own, for whoever shows attachments and not narratives."""

from base64 import b64encode
from hashlib import sha1
from html import escape

from cds.ports import StoredResult
from cds.reporting.codes import Json
from cds.reporting.observations import instant

_TITLE = "Bone density from an earlier CT"


def presented_form(result: StoredResult, conclusion: str) -> Json:
    """HTML without script, style or picture: it shows the same in any viewer, and asks nothing of the network."""
    review = result.review
    page = _page(_standing(result), conclusion).encode()
    return {
        "contentType": "text/html",
        "language": "en",
        "data": b64encode(page).decode(),
        "size": len(page),
        "hash": b64encode(sha1(page, usedforsecurity=False).digest()).decode(),
        "title": _TITLE,
        "creation": instant(result.measured_at if review is None else review.at),
    }


def _standing(result: StoredResult) -> str:
    if result.review is None:
        return "Preliminary: measured by software; no reader has accepted it yet."
    if result.review.decision == "corrected":
        return f"Corrected by {result.review.reader_shown} on {result.review.at.date().isoformat()}."
    return f"Final: accepted by {result.review.reader_shown} on {result.review.at.date().isoformat()}."


def _page(*paragraphs: str) -> str:
    inside = "".join(f"<p>{escape(each)}</p>" for each in paragraphs)
    head = f'<head><meta charset="utf-8"><title>{_TITLE}</title></head>'
    return f'<!DOCTYPE html><html lang="en">{head}<body><h1>{_TITLE}</h1>{inside}</body></html>'
