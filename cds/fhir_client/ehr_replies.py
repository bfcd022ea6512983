"""What an EHR's answer means for whoever sent something: done, later, or never.

Nothing of an answer's text is passed on, since it may quote the patient: status, and the codes and
expressions of an OperationOutcome.
"""

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cds.ehr import EhrRefused, EhrUnavailable

Json = dict[str, Any]

_CODE = re.compile(r"[a-z][a-z-]{0,40}")
_EXPRESSION = re.compile(r"[A-Za-z][A-Za-z0-9.\[\]]{0,120}")
_MOST_ISSUES = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was taken."""

    status: int
    body: Json
    headers: Mapping[str, str]


def trouble(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> EhrUnavailable | EhrRefused:
    """What a status other than success means.

    401, 403        the credentials or scopes are not right now: later, for everything
    409             something else is being written there: later, this one
    412             the resource has changed, or several match: later, this one (`cds.fhir_client.ehr` tries at once)
    408, 425, 429   busy: when Retry-After says, everything
    5xx             ill: later, everything, when Retry-After says
    other           refused
    """
    said = f"the EHR answered {status}{_issues(body)}"
    if status in (401, 403):
        return EhrUnavailable(f"{said}: see client_id, key and scopes as registered there", concerns_all=True)
    if status in (409, 412):
        return EhrUnavailable(said, concerns_all=False)
    if status in (408, 425, 429) or status >= 500:
        return EhrUnavailable(said, retry_after(headers, now), concerns_all=True)
    return EhrRefused(said)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Seconds or a date (RFC 9110, section 10.2.3); None where it says neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 10**7))
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))


def _issues(body: bytes) -> str:
    """Such as " (invalid at Observation.code)"."""
    try:
        listed = json.loads(body).get("issue", [])
    except (ValueError, AttributeError, RecursionError):
        return ""
    told = (
        [_issue(each) for each in listed[:_MOST_ISSUES] if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    found = list(dict.fromkeys(filter(None, told)))
    return f" ({'; '.join(found)})" if found else ""


def _issue(issue: Json) -> str:
    code, places = issue.get("code"), issue.get("expression")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return ""
    place = places[0] if isinstance(places, list) and places else None
    return f"{code} at {place}" if isinstance(place, str) and _EXPRESSION.fullmatch(place) else code
