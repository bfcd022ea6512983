from datetime import date

import pytest

from tests.support.dicom_builder import a_patient, a_series


@pytest.mark.parametrize(
    ("born", "scanned", "recorded", "expected"),
    [
        (date(1950, 3, 1), date(2026, 3, 1), None, 76),
        (date(1950, 3, 1), date(2026, 2, 28), None, 75),
        (date(1950, 3, 1), date(2026, 3, 1), 60, 76),
        (None, date(2026, 3, 1), 60, 60),
        (date(1950, 3, 1), None, 60, 60),
        (None, None, None, None),
    ],
)
def test_the_age_at_the_scan_is_in_whole_years(born, scanned, recorded, expected):
    """Given birth date and scan date, then whole years between them; else the age that was recorded."""
    series = a_series(patient=a_patient(birth_date=born), study_date=scanned, patient_age_years=recorded)

    assert expected == series.age_at_scan()
