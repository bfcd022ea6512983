"""A study as the index of an archive lists it: whose, when, how large; nothing of its series."""

import hashlib
from dataclasses import dataclass
from datetime import date

from cds.ct.patient import ArchivedPatient, IdentifierRefused, PatientIdentity, PatientKey


@dataclass(frozen=True, slots=True)
class ListedStudy:
    """One study that has CT images."""

    study_uid: str
    study_date: date | None
    patient: ArchivedPatient
    instances: int | None = None
    """How many objects it has now; None where the archive does not count them."""

    @property
    def digest(self) -> str:
        """Stands for the study where it is remembered: points to nobody without the study's UID."""
        return hashlib.sha256(self.study_uid.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SeenStudy:
    """What the watch over the archive remembers of a study."""

    digest: str
    study_date: date
    instances: int | None
    settled: bool


@dataclass(frozen=True, slots=True)
class WatchTurn:
    """It is this process's turn to look."""

    first: bool
    """Nobody has ever looked."""
    far: bool
    """It is time to look for late arrivals."""


@dataclass(frozen=True, slots=True)
class ArchiveIdentity:
    """Under which keys the patients of this archive are known: the same as those of orders from hooks."""

    tenant: str
    issuer: str | None
    """None only where the archive is declared to have a single issuer."""

    def of(self, study: ListedStudy) -> PatientIdentity | None:
        """Who a study belongs to; None where its identifier is of another issuer, or could match several patients.

        Birth date and sex are what the archive itself says: images under the identifier that say otherwise are
        refused as those of somebody else. No chart was asked, so a chart is compared before anything is shown.
        An issuer that the index does not tell is compared in the images, as for every order.
        """
        found = study.patient
        told = (found.issuer or "").strip()
        if self.issuer is not None and told and told != self.issuer.strip():
            return None
        try:
            key = PatientKey(self.tenant, found.patient_id.strip(), self.issuer)
        except IdentifierRefused:
            return None
        return PatientIdentity(key, found.birth_date, found.sex)
