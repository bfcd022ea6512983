"""A volume on disk."""

import numpy as np
import pytest
from pydicom import dcmread

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.writing import uid_from, write_series
from tests.support.dicom_builder import a_series, a_volume

BARE = CtSeries(study_uid="", series_uid="", patient=ArchivedPatient("PAT-1"), modality="CT")


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    """Given a volume without identifiers, then the same seed gives the same files, and another seed others."""
    volume = a_volume(BARE)
    one = [path.read_bytes() for path in write_series(tmp_path / "one", volume, seed="a")]
    again = [path.read_bytes() for path in write_series(tmp_path / "again", volume, seed="a")]
    other = [path.read_bytes() for path in write_series(tmp_path / "other", volume, seed="b")]

    assert one == again
    assert all(ours != theirs for ours, theirs in zip(one, other, strict=True))


def test_every_image_has_the_attributes_that_a_ct_image_needs(tmp_path):
    """Given the barest series, then every type 1 and 2 attribute of the CT image (PS3.3 A.3) is there."""
    dataset = dcmread(write_series(tmp_path, a_volume(BARE))[3])

    for keyword in (
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
        *("StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
        *("Modality", "SeriesInstanceUID", "SeriesNumber", "PatientPosition", "FrameOfReferenceUID"),
        *("PositionReferenceIndicator", "Manufacturer", "PixelSpacing", "ImageOrientationPatient"),
        *("ImagePositionPatient", "SliceThickness", "SamplesPerPixel", "PhotometricInterpretation", "Rows"),
        *("Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "ImageType"),
        *("RescaleIntercept", "RescaleSlope", "KVP", "AcquisitionNumber", "SOPClassUID", "SOPInstanceUID"),
        "InstanceNumber",
    ):
        assert keyword in dataset, keyword
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert dataset.SOPInstanceUID.is_valid


def test_identifiers_of_the_images_differ(tmp_path):
    """Given twelve slices, then there are twelve instance identifiers in one series, in slice order."""
    datasets = [dcmread(path) for path in write_series(tmp_path, a_volume(BARE))]

    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 12
    assert len({dataset.SeriesInstanceUID for dataset in datasets}) == 1
    assert [dataset.InstanceNumber for dataset in datasets] == list(range(1, 13))


def test_a_turned_grid_survives(tmp_path):
    """Given a grid rotated in its plane, of unround spacing, then voxels and affine come back."""
    turn = np.deg2rad(31)
    affine = np.eye(4)
    affine[:3, 0] = [0, 0, 1.2345678]
    affine[:3, 1] = np.array([-np.sin(turn), np.cos(turn), 0]) * 0.7071068
    affine[:3, 2] = np.array([np.cos(turn), np.sin(turn), 0]) * 0.9765625
    affine[:3, 3] = [-200.123456, 33.3, -1234.5]
    volume = CtVolume(a_volume().hu.copy(), affine, a_series(slice_thickness_mm=None))
    write_series(tmp_path, volume)
    archive = FolderArchive(tmp_path)
    back = archive.retrieve(archive.scan().series[0])

    np.testing.assert_array_equal(back.hu, volume.hu)
    np.testing.assert_allclose(back.affine_lps, affine, atol=1e-5)


def test_a_stack_from_head_to_feet_comes_back_from_feet_to_head(tmp_path):
    """Given slices in descending order, then every voxel is found at the same place again."""
    affine = a_volume().affine_lps.copy()
    affine[2, 0] = -2.5
    write_series(tmp_path, CtVolume(a_volume().hu.copy(), affine, a_series()))
    archive = FolderArchive(tmp_path)
    back = archive.retrieve(archive.scan().series[0])

    np.testing.assert_array_equal(back.hu, a_volume().hu[::-1])
    np.testing.assert_allclose(back.affine_lps @ [11, 0, 0, 1], affine @ [0, 0, 0, 1])


def test_a_skewed_image_plane_is_refused(tmp_path):
    """Given rows and columns that are not at right angles, then DICOM cannot say it, and nothing is written wrong."""
    affine = a_volume().affine_lps.copy()
    affine[0, 1] = 0.3

    with pytest.raises(ValueError, match="not orthogonal"):
        write_series(tmp_path, CtVolume(a_volume().hu.copy(), affine, a_series()))


def test_a_made_up_uid_is_valid_and_repeatable():
    """Given any parts, then the UID is valid, the same for the same parts, and different for others."""
    assert uid_from("a", "b").is_valid
    assert uid_from("a", "b") == uid_from("a", "b")
    assert uid_from("a", "b") != uid_from("ab")
