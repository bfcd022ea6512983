"""What a folder is said to hold."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless

from cds.dicomweb.folder import scan_folder
from cds.dicomweb.writing import write_series
from cds.errors import InputUnusable, NoCtFound, TwoPatients
from tests.support.dicom_builder import (
    a_patient,
    a_series,
    a_volume,
    an_mr_series,
    another_series,
    cut,
    edit,
    edit_all,
    written,
)
from tests.support.dicom_fuzz import deflated_bomb


def findings(folder):
    """What was found besides good images."""
    return [(finding.what, finding.name) for finding in scan_folder(folder).findings]


def why_unusable(folder):
    """The sentence with which a folder is refused."""
    with pytest.raises(InputUnusable) as refused:
        scan_folder(folder).only_patient()
    return str(refused.value)


def test_a_good_folder_is_one_series_of_one_patient(tmp_path):
    """Given twelve images, then they are one series of one patient and nothing else is said."""
    written(tmp_path)
    scan = scan_folder(tmp_path)

    assert [series.series_uid for series in scan.series] == [a_series().series_uid]
    assert scan.series[0].instance_count == 12
    assert scan.only_patient() == a_patient()
    assert scan.findings == ()


def test_a_series_is_of_the_patient_that_all_its_images_tell(tmp_path):
    """Given a first image without birth date and another without sex, then the series has both."""
    paths = written(tmp_path)
    edit(paths[0], PatientBirthDate="")
    edit(paths[1], PatientSex="")

    assert scan_folder(tmp_path).series[0].patient == a_patient()


def test_names_and_depth_of_files_do_not_matter(tmp_path):
    """Given files without extension, with spaces, '#' and '%' in paths, at any depth, then all are read."""
    for number, path in enumerate(written(tmp_path / "flat")):
        place = tmp_path / f"a #{number % 3} 100% folder" / ("deep" * (number % 2)) / f"IM {number}"
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)

    assert scan_folder(tmp_path).series[0].instance_count == 12
    assert findings(tmp_path) == []


def test_a_link_is_followed_and_a_loop_is_not(tmp_path):
    """Given a link to the images, one to the folder itself and one to nowhere, then each image counts once."""
    written(tmp_path / "elsewhere")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "images").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "broken").symlink_to(tmp_path / "nowhere")

    assert scan_folder(folder).series[0].instance_count == 12
    assert findings(folder) == []


def test_a_dicomdir_is_no_image(tmp_path):
    """Given a DICOMDIR beside the images, then it is passed over."""
    written(tmp_path)
    (tmp_path / "DICOMDIR").write_bytes(b"\x00" * 128 + b"DICM" + b"\x00" * 50)

    assert findings(tmp_path) == []


def test_foreign_files_are_named(tmp_path):
    """Given a text file, an empty file and an MR image among the CT, then each is named and none is used."""
    written(tmp_path)
    (tmp_path / "notes.txt").write_text("patient was moving")
    (tmp_path / "empty").touch()
    an_mr_series(tmp_path / "mr", 1)

    assert findings(tmp_path) == [
        ("not-dicom", "empty"),
        ("other-dicom", "mr/IM0001.dcm"),
        ("not-dicom", "notes.txt"),
    ]
    assert len(scan_folder(tmp_path).series) == 1


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95, 0.9999])
def test_a_truncated_file_is_named(tmp_path, keep):
    """Given one file cut within its header, its pixels, or by its last byte, then it is named."""
    paths = written(tmp_path)
    cut(paths[4], keep)
    scan = scan_folder(tmp_path)

    assert [(finding.what, finding.text) for finding in scan.findings] == [("cut-short", "IM0005.dcm is cut short")]
    assert scan.contents[0].cut_short == ("IM0005.dcm",)


def test_a_file_cut_before_it_names_its_series_counts_for_those_beside_it(tmp_path):
    """Given a file of 200 bytes, and an empty .dcm, then the series of their folder lack them."""
    paths = written(tmp_path / "one")
    written(tmp_path / "two", another_series("two"))
    paths[4].write_bytes(paths[4].read_bytes()[:200])
    paths[5].write_bytes(b"")
    scan = scan_folder(tmp_path)

    assert [len(content.cut_short) for content in scan.contents] == [2, 0]


@pytest.mark.parametrize("transfer_syntax", [JPEG2000Lossless, DeflatedExplicitVRLittleEndian])
def test_a_truncated_compressed_file_is_named(tmp_path, transfer_syntax):
    """Given a compressed file cut short, then it is named without decoding it."""
    paths = list(write_series(tmp_path, a_volume(), transfer_syntax=transfer_syntax))
    cut(paths[4], 0.9)

    assert findings(tmp_path) == [("cut-short", "IM0005.dcm")]


def test_a_truncated_copy_never_takes_the_place_of_a_good_image(tmp_path):
    """Given a good image and a truncated copy of it, whichever comes first, then the good one is used."""
    paths = written(tmp_path)
    for name in ("A copy.dcm", "Z copy.dcm"):
        shutil.copy(paths[4], tmp_path / name)
        cut(tmp_path / name)
    scan = scan_folder(tmp_path)

    assert [finding.text for finding in scan.findings] == [
        "A copy.dcm is cut short; its complete copy is used",
        "Z copy.dcm is cut short; its complete copy is used",
    ]
    assert scan.contents[0].cut_short == ()
    assert len(scan.contents[0].files) == 12


def test_an_identical_copy_is_named_and_counts_once(tmp_path):
    """Given one file twice, then the copy is named and left out."""
    paths = written(tmp_path)
    shutil.copy(paths[4], tmp_path / "IM0005 (1).dcm")
    scan = scan_folder(tmp_path)

    assert [finding.text for finding in scan.findings] == ["IM0005.dcm is a copy of IM0005 (1).dcm"]
    assert scan.series[0].instance_count == 12


def test_a_copy_that_differs_is_named_and_left_to_assembly(tmp_path):
    """Given another file with the same identifier, then both stay, so that assembly can compare their pixels."""
    paths = written(tmp_path)
    shutil.copy(paths[4], tmp_path / "other.dcm")
    edit(tmp_path / "other.dcm", WindowCenter=40)
    scan = scan_folder(tmp_path)

    assert [finding.what for finding in scan.findings] == ["conflicting-duplicate"]
    assert len(scan.contents[0].files) == 13


def test_images_that_lost_their_identifiers_still_make_a_series(tmp_path):
    """Given images with empty study, series and instance UIDs, then they are one series with made-up UIDs."""
    paths = written(tmp_path)

    def empty(dataset):
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "PatientID"):
            setattr(dataset, keyword, "")

    for path in paths:
        edit(path, empty)
    scan = scan_folder(tmp_path)

    assert scan.series[0].instance_count == 12
    assert scan.series[0].series_uid.startswith("2.25.")
    assert scan.series[0].study_uid.startswith("2.25.")
    assert scan_folder(tmp_path).series == scan.series


def test_a_file_without_preamble_is_read(tmp_path):
    """Given datasets without file meta information, as old systems wrote them, then they are read."""
    for path in written(tmp_path):
        dataset = dcmread(path)
        del dataset.file_meta
        dcmwrite(path, dataset, implicit_vr=True, little_endian=True, enforce_file_format=False)

    assert scan_folder(tmp_path).series[0].instance_count == 12


def test_a_scan_of_one_file_is_a_scan_of_that_file(tmp_path):
    """Given the path of an image instead of its folder, then that image is told about."""
    paths = written(tmp_path)

    assert scan_folder(paths[0]).series[0].instance_count == 1


def test_what_may_not_be_read_is_named(tmp_path, monkeypatch):
    """Given a file and a folder without permission, then both are named."""
    written(tmp_path)
    (tmp_path / "closed").mkdir()
    scandir, opened = os.scandir, Path.open

    def refuse(original, forbidden):
        def attempt(path, *arguments):
            if Path(path).name == forbidden:
                raise PermissionError
            return original(path, *arguments)

        return attempt

    monkeypatch.setattr(os, "scandir", refuse(scandir, "closed"))
    monkeypatch.setattr(Path, "open", refuse(opened, "IM0001.dcm"))

    assert findings(tmp_path) == [("unreadable", "IM0001.dcm"), ("unreadable", "closed")]


def test_two_patients_are_refused(tmp_path):
    """Given images of two patients, then their number is told, and nothing about them."""
    written(tmp_path / "one")
    written(tmp_path / "two", another_series("two", patient=a_patient("PAT-2")))
    with pytest.raises(TwoPatients) as refused:
        scan_folder(tmp_path).only_patient()

    assert "holds images of 2 patients" in str(refused.value)
    assert "PAT" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientID": "PAT-2"},
        {"PatientBirthDate": "19500302"},
        {"PatientSex": "M"},
        {"IssuerOfPatientID": "SOUTH"},
    ],
    ids=str,
)
def test_one_image_of_another_patient_makes_two(tmp_path, changes):
    """Given one image that contradicts the others about the patient, then there are two."""
    paths = written(tmp_path, a_series(patient=a_patient(issuer="NORTH")))
    edit(paths[3], **changes)

    with pytest.raises(TwoPatients):
        scan_folder(tmp_path).only_patient()


def test_without_identifiers_names_tell_patients_apart(tmp_path):
    """Given images without PatientID but with two names, then there are two patients."""
    paths = written(tmp_path, a_series(patient=a_patient("")))
    edit_all(paths[:6], PatientName="One")
    edit_all(paths[6:], PatientName="Two")

    with pytest.raises(TwoPatients):
        scan_folder(tmp_path).only_patient()


def test_an_issuer_that_only_some_images_name_makes_no_second_patient(tmp_path):
    """Given images of which half name the issuer, then they belong to one patient."""
    paths = written(tmp_path)
    edit_all(paths[:6], IssuerOfPatientID="NORTH")

    assert scan_folder(tmp_path).only_patient().patient_id == "PAT-1"


def test_a_missing_folder_is_said_to_be_missing(tmp_path):
    """Given a path that does not exist, then that is said."""
    with pytest.raises(NoCtFound, match="nowhere cannot be read: No such file or directory"):
        scan_folder(tmp_path / "nowhere")


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    """Given an empty folder, then that is said."""
    assert why_unusable(tmp_path) == f"{tmp_path} holds no files"


def test_a_text_file_is_said_not_to_be_dicom(tmp_path):
    """Given a folder with a text file alone, or the file itself, then it is named."""
    (tmp_path / "report.txt").write_text("normal")
    expected = "holds no DICOM file; looked at 1, the first: report.txt"

    assert why_unusable(tmp_path) == f"{tmp_path} {expected}"
    assert why_unusable(tmp_path / "report.txt") == f"{tmp_path / 'report.txt'} {expected}"


def test_an_mr_series_is_said_to_be_mr(tmp_path):
    """Given MR images alone, then they are counted."""
    an_mr_series(tmp_path)

    assert why_unusable(tmp_path) == f"{tmp_path} holds no CT image; the DICOM files in it are: 3 MR"


def test_a_folder_that_may_not_be_read_is_said_to_be_unreadable(tmp_path, monkeypatch):
    """Given files without permission alone, then the first is named."""
    written(tmp_path)

    def refuse(*_arguments):
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)

    assert why_unusable(tmp_path) == f"{tmp_path} holds no file that can be read: IM0001.dcm cannot be read"


def test_ct_objects_without_an_image_are_no_damage(tmp_path):
    """Given raw data of a CT, which have no pixels, then they are another kind of DICOM file."""
    paths = written(tmp_path)

    def empty(dataset):
        for keyword in ("Rows", "Columns", "PixelData"):
            delattr(dataset, keyword)

    edit(paths[0], empty, SOPClassUID="1.2.840.10008.5.1.4.1.1.66")

    assert findings(tmp_path) == [("other-dicom", "IM0001.dcm")]


def test_an_image_without_pixels_is_cut_short(tmp_path):
    """Given a CT image whose file ends before the pixels, then it is cut short."""
    paths = written(tmp_path)
    edit(paths[0], PixelData=None)

    assert findings(tmp_path) == [("cut-short", "IM0001.dcm")]


def test_a_series_with_every_file_cut_short_is_still_found(tmp_path):
    """Given a series of which no image is complete, then it is told about, and why it cannot be used."""
    for path in written(tmp_path):
        cut(path, 0.9)
    scan = scan_folder(tmp_path)

    assert scan.only_patient() == a_patient()
    assert len(scan.contents[0].cut_short) == 12


def test_a_folder_of_damaged_files_is_said_to_be_damaged(tmp_path):
    """Given nothing but files cut before they name their series, then the first is named."""
    for path in written(tmp_path):
        path.write_bytes(path.read_bytes()[:300])

    assert why_unusable(tmp_path) == f"{tmp_path} holds no readable CT image: IM0001.dcm is cut short"


def test_a_deflated_file_that_would_fill_the_memory_is_named(tmp_path):
    """Given ten gigabytes of zeros, deflated to ten megabytes, then they are not inflated."""
    (path, *_) = written(tmp_path)
    path.write_bytes(deflated_bomb(path.read_bytes()))

    assert findings(tmp_path) == [("cut-short", path.name)]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """One image, and its bytes."""
    return written(tmp_path_factory.mktemp("one"))[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_no_damage_makes_a_scan_fail(tmp_path, image, data):
    """Given an image with bytes overwritten and its end cut off anywhere, then the folder is still told about."""
    damaged = np.frombuffer(image.read_bytes(), np.uint8).copy()
    header = 1200
    for _ in range(data.draw(st.integers(0, 20))):
        damaged[data.draw(st.integers(0, header))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))].tobytes())
    scan = scan_folder(tmp_path)

    assert len(scan.contents) + len(scan.findings) >= 1
