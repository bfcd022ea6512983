"""Which earlier CT and which of its series to measure, and why not the others.

First every series is asked whether it can be measured at all (`cds.ct.usability`) and whether
it is recent enough. What remains is ranked, the first difference deciding:

1. the most recent study day
2. a body part that includes thoracic or lumbar spine before one that does not say
3. unenhanced, before not said, before contrast agent
4. a soft or medium kernel, before an unknown one, before a sharp one
5. slices of 1 to 3 mm, before 3 to 5 or below 1 mm, before unknown thickness
6. stored without loss
7. the longer stretch of the body (in steps of 20 mm), then more slices
8. series number and UIDs, so that the answer never depends on the order of the question

If the best turns out not assessable, the caller goes on with the next of `Selection.tries`.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from cds.ct.acquisition import CtSeries
from cds.ct.kernel import sharpness
from cds.ct.patient import merged
from cds.ct.reason import Reason, because
from cds.ct.usability import refusal, shows_spine

_UNENHANCED_TEXT = re.compile(
    r"\bW/?O\b|\bWITHOUT\b|\bNATI[VF]E?\b|\bUNENHANCED\b|\bNON[ -]?(CON|ENH)|\bPLAIN\b"
    r"|\bC-(?!\w)|\bLOW[ -]?DOSE\b|\bNO CONTRAST\b|\bCALCIUM\b"
)
_CONTRAST_TEXT = re.compile(
    r"\bC\+|\bCONTRAST|\bENHANCED\b|\bARTERIAL|\bVENOUS\b|\bPORTAL|\bCTA\b|\bCTPA\b|\bANGIO|\bKM\b|\bDELAYED\b|\bNEPHROGRAPHIC\b"
)
_NO_AGENT = frozenset({"", "NONE", "NO", "NO CONTRAST", "WITHOUT", "N/A"})
_THIN_MM, _MODERATE_MM = 1.0, 3.0
_STRETCH_STEP_MM = 20.0
_TRIES_AT_A_TIME: Final = 2
BY_NUMBER: Final = "it comes first by its number"
"""Why a series was chosen before another that is as good."""


@dataclass(frozen=True, slots=True)
class SelectionPolicy:
    """Which scans a site accepts: at most `max_age_days` before `today`; None for any age."""

    max_age_days: int | None
    today: date


@dataclass(frozen=True, slots=True)
class Selection:
    """The series to measure, and what was thought of every candidate, best first."""

    considered: tuple[tuple[CtSeries, Reason | None], ...]
    """A reason for each series that was not chosen; None for the chosen one."""
    ranked: tuple[CtSeries, ...]
    """Every usable series, best first."""

    @property
    def chosen(self) -> CtSeries | None:
        """The best usable series, if there is one."""
        return self.ranked[0] if self.ranked else None

    def tries(self, count: int) -> tuple[CtSeries, ...]:
        """At most `count` usable series, in the order in which to try them.

        What spoils one reconstruction mostly spoils every other of its study, so a study has two
        tries at a time: its third series comes after the best two of every other study, its
        fifth after their fourth. Otherwise the order is that of `ranked`.
        """
        before: Counter[str] = Counter()
        turns: list[tuple[int, CtSeries]] = []
        for series in self.ranked:
            turns.append((before[series.study_uid] // _TRIES_AT_A_TIME, series))
            before[series.study_uid] += 1
        return tuple(series for _, series in sorted(turns, key=lambda turn: turn[0]))[:count]


def select_series(candidates: Sequence[CtSeries], policy: SelectionPolicy) -> Selection:
    """Choose among all CT series of one patient."""
    reasons = {index: _refused(series, policy) for index, series in enumerate(candidates)}
    if _more_than_one_patient(candidates):
        reasons = dict.fromkeys(reasons, because("patient-ambiguous"))
    usable = sorted((candidates[index] for index, reason in reasons.items() if reason is None), key=_rank)
    refused = [(candidates[index], reason) for index, reason in reasons.items() if reason is not None]
    others = [(series, because("better-series", why=_advantage(usable[0], series))) for series in usable[1:]]
    chosen: list[tuple[CtSeries, Reason | None]] = [(series, None) for series in usable[:1]]
    return Selection((*chosen, *others, *refused), tuple(usable))


def _refused(series: CtSeries, policy: SelectionPolicy) -> Reason | None:
    return refusal(series) or _age(series, policy)


def _age(series: CtSeries, policy: SelectionPolicy) -> Reason | None:
    if policy.max_age_days is None:
        return None
    if series.study_date is None:
        return because("scan-date-unknown", max_age_days=policy.max_age_days)
    if (policy.today - series.study_date).days > policy.max_age_days:
        return because("scan-too-old", study_date=series.study_date.isoformat(), max_age_days=policy.max_age_days)
    return None


def _more_than_one_patient(candidates: Sequence[CtSeries]) -> bool:
    """Whether identifier, issuer, birth date or sex contradict each other between series."""
    patients = [series.patient for series in candidates]
    return bool(patients) and merged(*patients) is None


def _recency(series: CtSeries) -> int:
    return -series.study_date.toordinal() if series.study_date else 0


def _spine(series: CtSeries) -> int:
    return 0 if shows_spine(series) else 1


def _contrast(series: CtSeries) -> int:
    described = " ".join(filter(None, (series.series_description, series.protocol_name))).upper()
    if _UNENHANCED_TEXT.search(described):
        return 0
    agent = (series.contrast_agent or "").strip().upper()
    return 2 if agent not in _NO_AGENT or _CONTRAST_TEXT.search(described) else 1


def _kernel(series: CtSeries) -> int:
    return {"soft": 0, "medium": 0, "unknown": 1, "sharp": 2}[sharpness(series.kernel)]


def _thickness(series: CtSeries) -> int:
    if series.slice_thickness_mm is None:
        return 2
    return 0 if _THIN_MM <= series.slice_thickness_mm <= _MODERATE_MM else 1


def _loss(series: CtSeries) -> int:
    return int(series.lossy)


def _stretch(series: CtSeries) -> int:
    return -round((series.instance_count or 0) * (series.slice_thickness_mm or 1.0) / _STRETCH_STEP_MM)


def _count(series: CtSeries) -> int:
    return -(series.instance_count or 0)


_PREFERENCES: Final[tuple[tuple[Callable[[CtSeries], int], str], ...]] = (
    (_recency, "its study is more recent"),
    (_spine, "its body part is known to include the spine"),
    (_contrast, "it shows less or no contrast agent"),
    (_kernel, "its reconstruction kernel is softer"),
    (_thickness, "its slice thickness is nearer to 1 to 3 mm"),
    (_loss, "it was stored without loss"),
    (_stretch, "it covers more of the body"),
    (_count, "it has more slices"),
)

ADVANTAGES: Final = (*(why for _, why in _PREFERENCES), BY_NUMBER)
"""What a series may have before others, as the reason says it."""


def _rank(series: CtSeries) -> tuple[int | str, ...]:
    measured = tuple(preference(series) for preference, _ in _PREFERENCES)
    return (*measured, series.series_number or 0, series.study_uid, series.series_uid)


def _advantage(better: CtSeries, other: CtSeries) -> str:
    for preference, why in _PREFERENCES:
        if preference(better) != preference(other):
            return why
    return BY_NUMBER
