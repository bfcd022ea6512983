"""Facts about one CT series: who, when, with which scanner and reconstruction. No voxels."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final

from cds.ct.patient import ArchivedPatient

_SAYS_NOTHING: Final = (None, "", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CtSeries:
    """One DICOM series as its attributes describe it; None or empty where not recorded.

    The names follow DICOM PS3.3 C.7.3 and C.8.2. Nothing here was checked: selection and
    assembly decide what is usable.
    """

    study_uid: str
    series_uid: str
    patient: ArchivedPatient
    modality: str
    sop_class_uid: str | None = None
    image_type: tuple[str, ...] = ()
    instance_count: int | None = None
    study_date: date | None = None
    study_description: str | None = None
    series_description: str | None = None
    protocol_name: str | None = None
    body_part: str | None = None
    series_number: int | None = None
    manufacturer: str | None = None
    model: str | None = None
    station_name: str | None = None
    device_serial_number: str | None = None
    kvp: float | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    """(between rows, between columns)."""
    rows: int | None = None
    columns: int | None = None
    gantry_tilt_deg: float | None = None
    filter_type: str | None = None
    filter_material: str | None = None
    multi_energy: bool | None = None
    """MultienergyCTAcquisition (0018,9361)."""
    contrast_agent: str | None = None
    """None: the attribute is absent. "": present and empty."""
    rescale_type: str | None = None
    lossy: bool = False
    patient_age_years: int | None = None
    """PatientAge (0010,1010) in whole years."""

    def completed_by(self, other: "CtSeries") -> "CtSeries":
        """These facts and, where they say nothing, what the other's say."""
        gaps: dict[str, Any] = {
            field.name: getattr(other, field.name)
            for field in fields(self)
            if getattr(self, field.name) in _SAYS_NOTHING and getattr(other, field.name) is not None
        }
        return replace(self, **gaps) if gaps else self

    def age_at_scan(self) -> int | None:
        """Age in whole years at the scan: from the birth date if known, else as recorded."""
        born, scanned = self.patient.birth_date, self.study_date
        if born is None or scanned is None:
            return self.patient_age_years
        return scanned.year - born.year - ((scanned.month, scanned.day) < (born.month, born.day))
