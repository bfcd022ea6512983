"""Who a CT belongs to, and whether that is the patient of the order.

A wrong patient is the worst error there is: identifiers are compared exactly, and a
contradiction in birth date or sex outweighs an identifier that agrees.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

PatientCheck = Literal["matched", "unverified", "mismatch"]
Sex = Literal["male", "female"]

_UNSAFE_IN_QUERY = re.compile(r"[*?\\\x00-\x1f\x7f]")
_LONGEST_DICOM_LO = 64


class IdentifierRefused(ValueError):
    """An identifier that could match more than one patient, or none."""


@dataclass(frozen=True, slots=True)
class PatientKey:
    """The name under which results are kept: tenant, identifier, issuer.

    `issuer` is None only where the archive is declared to have a single issuer.
    """

    tenant: str
    patient_id: str
    issuer: str | None = None

    def __post_init__(self) -> None:
        """Refuse empty identifiers and the wildcards of a DICOM query (PS3.4 C.2.2.2.4)."""
        for name, text in (("identifier", self.patient_id), ("issuer", self.issuer)):
            if text is None:
                continue
            if not text.strip():
                msg = f"the patient {name} is empty"
                raise IdentifierRefused(msg)
            if _UNSAFE_IN_QUERY.search(text):
                msg = f"the patient {name} holds a wildcard, a backslash or a control character"
                raise IdentifierRefused(msg)
            if len(text.strip()) > _LONGEST_DICOM_LO:
                msg = f"the patient {name} is longer than {_LONGEST_DICOM_LO} characters"
                raise IdentifierRefused(msg)


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """The patient of an order, as the chart knows them."""

    key: PatientKey
    birth_date: date | None = None
    sex: Sex | None = None


@dataclass(frozen=True, slots=True)
class ArchivedPatient:
    """The patient as the images name them; any field may be empty in an archive."""

    patient_id: str
    issuer: str | None = None
    birth_date: date | None = None
    sex: Sex | None = None


class Person(Protocol):
    """What tells people apart who share an identifier; None where not recorded."""

    @property
    def birth_date(self) -> date | None:
        """The day of birth."""

    @property
    def sex(self) -> Sex | None:
        """As recorded."""


def check_patient(expected: PatientIdentity, found: ArchivedPatient) -> PatientCheck:
    """Compare the order's patient with the images' patient.

    Identifiers are compared exactly after trimming the padding that DICOM adds. Where the key
    names an issuer, images that carry another issuer, or none, do not match.
    "unverified": the identifier agrees and neither birth date nor sex could be compared.
    """
    if not carries(found, expected.key) or contradict(expected, found):
        return "mismatch"
    return "matched" if _comparable(expected, found) else "unverified"


def carries(found: ArchivedPatient, key: PatientKey) -> bool:
    """Whether identifier, and issuer where the key has one, are exactly those of the key."""
    same = found.patient_id.strip() == key.patient_id.strip()
    return same and (key.issuer is None or (found.issuer or "").strip() == key.issuer.strip())


def contradict(one: Person, other: Person) -> bool:
    """Whether birth date or sex differ where both have them."""
    return any(ours != theirs for ours, theirs in _comparable(one, other))


def comparable(one: Person, other: Person) -> bool:
    """Whether both have a birth date, or both a sex."""
    return bool(_comparable(one, other))


def merged(one: ArchivedPatient, *others: ArchivedPatient) -> ArchivedPatient | None:
    """One patient with every fact that any of these has; None where two of them contradict.

    Each must carry the identifier. Issuer, birth date and sex contradict where they differ;
    where they are absent, another one's fact stands for all.
    """
    patients = (one, *others)
    told = facts_of(patients)
    identifiers = {patient.patient_id.strip() for patient in patients}
    if any(len(values) > 1 for values in (identifiers, *told)):
        return None
    issuers, birth_dates, sexes = told
    return ArchivedPatient(
        one.patient_id.strip(), next(iter(issuers), None), next(iter(birth_dates), None), next(iter(sexes), None)
    )


def facts_of(patients: Iterable[ArchivedPatient]) -> tuple[set[str], set[date], set[Sex]]:
    """Every issuer, birth date and sex that any of these has; more than one of a kind is a contradiction."""
    known = tuple(patients)
    return (
        {issuer for patient in known if (issuer := (patient.issuer or "").strip())},
        {patient.birth_date for patient in known if patient.birth_date is not None},
        {patient.sex for patient in known if patient.sex is not None},
    )


def _comparable(one: Person, other: Person) -> list[tuple[object, object]]:
    """Birth dates and sexes, as far as both have them."""
    pairs: tuple[tuple[object, object], ...] = ((one.birth_date, other.birth_date), (one.sex, other.sex))
    return [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
