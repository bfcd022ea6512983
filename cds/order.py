"""The order that starts everything: who, what, when. No FHIR in it."""

from dataclasses import dataclass
from datetime import datetime

from cds.ct.patient import PatientIdentity


@dataclass(frozen=True, slots=True)
class ImagingOrder:
    """One clinician's imaging order (or glance at the chart) for one patient."""

    patient: PatientIdentity
    placed_at: datetime
    """Aware; when the hook was received."""
    hook: str
    """The CDS Hooks hook that carried it, such as "order-sign"."""
