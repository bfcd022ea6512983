"""Mirrors cds/doctor/variables.py."""

import pytest

from cds.doctor.variables import check_variables
from cds.settings import Settings

EVERY_SETTING = [f"OSTEOCDS_{name.upper()}" for name in Settings.model_fields]


def test_settings_and_what_is_not_ours_are_well():
    """In either case: settings are read so."""
    assert check_variables([*EVERY_SETTING, "PATH", "osteocds_port", "OSTEOCDS_VERSION"]).state == "ok"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OSTEOCDS_PROT", " (OSTEOCDS_PORT is meant?)"),
        ("OSTEOCDS_KEEP_AUDIT_DAY", " (OSTEOCDS_KEEP_AUDIT_DAYS is meant?)"),
        ("OSTEOCDS_CLIENT_CLOCK_LEEWAY", " (OSTEOCDS_CLIENT_CLOCK_LEEWAY_S is meant?)"),
        ("OSTEOCDS_XQZW", ""),
    ],
)
def test_a_name_that_is_no_setting_is_told_with_the_nearest_one(name, meant):
    """It changes nothing, so nothing else would tell."""
    found = check_variables([*EVERY_SETTING, name])

    assert found.state == "warning"
    assert found.found == f"no such setting, not read: {name}{meant}"
