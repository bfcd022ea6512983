"""From Observations and DiagnosticReports: the latest DXA, and its lowest T-score.

T-scores are read as values, or as components of a panel. Those within 30 days before the latest
sign of a DXA belong to it, as a report is often dated later than what was measured.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from cds.chart import DxaResult
from cds.hooks.bundles import Resource
from cds.hooks.chart_codes import DXA, T_SCORES
from cds.hooks.concepts import listed, word
from cds.hooks.fhir_time import first_day

_NOT_DONE = frozenset({"entered-in-error", "cancelled", "registered"})
_SAME_EXAMINATION = timedelta(days=30)
_POSSIBLE_T_SCORES = (-10.0, 10.0)
"""Beyond these it is another quantity."""


def latest_dxa(resources: Iterable[Resource], today: date) -> DxaResult | None:
    """The latest DXA on record that is not in the future."""
    signs = [(day, each) for each in resources if (day := _dxa_day(each)) is not None and day <= today]
    if not signs:
        return None
    latest = max(day for day, _ in signs)
    scores = [score for day, each in signs if latest - day <= _SAME_EXAMINATION for score in _t_scores(each)]
    return DxaResult(latest, min(scores, default=None))


def done_on(resource: Resource) -> date | None:
    """The day of an Observation or DiagnosticReport."""
    period = resource.get("effectivePeriod")
    moments = (
        resource.get("effectiveDateTime"),
        resource.get("effectiveInstant"),
        *((period.get("end"), period.get("start")) if isinstance(period, dict) else ()),
        resource.get("issued"),
    )
    return next((day for day in map(first_day, moments) if day is not None), None)


def is_done(resource: Resource) -> bool:
    """It was observed, and not by mistake."""
    return word(resource.get("status")) not in _NOT_DONE


def _dxa_day(resource: Resource) -> date | None:
    kind, code = resource.get("resourceType"), resource.get("code")
    if kind not in ("Observation", "DiagnosticReport") or not is_done(resource):
        return None
    is_dxa = DXA.holds(code) or (kind == "Observation" and T_SCORES.holds(code))
    return done_on(resource) if is_dxa else None


def _t_scores(resource: Resource) -> Iterator[float]:
    components = [each for each in listed(resource.get("component")) if isinstance(each, dict)]
    for measured in (resource, *components):
        if not T_SCORES.holds(measured.get("code")):
            continue
        quantity = measured.get("valueQuantity")
        value = quantity.get("value") if isinstance(quantity, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_possible(value):
            yield float(value)


def _is_possible(value: float) -> bool:
    low, high = _POSSIBLE_T_SCORES
    return math.isfinite(value) and low <= value <= high
