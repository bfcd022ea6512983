"""Mirrors cds/doctor/site.py."""

from cds.doctor.site import check_address, check_identity, check_orders
from tests.support.hook_site import some_settings


def test_without_identifier_or_issuer_a_wrong_patient_could_not_be_ruled_out():
    """Each names its setting."""
    assert check_identity(some_settings()).state == "ok"
    assert "OSTEOCDS_IDENTIFIER_SYSTEM" in check_identity(some_settings(identifier_system=None)).advice
    nobodys = some_settings(archive_issuer=None, archive_single_issuer=False)
    assert "OSTEOCDS_ARCHIVE_ISSUER" in check_identity(nobodys).advice


def test_value_sets_that_cannot_be_used_name_their_setting(tmp_path):
    """The shipped ones can."""
    assert check_orders(some_settings()).state == "ok"
    assert "OSTEOCDS_CT_ORDERS_FILE" in check_orders(some_settings(ct_orders_file=tmp_path / "gone")).advice


def test_off_this_machine_the_service_must_know_its_address():
    """It is the audience of tokens."""
    everywhere = {"host": "0.0.0.0"}  # noqa: S104 - the point
    assert check_address(some_settings()).state == "ok"
    assert "OSTEOCDS_PUBLIC_URL" in check_address(some_settings(**everywhere)).advice
    assert check_address(some_settings(**everywhere, public_url="https://cds.example.org")).state == "ok"
