from datetime import date

import pytest

from cds.ct.patient import ArchivedPatient, IdentifierRefused, PatientIdentity, PatientKey, check_patient
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
