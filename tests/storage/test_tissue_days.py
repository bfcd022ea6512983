"""Mirrors cds/storage/tissue_days.py."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from cds.bone.assessment import TissueEvidence
from cds.storage.tables import tissue_days
from cds.storage.tissue_days import SqlTissueDays
from tests.support.assessments import SCANNED_ON, a_calibration, a_result, an_acquisition, an_assessment


def a_ct(number, fat_hu, day=SCANNED_ON):
    """A result whose fat reads so."""
    fat = TissueEvidence(tissue="fat", hu=fat_hu, sem_hu=1.0, expected_hu=-100.0, hu_at_120_kvp=fat_hu, used=True)
    taken = an_acquisition(study_date=day, station_name="CT1", patient_id=f"PAT-{number}")
    return a_result(assessment=an_assessment(acquisition=taken, calibration=a_calibration(tissues=(fat,))))


def test_a_shift_is_told_with_its_scanner_and_nothing_of_a_patient(engine):
    """110 scans before and 110 after something moved by 6 HU: shift and alert."""
    watched = SqlTissueDays(engine)
    for number in range(220):
        late = number >= 110
        day = SCANNED_ON + timedelta(days=number // 22)
        watched.published(a_ct(number, -100 + (6 if late else 0) + (number % 5) - 2, day))
    (drift,) = watched.drifts()
    told = {sample.metric: value for sample, value in watched.samples().items()}
    with engine.connect() as connection:
        rows = connection.execute(select(tissue_days)).all()

    assert drift.of.scanner == "GE MEDICAL SYSTEMS | LightSpeed VCT | CT1 | ?"
    assert abs(drift.shift_hu - 6) < 0.2
    assert drift.alert
    assert told["osteocds_tissue_drift_alert"] == 1.0
    assert len(rows) == 10
    assert "PAT" not in str(rows)


def test_a_result_without_tissues_date_or_voltage_is_passed_over(engine):
    """Nothing is added, and nothing fails."""
    watched = SqlTissueDays(engine)
    watched.published(a_result())
    watched.published(replace(a_ct(1, -100.0), assessment=an_assessment(calibration=None)))

    assert watched.drifts() == []
    with engine.connect() as connection:
        assert connection.execute(select(tissue_days)).all() == []
