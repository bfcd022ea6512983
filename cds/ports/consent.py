"""What patients do not want."""

from typing import Protocol

from cds.ct.patient import PatientKey


class OptOuts(Protocol):
    """Patients who do not want their images looked at."""

    def has_opted_out(self, patient: PatientKey) -> bool:
        """Asked before anything is retrieved or shown."""
