"""From a FHIR Patient to the identifier under which the archive knows the patient.

1. the record is active (a missing `active` counts as active)
2. identifiers of the one configured system, whose use is not "old" and whose period includes the order
3. each has a value without wildcards, and they all have the same value; there is at least one
4. birth date when it is a full date, sex when it is male or female; nothing else is read

Anything else is `IdentityUncertain`: no value, no card, an audit row. Whether the patient has
died changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cds.client import Client
from cds.ct.patient import IdentifierRefused, PatientIdentity, PatientKey, Sex
from cds.errors import OsteocdsError, SettingsInvalid
from cds.hooks.fhir_time import full_date, includes
from cds.settings import Settings

_SEXES: Mapping[object, Sex] = {"male": "male", "female": "female"}


class IdentityUncertain(OsteocdsError):
    """The chart does not say beyond doubt who this is; `code` goes to the audit log."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the patient's identity is uncertain: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """Which identifier is the archive's, and under which tenant results are kept."""

    tenant: str
    system: str
    issuer: str | None

    @classmethod
    def from_settings(cls, settings: Settings) -> "IdentityRules":
        """Raises `SettingsInvalid` where a wrong patient could not be ruled out."""
        if not settings.identifier_system:
            raise SettingsInvalid("OSTEOCDS_IDENTIFIER_SYSTEM is not set: which identifier is the archive's PatientID?")
        if settings.archive_issuer is None and not settings.archive_single_issuer:
            raise SettingsInvalid(
                "Set OSTEOCDS_ARCHIVE_ISSUER to the issuer of that identifier, or declare with "
                "OSTEOCDS_ARCHIVE_SINGLE_ISSUER=true that the archive has only one."
            )
        return cls(settings.tenant, settings.identifier_system, settings.archive_issuer)

    def of(self, client: Client) -> "IdentityRules":
        """The same for a client, which may have a tenant of its own."""
        return replace(self, tenant=client.tenant or self.tenant)


def identity_of(patient: Mapping[str, object], rules: IdentityRules, at: datetime) -> PatientIdentity:
    """The archive's view of a FHIR Patient; raises `IdentityUncertain`."""
    if patient.get("active") is False:
        raise IdentityUncertain("patient-inactive")
    values = {_value(each) for each in _current(patient, rules.system, at)}
    if not values:
        raise IdentityUncertain("identifier-missing")
    if len(values) > 1:
        raise IdentityUncertain("identifier-ambiguous")
    try:
        key = PatientKey(rules.tenant, values.pop(), rules.issuer)
    except IdentifierRefused as refused:
        raise IdentityUncertain("identifier-unsafe") from refused
    return PatientIdentity(key, full_date(patient.get("birthDate")), _SEXES.get(_text(patient.get("gender"))))


def _current(patient: Mapping[str, object], system: str, at: datetime) -> list[Mapping[str, object]]:
    given = patient.get("identifier")
    listed: Sequence[object] = given if isinstance(given, list) else ()
    ours = [each for each in listed if isinstance(each, dict) and each.get("system") == system]
    return [each for each in ours if _is_current(each, at)]


def _value(identifier: Mapping[str, object]) -> str:
    return _text(identifier.get("value")).strip()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_current(identifier: Mapping[str, object], at: datetime) -> bool:
    try:
        return identifier.get("use") != "old" and includes(identifier.get("period"), at)
    except ValueError as fault:
        raise IdentityUncertain("identifier-period-unreadable") from fault
