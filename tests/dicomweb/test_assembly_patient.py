"""Mirrors cds/dicomweb/assembly.py: whose images these are, as all of them say."""

from dataclasses import replace
from datetime import date

import pytest

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, check_patient
from cds.ct.usability import refusal
from cds.ct.volume import CtVolume
from tests.support.assembling import assembled, reason
from tests.support.dicom_builder import a_patient, a_series, an_identity, edit, edit_all


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientID": "PAT-2"},
        {"PatientID": "pat-1"},
        {"PatientID": ""},
        {"IssuerOfPatientID": "SOUTH"},
        {"PatientBirthDate": "19500302"},
        {"PatientSex": "M"},
    ],
    ids=str,
)
def test_one_image_of_somebody_else_is_refused(paths, changes):
    """Given one image that names another patient, then the whole series is refused."""
    edit(paths[7], **changes)

    assert reason(assembled(paths, a_series(patient=a_patient(issuer="NORTH")))).code == "patient-mismatch"


BARE = ArchivedPatient("PAT-1")


def test_a_birth_date_missing_in_the_first_image_is_taken_from_the_others(paths):
    """Given a first image without birth date and eleven of somebody born 1990, then the volume is of 1990."""
    edit_all(paths, PatientBirthDate="19900101")
    edit(paths[0], PatientBirthDate="")
    result = assembled(paths, a_series(patient=a_patient(birth_date=None)))

    assert result.series.patient == a_patient(birth_date=date(1990, 1, 1))
    assert check_patient(an_identity(birth_date=date(1950, 3, 1)), result.series.patient) == "mismatch"


@pytest.mark.parametrize(
    ("attribute", "one", "other"),
    [
        ("PatientBirthDate", "19500301", "19900101"),
        ("PatientSex", "F", "M"),
        ("IssuerOfPatientID", "NORTH", "SOUTH"),
    ],
)
def test_images_that_contradict_each_other_are_refused_whatever_was_known(paths, attribute, one, other):
    """Given two images that contradict each other in what no other tells, then the series is refused."""
    edit_all(paths, PatientBirthDate="", PatientSex="")
    edit(paths[3], **{attribute: one})
    edit(paths[9], **{attribute: other})

    for order in (paths, paths[::-1]):
        assert reason(assembled(order, a_series(patient=BARE))).code == "patient-mismatch"


def test_the_patient_of_a_volume_has_every_fact_that_any_image_has(paths):
    """Given issuer, birth date and sex each in one image, then the volume's patient has all three."""
    edit_all(paths, PatientBirthDate="", PatientSex="")
    edit(paths[2], IssuerOfPatientID="NORTH")
    edit(paths[7], PatientBirthDate="19500301")
    edit(paths[11], PatientSex="F")

    assert assembled(paths, a_series(patient=BARE)).series.patient == a_patient(issuer="NORTH")


def test_the_facts_of_a_volume_are_those_of_its_images(paths):
    """Given a series known by its identifiers alone, then the gates see what the images' texts say."""
    edit_all(paths, SeriesDescription="Thorax Sn100", ContrastBolusAgent="")
    known = CtSeries(study_uid=a_series().study_uid, series_uid=a_series().series_uid, patient=BARE, modality="CT")
    result = assembled(paths, known)

    expected = assembled(paths).series
    assert result.series == expected
    assert (expected.series_description, expected.contrast_agent, expected.kvp) == ("Thorax Sn100", "", 120)
    assert refusal(result.series).code == "spectral-filter"


def test_what_was_known_only_fills_the_gaps_of_the_images(paths):
    """Given facts known before, then those that the images lack stand, and the others are the images'."""
    edit_all(paths, StudyDate="")
    edit(paths[0], StudyDescription="CT Thorax")
    known = replace(a_series(), study_date=date(2026, 5, 4), model="Other", body_part="HEAD", lossy=True)
    result = assembled(paths, known)

    assert result.series.study_date == date(2026, 5, 4)
    assert result.series.study_description == "CT Thorax"
    assert (result.series.model, result.series.body_part, result.series.lossy) == ("Scanner 64", "CHEST", True)


def test_padding_of_the_patient_identifier_does_not_count(paths):
    """Given one image whose identifier carries more padding, then the series is whole."""
    edit(paths[7], PatientID="PAT-1 ")

    assert isinstance(assembled(paths), CtVolume)
