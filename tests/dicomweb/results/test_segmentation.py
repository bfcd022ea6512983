"""Mirrors cds/dicomweb/results/segmentation.py; read back by highdicom, which did not write the frames."""

from datetime import timedelta

import numpy as np
import pytest
from highdicom.seg import Segmentation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from cds.ct.volume import CtVolume
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.results.segmentation import segmentation_of
from cds.dicomweb.results.source import source_images
from cds.dicomweb.writing import write_series
from tests.support.dciodvfy import complaints
from tests.support.dicom_builder import SERIES_UID, a_series, a_volume, edit_all, written
from tests.support.image_results import LEVELS, MEASURED_AT, as_file, read_back, regions_in, reported


def measured(folder, seed=0):
    """The CT in a folder, regions in it, and its images."""
    archive = FolderArchive(folder)
    volume = archive.retrieve(archive.scan().series[0])
    regions = regions_in(volume, seed)
    return volume, regions, source_images(archive.headers(SERIES_UID), regions.sop_instance_uids)


def segmentation_in(folder, seed=0, **facts):
    """The segmentation of the CT in a folder, with its regions and that CT."""
    volume, regions, source = measured(folder, seed)
    written_object = segmentation_of(reported(**facts), regions, source)
    return Segmentation.from_dataset(read_back(written_object)), regions, volume


def assert_equal_in_patient(segmentation, regions, volume):
    """Each segment has exactly the points of its region, in LPS millimetres."""
    read = segmentation.get_volume()
    for number, region in enumerate(regions.regions):
        ours = (np.argwhere(region.inside) + region.start) @ volume.affine_lps[:3, :3].T + volume.affine_lps[:3, 3]
        theirs = np.argwhere(read.array[..., number]) @ read.affine[:3, :3].T + read.affine[:3, 3]
        assert sorted(map(tuple, np.round(ours, 2) + 0.0)) == sorted(map(tuple, np.round(theirs, 2) + 0.0))


def assert_equal_in_images(segmentation, regions):
    """Each segment has exactly the pixels of its region in each image."""
    read = segmentation.get_pixels_by_source_instance(regions.sop_instance_uids, ignore_spatial_locations=True)
    for number, region in enumerate(regions.regions):
        expected = np.zeros(regions.shape, bool)
        box = tuple(slice(a, a + n) for a, n in zip(region.start, region.inside.shape, strict=True))
        expected[box] = region.inside
        np.testing.assert_array_equal(read[..., number], expected)


@st.composite
def ways_to_lie(draw):
    """Direction of rows, columns and slices: supine, prone, decubitus, head or feet first, a little tilted."""
    tilt = np.radians(draw(st.sampled_from([0.0, 0.0, 3.0])))
    x, y = np.array([1.0, 0, 0]), np.array([0, np.cos(tilt), np.sin(tilt)])
    rows, columns = draw(st.permutations([x, y]))
    return (
        draw(st.sampled_from([-1, 1])) * rows,
        draw(st.sampled_from([-1, 1])) * columns,
        draw(st.sampled_from([-1, 1])),
    )


@given(ways_to_lie(), st.integers(0, 1000))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_masks_survive_however_the_patient_lies(tmp_path_factory, way, seed):
    """Given any orientation and order of the files, then each segment is its region, in patient and in pixels."""
    along_row, along_column, order = way
    usual = a_volume()
    affine = np.eye(4)
    affine[:3, 0] = order * 2.5 * np.cross(along_row, along_column)
    affine[:3, 1], affine[:3, 2] = 0.75 * along_column, 0.5 * along_row
    affine[:3, 3] = (-20.0, 31.5, -400.0)
    folder = tmp_path_factory.mktemp("ct")
    write_series(folder, CtVolume(usual.hu, affine, usual.series))
    segmentation, regions, volume = segmentation_in(folder, seed)

    assert_equal_in_patient(segmentation, regions, volume)
    assert_equal_in_images(segmentation, regions)


@pytest.mark.parametrize("transfer_syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless], ids=lambda uid: uid.name)
def test_compressed_images_can_be_segmented(tmp_path, transfer_syntax):
    """Given compressed images, then the segmentation is the same and itself uncompressed."""
    written(tmp_path, transfer_syntax=transfer_syntax)
    segmentation, regions, volume = segmentation_in(tmp_path)

    assert segmentation.file_meta.TransferSyntaxUID.name == "Explicit VR Little Endian"
    assert_equal_in_patient(segmentation, regions, volume)


def test_an_odd_number_of_pixels_is_packed_without_gaps(tmp_path):
    """Given images whose pixels do not fill whole bytes, then frames still follow each other bit by bit."""
    write_series(tmp_path, a_volume(shape=(12, 35, 37)))
    segmentation, regions, _ = segmentation_in(tmp_path)

    assert 35 * 37 % 8
    assert len(segmentation.PixelData) % 2 == 0
    assert_equal_in_images(segmentation, regions)


def test_frames_are_only_where_something_is(tmp_path):
    """Given regions of a few slices, then there is a frame for each slice and segment that has a voxel."""
    written(tmp_path)
    segmentation, regions, _ = segmentation_in(tmp_path)

    assert segmentation.NumberOfFrames == sum(len(list(region.slices())) for region in regions.regions)


def test_segments_say_what_they_are(tmp_path):
    """Label, SNOMED anatomy, algorithm with version, and a tracking UID that is no other segment's."""
    written(tmp_path)
    segmentation, _, _ = segmentation_in(tmp_path)
    descriptions = [segmentation.get_segment_description(number) for number in segmentation.segment_numbers]

    assert [each.segment_label for each in descriptions] == [
        *(f"{level} vertebral body" for level in LEVELS),
        *(f"{level} trabecular ROI" for level in LEVELS),
    ]
    assert [each.anatomic_regions[0].value for each in descriptions] == ["23215003", "66794005", "14293000"] * 2
    assert descriptions[1].segmented_property_type.value == "66794005"
    assert {each.algorithm_identification.name for each in descriptions} == {"spine-net-1"}
    assert {each.algorithm_identification.version for each in descriptions} == {"0.1.0"}
    assert len({each.tracking_uid for each in descriptions}) == 6


def test_patient_and_study_are_those_of_the_images(tmp_path):
    """Names, identifiers, dates, frame of reference and time zone are copied; what is absent stays empty."""
    edit_all(
        written(tmp_path),
        PatientName="Müller^Anna",
        SpecificCharacterSet="ISO_IR 100",
        AccessionNumber="A-1",
        TimezoneOffsetFromUTC="+0530",
    )
    segmentation, _, _ = segmentation_in(tmp_path)
    image = dcmread(min(tmp_path.iterdir()))

    for keyword in (
        *("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "AccessionNumber"),
        *("FrameOfReferenceUID", "StudyID", "ReferringPhysicianName", "TimezoneOffsetFromUTC"),
    ):
        assert segmentation[keyword].value == image[keyword].value, keyword
    assert str(segmentation.PatientName) == "Müller^Anna"
    assert segmentation.SeriesInstanceUID != image.SeriesInstanceUID
    local = MEASURED_AT + timedelta(hours=5, minutes=30)
    assert (segmentation.ContentDate, segmentation.ContentTime) == (f"{local:%Y%m%d}", f"{local:%H%M%S}")


@pytest.mark.parametrize(
    "odd",
    [
        {"PatientBirthDate": "1950"},
        {"PatientSex": "W"},
        {"StudyTime": "half past nine"},
        {"PatientName": None},
        {"StudyID": None, "AccessionNumber": None, "ReferringPhysicianName": None},
        {"TimezoneOffsetFromUTC": "Z"},
        {"LossyImageCompression": "01", "LossyImageCompressionRatio": 8, "LossyImageCompressionMethod": "ISO_10918_1"},
    ],
    ids=str,
)
def test_odd_attributes_do_not_stop_it(tmp_path, odd):
    """Given attributes that are missing or malformed, then the object is written, and is valid."""
    edit_all(written(tmp_path), **odd)
    segmentation, regions, volume = segmentation_in(tmp_path)

    assert_equal_in_patient(segmentation, regions, volume)
    assert complaints(segmentation, tmp_path) == []


def test_a_repeat_is_the_same_byte_for_byte(tmp_path):
    """Given the same result, then the same UIDs and the same bytes, whenever it is written."""
    written(tmp_path)
    _, regions, source = measured(tmp_path)
    one, other = (as_file(segmentation_of(reported(), regions, source)) for _ in range(2))

    assert one == other


def test_dciodvfy_finds_no_error(tmp_path):
    """The validator of David Clunie's dicom3tools has nothing to say but that 99OSTEOCDS is ours."""
    written(tmp_path, a_series(station_name="CT1"))
    segmentation, _, _ = segmentation_in(tmp_path)

    assert complaints(segmentation, tmp_path) == []
