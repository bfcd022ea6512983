"""Mirrors cds/bone/left_out.py."""

from datetime import date

from cds.bone.assessment import PassedOver
from cds.bone.left_out import MOST_LEFT_OUT, left_out_by
from cds.ct.reason import because
from cds.ct.selection import SelectionPolicy, select_series
from tests.support.screening_fakes import a_series

POLICY = SelectionPolicy(max_age_days=1000, today=date(2026, 3, 2))


def test_every_series_but_the_best_is_told_with_its_day_and_reason():
    """Usable ones, refused ones and those that are too old."""
    best, sharp = a_series(1), a_series(2, kernel="LUNG")
    thick, old = a_series(3, slice_thickness_mm=7.5), a_series(4, study_date=date(2019, 5, 1))

    assert left_out_by(select_series([best, sharp, thick, old], POLICY)) == (
        PassedOver(
            sharp.series_uid, (because("better-series", why="its reconstruction kernel is softer"),), sharp.study_date
        ),
        PassedOver(
            thick.series_uid, (because("slices-too-thick", thickness_mm=7.5, maximum_mm=5.0),), thick.study_date
        ),
        PassedOver(
            old.series_uid, (because("scan-too-old", study_date="2019-05-01", max_age_days=1000),), date(2019, 5, 1)
        ),
    )


def test_nothing_that_people_typed_is_kept():
    """Body part, image type and modality are told in general: they may hold anything."""
    typed = [
        a_series(1, body_part="HEAD Typed"),
        a_series(2, image_type=("DERIVED", "SECONDARY", "TYPED")),
        a_series(3, modality="TYPED"),
    ]

    left_out = left_out_by(select_series([*typed, a_series(4)], POLICY))

    assert len(left_out) == 3
    assert "typed" not in str(left_out).lower()


def test_records_stay_small():
    """However many series a patient has."""
    many = [a_series(number) for number in range(200)]

    assert len(left_out_by(select_series(many, POLICY))) == MOST_LEFT_OUT
