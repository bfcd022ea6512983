"""Why other CTs of the patient, and other series of this one, do not make the result."""

from collections import Counter
from collections.abc import Iterator, Sequence
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
    """What was tried first, then what was not tried, the newest CT first; the same of several series once."""
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
    own_day = assessment.acquisition.study_date
    days = sorted({each.study_date for each in assessment.not_tried}, key=lambda day: day or date.min, reverse=True)
    for day in days:
        counted = Counter(reason for each in assessment.not_tried if each.study_date == day for reason in each.reasons)
        scans = [reason for reason in counted if reason.code not in _NO_SCAN]
        told: Sequence[Reason] = scans if scans or day == own_day else list(counted)
        for reason in told:
            yield _line(day, own_day, counted[reason], reason_said(reason, wording), wording)


def _line(day: date | None, own_day: date | None, count: int, said: str, wording: Wording) -> str:
    say = wording.say
    if day is not None and day == own_day:
        if count == 1:
            return say("This CT, another series: {reason}", reason=said)
        return say("This CT, {count} other series: {reason}", count=count, reason=said)
    if count == 1:
        return say("CT ({day}): {reason}", day=wording.day(day), reason=said)
    return say("CT ({day}), {count} series: {reason}", day=wording.day(day), count=count, reason=said)
