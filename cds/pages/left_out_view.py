"""Why other CTs of the patient, and other series of this one, do not make the result."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from cds.bone.assessment import Assessment, PassedOver
from cds.ct.reason import Reason
from cds.pages.language import Wording
from cds.pages.sentences import reason_said

MOST_LINES = 6
"""Of series that were not tried; with them a report still prints on one page."""
_NO_SCAN = frozenset({"localizer", "not-ct"})
"""Nobody expects these to be measured: told only where there is nothing else of that day."""


def series_left_out(assessment: Assessment, wording: Wording) -> tuple[str, ...]:
    """What was tried as well, then what was not tried, the newest CT first."""
    tried = [_tried(each, reason, wording) for each in assessment.passed_over for reason in each.reasons]
    lines = list(_not_tried(assessment, wording))
    more = len(lines) - MOST_LINES
    rest = [wording.say("... and {count} more.", count=more)] if more > 0 else []
    return (*tried, *lines[:MOST_LINES], *rest)


def _tried(passed_over: PassedOver, reason: Reason, wording: Wording) -> str:
    said = reason_said(reason, wording)
    if passed_over.study_date is None:
        return wording.say("Series {series} was tried first: {reason}", series=passed_over.series_uid, reason=said)
    return wording.say("CT ({day}), tried as well: {reason}", day=wording.day(passed_over.study_date), reason=said)


def _not_tried(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """Other series of this CT first, then other CTs; one line for each reason, with the days that it holds of."""
    own_day = assessment.acquisition.study_date
    days_of: dict[Reason, list[date | None]] = {}
    for day in sorted({each.study_date for each in assessment.not_tried}, key=_newest_first):
        for reason in _expected(assessment.not_tried, day, own_day):
            days_of.setdefault(reason, []).append(day)
    for reason, days in days_of.items():
        if own_day is not None and own_day in days:
            yield wording.say("This CT, other series: {reason}", reason=reason_said(reason, wording))
    for reason, days in days_of.items():
        others = ", ".join(wording.day(day) for day in days if day is None or day != own_day)
        if others:
            yield wording.say("CT ({days}): {reason}", days=others, reason=reason_said(reason, wording))


def _newest_first(day: date | None) -> int:
    return 0 if day is None else -day.toordinal()


def _expected(not_tried: Sequence[PassedOver], day: date | None, own_day: date | None) -> Iterable[Reason]:
    """Of one day, each once; localizers and the like only where nothing else is of that day."""
    reasons = dict.fromkeys(reason for each in not_tried if each.study_date == day for reason in each.reasons)
    scans = [reason for reason in reasons if reason.code not in _NO_SCAN]
    return scans if scans or day == own_day else reasons
