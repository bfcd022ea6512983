from dataclasses import replace
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


def test_facts_are_completed_where_they_say_nothing():
    """Given two descriptions of a series, then the first is kept and its gaps alone are filled."""
    short = a_series(kernel=None, body_part="", image_type=(), series_number=0, contrast_agent="", model="A")
    full = a_series(kernel="B30f", body_part="CHEST", series_number=7, contrast_agent=None, model="B", lossy=True)

    assert short.completed_by(full) == a_series(series_number=0, contrast_agent="", model="A")
    assert full.completed_by(short) == replace(full, contrast_agent="")
