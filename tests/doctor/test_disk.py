"""Mirrors cds/doctor/disk.py."""

import pytest

from cds.doctor.disk import GIB, check_disk, check_export_folder, free_bytes
from tests.support.hook_site import some_settings


@pytest.mark.parametrize(("gib", "state"), [(0.2, "failed"), (2, "warning"), (50, "ok")])
def test_little_room_is_a_warning_and_too_little_a_failure(tmp_path, gib, state):
    """The advice names the setting; a folder that is not there yet is judged by where it will be."""
    settings = some_settings(data_dir=tmp_path / "not" / "yet")
    found = check_disk(settings, lambda _: int(gib * GIB))

    assert found.state == state
    assert ("OSTEOCDS_DATA_DIR" in found.advice) == (state != "ok")
    assert not settings.data_dir.exists()


def test_the_export_folder_is_judged_by_itself(tmp_path):
    """It may be on a disk of its own."""
    exports = tmp_path / "exports"
    exports.mkdir()
    asked = []

    def free(folder):
        asked.append(folder)
        return 0

    found = check_export_folder(some_settings(data_dir=tmp_path, export_dir=exports), free)

    assert asked == [exports]
    assert "OSTEOCDS_EXPORT_DIR" in found.advice


def test_a_file_where_the_folder_should_be_is_told(tmp_path):
    """Nothing could be written below it."""
    file = tmp_path / "data"
    file.write_text("not a folder")

    assert "is no folder" in check_disk(some_settings(data_dir=file)).found
    assert free_bytes(tmp_path) > 0


def test_a_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch):
    """Root may write anywhere, so the answer of the system is set here."""
    monkeypatch.setattr("os.access", lambda *_: False)

    assert "may not be written" in check_disk(some_settings(data_dir=tmp_path)).found
