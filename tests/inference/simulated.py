"""Simulated scans on the road from voxels to an assessment."""

from datetime import date

from cds.bone.assess import assess_volume
from cds.bone.assessment import Assessment, Software
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from cds.ports import VertebraSegmenter
from models.digital_patient import SimulatedScan

TRUSTED_LEVELS = ("T12", "L1", "L2", "L3")


def volume_of(scan: SimulatedScan) -> CtVolume:
    """The scan with the attributes of a usable series of a patient of 65."""
    series = CtSeries(
        study_uid="1.2.3",
        series_uid="1.2.3.4",
        patient=ArchivedPatient("SIMULATED"),
        modality="CT",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        study_date=date(2026, 1, 1),
        kvp=scan.truth.scanner.kvp,
        kernel="STANDARD",
        slice_thickness_mm=2.0,
        patient_age_years=65,
    )
    return CtVolume(scan.hu, scan.affine_lps, series)


def assessed(volume: CtVolume, segmenter: VertebraSegmenter) -> Assessment:
    """Everything after the segmenter, all levels."""
    return assess_volume(
        volume,
        segmenter.segment(volume),
        PhysicsCalibrator(),
        patient_check="matched",
        today=date(2026, 2, 1),
        software=Software("test", segmenter.name, segmenter.weights_sha256),
        timing_s={},
        all_levels=True,
    )
