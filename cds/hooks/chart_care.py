"""From orders, procedures and the encounter: DXA ordered, comfort care, radiotherapy of the spine, emergency."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import cast

from cds.hooks.bundles import Resource
from cds.hooks.chart_codes import COMFORT_CARE, COMFORT_CARE_LASTS, EMERGENCY, HOSPICE_DISCHARGE, RADIOTHERAPY, SPINE
from cds.hooks.concepts import codes_of, listed, word
from cds.hooks.fhir_time import first_day
from cds.hooks.messages import Resource as Order
from cds.hooks.order_kinds import OrderKinds

_PROPOSALS = frozenset({"proposal", "plan", "option"})
_ORDER_LASTS = timedelta(days=730)
"""An order that nobody closed in two years is forgotten; a DXA is repeated after two."""
_NOT_DONE = frozenset({"entered-in-error", "not-done", "preparation", "unknown"})


def is_dxa_ordered(orders: Iterable[Resource], today: date, kinds: OrderKinds) -> bool:
    """An active DXA order by the site's rule, not older than two years."""
    return any(
        _is_active(each)
        and kinds.kind_of(cast("Order", each)) == "dxa"
        and _is_recent(each.get("authoredOn"), today, _ORDER_LASTS)
        for each in orders
    )


def is_comfort_care_ordered(orders: Iterable[Resource]) -> bool:
    """An active order for hospice or palliative care."""
    return any(
        _is_active(each)
        and each.get("doNotPerform") is not True
        and any(map(COMFORT_CARE.holds, (each.get("code"), *listed(each.get("category")))))
        for each in orders
    )


def is_comfort_care_given(procedures: Iterable[Resource], today: date) -> bool:
    """Hospice or palliative care that goes on, or was given within the last half year."""
    return any(
        COMFORT_CARE.holds(each.get("code"))
        and _is_done(each)
        and (each.get("status") == "in-progress" or _is_recent(_performed(each), today, COMFORT_CARE_LASTS))
        for each in procedures
    )


def was_spine_irradiated(procedures: Iterable[Resource]) -> bool:
    """Radiotherapy whose site, or whose name, is the spine."""
    return any(
        _is_done(each)
        and any(map(RADIOTHERAPY.holds, _what(each)))
        and any(map(SPINE.holds, (*_what(each), *listed(each.get("bodySite")))))
        for each in procedures
    )


def is_emergency(encounters: Iterable[Resource]) -> bool:
    """The class of the encounter is emergency."""
    return any(
        EMERGENCY & {code for _, code in codes_of(kind)} for each in encounters for kind in listed(each.get("class"))
    )


def is_comfort_encounter(encounters: Iterable[Resource]) -> bool:
    """The encounter is for hospice or palliative care, or ends in hospice."""
    return any(COMFORT_CARE.holds(what) or _ends_in_hospice(what) for each in encounters for what in _purposes(each))


def _purposes(encounter: Resource) -> Iterator[object]:
    yield from listed(encounter.get("type"))
    yield from listed(encounter.get("serviceType"))
    stay = encounter.get("hospitalization")
    if isinstance(stay, dict):
        yield stay.get("dischargeDisposition")


def _ends_in_hospice(concept: object) -> bool:
    return any(code == HOSPICE_DISCHARGE for _, code in codes_of(concept))


def _is_active(order: Resource) -> bool:
    return word(order.get("status")) in ("active", None) and word(order.get("intent")) not in _PROPOSALS


def _what(procedure: Resource) -> tuple[object, ...]:
    return (procedure.get("code"), *listed(procedure.get("category")))


def _is_done(procedure: Resource) -> bool:
    return word(procedure.get("status")) not in _NOT_DONE


def _performed(procedure: Resource) -> object:
    period = procedure.get("performedPeriod")
    ended = (period.get("end") or period.get("start")) if isinstance(period, dict) else None
    return procedure.get("performedDateTime") or ended


def _is_recent(moment: object, today: date, span: timedelta) -> bool:
    """Within the span, or undated."""
    day = first_day(moment)
    return day is None or today - day <= span
