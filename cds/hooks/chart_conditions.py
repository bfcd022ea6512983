"""From Conditions: osteoporosis, pregnancy, bone malignancy, comfort care.

                  entered in error,     clinical status that
                  refuted, differential does not count
osteoporosis      no                    inactive, resolved (in remission it is still osteoporosis)
pregnancy         no                    inactive, resolved, remission; nor what began over 44 weeks ago
bone malignancy   no                    resolved (bone that was destroyed stays so in remission)
comfort care      no                    inactive, resolved, remission

Without a clinical status a condition counts unless it has an abatement.
"""

from collections.abc import Collection, Iterable
from datetime import date

from cds.hooks.bundles import Resource
from cds.hooks.chart_codes import BONE_MALIGNANCY, COMFORT_CARE, OSTEOPOROSIS, PREGNANCY, PREGNANCY_LASTS
from cds.hooks.concepts import ConceptSet, codes_of
from cds.hooks.fhir_time import first_day

_NOT_SO = frozenset({"entered-in-error", "refuted", "differential"})
_OVER = frozenset({"inactive", "resolved"})
_NOT_NOW = _OVER | {"remission"}
_ABATEMENTS = ("abatementDateTime", "abatementPeriod", "abatementAge", "abatementRange", "abatementString")


def has_osteoporosis(conditions: Iterable[Resource]) -> bool:
    """Osteoporosis is on record."""
    return any(_stands(each, OSTEOPOROSIS, _OVER) for each in conditions)


def has_bone_malignancy(conditions: Iterable[Resource]) -> bool:
    """Bone metastasis or myeloma is on record."""
    return any(_stands(each, BONE_MALIGNANCY, {"resolved"}) for each in conditions)


def is_in_comfort_care(conditions: Iterable[Resource]) -> bool:
    """A problem says that care is palliative."""
    return any(_stands(each, COMFORT_CARE, _NOT_NOW) for each in conditions)


def is_pregnant(conditions: Iterable[Resource], today: date) -> bool:
    """A pregnancy is on record that can still last."""
    return any(_stands(each, PREGNANCY, _NOT_NOW) and _can_last(each, today) for each in conditions)


def _stands(condition: Resource, meaning: ConceptSet, ended: Collection[str]) -> bool:
    if not meaning.holds(condition.get("code")) or _status(condition.get("verificationStatus")) & _NOT_SO:
        return False
    status = _status(condition.get("clinicalStatus"))
    if status:
        return status.isdisjoint(ended)
    return not any(condition.get(key) for key in _ABATEMENTS)


def _can_last(condition: Resource, today: date) -> bool:
    period = condition.get("onsetPeriod")
    moments = (
        condition.get("onsetDateTime"),
        period.get("start") if isinstance(period, dict) else None,
        condition.get("recordedDate"),
    )
    days = [day for day in map(first_day, moments) if day is not None]
    return not days or today - max(days) <= PREGNANCY_LASTS


def _status(value: object) -> frozenset[str]:
    """Its codes; a bare code, as in STU3, is taken too."""
    if isinstance(value, str):
        return frozenset({value.strip().lower()})
    return frozenset(code.lower() for _, code in codes_of(value))
