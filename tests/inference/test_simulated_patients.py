"""The whole measurement on simulated patients with known density, which no network was trained on.

Simulator and calibration share their physics: this proves the road from voxels to mg/cm3, not the physics.
"""

from datetime import date

import pytest

from cds.bone.assess import levels_to_outline, measure_volume
from cds.bone.assessment import Software
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.segmenter import NetworkSegmenter
from models.digital_patient import Acquisition, Scanner, ScanRequest, simulate

TARGET = ("L1", "L2")


@pytest.fixture(scope="module")
def segmenter():
    """The shipped networks, loaded once."""
    return NetworkSegmenter.load()


@pytest.mark.parametrize(
    ("seed", "kvp", "vbmd_mg_cm3", "category"),
    [(100, 120.0, 60.0, "osteoporosis-range"), (101, 100.0, 100.0, "low"), (102, 140.0, 150.0, "normal")],
)
def test_density_of_a_simulated_chest_is_found(segmenter, seed, kvp, vbmd_mg_cm3, category):
    """Bodies are named right, the truth lies in the stated interval, and the category is not a wrong one.

    It may be "indeterminate": names of low confidence widen the interval.
    """
    request = ScanRequest(
        cranial="T4",
        caudal="L3",
        vbmd_mg_cm3=vbmd_mg_cm3,
        scanner=Scanner(kvp=kvp),
        acquisition=Acquisition(slice_thickness_mm=2.0, slice_interval_mm=2.0),
    )
    scan = simulate(seed, request)
    series = CtSeries(
        study_uid="1.2.3",
        series_uid="1.2.3.4",
        patient=ArchivedPatient("SIMULATED"),
        modality="CT",
        kvp=kvp,
        kernel="STANDARD",
        slice_thickness_mm=2.0,
        patient_age_years=65,
    )
    volume = CtVolume(scan.hu, scan.affine_lps, series)

    assessment = measure_volume(
        volume,
        segmenter.segment(volume, levels_to_outline(all_levels=False)),
        PhysicsCalibrator(),
        patient_check="matched",
        today=date(2026, 1, 1),
        software=Software("test", segmenter.name, segmenter.weights_sha256),
        timing_s={},
    ).assessment
    truth = sum(scan.truth.of(level).vbmd_k2hpo4_mg_cm3 for level in TARGET) / len(TARGET)
    low, high = assessment.ci95_mg_cm3

    for measured in assessment.levels:
        centre = scan.truth.of(measured.level.value).centre_lps_mm
        assert measured.centre_lps_mm == pytest.approx(centre, abs=10), measured.level
    assert low <= truth <= high
    assert assessment.vbmd_mg_cm3 == pytest.approx(truth, abs=10)
    assert assessment.category in (category, "indeterminate")
