"""From voxels to the assessment with a calibrated scanner: narrower, moved by the factor, and said so."""

from dataclasses import replace
from datetime import date

import pytest

from cds.bone.assess import measure_volume
from cds.bone.assessment import Software
from cds.bone.record import from_record, to_record
from cds.ct.patient import ArchivedPatient
from cds.inference.calibration_folder import site_calibrator
from tests.bone.phantom import Trunk, a_series
from tests.support.coefficient_files import FILTRATION, document, on_disk

SERIES = a_series(
    patient=ArchivedPatient("PAT-1", birth_date=date(1950, 1, 1), sex="female"),
    study_date=date(2026, 1, 30),
    slice_thickness_mm=3.0,
    manufacturer="Maker",
    model="Scanner 64",
    station_name="CT1",
    kernel="B30f",
)
TRUNK = Trunk(spacing_mm=(3.0, 2.0, 2.0), noise_hu=8.0, series=SERIES)
VOLUME, SPINE = TRUNK.volume(), TRUNK.spine()


def assess(calibrator, **changes):
    """Everything after the segmenter."""
    return measure_volume(
        replace(VOLUME, series=replace(SERIES, **changes)),
        SPINE,
        calibrator,
        patient_check="matched",
        today=date(2026, 3, 1),
        software=Software("test", "test", "0" * 64),
        timing_s={},
    ).assessment


@pytest.fixture(scope="module")
def unknown():
    """The patient on a scanner of which nothing is known."""
    return assess(site_calibrator(None))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """A calibrator that knows the scanner: slope 0.95 of the table's, 1 % uncertain, offset as expected."""
    folder = on_disk(tmp_path_factory.mktemp("site") / "on-file", ct1=document(offset_hu=0.0))
    return site_calibrator(folder)


def width(assessment):
    """Of the 95 % interval."""
    low, high = assessment.ci95_mg_cm3
    return high - low


def test_a_site_file_narrows_the_interval_and_moves_the_value(unknown, calibrated):
    """Slope 5 % lower: value 5 % higher; slope 1 % uncertain for 8 %: less than two thirds of the width."""
    site = assess(calibrated)

    assert site.vbmd_mg_cm3 == pytest.approx(unknown.vbmd_mg_cm3 / 0.95, rel=0.02)
    assert width(site) < 0.67 * width(unknown)


def test_the_result_says_which_file(unknown, calibrated):
    """Scanner, source and flag; the record keeps them."""
    site = assess(calibrated)

    assert (unknown.calibration.scanner, site.calibration.scanner) == ("unknown", "site")
    assert "scanner-not-calibrated" in unknown.flags
    assert "scanner-not-calibrated" not in site.flags
    assert site.calibration.source.startswith("phantom Solutions of 2026-03-01 (ct1.json, ")
    assert "+site-" in site.calibration.version
    assert from_record(to_record(site)).calibration.source == site.calibration.source


def test_another_kernel_is_another_matter(unknown, calibrated):
    """The file does not hold for it: as wide and as flagged as without."""
    other = assess(calibrated, kernel="B60f")

    assert other.calibration.scanner == "unknown"
    assert "scanner-not-calibrated" in other.flags
    assert width(other) == pytest.approx(width(unknown), rel=1e-6)


def test_a_measured_offset_is_taken_off(tmp_path, unknown):
    """Water that reads 8 HU makes bone that much lighter; tissues of the patient may take part of it back."""
    folder = on_disk(tmp_path / "on-file", ct1=document(slope_factor=1.0, slope_factor_sd=0.01, offset_hu=8.0))
    site = assess(site_calibrator(folder))

    assert -8 / 1.2 < site.vbmd_mg_cm3 - unknown.vbmd_mg_cm3 < -1.0


def test_documented_filtration_is_no_unknown_scanner(tmp_path, unknown):
    """Light filtration: steeper slope, lower value, narrower interval, no flag."""
    folder = on_disk(tmp_path / "on-file", light=document(FILTRATION))
    documented = assess(site_calibrator(folder))

    assert documented.calibration.scanner == "documented"
    assert documented.vbmd_mg_cm3 == pytest.approx(unknown.vbmd_mg_cm3 / 1.05, rel=0.02)
    assert width(documented) < 0.8 * width(unknown)
    assert "scanner-not-calibrated" not in documented.flags
