"""Mirrors cds/study.py: under which key the patients of a sweep are screened."""

from datetime import date

import pytest

from cds.ct.patient import ArchivedPatient, PatientIdentity, PatientKey
from cds.study import ArchiveIdentity, ListedStudy

DAY = date(2026, 1, 5)


def whose(patient_id="PAT-1", issuer=None, *, archive_issuer: str | None = "HOSPITAL"):
    """The identity that a study gets."""
    study = ListedStudy("1.2.3", DAY, ArchivedPatient(patient_id, issuer, date(1950, 1, 2), "female"))
    return ArchiveIdentity("north", archive_issuer).of(study)


def test_the_key_is_that_of_orders_from_hooks():
    """Tenant and issuer of the site, identifier without padding; birth date and sex as the archive has them."""
    assert whose(" PAT-1 ") == PatientIdentity(PatientKey("north", "PAT-1", "HOSPITAL"), date(1950, 1, 2), "female")
    assert whose(issuer=" HOSPITAL ").key.issuer == "HOSPITAL"


def test_another_issuer_is_another_patient():
    """A study that names another issuer than the site's is left out."""
    assert whose(issuer="ELSEWHERE") is None


def test_a_declared_single_issuer_has_no_issuer_in_the_key():
    """As `OSTEOCDS_ARCHIVE_SINGLE_ISSUER` says; whatever issuer the images name."""
    assert whose(issuer="ANY", archive_issuer=None).key == PatientKey("north", "PAT-1", None)


@pytest.mark.parametrize("patient_id", ["", "  ", "*", "PAT-?", "A\\B", "x" * 65])
def test_identifiers_that_could_match_several_patients_are_left_out(patient_id):
    """The same rule as for orders."""
    assert whose(patient_id) is None
