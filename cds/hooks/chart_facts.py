"""From the resources of one call to the facts that matter; the resources are not kept.

Resources are told apart by their type, not by the prefetch key under which they came; only the
encounter counts by its key, as others may come along with orders and procedures.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from types import MappingProxyType

from cds.chart import ChartFacts
from cds.hooks.bundles import Resource
from cds.hooks.chart_care import (
    is_comfort_care_given,
    is_comfort_care_ordered,
    is_comfort_encounter,
    is_dxa_ordered,
    is_emergency,
    was_spine_irradiated,
)
from cds.hooks.chart_codes import OWN_RESULT_ID, PREGNANCY, PREGNANCY_LASTS, PREGNANCY_STATUS
from cds.hooks.chart_conditions import has_bone_malignancy, has_osteoporosis, is_in_comfort_care, is_pregnant
from cds.hooks.chart_dxa import done_on, is_done, latest_dxa
from cds.hooks.chart_medications import is_treated
from cds.hooks.concepts import listed
from cds.hooks.order_kinds import OrderKinds, shipped_kinds
from cds.hooks.prefetch_templates import ENCOUNTER

_FHIR_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}")


def facts_of(  # noqa: PLR0913 - what is known from elsewhere, by name
    held: Mapping[str, Collection[Resource]],
    today: date,
    *,
    birth_date: date | None = None,
    deceased: bool = False,
    kinds: OrderKinds | None = None,
    in_call: Collection[str] = (),
    unread: tuple[str, ...] = (),
) -> ChartFacts:
    """`held` maps prefetch keys to resources of this patient; leniently read, whatever they hold.

    `in_call` are the ids of the call's own orders: they are being decided on, so they do not count as ordered.
    """
    pool = [each for resources in held.values() for each in resources]
    conditions, orders = _of_type(pool, "Condition"), _of_type(pool, "ServiceRequest")
    procedures, observations = _of_type(pool, "Procedure"), _of_type(pool, "Observation")
    encounters = _of_type(held.get(ENCOUNTER, ()), "Encounter")
    return ChartFacts(
        birth_date=birth_date,
        deceased=deceased,
        emergency=is_emergency(encounters),
        comfort_care=is_in_comfort_care(conditions)
        or is_comfort_care_ordered(orders)
        or is_comfort_care_given(procedures, today)
        or is_comfort_encounter(encounters),
        pregnant=is_pregnant(conditions, today) or _is_stated_pregnant(observations, today),
        osteoporosis_known=has_osteoporosis(conditions),
        osteoporosis_treated=is_treated(pool, today),
        dxa_ordered=is_dxa_ordered(
            [each for each in orders if not any(each.get("id") == own for own in in_call)],
            today,
            kinds or shipped_kinds(),
        ),
        latest_dxa=latest_dxa(pool, today),
        bone_malignancy=has_bone_malignancy(conditions) or was_spine_irradiated(procedures),
        own_observations=_own_observations(observations),
        unread=unread,
    )


def _of_type(resources: Iterable[Resource], kind: str) -> list[Resource]:
    return [each for each in resources if each.get("resourceType") == kind]


def _is_stated_pregnant(observations: Iterable[Resource], today: date) -> bool:
    """What the latest statement of pregnancy says, if it can still hold."""
    stated = [
        (day, each)
        for each in observations
        if PREGNANCY_STATUS.holds(each.get("code")) and is_done(each) and (day := done_on(each)) is not None
    ]
    if not stated:
        return False
    latest, _ = max(stated, key=lambda dated: dated[0])
    said = [each.get("valueCodeableConcept") for day, each in stated if day == latest]
    return today - latest <= PREGNANCY_LASTS and any(map(PREGNANCY.holds, said))


def _own_observations(observations: Iterable[Resource]) -> Mapping[str, str]:
    """Result id to reference, for what this service wrote back and nobody withdrew."""
    found = {}
    for each in observations:
        fhir_id = each.get("id")
        if not is_done(each) or not isinstance(fhir_id, str) or not _FHIR_ID.fullmatch(fhir_id):
            continue
        for identifier in listed(each.get("identifier")):
            if not isinstance(identifier, dict) or identifier.get("system") != OWN_RESULT_ID:
                continue
            value = identifier.get("value")
            if isinstance(value, str) and "/" not in value:  # with one, it is that of a single vertebra
                found[value] = f"Observation/{fhir_id}"
    return MappingProxyType(found)
