"""Who a CT belongs to, and whether that is the patient of the order.

A wrong patient is the worst error there is: identifiers are compared exactly, and a
contradiction in birth date or sex outweighs an identifier that agrees.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

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


def check_patient(expected: PatientIdentity, found: ArchivedPatient) -> PatientCheck:
    """Compare the order's patient with the images' patient.

    Identifiers are compared exactly after trimming the padding that DICOM adds. Where the key
    names an issuer, images that carry another issuer, or none, do not match.
    "unverified": the identifier agrees and neither birth date nor sex could be compared.
    """
    if found.patient_id.strip() != expected.key.patient_id.strip():
        return "mismatch"
    if expected.key.issuer is not None and (found.issuer or "").strip() != expected.key.issuer.strip():
        return "mismatch"
    compared = 0
    for ours, theirs in ((expected.birth_date, found.birth_date), (expected.sex, found.sex)):
        if ours is None or theirs is None:
            continue
        if ours != theirs:
            return "mismatch"
        compared += 1
    return "matched" if compared else "unverified"
