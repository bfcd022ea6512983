"""Simulated scans on the road from voxels to an assessment."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.bone.assess import measure_volume
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


@dataclass(frozen=True)
class TrueOutlines:
    """A segmenter that knows the truth: what the rule of measurement reads when nothing is outlined wrongly."""

    scan: SimulatedScan
    name: str = "truth"
    weights_sha256: str = "00"

    def segment(self, volume: CtVolume, levels=None, progress=None) -> Spine:
        """The true body masks on the grid of the scan."""
        del volume, levels, progress
        bodies = [
            VertebralBody(
                level=VertebralLevel(each.level),
                mask=MaskGrid(self.scan.truth.body_mask(each.level).astype(np.float32), self.scan.affine_lps),
                centre_lps_mm=each.centre_lps_mm,
                cut_by_border=each.cut_by_border,
            )
            for each in self.scan.truth.vertebrae
        ]
        return Spine(bodies=tuple(bodies), numbering_confidence=1.0)


def hu_by_level(assessment: Assessment) -> dict[str, float]:
    """What was read in each trabecular region."""
    return {each.level.value: each.hu for each in assessment.levels}


def assessed(volume: CtVolume, segmenter: VertebraSegmenter) -> Assessment:
    """Everything after the segmenter, all levels."""
    return measure_volume(
        volume,
        segmenter.segment(volume),
        PhysicsCalibrator(),
        patient_check="matched",
        today=date(2026, 2, 1),
        software=Software("test", segmenter.name, segmenter.weights_sha256),
        timing_s={},
        all_levels=True,
    ).assessment
