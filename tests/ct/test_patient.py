from datetime import date

import pytest

from cds.ct.patient import (
    ArchivedPatient,
    IdentifierRefused,
    PatientIdentity,
    PatientKey,
    carries,
    check_patient,
    contradict,
    merged,
)
from tests.support.dicom_builder import a_patient, an_identity


@pytest.mark.parametrize("text", ["", "  ", "A*", "A?", "A\\B", "A\nB", "A\x7f", "A" * 65])
@pytest.mark.parametrize("what", ["patient_id", "issuer"])
def test_what_could_match_several_patients_is_no_key(text, what):
    """Given an empty, wildcard, control or overlong identifier or issuer, then there is no key."""
    with pytest.raises(IdentifierRefused):
        PatientKey(**({"tenant": "t", "patient_id": "A", "issuer": "I"} | {what: text}))


def test_ordinary_identifiers_make_a_key():
    """Given identifiers with spaces, slashes and 64 characters, then they are accepted."""
    for text in ("A B", "1234/56", "0012", "x" * 64):
        assert PatientKey("t", text).issuer is None


@pytest.mark.parametrize(
    ("expected", "found", "verdict"),
    [
        (an_identity(), a_patient(), "matched"),
        (an_identity(), a_patient("PAT-1 "), "matched"),
        (an_identity(), a_patient(sex=None), "matched"),
        (an_identity(), a_patient(birth_date=None), "matched"),
        (an_identity(), ArchivedPatient("PAT-1"), "unverified"),
        (PatientIdentity(PatientKey("t", "PAT-1")), a_patient(), "unverified"),
        (an_identity("PAT-2"), a_patient(), "mismatch"),
        (an_identity("pat-1"), a_patient(), "mismatch"),
        (an_identity(), a_patient(birth_date=date(1950, 3, 2)), "mismatch"),
        (an_identity(), a_patient(sex="male"), "mismatch"),
        (an_identity(issuer="NORTH"), a_patient(issuer="NORTH "), "matched"),
        (an_identity(issuer="NORTH"), a_patient(issuer="SOUTH"), "mismatch"),
        (an_identity(issuer="NORTH"), a_patient(), "mismatch"),
        (an_identity(), a_patient(issuer="NORTH"), "matched"),
    ],
)
def test_images_match_their_patient_alone(expected, found, verdict):
    """Given the order's patient and the images' patient, then one contradiction outweighs all that agrees."""
    assert verdict == check_patient(expected, found)


BARE = ArchivedPatient("PAT-1")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (an_identity(), a_patient(), False),
        (an_identity(), BARE, False),
        (an_identity(birth_date=None), a_patient(birth_date=date(1990, 1, 1)), False),
        (an_identity(), a_patient(birth_date=date(1990, 1, 1)), True),
        (an_identity(), an_identity(sex="male"), True),
        (a_patient(birth_date=None), a_patient(sex="male"), True),
    ],
)
def test_people_contradict_where_both_say_something_else(one, other, expected):
    """Given two people, from chart or images, then they contradict in what both have, either way round."""
    assert contradict(one, other) is contradict(other, one) is expected


def test_images_that_agree_make_one_patient_with_all_their_facts():
    """Given images that each tell a part, then together they tell all of it, whatever their order."""
    told = [
        BARE,
        ArchivedPatient("PAT-1 ", issuer="NORTH "),
        ArchivedPatient("PAT-1", birth_date=date(1950, 3, 1)),
        ArchivedPatient("PAT-1", sex="female"),
    ]

    assert merged(*told) == merged(*told[::-1]) == a_patient(issuer="NORTH")
    assert merged(BARE) == BARE


@pytest.mark.parametrize(
    "other",
    [
        a_patient("PAT-2"),
        a_patient("pat-1"),
        a_patient(""),
        a_patient(issuer="SOUTH"),
        a_patient(birth_date=date(1990, 1, 1)),
        a_patient(sex="male"),
    ],
)
def test_images_of_two_people_make_no_patient(other):
    """Given one image that contradicts another, then there is none, even with a bare one before and between."""
    assert merged(BARE, a_patient(issuer="NORTH"), BARE, other) is None


@pytest.mark.parametrize(
    ("found", "issuer", "expected"),
    [
        (a_patient("PAT-1 "), None, True),
        (a_patient(issuer="NORTH"), None, True),
        (a_patient(issuer="NORTH "), "NORTH", True),
        (a_patient(), "NORTH", False),
        (a_patient(issuer="SOUTH"), "NORTH", False),
        (a_patient("PAT-10"), None, False),
        (a_patient(""), None, False),
    ],
)
def test_images_carry_a_key_exactly_or_not_at_all(found, issuer, expected):
    """Given images and a key, then padding alone is forgiven, and a key's issuer must be there."""
    assert carries(found, PatientKey("t", "PAT-1", issuer)) is expected
