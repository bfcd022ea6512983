"""The folder of coefficient files: read whole or not at all."""

from datetime import date

import pytest

from cds.cli.configuration import read_settings
from cds.errors import SettingsInvalid
from cds.inference.calibration_folder import ScannerCalibrations, read_calibrations, site_calibrator
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.generation import current_generation
from cds.storage.tables import results
from tests.support.coefficient_files import FILTRATION, TODAY, document, on_disk

OLD = {"measured": "2024-03-01", "valid_from": "2024-01-01", "valid_until": "2025-03-01"}


def read(folder):
    """All that is on file."""
    return read_calibrations(folder, TODAY)


def test_files_of_all_kinds_are_read(tmp_path):
    """What a physicist keeps beside them is left alone."""
    folder = on_disk(tmp_path / "on-file", ct1=document(), light=document(FILTRATION))
    (folder / "rods.csv").write_text("kept\n", encoding="utf-8")
    (folder / "README.md").write_text("kept\n", encoding="utf-8")
    (folder / ".hidden").write_text("kept\n", encoding="utf-8")
    found = read(folder)

    assert [each.on_file.name for each in (*found.sites, *found.documented)] == ["ct1.json", "light.json"]


def test_without_a_folder_no_scanner_is_known(tmp_path):
    """Nothing set and an empty folder are the same, and calibrate as before."""
    (tmp_path / "empty").mkdir()

    assert read(None) == read(tmp_path / "empty") == ScannerCalibrations()
    assert site_calibrator(None).version == PhysicsCalibrator().version


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"ct1": document(slope_facter=1.0)}, "ct1.json: unknown key slope_facter"),
        ({"ct1": "{"}, "ct1.json: is no JSON"),
        ({"a": document(), "b": document(phantom="Other")}, "a.json and b.json were measured on the same day"),
        ({"a": document(FILTRATION), "b": document(FILTRATION)}, "a.json and b.json document the same scanner"),
    ],
)
def test_a_broken_file_stops_the_start(tmp_path, monkeypatch, files, sentence):
    """Setting, file and fault are named when settings are read, before any work."""
    folder = on_disk(tmp_path / "on-file", **files)
    monkeypatch.setenv("OSTEOCDS_CALIBRATION_DIR", str(folder))

    with pytest.raises(SettingsInvalid, match=f"OSTEOCDS_CALIBRATION_DIR.*{sentence}"):
        read_settings()


def test_a_file_under_another_name_is_not_passed_over(tmp_path):
    """A typo in the ending would silence it."""
    folder = on_disk(tmp_path / "on-file")
    (folder / "ct1.jsn").write_text(document(), encoding="utf-8")

    with pytest.raises(SettingsInvalid, match=r"ct1.jsn is no coefficient file: their names end in .json"):
        read(folder)


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path, kind):
    """A typo in the setting is not an empty folder."""
    path = tmp_path / "there"
    if kind == "file":
        path.write_text("", encoding="utf-8")

    with pytest.raises(SettingsInvalid, match="is no folder"):
        read(path)


def test_text_in_another_encoding_is_refused(tmp_path):
    """Named like every other fault."""
    folder = on_disk(tmp_path / "on-file")
    (folder / "ct1.json").write_bytes(b"\xff\xfe{")

    with pytest.raises(SettingsInvalid, match="UTF-8"):
        read(folder)


def test_expired_files_are_reported(tmp_path):
    """By name and day; those that hold are not."""
    found = read(on_disk(tmp_path / "on-file", ct1=document(), old=document(**OLD)))

    assert found.expired(TODAY) == (
        "old.json expired on 2025-03-01: later scans of this scanner count as not calibrated",
    )
    assert found.expired(date(2025, 3, 1)) == ()


def test_results_are_measured_again_when_a_file_changes(tmp_path):
    """The generation names what is on file, and still fits its column."""
    folder = on_disk(tmp_path / "on-file", ct1=document())
    before = current_generation(None, calibration_dir=folder).name
    on_disk(folder, ct1=document(slope_factor=0.96))
    after = current_generation(None, "mesa-chinese-american", calibration_dir=folder).name

    assert len({current_generation(None).name, before, after}) == 3
    assert site_calibrator(folder).version in after
    assert len(after) <= results.c.generation.type.length
