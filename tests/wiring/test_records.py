"""Mirrors cds/wiring/records.py: a database that cannot be used is told with its setting."""

import pytest

from cds.cli.service_process import free_loopback_port
from cds.errors import RecordsUnavailable
from cds.wiring.records import prepare_databases
from tests.support.hook_site import some_settings

PASSWORD = "correct-horse-battery"


@pytest.mark.parametrize("setting", ["database_url", "queue_database_url"])
def test_a_database_that_is_away_names_its_setting_and_keeps_the_password(tmp_path, setting):
    """Before anything was made."""
    url = f"postgresql://osteocds:{PASSWORD}@127.0.0.1:{free_loopback_port()}/osteocds"
    with pytest.raises(RecordsUnavailable, match=f"OSTEOCDS_{setting.upper()}") as refusal:
        prepare_databases(some_settings(data_dir=tmp_path / "data", **{setting: url}))

    assert PASSWORD not in str(refusal.value)
    assert not (tmp_path / "data").exists()
