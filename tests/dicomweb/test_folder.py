"""A folder as an archive, beyond the contract that all archives keep."""

import hashlib
import os
import shutil
import stat

import numpy as np
import pytest

from cds.dicomweb import folder as folder_module
from cds.dicomweb.folder import FolderArchive
from cds.errors import ArchiveUnavailable, StudyVanished
from tests.support.dicom_builder import (
    a_patient,
    a_series,
    a_volume,
    an_identity,
    another_series,
    cut,
    edit,
    written,
)


def reasons(archive):
    """Why the only series of an archive is refused."""
    return [reason.text for reason in archive.retrieve(archive.scan().series[0]).reasons]


def state_of(folder):
    """Everything about a folder that could change: names, contents, times, modes."""
    return {
        path.relative_to(folder): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
    }


def test_the_folder_stays_as_it_was(tmp_path):
    """Given a read-only folder, when it is scanned, searched and retrieved from, then not a byte or time changes."""
    paths = written(tmp_path / "images")
    cut(paths[0])
    shutil.copy(paths[1], tmp_path / "images" / "copy")
    for path in tmp_path.rglob("*"):
        path.chmod(stat.S_IRUSR | (stat.S_IXUSR if path.is_dir() else 0))
    before = state_of(tmp_path)
    archive = FolderArchive(tmp_path)
    for series in archive.find_series(an_identity()):
        archive.retrieve(series)
    archive.standing(a_series().study_uid, a_series().series_uid, an_identity())
    archive.close()

    assert state_of(tmp_path) == before
    (tmp_path / "images").chmod(stat.S_IRWXU)


def test_a_folder_without_any_ct_says_nothing_about_a_study(tmp_path):
    """It is perhaps not mounted: nothing may be withdrawn because of that."""
    (tmp_path / "notes.txt").write_text("not DICOM")

    with pytest.raises(ArchiveUnavailable, match="is it mounted"):
        FolderArchive(tmp_path).standing(a_series().study_uid, a_series().series_uid, an_identity())


def test_a_truncated_file_is_named_in_the_refusal(tmp_path):
    """Given one file cut short, then the series is not assessable and the file is named."""
    paths = written(tmp_path)
    cut(paths[4])

    assert reasons(FolderArchive(tmp_path)) == ["1 image file(s) are cut short: IM0005.dcm."]


def test_a_duplicated_file_changes_nothing(tmp_path):
    """Given one file twice, then the volume is the same."""
    paths = written(tmp_path)
    shutil.copy(paths[4], tmp_path / "again.dcm")
    archive = FolderArchive(tmp_path)

    np.testing.assert_array_equal(archive.retrieve(archive.scan().series[0]).hu, a_volume().hu)


def test_a_copy_with_the_same_pixels_changes_nothing(tmp_path):
    """Given a copy of which only the window was changed, then the volume is the same."""
    paths = written(tmp_path)
    shutil.copy(paths[4], tmp_path / "again.dcm")
    edit(tmp_path / "again.dcm", WindowCenter=40)
    archive = FolderArchive(tmp_path)

    np.testing.assert_array_equal(archive.retrieve(archive.scan().series[0]).hu, a_volume().hu)


def test_a_copy_with_other_pixels_is_refused(tmp_path):
    """Given two files with one identifier and place but different pixels, then that is the reason."""
    paths = written(tmp_path)
    shutil.copy(paths[4], tmp_path / "again.dcm")
    edit(tmp_path / "again.dcm", PixelData=paths[5].read_bytes()[-2880:])

    assert reasons(FolderArchive(tmp_path)) == [
        "1 slice position(s) occur more than once, the first at -400.0 mm, with different pixels."
    ]


def test_an_image_of_somebody_else_in_the_series_is_refused(tmp_path):
    """Given a series in which one image names another patient, then neither patient gets it."""
    paths = written(tmp_path)
    edit(paths[4], PatientID="PAT-2")
    archive = FolderArchive(tmp_path)

    for patient in ("PAT-1", "PAT-2"):
        (found,) = archive.find_series(an_identity(patient))
        assert [reason.code for reason in archive.retrieve(found).reasons] == ["patient-mismatch"]


def test_one_folder_may_hold_many_patients(tmp_path):
    """Given three patients, then each finds their own."""
    for number in range(3):
        series = another_series(str(number), patient=a_patient(f"PAT-{number}"))
        written(tmp_path / str(number), series)
    archive = FolderArchive(tmp_path)

    for number in range(3):
        (found,) = archive.find_series(an_identity(f"PAT-{number}"))
        assert found.patient.patient_id == f"PAT-{number}"


def test_what_is_refused_by_its_headers_is_never_decoded(tmp_path, monkeypatch):
    """Given a series with a gap, then no image is opened again for its pixels."""
    paths = written(tmp_path)
    paths[4].unlink()
    archive = FolderArchive(tmp_path)
    (found,) = archive.scan().series
    monkeypatch.setattr(folder_module, "dcmread", None)

    assert archive.retrieve(found).reasons[0].code == "slices-missing"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"PatientBirthDate": "19900101"}, "patient-mismatch"), ({"GantryDetectorTilt": 12}, "gantry-tilt")],
    ids=str,
)
def test_one_image_that_its_header_refuses_spares_the_decoding(tmp_path, monkeypatch, changes, code):
    """Given one image whose header speaks against it, then no image is opened again for its pixels."""
    edit(written(tmp_path)[7], **changes)
    archive = FolderArchive(tmp_path)
    (found,) = archive.scan().series
    monkeypatch.setattr(folder_module, "dcmread", None)

    assert archive.retrieve(found).reasons[0].code == code


def test_only_new_and_changed_files_are_read_again(tmp_path, monkeypatch):
    """Given a folder asked twice, then the second time only what changed is read."""
    paths = written(tmp_path)
    archive = FolderArchive(tmp_path)
    archive.scan()
    read = []
    original = folder_module.read_header
    monkeypatch.setattr(folder_module, "read_header", lambda *file: read.append(file[1]) or original(*file))
    edit(paths[2], StudyDescription="CT Thorax")
    os.utime(paths[2], ns=(1, 1))
    shutil.copy(paths[3], tmp_path / "new")
    paths[5].unlink()
    scan = archive.scan()

    assert read == ["IM0003.dcm", "new"]
    assert scan.series[0].instance_count == 11


def test_a_file_that_vanishes_while_it_is_read_is_told(tmp_path, monkeypatch):
    """Given a file removed between listing and reading, then the study vanished, and no part of it is returned."""
    written(tmp_path)
    archive = FolderArchive(tmp_path)
    (found,) = archive.scan().series

    def gone(*_arguments, **_options):
        raise FileNotFoundError

    monkeypatch.setattr(folder_module, "dcmread", gone)

    with pytest.raises(StudyVanished):
        archive.retrieve(found)


def test_a_folder_that_goes_away_is_an_archive_that_is_away(tmp_path):
    """Given an archive folder that was unmounted, then it is unavailable, not empty."""
    archive = FolderArchive(tmp_path / "unmounted")

    with pytest.raises(ArchiveUnavailable, match="not available"):
        archive.find_series(an_identity())


def test_progress_of_a_scan_rises_to_one(tmp_path):
    """Given a listener, then the share of files looked at is told."""
    written(tmp_path)
    told = []
    FolderArchive(tmp_path).scan(lambda _what, fraction: told.append(fraction))

    assert told == [(number + 1) / 12 for number in range(12)]
